"""`python -m validation multilevel CASE`: moments or a distribution function of a noisy case, to a tolerance."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.tables import Table, add_format, print_tables

if TYPE_CHECKING:
    from validation.advice.giles import Estimate


_HEADS = ("P", "dt", "samples", "mean", "variance", "particle-steps", "seconds")


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    parser = commands.add_parser(
        "multilevel", help="moments or a cdf of a noisy case, to a tolerance", description=execute.__doc__
    )
    command.add_case(parser)
    parser.add_argument("--tolerance", type=command.positive_float, required=True, help="root mean square error")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--moments", type=command.positive_integer, nargs="+", metavar="K", help="orders (default: 1)")
    asked.add_argument("--cdf", type=command.finite_float, nargs="+", metavar="Y", help="P(X <= Y) at these points")
    parser.add_argument("--scheme", default="milstein", help="milstein or euler-maruyama (default: milstein)")
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="horizon (default: the case's)")
    parser.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    parser.add_argument(
        "--coarsest", type=command.positive_integer, default=4, metavar="N", help="steps of level 0 (default: 4)"
    )
    parser.add_argument(
        "--pilot", type=command.positive_integer, default=256, metavar="N", help="least samples a level (default: 256)"
    )
    parser.add_argument(
        "--most", type=command.positive_float, default=1e10, metavar="W", help="particle-steps allowed (default: 1e10)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Estimate by multilevel Monte Carlo over the time step, until the root mean square error is below the tolerance.

    On any number of ranks the same numbers to the last bit.
    """
    from particles.model.cases.asked import case_asked
    from particles.multilevel.quantities import DistributionFunction, Moments
    from validation.advice.giles import check, exact_values, multilevel

    case = case_asked(arguments)
    until = arguments.until or case.until
    quantity = (
        DistributionFunction(tuple(arguments.cdf))
        if arguments.cdf is not None
        else Moments(tuple(arguments.moments or (1,)))
    )
    options = {name: getattr(arguments, name) for name in ("scheme", "seed", "coarsest", "pilot", "most")}
    check(case.model, until, arguments.tolerance, quantity=quantity, **options)

    from particles.base.progress import progress_bar

    with progress_bar(f"multilevel: {case.name}") as progress:
        found = multilevel(case.model, until, arguments.tolerance, quantity=quantity, **options, progress=progress)
    if command.launched_rank() == 0:
        exact = exact_values(case.model, until, quantity)
        _print(case.name, found, exact)
        print_tables(arguments, *_tables(case.name, found, exact))
        if arguments.json:
            told = {"case": case.name, **dataclasses.asdict(found)}
            command.print_json(told | {"cost": found.cost, "plain_cost": found.plain_cost, "exact": exact})
    return 0


def _tables(case: str, found: Estimate, exact: tuple[float | None, ...]) -> tuple[Table, Table]:
    """The levels, and the estimates."""
    about = f"multilevel: {case}, {found.scheme}, t = {found.until:g}"
    levels = tuple(
        (name, one.dt, one.samples, one.mean[i], one.variance[i], one.cost, one.seconds)
        for i, name in enumerate(found.names)
        for one in found.levels
    )
    estimates = tuple(zip(found.names, found.estimate, found.standard_error, found.bias, exact, strict=True))
    return (
        Table(f"{about}; P_0, then P_l - P_(l-1)", _HEADS, levels),
        Table(f"{about}, to {found.tolerance:g}", ("P", "estimate", "sampling", "time step", "exact"), estimates),
    )


def _print(case: str, found: Estimate, exact: tuple[float | None, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"multilevel: {case}, {found.scheme}, t = {found.until:g}; P_0, then P_l - P_(l-1)")
    for heading in _HEADS:
        table.add_column(heading, justify="right")
    for i, name in enumerate(found.names):
        for level in found.levels:
            numbers = (f"{level.mean[i]:.4e}", f"{level.variance[i]:.3e}", f"{level.cost:,}", f"{level.seconds:.3f}")
            table.add_row(name, f"{level.dt:.4g}", f"{level.samples:,}", *numbers)
        table.add_section()
    console = Console(highlight=False, width=110)
    console.print(table)
    rows = zip(found.names, found.estimate, found.standard_error, found.bias, exact, strict=True)
    for name, estimate, error, bias, value in rows:
        known = "" if value is None else f"; exact {value:.8g}, off by {estimate - value:.1e}"
        console.print(
            f"{name} = {estimate:.8g} +- {found.tolerance:g} (sampling {error:.1e}, time step {bias:.1e}){known}"
        )
    console.print(f"{found.cost:.3g} particle-steps; plain Monte Carlo with the finest step: {found.plain_cost:.3g}")
