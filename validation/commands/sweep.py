"""`python -m validation sweep CASE KEY=VALUES ... --out DIR`: a case over a grid of values of its own file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import add_format, print_tables
from particles.base.terminal import say

if TYPE_CHECKING:
    from validation.sweep.axes import Axis
    from validation.sweep.point import Point
    from validation.sweep.record import Sweep

CELLS = 800


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    from particles.commands.options import add_scheme_options
    from validation.commands.budget import add_grid_options

    sweep = commands.add_parser("sweep", help="a case over a grid of its values", description=execute.__doc__)
    command.add_case(sweep)
    sweep.add_argument(
        "axes",
        nargs="+",
        metavar="KEY=VALUES",
        help="LOW:HIGH:COUNT, LOW:HIGH:COUNT:log, or values with commas",
    )
    sweep.add_argument("--count", type=command.positive_integer, metavar="M", help="particles a point, such as 1e5")
    add_scheme_options(sweep)
    sweep.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    sweep.add_argument("--times", type=command.finite_float, nargs="+", metavar="T", help="default: the case's")
    sweep.add_argument("--seed", type=command.seed, default=0, help="of every point: 0 to 2**32 - 1 (default: 0)")
    add_grid_options(sweep)
    sweep.add_argument("--no-equation", action="store_true", help="leave the equation out")
    sweep.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(sweep)
    sweep.add_argument("--resume", action="store_true", help="go on with a sweep that was stopped, from DIR.points")
    sweep.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(sweep)
    sweep.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run particles and the equation at every point, and keep their moments and distance as one netCDF, with a plot.

    The equation is solved on the line, and in the plane where --cells is given. Every point is checked before the first
    is run; under mpirun points are dealt round the ranks, and the result does not depend on how many these are. Points
    are kept in DIR.points until all are there: with --resume a sweep that was stopped goes on from them, and one that
    is finished says so.
    """
    from particles.base.files import check_output_folder, new_folder
    from validation.sweep.axes import axes_of
    from validation.sweep.finished import finished
    from validation.sweep.kept import Kept
    from validation.sweep.record import FILES, NETCDF, PLOT

    axes = axes_of(arguments.axes)
    points = _points(arguments, axes)
    check_output_folder(arguments.out, FILES, replace=arguments.replace or arguments.resume)
    kept = Kept.beside(arguments.out)
    if not arguments.resume:
        kept.require_none()
    elif (stored := finished(arguments.out, axes, points, may_go=arguments.replace)) is not None:
        if command.launched_rank() == 0:
            kept.remove()  # a kill between storing and this left them
            _tell(arguments, stored, f"this sweep is finished, and stored in {arguments.out}/{NETCDF}")
        return 0

    from particles.base import parallel
    from particles.base.progress import progress_bar
    from validation.sweep.point import carry_out

    def publish() -> None:
        from validation.sweep_figures import draw_sweep

        with new_folder(arguments.out, FILES, replace=arguments.replace) as folder:
            sweep.save(folder / NETCDF)
            draw_sweep(sweep, folder / PLOT)
        kept.remove()

    ranks = parallel.world()
    with ranks.claimed(arguments.out), kept.told_if_stopped(len(points)):
        held = ranks.on_first(lambda: kept.found(points) if arguments.resume else {})
        tasks = [(k, point) for k, point in enumerate(points) if k not in held]
        with progress_bar(f"sweep: {arguments.case}") as progress:
            with ranks.one_rank_a_node_first():
                first = [carry_out(point) for _, point in tasks[:1]]  # all ranks: what it compiles serves all points
            if ranks.rank == 0 and tasks:
                kept.keep(*tasks[0], first[0])
            found = first + ranks.deal(tasks[1:], lambda task: kept.keep(*task, carry_out(task[1])), progress=progress)
        numbers = [k for k, _ in tasks]
        whole = held | dict(zip(numbers, found, strict=True))
        sweep = _sweep(arguments, axes, points, tuple(whole[k] for k in range(len(points))))
        ranks.on_first(publish)
    if command.launched_rank() == 0:
        _tell(arguments, sweep, f"written to {arguments.out}/{NETCDF}, drawn in {arguments.out}/{PLOT}")
    return 0


def _tell(arguments: argparse.Namespace, sweep: Sweep, line: str) -> None:
    """Print all of a sweep, and a line that says where it is."""
    _show(sweep)
    print(plain(line))
    table = sweep.table()
    print_tables(arguments, table)
    if arguments.json:
        rows = [dict(zip(table.heads, map(_finite, row), strict=True)) for row in table.rows]
        command.print_json({"case": sweep.case, "points": rows, "remarks": list(sweep.remarks)})


