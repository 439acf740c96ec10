"""Where particles end, and how that moves with the numbers that are learnt: tangents forwards, one a number.

    v_j' = s (v_j + dt (f_x v_j + f_u (w_k v_j + (dw_k/dtheta_j) x + db_k/dtheta_j)))

for Euler's layers, s the derivative of the wall's map; by the chain rule of its maps for an exact flow. Levenberg and
Marquardt's method asks for them, which take a pass a number where the adjoint takes two for all.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model
from particles.model.exact.tangents import flow_tangents
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from particles.schemes.scheme import Scheme
from particles.training.parameters import Parameters


def ends_and_tangents(parameters: Parameters, scheme: Scheme, begin: Floats, until: float) -> tuple[Floats, Floats]:
    """Carry points and their tangents by the numbers of `Parameters`.

    Parameters
    ----------
    parameters : Parameters
        Of a model without noise, walls and a bias that follows the mean.
    scheme : Euler or ExactFlow
    begin : ndarray, shape (D, m)
    until : float > 0

    Returns
    -------
    ends : ndarray, shape (D, m)
    tangents : ndarray, shape (n, D, m)

    Raises
    ------
    InputError
        If the model or the scheme is another.
    """
    model = parameters.model
    if model.nu2 > 0.0 or model.walls is not None or model.mean_coupled:
        raise InputError("tangents of ends: allowed is a model without noise, walls and a bias that follows the mean")
    levels = scheme.levels(model, until, [])
    by_weights, by_biases = parameters.directions(levels[:-1])
    if isinstance(scheme, ExactFlow):
        return _of_flow(model, scheme, begin, levels, by_weights, by_biases)
    if isinstance(scheme, Euler):
        return _of_layers(model, begin, levels, by_weights, by_biases)
    raise InputError(f"tangents of ends by {scheme!r}: allowed are Euler and ExactFlow")


def _of_layers(
    model: Model, begin: Floats, levels: Floats, by_weights: Floats, by_biases: Floats
) -> tuple[Floats, Floats]:
    x, v = begin.copy(), np.zeros((by_weights.shape[1], *begin.shape))
    weights = model.weights(levels[:-1])
    biases = model.biases(levels[:-1], weights)
    dt = float(levels[1])
    for w, b, by_w, by_b in zip(weights, biases, by_weights, by_biases, strict=True):
        u = _product(w, x) + b[:, None]
        slope = model.drift.derivative_u(u, x)
        parts = zip(v, by_w, by_b, strict=True)
        moved = np.stack([_product(w, one) + _product(dw, x) + db[:, None] for one, dw, db in parts])
        v = v + dt * (model.drift.derivative_x(u, x) * v + slope * moved)
        x = x + dt * model.drift(u, x)
    return x, v


def _of_flow(
    model: Model, scheme: ExactFlow, begin: Floats, levels: Floats, by_weights: Floats, by_biases: Floats
) -> tuple[Floats, Floats]:
    scheme.require_adjoint(model)
    (rows,) = scheme.parameters(model, levels, 0, len(levels) - 1, None)
    x, v = begin.copy(), np.zeros((by_weights.shape[1], *begin.shape))
    for k in range(len(levels) - 1):
        for i in range(model.size):
            w, b, t = rows[i, k, :3].tolist()
            step = flow_tangents(model.drift, x[i], w, b, t)
            x[i] = step.y
            for j in range(len(v)):
                v[j, i] = step.by_x * v[j, i] + by_weights[k, j, i, i] * step.by_w + by_biases[k, j, i] * step.by_b
    return x, v


def _product(weight: Floats, x: Floats) -> Floats:
    """weight x, in a fixed order: no product of a library."""
    total = np.zeros_like(x)
    for i in range(len(weight)):
        for j in range(len(weight)):
            total[i] += weight[i, j] * x[j]
    return total
