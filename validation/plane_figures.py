"""Figures of the plane: the density at every stored time, its marginals beside it, and what sticks to the edge.

A cloud is drawn over it: some of its particles as points, all of them in the histograms over the marginals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kinetic import PlaneSolution
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.trajectory import Trajectory
from validation.distance.records import common_times, require_clouds, require_one_dimension, require_one_model
from validation.figures import new_figure, save_figure

_LEAST = 1e-6  # mass on a wall that is worth a line
_MOST = 4  # times in one figure
_POINTS = 800  # particles in one picture
_BINS = 100
_SEEN = 1e-4  # of the highest marginal density
_EDGES = {"x_low": (0.0, 0.5), "x_high": (1.0, 0.5), "y_low": (0.5, 0.0), "y_high": (0.5, 1.0)}


def draw_plane(
    solution: PlaneSolution,
    path: Path,
    *,
    title: str,
    cloud: Trajectory | None = None,
    times: tuple[float, ...] | None = None,
    replace: bool = True,
) -> None:
    """Draw a solution in the plane, and a cloud over it, at four of the times that they hold at most, evenly chosen.

    `times`, of the solution, are by default all of them.

    Raises
    ------
    InputError
        If cloud and solution are of different dimensions or models, hold no common time, or no clouds were kept.
    """
    pairs = [(t, t) for t in solution.times] if cloud is None else _shared(cloud, solution)
    pairs = [pair for pair in pairs if times is None or pair[1] in times]
    if not pairs:
        raise InputError(f"at t = {', '.join(f'{t:g}' for t in times or ())} the cloud is not stored")
    chosen = [pairs[row] for row in np.unique(np.linspace(0, len(pairs) - 1, min(_MOST, len(pairs))).astype(int))]
    figure, axes = new_figure(
        2, 2 * len(chosen), figsize=(3.4 * len(chosen) + 0.6, 4.4), squeeze=False, sharex="col", sharey="row",
        gridspec_kw={"height_ratios": [1, 3], "width_ratios": [3, 1] * len(chosen)},
    )  # fmt: skip
    for k, (at, t) in enumerate(chosen):
        _draw_time(axes[:, 2 * k : 2 * k + 2], solution, t)
        if cloud is not None:
            _draw_cloud(axes[:, 2 * k : 2 * k + 2], solution, cloud.state(at))
    for axis, axes_of in enumerate(((axes[1, ::2], "set_xlim"), (axes[1:, 0], "set_ylim"))):
        for part in axes_of[0]:
            getattr(part, axes_of[1])(*_view(solution, axis, [t for _, t in chosen]))
    axes[1, 0].set_ylabel("$y$")
    axes[0, 0].set_ylabel("marginal")
    figure.suptitle(f"{title}; lines at 1, 10 and 50 % of the highest", parse_math=False, fontsize=10)
    save_figure(figure, path, replace=replace)


def _shared(cloud: Trajectory, solution: PlaneSolution) -> list[tuple[float, float]]:
    """Common times, as the cloud and as the solution writes them."""
    require_one_dimension(cloud, solution)
    require_one_model(cloud.info, solution.provenance)
    require_clouds(cloud)
    return common_times(cloud, solution)


def _view(solution: PlaneSolution, axis: int, times: list[float]) -> tuple[float, float]:
    """The part of a side that holds mass; all of it where some sticks to the edge."""
    grid = (solution.grid.x, solution.grid.y)[axis]
    if any(solution.atoms[solution.times.index(t)].sum() > _LEAST for t in times):
        return grid.lo, grid.hi
    held = np.zeros(grid.cells, dtype=bool)
    for t in times:
        masses = solution.marginal(t, axis).cell_masses
        held |= masses > _SEEN * masses.max()
    cells = np.flatnonzero(held)
    if not cells.size:
        return grid.lo, grid.hi
    spare = 0.05 * grid.h * (cells[-1] - cells[0] + 1)
    return max(grid.lo, float(grid.faces[cells[0]]) - spare), min(grid.hi, float(grid.faces[cells[-1] + 1]) + spare)


def _draw_cloud(axes: Any, solution: PlaneSolution, points: Floats) -> None:
    """Particles inside the rectangle, and histograms of all of them, without those on walls that the atoms hold."""
    (above, _), (middle, beside) = axes
    few = points[:, :: max(1, points.shape[1] // _POINTS)]
    middle.plot(*few, ".", color="C1", ms=1.5, alpha=0.5, zorder=1.5, rasterized=True)  # contours lie over them
    for row, grid, axis, along in zip(
        points, (solution.grid.x, solution.grid.y), (above, beside), ("vertical", "horizontal"), strict=True
    ):
        inside = row[(row > grid.lo) & (row < grid.hi)]
        share = np.full(inside.size, _BINS / (row.size * (grid.hi - grid.lo)))
        axis.hist(
            inside,
            _BINS,
            range=(grid.lo, grid.hi),
            weights=share,
            orientation=along,
            histtype="step",
            color="C1",
            lw=0.9,
        )


def _draw_time(axes: Any, solution: PlaneSolution, t: float) -> None:
    (above, corner), (middle, beside) = axes
    corner.axis("off")
    k, x, y = solution.times.index(t), solution.grid.x, solution.grid.y
    averages = solution.averages[k]
    highest = float(averages.max())
    middle.pcolormesh(x.faces, y.faces, averages, cmap="Blues", vmin=0.0, vmax=highest or 1.0, rasterized=True)
    if highest > 0.0:
        middle.contour(
            x.centres, y.centres, averages, levels=highest * np.array([0.01, 0.1, 0.5]), colors="C0", linewidths=0.7
        )
    for axis, grid in enumerate((x, y)):
        marginal = solution.marginal(t, axis)
        density = marginal.cell_masses / grid.h
        if axis == 0:
            above.plot(grid.centres, density, color="C0")
        else:
            beside.plot(density, grid.centres, color="C0")
            beside.locator_params(axis="x", nbins=2)
    above.set_title(f"t = {t:g}", fontsize=9)
    middle.set_xlabel("$x$")
    middle.grid(visible=False)
    draw_edge(middle, solution, t)


def draw_edge(axes: Any, solution: PlaneSolution, t: float) -> None:
    """A line along each wall with the mass that sticks to it, and a triangle in each corner that holds some."""
    edge, (x, y) = solution.edge(t), (solution.grid.x, solution.grid.y)
    for wall, (at_x, at_y) in _EDGES.items():
        mass = float(edge[wall].sum())
        if mass > _LEAST:
            where = x.lo + at_x * (x.hi - x.lo), y.lo + at_y * (y.hi - y.lo)
            ends = ([where[0]] * 2, [y.lo, y.hi]) if wall.startswith("x") else ([x.lo, x.hi], [where[1]] * 2)
            axes.plot(*ends, color="C3", lw=2.5, solid_capstyle="butt", clip_on=False)
            inwards = (
                12 * (1 - 2 * at_x) if wall.startswith("x") else 0,
                10 * (1 - 2 * at_y) if wall.startswith("y") else 0,
            )
            axes.annotate(
                f"{mass:.2g}", where, xytext=inwards, textcoords="offset points", color="C3", fontsize=7,
                ha="center", va="center", rotation=90 if wall.startswith("x") else 0,
            )  # fmt: skip
    for mass, (at_x, at_y) in zip(
        edge["corners"], ((x.lo, y.lo), (x.hi, y.lo), (x.lo, y.hi), (x.hi, y.hi)), strict=True
    ):
        if mass > _LEAST:
            axes.plot([at_x], [at_y], "^", color="C3", ms=6, clip_on=False)
