"""A result of any program, from a file: CSV with a header, npy or netCDF.

===================================  ==================================================================================
columns, or variables of netCDF      read as
===================================  ==================================================================================
x; or x, y in the plane              particles
x, cdf                               the distribution function on points; a point twice is a jump
x, density; x, y, density            values of the density on points; in the plane on all of a tensor grid
left, right, average                 averages over cells; a row with left = right is an atom, its average the mass
left, right, bottom, top, average    averages over cells of the plane, all of a tensor grid
===================================  ==================================================================================

netCDF has these names as variables of one dimension each. npy holds particles, (M,) or (M, 2), or with ``--as`` two
columns (N, 2): cdf or density. The order of rows does not matter for cells and grids.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.contest.result import Cdf, CellAverages, Density, Result, Samples
from particles.base.errors import InputError
from particles.base.readers import read_npy, read_text, reading

Floats = npt.NDArray[np.float64]
KINDS = ("samples", "cdf", "density")
_MOST = 2**32  # bytes of a table
_FORMS = (
    ("x",), ("x", "y"), ("x", "cdf"), ("x", "density"), ("x", "y", "density"),
    ("left", "right", "average"), ("left", "right", "bottom", "top", "average"),
)  # fmt: skip


def read(path: str, kind: str | None = None) -> Result:
    """Return the result that a file holds.

    Parameters
    ----------
    path : str
        Its ending says what it is: .csv, .npy or .nc.
    kind : {"samples", "cdf", "density"}, optional
        What an npy file holds; by default samples.

    Raises
    ------
    InputError
        If it cannot be read, or its columns are none of the table above.
    """
    match Path(path).suffix:
        case ".csv":
            columns = _csv(path)
        case ".npy":
            columns = _npy(path, kind or "samples")
        case ".nc":
            columns = _netcdf(path)
        case ending:
            raise InputError(f"{path} ends in {ending!r}: allowed are .csv, .npy and .nc")
    if kind is not None and kind != _kind(columns):
        raise InputError(f"{path} holds {_kind(columns)}, --as says {kind}: allowed is one of both")
    with reading(path):
        return result_of(columns)


def result_of(columns: dict[str, Floats]) -> Result:
    """Return the result that columns are, by their names; InputError if they are none."""
    match tuple(columns):
        case ("x",):
            return Samples(columns["x"])
        case ("x", "y"):
            return Samples(np.stack([columns["x"], columns["y"]], axis=1))
        case ("x", "cdf"):
            return Cdf(columns["x"], columns["cdf"])
        case ("x", "density"):
            order = np.argsort(columns["x"], kind="stable")
            return Density(columns["x"][order], columns["density"][order])
        case ("x", "y", "density"):
            x, y = np.unique(columns["x"]), np.unique(columns["y"])
            return Density((x, y), _tensor(columns["x"], columns["y"], columns["density"], x, y))
        case ("left", "right", "average"):
            return _cells(columns)
        case _:
            x, y = np.unique(columns["left"]), np.unique(columns["bottom"])
            values = _tensor(columns["left"], columns["bottom"], columns["average"], x, y)
            edges = np.append(x, columns["right"].max()), np.append(y, columns["top"].max())
            return CellAverages(edges, values)


def _cells(columns: dict[str, Floats]) -> CellAverages:
    left, right, average = columns.values()
    atom = left == right
    cells = np.flatnonzero(~atom)
    cells = cells[np.argsort(left[cells], kind="stable")]
    gaps = np.flatnonzero(left[cells][1:] != right[cells][:-1])
    if gaps.size:
        row = cells[gaps[0]]
        raise InputError(f"no cell begins at {float(right[row])!r}, where one ends: allowed are cells side by side")
    atoms = tuple(zip(left[atom].tolist(), average[atom].tolist(), strict=True))
    return CellAverages(np.append(left[cells], right[cells][-1:]), average[cells], atoms)


def _tensor(x: Floats, y: Floats, values: Floats, xs: Floats, ys: Floats) -> Floats:
    """Values on a tensor grid, shape (NX, NY)."""
    out = np.full((xs.size, ys.size), np.nan)
    out[np.searchsorted(xs, x), np.searchsorted(ys, y)] = values
    if values.size != out.size:
        raise InputError(f"{values.size} rows are not all of a grid of {xs.size} x {ys.size}")
    return out


def _csv(path: str) -> dict[str, Floats]:
    text = read_text(path, _MOST)
    with reading(path):
        header, _, body = text.partition("\n")
        names = _checked(tuple(name.strip() for name in header.split(",")))
        if not body.strip():
            raise InputError("it has no rows")
        rows = np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2)
        if rows.shape[1] != len(names):
            raise InputError(f"it has {rows.shape[1]} columns: allowed are the {len(names)} of its header")
    return dict(zip(names, rows.T, strict=True))


def _npy(path: str, kind: str) -> dict[str, Floats]:
    rows = read_npy(path)
    if kind == "samples" and rows.ndim == 1:
        return {"x": rows}
    if rows.ndim != 2 or rows.shape[1] != 2:
        allowed = "(M,) or (M, 2)" if kind == "samples" else "(N, 2)"
        raise InputError(f"{path} has shape {rows.shape}: allowed is {allowed}")
    return {"x": rows[:, 0], {"samples": "y"}.get(kind, kind): rows[:, 1]}


def _netcdf(path: str) -> dict[str, Floats]:
    import xarray

    with reading(path, "netCDF"), xarray.open_dataset(path, engine="scipy", decode_times=False) as held:
        known = {name for form in _FORMS for name in form}
        names = _checked(tuple(name for name in _order() if name in held.variables and name in known))
        columns: dict[str, Any] = {name: np.asarray(held[name].values, dtype=np.float64) for name in names}
        for name, column in columns.items():
            if column.ndim != 1 or column.size != columns[names[0]].size:
                raise InputError(f"{name} has shape {column.shape}: allowed are columns of one length")
    return columns


def _order() -> tuple[str, ...]:
    return ("x", "y", "left", "right", "bottom", "top", "cdf", "density", "average")


def _checked(names: tuple[str, ...]) -> tuple[str, ...]:
    if names not in _FORMS:
        forms = "; ".join(", ".join(form) for form in _FORMS)
        raise InputError(f"its columns are {', '.join(names)[:80] or 'none'}: allowed are {forms}")
    return names


def _kind(columns: dict[str, Floats]) -> str:
    return next(
        (kind for kind in ("cdf", "density") if kind in columns), "cells" if "average" in columns else "samples"
    )
