"""`python -m kinetic run CASE --out FILE.nc`: solve the equation of a case and keep the record."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable
from typing import Any

from kinetic.schemes import WORDS, require_scheme
from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import add_format, of_rows, print_tables
from particles.base.terminal import say

THIN = 1e-9
"""Mass near an end of the grid, where no wall is, that is worth a sentence."""
_MARK = b"simresnet-kinetic"  # that every record begins with
NEGATIVE = -1e-14
"""A cell average below this share of the largest is no rounding."""


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    run = commands.add_parser("run", help="solve the equation of a case", description=execute.__doc__)
    command.add_case(run)
    run.add_argument("--out", required=True, metavar="FILE.nc", help="record to write (netCDF)")
    command.add_replace(run)
    run.add_argument(
        "--cells", type=command.positive_integer, nargs="+", metavar="N",
        help="cells of the grid; with two features in x and in y, or one number for both",
    )  # fmt: skip
    run.add_argument(
        "--domain", type=command.finite_float, nargs="+", metavar="END",
        help="ends LO HI of the grid, with two features of that in x and of that in y (default: the case's, or by its"
        " tails)",
    )  # fmt: skip
    run.add_argument("--until", type=command.positive_float, metavar="T", help="end of the run")
    run.add_argument(
        "--times",
        type=command.finite_float,
        nargs="+",
        metavar="T",
        help="to keep beside the end (default: the case's)",
    )
    run.add_argument(
        "--scheme", choices=tuple(WORDS), default="explicit",
        help="explicit: CWENO3, third order (default); explicit5, explicit7: CWENO5 and CWENO7 on the line, for what is"
        " smooth; imex: CWENO3 with implicit diffusion, for fine grids;"
        " chang-cooper: second order, positive, for long times; well-balanced: the same in the plane, exact at a"
        " known law at rest; all but the first need noise",
    )  # fmt: skip
    run.add_argument(
        "--residual", type=command.positive_float, metavar="R",
        help="end early where the density changes by less than R a unit of time, in L1",
    )  # fmt: skip
    run.add_argument(
        "--resume", action="store_true", help="go on where a checkpoint of this run is, do nothing where it is finished"
    )
    command.add_checkpoints(run)
    run.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(run)
    run.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Solve the mean-field equation of a case, with noise its Fokker-Planck equation, and keep the record.

    Under mpirun ranks share the rows of a case of two features; the record is the same bytes on any number of them.
    SIGUSR1 writes a checkpoint to FILE.nc.checkpoints; SIGTERM writes one and leaves with 75. With --resume one command
    serves the first start and every later one.
    """
    from particles.base.checkpoint import folder_of, require_none
    from particles.base.files import check_output_file
    from particles.base.watch import Checkpoints
    from particles.model.cases.asked import case_asked, copy_asked

    case = case_asked(arguments)
    place, files = copy_asked(arguments)
    check_output_file(arguments.out, ".nc", replace=arguments.replace or arguments.resume, mark=_MARK)
    checkpoints = Checkpoints.of_options(
        folder_of(arguments.out), arguments, resume=arguments.resume, or_begin=True, arguments={"place": place},
        files=files,
    )  # fmt: skip
    require_none(checkpoints)
    return carry(arguments, case, checkpoints)


