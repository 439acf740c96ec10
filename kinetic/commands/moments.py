"""`python -m kinetic moments CASE`: the closed moments of a case, Figures 1 and 2 of arXiv 2001.04294 as tables."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from particles.base import command
from particles.base.tables import Table, add_format, print_tables

LEVELS = (0.5, 0.1, 0.01)
_ROWS = 9


@dataclass(frozen=True)
class MomentsTable:
    """What the command prints: moments m_0, ..., m_K at each time (Figure 1), variances, answers, and times to levels.

    `findings` are the four notions of Definition 2 on [0, until]; `variance_times` and `energy_times` the first time at
    or below each level, inf for never (Figure 2, Corollary 2).
    """

    case: str
    times: tuple[float, ...]
    moments: tuple[tuple[float, ...], ...]
    variances: tuple[float, ...]
    findings: tuple[dict[str, Any], ...]
    variance_times: dict[float, float]
    energy_times: dict[float, float]


def moments_table(
    case: Any,
    *,
    until: float | None = None,
    order: int = 2,
    times: Sequence[float] | None = None,
    levels: Sequence[float] = LEVELS,
    energy_levels: Sequence[float] | None = None,
) -> MomentsTable:
    """Return moments, variance, notions of Definition 2 and times to levels of a case whose moments are closed.

    `levels`, of the variance, are 1/2, 1/10 and 1/100 unless given, and `energy_levels` the same above the m1(0)^2 that
    a mean-coupled bias keeps. A time after `until` counts for constant and piecewise constant parameters. `times` are 9
    equal steps of [0, until] unless given, and `until` the case's horizon.
    """
    import numpy as np

    from kinetic.moments import moments
    from kinetic.moments.concentration import definition_2
    from kinetic.moments.levels import time_to_level
    from kinetic.moments.spread import variance

    model, end = case.model, case.until if until is None else until
    stops = np.linspace(0.0, end, _ROWS) if times is None else np.asarray(times, dtype=np.float64)
    rows = moments(model, stops, order)
    if energy_levels is None:
        kept = float(moments(model, 0.0, 1)[0, 1]) ** 2 if model.mean_coupled else 0.0
        energy_levels = [kept + level for level in levels]
    search = None if model.piecewise_constant else end
    return MomentsTable(
        case=case.name,
        times=tuple(stops.tolist()),
        moments=tuple(map(tuple, rows.tolist())),
        variances=tuple(variance(model, stops).tolist()),
        findings=tuple(asdict(finding) for finding in definition_2(model, end)),
        variance_times={level: time_to_level(model, level, until=search) for level in levels},
        energy_times={level: time_to_level(model, level, "energy", until=search) for level in energy_levels},
    )


def add_parser(commands: Any) -> None:
    """Add the sub-command `moments` to the parsers of `python -m kinetic`."""
    parser = commands.add_parser("moments", help="closed moments of a case, and when they reach a level")
    command.add_case(parser)
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="end of the table")
    parser.add_argument("--order", type=command.positive_integer, default=2, metavar="K", help="largest (default: 2)")
    parser.add_argument("--times", type=command.finite_float, nargs="+", metavar="T", help="rows of the table")
    parser.add_argument(
        "--levels", type=command.positive_float, nargs="+", default=LEVELS, metavar="L", help="levels of the variance"
    )
    parser.add_argument("--energy-levels", type=command.positive_float, nargs="+", metavar="L", help="of the energy")
    parser.add_argument("--out", metavar="FILE.csv", help="write the table of moments")
    command.add_replace(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(parser)
    parser.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Run the sub-command; returns the exit code."""
    from particles.base.files import check_output_file, write_text
    from particles.model.cases.asked import case_asked

    if arguments.out:
        check_output_file(arguments.out, ".csv", replace=arguments.replace)
    table = moments_table(
        case_asked(arguments),
        until=arguments.until,
        order=arguments.order,
        times=arguments.times,
        levels=arguments.levels,
        energy_levels=arguments.energy_levels,
    )
    names = ["t", *(f"m{k}" for k in range(1, arguments.order + 1)), "V"]
    rows: list[list[float]] = [
        [t, *m[1:], v] for t, m, v in zip(table.times, table.moments, table.variances, strict=True)
    ]
    print(f"{table.case}: {', '.join(names)}")
    for row in rows:
        print(f"{row[0]:10.6g}" + "".join(f"{value:16.9g}" for value in row[1:]))
    for finding in table.findings:
        print(f"{finding['notion']}: {'yes' if finding['holds'] else 'no'}, {finding['reason']}")
    for what, reached in (("variance", table.variance_times), ("energy", table.energy_times)):
        for level, t in reached.items():
            when = "at or below it from the start" if t == 0.0 else f"t = {t:.6f}"
            print(f"{what} {level:g}: " + ("never at or below it" if math.isinf(t) else when))
    if arguments.out:
        lines = (names, *([repr(x) for x in row] for row in rows))
        write_text(arguments.out, "".join(",".join(line) + "\n" for line in lines), replace=arguments.replace)
        print(f"written to {arguments.out}")
    print_tables(arguments, *_tables(table, names, rows))
    if arguments.json:
        command.print_json(_plain(table))
    return 0


def _tables(table: MomentsTable, names: Sequence[str], rows: Sequence[Sequence[float]]) -> list[Table]:
    """Moments, the notions of Definition 2, and the times to levels."""
    notions = tuple((one["notion"], one["holds"], one["reason"]) for one in table.findings)
    times = {"variance": table.variance_times, "energy": table.energy_times}
    reached = tuple((what, level, t) for what, found in times.items() for level, t in found.items())
    return [
        Table(f"{table.case}: moments and variance", tuple(names), tuple(map(tuple, rows))),
        Table(f"{table.case}: Definition 2 of arXiv 2001.04294", ("notion", "holds", "reason"), notions),
        Table(f"{table.case}: first time at or below a level", ("of the", "level", "t"), reached),
    ]


def _plain(table: MomentsTable) -> dict[str, Any]:
    """The table for JSON: levels as rows, null for never."""
    plain = asdict(table)
    for name in ("variance_times", "energy_times"):
        rows = getattr(table, name).items()
        plain[name] = [{"level": level, "time": None if math.isinf(t) else t} for level, t in rows]
    return plain
