"""`python -m particles train circles --out DIR`: train a network that has a name, and keep it with its record."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.tables import Table, add_format, of_rows, print_tables
from particles.base.terminal import say

if TYPE_CHECKING:
    from particles.base.arrays import Floats
    from particles.base.watch import Checkpoints
    from particles.networks.cases import Choice, NetworkCase
    from particles.networks.keep import Epoch
    from particles.networks.learner import Learner
    from particles.networks.record import Record

NAMES = ("circles", "circles-plane", "mnist")
"""Those of `particles.networks.cases`, which is loaded when one of them is asked for."""
_ROWS = 10
"""Lines of a training's curve that are printed."""


def build_parser() -> command.Parser:
    """The parser of the words after ``train`` of which the first that is no option is a network's name."""
    train = command.Parser(prog="particles train", description=execute.__doc__)
    train.add_argument("case", metavar="CASE", help=f"one of {', '.join(NAMES)}")
    command.add_set(train, "the case, such as training.epochs=40 or network.layers=40")
    train.add_argument("--epochs", type=command.positive_integer, help="through all samples (default: the case's)")
    train.add_argument("--batch", type=command.positive_integer, help="samples of a step (default: the case's)")
    train.add_argument("--method", help="adam or sgd, with momentum 0.9 (default: the case's)")
    train.add_argument("--rate", type=command.positive_float, help="learning rate (default: the case's)")
    train.add_argument("--warmup", type=command.finite_float, help="steps over which it grows (default: the case's)")
    train.add_argument("--decay", help="linear, to 0 at the end, or constant (default: the case's)")
    train.add_argument("--starts", type=command.positive_integer, help="at most (default: the case's)")
    train.add_argument(
        "--polish", type=command.finite_float, help="iterations of L-BFGS after it (default: the case's)"
    )
    train.add_argument("--seed", type=command.seed, default=0, help="of the order of the samples (default: 0)")
    train.add_argument("--sample", type=command.seed, default=0, help="seed of samples that are made (default: 0)")
    train.add_argument("--flip", type=command.finite_float, default=0.0, help="share of labels made wrong (default: 0)")
    train.add_argument("--layer", help="euler, split, strang or multistep (default: the case's)")
    train.add_argument("--data", metavar="FOLDER", help="of samples that are given")
    train.add_argument("--smoothness", type=command.finite_float, help="lambda of (82), (113) (default: the case's)")
    train.add_argument("--start", metavar="DIR", help="a trained network to begin with (default: zeros)")
    train.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    command.add_replace(train)
    command.add_checkpoints(train)
    train.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(train)
    train.set_defaults(execute=execute)
    return train


def execute(arguments: argparse.Namespace) -> int:
    """Train a network: its layers are steps of x' = w x + b - gamma x^3, its samples made or given.

    DIR holds the weights, weights.npy, and the record, network.json. SIGUSR1 writes a checkpoint to DIR.checkpoints,
    SIGTERM writes one and leaves with 75; ``particles resume DIR`` goes on, on any number of ranks.
    """
    from particles.base.checkpoint import folder_of, require_none
    from particles.base.watch import Checkpoints

    stored = {key: value for key, value in vars(arguments).items() if key != "execute"}
    checkpoints = Checkpoints.of_options(
        folder_of(arguments.out), arguments, resume=False, or_begin=False, arguments=stored, files={}
    )
    _require_room(arguments)
    require_none(checkpoints)
    return _train(arguments, checkpoints)


def go_on(arguments: argparse.Namespace, stored: dict[str, Any]) -> int:
    """Go on with a training from its newest whole checkpoint."""
    from particles.base.checkpoint import folder_of
    from particles.base.watch import Checkpoints

    run = command.resumed(arguments, stored)
    checkpoints = Checkpoints.of_options(
        folder_of(arguments.out), run, resume=True, or_begin=False, arguments=vars(run), files={}
    )
    return _train(run, checkpoints)


def case_of(arguments: argparse.Namespace) -> tuple[NetworkCase, Choice]:
    """The case with the training that the options ask for, and what they choose of it."""
    from particles.base.checks import require_count, require_one_of
    from particles.model.cases.changed import settings_of
    from particles.networks.cases import NETWORKS
    from particles.networks.changed import changed_network
    from particles.networks.optimisers import OPTIMISERS

    settings = settings_of(getattr(arguments, "set", []))  # older checkpoints know none
    case, choice = changed_network(NETWORKS[arguments.case], settings)
    training, schedule = case.training, case.training.schedule
    if arguments.method is not None:
        require_one_of("method", arguments.method, OPTIMISERS)
        if arguments.rate is None and arguments.method != training.optimiser.name:
            raise InputError(f"--method {arguments.method} needs --rate: that of the case is for another")
        training = dataclasses.replace(training, optimiser=OPTIMISERS[arguments.method]())
    whole = {}
    for name in ("warmup", "polish"):
        if (value := getattr(arguments, name)) is not None:
            whole[name] = int(value) if value == int(value) else value
            require_count(name, whole[name], least=0)
    changes = {"rate": arguments.rate, "warmup": whole.get("warmup"), "decay": arguments.decay}
    schedule = dataclasses.replace(schedule, **{name: value for name, value in changes.items() if value is not None})
    training = dataclasses.replace(
        training, schedule=schedule, seed=arguments.seed, epochs=arguments.epochs or training.epochs,
        batch=arguments.batch or training.batch,
    )  # fmt: skip
    case = dataclasses.replace(
        case, training=training, starts=arguments.starts or case.starts, polish=whole.get("polish", case.polish)
    )
    return case, dataclasses.replace(
        choice, kind=arguments.layer or choice.kind, sample=arguments.sample, flip=arguments.flip, data=arguments.data,
        smoothness=choice.smoothness if arguments.smoothness is None else arguments.smoothness,
    )  # fmt: skip


