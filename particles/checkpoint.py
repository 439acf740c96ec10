"""Checkpoints of a run of particles: the state after a step, the snapshots taken so far, and what was asked for.

Nothing else is needed to go on: every draw is addressed by (seed, replicate, purpose, particle, step). The rows are the
clouds that were taken and the state, component by component, (n + 1, D, M); moments, variances and counts stand in the
description. `particles.base.checkpoint` says how they lie on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from particles.base import checkpoint as base
from particles.base.arrays import Floats
from particles.base.checkpoint import FIELD as FIELD
from particles.base.checkpoint import META as META
from particles.base.checkpoint import SUMS as SUMS
from particles.base.checkpoint import complete as complete
from particles.base.checkpoint import differing as differing
from particles.base.checkpoint import discard as discard
from particles.base.checkpoint import folder_of as folder_of
from particles.base.checkpoint import require_none as require_none
from particles.base.errors import InputError
from particles.base.jit import fingerprint
from particles.base.watch import Checkpoints
from particles.ensemble import Ensemble, Integers

FORMAT = "simresnet-checkpoint-2"


@dataclass(frozen=True)
class Kept:
    """What a run has kept so far, one item a snapshot; clouds, counts and `left` stay empty where it keeps none.

    `left` counts the particles at or below 0, of a K that vanishes there.
    """

    clouds: list[Floats] = field(default_factory=list)
    moments: list[Floats] = field(default_factory=list)
    variances: list[Floats] = field(default_factory=list)
    counts: list[Integers] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def write(
    checkpoints: Checkpoints, ensemble: Ensemble, run: Mapping[str, Any], step: int, state: Floats, kept: Kept
) -> None:
    """Write a checkpoint and remove all but the newest two. Collective.

    StorageError on all ranks, if the disk refuses; the older checkpoints are untouched.
    """
    meta = {
        "format": FORMAT,
        "step": step,
        "clouds": len(kept.clouds),
        "moments": [moments.tolist() for moments in kept.moments],
        "variances": [variances.tolist() for variances in kept.variances],
        "counts": [counts.tolist() for counts in kept.counts],
        "left": kept.left,
        "run": dict(run),
        "arguments": checkpoints.arguments,
        "sources": fingerprint(),
    }
    rows = [row for cloud in (*kept.clouds, state) for row in cloud]
    base.write(checkpoints, ensemble, meta, rows, (len(kept.clouds) + 1, len(state)))


def newest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Newest checkpoint with a whole description and small files, and that description, or InputError; without MPI."""
    return base.newest(folder, _check)


def load(checkpoints: Checkpoints, ensemble: Ensemble, run: Mapping[str, Any]) -> tuple[int, Floats, Kept]:
    """Return step, state and what was kept of the newest whole checkpoint. Collective.

    A damaged one is told in a sentence on stderr and passed over. Without any, or where it belongs to another run,
    InputError on all ranks.
    """
    return base.first_whole("particles", checkpoints, ensemble.ranks, lambda path: _load(path, ensemble, run))


def _load(path: Path, ensemble: Ensemble, run: Mapping[str, Any]) -> tuple[int, Floats, Kept]:
    meta = base.description(path, _check, check_files=ensemble.ranks.rank == 0)
    if names := differing(meta["run"], run):
        raise InputError(f"{path} belongs to another run: it differs in {', '.join(names)}")
    size = run["dim"] * run["neurons"]
    rows = base.rows_of(path, ensemble, (meta["clouds"] + 1, size), base.key_of(meta))
    clouds = [np.array(rows[first : first + size]) for first in range(0, len(rows), size)]
    moments = [np.array(moments, dtype=np.float64) for moments in meta["moments"]]
    unknown = [[np.nan] * len(moments[0]) for moments in meta["moments"]]  # of an older version, which kept none
    variances = [np.array(variances, dtype=np.float64) for variances in meta.get("variances", unknown)]
    counts = [np.array(counts, dtype=np.int64) for counts in meta["counts"]]
    return meta["step"], clouds[-1], Kept(clouds[:-1], moments, variances, counts, meta["left"])


def _check(meta: dict[str, Any]) -> None:
    from particles.checkpoint_schema import check_description  # pydantic: when a checkpoint is read, not before

    check_description(meta)
