"""`python -m validation network DIR`: a trained network in the plane beside the equation of its layers."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import add_format, of_rows, print_tables

_LOOKS = 4
"""Parts of the depth at whose ends the clouds are compared."""
_FAR = 2.0
"""Times the mean distance of as many draws: what the flow's cloud may be off by chance."""


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    network = commands.add_parser(
        "network", help="a trained network in the plane and its mean field", description=execute.__doc__
    )
    network.add_argument("network", metavar="DIR", help="what particles train was given as --out")
    network.add_argument("--count", type=command.positive_integer, default=20_000, help="draws (default: 20000)")
    network.add_argument("--cells", type=command.positive_integer, default=160, help="a direction (default: 160)")
    network.add_argument(
        "--at", nargs="+", type=command.positive_integer, metavar="LAYER", help="layers (default: 4 parts of the depth)"
    )
    network.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    network.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(network)
    network.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print sliced W1 of the network's cloud, and of the exact flow's, to the solution of the equation.

    The equation has the layers as w(t), b(t). Ends with 1 where the flow's cloud is off by more than sampling.
    """
    from particles.networks.cases import case_of
    from particles.networks.dense import DenseLearner
    from particles.networks.record import load
    from validation.studies.network import network_mean_field

    record = load(arguments.network)
    case, choice = case_of(record.info, arguments.network)
    learner = case.learners(choice).learner
    if not isinstance(learner, DenseLearner):
        raise InputError(f"{arguments.network} is of case {case.name!r}: allowed is a network in the plane")
    depth = learner.network.stages[0].layers
    at = tuple(sorted(set(arguments.at or (depth * k // _LOOKS for k in range(_LOOKS + 1)))))
    rows = network_mean_field(
        learner, record.theta, at=at, count=arguments.count, cells=arguments.cells, seed=arguments.seed
    )
    holds = all(row.flow <= _FAR * row.chance for row in rows)
    if command.launched_rank() == 0:
        print("layer    time   network         flow            between         chance")
        for row in rows:
            print(
                f"{row.layer:>5} {row.time:>7g}   {row.network:<12.4g}    {row.flow:<12.4g}    {row.between:<12.4g}"
                f"    {row.chance:<.4g}"
            )
        judged = "holds" if holds else "does not hold"
        print(f"verdict: {judged}: the flow's cloud is off by at most {_FAR:g} times what {arguments.count} draws are")
        print_tables(arguments, of_rows(f"network: {case.name}, sliced W1", list(map(dataclasses.asdict, rows))))
        if arguments.json:
            command.print_json({"rows": [dataclasses.asdict(row) for row in rows], "holds": holds})
    return 0 if holds else 1
