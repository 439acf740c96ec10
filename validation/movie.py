"""Movies: the pictures of `picture` and `plane_picture` over all stored times, on the same scale in each frame.

Two passes: one over all times for the scale, one that draws, so that one time alone is in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from particles.base.errors import InputError
from particles.base.progress import Report
from particles.model import Law, Measure
from validation.axes import COLOURS, bars_for, curve_of_law, draw_residual, mass_axis, stems_of
from validation.distance.bars import Residual, bar_masses, residual
from validation.distance.pair import Pair, dimension, pair_of
from validation.figures import curve_of, save_movie, window_of
from validation.picture import draw_sides, styles_of, title_of
from validation.plane_picture import draw_legend, draw_time, field_of, plane_sides

FORMS = (".gif", ".mp4")
_HEADROOM = 1.08
_WIDE = 70  # letters of a title that fit
_SIZE, _PLANE = (7.0, 5.0), (5.6, 5.4)  # inches


@dataclass(frozen=True, eq=False)
class Film:
    """What is shown at each time: one record, or a pair with the exact law over it.

    Parameters
    ----------
    one : Trajectory or Record
        Shown alone where there is no `pair`.
    pair : Pair, optional
    law : bool
        Show the exact law of a pair of two records too.
    """

    one: Any
    pair: Pair | None
    law: bool

    @property
    def times(self) -> tuple[float, ...]:
        """Times of the frames."""
        return tuple(self.one.times) if self.pair is None else tuple(t for t, _ in self.pair.times)

    @property
    def dim(self) -> int:
        """Dimension d of the space."""
        return dimension(self.one)

    def sides(self, k: int) -> list[Measure | Law]:
        """All that frame k shows."""
        if self.pair is None:
            return [self.one.at(self.times[k])]
        at = self.pair.times[k]
        exact = self.pair.law(at[0]) if self.law and self.pair.other is not None else None
        return [*self.pair.measures(at), *([] if exact is None else [exact])]

    def told(self, k: int) -> str:
        """What its title says of it."""
        if self.pair is None:
            return f"t = {self.times[k]:g}"
        return title_of(self.pair, [self.pair.distance(self.pair.times[k])])


def film_of(one: Any, other: Any = None, *, law: bool = False) -> Film:
    """Put one record, or two of one model, into a film.

    Parameters
    ----------
    one : Trajectory or Record
    other : Trajectory or Record, optional
    law : bool, default False
        Show the exact law too; with one record compare with it.

    Raises
    ------
    InputError
        As `pair_of`; and if there are fewer than two times.
    """
    pair = None if other is None and not law else pair_of(one, other, law=law)
    film = Film(one if pair is None else pair.one, pair, law)
    if len(film.times) < 2:
        held = "they share one time" if other is not None else "the record holds one time"
        raise InputError(f"{held}, t = {film.times[0]:g}: a movie needs two at least, which --times of a run keeps")
    return film


def require_writer(path: Path) -> None:
    """Refuse a movie that this machine cannot write."""
    if path.suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise InputError(f"out = {str(path)!r} needs ffmpeg, which is not installed: allowed is .gif")


def draw_movie(film: Film, path: Path, *, title: str, fps: float, progress: Report, replace: bool = True) -> None:
    """Draw a film into a file, a frame each time, whole or not at all.

    Parameters
    ----------
    film : Film
    path : Path
        Ends in .gif or .mp4.
    title : str
        First line of the title.
    fps : float > 0
        Frames a second.
    progress : callable
        Takes the finished share.
    replace : bool, default True
        Whether an older file at `path` gives way.
    """
    require_writer(path)
    if len(title) > _WIDE:
        title = title.replace(" against ", "\nagainst ", 1)
    scene = (_Line if film.dim == 1 else _Plane)(film)

    def frames(figure: Any) -> Iterator[None]:
        for k in range(len(film.times)):
            figure.clear()
            scene.draw(figure, k)
            figure.suptitle(f"{title}\n{film.told(k)}", parse_math=False, fontsize=10)
            yield
            progress((k + 1) / len(film.times))

    save_movie(frames, path, size=_SIZE if film.dim == 1 else _PLANE, fps=fps, replace=replace)


class _Line:
    """Frames on the line: what all share."""

    def __init__(self, film: Film) -> None:
        self._film = film
        windows, self._top, self._left, self._stems = [], 0.0, 0.0, False
        for k in range(len(film.times)):
            sides = film.sides(k)
            windows.append(window_of(sides))
            self._top = max(self._top, *(_highest(side, sides) for side in sides))
            self._stems |= bool(stems_of(sides).size)
            if len(sides) > 1:
                self._left = max(self._left, _reach(_residual(sides)))
        self._window = min(low for low, _ in windows), max(high for _, high in windows)

    def draw(self, figure: Any, k: int) -> None:
        sides = self._film.sides(k)
        pair = len(sides) > 1
        shape = {"height_ratios": [2.6, 1.0]} if pair else None
        axes = figure.subplots(1 + pair, 1, sharex=True, squeeze=False, gridspec_kw=shape)[:, 0]
        axes[0].set_xlim(self._window)
        if self._stems:
            mass_axis(axes[0])
        draw_sides(axes[0], sides, COLOURS[0], 0, None)
        axes[0].set_ylim(0.0, _HEADROOM * self._top or 1.0)
        axes[0].set_ylabel("density")
        if pair:
            for name, style in styles_of(sides[:2], len(sides) > 2):
                axes[0].plot([], [], color="0.35", label=name, **style)
            axes[0].legend(frameon=False, fontsize=8, loc="upper right")
            draw_residual(axes[1], _residual(sides), COLOURS[0])
            axes[1].set_ylim(-_HEADROOM * self._left or -1.0, _HEADROOM * self._left or 1.0)
            axes[1].set_ylabel("difference")
            axes[0].set_title(f"t = {self._film.times[k]:g}", fontsize=10)
            figure.align_ylabels(axes)
        axes[-1].set_xlabel("x")


def _residual(sides: list[Measure | Law]) -> Residual:
    one, other = sides[:2]
    assert isinstance(one, Measure)
    return residual(one, other, bars_for(one, other), stems_of([one, other]))


def _reach(found: Residual) -> float:
    return float(max(np.abs(part).max(initial=0.0) for part in (found.values, *(found.band or ()))))


def _highest(side: Measure | Law, sides: list[Measure | Law]) -> float:
    """The highest density that is drawn of a side."""
    if isinstance(side, Law):
        return float(curve_of_law(side, window_of([side]))[1].max())
    if side.has_density:
        return float(curve_of(side)[1].max())
    first = sides[0]
    assert isinstance(first, Measure)
    edges = bars_for(first, sides[1] if len(sides) > 1 else first)
    return float((bar_masses(side, edges, stems_of([side])) / np.diff(edges)).max(initial=0.0))


class _Plane:
    """Frames in the plane: what all share."""

    def __init__(self, film: Film) -> None:
        self._film = film
        spans, self._top, self._marginal = [], 0.0, [0.0, 0.0]
        for k in range(len(film.times)):
            sides = plane_sides(film.sides(k))
            spans.append([window_of([side.marginal(axis) for side in sides]) for axis in (0, 1)])
            self._top = max(self._top, float(field_of(sides[0])[2].max()))
            for axis in (0, 1):
                parts: list[Measure | Law] = [side.marginal(axis) for side in sides]
                self._marginal[axis] = max(self._marginal[axis], *(_highest(part, parts) for part in parts))
        ends = np.array(spans)
        self._windows = [(float(ends[:, axis, 0].min()), float(ends[:, axis, 1].max())) for axis in (0, 1)]

    def draw(self, figure: Any, k: int) -> None:
        ratios = {"height_ratios": [1, 3], "width_ratios": [3, 1]}
        axes = figure.subplots(2, 2, sharex="col", sharey="row", gridspec_kw=ratios)
        draw_time(axes, plane_sides(self._film.sides(k)), self._windows, top=self._top)
        axes[0, 0].set_ylim(0.0, _HEADROOM * self._marginal[0] or 1.0)
        axes[1, 1].set_xlim(0.0, _HEADROOM * self._marginal[1] or 1.0)
        axes[1, 0].set_ylabel("$y$")
        axes[0, 0].set_ylabel("marginal density")
        axes[0, 0].set_title(f"t = {self._film.times[k]:g}", fontsize=10)
        if self._film.pair is not None:
            draw_legend(figure, axes[1, 0], self._film.pair, self._film.law, columns=2)
