"""`python -m kinetic fit FILE.csv --column NAME`: the model whose steady state the measurements are, if any."""

from __future__ import annotations

import argparse
import math
from dataclasses import fields
from typing import Any

from particles.base import command
from particles.base.tables import Cell, Table, add_format, print_tables
from particles.model.measurements import MISSING, SEPARATORS


def add_parser(commands: Any) -> None:
    """Add the sub-command `fit` to the parsers of `python -m kinetic`."""
    parser = commands.add_parser("fit", help="fit the steady states of the models to measurements")
    parser.add_argument("file", metavar="FILE", help="measurements, a CSV or .npy file")
    parser.add_argument("--column", metavar="NAME", help="column of a CSV file")
    parser.add_argument(
        "--separator",
        choices=SEPARATORS,
        metavar="MARK",
        help="between fields: , ; | tab or blank (default: found)",
    )
    parser.add_argument("--decimal", choices=(".", ","), help="decimal mark (default: found)")
    parser.add_argument("--missing", choices=MISSING, default="refuse", help="rows without a number (default: refuse)")
    parser.add_argument("--bootstrap", type=_count, default=199, metavar="B", help="samples a family (default: 199)")
    parser.add_argument("--seed", type=command.seed, default=0, help="of the bootstrap (default: 0)")
    parser.add_argument(
        "--step", type=command.finite_float, metavar="H", help="rounding step; 0: none (default: found)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(parser)
    parser.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Run the sub-command; returns 0 where a family fits, 1 where none does."""
    from kinetic.fit import fit
    from particles.base.progress import progress_bar
    from particles.model import Dialect, read_measurements

    dialect = Dialect(arguments.separator, arguments.decimal, arguments.missing)
    data = read_measurements(arguments.file, arguments.column, dialect)
    with progress_bar("fit") as progress:
        fits = fit(data, step=arguments.step, bootstrap=arguments.bootstrap, seed=arguments.seed, progress=progress)
    rounded = f", rounded to {fits.step:g}" if fits.step else ""
    print(f"{arguments.file}: {fits.count} measurements{rounded}")
    for one in fits.fits:
        p_value = "" if one.p_value is None else f", p = {one.p_value:.3g}"
        print(f"{one.family}: BIC {one.bic:.6g}, distance {one.distance:.4f}{p_value}")
        names = (f"{name} = {one.parameters[name]:.6g} {_error(one.errors[name])}" for name in one.parameters)
        print("  " + (f"ends at its limit, {one.limit}" if one.limit else ", ".join(names)))
    for name, why in fits.refused.items():
        print(f"{name}: {why}")
    if fits.chosen is None:
        print(f"none fits: every p-value is at most {fits.level:g}")
    else:
        print(f"chosen: {fits.chosen.family}" + ("" if fits.bootstrap else ", by BIC alone"))
    print_tables(arguments, *_tables(f"{arguments.file}: {fits.count} measurements{rounded}", fits))
    if arguments.json:
        command.print_json(_plain(fits))
    return 0 if fits.chosen is not None else 1


def _tables(title: str, fits: Any) -> tuple[Table, Table]:
    """The families, those refused among them, and their parameters."""
    chosen = None if fits.chosen is None else fits.chosen.family
    families: list[tuple[Cell, ...]] = [
        (one.family, one.bic, one.distance, one.p_value, one.family == chosen, one.limit or "") for one in fits.fits
    ]
    families += [(name, None, None, None, False, why) for name, why in fits.refused.items()]
    parameters = tuple(
        (one.family, name, value, one.errors[name]) for one in fits.fits for name, value in one.parameters.items()
    )
    return (
        Table(title, ("family", "BIC", "distance", "p-value", "chosen", "remark"), tuple(families)),
        Table(f"{title}, parameters", ("family", "parameter", "value", "standard error"), parameters),
    )


def _count(text: str) -> int:
    """Read 0 or a positive integer."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or a positive integer")
    return int(text)


def _error(error: float) -> str:
    return "(not fixed by the data)" if math.isinf(error) else f"+- {error:.2g}"


def _plain(fits: Any) -> dict[str, Any]:
    """The answer for JSON; null for what the data do not fix."""
    told = {name: getattr(fits, name) for name in ("count", "step", "bootstrap", "level")}
    chosen = None if fits.chosen is None else fits.chosen.family
    return {**told, "chosen": chosen, "refused": dict(fits.refused), "fits": [_plain_fit(one) for one in fits.fits]}


def _plain_fit(one: Any) -> dict[str, Any]:
    told = {field.name: getattr(one, field.name) for field in fields(one) if field.name not in ("law", "model")}
    errors = {name: None if math.isinf(error) else error for name, error in one.errors.items()}
    return {**told, "parameters": dict(one.parameters), "errors": errors, "model": one.model.describe()}
