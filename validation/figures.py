"""Figures; the one file that imports matplotlib. Every axis has a label, every rate its reference line and band.

A figure goes to a file, or as SVG into a stream: the same text every time, without a date, its letters as letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.files import replace_file
from particles.base.garbage import unwatched
from particles.model import Law, Measure

_STYLE: Any = {
    "figure.figsize": (7.0, 4.6),
    "figure.dpi": 130,
    "figure.constrained_layout.use": True,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.size": 10,
}
_BARS = 120  # bars of a histogram of a large cloud
_POINTS = 2001  # of the density of a law
_LEAST = 1e-6  # mass of an atom that is worth a triangle
_UNSEEN, _TAIL = 1e-4, 0.01  # mass beyond either end of a figure; what counts as a tail
_MARGIN = 0.05  # of a figure, as a share of what it shows
_BESIDE = 3  # panels side by side at most
_PANELS, _MANY = {1: (7.0, 4.2), 2: (5.0, 4.2)}, (4.5, 4.0)  # inches of a panel: letters stay legible on a page
FORMS = (".svg", ".png", ".pdf")  # of a figure for pages, for everything else, and for print


def draw_measures(
    measures: Sequence[tuple[float, Measure]],
    path: Path | TextIO,
    *,
    title: str,
    laws: Sequence[tuple[str, Sequence[Law]]] = (),
    replace: bool = True,
) -> None:
    """Draw measures on the line at their times: histograms of clouds, densities of solutions, atoms at the ends.

    A cloud in R^d, d > 1, is drawn by its first two components. `laws` are drawn over a density as broken lines, one
    name in the legend for each sequence. `replace`: whether an older file at `path` gives way.
    """
    figure, axes = new_figure()
    dim = measures[0][1].dim
    window = window_of([measure for _, measure in measures]) if dim == 1 else None
    for number, (time, measure) in enumerate(measures):
        if window is None:
            _draw_plane(axes, time, measure, f"C{number}")
        else:
            draw = draw_density if measure.has_density else draw_cloud
            draw(axes, f"t = {time:g}", measure, f"C{number}", window)
    if window is not None:
        axes.set_xlim(window)
        for style, (name, group) in zip(("k--", "k:"), laws, strict=False):
            faces = measures[0][1].faces
            _draw_laws(axes, style, name, group, (max(window[0], faces[0]), min(window[1], faces[-1])))
    axes.set_xlabel("x" if dim == 1 else "x, first component")
    axes.set_ylabel("density" if dim == 1 else "x, second component")
    axes.set_title(title)
    note = "triangles: mass at a point" if dim == 1 and any(_holds_atoms(m) for _, m in measures) else None
    axes.legend(
        title=note, loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=6.0 if dim > 1 else 1.0, frameon=False
    )
    save_figure(figure, path, replace=replace)


def window_of(measures: Sequence[Measure | Law]) -> tuple[float, float]:
    """The ends of `ends_of`, and a margin."""
    low, high = ends_of(measures)
    margin = _MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def ends_of(measures: Sequence[Measure | Law]) -> tuple[float, float]:
    """Ends that hold all atoms worth a triangle, and all but `_UNSEEN` of the mass at either end, at every time.

    A heavy tail is cut where it becomes longer than the interval that holds all but `_TAIL` at either end.
    """
    ends: list[float] = []
    for measure in measures:
        if isinstance(measure, Law):
            low, high = measure.quantile(np.array([[_UNSEEN, _TAIL], [1.0 - _UNSEEN, 1.0 - _TAIL]]))
            length = high[1] - low[1]
            ends += [max(low[0], low[1] - length), min(high[0], high[1] + length), *measure.atoms()[0].tolist()]
            continue
        x = measure.faces if measure.has_density else np.sort(measure.points[0])
        below = np.maximum.accumulate(measure.density_cdf(x)) if measure.has_density else measure.running_masses[1:]
        shares = np.array([_UNSEEN, _TAIL]) * min(1.0, float(below[-1]))  # next to atoms a density may hold little
        low = x[np.maximum(np.searchsorted(below, shares, "right") - 1, 0)]
        high = x[np.minimum(np.searchsorted(below, below[-1] - shares), x.size - 1)]
        length = max(high[1] - low[1], 0.0)
        atoms, masses = _tied(measure)
        ends += [max(low[0], low[1] - length), min(high[0], high[1] + length), *atoms[masses > _LEAST].tolist()]
    return float(min(ends)), float(max(ends))


def _holds_atoms(measure: Measure) -> bool:
    return measure.masses.size > 0 and bool(_tied(measure)[1].max(initial=0.0) > _LEAST)


def _draw_plane(axes: Any, time: float, measure: Measure, colour: str) -> None:
    some = slice(None, None, max(1, measure.masses.size // 4000))
    axes.plot(*measure.points[:2, some], ".", ms=1.5, alpha=0.5, color=colour, label=f"t = {time:g}", rasterized=True)
    axes.set_aspect("equal")


def draw_density(axes: Any, label: str, measure: Measure, colour: str, window: tuple[float, float]) -> None:
    """Draw a density on the line and its atoms into axes, under a label; the window is not needed."""
    axes.plot(*curve_of(measure), color=colour, lw=1.4, label=label)
    _draw_atoms(axes, measure.points[0], measure.masses, colour)


def curve_of(measure: Measure) -> tuple[Floats, Floats]:
    """Points of a density on the line and its values there, five a cell."""
    s = np.linspace(-0.5, 0.5, 5)[:, None]
    centres, widths = 0.5 * (measure.faces[1:] + measure.faces[:-1]), np.diff(measure.faces)
    density = measure.polynomials[0] + s * (measure.polynomials[1] + s * measure.polynomials[2])
    return (centres + s * widths).T.ravel(), density.T.ravel()


def _draw_laws(axes: Any, style: str, name: str, laws: Sequence[Law], ends: tuple[float, float]) -> None:
    """Densities between the ends, below the top of what is drawn: a narrow law would flatten all others."""
    top = axes.get_ylim()[1]
    x = np.linspace(ends[0], ends[1], _POINTS + 2)[1:-1]
    for number, law in enumerate(laws):
        axes.plot(x, law.pdf(x), style, lw=0.9, label=name if number == 0 else None)
    axes.set_ylim(top=top)


def draw_cloud(axes: Any, label: str, measure: Measure, colour: str, window: tuple[float, float]) -> None:
    """Draw a histogram of a cloud on the line, within a window, into axes, under a label; triangles at a point."""
    points = np.sort(measure.points[0])
    ends, shares = _tied(measure)
    free = points[~np.isin(points, ends) & (points >= window[0]) & (points <= window[1])]
    if free.size:
        bars = min(_BARS, max(10, int(np.sqrt(free.size))))
        edges = np.linspace(free[0], free[-1], bars + 1)
        if edges[-1] > edges[0]:
            heights = np.histogram(free, edges)[0] / (points.size * np.diff(edges))
            axes.stairs(heights, edges, color=colour, lw=1.2, baseline=None)
    axes.plot([], [], color=colour, label=label)
    _draw_atoms(axes, ends, shares, colour)


def draw_bars(
    axes: Any, points: Floats, edges: Floats, colour: str, label: str | None, *, of: int | None = None
) -> None:
    """Draw a filled histogram of points into axes; `of` is the number of all points where some are not given."""
    heights = np.histogram(points, edges)[0] / ((of or points.size) * np.diff(edges))
    axes.stairs(heights, edges, fill=True, color=colour, alpha=0.25, lw=0, label=label)


def _tied(measure: Measure) -> tuple[Floats, Floats]:
    """Points that hold more than a hundredth of the mass each, and their masses: what sits at a wall."""
    ends, where = np.unique(measure.points[0], return_inverse=True)
    shares: Floats = np.bincount(where, measure.masses).astype(np.float64)
    many = shares > (0.0 if measure.has_density else max(0.01, 1.5 / measure.masses.size))
    return ends[many], shares[many]


def _draw_atoms(axes: Any, positions: Floats, masses: Floats, colour: str) -> None:
    for position, mass in zip(positions, masses, strict=True):
        if mass > _LEAST:
            axes.plot([position], [0.0], "^", color=colour, ms=7, clip_on=False)
            axes.annotate(
                f"{mass:.3f}", (position, 0.0), xytext=(0, 8 + 11 * int(colour[1:])), textcoords="offset points",
                color=colour, ha="center", fontsize=8,
            )  # fmt: skip


def given_axes(ax: Any) -> Any:
    """Axes that are given, or the current ones; InputError for anything else."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.gca()
    if not all(hasattr(ax, name) for name in ("plot", "stairs", "twinx")):
        raise InputError(f"ax = {ax!r:.60} must be axes of matplotlib, such as plt.subplots()[1]")
    return ax


