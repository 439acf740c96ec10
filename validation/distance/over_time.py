"""Distance, floor and p-value of two records at all times that both hold, and one verdict over them.

Each of T times has its share 5 %/T of the level (Bonferroni), so that two records of one law are told apart with
probability 5 % at most, however much the times depend on each other.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from particles.base.progress import Report
from particles.base.shown import Shown
from validation.distance.null import LEVEL
from validation.distance.pair import Distance, Pair


@dataclass(frozen=True, kw_only=True, repr=False)
class OverTime(Shown):
    """Two records over time.

    Parameters
    ----------
    symbol : str
        Name of the distance: W1, or in R^d sliced W1.
    rows : tuple of Distance
    holds : bool, optional
        Whether they differ by no more than sampling and the equation's own error explain; None where that is not
        judged.
    verdict : str
        In one sentence.
    remarks : tuple of str
        What else a reader should know.
    """

    symbol: str
    rows: tuple[Distance, ...]
    holds: bool | None
    verdict: str
    remarks: tuple[str, ...] = ()

    @property
    def level(self) -> float:
        """The p-value below which one of the times decides."""
        return LEVEL / len(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the ratio to the floor among them."""
        rows = [{**dataclasses.asdict(row), "ratio": row.ratio} for row in self.rows]
        return {**dataclasses.asdict(self), "rows": rows, "level": self.level}


def over_time(pair: Pair, progress: Report = lambda share: None) -> OverTime:
    """Measure a pair at each of its times, and judge.

    Parameters
    ----------
    pair : Pair
    progress : callable
        Takes the finished share.
    """
    rows = []
    for k, at in enumerate(pair.times):
        rows.append(pair.distance(at, tested=True))
        progress((k + 1) / len(pair.times))
    holds, verdict = _judged(rows, pair.why_not)
    return OverTime(symbol=pair.symbol, rows=tuple(rows), holds=holds, verdict=verdict, remarks=pair.remarks)


def _judged(rows: list[Distance], why_not: str | None) -> tuple[bool | None, str]:
    tested = [(row.p_value, row) for row in rows if row.p_value is not None]
    if why_not is not None or not tested:
        return None, why_not or "no p-value: the law has no mean, so W1 has no meaning"
    least, lowest = min(tested, key=lambda pair: pair[0])
    told = f"the smallest p {'< 1e-4' if least < 1e-4 else f'= {least:.2g}'}, at t = {lowest.time:g}"
    level, many = LEVEL / len(rows), f"{len(rows)} times" if len(rows) > 1 else "one time"
    seen = [row for p, row in tested if p < level]
    if not seen:
        return True, f"indistinguishable from sampling at {many}: {told}"
    verdict = f"differs from sampling at t = {', '.join(f'{row.time:g}' for row in seen)}: {told}"
    if all((row.p_less_error or 0.0) >= level for row in seen):
        return True, f"{verdict}; but by no more than the equation's own error explains"
    return False, verdict
