"""The record of a particle run: clouds at their times, moments, histograms, and where they come from; save and load.

A saved run is a folder: ``x.npy`` of shape (times, D, M), float64, written by all ranks at their offsets,
``histogram.npy`` of shape (times, D, cells + 2), int64, each where the run kept it, and ``meta.json``. It is written
beside its place and renamed, so it is there whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.digests import NAME as SUM_NAME
from particles.base.digests import block_digests, digest_of, file_digest, signed, unsigned
from particles.base.errors import InputError
from particles.base.files import draft_of, replace_folder, resolved, sync, write_json
from particles.base.readers import map_npy, read_json, reading
from particles.base.shown import Shown
from particles.base.storage import Part, reserve, write_rows
from particles.base.tables import Table, of_rows
from particles.base.times import index_of
from particles.ensemble import BLOCK
from particles.model.measure import Measure
from particles.record_checks import check_counts, check_moments, check_sizes, check_times

if TYPE_CHECKING:
    from xarray import Dataset

    from particles.ensemble import Ensemble, Integers

META = "meta.json"
FIELD = "x.npy"
COUNTS = "histogram.npy"
FORMAT = "simresnet-run-2"
FOLDERS = ((META, FIELD), (META, COUNTS), (META, FIELD, COUNTS))  # what a saved run may hold


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Shown):
    """Clouds of particles at the requested times.

    Parameters
    ----------
    times : tuple of float
        Increasing.
    states : tuple of ndarray, each of shape (D, m)
        This rank's particles at each time; all of them for a loaded run; empty for a run that kept no clouds.
    moments : ndarray, shape (times, 2, D)
        First and second moments of the whole cloud, about 0.
    variances : ndarray, shape (times, D)
        Second moments of the whole cloud about its own mean, which m2 - m1^2 loses where the cloud lies far from 0.
    info : dict
        Model, scheme, seed, versions, commit: plain values for JSON.
    ensemble : Ensemble, optional
        Who owns which particle; None for a loaded run, which is whole.
    counts : ndarray of int64, shape (times, D, cells + 2), optional
        Particles of the whole cloud below, in every cell and above; ends and cells are ``info["histogram"]``.

    Examples
    --------
    >>> from particles import Euler, simulate
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> run = simulate(model, Euler(layers=10), count=1000, until=1.0, times=[0.0, 1.0])
    >>> run.count, run.times, run.moments.shape, run.state(1.0).shape
    (1000, (0.0, 1.0), (2, 2, 1), (1, 1000))
    >>> [f"{run.at(time).variance[0]:.2f}" for time in run.times]  # in the limit 1 and 0.25
    ['1.01', '0.25']
    """

    times: tuple[float, ...]
    states: tuple[Floats, ...]
    moments: Floats
    variances: Floats
    info: dict[str, Any]
    ensemble: Ensemble | None = None
    counts: Integers | None = None

    def __post_init__(self) -> None:
        for array in (*self.states, self.moments, self.variances):
            array.flags.writeable = False
        if self.counts is not None:
            self.counts.flags.writeable = False

    @property
    def count(self) -> int:
        """Number of particles over all ranks."""
        return int(self.info["count"])

    @property
    def labels(self) -> NDArray[Any] | None:
        """Labels of the points that were given as the start, shape (M,), in the order of all particles; else None."""
        labels = self.info.get("labels")
        return None if labels is None else np.array(labels)

    def state(self, time: float) -> Floats:
        """This rank's particles at a stored time, shape (D, m).

        Raises
        ------
        InputError
            If the time is not stored, or the run kept no clouds.
        """
        index = self._index(time)
        if not self.states:
            raise InputError("the run kept moments and histograms, not its clouds")
        return self.states[index]

    def histogram(self, time: float) -> tuple[Integers, Floats]:
        """Counts of the whole cloud at a stored time, shape (D, cells + 2), and the edges of the cells (cells + 1,).

        The first count is what lies below the edges, the last what lies at the upper end or above.

        Raises
        ------
        InputError
            If the time is not stored, or the run kept no histogram.
        """
        index = self._index(time)
        if self.counts is None:
            raise InputError("the run kept no histogram")
        low, high, cells = self.info["histogram"]
        return self.counts[index], low + (high - low) * (np.arange(cells + 1) / cells)

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
        index = index_of(self.times, time)
        if index is not None:
            return index
        raise InputError(f"time = {time!r} is not stored: stored are {', '.join(f'{t:g}' for t in self.times)}")

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from ((name, self.info[name]) for name in ("case", "scheme") if name in self.info)
        yield from (("count", self.count), ("times", self.times))

    def _tables(self) -> tuple[Table, ...]:
        moments, variances = self.plain_moments().values()
        rows = [
            {"t": t, "mean": about_zero[0], "variance": variance}
            for t, about_zero, variance in zip(self.times, moments, variances, strict=True)
        ]
        title = f"{self.info.get('case', 'run')}: {self.count} particles, {self.info.get('scheme', '')}"
        return (of_rows(title, rows),)

    def to_xarray(self) -> Dataset:
        """The run as an `xarray.Dataset`; on several ranks with this rank's particles, by their numbers.

        Variables: ``x`` (time, component, particle) where clouds were kept; ``mean``, ``energy`` (m2) and ``variance``
        (time, component); ``counts`` (time, component, cell) where there is a histogram, cells named by their lower
        ends, -inf first. Labels go with the particles; ``attrs["record"]`` is the record as JSON.
        """
        import xarray

        line = ("time", "component")
        moments = {"mean": self.moments[:, 0], "energy": self.moments[:, 1], "variance": self.variances}
        data: dict[str, Any] = {name: (line, values) for name, values in moments.items()}
        coords: dict[str, Any] = {"time": list(self.times)}
        if self.states:
            numbers = np.arange(self.count) if self.ensemble is None else np.array(self.ensemble.local)
            data["x"], coords["particle"] = ((*line, "particle"), np.array(self.states)), numbers
            if self.labels is not None:
                coords["label"] = ("particle", self.labels[numbers])
        if self.counts is not None:
            data["counts"] = ((*line, "cell"), self.counts)
            coords["cell"] = np.append(-np.inf, self.histogram(self.times[0])[1])
        return xarray.Dataset(data, coords, {"record": json.dumps(self.info)})

    def plain_moments(self) -> dict[str, list[Any]]:
        """Moments about 0 and variances about the mean, one item a time: plain values for JSON, null where unknown."""
        variances = [[None if np.isnan(v) else v for v in row] for row in self.variances.tolist()]
        return {"moments": self.moments.tolist(), "variances": variances}

    def digests(self) -> list[str]:
        """sha256 of the bytes of each stored cloud, shape (D, M), of a whole run."""
        return [hashlib.sha256(np.ascontiguousarray(state).data).hexdigest() for state in self.states]

    def counts_digest(self) -> str | None:
        """sha256 of the bytes of the histogram, shape (times, D, cells + 2), or None."""
        return None if self.counts is None else hashlib.sha256(np.ascontiguousarray(self.counts).data).hexdigest()

    def save(self, path: str | Path, *, replace: bool = True) -> None:
        """Write the run as a folder. Collective; every rank writes its own particles.

        Parameters
        ----------
        path : path
        replace : bool, default True
            Whether an older run at `path` gives way; anything else never does.

        Raises
        ------
        StorageError
            If the disk refuses: an older run under this name is untouched. If something else lies at `path`: it is
            untouched, and the message tells where the run is.
        InputError
            If another job writes there.
        """
        from particles.base import parallel

        ranks = self.ensemble.ranks if self.ensemble is not None else parallel.serial()
        place = ranks.on_first(lambda: resolved(path))
        draft = ranks.on_first(lambda: draft_of(place))
        with ranks.claimed(place):
            try:
                offset = ranks.on_first(lambda: self._reserve(draft), place)
                sums = {}
                if self.states:
                    ranks.together(lambda: self._write(draft / FIELD, offset), place)
                    parts = ranks.gather([block_digests(row, BLOCK) for row in self._rows()])
                    sums[FIELD] = digest_of(one for row in zip(*parts, strict=True) for part in row for one in part)
                ranks.on_first(lambda: self._finish(draft, place, replace, sums), place)
            finally:
                if ranks.rank == 0:
                    shutil.rmtree(draft, ignore_errors=True)

    def _reserve(self, draft: Path) -> int:
        draft.mkdir()
        if not self.states:
            return 0
        return reserve(draft / FIELD, (len(self.times), len(self.states[0]), self.count))

    def _write(self, path: Path, offset: int) -> None:
        first = self.ensemble.local.start if self.ensemble is not None else 0
        write_rows(path, Part(offset, first, self.count), self._rows())

    def _rows(self) -> list[Floats]:
        return [np.ascontiguousarray(row) for state in self.states for row in state]

    def _finish(self, draft: Path, path: Path, replace: bool, sums: dict[str, str]) -> None:
        if self.counts is not None:
            np.save(draft / COUNTS, self.counts, allow_pickle=False)
            sync(draft / COUNTS)
            sums[COUNTS] = file_digest(draft / COUNTS)
        kept = {"format": FORMAT, "sums": sums, "clouds": bool(self.states), "histogram": None}
        meta = {"times": list(self.times), **self.plain_moments()}
        write_json(draft / META, signed({**kept, **meta, **self.info}))
        replace_folder(draft, path, {name for names in FOLDERS for name in names}, replace)


def load(path: str | Path) -> Trajectory:
    """Read a saved run, its clouds memory-mapped; every byte is checked against the record's sums.

    A run of a version that kept no sums is read too, and told on stderr.

    Parameters
    ----------
    path : path
        Folder of a run.

    Raises
    ------
    InputError
        If the folder holds no run, or one that does not have its sums, or does not fit its own description.

    See Also
    --------
    kinetic.load : Of the equation's records.

    Examples
    --------
    >>> from particles import Euler, load, simulate
    >>> from particles.model import cases
    >>> run = simulate(cases["regression"].model, Euler(layers=10), count=1000, until=1.0)
    >>> run.save("cloud")
    >>> load("cloud").digests() == run.digests()
    True
    >>> load("no/such/folder")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: no/such/folder holds no particle run: there is no meta.json in it
    """
    path = Path(path)
    if not (path / META).exists():
        raise InputError(f"{path} holds no particle run: there is no {META} in it")
    meta = read_json(path / META)
    with reading(path, "a particle run"):
        sums = None
        if {"format", "sums", SUM_NAME} & set(meta):
            meta = unsigned(meta)
            if meta.pop("format", None) != FORMAT:
                raise InputError(f"its format is not {FORMAT}")
            sums = meta.pop("sums")
        else:
            told = f"{path} was stored without sums, by an older version: damage cannot be seen"
            print(f"particles: {told}", file=sys.stderr)
        times = tuple(float(time) for time in meta.pop("times"))
        moments = np.array(meta.pop("moments"), dtype=np.float64)
        size = check_sizes(meta)
        check_times(times)
        if not isinstance(labels := meta.get("labels", []), list) or len(labels) not in (0, meta["count"]):
            raise InputError(f"its labels are not those of {meta['count']} particles")
        if moments.shape != (len(times), 2, size) or not {"model", "scheme", "start"} <= set(meta):
            raise InputError("its description is not that of a run")
        states: Any = ()
        if meta.get("clouds", True):
            states = map_npy(path / FIELD, (len(times), size, meta["count"]), "<f8")
        bins = meta.get("histogram")
        counts = None if bins is None else map_npy(path / COUNTS, (len(times), size, bins[2] + 2), "<i8")
        if sums is not None:
            _check_sums(path, sums, states, counts)
        if counts is not None:
            check_counts(counts, meta["count"])
        variances = _variances(meta.pop("variances", None), states, (len(times), size))
        check_moments(states, moments, variances)
    return Trajectory(times, tuple(states), moments, variances, meta, counts=counts)


def _check_sums(path: Path, sums: dict[str, str], states: Any, counts: Any) -> None:
    if len(states):
        rows = (row for state in states for row in state)
        if sums[FIELD] != digest_of(digest for row in rows for digest in block_digests(row, BLOCK)):
            raise InputError(f"{FIELD} does not have its sum: it is damaged, or was changed by hand")
    if counts is not None and sums[COUNTS] != file_digest(path / COUNTS):
        raise InputError(f"{COUNTS} does not have its sum: it is damaged, or was changed by hand")


def _variances(stored: Any, states: Any, shape: tuple[int, int]) -> Floats:
    """Variances of a record; those that a run of an older version did not store from its clouds, else unknown: NaN."""
    if stored is not None:
        variances = np.array(stored, dtype=np.float64)
    elif len(states):
        variances = np.array([Measure.of_points(state).variance for state in states])
    else:
        variances = np.full(shape, np.nan)
    if variances.shape != shape:
        raise InputError(f"its variances are of shape {variances.shape}: allowed is {shape}")
    return variances
