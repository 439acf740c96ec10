"""A network's case changed by ``--set``: checked by its schema, kept, and read again as it was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from particles.__main__ import build_parser
from particles.base import command
from particles.commands import train_network
from particles.networks.case_schema import NetworkTable, TrainingTable
from particles.networks.cases import NETWORKS, Choice, case_of
from particles.networks.changed import changed_network, content_of
from particles.networks.layers import KINDS
from particles.networks.learner import size_of
from particles.networks.optimisers import OPTIMISERS, Momentum
from particles.networks.record import load

CIRCLES = ("train", "circles", "--out")


def run(*words: object) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, list(map(str, words)))


def asked(*words: str) -> tuple[Any, Any]:
    """The case and the choice of a command line."""
    return train_network.case_of(build_parser().parse_args([*CIRCLES, "net", *words]))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_value_that_a_network_has_already_changes_nothing(name: str) -> None:
    """Of every key that its content has."""
    case = NETWORKS[name]
    keys = {f"{table}.{key}": value for table, row in content_of(case).items() for key, value in row.items()}
    for key, value in keys.items():
        assert changed_network(case, {key: value}) == (case, Choice(case.layer))


OTHER = (
    "network.kind=split", "network.layers=7", "network.smoothness=0.5", "training.rate=0.1", "training.warmup=0",
    "training.decay=constant", "training.epochs=2", "training.batch=8", "training.starts=1", "training.goal=0.5",
    "training.polish=3",
)  # fmt: skip


def test_another_value_of_every_key_is_seen() -> None:
    assert len({repr(asked("--set", word)) for word in OTHER} | {repr(asked())}) == len(OTHER) + 1
    changed = asked("--set", "training.method=sgd", "--set", "training.rate=0.1")[0]
    assert changed.training.optimiser == Momentum()
    keys = {f"{name}.{key}" for name, kind in (("network", NetworkTable), ("training", TrainingTable))
            for key in kind.model_fields}  # fmt: skip
    assert keys == {word.partition("=")[0] for word in OTHER} | {"training.method"}


def test_the_schema_knows_the_words_of_the_project() -> None:
    assert get_args(NetworkTable.model_fields["kind"].annotation) == tuple(KINDS)
    assert get_args(TrainingTable.model_fields["method"].annotation) == tuple(OPTIMISERS)


def test_an_option_counts_before_what_is_set() -> None:
    case, choice = asked(
        "--set", "training.epochs=7", "--set", "network.kind=split", "--epochs", "9", "--layer", "strang"
    )
    assert (case.training.epochs, choice.kind) == (9, "strang")


def test_a_changed_network_is_kept_and_read_as_it_was_trained(tmp_path: Path) -> None:
    """Its record tells what was set, and makes its layers again; stopped and resumed it is the same bytes."""
    words = ("--set", "network.layers=5", "--set", "training.epochs=2", "--starts", 1)
    assert run(*CIRCLES, tmp_path / "whole", *words) == 0
    assert run(*CIRCLES, tmp_path / "cut", *words, "--stop-at", 7) == 75
    assert run("resume", tmp_path / "cut") == 0
    whole, cut = load(tmp_path / "whole"), load(tmp_path / "cut")
    assert (whole.theta.size, len(whole.curve)) == (60, 3)
    assert whole.info["set"] == cut.info["set"] == ["network.layers=5", "training.epochs=2"]
    assert whole.theta.tobytes() == cut.theta.tobytes()
    case, choice = case_of(whole.info, "whole")
    assert size_of(case.learners(choice).learner.groups) == 60


BAD = [
    ("training.epoch=3", "circles, changed: training.epoch is not known: did you mean epochs?"),
    ("training.epochs=0", "circles, changed: training.epochs = 0: allowed is a positive integer"),
    ("network.kind=strng", "circles, changed: network.kind = 'strng': allowed is 'euler', 'split', 'strang' or"
     " 'multistep', did you mean strang?"),
    ("network.layers=0", "circles, changed: network.layers = 0: allowed is an integer from 1 to 10000"),
    ("model.weight=-2", "circles, changed: model is not known: allowed are network, training"),
    ("training.method=sgd", "training.method = 'sgd' needs training.rate: that of the case is for another"),
    ("training.batch=12", "batch = 12 must be a multiple of 8, the samples of a block"),
    ("training.batch", "--set 'training.batch': allowed is KEY=VALUE, such as model.weight=-2"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "told"), BAD, ids=[word for word, _ in BAD])
def test_a_mistake_is_one_sentence(word: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*CIRCLES, tmp_path / "net", "--set", word) == 2
    assert capsys.readouterr().err == f"particles: {told}\n"
    assert not any(tmp_path.iterdir())
