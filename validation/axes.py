"""What is drawn into given axes: clouds filled, densities as lines, laws broken; masses at points as stems.

    left axis: density, right axis: mass at a point

Colours are those of Okabe and Ito (2008), which the colour-blind tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.distance.bars import Residual, bar_masses, count_of, edges_between, residual
from validation.figures import curve_of, ends_of, given_axes, next_colour

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHED = (0, (3, 3))
_POINTS = 801  # of the density of a law
_MOST_STEMS = 12
_LEAST = 1e-6  # mass of a point that is worth a stem
_OF_CLOUD = 0.01  # of a cloud
APART = 0.025  # of the axis, between stems of several times


def plot(
    measure: Measure | Law,
    ax: Any = None,
    *,
    label: str | None = None,
    color: str | None = None,
    edges: Sequence[float] | Floats | None = None,
) -> Any:
    """Draw a measure or a law into axes of matplotlib: what `python -m validation plot` draws, for figures of your own.

    On the line a cloud becomes a filled histogram of unit area, a density a line, a law a broken line, and points that
    hold more than 1 % of a cloud, or 1e-6 of a density, a stem on an axis at the right. In the plane the highest tenth,
    half and nine tenths of the mass lie within the three contours. Nothing else of the axes is changed: limits, labels
    and legend are yours.

    Parameters
    ----------
    measure : Measure or Law
        On the line or, a measure, in the plane.
    ax : matplotlib Axes, optional
        By default the current ones, as `pyplot.gca()` gives them.
    label : str, optional
        For the legend.
    color : colour of matplotlib, default the next one of the axes
    edges : array_like, shape (n + 1,), optional
        Increasing edges of the bars of a cloud on the line; by default some 10 to 80 that hold all but 1e-4 of it at
        either end.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If it is neither, a law beyond the line, or a measure beyond the plane.

    Examples
    --------
    >>> import numpy as np, validation
    >>> from particles.model import Measure, Normal
    >>> law = Normal(0.0, 1.0)
    >>> cloud = Measure.of_points(law.quantile((np.arange(1000) + 0.5) / 1000))
    >>> ax = validation.plot(cloud, label="1000 points")
    >>> ax = validation.plot(law, ax, label="their law")
    >>> [text.get_text() for text in ax.legend().get_texts()]
    ['1000 points', 'their law']
    """
    axes = given_axes(ax)
    if isinstance(measure, Law):
        colour = color or next_colour(axes)
        draw_law(axes, measure, colour, ends_of([measure]), label=label)
        return axes
    require_type("measure", measure, Measure, "a Measure or a Law")
    if measure.dim > 2:
        raise InputError(f"dimension {measure.dim} of the measure cannot be drawn: allowed are 1 and 2")
    colour = color or next_colour(axes)
    if measure.dim == 2:
        from validation.plane_picture import draw_contours

        draw_contours(axes, measure, colour, label=label)
        return axes
    if measure.has_density:
        draw_line(axes, measure, colour, label=label)
    else:
        draw_bars_of(axes, measure, colour, None if edges is None else np.asarray(edges, dtype=np.float64), label=label)
    draw_stems(axes, [measure], colour)
    return axes


def plot_residual(
    one: Measure, other: Measure | Law, ax: Any = None, *, color: str | None = None, edges: Any = None
) -> Any:
    """Draw one measure on the line less another over bars, and the band that holds 95 % of the bars by chance.

    The band is that of independent draws: of a cloud against a density or a law from the binomial law of each bar, of
    two clouds from the hypergeometric one. Two densities have none. Points that hold mass of their own are left out.

    Parameters
    ----------
    one : Measure
    other : Measure or Law
    ax, color
        As in `plot`.
    edges : array_like, shape (n + 1,), optional
        Increasing edges of the bars; by default some 10 to 80.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If either is not on the line.

    Examples
    --------
    >>> import numpy as np, validation
    >>> from particles.model import Measure, Normal
    >>> cloud = Measure.of_points(np.linspace(-1.0, 1.0, 1000))
    >>> ax = validation.plot_residual(cloud, Normal(0.0, 1.0), edges=[-1.0, 0.0, 1.0])
    >>> [f"{height:.4f}" for height in ax.patches[-1].get_data().values]  # 0.5 less 0.3413 in each bar
    ['0.1587', '0.1587']
    """
    axes = given_axes(ax)
    for name, side in (("one", one), ("other", other)):
        if not isinstance(side, Law | Measure) or (isinstance(side, Measure) and side.dim != 1):
            raise InputError(f"{name} = {side!r:.60} must be a Measure on the line" + " or a Law" * (name == "other"))
    colour = color or next_colour(axes)
    given = bars_for(one, other) if edges is None else np.asarray(edges, dtype=np.float64)
    draw_residual(axes, residual(one, other, given, stems_of([one, other])), colour)
    return axes


def bars_for(one: Measure, other: Measure | Law) -> Floats:
    """Edges of bars that suit two measures."""
    counts = [count for side in (one, other) if (count := count_of(side)) is not None]
    low, high = ends_of([side for side in (one, other) if isinstance(side, Measure)])
    return edges_between(low, high, min(counts, default=None))


def stems_of(sides: Sequence[Measure | Law]) -> Floats:
    """Points of any side that hold mass of their own, shape (n,): left out of bars, drawn as stems."""
    found = [_atoms(side)[0] for side in sides]
    return np.unique(np.concatenate(found))


def _atoms(side: Measure | Law) -> tuple[Floats, Floats]:
    """Points of a side that are worth a stem, and their masses."""
    if isinstance(side, Law):
        points, masses = side.atoms()
        least = _LEAST
    else:
        points, place = np.unique(side.points[0], return_inverse=True)
        masses = np.asarray(np.bincount(place, side.masses, points.size), dtype=np.float64)
        least = _LEAST if side.has_density else max(_OF_CLOUD, 1.5 / side.masses.size)
    return points[masses > least], masses[masses > least]


def draw_bars_of(axes: Any, cloud: Measure, colour: str, edges: Floats | None, *, label: str | None = None) -> None:
    """A filled histogram of a cloud on the line, without its stems."""
    edges = bars_for(cloud, cloud) if edges is None else edges
    heights = bar_masses(cloud, edges, stems_of([cloud])) / np.diff(edges)
    axes.stairs(heights, edges, fill=True, color=colour, alpha=0.3, lw=0, label=label)


def draw_outline(axes: Any, cloud: Measure, colour: str, edges: Floats) -> None:
    """The outline of a histogram of a second cloud."""
    heights = bar_masses(cloud, edges, stems_of([cloud])) / np.diff(edges)
    axes.stairs(heights, edges, color=colour, lw=1.2, baseline=None)


def draw_line(axes: Any, measure: Measure, colour: str, style: str = "-", *, label: str | None = None) -> None:
    """A density on the line, without its stems."""
    axes.plot(*curve_of(measure), style, color=colour, lw=1.4, label=label)


def curve_of_law(law: Law, ends: tuple[float, float]) -> tuple[Floats, Floats]:
    """Points between two ends and the density of a law there."""
    x = np.linspace(*ends, _POINTS + 2)[1:-1]
    return x, np.asarray(law.pdf(x))


def draw_law(axes: Any, law: Law, colour: str, ends: tuple[float, float], *, label: str | None = None) -> None:
    """The density of a law between two ends, below what would flatten all else."""
    axes.plot(*curve_of_law(law, ends), color=colour, ls=DASHED, lw=1.0, label=label)


def draw_residual(axes: Any, found: Residual, colour: str) -> None:
    """Bars of a residual over their band, and the line at 0."""
    axes.axhline(0.0, color="0.4", lw=0.8)
    if found.band is not None:
        low, high = found.band
        axes.stairs(high, found.edges, baseline=low, fill=True, color="0.5", alpha=0.3, lw=0)
    axes.stairs(found.values, found.edges, color=colour, lw=1.1, baseline=None)


def draw_stems(axes: Any, sides: Sequence[Measure | Law], colour: str, place: int = 0) -> None:
    """Masses at points: of the first side with a full head, of others with a hollow one; `place` sets times apart."""
    for number, side in enumerate(sides):
        points, masses = _atoms(side)
        if not 0 < points.size <= _MOST_STEMS:
            continue
        right = mass_axis(axes)
        low, high = axes.get_xlim()
        outwards = np.where(points <= 0.5 * (points[0] + points[-1]), -1.0, 1.0) if points.size > 1 else np.ones(1)
        x = points + outwards * APART * place * (high - low)
        face = colour if number == 0 else "none"
        right.vlines(x, 0.0, masses, color=colour, lw=1.6 if number == 0 else 0.8)
        right.plot(x, masses, "o", ms=4 if number == 0 else 7, mfc=face, mec=colour, clip_on=False)
        for at, mass in zip(x, masses, strict=True) if number == 0 else ():
            right.annotate(
                f"{mass:.3f}", (at, mass), xytext=(0, 7), textcoords="offset points", color=colour, fontsize=7,
                ha="center", va="bottom", rotation=90,
            )  # fmt: skip


def mass_axis(axes: Any) -> Any:
    """The axis at the right of given axes, made once."""
    for other in axes.get_shared_x_axes().get_siblings(axes):
        if other.get_label() == _MASS:
            return other
    right = axes.twinx()
    right.set_label(_MASS)
    right.set_ylabel(_MASS)
    right.grid(visible=False)
    right.set_ylim(0.0, 1.0)
    right.spines["right"].set_visible(True)
    return right


_MASS = "mass at a point"
