"""`python -m kinetic run CASE --cells N --out FILE.nc`: solve the mean-field equation of a case and keep the record."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any

from kinetic import moments_command
from particles.base import command


def build_parser() -> command.Parser:
    """Return the parser; its sub-command sets `execute`."""
    parser = command.Parser(prog="kinetic", description="The mean-field equation by CWENO3 finite volumes.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=command.Parser)
    moments_command.add_parser(commands)
    run = commands.add_parser("run", help="solve the equation of a case")
    run.add_argument("case", metavar="CASE", help="a name (python -m validation cases) or a TOML file")
    run.add_argument("--out", required=True, metavar="FILE.nc", help="record to write (netCDF)")
    run.add_argument("--cells", type=command.positive_integer, metavar="N", help="cells of the grid")
    run.add_argument("--domain", type=command.finite_float, nargs=2, metavar=("LO", "HI"), help="ends of the grid")
    run.add_argument("--until", type=command.positive_float, metavar="T", help="end of the run")
    run.add_argument("--times", type=command.finite_float, nargs="+", metavar="T", help="further times to keep")
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    run.set_defaults(execute=execute)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Run the sub-command; returns the exit code."""
    from kinetic import Grid, forecast, solve
    from kinetic.limit import initial_law
    from kinetic.solve import stored_times
    from particles.base.errors import InputError
    from particles.base.files import check_output_file
    from particles.base.progress import progress_bar
    from particles.model import load_case

    case = load_case(arguments.case)
    domain = arguments.domain or case.domain
    if domain is None:
        raise InputError(f"case {case.name!r} has no domain of a one-dimensional equation: give --domain LO HI")
    grid = Grid(*domain, cells=case.cells if arguments.cells is None else arguments.cells)
    until = case.until if arguments.until is None else arguments.until
    times = [t for t in case.times if t <= until] if arguments.times is None else arguments.times
    stored_times(0.0, until, times)
    initial_law(case.model, grid)
    check_output_file(arguments.out, ".nc")
    for sentence in forecast(case.model, grid, until):
        print(f"kinetic: {sentence}", file=sys.stderr)
    with progress_bar(f"kinetic: {case.name}") as progress:
        solution = solve(case.model, grid, until=until, times=times, progress=lambda t: progress(t / until))
    solution = dataclasses.replace(solution, provenance={"case": arguments.case, **solution.provenance})
    solution.save(arguments.out)
    rows = [_row(solution, t) for t in solution.times]
    print(f"{case.name}: {grid.cells} cells on [{grid.lo:g}, {grid.hi:g}], {solution.steps} steps to t = {until:g}")
    for row in rows:
        low, high = row["atoms"]
        ends = f"atoms {low:.8f} at {grid.lo:g}, {high:.8f} at {grid.hi:g}"
        print(f"t = {row['time']:g}: mass {row['mass']:.15f}, mean {row['mean']:.8f}, {ends}")
    print(f"written to {arguments.out}")
    if arguments.json:
        command.print_json(
            {
                "case": case.name,
                "out": arguments.out,
                "cells": grid.cells,
                "domain": [grid.lo, grid.hi],
                "steps": solution.steps,
                "snapshots": rows,
            }
        )
    return 0


def _row(solution: Any, t: float) -> dict[str, Any]:
    measure = solution.at(t)
    return {
        "time": t,
        "mass": solution.mass(t),
        "atoms": measure.masses.tolist(),
        "mean": float(measure.mean[0]),
        "variance": float(measure.variance[0]),
    }


if __name__ == "__main__":
    sys.exit(command.run("kinetic", build_parser))
