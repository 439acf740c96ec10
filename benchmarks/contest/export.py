"""A problem as files that any language reads: TOML for the equation, CSV and netCDF for the reference."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest.problem import Floats, Problem
from benchmarks.contest.references import PlaneReference, Reference, reference
from particles.base.files import write_text
from particles.model.cases.write import text_of

POINTS, CELLS = 2001, 128
_TAIL = 1e-13
_EQUATION = {
    "none": "dX = sigma(w X + b) dt",
    "brownian": "dX = sigma(w X + b) dt + nu K(X) dW (Ito)",
    "collisions": "X' = X + eps sigma(w X + b) + sqrt(eps) nu K(X) eta, eta normal, at the times of a Poisson process"
    " of rate 1/eps",
}


def write(problem: Problem, folder: Path) -> None:
    """Write NAME.toml, NAME.csv and NAME.nc into a folder."""
    known = reference(problem)
    write_text(folder / f"{problem.name}.toml", text_of(table(problem, known)))
    columns = plane_columns(problem, known) if isinstance(known, PlaneReference) else line_columns(known)
    rows = zip(*(np.ravel(column).tolist() for column in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(map(repr, row)) for row in rows)]
    write_text(folder / f"{problem.name}.csv", "\n".join(lines) + "\n")
    _dataset(problem, known, columns).to_netcdf(folder / f"{problem.name}.nc", engine="scipy", format="NETCDF3_64BIT")


def table(problem: Problem, known: Reference | PlaneReference) -> dict[str, Any]:
    """All fields of a problem, its start and what is known of its reference, for a TOML file."""
    told: dict[str, Any] = {"equation": _EQUATION[problem.noise]}
    for field in dataclasses.fields(problem):
        value = getattr(problem, field.name)
        if field.name != "start" and value is not None:
            told[field.name] = sorted(value) if isinstance(value, frozenset) else np.array(value).tolist()
    told["shape"] = "x" if problem.multiplicative else "1"
    told["start"] = {"law": type(problem.start).__name__} | {
        name: np.array(value).tolist() for name, value in vars(problem.start).items()
    }
    told["reference"] = _facts(known)
    return told


def line_columns(known: Reference) -> dict[str, Floats]:
    """x, P(X < x), P(X <= x) and the density on points that hold all mass but 1e-13 at either end."""
    low, high = known.quantile(np.array([_TAIL, 1.0 - _TAIL])).tolist()
    even = np.linspace(low, high, POINTS) if known.mean is not None else np.geomspace(low, high, POINTS)
    x = np.union1d(even, known.jumps)
    return {"x": x, "below": known.cdf_left(x), "cdf": known.cdf(x), "density": known.density(x)}


def plane_columns(problem: Problem, known: PlaneReference) -> dict[str, Floats]:
    """Edges and masses of even cells of the domain, x slowest."""
    x, y = (np.linspace(*ends, CELLS + 1) for ends in problem.domain)
    left, bottom = np.meshgrid(x[:-1], y[:-1], indexing="ij")
    right, top = np.meshgrid(x[1:], y[1:], indexing="ij")
    return {"left": left, "right": right, "bottom": bottom, "top": top, "mass": known.cell_masses(x, y)}


def _facts(known: Reference | PlaneReference) -> dict[str, Any]:
    facts: dict[str, Any] = {"route": known.route, "error": known.error}
    if isinstance(known, PlaneReference):
        facts |= {"mean": known.mean.tolist(), "covariance": known.covariance.tolist()}
    else:
        moments = {"mean": known.mean, "variance": known.variance}
        facts |= {name: float(value) for name, value in moments.items() if value is not None}
        facts["atoms"] = np.stack(known.atoms, axis=1).tolist()
    floor = {"error_w1": known.error_w1, "floor_times_sqrt_of_particles": known.floor_constant}
    return facts | {name: value for name, value in floor.items() if math.isfinite(value)}


def _dataset(problem: Problem, known: Reference | PlaneReference, columns: dict[str, Floats]) -> Any:
    import xarray

    facts = {name: value for name, value in _facts(known).items() if not isinstance(value, list)}
    attributes = {"problem": problem.name, "until": problem.until, **facts}
    if isinstance(known, Reference):
        data = {name: ("x", column) for name, column in columns.items() if name != "x"}
        return xarray.Dataset(data, {"x": columns["x"]}, attributes)
    x, y = (np.linspace(*ends, CELLS + 1) for ends in problem.domain)
    edges = {"x_edge": ("x_edge", x), "y_edge": ("y_edge", y)}
    return xarray.Dataset({"mass": (("x", "y"), columns["mass"])}, edges, attributes)
