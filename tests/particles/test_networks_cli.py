"""`particles train circles` and `particles evaluate`: what is learnt, kept, resumed and refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.__main__ import build_parser
from particles.base import command
from particles.base.parallel import serial
from particles.networks.cases import NETWORKS, Choice
from particles.networks.data import circles, flipped
from particles.networks.record import load
from particles.networks.restarts import Restarts

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*words: object) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, list(map(str, words)))


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case as it stands: 300 epochs, at most 3 starts."""
    out = tmp_path_factory.mktemp("net") / "net"
    assert run("train", "circles", "--epochs", 300, "--out", out) == 0
    return out


def test_circles_are_told_apart(net: Path) -> None:
    record = load(net)
    info = record.info
    assert record.theta.size == 240
    assert info["train"]["accuracy"] >= 0.99
    assert (info["held"]["count"], info["held"]["accuracy"] >= 0.975) == (20_000, True)
    assert len(info["starts"]) - info["failed"] == 1
    assert (len(info["curve"]), info["curve"][0][1]) == (301, pytest.approx(np.log(2.0)))


def test_evaluate_finds_what_the_record_says(net: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", net, "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    for name in ("train", "held"):
        right = load(net).info[name]
        assert {key: told[name][key] for key in right} == right
        confusion = np.array(told[name]["confusion"])
        assert (confusion.trace(), confusion.sum()) == (right["right"], right["count"])
        worst = [one["loss"] for one in told[name]["worst"]]
        assert (len(worst), sorted(worst, reverse=True)) == (10, worst)


SHORT = ("train", "circles", "--epochs", 4, "--starts", 2, "--seed", 3)


def test_stopped_in_its_second_start_it_goes_on_to_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    straight, out = tmp_path / "straight", tmp_path / "out"
    assert run(*SHORT, "--out", straight, "--json") == 0
    told = capsys.readouterr()
    assert "none of 2 starts reached an accuracy of 0.99" in told.err
    assert json.loads(told.out.splitlines()[-1])["failed"] == 2
    assert run(*SHORT, "--out", out, "--stop-at", 7) == 75
    assert run("resume", out, "--stop-at", 38) == 75
    assert run("resume", out, "--stop-at", 13) == 75  # of the second start
    assert run(*SHORT, "--out", out) == 2
    assert "holds an unfinished run" in capsys.readouterr().err
    assert run("resume", out) == 0
    first, second = load(straight), load(out)
    assert first.theta.tobytes() == second.theta.tobytes()
    same = ("curve", "starts", "weights", "train", "held", "remarks")
    assert [first.info[name] for name in same] == [second.info[name] for name in same]
    assert not out.with_name("out.checkpoints").exists()


def test_wrong_labels_are_among_the_largest_losses_where_training_succeeded() -> None:
    case, choice = NETWORKS["circles"], Choice(flip=0.05)
    found = Restarts(case, choice, case.learners(choice), serial()).perform().info
    assert len(found["wrong_labels"]["samples"]) == 20
    assert found["train"]["accuracy"] >= 0.94
    assert found["wrong_labels"]["among_the_largest_losses"] >= 19
    assert not any("do not tell wrong labels" in remark for remark in found["remarks"])


def test_where_training_did_not_succeed_the_record_says_that_losses_tell_nothing(tmp_path: Path) -> None:
    words = ("train", "circles", "--epochs", 2, "--starts", 1, "--flip", 0.05, "--out", tmp_path / "net")
    assert run(*words) == 0
    info = load(tmp_path / "net").info
    assert info["train"]["accuracy"] < 0.9
    assert "the largest losses do not tell wrong labels" in info["remarks"][-1]


def test_labels_are_flipped_in_a_share_and_circles_have_their_radii() -> None:
    points, labels = circles(20_000, seed=1)
    radii = np.hypot(*points)
    for label, radius in ((0, 1.0), (1, 2.0)):  # E r^2 = R^2 + 2 std^2
        mean = float((radii[labels == label] ** 2).mean())
        assert mean == pytest.approx(radius**2 + 0.08, abs=5.0 * 2.0 * radius * 0.2 / 100.0)
    assert abs(points.mean(axis=1)).max() < 5.0 * 1.2 / np.sqrt(20_000)
    changed, which = flipped(labels, 0.05)
    assert which.size == 1000
    assert np.flatnonzero(changed != labels).tolist() == which.tolist()
    assert np.abs(circles(20_000, seed=1, replicate=1)[0] - points).max() > 1.0


BAD = [
    (("--batch", 12), "batch = 12 must be a multiple of 8"),
    (("--layer", "cubic"), "layer = 'cubic' must be one of euler, split, strang, multistep"),
    (("--flip", 1.5), "flip = 1.5 must lie in [0, 1]"),
    (("--method", "lm"), "method = 'lm' must be one of adam, sgd"),
    (("--method", "sgd"), "--method sgd needs --rate"),
    (("--decay", "cosine"), "decay = 'cosine' must be one of constant, linear"),
    (("--warmup", -1), "warmup = -1 must be an integer of at least 0"),
    (("--data", "somewhere"), "makes its samples, and takes no --data"),
    (("--target", 2), "unrecognized arguments: --target 2"),
]


@pytest.mark.parametrize(("words", "told"), BAD)
def test_bad_input_is_one_sentence(
    words: tuple[object, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train", "circles", "--out", tmp_path / "net", *words) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_bad_input_of_a_network_loads_nothing_heavy(fresh: Fresh, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom particles.__main__ import build_parser\nfrom particles.base import command\n"
        f"words = ['train', 'circles', '--batch', '12', '--out', '{tmp_path}/n']\n"
        "code = command.run('particles', build_parser, words)\n"
        "assert code == 2\nassert not {'numba', 'mpi4py.MPI', 'scipy'} & set(sys.modules)\n"
    )
    done = fresh("-c", script)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr


def test_models_keep_their_options() -> None:
    """A network's name decides only where it is the case: not as the value of an option."""
    model = build_parser().parse_args(["train", "--target", "2", "--out", "circles", "regression", "--iterations", "1"])
    assert (model.case, model.iterations, hasattr(model, "epochs")) == ("regression", 1, False)
    other = build_parser().parse_args(["train", "--replace", "circles", "--epochs", "1", "--out", "net"])
    assert (other.case, other.epochs, hasattr(other, "iterations")) == ("circles", 1, False)


DAMAGE: list[tuple[str, Callable[[Path], Any], str]] = [
    ("a byte", lambda path: flip_a_byte(path / "weights.npy"), "weights.npy does not have its sum"),
    ("a number", lambda path: edit(path / "network.json", '"failed": 2', '"failed": 0'), "does not have its sum"),
    ("no record", lambda path: (path / "network.json").unlink(), "holds no trained network"),
]


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(("what", "harm", "told"), DAMAGE, ids=[row[0] for row in DAMAGE])
def test_a_damaged_record_is_one_sentence(
    what: str, harm: Callable[[Path], Any], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "net"
    assert run(*SHORT, "--out", out) == 0
    harm(out)
    capsys.readouterr()
    assert run("evaluate", out) == 2
    assert told in capsys.readouterr().err


def test_a_network_is_drawn(net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from validation.__main__ import build_parser as of_validation

    words = ["plot", str(net), "--out", str(tmp_path / "net.png")]
    assert command.run("validation", of_validation, words) == 0
    assert (tmp_path / "net.png").read_bytes()[:4] == b"\x89PNG"
    assert command.run("validation", of_validation, words) == 2
    assert "is there already" in capsys.readouterr().err
