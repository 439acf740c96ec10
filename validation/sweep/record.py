"""The record of a sweep: an `xarray.Dataset` with a dimension for every swept value; written as netCDF, and a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.files import replace_file
from particles.base.shown import Shown
from particles.base.tables import Cell, Table
from validation.sweep.axes import Axis
from validation.sweep.point import DISTANCES, MOMENTS, SIDES, Found

if TYPE_CHECKING:
    from xarray import Dataset

FORMAT = "simresnet-sweep-1"
NETCDF, PLOT = "sweep.nc", "sweep.png"
FILES = (NETCDF, PLOT)
_TOLD = {"particles": "of the particles", "equation": "of the equation's solution", "exact": "of the exact law"}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Sweep(Shown):
    """A finished sweep.

    Parameters
    ----------
    case : str
        Name of the case that was changed.
    axes : tuple of Axis
    times : tuple of float
    points : tuple of Found
        The last axis the fastest.
    distance : str
        "W1", or "sliced W1" where there are several features.
    info : dict
        What was asked for and where it comes from; values for JSON.
    """

    case: str
    axes: tuple[Axis, ...]
    times: tuple[float, ...]
    points: tuple[Found, ...]
    distance: str
    info: dict[str, Any]

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("case", self.case), ("axes", self.axes), ("times", self.times))

    def _tables(self) -> tuple[Table, ...]:
        return (self.table(),)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What failed at which point."""
        return tuple(
            f"{beginning(self.axes, place)}{remark}"
            for place, point in zip(places(self.axes), self.points, strict=True)
            for remark in point.remarks
        )

    def to_xarray(self) -> Dataset:
        """Return all of it.

        Variables over the swept values, time and component: mean, variance and energy E x^2 of the particles, of the
        equation's solution ("equation_mean", ...) and of the exact law ("exact_mean", ...), those that are known
        somewhere. Over the swept values and time: "w1", its exact mean for as many draws "w1_floor", and "w1_ratio";
        what they are measured against is "against". NaN is what is not known; the rest as attributes.
        """
        import xarray

        shape = tuple(len(axis.values) for axis in self.axes)
        dims = tuple(axis.key for axis in self.axes)
        data: dict[str, Any] = {}
        for side in SIDES:
            for moment in MOMENTS:
                rows = np.array([point.values[f"{side}_{moment}"] for point in self.points])
                name = moment if side == "particles" else f"{side}_{moment}"
                if side == "particles" or not np.isnan(rows).all():
                    told = {"long_name": f"{moment} {_TOLD[side]}", "units": "1"}
                    data[name] = (*dims, "time", "component"), rows.reshape(*shape, *rows.shape[1:]), told
        held = {name: np.array([point.values[name] for point in self.points]) for name in DISTANCES}
        if not np.isnan(held["w1"]).all():
            meanings = (
                f"{self.distance} of the particles",
                "its exact mean for as many draws",
                "distance over that mean",
            )
            held["w1_ratio"] = held["w1"] / held["w1_floor"]
            for (name, row), meaning in zip(held.items(), meanings, strict=True):
                data[name] = (*dims, "time"), row.reshape(*shape, -1), {"long_name": meaning, "units": "1"}
            data["against"] = dims, np.array([point.against for point in self.points]).reshape(shape)
        coords = {axis.key: (axis.key, list(axis.values)) for axis in self.axes} | {"time": list(self.times)}
        return xarray.Dataset(data, coords, {
            "format": FORMAT, "title": f"{self.case} over {', '.join(dims)}", "case": self.case,
            "remarks": json.dumps(self.remarks), "record": json.dumps(self.info),
        })  # fmt: skip

    def save(self, path: Path) -> None:
        """Write `to_xarray` as netCDF (version 3, 64-bit offsets), whole or not at all; StorageError if refused."""
        with replace_file(path, replace=True) as draft:
            self.to_xarray().to_netcdf(draft, engine="scipy", format="NETCDF3_64BIT")

    def table(self) -> Table:
        """A row a point, at the last time; of several components the first."""
        sides = [side for side in SIDES if any(not np.isnan(p.values[f"{side}_mean"][-1, 0]) for p in self.points)]
        heads = [f"{'' if side == 'particles' else f'{side} '}{moment}" for side in sides for moment in MOMENTS[:2]]
        known = any(not np.isnan(point.values["w1"][-1]) for point in self.points)
        distance = [self.distance, f"{self.distance}/floor"] * known
        rows: list[tuple[Cell, ...]] = []
        for place, point in zip(places(self.axes), self.points, strict=True):
            found = [float(point.values[f"{side}_{m}"][-1, 0]) for side in sides for m in MOMENTS[:2]]
            far, floor = (float(point.values[name][-1]) for name in DISTANCES)
            rows.append((*place, *found, *([far, far / floor] if known else [])))
        title = f"{self.case} at t = {self.times[-1]:g}"
        return Table(title, (*(axis.key for axis in self.axes), *heads, *distance), tuple(rows))


def beginning(axes: Sequence[Axis], place: Sequence[Any]) -> str:
    """How a remark at a point begins."""
    return f"{', '.join(f'{axis.key}={value}' for axis, value in zip(axes, place, strict=True))}: "


def places(axes: Sequence[Axis]) -> list[tuple[Any, ...]]:
    """Values of all points, the last axis the fastest."""
    from validation.sweep.axes import points_of

    return [tuple(point.values()) for point in points_of(axes)]
