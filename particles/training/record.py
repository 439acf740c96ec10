"""What a training has asked so far, and what it was answered: all that a checkpoint of it keeps.

A method is a function of its answers. One that was stopped is run again from its start, and asks the same: it is
answered from the record, at no cost, until that is used up. So scipy's method, whose state nobody can keep, goes on as
well as our own do, with the bytes of the run that was never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from particles.base import checkpoint as base
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import fingerprint
from particles.base.parallel import Ranks, serial
from particles.base.watch import Checkpoints, Watch
from particles.ensemble import Ensemble

FORMAT = "simresnet-fit-1"


@dataclass(eq=False)
class Record:
    """Questions with their answers, in the order in which they were asked.

    Parameters
    ----------
    ranks : Ranks, optional
    checkpoints : Checkpoints, optional
        A step of it is a question.
    described : mapping
        What tells this training from others, plain values for JSON.
    watch : Watch, optional
        Says when a checkpoint is to be written.
    """

    ranks: Ranks = field(default_factory=serial)
    checkpoints: Checkpoints | None = None
    described: Mapping[str, Any] = field(default_factory=dict)
    watch: Watch | None = None
    rows: list[Floats] = field(default_factory=list, init=False)
    _held: Floats = field(default_factory=lambda: np.empty((0, 0)), init=False)
    _before: float = field(default=0.0, init=False)
    _began: float = field(default_factory=monotonic, init=False)

    @property
    def seconds(self) -> float:
        """Wall clock that was spent, that before a restart too."""
        return self._before + monotonic() - self._began

    def begin(self) -> int:
        """Read what a checkpoint holds, where there is one to go on from; return how many answers. Collective.

        InputError on all ranks, if there is none that is whole or it belongs to another training.
        """
        checkpoints = self.checkpoints
        if checkpoints is not None and checkpoints.resume:
            folder = Path(checkpoints.folder)
            if not (checkpoints.or_begin and self.ranks.on_first(lambda: not base.complete(folder))):
                self._held, self._before = base.first_whole("particles", checkpoints, self.ranks, self._load)
        elif checkpoints is not None:
            self.ranks.on_first(lambda: base.require_none(checkpoints))
        self._began = monotonic()
        return len(self._held)

    def ask(self, question: Floats, answer: Callable[[], Floats]) -> Floats:
        """The answer, a vector, to a question, a vector: from the record, else by `answer`. Collective.

        Raises
        ------
        InputError
            If the checkpoint answers another question than this.
        Stopped
            If the checkpoints asked to leave.
        """
        number = len(self.rows)
        if number < len(self._held):
            row = self._held[number]
            if row[: question.size].tobytes() != question.tobytes():
                assert self.checkpoints is not None
                told = f"{self.checkpoints.folder} answers another question than number {number + 1}"
                why = "the program, a library or the processor is another: remove that folder, and begin anew"
                raise InputError(f"{told}: {why}", on_all_ranks=True)
            self.rows.append(row)
            held: Floats = row[question.size :].copy()
            return held
        found = answer()
        self.rows.append(np.concatenate([question, found]))
        self._look()
        return found

    def _look(self) -> None:
        """Write a checkpoint where a rank asks for one; leave where it is to be the last."""
        if self.checkpoints is None or self.watch is None:
            return
        request, step = max(self.ranks.gather(self.watch.request())), len(self.rows)
        if self.watch.wants(request, step, None):
            self._write()
            self.watch.written(request, step, None)

    def _write(self) -> None:
        assert self.checkpoints is not None
        rows = np.stack(self.rows)
        meta = {
            "format": FORMAT, "step": len(rows), "width": rows.shape[1], "seconds": self.seconds,
            "run": dict(self.described), "arguments": self.checkpoints.arguments, "sources": fingerprint(),
        }  # fmt: skip
        portion = Ensemble(rows.size, self.ranks)
        own = rows.reshape(-1)[portion.local.start : portion.local.stop]
        base.write(self.checkpoints, portion, meta, [own], (1,))

    def _load(self, path: Path) -> tuple[Floats, float]:
        meta = base.description(path, check, check_files=self.ranks.rank == 0)
        if names := base.differing(meta["run"], self.described):
            raise InputError(f"{path} belongs to another training: it differs in {', '.join(names)}")
        shape = meta["step"], meta["width"]
        local = base.rows_of(path, Ensemble(math.prod(shape), self.ranks), (1,), base.key_of(meta))
        return self.ranks.concatenate(local[0]).reshape(shape), meta["seconds"]


def newest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Newest checkpoint of a training with a whole description, and that description, or InputError; without MPI."""
    return base.newest(folder, check)


def check(meta: dict[str, Any]) -> None:
    """Refuse a description that no training has written."""
    from particles.training.record_schema import check_description  # pydantic: when one is read, not before

    check_description(meta)
