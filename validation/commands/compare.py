"""`python -m validation compare CLOUD SOLUTION`: how far apart they are, and how far they should be."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import add_format, of_values, print_tables

if TYPE_CHECKING:
    from validation.distance.comparison import Comparison
    from validation.distance.plane_comparison import PlaneComparison

_NAMES, _WIDTH = 13, 12  # of the columns


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    compare = commands.add_parser(
        "compare", help="W1 between a cloud and a solution, on the line or in the plane", description=execute.__doc__
    )
    compare.add_argument("cloud", metavar="DIR", help="folder of a particle run")
    compare.add_argument("solution", metavar="FILE.nc", help="file of a PDE solution")
    compare.add_argument("--time", type=command.finite_float, metavar="T", help="by default the last common one")
    compare.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(compare)
    compare.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print W1 between a cloud and a solution, what it should be, and whether the two differ by more than sampling.

    Ends with 1 where they do.
    """
    _check_places(Path(arguments.cloud), Path(arguments.solution))

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


def _check_places(cloud: Path, solution: Path) -> None:
    """Refuse arguments that are the wrong way round, or not what they should be."""
    wanted = "compare wants the folder of a particle run, then the .nc file of a PDE solution"
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
