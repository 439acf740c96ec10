"""A command on ranks answers once: what ranks share, and what the first one does by itself."""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from particles import Euler, simulate
from particles.model import cases
from validation.console import PACKAGES
from validation.console import build_parser as simresnet

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
SHARED = {
    "particles": {"run", "resume", "sensitivity", "train", "control", "evaluate"},
    "kinetic": {"run", "resume"},
    "validation": {"study", "sweep", "multilevel", "budget", "network", "plan", "gallery", "all"},
}


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_command_is_shared_by_the_ranks_or_done_by_one(package: str) -> None:
    """A new one is on one side or the other."""
    found = commands_of(PACKAGES[package].build_parser())
    assert {name for name, one in found.items() if not one.get_default("by_one")} == SHARED[package]
    assert all(commands_of(simresnet())[name].get_default("by_one") for name in ("schema", "completion"))


def test_what_one_does_is_said_and_written_once(fresh: Fresh, tmp_path: Path) -> None:
    """Two would find each other's film in their way."""
    cloud = tmp_path / "cloud"
    simulate(cases["regression"].model, Euler(layers=4), count=100, until=1.0, times=[0.0, 0.5]).save(cloud)
    done = fresh("-m", "validation", "movie", cloud, "--out", tmp_path / "film.gif", ranks=2)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} - {".film.gif.lock"} == {"cloud", "film.gif"}
    missing = fresh("-m", "particles", "info", tmp_path / "none", ranks=2)
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (2, "", 1)


def test_a_plan_is_made_by_one_and_carried_out_by_all(fresh: Fresh) -> None:
    """What is planned is sent to the other ranks, a case with all of its formulas."""
    words = ("plan", "one-cluster", "--tolerance", "2e-2", "--run", "--json")
    done = fresh("-m", "validation", *words, ranks=2)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["outcome"]["upper"] <= 2e-2
