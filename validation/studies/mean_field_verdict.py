"""What the rows of a mean-field study say: the claims, or why they cannot tell and what it would take.

A study tells if the 95 % interval of its order has a half width of 0.02 at most, and that of its constant one of 0.05.
Wider ones are a refusal, no failure; but a claim that fails, even so, is a failure.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from validation.studies.followed import SHARE
from validation.studies.propagation import CARRIED
from validation.studies.study import Check, Interval, Row, fit_constant, fit_slope

SLOPE_HALF_WIDTH, CONSTANT_HALF_WIDTH = 0.02, 0.05


def replicates_of(count: int, most: int, work: int) -> int:
    """Clouds of so many particles: `most`, or as many as hold `work` particles, but two."""
    return max(2, min(most, work // count))


def expected_slope(rows: Sequence[Row]) -> float:
    """Slope of the exact means over these levels, weighted as the errors: -1/2 but for what small M add, to 4 digits.

    -1/2 where they are not known.
    """
    exact = [
        dataclasses.replace(row, error=row.reference, deviation=row.reference)
        for row in rows
        if row.reference is not None
    ]
    return round(fit_slope(exact).estimate, 4) if exact else -0.5


def checks(slope: Interval | None, expected: float, constant: Interval | None, symbol: str) -> list[Check]:
    """The two claims on the order and on the constant, each where it was fitted."""
    found = []
    if slope is not None:
        exact = "" if expected == -0.5 else f", of the exact means of these levels {expected:g},"
        claim = f"slope is -1/2{exact} (in the 99.9 % interval; +- is the 95 % one)"
        found.append(Check(claim, slope.both(), slope.allows(expected)))
    if constant is not None:
        claim = f"{symbol}/(exact finite-M mean) is 1 (in the 99.9 % interval; +- is the 95 % one)"
        found.append(Check(claim, constant.both(), constant.allows(1.0)))
    return found


def refusal(rows: Sequence[Row], claims: Sequence[Check], extra: dict[str, Any]) -> str | None:
    """Why the data cannot tell, and what it would take; None where they can, or where they contradict a claim."""
    work = extra["work"]
    if not extra["bias"] < extra["bias_allowed"]:
        return (
            f"the bias of the collisions at eps = {extra['eps']:.3g}, {extra['bias']:.2e}, is above a tenth of the"
            f" smallest floor, {extra['bias_allowed']:.2e}: needs {extra['needed']}, or fewer particles at the largest"
            " level"
        )
    if not rows:
        return (
            f"{extra['symbol']}(PDE, exact law) = {extra['pde_error']:.2e} on {extra['told']} is above a tenth"
            f" of the smallest floor, {extra['pde_error_allowed']:.2e}: needs fewer particles at the largest level"
        )
    wide = _widest(rows)
    if wide is None or not all(claim.holds for claim in claims):
        return None
    name, found = wide
    low, high = found.estimate - found.half_width, found.estimate + found.half_width
    return f"{name} {found.estimate:.2f} [{low:.2f}, {high:.2f}]: too few replicates, needs {_needed(rows, work)}"


def _widest(rows: Sequence[Row]) -> tuple[str, Interval] | None:
    """Of the intervals that are too wide, the one that is so most; None if both are narrow enough."""
    fits = (("order", fit_slope(rows), SLOPE_HALF_WIDTH), ("constant", fit_constant(rows), CONSTANT_HALF_WIDTH))
    wide = [(fit.half_width / most, name, fit) for name, fit, most in fits if fit is not None]
    excess, name, fit = max(wide, key=lambda row: row[0])
    return (name, fit) if excess > 1.0 else None


def _needed(rows: Sequence[Row], work: int) -> str:
    """Replicates a level that make both intervals narrow, within 2 %, as far as `work` lets them grow."""
    most = max(row.replicates for row in rows)
    while most * rows[0].level <= work:
        most = math.ceil(1.02 * most)
        more = [dataclasses.replace(row, replicates=replicates_of(int(row.level), most, work)) for row in rows]
        if _widest(more) is None:
            return f"at least R = {most} a level"
    return f"levels further apart, since a level's clouds hold {work:,} particles at most"


def remarks(extra: dict[str, Any]) -> tuple[str, ...]:
    """Sentences on what stands beside the table: the PDE, measured data, a classification."""
    lines = []
    if extra.get("cells"):
        told = "" if extra["variable"] == "x" else f" of {extra['variable']}"
        lines.append(f"PDE: {extra['told']}{told}, {extra['symbol']} to the exact law {extra['pde_error']:.2e}")
    if extra["eps"] is not None:
        lines.append(
            f"particles: collisions at eps = {extra['eps']:.3g}, {extra['noise']} noise, {extra['steps']} of each on"
            f" average; bias {extra['bias']:.2e}, a part {extra['bias'] / extra['bias_allowed'] * SHARE:.2g} of the"
            " smallest floor"
        )
    if "measured" in extra:
        row = extra["measured"]
        lines.append(
            f"measured data: {row['count']} points, W1 to the PDE of their smoothed law {row['w1']:.4e}"
            f" (as many draws of that law: {row['floor']:.4e} on average)"
        )
    if "classification" in extra:
        row = extra["classification"]
        lines.append(
            f"classification, {row['what']}: {row['wrong']} of {row['of']} wrong, error rate {row['error_rate']:.3f}"
        )
    if extra.get("carried"):
        lines.append(
            f"one cloud: W1(t) to the exact law of a level's first cloud, of {CARRIED:,} particles at most; identity:"
            " how far the integral at its start is off; Dobrushin: W1(t) as a part of the bound"
        )
    return tuple(lines)
