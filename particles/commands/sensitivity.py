"""`python -m particles sensitivity CASE`: what a loss at the horizon depends on, and how much."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import Table, add_format, print_tables
from particles.commands.options import LABELLED, add_loss, loss_of, points_of, scheme_of

if TYPE_CHECKING:
    from particles.model import Case

_OF_PARTICLES = ("count", "start", "seed", "layers", "dt", "eps", "milstein", "clock", "noise", "tau")
"""Options that quadrature does not read; --exact is what it does."""


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    told = commands.add_parser("sensitivity", help="derivatives of a loss", description=execute.__doc__)
    add_loss(told)
    told.add_argument(
        "--quadrature", action="store_true", help="no particles: Gauss quadrature over the start's law, exact flow"
    )
    told.add_argument(
        "--change", nargs="+", default=[], metavar="NAME=VALUE",
        help="forecast the loss to first order for other values, and compare: weight=-1.1, target=2.5, mean=1.2",
    )  # fmt: skip
    told.add_argument(
        "--by-step", action="store_true", help="the functional derivatives by weight and bias at every step too"
    )
    told.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(told)
    told.set_defaults(execute=execute, seed=None)  # what is given is seen


def execute(arguments: argparse.Namespace) -> int:
    """Differentiate a loss at the horizon by weights, biases, noise, start and horizon, exactly for the scheme."""
    from particles.model.cases.asked import case_asked
    from particles.training.forecast import sensitivity

    case = case_asked(arguments)
    loss, changes, until = loss_of(arguments, case), _changes(arguments.change), arguments.until or case.until
    loss.given(case.model.dim, 0, 0)
    differentiate, route = _route(arguments, case)
    found = sensitivity(case.model, loss, until, differentiate, route, changes, every_step=arguments.by_step)
    if command.launched_rank() == 0:
        target = arguments.target or "the labels"
        print(f"{case.name}: loss {found.loss} to {target} at t = {until:g}, {found.route}")
        print(f"{'loss':<24} {found.value:.12g}")
        for name, value in found.derivatives.items():
            print(f"{'d/d ' + name:<24} {value:.12g}")
        if arguments.by_step:
            print("  ".join(f"{name:>18}" for name in found.columns))
            for row in found.by_step.tolist():
                print("  ".join(f"{value:>18.12g}" for value in row))
        for name, (value, part) in found.changes.items():
            print(f"{name} = {value:g}: changes the loss by {part:.6g} to first order")
        if found.forecast is not None and found.found is not None:
            print(f"forecast {found.forecast:.8g}, found {found.found:.8g}")
        print_tables(arguments, *_tables(f"{case.name}: loss {found.loss} to {target} at t = {until:g}", found))
        if arguments.json:
            command.print_json({"case": case.name, "until": until} | found.to_dict())
    return 0


def _tables(title: str, found: Any) -> list[Table]:
    """The loss and its derivatives, and those by step where they were asked for."""
    rows = (("loss", found.value), *((f"d/d {name}", value) for name, value in found.derivatives.items()))
    tables = [Table(title, ("what", "value"), rows)]
    if found.by_step is not None:
        tables.append(Table(f"{title}, by step", tuple(found.columns), tuple(map(tuple, found.by_step.tolist()))))
    return tables


def _route(arguments: argparse.Namespace, case: Case) -> tuple[Any, str]:
    """What differentiates, and in words."""
    if arguments.quadrature:
        if arguments.loss in LABELLED:
            raise InputError(f"--quadrature with loss {arguments.loss!r}: allowed are particles, which have the labels")
        for name in _OF_PARTICLES:
            if (given := getattr(arguments, name)) is not None and given is not False:  # a seed of 0 is one
                raise InputError(f"--{name} is for particles: --quadrature has none, and follows the exact flow")
        from particles.training.of_law import gradient_by_quadrature

        return gradient_by_quadrature, "quadrature over the law of the start, exact flow"
    from particles.run import Run
    from particles.training.of_particles import gradient

    scheme, (count, start), seed = scheme_of(arguments, case), points_of(arguments, case), arguments.seed or 0
    scheme.require_adjoint(case.model)
    Run(count=count, until=arguments.until or case.until, start=start).check(case.model, scheme)
    asked = {"count": count, "start": start, "seed": seed}
    return partial(_of_particles, gradient, scheme, asked), f"{count} particles, {scheme}"


def _of_particles(gradient: Any, scheme: Any, asked: dict[str, Any], model: Any, loss: Any, until: float) -> Any:
    return gradient(model, scheme, loss, until=until, **asked)


def _changes(given: list[str]) -> dict[str, float]:
    changes = {}
    for text in given:
        name, mark, value = text.partition("=")
        try:
            changes[name] = command.finite_float(value if mark else "")
        except argparse.ArgumentTypeError:
            raise InputError(f"argument --change: {text!r} must be NAME=VALUE") from None
    return changes
