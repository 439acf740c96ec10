"""Figure over time: how far two records are apart, how far they should be, and whether chance explains it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from validation.axes import COLOURS, DASHED
from validation.distance.over_time import OverTime
from validation.figures import new_figure, save_figure

_LEAST = 5e-5  # p-value at the foot of the figure: what is simulated ends there


def draw_over_time(found: OverTime, path: Path | TextIO, *, title: str, replace: bool = True) -> None:
    """Draw the distance over time with its floor and band, and below the p-values with the level that decides."""
    tested = any(row.p_value is not None for row in found.rows)
    shape: dict[str, Any] = {"height_ratios": [2.2, 1.0]} if tested else {}
    figure, axes = new_figure(
        1 + tested, 1, squeeze=False, sharex=True, figsize=(7.0, 5.6 if tested else 4.0), gridspec_kw=shape
    )
    above = axes[0, 0]
    _draw_distances(above, found)
    if tested:
        _draw_p_values(axes[1, 0], found)
    axes[-1, 0].set_xlabel("time t")
    figure.align_ylabels(axes)
    judged = {None: "", True: "verdict holds: ", False: "verdict does not hold: "}[found.holds]
    figure.suptitle(f"{title}\n{judged}{found.verdict.replace('; ', ';' + chr(10))}", parse_math=False, fontsize=9)
    save_figure(figure, path, replace=replace)


def _draw_distances(axes: Any, found: OverTime) -> None:
    banded = [(row.time, *row.band) for row in found.rows if row.band is not None]
    if banded:
        axes.fill_between(*zip(*banded, strict=True), color="0.5", alpha=0.25, lw=0, label="95 % of independent draws")
    floors = [(row.time, row.floor) for row in found.rows if row.floor is not None]
    if floors:
        axes.plot(*zip(*floors, strict=True), color="0.25", ls=DASHED, lw=1.0, label="floor: their mean")
    errors = [(row.time, row.pde_error) for row in found.rows if row.pde_error is not None]
    if errors:
        axes.plot(*zip(*errors, strict=True), "s:", color=COLOURS[1], ms=3.5, lw=1.0, label="equation's own error")
    values = [(row.time, row.w1) for row in found.rows if row.w1 is not None]
    if values:
        axes.plot(*zip(*values, strict=True), "o-", color=COLOURS[0], ms=4.5, lw=1.3, label=found.symbol)
    axes.set_ylabel(found.symbol)
    axes.set_ylim(bottom=0.0)
    axes.legend(frameon=False)


def _draw_p_values(axes: Any, found: OverTime) -> None:
    values = [(row.time, max(row.p_value, _LEAST)) for row in found.rows if row.p_value is not None]
    axes.plot(*zip(*values, strict=True), "o", color=COLOURS[0], ms=4.5)
    told = f"5 % of false alarms over {len(found.rows)} times" if len(found.rows) > 1 else "5 % of false alarms"
    axes.axhline(found.level, color=COLOURS[1], lw=1.0, label=told)
    axes.set_yscale("log")
    axes.set_ylim(_LEAST, 1.3)
    axes.set_ylabel("p-value")
    axes.legend(frameon=False, loc="lower right")
