"""Figure of a sweep: moments and W1 over its floor over one swept value, or as maps over two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from validation.figures import draw_panels, save_figure
from validation.sweep.axes import Axis
from validation.sweep.record import Sweep

_MOST_TIMES = 5
_LINES = (("equation", "-", "equation"), ("exact", ":", "exact law"))
_WIDTHS = {"-": 1.2, ":": 2.6}  # what lies on the other is seen beside it
_LABELS = {"mean": "E x", "variance": "V x", "w1_ratio": "W1 / E W1"}


def draw_sweep(sweep: Sweep, path: Path) -> None:
    """Draw mean, variance, and W1 over its floor: over the first axis at all times, or over the first two at the last.

    Of several components the first is drawn, of further axes their first values; the title says so.
    """
    data = sweep.to_xarray().isel(component=0)
    further = {axis.key: axis.values[0] for axis in sweep.axes[2:]}
    data = data.isel(dict.fromkeys(further, 0))
    told = [sweep.case, *(f"{key} = {value}" for key, value in further.items())]
    told += ["first component"] if sweep.points[0].values["particles_mean"].shape[1] > 1 else []
    names = [name for name in ("mean", "variance", "w1_ratio") if name in data and not np.isnan(data[name]).all()]
    one = len(sweep.axes) == 1
    if not one:
        told.append(f"t = {sweep.times[-1]:g}")

    def draw(panels: Sequence[Any]) -> None:
        for axes, name in zip(panels, names, strict=True):
            (_draw_lines if one else _draw_map)(axes, sweep, data, name)

    figure = draw_panels(len(names), draw)
    figure.suptitle(", ".join(told), parse_math=False)
    save_figure(figure, path)


def _title(sweep: Sweep, name: str) -> str:
    return f"{sweep.distance} over its floor" if name == "w1_ratio" else name


def _places(axis: Axis) -> Any:
    return np.arange(len(axis.values)) if axis.words else np.array(axis.values)


def _draw_lines(axes: Any, sweep: Sweep, data: Any, name: str) -> None:
    """Particles as dots, the equation as a line, the exact law dotted; a colour a time."""
    axis = sweep.axes[0]
    x = _places(axis)
    many = len(sweep.times)
    shown = np.unique(np.linspace(0, many - 1, min(many, _MOST_TIMES)).round().astype(int))
    for colour, k in enumerate(shown):
        style = {"color": f"C{colour}"}
        axes.plot(x, data[name][:, k], "o", ms=4, label=f"t = {sweep.times[k]:g}", **style)
        for side, line, _ in _LINES:
            if f"{side}_{name}" in data:
                axes.plot(x, data[f"{side}_{name}"][:, k], line, lw=_WIDTHS[line], **style)
    if name == "w1_ratio":
        axes.axhline(1.0, color="0.4", lw=1.0, label="mean of sampling alone")
        axes.set_ylim(bottom=0.0)
    for side, line, told in _LINES:
        if f"{side}_{name}" in data:
            axes.plot([], [], line, color="0.4", lw=_WIDTHS[line], label=told)
    axes.set_xlabel(axis.key, parse_math=False)
    axes.set_ylabel(_LABELS[name])
    axes.set_title(_title(sweep, name))
    _ticks(axes, axis, "x")
    axes.legend(fontsize=8)


def _draw_map(axes: Any, sweep: Sweep, data: Any, name: str) -> None:
    """The particles' value at the last time, a cell a point."""
    first, second = sweep.axes[:2]
    values = data[name].isel(time=-1).transpose(second.key, first.key)
    drawn = axes.pcolormesh(_places(first), _places(second), values, shading="nearest", cmap="viridis")
    axes.figure.colorbar(drawn, ax=axes, label=_LABELS[name])
    axes.set_xlabel(first.key, parse_math=False)
    axes.set_ylabel(second.key, parse_math=False)
    axes.set_title(_title(sweep, name))
    axes.grid(visible=False)
    _ticks(axes, first, "x")
    _ticks(axes, second, "y")


def _ticks(axes: Any, axis: Axis, which: str) -> None:
    if axis.words:
        (axes.set_xticks if which == "x" else axes.set_yticks)(_places(axis), axis.values)
    elif axis.log:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
