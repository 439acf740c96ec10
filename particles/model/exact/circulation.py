"""The law at rest of dX = sigma(w X/d + b) dt + nu dW in R^d for weights that turn (derived for this project):

    w/d = -(c I + Q)^(-1), c > 0, Q^T = -Q:   g_oo = C exp(-beta sum_k V(u_k)),  V' = sigma,  u = w x/d + b,

with beta = 2 c/nu^2. It rests, though a current J = -Q grad g_oo/beta goes round in it: no gradient drift, no detailed
balance. So the components of u are independent, of density sech^beta for tanh, of a normal law N(0, 1/beta) for the
identity, and x = (w/d)^(-1) (u - b). For the sigmoid and ReLU V stays bounded on one side: nothing rests.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.diffusion import CONSTANT
from particles.model.drifts.activations import IDENTITY, TANH
from particles.model.laws.affine_image import AffineImage
from particles.model.laws.combined import Product
from particles.model.laws.multivariate_normal import MultivariateNormal
from particles.model.laws.sech_power import SechPower
from particles.model.laws.space import SpaceLaw
from particles.model.rule import Model

_ROUNDING = 1e-12


def circulating_state(model: Model) -> SpaceLaw:
    """Return the law at rest of a model in R^d whose weight turns, as below.

    Parameters
    ----------
    model : Model
        d >= 2, one neuron, tanh or identity, K = 1, nu2 > 0, no walls, constant weight and bias.

    Raises
    ------
    InputError
        If the model is another, or its law at rest cannot be normalised.

    See Also
    --------
    kinetic.WellBalanced : The scheme that rests at it.

    Notes
    -----
    ::

        w/d = -(c I + Q)^(-1), c > 0, Q^T = -Q:   g_oo = C exp(-beta sum_k V(u_k)),   V' = sigma,   beta = 2 c/nu^2.

    A current goes round in it: with Q not 0 there is no detailed balance. Derived for this project.

    Examples
    --------
    >>> from particles.model import cases, circulating_state
    >>> model = cases["circulation"].model
    >>> law = circulating_state(model)
    >>> print(law.mean.round(6), law.covariance.round(6).tolist())
    [ 0.107383 -0.275168] [[1.017163, 0.0], [0.0, 1.017163]]
    """
    if model.size == 1 or model.neurons != 1 or model.nu2 == 0.0 or model.diffusion != CONSTANT:
        raise InputError("a law that circulates needs two features or more, one neuron of each, and noise with K = 1")
    if model.walls is not None or not model.autonomous:
        raise InputError("a law that circulates needs constant weight and bias, and no walls")
    if model.drift not in (IDENTITY, TANH):
        raise InputError(
            f"drift {model.drift.name!r}: exp(-beta sum V(u_k)) is known and can be normalised for identity and tanh"
        )
    weights = model.weights(0.0)
    inverse, c = _turning(weights[0])
    beta, shift = 2.0 * c / model.nu2, -inverse @ model.biases(0.0, weights)[0]
    if model.drift == IDENTITY:
        return MultivariateNormal(shift, inverse @ inverse.T / beta)
    return AffineImage(Product([SechPower(0.0, 1.0, beta)] * model.size), inverse, shift)


def _turning(weight: Floats) -> tuple[Floats, float]:
    """Inverse -(c I + Q) of a weight, and its c; or InputError."""
    told = f"weight with its factor, {weight.tolist()!r:.100}, must be -(c I + Q)^(-1) with c > 0 and Q antisymmetric"
    try:
        inverse = np.asarray(np.linalg.inv(weight), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise InputError(told) from None
    c = -float(np.trace(inverse)) / len(weight)
    off = inverse + inverse.T + 2.0 * c * np.eye(len(weight))
    if not (c > 0.0 and np.abs(off).max() <= _ROUNDING * np.abs(inverse).max()):
        raise InputError(told)
    return inverse, c
