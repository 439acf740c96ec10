"""Points of a sweep that was stopped: each is a file of its own beside the result, whole or not there.

A point is kept with the digest of all that it hangs on, and with that alone is it taken again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from particles.base import signals
from particles.base.digests import plain_digest
from particles.base.errors import InputError
from particles.base.files import write_json
from particles.base.jit import fingerprint
from particles.base.readers import read_json
from validation.sweep.point import Found, Point


@dataclass(frozen=True)
class Kept:
    """The folder ``DIR.points`` of a sweep with the output ``DIR``."""

    folder: Path

    @staticmethod
    def beside(out: str) -> Kept:
        """Return that of an output."""
        return Kept(Path(f"{out.rstrip('/')}.points"))

    def require_none(self) -> None:
        """Refuse to begin where points of a stopped sweep are."""
        if self.folder.exists():
            raise InputError(f"{self.folder} holds points of a stopped sweep: go on with --resume, or remove it")

    def found(self, points: Sequence[Point]) -> dict[int, Found]:
        """The points that are kept, by their numbers; InputError where they are those of another sweep."""
        return {k: self._read(self._file(k), key(point)) for k, point in enumerate(points) if self._file(k).exists()}

    def keep(self, number: int, point: Point, found: Found) -> Found:
        """Keep what was found at a point; StorageError if the disk refuses."""
        self.folder.mkdir(exist_ok=True)
        values = {name: _plain(rows) for name, rows in found.values.items()}
        told = {"key": key(point), "values": values, "against": found.against, "remarks": list(found.remarks)}
        write_json(self._file(number), told)
        return found

    @contextmanager
    def told_if_stopped(self, total: int) -> Iterator[None]:
        """Let a signal that ends the work inside say how many of the points are kept, and how to go on."""
        try:
            yield
        except (signals.Ended, KeyboardInterrupt) as stop:
            count = len(list(self.folder.glob("[0-9]*.json"))) if self.folder.is_dir() else 0
            if not count:
                raise
            word = "ended by SIGTERM" if isinstance(stop, signals.Ended) else "interrupted"
            kept = f"{count} of {total} points are kept in {self.folder}"
            raise type(stop)(f"{word}: {kept}, and the same command with --resume goes on from them") from None

    def remove(self) -> None:
        """Remove them, when the sweep is stored."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.json"

    def _read(self, path: Path, wanted: str) -> Found:
        held = read_json(path)
        if held.get("key") != wanted:
            raise InputError(f"{path} is of another sweep: remove {self.folder}, or give another folder")
        values = {name: np.array(rows, dtype=np.float64) for name, rows in held["values"].items()}
        return Found(values, held["against"], tuple(held["remarks"]))


def key(point: Point) -> str:
    """Digest of all that a point's numbers hang on, the sources among it."""
    return plain_digest([_asked(point), fingerprint()])


def digest(points: Sequence[Point]) -> str:
    """The same of all points, without the sources: whether a finished sweep is the one that is asked for."""
    return plain_digest([_asked(point) for point in points])


def _asked(point: Point) -> dict[str, Any]:
    return {
        "run": point.run.describe(point.case.model, point.scheme),
        "grid": None if point.grid is None else point.grid.describe(),
        "equation": None if point.equation is None else point.equation.describe(),
    }


def _plain(rows: Any) -> Any:
    """Nested lists for JSON, null for NaN."""
    if rows.ndim > 1:
        return [_plain(row) for row in rows]
    return [None if np.isnan(value) else value for value in rows.tolist()]
