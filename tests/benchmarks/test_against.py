"""The table of ratios to another commit: every work runs, a ratio is other over this, bad input is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import against, against_works
from benchmarks.measure import fresh_python


class Planted:
    """A side whose answers are known: a unit takes so many nanoseconds, by work; None of a peer that is missing."""

    def __init__(self, nanoseconds: dict[str, list[float] | None], clouds: float) -> None:
        self.nanoseconds, self.clouds = nanoseconds, clouds

    def ask(self, order: str) -> dict[str, float] | None:
        what, _, name = order.partition(" ")
        if what == "memory":
            return {"bytes": 80.0 * self.clouds, "units": 10.0}
        times = self.nanoseconds[name]
        return times and {"seconds": 10e-9 * times.pop(0), "units": 10.0}


ROW = against.Row("merge", "w", 2.4, (("POT", "p", ">= 22"), ("JAX", "j", ">= 2")), 2.2)


def lines(this: list[float], base: list[float]) -> list[str]:
    sides: Any = Planted({"w": this, "p": [80.0, 60.0], "j": None}, 2.0), Planted({"w": base}, 8.0)
    return list(against.kernel_row(ROW, *sides, len(base), 2))


def test_a_ratio_is_of_the_shortest_times_other_over_this() -> None:
    found = lines([4.0, 2.0, 9.0, 9.0, 9.0, 9.0], [6.0, 5.0])
    assert found == [
        "| merge | 2.00 ns | 5.00 ns | 2.50 | >= 2.4 |",
        "| - POT / ours | 2.00 ns | 60.00 ns | 30.00 | >= 22 |",
        "| - JAX / ours | 2.00 ns | not installed | | >= 2 |",
        "| - new memory | 2.00 clouds | 8.00 clouds | 4.00 | <= 2.2 clouds |",
    ]


def test_control_a_slower_build_is_seen() -> None:
    assert "| 0.50 |" in lines([10.0, 12.0, 9.0, 9.0, 9.0, 9.0], [6.0, 5.0])[0]


@pytest.mark.parametrize("name", ["word", "to solution", "to cloud", "to cloud POT", "sort", "tally"])
def test_every_distance_and_word_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps and the clock are those of `bench_peers` and `bench_particles`, which other tests run."""
    monkeypatch.setattr(against_works, "scale", 1000)
    found = against_works.answer(f"time {name}")
    assert found is not None
    assert found["units"] > 0.0
    assert found["seconds"] >= 0.0


def test_every_work_of_a_row_is_there() -> None:
    asked = {work for row in against.ROWS for work in (row.work, *(peer[1] for peer in row.peers))}
    assert asked == set(against_works.WORKS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("HEAD", "nonsense"), "ROW = nonsense must be of word, normal"),
        (("no-such-commit", "word"), "commit = 'no-such-commit' must be one that git knows"),
        (("HEAD", "word", "--turns", "0"), "--turns = 0 must be at least 1"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    run: Callable[..., str] = fresh_python
    with pytest.raises(RuntimeError, match="ended with 2") as failure:
        run("-m", "benchmarks.against", *arguments)
    assert sentence in str(failure.value)
