"""Study: a table of errors against a refinement, with the rate, its confidence interval and a verdict.

The rate is the slope of ln(mean error) over ln(refinement), by least squares weighted with the sampling errors of the
means. The relative spread sd(W1)/E W1 does not depend on M (0.36 for a normal law, 0.76 for two points), so it is
pooled over the levels; single runs are noise, and logarithms of single runs are biased.

Deterministic errors (replicates 1, deviation 0) have no sampling error: their order is the plain least squares slope,
`fit_order`, and its interval comes from the residuals. These are curvature, the next term of the expansion, rather than
chance, and with few levels Student's interval allows almost anything. So a verdict on an order rests on the finest
three levels and on a cap on the error: `order_checks`.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.base.tables import Table

if TYPE_CHECKING:
    from xarray import Dataset

Z95 = 1.959963984540054  # normal quantile of 0.975: the intervals that are shown
Z999 = 3.290526731491894  # of 0.9995: the intervals that a verdict rests on, wrong in one study of a thousand by chance


@dataclass(frozen=True)
class Row:
    """One level of refinement: particles, cells, ...

    `error` and `deviation` are mean and standard deviation over so many independent `replicates`, `reference` the exact
    expectation of the error, where theory gives it; `also` is what else was found, by name: further columns of the
    table, the same in every row.
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
    """An estimate with half its 95 % interval, which is shown, and half its 99.9 % interval, which a verdict rests on.

    The latter is by default that of a normal law.
    """

    estimate: float
    half_width: float
    half_width_999: float | None = None

    def contains(self, value: float) -> bool:
        """True if the value lies in the 95 % interval."""
        return abs(value - self.estimate) <= self.half_width

    def allows(self, value: float) -> bool:
        """True if the value lies in the 99.9 % interval, as a verdict asks: chance fails it once in a thousand."""
        return abs(value - self.estimate) <= self.wide

    @property
    def wide(self) -> float:
        """Half width of the 99.9 % interval."""
        return self.half_width * Z999 / Z95 if self.half_width_999 is None else self.half_width_999

    def both(self) -> str:
        """The estimate with the 95 % interval and with that which a verdict rests on."""
        return f"{self}, 99.9 %: [{self.estimate - self.wide:.4f}, {self.estimate + self.wide:.4f}]"

    def __str__(self) -> str:
        return f"{self.estimate:.4f} +- {self.half_width:.4f}"


@dataclass(frozen=True)
class Check:
    """One claim of a study, what was found, and whether it holds."""

    claim: str
    found: str
    holds: bool

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}: {self.claim}: {self.found}"


@dataclass(frozen=True, kw_only=True, repr=False)
class Study(Shown):
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
    one_sided : bool
        Theory gives the order from below alone: the error may fall faster.
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

    Examples
    --------
    >>> from particles.model import cases
    >>> from validation import LayersStudy
    >>> study = LayersStudy(cases["regression"], levels=[25, 50, 100], count=1000).run()
    >>> study.refinement, study.quantity, study.holds
    ('layers L', 'W1(L layers, exact flow) at t = 2', True)
    >>> print(study.checks[0])
    holds: slope over the last three levels is -1 within 0.05: -1.0077
    >>> frame = study.to_frame()
    >>> frame.index.name, list(frame.columns[:6])
    ('layers L', ['replicates', 'error', 'deviation', 'half_width', 'reference', 'ratio'])
    >>> print(f"{frame.loc[100, 'ratio']:.4f}")
    1.0036
    """

    name: str
    case: str
    refinement: str
    quantity: str
    rows: tuple[Row, ...]
    slope: Interval | None
    constant: Interval | None = None
    expected_slope: float
    checks: tuple[Check, ...]
    reference: str = "theory"
    one_sided: bool = False
    refusal: str | None = None
    remarks: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("name", self.name), ("case", self.case), ("levels", len(self.rows)))
        yield from [] if self.slope is None else [("slope", self.slope.estimate)]
        yield "verdict", self.verdict

    def _tables(self) -> tuple[Table, ...]:
        from validation.report.table import tables

        return tables(self)

    def columns(self) -> dict[str, list[float]]:
        """The rows by column: replicates, error, deviation, half_width (95 %), reference, ratio, what else was found.

        NaN where theory tells no reference.
        """
        rows = self.rows
        known = [math.nan if row.reference is None else row.reference for row in rows]
        found: dict[str, list[float]] = {
            "replicates": [row.replicates for row in rows],
            "error": [row.error for row in rows],
            "deviation": [row.deviation for row in rows],
            "half_width": [row.half_width for row in rows],
            "reference": known,
            "ratio": [row.error / value if value else math.nan for row, value in zip(rows, known, strict=True)],
        }
        return found | {name: [row.also[name] for row in rows] for name in (rows[0].also if rows else ())}

    def to_frame(self) -> Any:
        """Return the rows as a `pandas.DataFrame`, indexed by the refinement; `columns` says which columns there are.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError:
            raise InputError("to_frame() needs pandas: python -m pip install pandas") from None
        frame = pandas.DataFrame(self.columns(), index=pandas.Index(self._levels, name=self.refinement))
        frame.attrs.update(self._about)
        return frame

    def to_xarray(self) -> Dataset:
        """Return the `columns` over "level", the refinement; verdict, slope and the like as attributes."""
        import xarray

        level = ("level", self._levels, {"long_name": self.refinement})
        data = {name: ("level", column) for name, column in self.columns().items()}
        return xarray.Dataset(data, {"level": level}, self._about)

    @property
    def _levels(self) -> list[float]:
        return [row.level for row in self.rows]

    @property
    def _about(self) -> dict[str, Any]:
        told = {
            name: getattr(self, name) for name in ("name", "case", "refinement", "quantity", "verdict", "reference")
        }
        slope = {} if self.slope is None else {"slope": self.slope.estimate, "slope_half_width": self.slope.half_width}
        return told | slope | {"expected_slope": self.expected_slope, "provenance": json.dumps(self.provenance)}

    @property
    def measured(self) -> str:
        """The slope beside its theory, with the intervals that a verdict rests on where there is chance."""
        if self.slope is None:
            return ""
        chance = any(row.replicates > 1 for row in self.rows)
        theory = f"order at least {abs(self.expected_slope):g}" if self.one_sided else f"{self.expected_slope:g}"
        return f"slope {self.slope.both() if chance else self.slope}, theory {theory}"

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
    """Relative standard deviation sd/mean of one replicate, pooled over the levels.

    InputError where a level has not at least two replicates and a positive error with a spread.
    """
    for row in rows:
        if not (row.replicates >= 2 and row.error > 0.0 and row.deviation > 0.0):
            raise InputError(
                f"level {row.level:g} has {row.replicates} replicates, error {row.error:g} and deviation"
                f" {row.deviation:g}: every level needs at least 2 replicates and a positive error with a spread"
            )
    freedom = np.array([row.replicates - 1.0 for row in rows])
    squares = np.array([(row.deviation / row.error) ** 2 for row in rows])
    return float(np.sqrt((freedom * squares).sum() / freedom.sum()))