def next_colour(axes: Any) -> Any:
    """The colour that axes give to what is drawn next."""
    (line,) = axes.plot([], [])
    line.remove()
    return line.get_color()


def new_figure(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """Return a figure and its axes in the style of all figures; options are those of `pyplot.subplots`."""
    with unwatched():
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

    with matplotlib.rc_context(_STYLE):
        return plt.subplots(rows, columns, **options)


def save_movie(
    frames: Callable[[Any], Iterable[None]], path: Path, *, size: tuple[float, float], fps: float, replace: bool = True
) -> None:
    """Write a movie, a GIF or an MP4, whole or not at all: `frames` draws into a figure and yields after each frame."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.animation import FFMpegWriter, PillowWriter

    with matplotlib.rc_context(_STYLE), replace_file(path, replace=replace) as draft:
        figure = plt.figure(figsize=size)
        writer = PillowWriter(fps=fps) if path.suffix == ".gif" else FFMpegWriter(fps=fps)  # type: ignore[arg-type]
        with writer.saving(figure, str(draft), dpi=_STYLE["figure.dpi"]):
            for _ in frames(figure):
                writer.grab_frame()
        plt.close(figure)


def save_figure(figure: Any, path: Path | TextIO, *, replace: bool = True) -> None:
    """Write a figure to a file, whole or not at all, or as SVG into a stream, and close it."""
    import matplotlib
    import matplotlib.pyplot as plt

    if isinstance(path, Path):
        with replace_file(path, replace=replace) as draft:
            figure.savefig(draft)
    else:
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with matplotlib.rc_context({"svg.hashsalt": "simresnet", "svg.fonttype": "none"}):
            figure.savefig(path, format="svg", transparent=True, metadata=nothing)
    plt.close(figure)


def draw_panels(panels: int, draw: Callable[[Sequence[Any]], None]) -> Any:
    """Return a figure of so many axes, three side by side at most, which a function of them has drawn in our style."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    apart = {"figure.constrained_layout.wspace": 0.06, "figure.constrained_layout.hspace": 0.06}
    with matplotlib.rc_context(_STYLE | apart):
        columns, (width, height) = min(panels, _BESIDE), _PANELS.get(panels, _MANY)
        rows = panels // columns
        figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
        draw(axes.ravel().tolist())
    return figure


def save_forms(figure: Any, folder: Path, stem: str) -> None:
    """Write a figure into a folder in all `FORMS`, the same bytes every time, and close it."""
    import matplotlib
    import matplotlib.pyplot as plt

    undated: Any = {".svg": {"Date": None, "Creator": None}, ".pdf": {"CreationDate": None}, ".png": {}}
    with matplotlib.rc_context({"svg.hashsalt": "simresnet"}):
        for form in FORMS:
            with replace_file(folder / f"{stem}{form}") as draft:
                figure.savefig(draft, metadata=undated[form])
    plt.close(figure)
