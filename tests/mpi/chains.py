"""Runs that stop in the job on one number of ranks and go on in another's, beside those that were never stopped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from particles.checkpoint import folder_of
from particles.trajectory import Trajectory, load
from tests.tables import RANKS

Chain = dict[int, int | None]  # ranks: step after which the run stops there; they follow the order of the jobs
Lines = dict[int, list[tuple[int, list[str]]]]  # ranks: exit codes and command lines


def lines(
    folder: Path, runs: dict[str, Sequence[object]], chains: Iterable[tuple[str, str, Chain]], *resumed: str
) -> Lines:
    """Command lines of runs by name, once straight on a single rank and once along each (name, its own name, chain).

    They go on by ``resume``, and along a chain whose name says so by ``run --resume``.
    """
    told: Lines = {ranks: [] for ranks in RANKS}
    for name, chain_name, chain in chains:
        assert [*chain] == [ranks for ranks in RANKS if ranks in chain]
        words = ["run", *map(str, runs[name])]
        straight = [*words, "--out", str(folder / name)]
        if (0, straight) not in told[1]:
            told[1].append((0, straight))
        out = str(folder / f"{name}-{chain_name}")
        words = [*words, "--out", out]
        for ranks, step in chain.items():
            told[ranks].append((75, [*words, "--stop-at", str(step)]) if step else (0, words))
            words = [*words, "--resume"] if chain_name == "run-resume" else ["resume", out, *resumed]
    return told


def same(one: Trajectory, two: Trajectory) -> bool:
    """Whether two runs are the same bytes."""
    return (
        one.digests() == two.digests()
        and one.moments.tobytes() == two.moments.tobytes()
        and one.variances.tobytes() == two.variances.tobytes()
        and one.counts_digest() == two.counts_digest()
    )


def check(folder: Path, name: str, chain_name: str, chain: Chain) -> None:
    """A run along a chain is the one that was never stopped, and leaves no checkpoint."""
    found = load(folder / f"{name}-{chain_name}")
    assert same(found, load(folder / name))
    assert found.info["ranks"] == [*chain][-1]
    assert not folder_of(folder / f"{name}-{chain_name}").exists()