def fit_slope(rows: Sequence[Row]) -> Interval:
    """Slope of ln(error) over ln(level), weighted by the sampling errors, with its 95 % interval.

    InputError with fewer than three levels, and as `pooled_spread`.
    """
    _enough(rows)
    x = np.log([row.level for row in rows])
    y = np.log([row.error for row in rows])
    weight = np.array([row.replicates for row in rows]) / pooled_spread(rows) ** 2
    centred = x - (weight * x).sum() / weight.sum()
    spread = (weight * centred**2).sum()
    return Interval(float((weight * centred * y).sum() / spread), Z95 / math.sqrt(spread))


def fit_constant(rows: Sequence[Row]) -> Interval | None:
    """Weighted mean of error/reference with its 95 % interval, None without references; errors as `pooled_spread`."""
    known = [(row, row.reference) for row in rows if row.reference is not None]
    if not known:
        return None
    ratio = np.array([row.error / reference for row, reference in known])
    weight = np.array([row.replicates for row, _ in known]) / pooled_spread([row for row, _ in known]) ** 2
    return Interval(float((weight * ratio).sum() / weight.sum()), Z95 / math.sqrt(float(weight.sum())))


def fit_order(rows: Sequence[Row]) -> Interval:
    """Slope of ln(error) over ln(level) of deterministic errors, with Student intervals from the residuals.

    Plain least squares; the residuals have n - 2 degrees of freedom for n levels. The sign is the slope's: -3 over
    cells, 1 over a step size. InputError with fewer than three levels, a level of several replicates, or an error that
    is not positive.
    """
    _enough(rows)
    _deterministic(rows)
    from scipy.special import stdtrit  # quantile of Student's law

    x = np.log([row.level for row in rows])
    y = np.log([row.error for row in rows])
    centred = x - x.mean()
    spread = float((centred**2).sum())
    slope = float((centred * y).sum()) / spread
    freedom = len(rows) - 2
    residuals = y - y.mean() - slope * centred
    deviation = math.sqrt(float((residuals**2).sum()) / freedom / spread)
    return Interval(slope, deviation * float(stdtrit(freedom, 0.975)), deviation * float(stdtrit(freedom, 0.9995)))


def successive_orders(rows: Sequence[Row]) -> tuple[float, ...]:
    """Slope of ln(error) over ln(level) between each level and the next, of any number; errors as `fit_order`."""
    _deterministic(rows)
    return tuple(math.log(b.error / a.error) / math.log(b.level / a.level) for a, b in pairwise(rows))


def ratio_at_zero(rows: Sequence[Row], step: Callable[[Row], float]) -> float:
    """error/reference where the step is 0, from the last two levels by a straight line in it (the next power)."""
    (a, x), (b, y) = [(step(row), row.error / row.reference) for row in rows[-2:] if row.reference]
    return float((y * a - x * b) / (a - b))


def order_checks(rows: Sequence[Row], expected: float, *, band: float, cap: float) -> tuple[Check, Check]:
    """What a verdict on an order asks of deterministic errors: the order itself, and a cap on the error.

    The slope over the last three levels must lie within `band` of the expected one on either side, so that coarse
    levels, where the next term of the expansion still shows, do not count; and the last error must not exceed `cap`,
    so that a wrong constant does not pass for convergence. Levels go from coarse to fine. Errors as `fit_order`.
    """
    slope = fit_order(rows[-3:]).estimate
    last = rows[-1].error
    return (
        Check(f"slope over the last three levels is {expected:g} within {band:g}", f"{slope:.4f}",
              abs(slope - expected) <= band),
        Check(f"last error is at most {cap:.2e}", f"{last:.2e}", last <= cap),
    )  # fmt: skip


def _enough(rows: Sequence[Row]) -> None:
    if len(rows) < 3:
        raise InputError(f"{len(rows)} levels are too few for a slope: give at least 3")


def _deterministic(rows: Sequence[Row]) -> None:
    for row in rows:
        if row.replicates != 1 or row.deviation != 0.0 or not row.error > 0.0:
            raise InputError(
                f"level {row.level:g} has {row.replicates} replicates, error {row.error:g} and deviation"
                f" {row.deviation:g}: an order is fitted to single positive errors without a spread"
            )
