"""`python -m validation compare CLOUD SOLUTION`: how far apart they are, and how far they should be."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import Table, add_format, of_values, print_tables

if TYPE_CHECKING:
    from validation.distance.comparison import Comparison
    from validation.distance.over_time import OverTime
    from validation.distance.pair import Distance
    from validation.distance.plane_comparison import PlaneComparison

_NAMES, _WIDTH = 13, 12  # of the columns


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    compare = commands.add_parser(
        "compare", help="W1 between a cloud and a solution, on the line or in the plane", description=execute.__doc__
    )
    compare.add_argument("cloud", metavar="DIR|FILE.nc", help="folder of a particle run; or any two records of a kind")
    compare.add_argument(
        "solution", metavar="FILE.nc|DIR", help="file of a PDE solution; or another record of the first's kind"
    )
    compare.add_argument("--time", type=_time, metavar="T|all", help="by default the last common one; all: every one")
    compare.add_argument("--plot", metavar="FILE", help="with --time all, a new file .svg, .png or .pdf: over time")
    command.add_replace(compare, "--plot")
    compare.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(compare)
    compare.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Print W1 between a cloud and a solution, what it should be, and whether the two differ by more than sampling.

    Two clouds or two solutions too, by their distance alone; with --time all over all times that both hold. Ends with
    1 where they do.
    """
    if arguments.plot is not None and arguments.time != _ALL:
        raise InputError(f"--plot draws over time: allowed with --time {_ALL}")
    one, other = Path(arguments.cloud), Path(arguments.solution)
    if arguments.time == _ALL or (one.is_dir() and other.is_dir()) or (one.is_file() and other.is_file()):
        return _over_time(arguments)
    _check_places(one, other)

    from kinetic.record import load as load_solution
    from particles.trajectory import load as load_cloud
    from validation.distance.comparison import Comparison, compare

    cloud, solution = load_cloud(arguments.cloud), load_solution(arguments.solution)
    result = compare(cloud, solution, time=arguments.time)
    title = f"t = {result.time:g}, {result.count} particles against {solution.grid.told}"
    print(title)
    lines = _lines(result) if isinstance(result, Comparison) else _plane_lines(result)
    wide = max(_NAMES, *(len(name) + 2 for name, _, _ in lines))
    for name, value, meaning in lines:
        print(f"{name:<{wide}}{'not known' if value is None else value:<{_WIDTH}}   {meaning}")
    for remark in result.remarks:
        print(f"note: {remark}")
    judged = {None: "", True: "holds: ", False: "does not hold: "}[result.holds]
    print(f"verdict: {judged}{result.verdict}")
    if result.detectable is not None:
        print(f"power: a distance above {result.detectable:.2e} would be seen with 95 % power (5 % false alarms)")
    print_tables(arguments, of_values(title, dataclasses.asdict(result)))
    if arguments.json:
        command.print_json(dataclasses.asdict(result))
    return 1 if result.holds is False else 0


_ALL = "all"


def _time(text: str) -> float | str:
    """Read a finite number, or the word for every time."""
    return _ALL if text == _ALL else command.finite_float(text)


def _over_time(arguments: argparse.Namespace) -> int:
    from particles.base.files import check_output_file
    from particles.base.progress import progress_bar
    from validation.distance.over_time import over_time
    from validation.distance.pair import pair_of
    from validation.distance.records import load_record, told_of
    from validation.figures import FORMS
    from validation.time_figures import draw_over_time

    if arguments.plot is not None:
        check_output_file(arguments.plot, FORMS, replace=arguments.replace)
    one = isinstance(arguments.time, float)
    pair = pair_of(
        load_record(arguments.cloud), load_record(arguments.solution), times=[arguments.time] if one else None
    )
    if arguments.time is None:
        pair = dataclasses.replace(pair, times=pair.times[-1:])
    with progress_bar("compare") as progress:
        found = over_time(pair, progress)
    title = f"{pair.case_name(Path(arguments.cloud).name)}: {told_of(pair.one)} against {told_of(pair.other)}"
    print(title)
    _print_over_time(found)
    if arguments.plot is not None:
        draw_over_time(found, Path(arguments.plot), title=title, replace=arguments.replace)
        print(f"drawn in {arguments.plot}")
    heads = ("time", found.symbol, "floor", "ratio", "p-value", "PDE error")
    print_tables(arguments, Table(title, heads, tuple(_numbers(row) for row in found.rows)))
    if arguments.json:
        command.print_json(found.to_dict())
    return 1 if found.holds is False else 0


