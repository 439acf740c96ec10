"""The loop over epochs and minibatches; the same bytes on any number of ranks, stopped and resumed or not.

An epoch goes once through all samples, in an order drawn by Philox from (seed, epoch). A minibatch is cut into the
learner's blocks, of which a rank works on consecutive ones; their sums are added in block order, and every rank takes
the same step with the same optimiser. Nothing depends on who worked on what, so nothing but theta, the optimiser's
moments and the number of the step has to be kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError, NotFiniteError
from particles.base.parallel import Ranks
from particles.base.provenance import promise, provenance
from particles.base.sums import ordered_sum
from particles.base.watch import LEAVE, Checkpoints, Watch
from particles.networks import keep
from particles.networks.evaluate import evaluation
from particles.networks.keep import Epoch, State
from particles.networks.learner import Indices, Learner, factors_of, size_of
from particles.networks.optimisers import Adam, Optimiser, Schedule
from particles.philox import check_key, start_uniforms

ADAM = Adam()
SHUFFLE = 3
"""Purpose of a stream of Philox: the order of the samples."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a learner is trained.

    Parameters
    ----------
    epochs : int >= 1
    batch : int >= 1
        Samples of a step, a multiple of the learner's block; the last of an epoch may be fewer.
    schedule : Schedule
    optimiser : Optimiser, default ADAM, that is Adam()
    seed : int in [0, 2**32), default 0
        Of the order of the samples.
    """

    epochs: int
    batch: int
    schedule: Schedule
    optimiser: Optimiser = ADAM
    seed: int = 0

    def __post_init__(self) -> None:
        require_count("epochs", self.epochs, most=10**6)
        require_count("batch", self.batch)
        check_key(self.seed, 0)

    def steps(self, count: int) -> int:
        """Steps of an epoch of so many samples."""
        return -(-count // self.batch)

    def describe(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told = {"optimiser": repr(self.optimiser), "schedule": dataclasses.asdict(self.schedule)}
        return {"epochs": self.epochs, "batch": self.batch, "seed": self.seed, **told}


class Trained(NamedTuple):
    """What came of a training: the numbers, a row an epoch (the start is the first), remarks, and how it was done."""

    theta: Floats
    curve: tuple[Epoch, ...]
    remarks: tuple[str, ...]
    info: dict[str, Any]


def train(
    learner: Learner,
    training: Training,
    *,
    start: Floats | None = None,
    held: Learner | None = None,
    comm: Any = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[float], None] = lambda share: None,
    tell: Callable[[Epoch], None] = lambda epoch: None,
) -> Trained:
    """Train a learner. Collective; the same bytes on any number of ranks, after any restart.

    Parameters
    ----------
    learner : Learner
    training : Training
    start : ndarray, shape (size,), optional
        By default the learner's own.
    held : Learner, optional
        Samples that are only looked at, after every epoch.
    comm, checkpoints, progress
        As of `particles.simulate`; a step is one of the optimiser.
    tell : callable (Epoch), optional
        Is told of every epoch, the start first.

    Returns
    -------
    Trained
        With the numbers of the best epoch where the loss of the last was above that of the start, and a remark.

    Raises
    ------
    InputError
        If the batch does not consist of whole blocks, or the start is none.
    NotFiniteError
        If a loss or a derivative stops being finite; the learner says where.
    Stopped
        If `checkpoints` asked to leave.
    """
    require_blocks(training.batch, learner.block)
    theta = np.array(learner.start() if start is None else start, dtype=np.float64)
    if theta.shape != (size_of(learner.groups),) or not np.isfinite(theta).all():
        raise InputError(f"start of shape {theta.shape} must be {size_of(learner.groups)} finite numbers")
    theta, ranks = learner.project(theta), parallel.of(comm)
    described = {**learner.describe(), "training": training.describe(), "start": digest(theta)}
    claimed = nullcontext() if checkpoints is None else ranks.claimed(checkpoints.folder)
    written = 8.0 * theta.size * (2 + training.optimiser.moments)
    with claimed, Watch(checkpoints, ranks, written) as watch:
        with ranks.one_rank_a_node_first():
            learner.gradient(theta, np.arange(min(learner.block, learner.count)))
        state = keep.begin(checkpoints, ranks, described, theta, training.optimiser.moments)
        loop = _Loop(learner, training, ranks, held, factors_of(learner.groups))
        if not state.curve:
            loop.look(state)
        for epoch in state.curve:
            tell(epoch)
        watch.ready(state.step)
        while state.step < loop.steps:
            request = loop.step(state, watch.request())
            if len(state.curve) - 1 < state.step // loop.per_epoch:
                loop.end_of_epoch(state)
                tell(state.curve[-1])
            if checkpoints is not None and watch.wants(request, state.step, loop.steps):
                keep.write(checkpoints, ranks, described, state)
                watch.written(request, state.step, loop.steps)
            progress(state.step / loop.steps)
    chosen, remarks = _outcome(state)
    info = {**described, "ranks": ranks.size, "promise": promise(True), "provenance": provenance()}
    return Trained(
        chosen, tuple(state.curve), (*remarks, *learner.remarks(chosen)), {**info, "weights": digest(chosen)}
    )


def require_blocks(batch: int, block: int) -> None:
    """Refuse a batch that does not consist of whole blocks, by an InputError."""
    if batch % block:
        raise InputError(f"batch = {batch} must be a multiple of {block}, the samples of a block")


def digest(theta: Floats) -> str:
    """sha256 of the bytes of theta."""
    return hashlib.sha256(np.ascontiguousarray(theta).data).hexdigest()


def order(seed: int, epoch: int, count: int) -> Indices:
    """The samples of an epoch in the order in which it takes them, a permutation drawn from (seed, epoch)."""
    draws = start_uniforms(0, count, seed=seed, replicate=epoch, purpose=SHUFFLE)
    return np.argsort(draws, kind="stable")


@dataclass
class _Loop:
    """One step, and what is looked at when an epoch ends."""

    learner: Learner
    training: Training
    ranks: Ranks
    held: Learner | None
    factors: Floats
    _order: tuple[int, Indices] = (-1, np.empty(0, dtype=np.int64))

    @property
    def per_epoch(self) -> int:
        return self.training.steps(self.learner.count)

    @property
    def steps(self) -> int:
        return self.training.epochs * self.per_epoch

    def step(self, state: State, request: int) -> int:
        """Take a step; return what the ranks ask for, the most urgent of it."""
        batch, learner = self._batch(state.step), self.learner
        total = self._sums(state.theta, batch, request)
        slope, loss, right = total[:-5], total[-5], total[-4]
        asked = max((kind for kind in range(1, LEAVE + 1) if total[kind - LEAVE - 1] > 0.0), default=0)
        if not np.isfinite(total).all():
            raise NotFiniteError(learner.failure(state.theta, batch), on_all_ranks=True)
        slope = slope / batch.size + learner.penalty(state.theta)[1]
        rate = self.training.schedule.at(state.step, self.steps)
        direction = self.training.optimiser.direction(slope, state.moments, state.step + 1)
        state.theta = learner.project(state.theta - (rate * self.factors) * direction)
        state.loss, state.right, state.step = state.loss + float(loss), state.right + int(right), state.step + 1
        return asked

    def _sums(self, theta: Floats, batch: Indices, request: int) -> Floats:
        """Sums over the blocks of a batch, in their order: derivatives, loss, right answers; and requests by kind.

        A rank adds its request as one block more, of zeros else, which change no sum.
        """
        size, blocks = theta.size, -(-batch.size // self.learner.block)
        own = range(blocks * self.ranks.rank // self.ranks.size, blocks * (self.ranks.rank + 1) // self.ranks.size)
        rows = np.zeros((len(own) + 1, size + 2 + LEAVE))
        for row, number in zip(rows, own, strict=False):
            part = batch[number * self.learner.block : (number + 1) * self.learner.block]
            row[size], row[size + 1], row[:size] = self.learner.gradient(theta, part)
        if request:
            rows[-1, size + 1 + request] = 1.0
        return ordered_sum(rows, self.ranks)

    def _batch(self, step: int) -> Indices:
        epoch, place = divmod(step, self.per_epoch)
        if self._order[0] != epoch:
            self._order = epoch, order(self.training.seed, epoch, self.learner.count)
        return self._order[1][place * self.training.batch : (place + 1) * self.training.batch]

    def look(self, state: State) -> None:
        """The loss of all samples at the start is what the epochs are held against."""
        found = evaluation(self.learner, state.theta, self.ranks)
        if not np.isfinite(found.losses).all():
            first = np.flatnonzero(~np.isfinite(found.losses))[:1]
            raise NotFiniteError(self.learner.failure(state.theta, first), on_all_ranks=True)
        self._add(state, found.loss, found.accuracy)
        state.best_value = state.curve[0].objective

    def end_of_epoch(self, state: State) -> None:
        """Add a row to the curve: loss and accuracy are those of the epoch's own steps."""
        self._add(state, state.loss / self.learner.count, state.right / self.learner.count)
        if state.curve[-1].objective < state.best_value:
            state.best, state.best_value = state.theta.copy(), state.curve[-1].objective
        state.loss, state.right = 0.0, 0

    def _add(self, state: State, loss: float, accuracy: float) -> None:
        held = None if self.held is None else evaluation(self.held, state.theta, self.ranks)
        looked = (None, None) if held is None else (held.loss, held.accuracy)
        penalty = float(self.learner.penalty(state.theta)[0])
        state.curve.append(Epoch(len(state.curve), loss, accuracy, penalty, *looked))


def _outcome(state: State) -> tuple[Floats, tuple[str, ...]]:
    """The numbers to keep, and what to say of the curve."""
    values = [row.objective for row in state.curve]
    # about a start that is a saddle the first epochs may lie a little above it: what falls and rises again counts
    fallen = next((k for k, value in enumerate(values) if value < values[0]), len(values) - 1)
    above = [k for k in range(fallen, len(values)) if values[k] > values[0]]
    if not above:
        return state.theta, ()
    told = f"the loss of epoch {above[0]} was above that of the start, {values[0]:.4g}: the rate is too high"
    if values[-1] <= values[0]:
        return state.theta, (told,)
    return state.best, (f"{told}; the weights are those of epoch {int(np.argmin(values))}",)
