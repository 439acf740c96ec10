"""The derivative of a loss by quadrature over the law of the start: exact flow on the line, no particles, no sampling.

A deterministic flow on the line keeps the order of points, so that a point has the level p = F_0(x_0) at all times.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import panel_points
from particles.base.roots import crossings
from particles.model import Model
from particles.philox import Address
from particles.schemes.flow import ExactFlow
from particles.training.losses import Loss
from particles.training.of_particles import Gradient

_ENOUGH = 1e-9  # of the mass, beyond which the nodes do not hold the law


def gradient_by_quadrature(model: Model, loss: Loss, until: float) -> Gradient:
    """Differentiate a loss of the exact push-forward of the start, by Gauss quadrature between its breakpoints.

    Parameters
    ----------
    model : Model
        On the line, without noise and walls, with an exact flow; the start has a density.
    loss : Loss
    until : float > 0

    Raises
    ------
    InputError
        If the model has walls or no exact flow there, or its start no density.

    See Also
    --------
    gradient : By particles, exactly for a scheme.

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import Moment, gradient_by_quadrature
    >>> found = gradient_by_quadrature(cases["regression"].model, Moment(2.0), until=5.0)
    >>> print(f"{found.loss:.8f} {found.weights.sum():.8f} {found.biases.sum():.8f}")
    0.50007240 -0.98836034 -0.98889432
    >>> gradient_by_quadrature(cases["vehicles"].model, Moment(2.0), until=5.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: walls = (2.0, 8.0): quadrature knows a flow without walls; use particles
    """
    if model.walls is not None:
        raise InputError(f"walls = {model.walls!r}: quadrature knows a flow without walls; use particles")
    scheme = ExactFlow()
    levels, law = scheme.levels(model, until, []), model.law
    loss.given(1, 0, 0)
    mean = np.array([law.mean]) if model.mean_coupled else None
    rows = scheme.parameters(model, levels, 0, len(levels) - 1, mean)

    def ends(x: Floats) -> Floats:
        state = np.array(x[None])
        scheme.advance(model, state, rows, Address(0, 0, 0, 0))
        return state

    edges = law.breakpoints()
    if loss.kinked:
        edges = np.union1d(edges, _turns(lambda x: loss.terms(ends(x), law.cdf(x), 0)[1][0], edges))
    nodes, weights, half = panel_points(edges)
    x, masses = nodes.reshape(-1), (weights * half * law.pdf(nodes)).reshape(-1)
    if abs(masses.sum() - 1.0) > _ENOUGH:
        raise InputError(f"initial = {law!r:.60} has no density that quadrature holds: use particles")
    end = ends(x)
    values, slopes = loss.terms(end, law.cdf(x), 0)
    weighted = slopes * masses
    sums = scheme.retrace(model, np.array(x[None]), weighted, rows, Address(0, 0, 0, 0), x.size)[0]
    begin = weighted[0]
    u = float(model.weights(until)[0, 0, 0]) * end + float(model.biases(until, model.weights(until), mean)[0, 0])
    return Gradient(
        loss=math.fsum(values * masses), levels=levels, weights=sums[:, :1, None], biases=sums[:, 1:2], nu2=0.0,
        constant=float(sums[:, 3].sum()),
        mean=np.array([math.fsum(begin)]), std=np.array([math.fsum(begin * (x - law.mean)) / law.std]),
        horizon=math.fsum((slopes * masses * model.drift(u, end))[0]),
        slope=np.array([math.fsum((slopes * masses)[0])]),
    )  # fmt: skip


def _turns(slope: Callable[[Floats], Floats], edges: Floats) -> Floats:
    """Points at which the derivative of a term changes its sign between two edges."""
    at = slope(edges)
    low, high = edges[:-1][at[:-1] * at[1:] < 0.0], edges[1:][at[:-1] * at[1:] < 0.0]
    return crossings(lambda x, _: slope(x), low, high)
