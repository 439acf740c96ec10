"""`python -m particles evaluate DIR`: what a trained network makes of its samples."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError, plain
from particles.base.files import check_output_file, write_bytes
from particles.base.tables import Table, add_format, of_rows, print_tables

if TYPE_CHECKING:
    from particles.networks.cases import NetworkCase
    from particles.networks.learner import Learner
    from particles.networks.record import Record

_TOLD = {"train": "trained on", "held": "held out", "test": "test"}
_WORST = 10
"""Samples of the largest losses that are listed."""


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of ``python -m particles``."""
    evaluate = commands.add_parser("evaluate", help="a trained network and its samples", description=execute.__doc__)
    evaluate.add_argument("network", metavar="DIR")
    evaluate.add_argument("--data", metavar="FOLDER", help="of samples that are given (default: that of the training)")
    evaluate.add_argument("--picture", metavar="FILE.png", help="wrong images by loss, of the last set")
    evaluate.add_argument("--replace", action="store_true", help="replace an older picture")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(evaluate)
    evaluate.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Evaluate a trained network on the samples of its training, those held out and those of its test.

    Prints right answers, the confusion of classes, and the samples of the largest losses.
    """
    record, case, learners = _loaded(arguments)

    from particles.base.parallel import world
    from particles.networks.evaluate import evaluation
    from particles.networks.restarts import summary

    ranks = world()
    found: dict[str, Any] = {"case": case.name, "weights": record.info["weights"]}
    for name, learner in learners.items():
        looked = evaluation(learner, record.theta, ranks)
        worst = looked.worst(_WORST)
        rows = zip(worst, looked.losses[worst], looked.labels[worst], looked.classes[worst], strict=True)
        listed = [{"sample": int(i), "loss": float(v), "label": int(y), "class": int(c)} for i, v, y, c in rows]
        found[name] = summary(looked) | {"worst": listed}
    if arguments.picture is not None and case.picture is not None:
        picture = case.picture(learner, looked)  # of the last, which training has seen least of
        ranks.on_first(lambda: write_bytes(arguments.picture, picture, replace=arguments.replace))
    if command.launched_rank() == 0:
        print(plain(f"{case.name}: {record.theta.size} numbers, sha256 {record.info['weights']}"))
        for name in learners:
            _say(_TOLD[name], found[name])
        if arguments.picture is not None:
            print(plain(f"wrong images of the {_TOLD[name]} set drawn in {arguments.picture}"))
        shown = [table for name in learners for table in _tables(f"{case.name}, {_TOLD[name]}", found[name])]
        print_tables(arguments, *shown)
        if arguments.json:
            command.print_json(found)
    return 0


def _loaded(arguments: argparse.Namespace) -> tuple[Record, NetworkCase, dict[str, Learner]]:
    """A record, its case, and the learners of its samples by name, or InputError."""
    from particles.networks.cases import case_of
    from particles.networks.learner import size_of
    from particles.networks.picture import MARK
    from particles.networks.record import load

    record = load(arguments.network)
    case, choice = case_of(record.info, arguments.network)
    if arguments.picture is not None:
        if case.picture is None:
            raise InputError(f"case {case.name!r} has no images: --picture is for one that has")
        check_output_file(arguments.picture, ".png", replace=arguments.replace, mark=MARK)
    if arguments.data is not None:
        choice = dataclasses.replace(choice, data=arguments.data)
    made = case.learners(choice)
    test = None if case.test is None else case.test(choice)
    if size_of(made.learner.groups) != record.theta.size:
        wanted = size_of(made.learner.groups)
        raise InputError(f"{arguments.network} holds {record.theta.size} numbers: allowed are {wanted}")
    learners = {"train": made.learner, "held": made.held, "test": test}
    return record, case, {name: learner for name, learner in learners.items() if learner is not None}


def _tables(title: str, told: dict[str, Any]) -> tuple[Table, Table]:
    """The confusion of classes, and the largest losses."""
    rows = tuple((label, *row) for label, row in enumerate(told["confusion"]))
    heads = "label \\ taken for", *map(str, range(len(rows)))
    right = f"{title}: {told['right']} of {told['count']} right, loss {told['loss']:.5g}"
    return Table(right, heads, rows), of_rows(f"{title}: largest losses", told["worst"])


def _say(what: str, told: dict[str, Any]) -> None:
    print(f"{what}: {told['right']} of {told['count']} right, accuracy {told['accuracy']:.4f}, loss {told['loss']:.5g}")
    print("  label \\ taken for" + "".join(f"{k:>7}" for k in range(len(told["confusion"]))))
    for label, row in enumerate(told["confusion"]):
        print(f"{label:>19}" + "".join(f"{number:>7}" for number in row))
    worst = ", ".join(f"{one['sample']} ({one['loss']:.3g})" for one in told["worst"])
    print(f"  largest losses: samples {worst}")