def _require_room(arguments: argparse.Namespace) -> None:
    from particles.base.files import check_output_folder
    from particles.networks.record import FILES

    check_output_folder(arguments.out, FILES, replace=arguments.replace)


def _train(arguments: argparse.Namespace, checkpoints: Checkpoints) -> int:
    from pathlib import Path
    from time import perf_counter

    case, choice = case_of(arguments)
    learners = case.learners(choice)
    start = None if arguments.start is None else _start(arguments.start, learners.learner)

    from particles.base.parallel import world
    from particles.base.progress import progress_bar
    from particles.networks.restarts import Hooks, Restarts

    ranks, began = world(), perf_counter()
    samples = float(case.training.epochs * learners.learner.count)
    with ranks.claimed(arguments.out, lambda: _require_room(arguments)):
        hooks = Hooks(
            lambda: progress_bar(f"particles: {case.name}", samples=samples),
            lambda epoch: _tell(epoch, case.training.epochs),
        )
        record = Restarts(case, choice, learners, ranks, start).perform(checkpoints, hooks)
        if getattr(arguments, "set", []):
            record = dataclasses.replace(record, info=record.info | {"set": arguments.set})
        seconds = perf_counter() - began
        ranks.on_first(lambda: record.save(arguments.out, replace=arguments.replace), Path(arguments.out))
    if command.launched_rank() == 0:
        say_record(record)
        print(plain(f"{seconds:.1f} s on {ranks.size} rank{'s' * (ranks.size > 1)}; written to {arguments.out}"))
        print_tables(arguments, *_tables(record))
        if arguments.json:
            command.print_json(record.info)
    return 0


def _start(path: str, learner: Learner) -> Floats:
    """The numbers of a trained network, or InputError."""
    from particles.networks.learner import size_of
    from particles.networks.record import load

    theta, wanted = load(path).theta, size_of(learner.groups)
    if theta.size != wanted:
        raise InputError(f"--start {path} holds {theta.size} numbers: allowed are {wanted}")
    return theta


def _tell(row: Epoch, epochs: int) -> None:
    """Print a row of the curve where one is due."""
    due = row.epoch in (0, epochs) or row.epoch % max(1, epochs // _ROWS) == 0
    if command.launched_rank() != 0 or not due:
        return
    line = f"epoch {row.epoch:>5}  loss {row.loss:<10.5g} accuracy {row.accuracy:.4f}  penalty {row.penalty:<10.4g}"
    if row.held_accuracy is not None:
        line += f" held out: loss {row.held_loss:<10.5g} accuracy {row.held_accuracy:.4f}"
    print(line, flush=True)


def _tables(record: Record) -> tuple[Table, Table]:
    """What it makes of its samples, and its curve."""
    info = record.info
    looked = [
        {"samples": what} | {name: info[key][name] for name in ("count", "right", "accuracy", "loss")}
        for key, what in (("train", "trained on"), ("held", "held out"))
        if info[key] is not None
    ]
    title = f"{info['case']}: {record.theta.size} numbers"
    return of_rows(title, looked), of_rows(f"{title}, epochs", [row._asdict() for row in record.curve])


def say_record(record: Record) -> None:
    """Print what a record says."""
    info = record.info
    failed = f", {info['failed']} of {len(info['starts'])} starts failed" if info["failed"] else ""
    print(f"{info['case']}: {record.theta.size} numbers{failed}")
    for name, what in (("train", "trained on"), ("held", "held out")):
        if info[name] is not None:
            told = info[name]
            share = f"{told['right']} of {told['count']} right, accuracy {told['accuracy']:.4f}"
            print(f"{what:<12} {share}, loss {told['loss']:.5g}")
    for name, value in info["numbers"].items():
        print(f"{name:<12} {value:.5g}")
    if "wrong_labels" in info:
        wrong = info["wrong_labels"]
        many = len(wrong["samples"])
        print(f"wrong labels {wrong['among_the_largest_losses']} of {many} are among the {many} largest losses")
    print(f"sha256       {info['weights']}")
    for remark in info["remarks"]:
        say("particles", remark)
