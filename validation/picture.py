"""The central picture: particles and their density on the line, the exact law, and what is left between them.

At each time in one colour: a cloud as a filled histogram, a solution as a line, the exact law broken, masses at walls
as stems. Below a panel a time: bars of the histogram less those of the density, with the band that holds 95 % of the
bars of independent draws. The title tells W1 over its floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.axes import (
    APART,
    COLOURS,
    DASHED,
    bars_for,
    draw_bars_of,
    draw_law,
    draw_line,
    draw_outline,
    draw_residual,
    draw_stems,
    stems_of,
)
from validation.distance.bars import residual
from validation.distance.pair import Distance, Pair
from validation.figures import ends_of, new_figure, save_figure, window_of

MOST = len(COLOURS)
_FILLED: dict[str, Any] = {"lw": 8, "alpha": 0.3, "solid_capstyle": "butt"}
USUAL = 4  # times, where none are asked for


def draw_pair(pair: Pair, path: Path | TextIO, *, title: str, law: bool = False, replace: bool = True) -> None:
    """Draw two records of the line, or one and its exact law, at all times of the pair, at most `MOST`.

    Parameters
    ----------
    pair : Pair
    path : Path or text stream
    title : str
        First line of the title; the second tells W1 over its floor.
    law : bool, default False
        Draw the exact law too.
    replace : bool, default True
        Whether an older file at `path` gives way.

    Raises
    ------
    InputError
        If there are more times.
    """
    if len(pair.times) > MOST:
        raise InputError(f"{len(pair.times)} times in one picture: allowed are {MOST} at most")
    rows = len(pair.times)
    figure, axes = new_figure(
        1 + rows, 1, figsize=(7.4, 3.9 + 0.95 * rows), sharex=True, gridspec_kw={"height_ratios": [3.4] + [0.9] * rows}
    )
    sides = [pair.measures(at) for at in pair.times]
    window = _window(sides)
    axes[0].set_xlim(window)
    for k, (at, both) in enumerate(zip(pair.times, sides, strict=True)):
        exact = pair.law(at[0]) if law and pair.other is not None else None
        drawn = [*both, *([] if exact is None else [exact])]
        draw_sides(
            axes[0], [side for side in drawn if isinstance(side, Measure | Law)], COLOURS[k], k, f"t = {at[0]:g}"
        )
        _draw_residual(axes[1 + k], both, COLOURS[k])
    _finish(axes, pair, law)
    figure.align_ylabels(axes)
    _legend(figure, axes[0], sides[0], law)
    told = title_of(pair, [pair.distance(at) for at in pair.times])
    figure.suptitle(f"{title}\n{told}", parse_math=False, fontsize=10)
    save_figure(figure, path, replace=replace)


def _window(sides: Sequence[tuple[Measure, Measure | Law]]) -> tuple[float, float]:
    """What all sides need, with room for stems beside the walls."""
    flat = [side for both in sides for side in both]
    low, high = window_of(flat)
    room = APART * len(sides) * (high - low) if stems_of(flat).size else 0.0
    return low - room, high + room


def draw_sides(axes: Any, sides: Sequence[Measure | Law], colour: str, place: int, name: str | None) -> None:
    """Draw a measure, and what is laid over it, in one colour: another one, a law; a second law in black.

    `place` sets the stems of several times apart.
    """
    one, *others = sides
    assert isinstance(one, Measure)
    edges = bars_for(one, others[0] if others else one)
    if one.has_density:
        draw_line(axes, one, colour, label=name)
    else:
        draw_bars_of(axes, one, colour, edges, label=name)
    for k, other in enumerate(others):
        if isinstance(other, Law):
            draw_law(axes, other, colour if k == 0 else "k", ends_of([one]))
        elif other.has_density:
            draw_line(axes, other, colour, ":" if one.has_density else "-")
        else:
            draw_outline(axes, other, colour, edges)
    draw_stems(axes, sides[:2], colour, place)


def _draw_residual(axes: Any, both: tuple[Measure, Measure | Law], colour: str) -> None:
    found = residual(*both, bars_for(*both), stems_of(both))
    draw_residual(axes, found, colour)
    values = np.abs(np.concatenate([found.values, *(found.band or ())]))
    top = 1.15 * float(values.max(initial=0.0)) or 1.0
    axes.set_ylim(-top, top)
    axes.locator_params(axis="y", nbins=3)


def _finish(axes: Any, pair: Pair, law: bool) -> None:
    axes[0].set_ylabel("density")
    axes[0].set_ylim(bottom=0.0)
    axes[-1].set_xlabel("x")
    for part, at in zip(axes[1:], pair.times, strict=True):
        part.text(0.01, 0.93, f"t = {at[0]:g}", transform=part.transAxes, va="top", fontsize=8)
        part.set_ylabel("difference", fontsize=8)


def styles_of(both: Sequence[Measure | Law], law: bool) -> list[tuple[str, dict[str, Any]]]:
    """What filled, line and broken mean: names, and how a line of the legend looks."""
    kinds = [_kind(side) for side in both]
    styles = {"cloud": _FILLED, "density": {"ls": "-"}, "law": {"ls": DASHED}}
    told = {"cloud": "particles", "density": "equation", "law": "exact law"}
    rows = [(told[kind], styles[kind]) for kind in kinds]
    if kinds in (["cloud", "cloud"], ["density", "density"]):
        second = {"ls": "-", "lw": 1.2} if kinds[0] == "cloud" else {"ls": ":"}
        rows = [(f"first: {told[kinds[0]]}", styles[kinds[0]]), (f"second: {told[kinds[0]]}", second)]
    if law and "law" not in kinds:
        rows.append((told["law"], styles["law"]))
    if "cloud" in kinds:
        rows.append(("95 % of bars, by chance", _FILLED))
    return rows


def _legend(figure: Any, axes: Any, both: tuple[Measure, Measure | Law], law: bool) -> None:
    """Times by their colours, and below what filled, line and broken mean: a legend fills column by column."""
    rows = styles_of(both, law)
    handles, names = axes.get_legend_handles_labels()
    below = [axes.plot([], [], color="0.35", **style)[0] for _, style in rows]
    columns = max(len(handles), len(below))
    blank = axes.plot([], [], ls="")[0]
    grid = [_padded(row, columns, blank) for row in (handles, below)]
    words = [_padded(row, columns, "") for row in (names, [name for name, _ in rows])]
    pairs = [[part for column in zip(*both, strict=True) for part in column] for both in (grid, words)]
    figure.legend(*pairs, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def _padded(row: list[Any], length: int, blank: Any) -> list[Any]:
    return [*row, *[blank] * (length - len(row))]


def _kind(side: Measure | Law) -> str:
    return "law" if isinstance(side, Law) else "density" if side.has_density else "cloud"


def title_of(pair: Pair, distances: Sequence[Distance]) -> str:
    """What the second line of a title tells: W1 over its floor, or W1, at each time."""
    told = pair.symbol
    if all(found.w1 is None for found in distances):
        return "the law has no mean: W1 has no meaning"
    if all(found.ratio is None for found in distances):
        values = ", ".join(f"{found.w1:.2e} at t = {found.time:g}" for found in distances if found.w1 is not None)
        return f"{told} = {values}"
    values = ", ".join(f"{found.ratio:.2f} at t = {found.time:g}" for found in distances if found.ratio is not None)
    return f"{told} over its floor: {values}"
