"""`python -m particles train CASE --target Y --out DIR`: learn weight and bias, and keep the case with them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import add_format, of_rows, of_values, print_tables
from particles.base.terminal import say
from particles.commands import train_network
from particles.commands.options import add_loss
from particles.commands.train_options import task_of

if TYPE_CHECKING:
    from particles.base.watch import Checkpoints
    from particles.model import Case
    from particles.training.method import Point
    from particles.training.task import Task

FILES = ("case.toml", "fit.json")


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    train = commands.add_parser("train", help="learn weight and bias", description=execute.__doc__)
    add_loss(train)
    train.add_argument(
        "--learn", nargs="+", metavar="NAME", help="of weight, bias and the drift's constant (default: weight bias)"
    )
    train.add_argument("--pieces", type=command.positive_integer, help="learn so many pieces of time, each for itself")
    train.add_argument(
        "--method", help="lm (default of squares without noise), lbfgs (default else), adam, sgd, descent, enki"
    )
    train.add_argument("--rate", type=command.positive_float, help="of adam (0.1), sgd (0.01) and descent (1)")
    train.add_argument("--momentum", type=command.finite_float, help="of sgd, in [0, 1) (default: 0.9)")
    train.add_argument(
        "--batch", type=command.positive_integer, help="particles of a step of adam or sgd (default: all of them)"
    )
    train.add_argument("--fixed", action="store_true", help="descent with this rate as it is, as the paper does")
    train.add_argument("--members", type=command.positive_integer, help="of the ensemble of enki (default: 10)")
    train.add_argument("--variance", type=command.positive_float, help="of the targets of enki (default: 0.01)")
    train.add_argument("--spread", type=command.positive_float, help="of the first ensemble of enki (default: 0.3)")
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
    train.add_argument(
        "--gradient", type=command.positive_float, help="end below it (default: 1e-10 of the largest at the start)"
    )
    train.add_argument("--value", type=command.finite_float, help="end at an objective of at most this")
    train.add_argument("--iterations", type=command.positive_integer, default=1000, help="at most (default: 1000)")
    train.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(train)
    train.add_argument(
        "--resume", action="store_true", help="go on where a checkpoint of this training is, or say that it is finished"
    )
    command.add_checkpoints(train)
    train.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(train)
    train.set_defaults(execute=execute)
    train.epilog = f"networks have options of their own: train {' or '.join(train_network.NAMES)}, with --help"
    train.instead = dict.fromkeys(train_network.NAMES, train_network.build_parser())


def execute(arguments: argparse.Namespace) -> int:
    """Learn weight and bias of a case so that a loss at the horizon is least.

    DIR holds the case with what was learnt, case.toml, which every other command takes, its measurements, where it has
    such, and the record, fit.json. SIGUSR1 writes a checkpoint to DIR.checkpoints; SIGTERM writes one and leaves with
    75; `python -m particles resume DIR` goes on, on any number of ranks, to the same bytes. A step is an evaluation.
    """
    from particles.base.checkpoint import folder_of, require_none
    from particles.base.watch import Checkpoints
    from particles.model.cases.asked import case_asked, copy_asked

    case = case_asked(arguments)
    place, files = copy_asked(arguments)
    stored = {key: value for key, value in vars(arguments).items() if key != "execute"}
    checkpoints = Checkpoints.of_options(
        folder_of(arguments.out), arguments, resume=arguments.resume, or_begin=True,
        arguments={**stored, "place": place}, files=files,
    )  # fmt: skip
    task = task_of(arguments, case)
    _check_output(arguments, replace=arguments.replace or arguments.resume)
    require_none(checkpoints)
    return _learn(arguments, case, task, checkpoints)


def resume(arguments: argparse.Namespace) -> int:
    """Go on with a training from its newest whole checkpoint; options that are not given are those it had."""
    from particles.base.checkpoint import folder_of
    from particles.base.watch import Checkpoints
    from particles.model.cases.copy import load_copy
    from particles.training.record import newest

    folder = folder_of(arguments.out)
    path, meta = newest(folder)
    stored = meta["arguments"]
    if "place" not in stored:
        raise InputError(f"{path} was not written by a command line: resume it by the script that wrote it")
    given = command.resumed(arguments, stored, replace=stored["replace"])
    checkpoints = Checkpoints.of_options(
        folder, given, resume=True, or_begin=False, arguments=vars(given),
        files={name: (path / name).read_bytes() for name in meta["files"] if name.startswith("case/")},
    )  # fmt: skip
    case = load_copy(path, stored["place"])
    return _learn(given, case, task_of(given, case), checkpoints)


def _learn(arguments: argparse.Namespace, case: Case, task: Task, checkpoints: Checkpoints) -> int:
    """Carry out a task, store what came of it, and tell of it."""
    from particles.base import parallel
    from particles.base.checkpoint import discard
    from particles.base.files import new_folder, write_json, write_text
    from particles.base.progress import progress_bar
    from particles.model.cases.write import MEASUREMENTS, files_of
    from particles.training.learn import perform

    files_of(case)  # what could not be kept is refused before anything is learnt
    if arguments.resume and (finished := _finished(arguments, task)) is not None:
        if command.launched_rank() == 0:
            discard(Path(checkpoints.folder))  # a kill between storing and this left them
            print(plain(f"{case.name}: this training is finished"))
        return _report(arguments, finished)
    with parallel.world().claimed(arguments.out, lambda: _check_output(arguments, replace=arguments.replace)):
        with progress_bar(f"particles: {case.name}") as progress:
            found = perform(task, checkpoints=checkpoints, progress=progress, tell=_tell)
        changed: dict[str, Any] = {"until": task.run.until, "times": (task.run.until,)}
        learnt = dataclasses.replace(case, name=f"{case.name} learnt", model=found.model, **changed)
        told = {"case": case.name, "target": arguments.target, **found.to_dict()}

        def keep() -> None:
            with new_folder(arguments.out, (*FILES, MEASUREMENTS), replace=arguments.replace) as folder:
                for name, text in files_of(learnt).items():
                    write_text(Path(folder) / name, text)
                write_json(Path(folder) / "fit.json", told)
            discard(Path(checkpoints.folder))

        parallel.world().on_first(keep, Path(arguments.out))
    return _report(arguments, told)


def _check_output(arguments: argparse.Namespace, replace: bool) -> None:
    from particles.base.files import check_output_folder
    from particles.model.cases.write import MEASUREMENTS

    check_output_folder(arguments.out, FILES, (*FILES, MEASUREMENTS), replace=replace)


def _finished(arguments: argparse.Namespace, task: Task) -> dict[str, Any] | None:
    """The record in the output folder, if it is of this training; None where that is to be begun or to go on.

    Another one is refused, unless --replace says that it may go.
    """
    from particles.base.checkpoint import differing
    from particles.base.readers import read_json

    path = Path(arguments.out) / "fit.json"
    if not path.exists():
        return None
    held = read_json(path)
    names = differing(held, task.describe())
    if names and not arguments.replace:
        raise InputError(f"{path} is of another training: it differs in {', '.join(names)}; give another folder")
    return None if names else held


def _tell(point: Point) -> None:
    slope = "" if point.slope is None else f"{point.slope:.3g}"
    if command.launched_rank() == 0:
        print(f"{point.iteration:>5} {point.evaluations:>6} {point.value:<20.12g} {slope}")


def _report(arguments: argparse.Namespace, told: dict[str, Any]) -> int:
    """Print what was learnt on rank 0; return the exit code."""
    if command.launched_rank() != 0:
        return 0
    first, last = told["curve"][0], told["curve"][-1]
    before, after = f"{first['value']:.6g}", f"{told['objective']:.6g}"
    print(plain(f"{told['case']}: objective {before} to {after}, {last['evaluations']} evaluations"))
    for name, value in told["values"].items():
        print(f"{name:<24} {value:.12g}")
    print(f"ended: {told['reason']}")
    for remark in told["remarks"]:
        say("particles", remark)
    print(plain(f"written to {arguments.out}"))
    title = f"{told['case']}: objective {before} to {after}"
    print_tables(arguments, of_values(title, told["values"]), of_rows(f"{title}, iterations", told["curve"]))
    if arguments.json:
        command.print_json(told)
    return 0
