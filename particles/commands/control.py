"""`python -m particles control CASE --cost LAM`: the weights of layers that carry a start to its targets."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import Table, add_format, print_tables
from particles.commands.options import shares_of

if TYPE_CHECKING:
    from particles.model import Case
    from particles.training.control import Control
    from particles.training.method import Point

FILES = ("case.toml", "control.json")
_SHOWN = 20  # rows of the table


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    parser = commands.add_parser("control", help="weights that reach targets at the least cost", description=_TOLD)
    command.add_case(parser)
    parser.add_argument("--cost", nargs="+", required=True, metavar="LAM", help="one for all, or weight=0.1 bias=1")
    parser.add_argument("--target", type=command.finite_float, metavar="Y", help="for all (default: the case's own)")
    parser.add_argument("--learn", nargs="+", default=["weight"], metavar="NAME", help="weight, bias (default: weight)")
    parser.add_argument("--layers", type=command.positive_integer, help="of Euler's scheme (default: the case's)")
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    parser.add_argument("--continuous", action="store_true", help="extrapolate to dt = 0, at the times of the layers")
    parser.add_argument("--count", type=command.positive_integer, help="particles (default: none, but quadrature)")
    parser.add_argument("--start", help="of particles: random, stratified or quantile (default: random)")
    parser.add_argument("--seed", type=command.seed, help="of particles: 0 to 2**32 - 1 (default: 0)")
    parser.add_argument("--out", metavar="DIR", help="new or empty folder for the case with the control in it")
    command.add_replace(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(parser)
    parser.set_defaults(execute=execute)


_TOLD = "Find theta(t) that makes E (x_T - y)^2 + lam int theta^2 dt least, by Newton's method on the layers."


def execute(arguments: argparse.Namespace) -> int:
    """Find a control, print it with its Hamiltonian, and keep it if a folder is named."""
    from particles.model.cases.asked import case_asked
    from particles.model.cases.write import files_of

    case = case_asked(arguments)
    target = case.target if arguments.target is None else arguments.target
    if target is None:
        raise InputError(f"case {case.name!r} states no targets: give --target")
    if arguments.out is not None:
        files_of(case)  # what could not be kept is refused before anything is done
        _check_output(arguments)
        found = _kept(arguments, case, target)
    else:
        found = _found(arguments, case, target)
    if command.launched_rank() == 0:
        _print(found, case)
        if arguments.out is not None:
            print(plain(f"written to {arguments.out}"))
        numbers = zip(found.times.tolist(), *found.theta.tolist(), found.hamiltonian.tolist(), strict=False)
        title = f"{case.name}: J {found.value:.6g}, {found.terminal:.6g} at the end and {found.cost:.6g} the control"
        print_tables(arguments, Table(title, ("t", *found.names, "Hamiltonian"), tuple(numbers)))
        if arguments.json:
            command.print_json(_told(arguments, case, found))
    return 0


def _check_output(arguments: argparse.Namespace) -> None:
    from particles.base.files import check_output_folder
    from particles.model.cases.write import MEASUREMENTS

    check_output_folder(arguments.out, FILES, (*FILES, MEASUREMENTS), replace=arguments.replace)


def _kept(arguments: argparse.Namespace, case: Case, target: Any) -> Control:
    """The control, stored in a folder that is this job's own meanwhile."""
    from particles.base.files import new_folder, write_json, write_text
    from particles.base.parallel import world
    from particles.model.cases.write import MEASUREMENTS, files_of

    with world().claimed(arguments.out, lambda: _check_output(arguments)):
        found = _found(arguments, case, target)
        until = found.info["until"]
        reached = dataclasses.replace(
            case, name=f"{case.name} controlled", model=found.model, until=until, times=(until,), target=None
        )

        def keep() -> None:
            with new_folder(arguments.out, (*FILES, MEASUREMENTS), replace=arguments.replace) as folder:
                for name, text in files_of(reached).items():
                    write_text(Path(folder) / name, text)
                write_json(Path(folder) / "control.json", _told(arguments, case, found))

        world().on_first(keep, Path(arguments.out))
    return found


def _told(arguments: argparse.Namespace, case: Case, found: Control) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"case": case.name, "target": arguments.target, **found.to_dict()}


def _found(arguments: argparse.Namespace, case: Case, target: Any) -> Control:
    from particles.training.control import continuous_control, control

    asked = {
        "until": arguments.until or case.until, "cost": shares_of("cost", arguments.cost),
        "layers": arguments.layers or case.layers, "learn": tuple(arguments.learn),
    }  # fmt: skip
    of_particles = {name: getattr(arguments, name) for name in ("count", "start", "seed")}
    given = {name: value for name, value in of_particles.items() if value is not None}
    if given and (arguments.continuous or arguments.count is None):
        why = "--continuous takes quadrature" if arguments.continuous else "give --count"
        raise InputError(f"--{next(iter(given))} is for particles: {why}")
    if arguments.continuous:
        return continuous_control(case.model, target, **asked)
    return control(case.model, target, **asked, **given, tell=_tell)


def _tell(point: Point) -> None:
    assert point.slope is not None  # the method goes by it
    if command.launched_rank() == 0:
        print(f"{point.iteration:>5} {2.0 * point.value:<20.14g} {2.0 * point.slope:.3g}")


def _print(found: Control, case: Case) -> None:
    print(
        f"{case.name}: J {found.value:.14g}, of it {found.terminal:.12g} at the end and {found.cost:.12g} the control"
    )
    print(f"{'t':>10} {' '.join(f'{name:>16}' for name in found.names)} {'Hamiltonian':>16}")
    every = max(1, -(-len(found.times) // _SHOWN))
    for k in range(0, len(found.times), every):
        numbers = [*found.theta[:, k].tolist(), float(found.hamiltonian[k])]
        print(f"{found.times[k]:>10.6g} {' '.join(f'{number:>16.12g}' for number in numbers)}")
    spread = float(found.hamiltonian.max() - found.hamiltonian.min())
    print(f"the Hamiltonian, constant in time for dt -> 0, spreads over {spread:.3g}; ended: {found.reason}")
    if found.error > 0.0:
        print(f"the last extrapolation moved no number by more than {found.error:.2g}")