def _print_over_time(found: OverTime) -> None:
    name = found.symbol
    print(f"{'t':>8}  {name:>12}  {'floor':>12}  {name + '/floor':>15}  {'p-value':>8}  {'PDE error':>12}")
    for time, *distances, ratio, p, error in map(_numbers, found.rows):
        cells = [_number(value) or "-" for value in (*distances, error)]
        told = "-" if ratio is None else f"{ratio:.3f}"
        print(f"{time:>8g}  {cells[0]:>12}  {cells[1]:>12}  {told:>15}  {_p(p) or '-':>8}  {cells[2]:>12}")
    for remark in found.remarks:
        print(f"note: {remark}")
    judged = {None: "", True: "holds: ", False: "does not hold: "}[found.holds]
    print(f"verdict: {judged}{found.verdict}")


def _numbers(row: Distance) -> tuple[float | None, ...]:
    return row.time, row.w1, row.floor, row.ratio, row.p_value, row.pde_error


def _check_places(cloud: Path, solution: Path) -> None:
    """Refuse arguments that are the wrong way round, or not what they should be."""
    wanted = "compare wants the folder of a particle run, then the .nc file of a PDE solution, or two of a kind"
    if cloud.is_file() and solution.is_dir():
        raise InputError(f"{wanted}: here they are the wrong way round")
    for path, right, kind in ((cloud, cloud.is_dir(), "folder"), (solution, solution.is_file(), "file")):
        if not right:
            reason = f"is no {kind}" if path.exists() else "does not exist"
            raise InputError(f"{path} cannot be read, it {reason}: {wanted}")


def _lines(result: Comparison) -> list[tuple[str, str | None, str]]:
    ratio = None if result.ratio is None else f"{result.ratio:.3f}"
    return [
        ("W1", _number(result.w1), "exact integral of abs(F_M - F)"),
        ("W1", _number(result.w1_pot), "POT, the density replaced by quantile points"),
        ("floor", _number(result.floor), "mean W1 of as many points of this start"),
        ("W1/floor", ratio, "1 on average where sampling is all"),
        ("p-value", _p(result.p_value), "chance that independent draws are as far away, by W1"),
        ("Kolmogorov", _number(result.kolmogorov), "largest difference of the distribution functions"),
        ("p-value", _p(result.kolmogorov_p), "the same by the Kolmogorov distance"),
        ("PDE error", _number(result.pde_error), "W1 of the solution to the exact law, or to half the cells"),
    ]


def _plane_lines(result: PlaneComparison) -> list[tuple[str, str | None, str]]:
    ratio = None if result.ratio is None else f"{result.ratio:.3f}"
    yardsticks = [
        ("floor", _number(result.floor), f"exact mean of sliced W1 of as many draws of {result.law}"),
        ("W1/floor", ratio, "sliced W1 over it: 1 on average where sampling is all"),
        ("lower bound", _number(result.lower_bound), "of W1 itself, by all of them"),
    ]
    lines, other = [], "half the cells" if result.law == "the solution" else result.law
    for name, distance in result.distances.items():
        lines.append((name, _number(distance), _MEANINGS.get(name, "exact integral of abs(F_M - F)")))
        lines.append(("  p-value", _p(result.p_values.get(name)), "chance that independent draws are as far away"))
        lines.append(("  PDE error", _number(result.pde_errors.get(name)), f"the same of the solution to {other}"))
    return lines[:3] + yardsticks[:2] + lines[3:] + yardsticks[2:]


_MEANINGS = {"sliced W1": "mean over 16 directions", "max-sliced W1": "the largest of them"}


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.6e}"


def _p(value: float | None) -> str | None:
    return None if value is None else "< 1e-4" if value < 1e-4 else f"{value:.2g}"
