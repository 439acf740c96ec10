"""Study: a table of errors against a refinement, with the rate, its confidence interval and a verdict.

The rate is the slope of ln(mean error) over ln(refinement), by least squares weighted with the sampling errors of the
means. The relative spread sd(W1)/E W1 does not depend on M (0.36 for a normal law, 0.76 for two points), so it is
pooled over the levels; single runs are noise, and logarithms of single runs are biased.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from particles.base.errors import InputError

Z95 = 1.959963984540054  # normal quantile of 0.975: the intervals that are shown
Z999 = 3.290526731491894  # of 0.9995: the intervals that a verdict rests on, wrong in one study of a thousand by chance


@dataclass(frozen=True)
class Row:
    """One level of refinement.

    Parameters
    ----------
    level : float
        The refinement: particles, cells, ...
    replicates : int
        Independent repetitions.
    error, deviation : float
        Mean and standard deviation of the error over the replicates.
    reference : float, optional
        The exact expectation of the error, where theory gives it.
    also : dict
        What else was found at this level, by name: further columns of the table, the same in every row.
    """

    level: float
    replicates: int
    error: float
    deviation: float
    reference: float | None = None
    also: dict[str, float] = field(default_factory=dict)

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval of the mean."""
        return Z95 * self.deviation / math.sqrt(self.replicates)


@dataclass(frozen=True)
class Interval:
    """An estimate with the half width of its 95 % interval."""

    estimate: float
    half_width: float

    def contains(self, value: float) -> bool:
        """True if the value lies in the 95 % interval."""
        return abs(value - self.estimate) <= self.half_width

    def allows(self, value: float) -> bool:
        """True if the value lies in the 99.9 % interval, as a verdict asks: chance fails it once in a thousand."""
        return abs(value - self.estimate) <= self.half_width * Z999 / Z95

    def __str__(self) -> str:
        return f"{self.estimate:.4f} +- {self.half_width:.4f}"


@dataclass(frozen=True)
class Check:
    """One claim of a study, what was found, and whether it holds."""

    claim: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Study:
    """A finished study.

    Parameters
    ----------
    name, case, refinement, quantity : str
        What was studied, on which case, against which refinement, which error.
    rows : tuple of Row
    slope : Interval, optional
        Of ln(mean error) over ln(refinement).
    constant : Interval, optional
        Mean of error/reference over the levels: 1 where theory is right.
    expected_slope : float
    checks : tuple of Check
        The claims; the verdict holds if all do.
    reference : str
        What the rows' `reference` is, in two or three words.
    refusal : str, optional
        Why the data cannot tell, and what it would take: then there is no verdict.
    remarks : tuple of str
        Sentences that stand below the table.
    extra : dict
        What else a program needs: cells and error of the PDE, rows of measured data, ...
    provenance : dict
    """

    name: str
    case: str
    refinement: str
    quantity: str
    rows: tuple[Row, ...]
    slope: Interval | None
    constant: Interval | None
    expected_slope: float
    checks: tuple[Check, ...]
    reference: str = "theory"
    refusal: str | None = None
    remarks: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """True if the data can tell, and every claim holds."""
        return self.refusal is None and all(check.holds for check in self.checks)

    @property
    def verdict(self) -> str:
        """In words: holds, DOES NOT HOLD, or why there is none."""
        if self.refusal is not None:
            return f"none: {self.refusal}"
        return "holds" if self.holds else "DOES NOT HOLD"


def pooled_spread(rows: Sequence[Row]) -> float:
    """Relative standard deviation sd/mean of one replicate, pooled over the levels."""
    freedom = np.array([row.replicates - 1.0 for row in rows])
    squares = np.array([(row.deviation / row.error) ** 2 for row in rows])
    return float(np.sqrt((freedom * squares).sum() / freedom.sum()))


def fit_slope(rows: Sequence[Row]) -> Interval:
    """Slope of ln(error) over ln(level), weighted by the sampling errors, with its 95 % interval.

    Raises
    ------
    InputError
        With fewer than three levels, or a level without at least two replicates and a positive error.
    """
    if len(rows) < 3:
        raise InputError(f"{len(rows)} levels are too few for a slope: give at least 3")
    if not all(row.replicates >= 2 and row.error > 0.0 and row.deviation > 0.0 for row in rows):
        raise InputError("every level needs at least 2 replicates and a positive error with a spread")
    x = np.log([row.level for row in rows])
    y = np.log([row.error for row in rows])
    weight = np.array([row.replicates for row in rows]) / pooled_spread(rows) ** 2
    centred = x - (weight * x).sum() / weight.sum()
    spread = (weight * centred**2).sum()
    return Interval(float((weight * centred * y).sum() / spread), Z95 / math.sqrt(spread))


def fit_constant(rows: Sequence[Row]) -> Interval | None:
    """Weighted mean of error/reference over the levels with its 95 % interval; None without references."""
    known = [(row, row.reference) for row in rows if row.reference is not None]
    if not known:
        return None
    ratio = np.array([row.error / reference for row, reference in known])
    weight = np.array([row.replicates for row, _ in known]) / pooled_spread([row for row, _ in known]) ** 2
    return Interval(float((weight * ratio).sum() / weight.sum()), Z95 / math.sqrt(float(weight.sum())))
