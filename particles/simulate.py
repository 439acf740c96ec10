"""The time loop of the particles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from particles import checkpoint
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.provenance import promise, provenance
from particles.base.watch import Checkpoints, Watch
from particles.cautions import cautions
from particles.checkpoint import Kept
from particles.ensemble import Ensemble
from particles.model.rule import Model
from particles.model.samples import Samples
from particles.philox import Address
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.trajectory import Trajectory

SWEEP = 128  # steps between two looks at the state; a sweep this long loses nothing to memory traffic
SHORT_SWEEP = 32  # of very large clouds, whose signals would wait for minutes otherwise
LARGE = 2**31  # particle-steps that a long sweep may hold over all ranks


def simulate(
    model: Model,
    scheme: Scheme,
    *,
    count: int | None = None,
    until: float,
    times: Sequence[float] = (),
    start: str | Samples = "random",
    seed: int = 0,
    replicate: int = 0,
    histogram: tuple[float, float, int] | None = None,
    keep_clouds: bool = True,
    checkpoints: Checkpoints | None = None,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Trajectory:
    """Carry `count` particles of `model` from 0 to `until`; arXiv 2001.04294 (1), (3), (17).

    Collective: every rank of `comm` calls it. Clouds, moments and histograms are the same bytes on any number of ranks.

    Parameters
    ----------
    model : Model
    scheme : Scheme
        Euler, ExactFlow or another of `particles.schemes`.
    count : int >= 1
        Number M of particles over all ranks; that of the points where they are given.
    until : float > 0
        Horizon T.
    times : sequence of float in [0, until], default (until,)
        Snapshots; multiples of the scheme's step where it has one.
    start : {"random", "stratified", "quantile"} or Samples, default "random"
        Independent draws; one draw in each of M equal cells of probability; F^{-1}((2 i - 1)/(2 M)); given points,
        particle i at point i.
    seed : int in [0, 2**32), default 0
    replicate : int in [0, 2**30), default 0
        Independent repetitions under one seed.
    histogram : (low, high, cells), optional
        Count particles in equal cells at every snapshot, for each component of the state.
    keep_clouds : bool, default True
        False keeps moments and histograms alone: 8 bytes a particle and component of the state, and 5 %.
    checkpoints : Checkpoints, optional
        Where and when to write what a restart needs, and whether this is one.
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
        If a particle stops being finite; it names the first one, its state, the step and the time.
    Stopped
        If `checkpoints` asked to leave.

    See Also
    --------
    carry : Given points by hand, one process alone.
    kinetic.solve : The equation of the same model.

    Examples
    --------
    >>> from particles import ExactFlow, simulate
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> run = simulate(model, ExactFlow(), count=1000, until=2.0, start="quantile")
    >>> print(f"{run.at(2.0).mean[0]:.6f} {run.at(2.0).variance[0]:.4f}")  # 0.0484 as count grows
    1.000000 0.0478
    >>> simulate(model, ExactFlow(), count=0, until=2.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: count = 0 must be an integer of at least 1
    """
    many: Any = start.count if count is None and isinstance(start, Samples) else count
    run = Run(
        count=many, until=until, times=times, start=start, seed=seed, replicate=replicate, histogram=histogram,
        keep_clouds=keep_clouds,
    )  # fmt: skip
    return perform(model, scheme, run, checkpoints=checkpoints, comm=comm, progress=progress)


def perform(
    model: Model,
    scheme: Scheme,
    run: Run,
    *,
    checkpoints: Checkpoints | None = None,
    comm: Any = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Trajectory:
    """Carry out a `Run`; the rest as `simulate`."""
    levels = run.check(model, scheme)
    most = 1 if model.mean_coupled else sweep(model, run.count, scheme.passes(levels))
    ensemble = Ensemble(run.count, parallel.of(comm))
    described = run.describe(model, scheme)

    written = 8.0 * model.size * len(ensemble.local) * (run.clouds + 1)
    # another job would mix its checkpoints with those of this one
    claimed = nullcontext() if checkpoints is None else ensemble.ranks.claimed(checkpoints.folder)
    with claimed, Watch(checkpoints, ensemble.ranks, written) as watch:
        _compile(model, scheme, levels, ensemble)
        k, state, kept = _begin(checkpoints, ensemble, model, run, described)
        watch.ready(k)
        for stop in run.stops[len(kept.moments) :]:
            end = int(np.argmin(np.abs(levels - stop)))
            while k < end:  # from t_k to t_n, many steps a sweep where the parameters are known beforehand
                n = watch.end_of_sweep(k, min(k + most, end))
                mean = ensemble.moments(state)[0] if model.mean_coupled else None
                address = Address(ensemble.local.start, run.seed, run.replicate, k)
                scheme.advance(model, state, scheme.parameters(model, levels, k, n, mean), address)
                k = n
                request = ensemble.look(state, k, float(levels[k]), watch.request())
                if checkpoints is not None and watch.wants(request, k, len(levels) - 1):
                    checkpoint.write(checkpoints, ensemble, described, k, state, kept)
                    watch.written(request, k, len(levels) - 1)
                progress(k / (len(levels) - 1))
            if model.diffusion.half_line:
                kept.left.append(ensemble.at_or_below_zero(state))
            _take(ensemble, state, kept, run, last=stop == run.stops[-1])

    info = {key: value for key, value in described.items() if key != "times"}
    info["cautions"] = list(cautions(model, scheme, levels))
    info |= {"ranks": ensemble.ranks.size, "promise": promise(model.reproducible), "provenance": provenance()}
    info["at_or_below_zero"] = kept.left if model.diffusion.half_line else None
    if isinstance(run.start, Samples) and run.start.labels is not None:
        info["labels"] = run.start.labels.tolist()
    counts = np.array(kept.counts) if run.bins is not None else None
    moments, variances = np.array(kept.moments), np.array(kept.variances)
    return Trajectory(tuple(run.stops), tuple(kept.clouds), moments, variances, info, ensemble, counts)


def sweep(model: Model, count: int, passes: float = 1.0) -> int:
    """Steps of so many passes over a particle between two looks at the state; the same on any number of ranks."""
    most = max(SHORT_SWEEP, min(SWEEP, LARGE // (count * model.size)))
    return max(1, int(most / passes))


def _begin(
    checkpoints: Checkpoints | None, ensemble: Ensemble, model: Model, run: Run, described: dict[str, Any]
) -> tuple[int, Floats, Kept]:
    """First step, state and what was kept: of a checkpoint, or of the start."""
    if checkpoints is not None and checkpoints.resume:
        folder = Path(checkpoints.folder)
        if not (checkpoints.or_begin and ensemble.ranks.on_first(lambda: not checkpoint.complete(folder))):
            return checkpoint.load(checkpoints, ensemble, described)
    elif checkpoints is not None:
        ensemble.ranks.on_first(lambda: checkpoint.require_none(checkpoints))
    return 0, ensemble.start(model, run.start, run.seed, run.replicate), Kept()


def _take(ensemble: Ensemble, state: Floats, kept: Kept, run: Run, last: bool) -> None:
    """Keep a snapshot; the last cloud is the state itself."""
    ensemble.require_count(state)
    moments = ensemble.moments(state)
    kept.moments.append(moments)
    kept.variances.append(ensemble.variances(state, moments[0]))
    if run.bins is not None:
        kept.counts.append(ensemble.histogram(state, run.bins))
    if run.keep_clouds:
        kept.clouds.append(state if last else state.copy())


def _compile(model: Model, scheme: Scheme, levels: Floats, ensemble: Ensemble) -> None:
    """Compile on one rank a node first, by a step of a single particle over the first level."""
    with ensemble.ranks.one_rank_a_node_first():
        state = np.zeros((model.size, 1))
        mean = np.zeros(model.size) if model.mean_coupled else None
        Ensemble(1, parallel.serial()).moments(state)
        scheme.advance(model, state, scheme.parameters(model, levels, 0, 1, mean), Address(0, 0, 0, 0))
        model.start.sample(np.full((model.dim, 1), 0.5) if model.dim > 1 else np.array([0.5]))
