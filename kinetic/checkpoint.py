"""Checkpoints of a run of the equation: the state at a look of the time loop, and what the run has kept so far.

The rows are the averages at the stored times that are over, those of the state, and, where a residual is asked for,
those at the last look; masses and walls, which are few, stand in the description as decimals that give back the same
bits. The time loop plans its steps anew at every look, so that a run which goes on from one takes the steps of the run
that was never stopped. `particles.base.checkpoint` says how it lies on disk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.grid import Cells
from kinetic.loop import Course, Keeper, Stepper
from kinetic.plane.walls import Release
from kinetic.share import Share
from particles.base import checkpoint as base
from particles.base.arrays import Floats
from particles.base.digests import block_digests, digest_of
from particles.base.errors import InputError
from particles.base.jit import fingerprint
from particles.base.parallel import Ranks
from particles.base.watch import Checkpoints, Watch

FORMAT = "simresnet-kinetic-checkpoint-1"
_MOST = 10**15  # steps that a status file may name


@dataclass(frozen=True)
class Portion:
    """The averages of a grid as rows on disk, in blocks that lie whole on one rank."""

    ranks: Ranks
    count: int
    local: range
    block: int

    @classmethod
    def of(cls, share: Share, grid: Cells) -> Portion:
        """What lies on this rank of the averages of a grid."""
        beside = math.prod(share.shape[1:])
        first = share.first * beside
        return cls(share.ranks, grid.cells, range(first, first + math.prod(share.shape)), share.height * beside)

    @property
    def blocks(self) -> int:
        """Blocks of a row."""
        return -(-self.count // self.block)

    def first_block(self, rank: int) -> int:
        """First block of this rank, the only one that is asked about."""
        return self.local.start // self.block


def digest(share: Share, grid: Cells, averages: Floats) -> str:
    """Sum of averages, the same on any number of ranks; collective."""
    own = block_digests(np.ascontiguousarray(averages).reshape(-1), Portion.of(share, grid).block)
    return digest_of(one for part in share.ranks.gather(own) for one in part)


@contextmanager
def keeping(
    checkpoints: Checkpoints | None, share: Share, grid: Cells, run: Mapping[str, Any], steps: float
) -> Iterator[Keeper]:
    """Yield the keeper of a `run` that takes about so many steps, which does nothing without checkpoints."""
    if checkpoints is None:
        yield Keeper()
        return
    portion = Portion.of(share, grid)
    size = 8.0 * len(portion.local) * (len(run["times"]) + 1)
    with share.ranks.claimed(checkpoints.folder), Watch(checkpoints, share.ranks, size, "kinetic") as watch:
        yield _Keeper(checkpoints, watch, portion, run, steps)


class _Keeper(Keeper):
    def __init__(
        self, checkpoints: Checkpoints, watch: Watch, portion: Portion, run: Mapping[str, Any], steps: float
    ) -> None:
        self._checkpoints, self._watch, self._portion, self._run = checkpoints, watch, portion, run
        self._foreseen = int(min(steps, _MOST)) if steps > 0.0 else 0

    def begin(self, course: Course) -> None:
        checkpoints, ranks = self._checkpoints, self._portion.ranks
        if not checkpoints.resume:
            ranks.on_first(lambda: base.require_none(checkpoints))
        elif not (checkpoints.or_begin and ranks.on_first(lambda: not base.complete(Path(checkpoints.folder)))):
            base.first_whole("kinetic", checkpoints, ranks, lambda path: self._load(path, course))
        self._watch.ready(course.steps)

    def request(self) -> int:
        return self._watch.request()

    def looked(self, course: Course, request: int) -> None:
        steps = max(self._foreseen, course.steps + 1)  # there is one more at least
        if self._watch.wants(request, course.steps, steps):
            self._write(course)
            self._watch.written(request, course.steps, steps)

    def _write(self, course: Course) -> None:
        rows = [averages for _, averages, _ in course.kept] + [course.stepper.averages]
        rows += [course.seen] if course.seen is not None else []
        meta = {
            "format": FORMAT,
            "step": course.steps,
            "steps": max(self._foreseen, course.steps + 1),
            "t": course.t,
            "lowest": course.lowest,
            "lowest_at": course.lowest_at,
            "times": [t for t, _, _ in course.kept],
            "atoms": [atoms.tolist() for _, _, atoms in course.kept],
            "release": None if course.release is None else list(course.release),
            "held": _held(course.stepper).tolist(),
            "run": dict(self._run),
            "arguments": self._checkpoints.arguments,
            "sources": fingerprint(),
        }
        flat = [np.ascontiguousarray(row).reshape(-1) for row in rows]
        base.write(self._checkpoints, self._portion, meta, flat, (len(rows),))

    def _load(self, path: Path, course: Course) -> None:
        meta = base.description(path, check, check_files=self._portion.ranks.rank == 0)
        if names := base.differing(meta["run"], self._run):
            raise InputError(f"{path} belongs to another run: it differs in {', '.join(names)}")
        stepper, kept = course.stepper, len(meta["times"])
        axes = (kept + 1 + (course.seen is not None),)
        rows = base.rows_of(path, self._portion, axes, base.key_of(meta))
        shaped = [row.reshape(stepper.averages.shape) for row in rows]
        stepper.averages[:] = shaped[kept]
        _hold(stepper, np.array(meta["held"]))
        if course.seen is not None:
            course.seen = shaped[-1]
        course.t, course.steps = meta["t"], meta["step"]
        course.lowest, course.lowest_at = meta["lowest"], meta["lowest_at"]
        if meta["release"] is not None:
            course.release = Release(*meta["release"])
        course.kept = [
            (t, averages, np.array(atoms))
            for t, averages, atoms in zip(meta["times"], shaped[:kept], meta["atoms"], strict=True)
        ]


def _held(stepper: Stepper) -> Floats:
    return np.array(getattr(stepper, "held", stepper.atoms))


def _hold(stepper: Any, numbers: Floats) -> None:
    if hasattr(stepper, "held"):
        stepper.held = numbers
    else:
        stepper.atoms[:] = numbers


def check(meta: dict[str, Any]) -> None:
    """Refuse a description that no run has written."""
    from kinetic.checkpoint_schema import check_description  # pydantic: when a checkpoint is read, not before

    check_description(meta)
