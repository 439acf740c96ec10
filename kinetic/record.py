"""Record of a run, on the line or in the plane: averages and masses at the edge at the stored times; saved as netCDF.

What both share; `kinetic.solution` and `kinetic.plane.solution` say what is theirs.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kinetic.flux import BOUNDARIES, Boundary
from kinetic.schemes import described, of_record, restored
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.digests import digest_of, plain_digest
from particles.base.errors import InputError
from particles.base.files import replace_file
from particles.base.garbage import unwatched
from particles.base.memory import require_memory
from particles.base.readers import parse_json, read_bytes, reading
from particles.base.shown import Shown
from particles.base.tables import Table, of_rows
from particles.base.times import index_of

OLDER = "simresnet-kinetic-2"  # without a sum
LARGEST = 2**34  # bytes of a record
LARGEST_PART = 2**31 - 4  # bytes of a variable in netCDF-3, or of it at one time where the times are its records
ROUNDING = 1e-6  # of a mass: far above the rounding of any scheme
SUM = "sha256"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Record(Shown, ABC):
    """What a run leaves; fields and errors as `kinetic.Solution` says."""

    times: tuple[float, ...]
    grid: Any
    averages: Floats
    atoms: Floats
    scheme: Any
    reconstruction: Any
    boundary: Boundary
    steps: int
    lowest: float
    lowest_at: float
    stopped: bool
    provenance: dict[str, Any]

    format: ClassVar[str]
    undershoots: ClassVar[bool] = False
    """Whether masses at the edge are averages of cells, which go below 0 as those of the density do."""
    title: ClassVar[str]
    time_by_time: ClassVar[bool] = False
    """Whether a file holds one stored time after the other, each of which may then fill a variable of netCDF."""
    kinds: ClassVar[dict[str, type[Record]]] = {}

    def __init_subclass__(cls) -> None:
        Record.kinds[cls.format] = cls

    def __post_init__(self) -> None:
        rows, grid = len(self.times), self.grid
        if self.averages.shape != (rows, *grid.shape) or self.atoms.shape != (rows, grid.atoms):
            shapes = f"averages {self.averages.shape} and atoms {self.atoms.shape}"
            raise InputError(f"{shapes} do not fit {rows} times and {grid.cells} cells")
        require_one_of("boundary", self.boundary, BOUNDARIES)

    @abstractmethod
    def snapshot(self, t: float) -> dict[str, Any]:
        """What a stored time is told by, values for JSON."""

    @abstractmethod
    def sentence(self, t: float) -> str:
        """The same in words."""

    @abstractmethod
    def arrays(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, float]]:
        """Variables and coordinates of `to_xarray`, and the ends of the grid."""

    @classmethod
    @abstractmethod
    def parts(cls, data: Any) -> tuple[Any, Floats, Floats]:
        """Return grid, averages and atoms of what `arrays` became, or raise InputError."""

    def _facts(self) -> Iterator[tuple[str, Any]]:
        case = self.provenance.get("case")
        yield from [("case", case)] if case is not None else []
        yield from (("grid", self.grid), ("times", self.times), ("steps", self.steps))

    def _tables(self) -> tuple[Table, ...]:
        title = f"{self.provenance.get('case', self.title)}: {self.grid.told}, {self.steps} steps"
        return (of_rows(title, list(map(self.snapshot, self.times))),)

    def mass(self, t: float) -> float:
        """Total mass of density and atoms."""
        k = self._row(t)
        return math.fsum(self.averages[k].reshape(-1)) * float(self.grid.size) + float(self.atoms[k].sum())

    def digests(self) -> dict[str, list[str]]:
        """sha256 of the bytes of "averages" and of "atoms", little-endian, one each stored time."""
        parts = {"averages": self.averages, "atoms": self.atoms}
        return {
            name: [digest_of([np.ascontiguousarray(row, dtype="<f8").tobytes()]) for row in rows]
            for name, rows in parts.items()
        }

    def _row(self, t: float) -> int:
        k = index_of(self.times, t)
        if k is not None:
            return k
        known = ", ".join(f"{stored:g}" for stored in self.times)
        raise InputError(f"t = {t!r} is not stored: allowed are {known}")

    @classmethod
    def require_room(cls, grid: Any, times: int) -> None:
        """Refuse a grid and a number of stored times of which a file could not hold, or `load` not read, the record."""
        one, whole = 8 * grid.cells, 8 * grid.cells * times
        part, what = (one, "a stored time") if cls.time_by_time else (whole, f"{times} stored times")
        for size, told, most in ((part, what, LARGEST_PART), (whole, f"{times} stored times", LARGEST)):
            if size > most:
                gib = f"{size / 2**30:.3g} GiB"
                raise InputError(f"{grid.told}: {told} of {gib}: a record (netCDF-3) holds {most / 2**30:.3g} GiB")

    def save(self, path: str | Path, *, replace: bool = True) -> None:
        """Write the record as netCDF (version 3, 64-bit offsets), whole or not at all.

        Parameters
        ----------
        path : path
        replace : bool, default True
            Whether an older file at `path` gives way.

        Raises
        ------
        StorageError
            If the disk refuses; if a file lies at `path` that is not to be replaced.
        InputError
            If it is more than the format holds.
        """
        self.require_room(self.grid, len(self.times))
        ordered = {"unlimited_dims": ["time"]} if self.time_by_time else {}
        with replace_file(path, replace=replace) as draft:
            self.to_xarray().to_netcdf(draft, engine="scipy", format="NETCDF3_64BIT", **ordered)

    def to_xarray(self) -> Any:
        """Return the record as an `xarray.Dataset`, the one that `save` writes.

        On the line "average" over (time, x) and "atom" over (time, end), with the centres "x" and the faces "face"; in
        the plane "average" over (time, y, x), "atom" over (time, edge), with centres "x", "y" and faces "x_face",
        "y_face"; all copies. The rest as attributes, scheme, reconstruction and provenance as JSON.
        """
        with unwatched():
            import xarray

        scheme = self.scheme if isinstance(self.scheme, dict) else self.scheme.describe()
        variables, coordinates, ends = self.arrays()
        data = xarray.Dataset(
            data_vars=variables,
            coords={"time": ("time", np.array(self.times), {"long_name": "time", "units": "1"}), **coordinates},
            attrs={
                "format": self.format,
                "title": self.title,
                **ends,
                "boundary": self.boundary,
                "steps": self.steps,
                "lowest": self.lowest,
                "lowest_at": self.lowest_at,
                "stopped": int(self.stopped),
                "scheme": json.dumps(scheme),
                "reconstruction": json.dumps(described(self.reconstruction)),
                "provenance": json.dumps(self.provenance),
            },
        )
        return data.assign_attrs({SUM: _digest(data)})


def load(path: str | Path) -> Any:
    """Read a record that `save` wrote, a `Solution` or a `PlaneSolution`; every number is checked against its sum.

    A record of a version that kept none is read too, and told on stderr.

    Parameters
    ----------
    path : path
        A file .nc.

    Raises
    ------
    InputError
        If the file is missing, damaged, or something else.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> grid = kinetic.Grid(-7.0, 9.0, cells=100)
    >>> solution = kinetic.solve(cases["regression"].model, grid, until=1.0)
    >>> solution.save("density.nc")
    >>> kinetic.load("density.nc").digests() == solution.digests()
    True
    >>> kinetic.load("none.nc")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: none.nc cannot be read: No such file or directory
    """
    with reading(path):
        require_memory(str(path), 3.0 * os.stat(path).st_size)  # the file, its numbers, and those in our byte order
    content = io.BytesIO(read_bytes(path, LARGEST))  # in memory: a damaged file leaves no open map behind
    with reading(path, "a density record"):
        data = _dataset(content)
        kind = _kind_of(path, data)
        grid, averages, atoms = kind.parts(data)
        times = np.array(data["time"], dtype=np.float64)
        if not (np.isfinite(averages).all() and np.isfinite(atoms).all() and np.isfinite(times).all()):
            raise InputError("it holds numbers that are not finite")
        provenance = parse_json(data.attrs["provenance"])
        scheme = provenance.pop("scheme", None)  # where it was before it had an attribute of its own
        record = kind(
            times=tuple(times.tolist()),
            grid=grid,
            averages=averages,
            atoms=atoms,
            scheme=of_record(scheme or parse_json(data.attrs["scheme"])),
            reconstruction=restored(parse_json(data.attrs["reconstruction"])),
            boundary=data.attrs["boundary"],
            steps=int(data.attrs["steps"]),
            lowest=float(data.attrs["lowest"]),
            lowest_at=float(data.attrs["lowest_at"]),
            stopped=bool(data.attrs["stopped"]),
            provenance=provenance,
        )
        _check_masses(record, SUM in data.attrs)
    return record


def _dataset(content: io.BytesIO) -> Any:
    """What the bytes of a file hold; the reader has no sentence for what it cannot read."""
    with unwatched():
        import xarray

    try:
        return xarray.load_dataset(content, engine="scipy")
    except MemoryError:
        raise
    except Exception as error:
        raise InputError("it is no netCDF file of version 3, or damaged") from error


def _kind_of(path: str | Path, data: Any) -> type[Record]:
    """Kind of a record; refused without its sum, or of another program; one from before there were sums is told of."""
    told = data.attrs.get("format")
    if told == OLDER and SUM not in data.attrs:
        print(f"kinetic: {path} was stored without a sum, by an older version: damage cannot be seen", file=sys.stderr)
        return next(iter(Record.kinds.values()))
    if told not in Record.kinds:
        raise InputError(f"its format is not {' nor '.join(Record.kinds)}")
    if data.attrs.get(SUM) != _digest(data):
        raise InputError("it does not have its sum: it is damaged, or was changed by hand")
    return Record.kinds[told]


def _digest(data: Any) -> str:
    """Sum of all numbers and attributes but itself."""
    variables = {
        str(name): [
            *(list(variable.dims), list(variable.shape)),
            digest_of([np.ascontiguousarray(variable.values, dtype="<f8").tobytes()]),
            {key: np.asarray(value).tolist() for key, value in variable.attrs.items()},
        ]
        for name, variable in data.variables.items()
    }
    attributes = {key: np.asarray(value).tolist() for key, value in data.attrs.items() if key != SUM}
    return plain_digest([variables, attributes])


def _check_masses(record: Record, has_sum: bool) -> None:
    """Refuse what no solution is, whether there is a sum or not.

    The times increase; the atoms are not negative; mass is kept, or leaves where the ends are open. Without a sum it
    must be 1, as that of a model.
    """
    times = np.array(record.times)
    if not times.size or times[0] < 0.0 or (np.diff(times) <= 0.0).any():
        raise InputError("its times are not increasing from 0 on")
    if (record.atoms < -ROUNDING).any() and not record.undershoots:
        raise InputError(f"an atom has the mass {record.atoms.min():g}")
    first = record.mass(record.times[0]) if has_sum else 1.0
    for mass in map(record.mass, record.times):
        kept = (1.0 - ROUNDING) * first <= mass or record.boundary == "outflow"
        if not (kept and -ROUNDING * first <= mass <= (1.0 + ROUNDING) * first):
            raise InputError(f"its mass is {mass:g}: allowed is {first:g}, or less where it flows out")
