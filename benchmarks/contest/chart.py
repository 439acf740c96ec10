"""The diagram of a problem: errors over seconds, on logarithmic axes, every contestant by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

import numpy as np

from benchmarks.contest.standings import NAMES, is_ours, targets_of
from benchmarks.contest.store import Entered
from benchmarks.contest.verdicts import suspicions
from validation.figures import new_figure, save_figure

# matplotlib's cycle, then Okabe and Ito's: what `validation.report.svg` turns into the colours of a page
COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
)  # fmt: skip
MARKS = "osD^vP*Xd<>h"
SOFT = "#595959"
_APART = 0.052  # of the height of a panel, between two names


def draw_problem(group: Sequence[Entered], order: Sequence[str], bound: float | None, stream: TextIO) -> None:
    """Draw all contestants of a problem.

    Parameters
    ----------
    group
        All that is known of the problem.
    order
        Names of all contestants of the page: a name has one colour and mark.
    bound
        Certified bound of the reference's error in the first panel's quantity: below it errors say nothing.
    stream
        Takes the SVG.
    """
    quantities = [name for name in dict.fromkeys(name for name, _ in targets_of(group)) if _known(group, name)]
    figure, panels = new_figure(
        max(1, len(quantities)), 1, squeeze=False, figsize=(8.6, 0.5 + 4.4 * max(1, len(quantities)))
    )
    for axes, quantity in zip(panels[:, 0], quantities, strict=False):
        _panel(axes, group, order, quantity)
        if bound is not None and quantity != "l1":
            _bound(axes, bound)
    save_figure(figure, stream)


def _known(group: Sequence[Entered], quantity: str) -> bool:
    return any(_positive(one, quantity)[0].size for one in group)


def _positive(entered: Entered, quantity: str) -> tuple[Any, Any]:
    """Seconds and errors that a logarithmic axis can show."""
    pairs = [(rung.seconds, rung.errors.get(quantity)) for rung in entered.rungs]
    kept = [(seconds, error) for seconds, error in pairs if error is not None and error > 0.0]
    return (np.array([s for s, _ in kept]), np.array([e for _, e in kept]))


def _panel(axes: Any, group: Sequence[Entered], order: Sequence[str], quantity: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = []
    for one in group:
        seconds, errors = _positive(one, quantity)
        if not seconds.size:
            continue
        number, no_solver = order.index(one.contestant), bool(suspicions(one))
        colour = SOFT if no_solver else COLOURS[number % len(COLOURS)]
        axes.plot(
            seconds, errors, MARKS[number % len(MARKS)], ls=":" if no_solver else "-", color=colour, ms=4.5,
            lw=2.2 if is_ours(one) else 1.1,
        )  # fmt: skip
        _floor(axes, one, quantity, colour)
        shown = f"{one.contestant} (no solver)" if no_solver else one.contestant
        ends.append((float(errors[-1]), float(seconds[-1]), shown, colour, is_ours(one)))
    for name, target in targets_of(group):
        if name == quantity:
            axes.axhline(target, color=SOFT, lw=0.7, ls=(0, (6, 4)), zorder=0)
    axes.set_xlabel("seconds, shortest of several calls on one thread")
    axes.set_ylabel(f"error in {NAMES[quantity]}")
    _names(axes, ends)


def _floor(axes: Any, entered: Entered, quantity: str, colour: str) -> None:
    """The mean W1 of as many independent draws, beside the errors of particles."""
    known = [(rung.seconds, rung.floor) for rung in entered.rungs if rung.floor is not None]
    if quantity == "w1" and known:
        axes.plot(*zip(*known, strict=True), ls=(0, (1, 2)), color=colour, lw=1.0, zorder=1)


def _bound(axes: Any, bound: float) -> None:
    """A line at the bound of the reference's error where it lies in the panel, and a shade below."""
    low, high = axes.get_ylim()
    if low < bound < high:
        axes.axhline(bound, color=SOFT, lw=1.2, zorder=0)
        axes.axhspan(low, bound, color=SOFT, alpha=0.12, lw=0, zorder=0)
        axes.set_ylim(low, high)
        words = "bound of the reference's error"
        axes.text(0.01, bound, words, transform=axes.get_yaxis_transform(), va="bottom", fontsize=8, color=SOFT)


def _names(axes: Any, ends: Sequence[tuple[float, float, str, str, bool]]) -> None:
    """Names beside the panel, in the order of the last errors, apart from each other, each led to its curve's end."""
    low, high = (np.log(value) for value in axes.get_ylim())
    left, right = (np.log(value) for value in axes.get_xlim())
    ordered = sorted(ends)
    heights = [(np.log(end[0]) - low) / (high - low) for end in ordered]
    for height, (error, seconds, name, colour, ours) in zip(_spread(heights), ordered, strict=True):
        start = ((np.log(seconds) - left) / (right - left), (np.log(error) - low) / (high - low))
        axes.annotate(
            "", start, (1.02, height), xycoords="axes fraction", textcoords="axes fraction", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.5, "shrinkA": 0, "shrinkB": 3},
        )  # fmt: skip
        axes.text(
            1.03, height, name, transform=axes.transAxes, va="center", ha="left", fontsize=9, color=colour,
            weight="bold" if ours else "normal", parse_math=False,
        )  # fmt: skip


def _spread(heights: Sequence[float]) -> list[float]:
    """Increasing heights moved as little as keeps them apart, around their middle where they are many."""
    groups: list[tuple[float, int]] = []  # middles of runs of names that touch, and how many they are
    for height in heights:
        middle, many = height, 1
        while groups and middle - groups[-1][0] < 0.5 * _APART * (many + groups[-1][1]):
            other, more = groups.pop()
            middle, many = (middle * many + other * more) / (many + more), many + more
        groups.append((middle, many))
    return [middle + (k - 0.5 * (many - 1)) * _APART for middle, many in groups for k in range(many)]