def _points(arguments: argparse.Namespace, axes: tuple[Axis, ...]) -> list[Point]:
    """All points, each checked; InputError that names the one which cannot be run."""
    from particles.commands.options import scheme_of, snapshots_of
    from particles.model import load_case
    from particles.model.cases.changed import settings_of
    from particles.run import Run
    from validation.sweep.axes import points_of
    from validation.sweep.point import Point

    fixed = settings_of(arguments.set)
    for axis in axes:
        if axis.key in fixed:
            raise InputError(f"{axis.key} is swept, and set by --set: allowed is one of both")
    found: list[Point] = []
    until, times = 0.0, list(arguments.times or ())
    for settings in points_of(axes):
        case = load_case(arguments.case, {**fixed, **settings})
        scheme = scheme_of(arguments, case)
        if not found:
            until = arguments.until or case.until
            times = times or snapshots_of(case, scheme, until)
        elif case.model.size != found[0].case.model.size or (arguments.until or case.until) != until:
            raise InputError(f"{case.name}: allowed are values that leave the number of features and the horizon alone")
        run = Run(count=arguments.count or case.count, until=until, times=times, seed=arguments.seed)
        run.check(case.model, scheme)
        found.append(Point(case, scheme, run, *_equation(arguments, case, until)))
    return found


def _equation(arguments: argparse.Namespace, case: Any, until: float) -> tuple[Any, Any]:
    """Grid and scheme of a case's equation, or (None, None) where it is not to be solved."""
    from kinetic.schemes import named, require_scheme, suited
    from validation.commands.budget import ends_of
    from validation.sweep.point import grid_of

    size = case.model.size
    if arguments.no_equation or size > 2 or (size == 2 and arguments.cells is None):
        for name in ("cells", "domain", "pde"):
            if getattr(arguments, name) is not None:
                told = "with --no-equation" if arguments.no_equation else f"of {size} features without --cells"
                raise InputError(f"--{name} is for the equation: {told} it is not solved")
        return None, None
    scheme = suited(case.model) if arguments.pde is None else named(arguments.pde, "pde")
    require_scheme(scheme, noisy=case.model.nu2 > 0.0, in_plane=size == 2)
    ends = ends_of(arguments.domain)
    if ends is not None and isinstance(ends[0], tuple) != (size == 2):
        raise InputError(f"--domain of {len(arguments.domain)} numbers: allowed are two, in the plane four")
    try:
        return grid_of(case, until, arguments.cells or CELLS, ends), scheme
    except InputError as error:
        raise InputError(f"{case.name}: {error}; or leave the equation out, --no-equation") from None


def _sweep(arguments: argparse.Namespace, axes: tuple[Axis, ...], points: list[Point], found: Any) -> Sweep:
    from particles.base.provenance import provenance
    from particles.model.cases.asked import case_asked, copy_asked, told_asked
    from particles.model.cases.copy import packed
    from validation.sweep.kept import digest
    from validation.sweep.record import Sweep

    base = case_asked(arguments)
    first = points[0]
    info = {
        "case": told_asked(arguments, base), "copy": packed(*copy_asked(arguments)), "model": base.model.describe(),
        "axes": {axis.key: list(axis.values) for axis in axes}, "count": first.run.count, "seed": first.run.seed,
        "points": digest(points),
        "scheme": repr(first.scheme), "equation": None if first.equation is None else first.equation.describe(),
        "cells": None if first.grid is None else arguments.cells or CELLS, **provenance(),
    }  # fmt: skip
    distance = "W1" if base.model.size == 1 else "sliced W1"
    return Sweep(case=base.name, axes=axes, times=tuple(first.run.stops), points=found, distance=distance, info=info)


def _show(sweep: Sweep) -> None:
    """Print a row a point, and what failed."""
    from particles.base.tables import plain_number

    table = sweep.table()
    print(plain(f"{table.title}, {sweep.info['count']} particles a point, {sweep.info['scheme']}"))
    lines = [list(table.heads), *([plain_number(cell) for cell in row] for row in table.rows)]  # type: ignore[arg-type]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    for remark in sweep.remarks:
        say("validation", remark)


def _finite(cell: Any) -> Any:
    """JSON knows no NaN: null."""
    return None if isinstance(cell, float) and cell - cell != 0.0 else cell
