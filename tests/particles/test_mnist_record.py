"""The stored network of docs/mnist.md: whole, as it is described, as often right as is said where MNIST is there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from particles.networks.record import load
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

NET, PAGE = ROOT / "docs" / "mnist", (ROOT / "docs" / "mnist.md").read_text(encoding="utf-8")
FOLDER = "SIMRESNET_MNIST"
"""Variable that names the folder of MNIST's four files."""


def right_answers() -> int:
    """Of the page's first sentence on the test images."""
    found = re.search(r"\*\*(\d+) of the 10 000 test images\*\*", PAGE)
    assert found is not None
    return int(found[1])


def test_the_stored_network_is_whole_and_the_page_tells_it() -> None:
    """Its weights have their sum; the number of parameters is the paper's; sum, gamma and accuracies are the page's."""
    record = load(NET)
    info = record.info
    assert record.theta.size == info["network"]["parameters"] == 20 * (9 * 10 * 10 + 10) + 1 == 18201
    assert info["weights"] in PAGE
    assert f"{info['numbers']['gamma']:.3g}" in PAGE
    for name in ("train", "held"):
        assert f"{info[name]['right']} of {info[name]['count'] // 1000} 000" in PAGE
    assert right_answers() >= 9780
    assert (info["train"]["count"], info["held"]["count"]) == (55_000, 5_000)


@pytest.mark.long
@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_it_is_right_as_often_as_the_page_says(ranks: int, fresh: Fresh) -> None:
    folder = os.environ.get(FOLDER)
    if folder is None or not Path(folder).is_dir():
        pytest.skip(f"{FOLDER} names no folder with MNIST's four files")
    done = fresh("-m", "particles", "evaluate", NET, "--data", folder, "--json", ranks=ranks)
    told = json.loads(done.stdout.splitlines()[-1])
    info = load(NET).info
    assert (told["test"]["right"], told["test"]["count"]) == (right_answers(), 10_000)
    for name in ("train", "held"):
        assert {key: told[name][key] for key in info[name]} == info[name]
