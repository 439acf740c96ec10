"""What is learnt, and its record, are the same on any number of ranks, and after stops on one number and another."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from particles.checkpoint import folder_of
from tests.tables import RANKS, RUN_ALL

Told = dict[int, "subprocess.CompletedProcess[str]"]

SCRIPT = RUN_ALL
COMMON = ("train", "regression", "--target", "2", "--count", "12347", "--layers", "20", "--ridge", "1e-2")
METHODS: dict[str, tuple[str, ...]] = {
    "lm": ("--method", "lm"),
    "lbfgs": ("--method", "lbfgs"),
    "adam": ("--method", "adam", "--iterations", "8"),
    "sgd": ("--method", "sgd", "--iterations", "3", "--batch", "5000"),
    "enki": ("--method", "enki", "--iterations", "6", "--members", "3"),
    "descent": ("--method", "descent", "--iterations", "4"),
}
STOPS: dict[int, int | None] = {1: 3, 3: 4, 4: 6, 2: None}
"""Ranks: the evaluation after which it is stopped there; they follow the order of the jobs."""
STRAIGHT = {name: RANKS if name in ("lm", "sgd") else (RANKS[0], 4) for name in METHODS}
"""Ranks of runs without a stop; the others go along the chain, where each number of ranks does a part."""


def given(folder: Path, asked: list[dict[str, Any]]) -> dict[int, list[tuple[int, list[str]]]]:
    """Command lines: straight ones on each number of ranks, and one that is stopped and resumed from job to job."""
    lines: dict[int, list[tuple[int, list[str]]]] = {ranks: [] for ranks in RANKS}
    for name in [test["name"] for test in asked if "name" in test]:
        words = [*COMMON, *METHODS[name]]
        for ranks, stop in STOPS.items():
            if ranks in STRAIGHT[name]:
                lines[ranks].append((0, [*words, "--out", str(folder / f"{name}-{ranks}")]))
            out = str(folder / f"{name}-chain")
            line = ["resume", out] if ranks != RANKS[0] else [*words, "--out", out]
            lines[ranks].append((75, [*line, "--stop-at", str(stop)]) if stop else (0, line))
    return lines


def kept(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The learnt case, and the record but for times and where it was made."""
    record = json.loads((folder / "fit.json").read_text())
    for name in ("seconds", "ranks", "provenance"):
        del record[name]
    return (folder / "case.toml").read_bytes(), record


@pytest.mark.parametrize("name", METHODS)
def test_fits_are_independent_of_rank_count_and_of_restarts(told: Told, name: str) -> None:
    folder = Path(told[1].args).parent
    alone = kept(folder / f"{name}-1")
    assert len(alone[1]["curve"]) > 2
    for other in (*STRAIGHT[name], "chain"):
        assert kept(folder / f"{name}-{other}") == alone
    assert not folder_of(folder / f"{name}-chain").exists()
    assert "stopped after step 4; the checkpoint is in" in told[3].stderr
