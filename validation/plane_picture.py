"""The central picture in the plane: contours of one measure over another's density, and both marginals.

Cells are coloured by the first measure, a cloud by the share of its points in each bar; the contours are the second's,
and hold half, nine tenths and 99 % of its mass. Above and beside them the marginals, drawn as on the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from kinetic import PlaneSolution
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Measure
from particles.trajectory import Trajectory
from validation.axes import COLOURS, DASHED, bars_for, stems_of
from validation.distance.bars import bar_masses
from validation.distance.pair import Pair
from validation.figures import curve_of, new_figure, save_figure, window_of
from validation.picture import title_of
from validation.plane_figures import draw_edge

MOST = 4  # times
_OTHERS: tuple[tuple[str, Any], ...] = ((COLOURS[1], "-"), ("k", DASHED))
INSIDE = (0.99, 0.9, 0.5)  # shares of the mass within the contours
_FEW, _MANY = 20, 80  # bars of a cloud along an axis


def draw_plane_pair(pair: Pair, path: Path | TextIO, *, title: str, law: bool = False, replace: bool = True) -> None:
    """Draw two records of the plane, or one and its exact law, at all times of the pair, at most `MOST`.

    Clouds beyond the plane are drawn by their first two components. Parameters and errors as `picture.draw_pair`.
    """
    if len(pair.times) > MOST:
        raise InputError(f"{len(pair.times)} times in one picture of the plane: allowed are {MOST} at most")
    columns = len(pair.times)
    figure, axes = new_figure(
        2, 2 * columns, figsize=(3.3 * columns + 1.2, 5.0), squeeze=False, sharex="col", sharey="row",
        gridspec_kw={"height_ratios": [1, 3], "width_ratios": [3, 1] * columns},
    )  # fmt: skip
    shown = [_sides(pair, at, law) for at in pair.times]
    windows = [window_of([side.marginal(axis) for sides in shown for side in sides]) for axis in (0, 1)]
    for k, (at, sides) in enumerate(zip(pair.times, shown, strict=True)):
        draw_time(axes[:, 2 * k : 2 * k + 2], sides, windows)
        axes[0, 2 * k].set_title(f"t = {at[0]:g}", fontsize=9)
        for record, t in zip((pair.one, pair.other), at, strict=True):
            if isinstance(record, PlaneSolution):
                draw_edge(axes[1, 2 * k], record, t)
    axes[0, 0].set_ylim(bottom=0.0)
    axes[1, 0].set_ylabel("$y$")
    axes[0, 0].set_ylabel("marginal density")
    told = title_of(pair, [pair.distance(at) for at in pair.times])
    figure.suptitle(f"{title}\n{told}", parse_math=False, fontsize=10)
    draw_legend(figure, axes[1, 0], pair, law)
    save_figure(figure, path, replace=replace)


def _sides(pair: Pair, at: tuple[float, float], law: bool) -> list[Measure]:
    """All that is drawn at a time: the first two components of each side, and of the law where it comes on top."""
    exact = pair.law(at[0]) if law and pair.other is not None else None
    return plane_sides([*pair.measures(at), exact])


def plane_sides(given: Sequence[Any]) -> list[Measure]:
    """The measures among them, by their first two components."""
    sides = [side for side in given if isinstance(side, Measure)]
    return [side if side.dim == 2 else Measure(side.points[:2], side.masses) for side in sides]


def draw_contours(axes: Any, measure: Measure, colour: str, *, label: str | None = None, style: Any = "-") -> None:
    """Contours within which `INSIDE` of the mass of cells lies, the outer ones paler."""
    x, y, averages = field_of(measure)
    levels = levels_of(averages)
    for level, alpha in zip(levels, (0.55, 0.8, 1.0), strict=False):
        axes.contour(x, y, averages, levels=[level], colors=[colour], linewidths=1.1, linestyles=[style], alpha=alpha)
    axes.plot([], [], color=colour, ls=style, label=label)


def field_of(measure: Measure) -> tuple[Floats, Floats, Floats]:
    """Centres in x and y and averages of cells, shape (n_y, n_x): those of a density, or bars of a cloud."""
    if measure.plane is not None:
        faces, averages = measure.plane.faces, measure.plane.averages
    else:
        faces = _edges(measure.marginal(0)), _edges(measure.marginal(1))
        counts = np.histogram2d(measure.points[0], measure.points[1], bins=list(faces), weights=measure.masses)[0]
        averages = (counts / np.outer(*(np.diff(side) for side in faces))).T
    x, y = (0.5 * (side[1:] + side[:-1]) for side in faces)
    return x, y, averages


def _edges(marginal: Measure) -> Floats:
    """Edges of bars of one component of a cloud: some M^(1/3) of them, since a cell of the plane holds few points."""
    low, high = window_of([marginal])
    return np.linspace(low, high, int(np.clip(np.cbrt(marginal.masses.size), _FEW, _MANY)) + 1)


def levels_of(averages: Floats, shares: Sequence[float] = INSIDE) -> list[float]:
    """Increasing heights above which so large shares of the mass of equal cells lie."""
    heights = np.sort(np.maximum(averages, 0.0).reshape(-1))[::-1]
    inside = np.cumsum(heights) / max(float(heights.sum()), 1e-300)
    found = [float(heights[min(int(np.searchsorted(inside, share)), heights.size - 1)]) for share in shares]
    return sorted({level for level in found if 0.0 < level < float(heights[0])})


def draw_time(
    axes: Any, sides: Sequence[Measure], windows: Sequence[tuple[float, float]], *, top: float | None = None
) -> None:
    """Draw measures of the plane into two by two axes; `top` is the density of the darkest colour."""
    (above, corner), (middle, beside) = axes
    corner.axis("off")
    x, y, averages = field_of(sides[0])
    seen = np.ma.masked_less_equal(averages, 0.0)
    middle.pcolormesh(x, y, seen, cmap="Blues", vmin=0.0, vmax=top, rasterized=True, shading="nearest")
    middle.grid(visible=False)
    for other, (colour, style) in zip(sides[1:], _OTHERS, strict=False):
        draw_contours(middle, other, colour, style=style)
    for axis, part in ((0, above), (1, beside)):
        _draw_marginals(part, [side.marginal(axis) for side in sides], turned=axis == 1)
    middle.set_xlim(windows[0])
    middle.set_ylim(windows[1])
    middle.set_xlabel("$x$")
    beside.set_xlim(left=0.0)
    beside.locator_params(axis="x", nbins=2)


def _draw_marginals(axes: Any, sides: Sequence[Measure], *, turned: bool) -> None:
    """The first marginal filled or as a line, the others as lines; `turned` with the density to the right."""
    edges = bars_for(*sides[:2]) if len(sides) > 1 else bars_for(sides[0], sides[0])
    along = "horizontal" if turned else "vertical"
    for k, (side, (colour, style)) in enumerate(zip(sides, ((COLOURS[0], "-"), *_OTHERS), strict=False)):
        if side.has_density:
            x, density = curve_of(side)
            axes.plot(*((density, x) if turned else (x, density)), color=colour, ls=style, lw=1.2)
            continue
        heights = bar_masses(side, edges, stems_of([side])) / np.diff(edges)
        look: dict[str, Any] = {"fill": True, "alpha": 0.3, "lw": 0} if k == 0 else {"lw": 1.0, "baseline": None}
        axes.stairs(heights, edges, orientation=along, color=colour, **look)


def draw_legend(figure: Any, axes: Any, pair: Pair, law: bool, *, columns: int = 3) -> None:
    """What the colours are, below the figure."""
    names = {Trajectory: "particles", PlaneSolution: "equation", type(None): "exact law"}
    first, second = (names[type(record)] for record in (pair.one, pair.other))
    if first == second:
        first, second = f"first: {first}", f"second: {second}"
    rows = [(first, {"color": COLOURS[0], "lw": 8, "alpha": 0.3})]
    rows += [(f"{second}, lines around 50, 90 and 99 % of it", {"color": COLOURS[1]})]
    if law and pair.other is not None:
        rows.append(("exact law, the same lines", {"color": "k", "ls": DASHED}))
    handles = [axes.plot([], [], **style)[0] for _, style in rows]
    figure.legend(
        handles, [name for name, _ in rows], loc="outside lower center", ncols=columns, frameon=False, fontsize=9
    )
