"""`particles train mnist` and `particles evaluate` on a folder of made digits: what is learnt, kept and refused."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.__main__ import build_parser
from particles.base import command
from particles.networks.made_digits import made_digits
from particles.networks.record import load
from tests.idx_files import write

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*words: object) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, list(map(str, words)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 images to train with, of which 10 are held out, and 30 to test with."""
    folder = tmp_path_factory.mktemp("digits")
    write(folder, "train", made_digits(120), compressed=True)
    write(folder, "test", made_digits(30, replicate=1))
    return folder


@pytest.fixture(scope="module")
def net(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("net") / "net"
    assert run("train", "mnist", "--data", data, "--epochs", 1, "--warmup", 0, "--out", out) == 0
    return out


def test_the_record_tells_the_papers_network(net: Path, data: Path) -> None:
    record = load(net)
    info = record.info
    assert record.theta.size == info["network"]["parameters"] == 18201
    assert (info["network"]["kind"], info["network"]["layers"], info["precision"]) == ("split", 20, "float32")
    assert (info["count"], info["train"]["count"], info["held"]["count"]) == (110, 110, 10)
    assert info["promise"] == "same bytes for any number of ranks, any restart and any CPU"
    assert info["numbers"]["gamma"] == record.theta[-1]
    assert [row[0] for row in info["curve"]] == [0, 1]
    assert None not in info["curve"][1]
    assert np.isfinite(record.theta).all()


def test_evaluate_tells_the_test_images_too(net: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = net.parent / "wrong.png"
    assert run("evaluate", net, "--data", data, "--picture", picture, "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [told[name]["count"] for name in ("train", "held", "test")] == [110, 10, 30]
    record = load(net).info
    assert {key: told["held"][key] for key in record["held"]} == record["held"]
    assert np.sum(told["test"]["confusion"]) == 30
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert run("evaluate", net, "--data", data, "--picture", picture) == 2
    assert "is there already" in capsys.readouterr().err
    assert run("evaluate", net, "--data", data, "--picture", picture, "--replace") == 0


def test_stopped_and_resumed_it_is_the_same(net: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "net"
    words = ("train", "mnist", "--data", data, "--epochs", 1, "--warmup", 0, "--out", out)
    assert run(*words, "--stop-at", 1) == 75
    assert run("resume", out) == 0
    assert load(out).info["weights"] == load(net).info["weights"]


def test_a_training_goes_on_from_a_trained_network_with_another_smoothness(
    net: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "more"
    words = ("train", "mnist", "--data", data, "--epochs", 1, "--rate", 1e-4, "--out", out, "--start", net)
    assert run(*words, "--smoothness", 0) == 0
    info, first = load(out).info, load(net).info
    assert info["start"] == first["weights"] != info["weights"]
    assert info["curve"][0][1:3] == pytest.approx([first["train"]["loss"], first["train"]["accuracy"]])
    assert (info["network"]["smoothness"], info["curve"][0][3]) == (0.0, 0.0)
    assert run("train", "circles", "--epochs", 1, "--start", net, "--out", tmp_path / "other") == 2


def test_an_exploding_euler_layer_ends_it_with_3_and_is_named_with_the_image_and_the_cure(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("train", "mnist", "--data", data, "--epochs", 2, "--rate", 1.0, "--warmup", 0, "--out", tmp_path / "net")
    with np.errstate(all="ignore"):
        assert run(*words, "--layer", "euler") == 3
    told = capsys.readouterr().err
    assert re.search(r"layer \d+ of 20 explodes on image \d+, after abs\(x\) = ", told)
    assert "take layers of kind 'split', which cannot explode, or a smaller rate" in told
    assert not (tmp_path / "net").exists()
    assert run(*words, "--layer", "split") == 0  # control: bad weights, and finite


def cut(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])


def eleven(folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[:-1] + b"\x0b"))


@pytest.mark.parametrize(
    ("spoil", "words", "told"),
    [
        (None, (), "case 'mnist' needs --data"),
        (None, ("--data", "nowhere"), "nowhere is no folder: allowed is one with MNIST's four files"),
        (cut, ("--data", "."), "cannot be read as an IDX file: Compressed file ended before"),
        (eleven, ("--data", "."), "holds label 11 at image 19: allowed are 0 to 9"),
        (None, ("--data", ".", "--layer", "strang"), "kind = 'strang' must be one of euler, split"),
        (None, ("--data", ".", "--batch", "40"), "batch = 40 must be a multiple of 16"),
        (None, ("--data", ".", "--flip", "0.1"), "reads its samples"),
        (None, ("--data", ".", "--smoothness", "-1"), "smoothness = -1.0"),
        (None, ("--data", ".", "--start", "."), "holds no trained network"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    spoil: Any, words: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write(tmp_path, "train", made_digits(20), compressed=True)
    if spoil is not None:
        spoil(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert run("train", "mnist", *words, "--out", "net") == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_bad_images_are_told_before_numba_and_mpi_are_loaded(tmp_path: Path, fresh: Fresh) -> None:
    script = (
        "import sys\nfrom particles.__main__ import build_parser\nfrom particles.base import command\n"
        f"words = ['train', 'mnist', '--data', {str(tmp_path)!r}, '--out', 'net']\n"
        "code = command.run('particles', build_parser, words)\n"
        "print(code, 'numba' in sys.modules, 'mpi4py' in sys.modules)"
    )
    done = fresh("-c", script)
    assert done.stdout == "2 False False\n"
    assert "holds neither train-images-idx3-ubyte nor" in done.stderr
