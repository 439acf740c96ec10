"""The state of a training, and its checkpoints: theta, the best theta, the optimiser's moments; the rest in words.

The rows are (2 + moments, size), shared by the ranks in blocks; `particles.base.checkpoint` says how they lie on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from particles.base import checkpoint as base
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import fingerprint
from particles.base.parallel import Ranks
from particles.base.watch import Checkpoints
from particles.ensemble import Ensemble

FORMAT = "simresnet-training-1"


class Epoch(NamedTuple):
    """Mean loss and accuracy of an epoch's steps, the penalty at its end; those of the samples held out, if any."""

    epoch: int
    loss: float
    accuracy: float
    penalty: float
    held_loss: float | None = None
    held_accuracy: float | None = None

    @property
    def objective(self) -> float:
        """Loss and penalty."""
        return self.loss + self.penalty


@dataclass
class State:
    """Where a training is: numbers, moments (rows, size), step; sums of the epoch so far; rows of those that ended."""

    theta: Floats
    best: Floats
    moments: Floats
    best_value: float = 0.0
    step: int = 0
    loss: float = 0.0
    right: int = 0
    curve: list[Epoch] = field(default_factory=list)


def begin(
    checkpoints: Checkpoints | None, ranks: Ranks, described: Mapping[str, Any], theta: Floats, moments: int
) -> State:
    """State of a checkpoint, or of the start. Collective."""
    if checkpoints is not None and checkpoints.resume:
        folder = Path(checkpoints.folder)
        if not (checkpoints.or_begin and ranks.on_first(lambda: not base.complete(folder))):
            axes = moments + 2, theta.size
            return base.first_whole("particles", checkpoints, ranks, lambda path: _load(path, ranks, described, axes))
    elif checkpoints is not None:
        ranks.on_first(lambda: base.require_none(checkpoints))
    return State(theta, theta.copy(), np.zeros((moments, theta.size)))


def write(checkpoints: Checkpoints, ranks: Ranks, described: Mapping[str, Any], state: State) -> None:
    """Write a checkpoint and remove all but the newest two. Collective; StorageError if the disk refuses."""
    meta = {
        "format": FORMAT, "step": state.step, "size": state.theta.size, "best_value": state.best_value,
        "loss": state.loss, "right": state.right, "curve": [list(epoch) for epoch in state.curve],
        "run": dict(described), "arguments": checkpoints.arguments, "sources": fingerprint(),
    }  # fmt: skip
    portion = Ensemble(state.theta.size, ranks)
    own = slice(portion.local.start, portion.local.stop)
    rows = [np.ascontiguousarray(row[own]) for row in (state.theta, state.best, *state.moments)]
    base.write(checkpoints, portion, meta, rows, (len(rows),))


def newest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Newest checkpoint of a training with a whole description, and that description, or InputError; without MPI."""
    return base.newest(folder, check)


def _load(path: Path, ranks: Ranks, described: Mapping[str, Any], axes: tuple[int, int]) -> State:
    meta = base.description(path, check, check_files=ranks.rank == 0)
    if names := base.differing(meta["run"], described):
        raise InputError(f"{path} belongs to another training: it differs in {', '.join(names)}")
    local = base.rows_of(path, Ensemble(axes[1], ranks), axes[:1], base.key_of(meta))
    rows = ranks.concatenate(np.array(local))
    curve = [Epoch(*row) for row in meta["curve"]]
    return State(
        rows[0].copy(), rows[1].copy(), rows[2:].copy(), meta["best_value"], meta["step"], meta["loss"], meta["right"],
        curve,
    )  # fmt: skip


def check(meta: dict[str, Any]) -> None:
    """Refuse a description that no training has written."""
    from particles.networks.schema import check_description  # pydantic: when a checkpoint is read, not before

    check_description(meta)
