"""`python -m kinetic run CASE --out FILE.nc`: solve the equation of a case and keep the record."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable
from typing import Any

from kinetic.schemes import SCHEMES
from particles.base import command
from particles.base.errors import plain
from particles.base.terminal import say

THIN = 1e-9
"""Mass near an end of the grid, where no wall is, that is worth a sentence."""
_ARRAYS = 40
"""Arrays of the length of the grid that the hungriest scheme holds, imex."""
NEGATIVE = -1e-14
"""A cell average below this share of the largest is no rounding."""


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    run = commands.add_parser("run", help="solve the equation of a case", description=execute.__doc__)
    run.add_argument("case", metavar="CASE", help="a name (python -m validation cases) or a TOML file")
    run.add_argument("--out", required=True, metavar="FILE.nc", help="record to write (netCDF)")
    command.add_replace(run)
    run.add_argument("--cells", type=command.positive_integer, metavar="N", help="cells of the grid")
    run.add_argument(
        "--domain", type=command.finite_float, nargs=2, metavar=("LO", "HI"),
        help="ends of the grid (default: the case's, or by its tails)",
    )  # fmt: skip
    run.add_argument("--until", type=command.positive_float, metavar="T", help="end of the run")
    run.add_argument("--times", type=command.finite_float, nargs="+", metavar="T", help="further times to keep")
    run.add_argument(
        "--scheme", choices=tuple(SCHEMES), default="explicit",
        help="explicit: CWENO3, third order (default); imex: the same with implicit diffusion, for fine grids;"
        " chang-cooper: second order, positive, for long times; the last two need noise",
    )  # fmt: skip
    run.add_argument(
        "--residual", type=command.positive_float, metavar="R",
        help="end early where the density changes by less than R a unit of time, in L1",
    )  # fmt: skip
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    run.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Solve the mean-field equation of a case, with noise its Fokker-Planck equation, and keep the record."""
    from kinetic import Grid, cautions, domain, solve
    from kinetic.limit import initial_law
    from kinetic.solve import stored_times
    from particles.base.files import check_output_file
    from particles.base.locks import claimed
    from particles.base.memory import require_memory
    from particles.base.progress import progress_bar
    from particles.model import load_case
    from particles.model.cases.copy import case_files, packed

    case = load_case(arguments.case)
    about = {"case": arguments.case, "copy": packed(*case_files(arguments.case))}
    until = case.until if arguments.until is None else arguments.until
    times = [t for t in case.times if t <= until] if arguments.times is None else arguments.times
    stored_times(0.0, until, times)
    check_output_file(arguments.out, ".nc", replace=arguments.replace)
    ends = arguments.domain or case.domain or domain(case.model, until)
    grid = Grid(*ends, cells=case.cells if arguments.cells is None else arguments.cells)
    require_memory(f"cells = {grid.cells}", 8.0 * grid.cells * (_ARRAYS + len(times)))
    initial_law(case.model, grid)
    foreseen = cautions(case.model, grid, until)
    with claimed(arguments.out):
        with progress_bar(f"kinetic: {case.name}") as progress:
            solution = solve(
                case.model, grid, SCHEMES[arguments.scheme], until=until, times=times, residual=arguments.residual,
                progress=lambda t: progress(t / until), heed=lambda cautions: _say([*foreseen, *cautions]),
            )  # fmt: skip
        found = [*foreseen, *solution.provenance["cautions"]]
        solution = dataclasses.replace(solution, provenance={**about, **solution.provenance, "cautions": found})
        solution.save(arguments.out, replace=arguments.replace)
    _say(_remarks(case.model, solution))
    print(f"{case.name}: {grid.cells} cells on [{grid.lo:g}, {grid.hi:g}], {solution.steps} steps to t = {until:g}")
    rows = [_row(solution, t) for t in solution.times]
    for row in rows:
        low, high = row["atoms"]
        ends_held = f", atoms {low:.8f} at {grid.lo:g}, {high:.8f} at {grid.hi:g}" if case.model.nu2 == 0.0 else ""
        print(f"t = {row['time']:g}: mass {row['mass']:.15f}, mean {row['mean']:.8f}{ends_held}")
    if solution.stopped:
        print(f"ended at t = {solution.times[-1]:g}: at rest to {arguments.residual:g}")
    print(plain(f"written to {arguments.out}"))
    if arguments.json:
        told = {"case": case.name, "out": arguments.out, "cells": grid.cells, "domain": [grid.lo, grid.hi]}
        command.print_json({**told, "steps": solution.steps, "lowest": solution.lowest, "snapshots": rows})
    return 0


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        say("kinetic", sentence)


def _remarks(model: Any, solution: Any) -> list[str]:
    """Return what a person should know of a finished run."""
    from kinetic import tail_masses

    found = []
    if solution.lowest < NEGATIVE * float(solution.averages.max()):
        found.append(f"a cell average went down to {solution.lowest:.3g} at t = {solution.lowest_at:.3g}")
    if model.nu2 > 0.0:
        for end, mass, free in zip(
            (solution.grid.lo, solution.grid.hi), tail_masses(solution), _free_ends(model, solution.grid), strict=True
        ):
            if free and mass > THIN:
                found.append(f"mass up to {mass:.3g} lay next to the end of the grid at {end:g}: it may be too narrow")
    return found


def _free_ends(model: Any, grid: Any) -> tuple[bool, bool]:
    """Whether an end of the grid cuts the line: no wall there, and not the zero of K = x."""
    low, high = model.ends
    return grid.lo > low and not (model.diffusion.half_line and grid.lo == 0.0), grid.hi < high


def _row(solution: Any, t: float) -> dict[str, Any]:
    measure = solution.at(t)
    return {
        "time": t,
        "mass": solution.mass(t),
        "atoms": measure.masses.tolist(),
        "mean": float(measure.mean[0]),
        "variance": float(measure.variance[0]),
    }
