"""`python -m kinetic sensitivity CASE --target Y`: derivatives of a loss by the equation and its adjoint."""

from __future__ import annotations

import argparse
import math
from typing import Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import Table, add_format, of_values, print_tables
from particles.base.terminal import say

LOSSES = ("moment", "l2")


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    told = commands.add_parser("sensitivity", help="derivatives of a loss", description=execute.__doc__)
    command.add_case(told)
    told.add_argument("--loss", choices=LOSSES, default="moment", help="moment: E abs(x - y)^2/2; l2: to a density")
    told.add_argument("--target", required=True, metavar="Y", help="a number; for l2 normal:MEAN:STD")
    told.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    told.add_argument("--cells", type=command.positive_integer, default=800, metavar="N", help="default: 800")
    told.add_argument("--domain", nargs=2, type=command.finite_float, metavar=("LO", "HI"), help="default: the case's")
    told.add_argument("--scheme", choices=("explicit", "imex"), help="default: imex with noise")
    told.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(told)
    told.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Differentiate a loss at the horizon by weight, bias, noise, start and horizon: the equation and its adjoint."""
    from kinetic.adjoint import gradient
    from kinetic.cautions import cautions
    from kinetic.domain import domain
    from kinetic.grid import Grid
    from kinetic.schemes import Explicit, Imex
    from particles.model.cases.asked import case_asked

    case = case_asked(arguments)
    loss, until, model = _loss(arguments), arguments.until or case.until, case.model
    noisy = model.nu2 > 0.0
    scheme = Imex() if (arguments.scheme or ("imex" if noisy else "explicit")) == "imex" else Explicit()
    _ = model.law  # refuses what is not on the line
    low, high = arguments.domain or case.interval or domain(model, until)
    grid = Grid(low, high, cells=arguments.cells)
    found = gradient(model, grid, scheme, loss=loss, until=until)
    limits = [*cautions(model, grid, until), *found.solution.provenance["cautions"]]
    for sentence in limits:
        say("kinetic", sentence)
    told = {"loss": found.loss, "weight": found.weight, "bias": found.bias}
    told |= {"nu2": found.nu2} if noisy else {}
    told |= {"mean": found.mean, "std": found.std, "horizon": found.horizon}
    told = {name: value for name, value in told.items() if math.isfinite(value)}
    where = f"{arguments.cells} cells on [{low:g}, {high:g}]"
    print(f"{case.name}: loss {loss.name} to {arguments.target} at t = {until:g}, {scheme.name}, {where}")
    for name, value in told.items():
        print(f"{'loss' if name == 'loss' else 'd/d ' + name:<24} {value:.12g}")
    by_w, by_b = found.pieces()
    if by_w.size > 1:
        for start, w, b in zip(found.edges, by_w, by_b, strict=False):
            print(f"{f'from t = {start:g}':<24} {w:.12g} by the weight, {b:.12g} by the bias")
    numbers = {"loss" if name == "loss" else f"d/d {name}": value for name, value in told.items()}
    shown = [of_values(f"{case.name}: loss {loss.name} to {arguments.target} at t = {until:g}, {where}", numbers)]
    if by_w.size > 1:
        pieces = tuple(zip(found.edges.tolist(), by_w.tolist(), by_b.tolist(), strict=False))
        shown.append(Table(f"{case.name}: by the pieces of time", ("from t", "by the weight", "by the bias"), pieces))
    print_tables(arguments, *shown)
    if arguments.json:
        rows = {"edges": found.edges.tolist(), "by_weights": by_w.tolist(), "by_biases": by_b.tolist()}
        about = {"case": case.name, "until": until, "route": "adjoint of the equation", "cautions": limits}
        command.print_json(about | found.to_dict() | rows)
    return 0


def _loss(arguments: argparse.Namespace) -> Any:
    from kinetic.losses import Moment, Squares
    from particles.model import Dirac, Normal

    kind, *numbers = arguments.target.split(":")
    try:
        if arguments.loss == "moment":
            if numbers:
                raise InputError(f"target = {arguments.target!r} of loss 'moment': allowed is a number")
            return Moment(command.finite_float(kind))
        if kind != "normal" or len(numbers) != 2:
            return Squares(Dirac(command.finite_float(arguments.target)))
        return Squares(Normal(command.finite_float(numbers[0]), command.positive_float(numbers[1]) ** 2))
    except argparse.ArgumentTypeError as error:
        raise InputError(f"argument --target: {error}, or for l2 normal:MEAN:STD") from None
