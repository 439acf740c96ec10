"""`python -m validation compare CLOUD SOLUTION`: how far apart they are, and how far they should be."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from particles.base import command


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    compare = commands.add_parser("compare", help="W1 between a cloud and a solution", description=execute.__doc__)
    compare.add_argument("cloud", metavar="DIR", help="folder of a particle run")
    compare.add_argument("solution", metavar="FILE.nc", help="file of a PDE solution")
    compare.add_argument("--time", type=command.finite_float, metavar="T", help="by default the last common one")
    compare.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    compare.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print W1 between a cloud and a solution by two routes, the sampling floor and the PDE's own error."""
    from kinetic.solution import load as load_solution
    from particles.trajectory import load as load_cloud
    from validation.comparison import compare

    cloud, solution = load_cloud(arguments.cloud), load_solution(arguments.solution)
    result = compare(cloud, solution, time=arguments.time)
    print(f"t = {result.time:g}, {result.count} particles against {solution.grid.cells} cells")
    print(f"W1         {result.w1:.6e}   exact integral of abs(F_M - F)")
    print(f"W1         {result.w1_pot:.6e}   POT, the density replaced by quantile points")
    print(f"floor      {_number(result.floor)}   mean W1 of as many independent draws")
    print(f"PDE error  {_number(result.pde_error)}   W1 of the solution to the exact law, or to half the cells")
    if arguments.json:
        command.print_json(dataclasses.asdict(result))
    return 0


def _number(value: float | None) -> str:
    return "not known   " if value is None else f"{value:.6e}"
