"""The time loop of the particles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from particles import parallel
from particles.base.arrays import Floats
from particles.base.command import require_memory
from particles.base.errors import InputError, NotFiniteError
from particles.base.provenance import provenance
from particles.ensemble import Ensemble, check_start
from particles.model.rule import Model
from particles.philox import check_key
from particles.schemes import Scheme
from particles.trajectory import Trajectory

SWEEP = 128  # steps between two looks at the state; a sweep this long loses nothing to memory traffic


def check(
    model: Model,
    scheme: Scheme,
    *,
    count: int,
    until: float,
    times: Sequence[float] = (),
    start: str = "random",
    seed: int = 0,
    replicate: int = 0,
) -> Floats:
    """Refuse what `simulate` could not do, before MPI or numba is loaded; return the time levels.

    Raises
    ------
    InputError
        With the argument, its value and what is allowed.
    """
    if not (isinstance(count, int | np.integer) and count >= 1):
        raise InputError(f"count = {count!r} must be a positive integer")
    if not (np.isfinite(until) and until > 0.0):
        raise InputError(f"until = {until!r} must be a positive finite number")
    for time in times:
        if not 0.0 <= time <= until:
            raise InputError(f"times: {time!r} must lie in [0, {until!r}]")
    check_start(model, start)
    check_key(seed, replicate)
    snapshots = len(times) or 1
    require_memory(f"count = {count!r} with {snapshots} snapshots", 8.0 * count * model.size * (snapshots + 2))
    return scheme.levels(model, until, times)


def simulate(
    model: Model,
    scheme: Scheme,
    *,
    count: int,
    until: float,
    times: Sequence[float] = (),
    start: str = "random",
    seed: int = 0,
    replicate: int = 0,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Trajectory:
    """Carry `count` particles of `model` from 0 to `until`; arXiv 2001.04294 (1), (3).

    Collective: every rank of `comm` calls it. The cloud and its moments are the same bytes on any number of ranks.

    Parameters
    ----------
    model : Model
    scheme : Euler or ExactFlow
    count : int >= 1
        Number M of particles over all ranks.
    until : float > 0
        Horizon T.
    times : sequence of float in [0, until], default (until,)
        Snapshots; with `Euler` multiples of its step.
    start : {"random", "stratified", "quantile"}, default "random"
        Independent draws; one draw in each of M equal cells of probability; F^{-1}((2 i - 1)/(2 M)).
    seed : int in [0, 2**32), default 0
    replicate : int in [0, 2**30), default 0
        Independent repetitions under one seed.
    comm : mpi4py communicator, optional
        By default all ranks of the job.
    progress : callable, optional
        Gets the finished share in [0, 1].

    Returns
    -------
    Trajectory

    Raises
    ------
    InputError
        If an argument is out of range.
    NotFiniteError
        If a particle stops being finite; it names the first one and the time.
    """
    levels = check(model, scheme, count=count, until=until, times=times, start=start, seed=seed, replicate=replicate)
    stops = sorted(set(times)) or [until]
    ensemble = Ensemble(count, parallel.of(comm))
    _compile(model, scheme, levels, ensemble)
    state = ensemble.start(model, start, seed, replicate)

    states, moments, k = [], [], 0
    for stop in stops:
        end = int(np.argmin(np.abs(levels - stop)))
        while k < end:  # from t_k to t_n, many steps a sweep where the parameters are known beforehand
            n = k + 1 if model.mean_coupled else min(k + SWEEP, end)
            mean = ensemble.moments(state)[0] if model.mean_coupled else None
            scheme.advance(model, state, scheme.parameters(model, levels, k, n, mean))
            k = n
            _require_finite(ensemble, state, levels[k])
            progress(k / (len(levels) - 1))
        states.append(state.copy())
        moments.append(ensemble.moments(state))

    info = {
        "model": model.describe(),
        "scheme": repr(scheme),
        "count": int(count),
        "dim": model.dim,
        "neurons": model.neurons,
        "start": start,
        "seed": seed,
        "replicate": replicate,
        "ranks": ensemble.ranks.size,
        "provenance": provenance(),
    }
    return Trajectory(tuple(stops), tuple(states), np.array(moments), info, ensemble)


def _compile(model: Model, scheme: Scheme, levels: Floats, ensemble: Ensemble) -> None:
    """Compile on one rank a node first, by a step of a single particle over the first level."""
    with ensemble.ranks.one_rank_a_node_first():
        state = np.zeros((model.size, 1))
        mean = np.zeros(model.size) if model.mean_coupled else None
        Ensemble(1, parallel.serial()).moments(state)
        scheme.advance(model, state, scheme.parameters(model, levels, 0, 1, mean))
        model.start.sample(np.full((model.dim, 1), 0.5) if model.dim > 1 else np.array([0.5]))


def _require_finite(ensemble: Ensemble, state: Floats, time: float) -> None:
    bad = ensemble.first_not_finite(state)
    if bad is not None:
        reason = "the step is too large or the law too wide"
        raise NotFiniteError(f"particle {bad} is not finite at time {time:g}: {reason}", on_all_ranks=True)
