"""Contestants solve what they say they can: the cheapest setting everywhere, and a better one is better."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks.contest import contestants
from benchmarks.contest.contestant import GROUP, Contestant, ready
from benchmarks.contest.problems import PROBLEMS, started
from benchmarks.contest.process import Contestant as Process
from benchmarks.contest.references import reference
from benchmarks.contest.registry import registered
from benchmarks.contest.score import scores
from benchmarks.contest.seat import Seat
from benchmarks.contest.verdicts import error_of
from benchmarks.contest.worker import load, version_of

ENTERED = {name: entry.target for name, entry in registered().items() if "benchmarks.contest" in entry.target}
PEERS = ("sdeint-particles", "py-pde", "pympdata")
LIMIT = 300.0  # seconds of a call
FILES = sorted(Path(contestants.__file__).parent.glob("[!_]*.py"))
QUICK = (
    *(f"simresnet-{name}" for name in ("points", "particles", "cweno3", "plane")),
    *(f"numpy-{name}" for name in ("points", "particles")),
)


def error(contestant: Contestant, problem: str, setting: int) -> float:
    one = PROBLEMS[problem]
    solve = ready(contestant, one, contestant.ladder(one)[setting])
    return error_of(vars(scores(one, reference(one), solve(one, 3))))


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_cheapest_setting_is_a_solution(name: str, problem: str) -> None:
    contestant = load(ENTERED[name])
    if contestant.cannot(PROBLEMS[problem]) is None:
        least = 4.0 if problem == "inverse-gamma" else 0.5  # two steps for a time at which the law is at rest
        assert error(contestant, problem, 0) < least


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_is_solved_by_ours_and_by_numpy(problem: str) -> None:
    for maker in ("simresnet", "numpy"):
        able = [name for name in QUICK if name.startswith(maker)]
        assert any(load(ENTERED[name]).cannot(PROBLEMS[problem]) is None for name in able)


@pytest.mark.long
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", ENTERED)
def test_a_better_setting_is_better(name: str, problem: str) -> None:
    """By half from the second setting to the fifth; draws by chance less. Those not installed are skipped."""
    contestant = load(ENTERED[name])
    if version_of(contestant.library) is None:
        pytest.skip(f"{contestant.library} is not installed")
    if contestant.cannot(PROBLEMS[problem]) is None:
        assert error(contestant, problem, 4) < 0.6 * error(contestant, problem, 1)


@pytest.fixture(scope="module", params=PEERS)
def peer(request: pytest.FixtureRequest) -> Iterator[Process]:
    """A process of the first Python that has its library."""
    seat = Seat(registered()[request.param], LIMIT)
    process = seat.sit()
    if process is None:
        assert seat.absent is not None
        pytest.skip(f"{seat.absent.why}: make contest-env")
    yield process
    seat.leave()


@pytest.mark.long
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_better_setting_of_a_peer_is_better_in_its_environment(peer: Process, problem: str) -> None:
    """By half from the second setting to the fifth; draws by chance less.

    Each is asked as in a contest, from a start that it is told in the call.
    """
    one = PROBLEMS[problem]
    told = peer.ladder(one, LIMIT)
    if told["cannot"]:
        return
    if one.dimension == 2 and not peer.about["seeded"]:
        pytest.skip("for the plane each grid is compiled anew, which takes minutes")
    other, errors = started(one, "better", 1), []
    for setting in (1, 4):
        peer.prepare(one, told["ladder"][setting], LIMIT)
        peer.solve([other.start], 3, LIMIT)
        errors.append(error_of(vars(scores(other, reference(other), peer.result(LIMIT)))))
    assert errors[1] < 0.6 * errors[0]


def test_all_are_registered_by_the_way_that_is_open_to_others() -> None:
    known = {one.name: one.value for one in metadata.entry_points(group=GROUP)}
    assert known.items() >= ENTERED.items()
    assert len({load(target).library for target in ENTERED.values()} - {"simresnet"}) >= 6


def test_no_contestant_is_longer_than_the_page_allows() -> None:
    """60 lines, of everyone."""
    long = {path.name: n for path in FILES if (n := path.read_text(encoding="utf-8").count("\n")) > 60}
    assert len(FILES) >= 15
    assert long == {}