def carry(arguments: argparse.Namespace, case: Any, checkpoints: Any) -> int:
    """Check a run, carry it out, store it, and tell of it."""
    from kinetic import solve
    from kinetic.perform import kind_of, stored_times
    from particles.base.checkpoint import discard
    from particles.base.files import check_output_file
    from particles.base.progress import progress_bar
    from particles.model.cases.asked import told_asked
    from particles.model.cases.copy import packed

    place = checkpoints.arguments["place"]
    until = case.until if arguments.until is None else arguments.until
    times = [t for t in case.times if t <= until] if arguments.times is None else arguments.times
    stored = stored_times(0.0, until, times)
    if case.model.dim > 2:
        raise InputError(f"case {case.name!r} has {case.model.dim} features: the equation is solved for 1 and 2")
    if case.model.dim == 1 and command.launched_size() > 1:
        raise InputError(f"case {case.name!r} has one feature: its equation is solved by one process, without mpirun")
    scheme = WORDS[arguments.scheme]
    require_scheme(
        scheme, noisy=case.model.nu2 > 0.0, in_plane=case.model.dim > 1, ranks=command.launched_size()
    )  # fmt: skip
    grid, foreseen = (_in_plane if case.model.dim == 2 else _on_line)(case, arguments, until, len(times))
    kind_of(grid).record.require_room(grid, len(stored))
    if arguments.resume:
        finished = _finished(arguments, case.model, grid, scheme, stored)
        if finished is not None:
            if command.launched_rank() == 0:
                discard(checkpoints.folder)  # a kill between storing and this left them
                _tell(case, finished, arguments, until, f"this run is finished, and stored in {arguments.out}")
            return 0
    from particles.base import parallel

    ranks = parallel.world()
    resolved = {"cells": [*grid.shape[::-1]], "domain": _ends(grid), "times": times, "until": until, "place": place}
    words = {name: value for name, value in vars(arguments).items() if name != "execute"}
    checkpoints = dataclasses.replace(checkpoints, arguments={**words, **resolved})

    def check() -> None:
        check_output_file(arguments.out, ".nc", replace=arguments.replace, mark=_MARK)

    with ranks.claimed(arguments.out, check):
        with progress_bar(f"kinetic: {case.name}") as progress:
            solution = solve(
                case.model, grid, scheme, until=until, times=times, residual=arguments.residual,
                progress=lambda t: progress(t / until), heed=lambda cautions: _say([*foreseen, *cautions]),
                comm=ranks, everywhere=False, checkpoints=checkpoints,
            )  # fmt: skip
        if solution is not None:
            found = [*foreseen, *solution.provenance["cautions"]]
            about = {"case": told_asked(arguments, case), "copy": packed(place, checkpoints.files)}
            about |= {"residual": arguments.residual} if arguments.residual is not None else {}
            solution = dataclasses.replace(solution, provenance={**about, **solution.provenance, "cautions": found})
        ranks.on_first(lambda: solution.save(arguments.out, replace=arguments.replace), arguments.out)
        if ranks.rank == 0:
            discard(checkpoints.folder)
    if solution is not None:  # rank 0 has it
        _tell(case, solution, arguments, until, f"written to {arguments.out}")
    return 0


def _finished(arguments: argparse.Namespace, model: Any, grid: Any, scheme: Any, stored: tuple[float, ...]) -> Any:
    """The record of the run that is asked for, or None; another is refused, unless it may go."""
    import os

    from kinetic.record import load
    from particles.base.checkpoint import differing

    if not os.path.exists(arguments.out):
        return None
    record = load(arguments.out)
    own = record.scheme if isinstance(record.scheme, dict) else record.scheme.describe()
    held = {"model": record.provenance.get("model"), "grid": record.grid.describe(), "scheme": own}
    wanted = {"model": model.describe(), "grid": grid.describe(), "scheme": scheme.describe()}
    times, end = list(stored), record.times[-1]
    if record.stopped:  # at rest to a residual, before the horizon
        held["residual"], wanted["residual"] = record.provenance.get("residual"), arguments.residual
        times = [t for t in stored if t < end] + [end] * (stored[-1] > end)
    held, wanted = held | {"times": list(record.times)}, wanted | {"times": times}
    names = differing(held, wanted)
    if names and not arguments.replace:
        raise InputError(f"{arguments.out} holds another run: it differs in {', '.join(names)}; give another file")
    return None if names else record


def _ends(grid: Any) -> list[float]:
    """Ends of a grid as the option takes them."""
    told = grid.describe()["domain"]
    return [*told[0], *told[1]] if isinstance(told[0], list) else told


def _tell(case: Any, solution: Any, arguments: argparse.Namespace, until: float, where: str) -> None:
    """Tell of a run, which may have been finished before."""
    grid = solution.grid
    _say(_remarks(case.model, solution))
    print(f"{case.name}: {grid.told}, {solution.steps} steps to t = {until:g}")
    for t in solution.times:
        print(solution.sentence(t))
    if solution.stopped:
        print(f"ended at t = {solution.times[-1]:g}: at rest to {arguments.residual:g}")
    print(plain(where))
    rows = [solution.snapshot(t) for t in solution.times]
    print_tables(arguments, of_rows(f"{case.name}: {grid.told}, {solution.steps} steps to t = {until:g}", rows))
    if arguments.json:
        told = {"case": case.name, "out": arguments.out, **grid.describe()}
        command.print_json({**told, "steps": solution.steps, "lowest": solution.lowest, "snapshots": rows})


