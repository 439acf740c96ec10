"""The record of a particle run: clouds at their times, moments, and where they come from; save and load.

A saved run is a folder: ``x.npy`` of shape (times, D, M), float64, written by all ranks at their offsets, and
``meta.json``. It is written beside its place and renamed, so it is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.files import draft_folder, read_json, replace_folder, sync, write_json
from particles.model.measure import Measure

if TYPE_CHECKING:
    from particles.ensemble import Ensemble

META = "meta.json"
FIELD = "x.npy"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Clouds of particles at the requested times.

    Parameters
    ----------
    times : tuple of float
        Increasing.
    states : tuple of ndarray, each of shape (D, m)
        This rank's particles at each time; all of them for a loaded run.
    moments : ndarray, shape (times, 2, D)
        First and second moments of the whole cloud.
    info : dict
        Model, scheme, seed, versions, commit: plain values for JSON.
    ensemble : Ensemble, optional
        Who owns which particle; None for a loaded run, which is whole.
    """

    times: tuple[float, ...]
    states: tuple[Floats, ...]
    moments: Floats
    info: dict[str, Any]
    ensemble: Ensemble | None = None

    def __post_init__(self) -> None:
        for array in (*self.states, self.moments):
            array.flags.writeable = False

    @property
    def count(self) -> int:
        """Number of particles over all ranks."""
        return int(self.info["count"])

    def state(self, time: float) -> Floats:
        """This rank's particles at a stored time, shape (D, m)."""
        return self.states[self._index(time)]

    def at(self, time: float) -> Measure:
        """The empirical measure at a stored time, all particles with mass 1/M.

        Its points are the readout of the network: the mean over the N neurons of each feature. Collective on a run
        of several ranks, and needs the memory for the whole cloud on each.

        Raises
        ------
        InputError
            If the time is not stored.
        """
        state = self.state(time)
        if self.ensemble is not None:
            state = self.ensemble.ranks.concatenate(state)
        neurons = self.info["neurons"]
        points = state if neurons == 1 else state.reshape(neurons, -1, state.shape[1]).mean(axis=0)
        return Measure.of_points(points)

    def _index(self, time: float) -> int:
        for index, stored in enumerate(self.times):
            if abs(stored - time) <= 1e-9 * max(1.0, abs(stored)):
                return index
        raise InputError(f"time = {time!r} is not stored: stored are {', '.join(f'{t:g}' for t in self.times)}")

    def digests(self) -> list[str]:
        """sha256 of the bytes of each stored cloud, shape (D, M), of a whole run."""
        return [hashlib.sha256(np.ascontiguousarray(state).data).hexdigest() for state in self.states]

    def save(self, path: str | Path) -> None:
        """Write the run as a folder. Collective; every rank writes its own particles.

        Raises
        ------
        StorageError
            If the disk refuses; an older run under this name is untouched.
        """
        from particles import parallel

        path = Path(path).resolve()
        ranks = self.ensemble.ranks if self.ensemble is not None else parallel.serial()
        draft = draft_folder(path)
        shape = (len(self.times), len(self.states[0]), self.count)
        try:
            offset = ranks.on_first(lambda: _reserve(draft, shape))
            ranks.together(lambda: self._write(draft / FIELD, offset))
            ranks.on_first(lambda: self._finish(draft, path))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _write(self, path: Path, offset: int) -> None:
        first = self.ensemble.local.start if self.ensemble is not None else 0
        with path.open("r+b", buffering=0) as stream:
            for t, state in enumerate(self.states):
                for i, row in enumerate(state):
                    stream.seek(offset + 8 * ((t * len(state) + i) * self.count + first))
                    left = np.ascontiguousarray(row).data.cast("B")
                    while left:
                        left = left[stream.write(left) :]
            os.fsync(stream.fileno())

    def _finish(self, draft: Path, path: Path) -> None:
        write_json(draft / META, {"times": list(self.times), "moments": self.moments.tolist(), **self.info})
        replace_folder(draft, path)


def _reserve(draft: Path, shape: tuple[int, ...]) -> int:
    """Make the file at its full size, so that a full disk shows before anyone writes; return the offset of the data."""
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    with (draft / FIELD).open("wb") as stream:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(stream, header)
        offset = stream.tell()
        stream.flush()
        os.posix_fallocate(stream.fileno(), 0, offset + 8 * int(np.prod(shape)))
    sync(draft / FIELD)
    return offset


def load(path: str | Path) -> Trajectory:
    """Read a saved run, its clouds memory-mapped.

    Raises
    ------
    InputError
        If the folder holds no run, or one that does not fit its own description.
    """
    path = Path(path)
    meta = read_json(path / META)
    try:
        times = tuple(float(time) for time in meta.pop("times"))
        moments = np.array(meta.pop("moments"), dtype=np.float64)
        states = np.load(path / FIELD, mmap_mode="r", allow_pickle=False)
        shape = (len(times), meta["dim"] * meta["neurons"], meta["count"])
        if moments.shape != (len(times), 2, shape[1]) or not {"model", "scheme", "start"} <= set(meta):
            raise ValueError("its description is not that of a run")
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise InputError(f"{path} holds no whole particle run: {error}") from error
    if states.shape != shape or states.dtype != np.float64:
        raise InputError(f"{path / FIELD} holds {states.dtype} of shape {states.shape}: allowed is float64 {shape}")
    return Trajectory(times, tuple(states), moments, meta)
