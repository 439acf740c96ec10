"""Given points through a scheme, in their order: what `simulate` does to the particles that it draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from particles.base import parallel
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count, require_finite, require_positive, require_type
from particles.base.errors import InputError
from particles.ensemble import Ensemble
from particles.model.rule import Model
from particles.philox import Address, check_key
from particles.run import Run
from particles.schemes.scheme import Scheme, require_scheme
from particles.simulate import sweep


def carry(
    model: Model,
    scheme: Scheme,
    points: ArrayLike,
    until: float,
    *,
    start: float = 0.0,
    seed: int = 0,
    replicate: int = 0,
    first: int = 0,
    mean: ArrayLike | None = None,
) -> Floats:
    """Carry points from `start` to `until` and return them in their order; arXiv 2001.04294 (1), (3), (17).

    Point i is particle first + i: it meets the random numbers that this particle of `simulate` meets under the same
    seed, replicate and levels of time. Local to the calling process. What stops being finite is returned so.

    Parameters
    ----------
    model : Model
        Its initial law is not asked.
    scheme : Scheme
    points : array_like, shape (n,) for a state of length D = 1, or (D, n)
        Finite; what lies outside the walls is put at them.
    until : float > 0
    start : float in [0, until), default 0
        Time at which the points stand, a level of the scheme.
    seed : int in [0, 2**32), default 0
    replicate : int in [0, 2**30), default 0
    first : int >= 0, default 0
        Number of the first particle.
    mean : array_like, shape (D,), optional
        m1 of a bias that follows the mean, held fixed; by default that of the points, step after step.

    Returns
    -------
    ndarray, of the shape of `points`

    Raises
    ------
    InputError
        If an argument is out of range, or the scheme cannot carry the model.

    See Also
    --------
    simulate : A cloud over all ranks, with its moments and a record.
    particles.model.flow_map : The exact flow of a drift alone.

    Examples
    --------
    >>> from particles import ExactFlow, carry
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> carry(model, ExactFlow(), [3.0, -1.0], until=2.0).round(6)  # in their order
    array([1.473006, 0.526994])
    >>> half = carry(model, ExactFlow(), [3.0, -1.0], until=1.0)
    >>> carry(model, ExactFlow(), half, start=1.0, until=2.0).round(6)
    array([1.473006, 0.526994])
    """
    require_type("model", model, Model, "a Model")
    require_scheme(scheme)
    state = np.array(as_floats(points, "points", ndim=(1, 2)), ndmin=2, order="C")
    if len(state) != model.size or state.size == 0:
        raise InputError(f"points of shape {np.shape(points)} must be {model.size} rows of at least one number")
    require_positive("until", until)
    require_finite("start", start)
    require_count("first", first, least=0)
    if not 0.0 <= start < until:
        raise InputError(f"start = {start!r} must lie in [0, until) with until = {until!r}")
    check_key(seed, replicate)
    levels = scheme.levels(model, until, [start] if start > 0.0 else [])
    ensemble = Ensemble(state.shape[1], parallel.serial())
    held = None if mean is None else as_floats(mean, "mean")
    if held is not None and held.shape != (model.size,):
        raise InputError(f"mean of shape {held.shape} must be ({model.size},)")
    state = model.at_walls(state)
    address = Address(first, seed, replicate, int(np.abs(levels - start).argmin()))
    for _ in _swept(model, scheme, ensemble, state, levels, address, held):
        pass
    return state.reshape(np.shape(points))


def drawn(model: Model, scheme: Scheme, run: Run) -> Floats:
    """The last cloud of `simulate` on this process alone, shape (D, M), without moments and a record.

    Those are half the time of a small cloud. A particle that is not finite is told of as there.
    """
    levels = run.check(model, scheme)
    ensemble = Ensemble(run.count, parallel.serial())
    state = ensemble.start(model, run.start, run.seed, run.replicate)
    for n in _swept(model, scheme, ensemble, state, levels, Address(0, run.seed, run.replicate, 0)):
        ensemble.look(state, n, float(levels[n]))
    return state


def _swept(
    model: Model, scheme: Scheme, ensemble: Ensemble, state: Floats, levels: Floats, address: Address,
    mean: Floats | None = None,
) -> Iterator[int]:  # fmt: skip
    """Carry a state over all steps from that of the address on, in place; yield the level after each sweep of them.

    A model that hangs on its cloud's mean is given this one, or where it is None the state's own at every step.
    """
    follows = model.mean_coupled and mean is None
    most = 1 if follows else sweep(model, ensemble.count, scheme.passes(levels))
    for k in range(address.step, len(levels) - 1, most):
        n = min(k + most, len(levels) - 1)
        now = ensemble.moments(state)[0] if follows else mean
        rows = scheme.parameters(model, levels, k, n, now)
        scheme.advance(model, state, rows, dataclasses.replace(address, step=k))
        yield n
