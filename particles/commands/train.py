"""`python -m particles train CASE --target Y --out DIR`: learn weight and bias, and keep the case with them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.terminal import say
from particles.commands import train_network
from particles.commands.options import add_loss, loss_of, points_of, scheme_of

if TYPE_CHECKING:
    from particles.model import Model
    from particles.schemes.scheme import Scheme
    from particles.training.methods import Method, Point

_BYTES = 1e4
"""Of a piece: its values, its edge, its name, and what each method keeps of it."""
FILES = ("case.toml", "fit.json")


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    train = commands.add_parser("train", help="learn weight and bias", description=execute.__doc__)
    add_loss(train)
    train.add_argument(
        "--learn", nargs="+", metavar="NAME", help="of weight, bias and the drift's constant (default: weight bias)"
    )
    train.add_argument("--pieces", type=command.positive_integer, help="learn so many pieces of time, each for itself")
    train.add_argument("--method", help="lm (default of a moment without noise), lbfgs (default else), adam, descent")
    train.add_argument("--rate", type=command.positive_float, help="of adam (0.1) and of descent (1)")
    train.add_argument("--fixed", action="store_true", help="descent with this rate as it is, as the paper does")
    train.add_argument("--ridge", type=command.finite_float, default=0.0, help="times abs(theta)^2/2 (default: 0)")
    train.add_argument(
        "--control-cost", nargs="+", default=[], metavar="LAM",
        help="lam int abs(theta)^2 dt of weight and bias; one for all, or weight=0.1 bias=1",
    )  # fmt: skip
    train.add_argument(
        "--smoothness", nargs="+", default=[], metavar="LAM",
        help="(lam/2) int abs(dtheta/dt)^2 dt, with --pieces; one for all, or weight=0.1 bias=1",
    )  # fmt: skip
    train.add_argument("--bounds", nargs="+", default=[], metavar="NAME=LOW:HIGH", help="such as weight=-5:-0.01")
    train.add_argument("--gradient", type=command.positive_float, default=1e-10, help="end below it (default: 1e-10)")
    train.add_argument("--value", type=command.finite_float, help="end at an objective of at most this")
    train.add_argument("--iterations", type=command.positive_integer, default=1000, help="at most (default: 1000)")
    train.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(train)
    train.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    train.set_defaults(execute=execute)
    train.epilog = f"networks have options of their own: train {' or '.join(train_network.NAMES)}, with --help"
    train.instead = train_network.parser_for


def execute(arguments: argparse.Namespace) -> int:
    """Learn weight and bias of a case so that a loss at the horizon is least.

    DIR holds the case with what was learnt, case.toml, which every other command takes, its measurements, where it has
    such, and the record, fit.json.
    """
    from particles.base.files import check_output_folder, new_folder, write_json, write_text
    from particles.base.parallel import world
    from particles.model import load_case
    from particles.model.cases.write import MEASUREMENTS, table_of, toml_of
    from particles.training.learn import fit
    from particles.training.methods import Stop

    case = load_case(arguments.case)
    loss, scheme, method = loss_of(arguments, case), scheme_of(arguments, case), _method(arguments)
    toml_of(case)  # what could not be kept is refused before anything is learnt
    check_output_folder(arguments.out, FILES, (*FILES, MEASUREMENTS), replace=arguments.replace)
    until = arguments.until or case.until
    stop = Stop(arguments.gradient, -float("inf") if arguments.value is None else arguments.value, arguments.iterations)
    learn = tuple(arguments.learn or ("weight", "bias"))
    model = case.model if arguments.pieces is None else _in_pieces(case.model, scheme, learn, arguments.pieces, until)
    count, start = points_of(arguments, case)
    found = fit(
        model, scheme, loss, method, count=count, until=until, start=start, seed=arguments.seed, ridge=arguments.ridge,
        control=_shares("control-cost", arguments.control_cost), smoothness=_shares("smoothness", arguments.smoothness),
        learn=learn, bounds=_bounds(arguments.bounds), stop=stop, tell=_tell,
    )  # fmt: skip
    learnt = dataclasses.replace(case, name=f"{case.name} learnt", model=found.model, until=until, times=(until,))
    told = {"case": case.name, "target": arguments.target, **found.to_dict()}

    def keep() -> None:
        with new_folder(arguments.out, (*FILES, MEASUREMENTS), replace=arguments.replace) as folder:
            write_text(Path(folder) / "case.toml", toml_of(learnt))
            if measured := table_of(learnt):
                write_text(Path(folder) / MEASUREMENTS, measured)
            write_json(Path(folder) / "fit.json", told)

    world().on_first(keep, Path(arguments.out))
    if command.launched_rank() == 0:
        last = found.curve[-1]
        print(f"{case.name}: objective {found.curve[0].value:.6g} to {last.value:.6g}, {last.evaluations} evaluations")
        for name, value in found.values.items():
            print(f"{name:<24} {value:.12g}")
        print(f"ended: {found.reason}")
        for remark in found.remarks:
            say("particles", remark)
        print(plain(f"written to {arguments.out}"))
        if arguments.json:
            command.print_json(told)
    return 0


def _tell(point: Point) -> None:
    if command.launched_rank() == 0:
        print(f"{point.iteration:>5} {point.evaluations:>6} {point.value:<20.12g} {point.slope:.3g}")


def _method(arguments: argparse.Namespace) -> Method | None:
    from particles.base.checks import require_one_of
    from particles.training.methods import METHODS

    if arguments.method is None:
        given = "--rate" if arguments.rate is not None else "--fixed" if arguments.fixed else None
        if given:
            raise InputError(f"{given} is for --method adam or descent")
        return None
    require_one_of("method", arguments.method, METHODS)
    asked = {"rate": arguments.rate} if arguments.rate is not None else {}
    asked |= {"fixed": True} if arguments.fixed else {}
    method = METHODS[arguments.method]
    known = {field.name for field in dataclasses.fields(method)}  # type: ignore[arg-type]
    if set(asked) - known:
        raise InputError(f"--{(set(asked) - known).pop()} is not for --method {arguments.method}")
    return dataclasses.replace(method, **asked)  # type: ignore[type-var]


def _in_pieces(model: Model, scheme: Scheme, learn: tuple[str, ...], many: int, until: float) -> Model:
    """The model with what is learnt held as equal pieces of time, all of the value that it has."""
    import math

    import numpy as np

    from particles.base.memory import require_memory
    from particles.model import layers

    require_memory(f"--pieces {many}", _BYTES * many)
    steps = len(scheme.levels(model, until, ())) - 1 if scheme.order < math.inf else many
    if many > steps:
        raise InputError(
            f"--pieces {many} of {steps} steps: allowed is at most one a step, as the others would be idle"
        )

    held = [name for name in learn if name in ("weight", "bias")]  # a drift's constant has no pieces
    for name in held:
        given = getattr(model, name)
        if callable(given) or not isinstance(given, int | float | np.ndarray | list | tuple) or model.mean_coupled:
            raise InputError(f"--pieces {many}: {name} of the case must be a constant")
    parts: dict[str, Any] = {name: layers([getattr(model, name)] * many, until) for name in held}
    return dataclasses.replace(model, **parts)


def _shares(option: str, given: list[str]) -> Any:
    """One number, or numbers by name."""
    try:
        if len(given) == 1 and "=" not in given[0]:
            return command.finite_float(given[0])
        pairs = [text.partition("=") for text in given]
        return {name: command.finite_float(value) for name, _, value in pairs} if given else 0.0
    except argparse.ArgumentTypeError:
        raise InputError(f"argument --{option}: {' '.join(given)!r} must be LAM, or weight=LAM bias=LAM") from None


def _bounds(given: list[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for text in given:
        name, _, ends = text.partition("=")
        low, _, high = ends.partition(":")
        try:
            found[name] = command.finite_float(low), command.finite_float(high)
        except argparse.ArgumentTypeError:
            raise InputError(f"argument --bounds: {text!r} must be NAME=LOW:HIGH") from None
    return found
