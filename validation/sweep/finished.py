"""A sweep that is stored already: whether it is the one that is asked for, and its numbers again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from particles.base.errors import InputError
from particles.base.readers import parse_json, read_bytes, reading
from validation.sweep.axes import Axis
from validation.sweep.kept import digest
from validation.sweep.point import DISTANCES, MOMENTS, SIDES, Found, Point
from validation.sweep.record import FORMAT, NETCDF, Sweep, beginning, places

LARGEST = 2**34  # bytes of a record


def finished(out: str, axes: tuple[Axis, ...], points: Sequence[Point], *, may_go: bool) -> Sweep | None:
    """The sweep in an output folder, if it is the one of these points; None where there is none.

    Raises
    ------
    InputError
        If the folder holds another sweep, or one that does not say of which points, unless it `may_go`.
    """
    path = Path(out) / NETCDF
    if not path.exists():
        return None
    import xarray

    content = io.BytesIO(read_bytes(path, LARGEST))
    with reading(path, "a sweep"):
        data = xarray.load_dataset(content, engine="scipy")
        if data.attrs.get("format") != FORMAT:
            raise InputError(f"its format is not {FORMAT}")
        info = parse_json(data.attrs["record"])
        sweep = _sweep(data, axes, info) if info.get("points") == digest(points) else None
    if sweep is None and not may_go:
        raise InputError(f"{out} holds another sweep: to replace it add --replace, or give another folder")
    return sweep


def _sweep(data: Any, axes: tuple[Axis, ...], info: dict[str, Any]) -> Sweep:
    """The sweep of a dataset, whose variables are as `Sweep.to_xarray` writes them."""
    whole, each, size = list(places(axes)), [axis.key for axis in axes], len(data["mean"].dims)
    shape = data["mean"].shape[size - 2 :]
    rows: dict[str, Any] = {name: np.full((len(whole), shape[0]), np.nan) for name in DISTANCES}
    rows |= {f"{side}_{moment}": np.full((len(whole), *shape), np.nan) for side in SIDES for moment in MOMENTS}
    for name, row in rows.items():
        stored = name.removeprefix("particles_")
        if stored in data:
            row[...] = data[stored].transpose(*each, ...).values.reshape(row.shape)
    against = data["against"].values.reshape(-1).tolist() if "against" in data else [""] * len(whole)
    remarks = parse_json(data.attrs["remarks"])
    points = []
    for k, place in enumerate(whole):
        start = beginning(axes, place)
        own = tuple(remark.removeprefix(start) for remark in remarks if remark.startswith(start))
        points.append(Found({name: row[k] for name, row in rows.items()}, str(against[k]), own))
    times = tuple(np.asarray(data["time"].values, dtype=np.float64).tolist())
    distance = "W1" if shape[1] == 1 else "sliced W1"
    return Sweep(case=data.attrs["case"], axes=axes, times=times, points=tuple(points), distance=distance, info=info)
