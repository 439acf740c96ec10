"""`python -m validation budget CASE`: which error dominates, and what to refine next."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import add_format, print_tables

if TYPE_CHECKING:
    from particles import Collisions, Euler
    from particles.model import Case
    from validation.advice.budget.record import Budget


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    from particles.commands.options import add_scheme_options

    budget = commands.add_parser("budget", help="the terms of an error", description=execute.__doc__)
    command.add_case(budget)
    add_scheme_options(budget)
    budget.add_argument("--count", type=command.positive_integer, metavar="M", help="particles, such as 1e5")
    add_grid_options(budget)
    budget.add_argument("--until", type=command.positive_float, metavar="T", help="time of the comparison")
    budget.add_argument(
        "--replicates", type=command.positive_integer, metavar="R", help="clouds for each measured term (default: 40)"
    )
    budget.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    budget.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(budget)
    budget.set_defaults(execute=execute)


def add_grid_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the equation to a parser."""
    parser.add_argument("--cells", type=command.positive_integer, metavar="N", help="cells of the grid")
    parser.add_argument(
        "--domain", type=command.finite_float, nargs="+", metavar="END", help="ends of the grid, in the plane four"
    )
    parser.add_argument(
        "--pde", metavar="SCHEME", help="explicit, imex or chang-cooper (default: explicit; with noise: imex)"
    )


def ends_of(given: list[float] | None) -> tuple[Any, ...] | None:
    """Two ends, or two pairs of them; InputError for another number of them."""
    if given is None or len(given) == 2:
        return None if given is None else tuple(given)
    if len(given) != 4:
        raise InputError(f"--domain of {len(given)} numbers: allowed are two, in the plane four")
    return (given[0], given[1]), (given[2], given[3])


def execute(arguments: argparse.Namespace) -> int:
    """Split the distance between particles and PDE into sampling, time step, eps, grid, domain and rounding.

    Each term comes from an experiment of its own; exit code 0 only if the sum closes.
    """
    from kinetic.schemes import named
    from particles.model.cases.asked import case_asked
    from validation.advice.budget.measure import check, settings_of

    case = case_asked(arguments)
    scheme = chosen_scheme(arguments, case)
    arguments.domain = ends_of(arguments.domain)
    given = {name: getattr(arguments, name) for name in ("count", "cells", "domain", "until", "replicates", "seed")}
    settings = settings_of(case, pde=arguments.pde and named(arguments.pde, "pde"), **given)
    check(case, scheme, settings)

    from particles.base.progress import progress_bar
    from validation.advice.budget import budget
    from validation.advice.budget.record import tables, to_dict

    with progress_bar(f"budget: {case.name}") as progress:
        found = budget(case, scheme, settings, progress=progress)
    if command.launched_rank() == 0:
        show(found)
        print_tables(arguments, *tables(found))
        if arguments.json:
            command.print_json(to_dict(found))
    return 0 if found.holds else 1


def chosen_scheme(arguments: argparse.Namespace, case: Case) -> Euler | Collisions:
    """The scheme of the options, Euler without noise and Collisions with it, or InputError."""
    from particles import Collisions, Euler
    from particles.commands.options import scheme_of

    scheme = scheme_of(arguments, case)
    if not isinstance(scheme, Euler | Collisions):
        raise InputError(f"scheme = {scheme!r}: a budget is of Euler's layers or of collisions (--eps)")
    return scheme


def show(found: Budget) -> None:
    """Print the terms, the total, what dominates, what to refine, and the checks."""
    from rich.console import Console
    from rich.table import Table

    from validation.advice.budget.record import heads, lines, sentences, told_grid

    console = Console(highlight=False, width=118)
    settings = found.settings
    table = Table(title=f"budget: {found.case} at t = {settings['until']:g}")
    for heading in heads(found):
        table.add_column(heading, justify="left" if heading in ("term", "by") else "right")
    for line in lines(found):
        if line[0] == "sum":
            table.add_section()
        table.add_row(*line)
    console.print(table)
    console.print(f"{settings['count']:,} particles by {found.scheme}; {told_grid(settings)}")
    for sentence in sentences(found):
        console.print(sentence)
    for check in found.checks:
        console.print(str(check))
    console.print(f"verdict: {'the budget closes' if found.holds else 'the budget DOES NOT CLOSE'}", style="bold")
