"""What is fed with mutated input: originals, how each is taken, and whether what was taken is the original."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import kinetic.__main__
import particles.__main__
import validation.__main__
from particles.base import command
from particles.base.errors import SimresnetError
from particles.model.measurements import read_measurements
from particles.trajectory import load

ALLOWED = (0, 1, 2, 3, 5, 75, 130)
PARSERS = {
    "particles": particles.__main__.build_parser,
    "kinetic": kinetic.__main__.build_parser,
    "validation": validation.__main__.build_parser,
}
CASE = """name = "own"
[model]
drift = "tanh"
weight = {edges = [0.0, 0.5], values = [-1.0, 2.0]}
bias = 0.5
walls = [-4.0, 4.0]
[model.initial]
law = "mixture"
weights = [0.25, 0.75]
components = [{law = "normal", m = 0.0, v = 1.0}, {law = "kernel", file = "data.csv", column = "length"}]
[run]
until = 1.0
times = [0.0, 0.5]
count = 8
layers = 4
[grid]
domain = [-4.0, 4.0]
cells = 40
"""
RUN = ("--count", "40", "--layers", "20", "--histogram", "-3", "5", "8")


def run(words: Sequence[str]) -> tuple[int, str]:
    """Exit code and stderr of a command line, in this process."""
    told, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(error):
        try:
            code = command.run(words[0], PARSERS[words[0]], list(words[1:]))
        except SystemExit as leave:  # of --help
            code = leave.code if isinstance(leave.code, int) else 1
    return code, error.getvalue()


def sentence(code: int, error: str) -> str | None:
    """What is wrong with how a command ended, or None."""
    if code not in ALLOWED:
        return f"exit code {code}: {error[-300:]}"
    if "Traceback" in error or "Warning" in error:
        return error[-300:]
    if code == 2 and not 0 < len(error) < 3000:
        return f"{len(error)} characters for bad input: {error[:300]}"
    return None


@dataclass(frozen=True)
class Target:
    """One format.

    Parameters
    ----------
    name : str
    make : callable
        Fills an empty folder with the originals.
    take : callable
        Takes what lies in the folder now; returns what is wrong, or None.
    """

    name: str
    make: Callable[[Path], None]
    take: Callable[[Path], str | None]


def _run(folder: Path) -> None:
    _case(folder)
    assert run(("particles", "run", str(folder / "own.toml"), *RUN, "--out", str(folder / "o")))[0] == 0
    _no_case(folder)


def _take_run(folder: Path) -> str | None:
    code, error = run(("particles", "info", str(folder / "o"), "--json"))
    if code == 0 and "without sums" not in error and (wrong := _other_run(folder / "o")):
        return wrong
    return sentence(code, error)


def _other_run(folder: Path) -> str | None:
    found, right = load(folder), ORIGINAL["run"]
    same = (found.digests(), found.counts_digest(), found.times, found.moments.tobytes(), found.variances.tobytes())
    if same != right[:-1] or found.info != right[-1]:
        return "a changed run was accepted"
    return None


def _checkpoint(folder: Path) -> None:
    _case(folder)
    words = ("particles", "run", str(folder / "own.toml"), "--out", str(folder / "o"), "--stop-at", "3")
    assert run(words)[0] == 75
    _no_case(folder)


def _take_checkpoint(folder: Path) -> str | None:
    code, error = run(("particles", "resume", str(folder / "o")))
    if code == 0 and load(folder / "o").digests() != ORIGINAL["checkpoint"]:
        return "a changed checkpoint was accepted"
    return sentence(code, error)


def _solution(folder: Path) -> None:
    assert (
        run(("kinetic", "run", "regression", "--cells", "20", "--until", "0.1", "--out", str(folder / "a.nc")))[0] == 0
    )


def _take_solution(folder: Path) -> str | None:
    error = io.StringIO()
    try:
        with contextlib.redirect_stderr(error):
            found = kinetic.load(folder / "a.nc")
    except SimresnetError as refusal:
        return sentence(refusal.exit_code, str(refusal))
    averages, atoms, times, grid, provenance = ORIGINAL["solution"]
    same = found.averages.tobytes() == averages and found.atoms.tobytes() == atoms and found.times == times
    if "without a sum" not in error.getvalue() and not (same and found.grid == grid and found.provenance == provenance):
        return "a changed solution was accepted"
    return None


def _numbers(folder: Path) -> None:
    np.save(folder / "a.npy", np.linspace(0.0, 1.0, 20))


def _take_numbers(folder: Path) -> str | None:
    return _measurements(folder / "a.npy")


def _measurements(path: Path) -> str | None:
    try:
        values = read_measurements(path)
    except SimresnetError as refusal:
        return sentence(refusal.exit_code, str(refusal))
    return None if np.isfinite(values).all() and values.size else "numbers that are none were accepted"


def _table(folder: Path) -> None:
    (folder / "a.csv").write_text("# by hand\nlength\n" + "".join(f"{1.0 + k / 7:.3f}\n" for k in range(30)))


def _take_table(folder: Path) -> str | None:
    return _measurements(folder / "a.csv")


def _case(folder: Path) -> None:
    (folder / "data.csv").write_text("length\n1.0\n2.5\n2.0\n")
    (folder / "own.toml").write_text(CASE)


def _no_case(folder: Path) -> None:
    (folder / "own.toml").unlink()
    (folder / "data.csv").unlink()


def _take_case(folder: Path) -> str | None:
    out = str(folder / "o")
    code, error = run(("particles", "run", str(folder / "own.toml"), "--count", "8", "--layers", "4", "--out", out))
    return sentence(code, error)


TARGETS = (
    Target("run", _run, _take_run),
    Target("checkpoint", _checkpoint, _take_checkpoint),
    Target("solution", _solution, _take_solution),
    Target("npy", _numbers, _take_numbers),
    Target("table", _table, _take_table),
    Target("case", _case, _take_case),
)
ORIGINAL: dict[str, tuple] = {}  # type: ignore[type-arg]


def prepare(folder: Path) -> dict[str, Path]:
    """Make all originals, each in a folder of its own, and remember what is in them."""
    made = {}
    for target in TARGETS:
        made[target.name] = folder / target.name
        made[target.name].mkdir()
        target.make(made[target.name])
    one = load(made["run"] / "o")
    moments = (one.moments.tobytes(), one.variances.tobytes())
    ORIGINAL["run"] = (one.digests(), one.counts_digest(), one.times, *moments, one.info)
    two = kinetic.load(made["solution"] / "a.nc")
    ORIGINAL["solution"] = (two.averages.tobytes(), two.atoms.tobytes(), two.times, two.grid, two.provenance)
    shutil.copytree(made["checkpoint"], folder / "resumed")
    assert run(("particles", "resume", str(folder / "resumed" / "o")))[0] == 0
    ORIGINAL["checkpoint"] = load(folder / "resumed" / "o").digests()  # type: ignore[assignment]
    return made
