"""A sweep is the same numbers on any number of ranks."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

RANKS = (1, 2)
SCRIPT = """
import xarray
from particles.base.parallel import world
out = f"{given}/{world().size}"
words = ("sweep", "regression", "model.weight=-2:-1:5", "--count", "200", "--layers", "4", "--cells", "30")
assert run("validation", (*words, "--out", out)) == 0
if world().rank == 0:
    data = xarray.load_dataset(f"{out}/sweep.nc", engine="scipy")
    del data.attrs["record"]
    print(data.to_dict())
"""


def given(folder: Path, asked: list[dict[str, Any]]) -> str:
    return str(folder)


def test_a_sweep_does_not_depend_on_the_number_of_ranks(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    alone, both = (told[ranks].stdout.splitlines() for ranks in RANKS)
    assert alone[:-2] == both[:-2], "the table"
    assert alone[-1] == both[-1], "all numbers"
    assert alone[-1].startswith("{'coords'")
    assert len(alone) == 1 + 1 + 5 + 1 + 1, "title, heads, points, where it is, numbers"
    assert not told[2].stderr