def _on_line(case: Any, arguments: argparse.Namespace, until: float, times: int) -> tuple[Any, tuple[str, ...]]:
    """Grid of a case on the line, checked, and what will limit the run."""
    from kinetic import Grid, cautions, domain
    from kinetic.limit import initial_law

    cells, given = arguments.cells or [case.cells], arguments.domain
    if len(cells) != 1 or (given and len(given) != 2):
        told = f"--cells {_told(arguments.cells)} --domain {_told(given)}"
        raise InputError(f"{told}: a case on the line has one N, and LO HI")
    grid = Grid(*(given or case.interval or domain(case.model, until)), cells=cells[0])
    _require_memory(arguments, grid.cells, times)
    initial_law(case.model, grid)
    return grid, cautions(case.model, grid, until)


def _in_plane(case: Any, arguments: argparse.Namespace, until: float, times: int) -> tuple[Any, tuple[str, ...]]:
    """Grid of a case of two features, checked, and what will limit the run."""
    from kinetic import Grid, Plane
    from kinetic.plane.domain import cautions, rectangle
    from kinetic.plane.problem import require_two_features
    from kinetic.plane.rest import require_rest
    from kinetic.plane.strips import require_strips

    cells, given = arguments.cells or [case.cells], arguments.domain
    if len(cells) > 2 or (given and len(given) != 4):
        told = f"--cells {_told(arguments.cells)} --domain {_told(given)}"
        raise InputError(f"{told}: two features have N or N N, and four ends")
    require_two_features(case.model)
    if WORDS[arguments.scheme].needs_rest:
        require_rest(case.model)
    require_strips(cells[-1], command.launched_size())
    _require_memory(arguments, cells[0] * cells[-1], times)
    ends = (given[:2], given[2:]) if given else case.rectangle or rectangle(case.model, until)
    grids = []
    for name, pair, number in zip(("x", "y"), ends, (cells[0], cells[-1]), strict=True):
        try:
            grids.append(Grid(*pair, cells=number))
        except InputError as error:
            raise InputError(f"in {name}: {error}") from None
    plane = Plane(*grids)
    return plane, cautions(case.model, plane, until)


def _told(numbers: list[Any] | None) -> str:
    return " ".join(f"{number:g}" for number in numbers) if numbers else "..."


def _require_memory(arguments: argparse.Namespace, cells: int, times: int) -> None:
    from particles.base.memory import require_memory

    require_memory(f"cells = {cells}", 8.0 * cells * (WORDS[arguments.scheme].arrays + times))


def _say(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        say("kinetic", sentence)


def _remarks(model: Any, solution: Any) -> list[str]:
    """Return what a person should know of a finished run."""
    from kinetic import tail_masses
    from kinetic.plane import domain as in_plane

    found, largest = [], float(solution.averages.max())
    if solution.lowest < NEGATIVE * largest:
        found.append(
            f"a cell average went down to {solution.lowest:.3g} at t = {solution.lowest_at:.3g}, beside a largest of "
            f"{largest:.3g}: nothing is clipped, and finer cells or a smoother start make it less"
        )
    if (release := getattr(solution, "release", None)) is not None:
        found.append(release.sentence)
    if model.nu2 > 0.0 and model.dim == 1:
        found += _thin_ends(model, "", solution.grid, model.ends, tail_masses(solution))
    elif model.nu2 > 0.0:
        grids = solution.grid.x, solution.grid.y
        for name, grid, ends, masses in zip("xy", grids, model.box, in_plane.tail_masses(solution), strict=True):
            found += _thin_ends(model, f"in {name}: ", grid, ends, masses)
    return found


def _thin_ends(model: Any, where: str, grid: Any, ends: tuple[float, float], masses: tuple[float, float]) -> list[str]:
    """Ends of a grid that cut the law where it is not thin: no wall there, and not the zero of K = x."""
    free = grid.lo > ends[0] and not (model.diffusion.half_line and grid.lo == 0.0), grid.hi < ends[1]
    told = "lay next to the end of the grid at"
    return [
        f"{where}mass up to {mass:.3g} {told} {end:g}: it may be too narrow"
        for end, mass, cuts in zip((grid.lo, grid.hi), masses, free, strict=True)
        if cuts and mass > THIN
    ]
