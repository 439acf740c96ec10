"""Record of a run: cell averages and the atoms at both ends at the stored times; saved as netCDF.

The distribution function at the faces is a running sum of the averages, without quadrature:

    F(x_{j+1/2}) = atom_low + h sum_{i <= j} u_i.
"""

from __future__ import annotations

import io
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinetic.flux import BOUNDARIES, Boundary
from kinetic.grid import Grid
from kinetic.line.reconstruction import Reconstruction, parabolas
from kinetic.schemes import described, of_record, restored
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.digests import digest_of, plain_digest
from particles.base.errors import InputError
from particles.base.files import replace_file
from particles.base.readers import parse_json, read_bytes, reading
from particles.base.times import index_of
from particles.model import Measure

FORMAT = "simresnet-kinetic-3"
OLDER = "simresnet-kinetic-2"  # without a sum
LARGEST = 2**31  # bytes of a record
ROUNDING = 1e-6  # of a mass: far above the rounding of any scheme
SUM = "sha256"


@dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """Solution of a conservation law on the line.

    Parameters
    ----------
    times : tuple of float, T of them, increasing
    grid : Grid
    averages : ndarray, shape (T, N)
        Cell averages, mass/length.
    atoms : ndarray, shape (T, 2)
        Masses at the low and at the high end.
    scheme : Scheme
        As it was given; the dict of its `describe` where the record is read and the scheme a user's own.
    reconstruction : CWENO3 or Linear
        Turns averages into a density: that of the scheme, a relative eps as its number in this run.
    boundary : "periodic", "wall", "outflow" or "reflecting"
    steps : int
        Time steps done.
    lowest, lowest_at : float
        The lowest cell average at all looks at the state (see `kinetic.loop`), and its time; below 0 the scheme
        undershot.
    stopped : bool
        True where the run ended at times[-1], before its end, since nothing changed any more.
    provenance : dict
        Model, versions, commit.

    Raises
    ------
    InputError
        If the shapes do not fit each other.
    """

    times: tuple[float, ...]
    grid: Grid
    averages: Floats
    atoms: Floats
    scheme: Any
    reconstruction: Reconstruction
    boundary: Boundary
    steps: int
    lowest: float
    lowest_at: float
    stopped: bool
    provenance: dict[str, Any]

    def __post_init__(self) -> None:
        rows = len(self.times)
        if self.averages.shape != (rows, self.grid.cells) or self.atoms.shape != (rows, 2):
            shapes = f"averages {self.averages.shape} and atoms {self.atoms.shape}"
            raise InputError(f"{shapes} do not fit {rows} times and {self.grid.cells} cells")
        require_one_of("boundary", self.boundary, BOUNDARIES)

    def at(self, t: float) -> Measure:
        """Measure at a stored time: a parabola in every cell, and the atoms at both ends.

        Raises
        ------
        InputError
            If `t` is not a stored time (to 9 digits of the last one).
        """
        k = self._row(t)
        coefficients = parabolas(
            self.reconstruction, self.averages[k], self.grid.h, periodic=self.boundary == "periodic"
        )
        ends = np.array([[self.grid.lo, self.grid.hi]])
        return Measure(points=ends, masses=self.atoms[k], faces=self.grid.faces, polynomials=coefficients)

    def cdf(self, t: float) -> Floats:
        """Distribution function at the faces, shape (N + 1,): from the low atom on, without the high one."""
        k = self._row(t)
        sums = np.concatenate([[0.0], np.cumsum(self.averages[k])])
        return np.asarray(self.atoms[k, 0] + self.grid.h * sums)

    def mass(self, t: float) -> float:
        """Total mass of density and atoms."""
        k = self._row(t)
        return math.fsum(self.averages[k]) * self.grid.h + float(self.atoms[k].sum())

    def _row(self, t: float) -> int:
        k = index_of(self.times, t)
        if k is not None:
            return k
        known = ", ".join(f"{stored:g}" for stored in self.times)
        raise InputError(f"t = {t!r} is not stored: allowed are {known}")

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
        """
        with replace_file(path, replace=replace) as draft:
            self.to_xarray().to_netcdf(draft, engine="scipy", format="NETCDF3_64BIT")

    def to_xarray(self) -> Any:
        """Return the record as an `xarray.Dataset`, the one that `save` writes.

        "average" over (time, x) and "atom" over (time, end), both copies; "time", the centres "x" and the faces "face";
        the rest as attributes, scheme, reconstruction and provenance as JSON.
        """
        import xarray

        scheme = self.scheme if isinstance(self.scheme, dict) else self.scheme.describe()
        data = xarray.Dataset(
            data_vars={
                "average": (("time", "x"), self.averages, {"long_name": "cell average of the density", "units": "1"}),
                "atom": (("time", "end"), self.atoms, {"long_name": "mass at the low and high end", "units": "1"}),
            },
            coords={
                "time": ("time", np.array(self.times), {"long_name": "time", "units": "1"}),
                "x": ("x", self.grid.centres, {"long_name": "centre of the cell", "units": "1"}),
                "face": ("face", self.grid.faces, {"long_name": "face of the cells", "units": "1"}),
            },
            attrs={
                "format": FORMAT,
                "title": "mean-field density by CWENO3 finite volumes",
                "lo": self.grid.lo,
                "hi": self.grid.hi,
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


def load(path: str | Path) -> Solution:
    """Read a record that `Solution.save` wrote; every number is checked against its sum.

    A record of a version that kept none is read too, and told on stderr.

    Raises
    ------
    InputError
        If the file is missing, damaged, or something else.
    """
    import xarray

    content = io.BytesIO(read_bytes(path, LARGEST))  # in memory: a damaged file leaves no open map behind
    with reading(path, "a density record"):
        data = xarray.load_dataset(content, engine="scipy")
        _check_sum(path, data)
        averages, atoms, times = (np.array(data[name], dtype=np.float64) for name in ("average", "atom", "time"))
        if not (np.isfinite(averages).all() and np.isfinite(atoms).all() and np.isfinite(times).all()):
            raise InputError("it holds numbers that are not finite")
        grid = Grid(float(data.attrs["lo"]), float(data.attrs["hi"]), cells=averages.shape[-1])
        if not np.array_equal(data["face"], grid.faces):
            raise InputError("its faces are not those of its grid")
        provenance = parse_json(data.attrs["provenance"])
        scheme = provenance.pop("scheme", None)  # where it was before it had an attribute of its own
        solution = Solution(
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
        _check_masses(solution, SUM in data.attrs)
    return solution


def _check_sum(path: str | Path, data: Any) -> None:
    """Refuse a record without its sum, or of another program; tell of one that was written before there were sums."""
    if data.attrs.get("format") == OLDER and SUM not in data.attrs:
        told = f"{path} was stored without a sum, by an older version: damage cannot be seen"
        print(f"kinetic: {told}", file=sys.stderr)
        return
    if data.attrs.get("format") != FORMAT:
        raise InputError(f"its format is not {FORMAT}")
    if data.attrs.get(SUM) != _digest(data):
        raise InputError("it does not have its sum: it is damaged, or was changed by hand")


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


def _check_masses(solution: Solution, has_sum: bool) -> None:
    """Refuse what no solution is, whether there is a sum or not.

    The times increase; the atoms are not negative; mass is kept, or leaves where the ends are open. Without a sum it
    must be 1, as that of a model.
    """
    times = np.array(solution.times)
    if not times.size or times[0] < 0.0 or (np.diff(times) <= 0.0).any():
        raise InputError("its times are not increasing from 0 on")
    if (solution.atoms < -ROUNDING).any():
        raise InputError(f"an atom has the mass {solution.atoms.min():g}")
    first = solution.mass(solution.times[0]) if has_sum else 1.0
    for mass in map(solution.mass, solution.times):
        kept = (1.0 - ROUNDING) * first <= mass or solution.boundary == "outflow"
        if not (kept and -ROUNDING * first <= mass <= (1.0 + ROUNDING) * first):
            raise InputError(f"its mass is {mass:g}: allowed is {first:g}, or less where it flows out")
