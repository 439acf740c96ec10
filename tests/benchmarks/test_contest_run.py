"""A contest's judge sees contestants for what they are: planted ones that cheat, hang, crash or return no result."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import __main__, climb, judge, verdicts
from benchmarks.contest.contestant import ready
from benchmarks.contest.problems import PROBLEMS, started
from benchmarks.contest.references import reference
from benchmarks.contest.registry import chosen
from benchmarks.contest.result import Cdf, CellAverages, Samples
from benchmarks.contest.score import scores
from benchmarks.contest.store import RUN, End, Entered, Rung, Store
from benchmarks.contest.worker import NotAResult, flat, whole
from tests.benchmarks import contest_plants

PLANTS = Path(contest_plants.__file__)
RECORD = {"commit": "0", "cpu": "none"}


def entered(folder: Path, names: tuple[str, ...], *, problem: str = "ou", limit: float = 100.0) -> dict[str, Entered]:
    store = Store(folder)
    store.begin(RECORD)
    entries = chosen([f"{PLANTS}:{name}" for name in names])
    judge.run([PROBLEMS[problem]], entries, store, budget=1e6, limit=limit)
    return {name: store.of(problem, f"{PLANTS.stem}.{name}") for name in names}


def state(one: Entered) -> tuple[str, str]:
    assert one.end is not None
    return one.end.state, one.end.why


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entered]:
    names = ("honest", "cheat", "hang", "crash", "rubbish", "nan")
    return entered(tmp_path_factory.mktemp("contest") / "run", names, limit=12.0)


def test_an_honest_contestant_stands_among_planted_ones(found: dict[str, Entered]) -> None:
    """W1 of the monotone cubic through N points falls like N^-3."""
    for name in ("honest", "rubbish"):
        assert state(found[name]) == ("finished", "")
        assert (verdicts.suspicions(found[name]), verdicts.remarks(found[name])) == ((), ())
        errors = [verdicts.error_of(rung.errors) for rung in found[name].rungs]
        orders = -np.diff(np.log(errors)) / math.log(4.0)
        assert len(errors) == len(contest_plants.POINTS)
        assert np.all((orders > 2.8) & (orders < 3.2))


def test_the_answer_with_noise_does_not_depend_on_the_setting(found: dict[str, Entered]) -> None:
    """The verdict takes seconds too: that no clock is asked here, they are made equal."""
    assert state(found["cheat"]) == ("finished", "")
    still = tuple(dataclasses.replace(one, seconds=1e-3) for one in found["cheat"].rungs)
    (said,) = verdicts.suspicions(dataclasses.replace(found["cheat"], rungs=still))
    assert said.startswith("looks like the answer itself: error and seconds are the same for all 3 settings")


@pytest.mark.long
def test_what_was_solved_before_its_call_is_seen(tmp_path: Path) -> None:
    """In `prepare`, or in the first call, which is not timed; who prepares the start in the call is honest."""
    found = entered(tmp_path / "run", ("honest", "early", "late", "late_draws", "old"))
    for name in ("early", "late", "late_draws"):
        assert state(found[name]) == ("finished", "")
        assert min(verdicts.error_of(one.errors) for one in found[name].rungs) > 1e-2
        assert verdicts.suspicions(found[name])[0].startswith("returns a stored answer: ")
    for told, *others in zip(*(found[name].rungs for name in ("honest", "early", "late", "old")), strict=True):
        assert [verdicts.error_of(one.published or {}) for one in others] == pytest.approx(
            [verdicts.error_of(told.published or {})] * 3, rel=1e-6
        )
    assert verdicts.suspicions(found["honest"]) == verdicts.suspicions(found["old"]) == ()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor")
def test_contestants_are_prepared_side_by_side_and_timed_on_one_processor(tmp_path: Path) -> None:
    """The preparation of either ends when that of the other has begun."""
    try:
        found = entered(tmp_path / "run", ("meeting", "met"))
    finally:
        shutil.rmtree(Path(tempfile.gettempdir(), f"contest-meeting-{os.getpid()}"))
    assert [state(one) for one in found.values()] == [("finished", "")] * 2


def test_who_compiles_too_long_goes_on_no_more_and_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(climb, "COMPILING", 0.0)
    (one,) = entered(tmp_path / "run", ("honest",)).values()
    assert (len(one.rungs), state(one)[0], verdicts.suspicions(one)) == (2, "finished", ())
    assert verdicts.remarks(one)[0].startswith("no better setting was tried: these took ")


def test_no_start_is_seen_twice() -> None:
    """So that who remembers answers by their starts has none to return; those that are judged are the same for all."""
    starts = climb.Starts(PROBLEMS["ou"])
    asked = [starts.among(starts.judged(setting, call), 50) for setting in range(3) for call in range(climb.MOST)]
    seen = [start for found, _ in asked for start in found]
    assert len({PROBLEMS["ou"].start, *seen}) == len(seen) + 1
    assert len({place for _, place in asked}) > 5  # which of a group is judged: equal places once in 10^20
    assert starts.judged(1, 0) == starts.judged(1, 0) != climb.Starts(PROBLEMS["ou"]).judged(1, 0)


def test_what_learns_the_start_in_prepare_is_prepared_in_the_call() -> None:
    """Its answer is that to the start of the call. The controls have one to an earlier start, and none to this."""
    problem = PROBLEMS["ou"]
    other = started(problem, "key", 1)

    def error(plant: contest_plants.Plant) -> float:
        solve = ready(plant, problem, {"points": 100})
        assert scores(problem, reference(problem), solve(problem, 0)).w1 < 1e-4
        return float(scores(other, reference(other), solve(other, 0)).w1 or 0.0)

    assert max(error(contest_plants.old), error(contest_plants.honest)) < 1e-4
    assert min(error(contest_plants.early), error(contest_plants.late)) > 1e-2


def test_what_hangs_is_ended_and_what_it_did_before_stands(found: dict[str, Entered]) -> None:
    assert state(found["hang"]) == ("hangs", "no answer within 12 s: ended")
    assert len(found["hang"].rungs) == 1


def test_a_crash_is_told_with_its_signal_and_last_line(found: dict[str, Entered]) -> None:
    assert state(found["crash"]) == ("crashed", "ended by SIGABRT; last printed: about to go")


def test_a_nan_is_refused_with_its_place(found: dict[str, Entered]) -> None:
    assert state(found["nan"]) == ("refused", "values[17] = nan is not finite, 1 of 100 are not")


@pytest.mark.long
def test_every_other_plant_is_seen(tmp_path: Path) -> None:
    names = ("honest", "drawn", "stored", "too_close", "leave", "half", "dictionary", "raises", "threads", "missing")
    found = entered(tmp_path / "run", names)
    assert state(found["leave"]) == ("crashed", "exit code 3")
    assert state(found["half"]) == ("refused", "mass = 0.5 must be 1 within 1e-06")
    assert state(found["dictionary"])[1].startswith("it returned dict: allowed are Samples, ")
    assert state(found["raises"]) == ("failed", "ValueError: no such luck")
    assert state(found["missing"]) == ("missing", "no-such-library is not installed")
    assert "stored answer" in verdicts.suspicions(found["stored"])[0]
    assert "random particles" in verdicts.suspicions(found["too_close"])[-1]
    assert "more than one thread" in verdicts.remarks(found["threads"])[0]
    assert [verdicts.suspicions(found[name]) for name in ("honest", "drawn")] == [(), ()]
    for rung in found["drawn"].rungs:  # rms of seven draws' distances: far off less often than once in 10^4
        assert rung.floor is not None
        assert 0.5 < verdicts.error_of(rung.errors) / rung.floor < 2.5


def rung(seconds: float, w1: float, **more: Any) -> Rung:
    return Rung(
        setting={}, seconds=seconds, cpu=1.0, threads=1.0, first=0.0, prepare=0.0, memory=0, calls=3,
        errors={"w1": w1, "l1": None}, **more,
    )  # fmt: skip


def test_seconds_to_an_error_are_read_between_settings_and_never_beyond() -> None:
    """Along seconds = 1e-4/error the line is exact; a target outside what was reached has no seconds."""
    climbed = [rung(1e-4 / e, e) for e in (1e-1, 1e-2, 1e-4)]
    assert verdicts.seconds_to(climbed, "w1", 1e-3) == pytest.approx(0.1, rel=1e-12)
    assert verdicts.seconds_to(climbed, "w1", 1e-2) == pytest.approx(0.01, rel=1e-12)
    assert verdicts.seconds_to(climbed, "w1", 1e-5) is None
    assert verdicts.seconds_to(climbed, "w1", 0.5) is None
    assert verdicts.at_most(climbed, "w1", 0.5) == pytest.approx(1e-3)
    assert verdicts.seconds_to(climbed, "l1", 1e-3) is None
    slower = [*climbed, rung(5.0, 1e-2)]  # a setting that is worse and dearer changes nothing
    assert verdicts.seconds_to(slower, "w1", 1e-3) == pytest.approx(0.1, rel=1e-12)


def test_suspicions_are_those_of_the_numbers() -> None:
    about = {"seeded": True}
    honest = Entered("ou", "x", (rung(0.1, 1e-2), rung(0.4, 5e-3)), End("finished", about=about))
    assert verdicts.suspicions(honest) == ()
    sibling = {"setting": 1, "errors": {"w1": 4e-2}}
    assert verdicts.suspicions(dataclasses.replace(honest, end=End("finished", about=about, sibling=sibling))) == ()
    known = tuple(rung(0.1, 6e-2, published={"w1": error}) for error in (7e-3, 5e-3))
    assert verdicts.suspicions(dataclasses.replace(honest, rungs=known[:1])) == ()
    assert "starts that it could not know" in verdicts.suspicions(dataclasses.replace(honest, rungs=known))[0]
    sibling = {"setting": 1, "errors": {"w1": 6e-2}}
    stored = dataclasses.replace(honest, end=End("finished", about=about, sibling=sibling))
    assert "stored answer" in verdicts.suspicions(stored)[0]
    close = tuple(rung(s, 1e-3, samples=100, floor=6e-3) for s in (0.1, 0.4))
    assert "random particles" in verdicts.suspicions(dataclasses.replace(honest, rungs=close))[0]
    assert verdicts.suspicions(dataclasses.replace(honest, rungs=close[:1])) == ()
    still = tuple(rung(0.1, 1e-6) for _ in range(3))
    assert "the same for all 3" in verdicts.suspicions(dataclasses.replace(honest, rungs=still))[0]
    as_exact = tuple(rung(0.1, 1e-12) for _ in range(3))  # a closed form, as good as the reference itself
    assert verdicts.suspicions(dataclasses.replace(honest, rungs=as_exact)) == ()
    assert verdicts.remarks(dataclasses.replace(honest, rungs=(dataclasses.replace(still[0], threads=1.9),)))


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """Of a stopped run the first setting is kept as it is, the rest is done; a finished one changes nothing."""
    before = entered(tmp_path / "run", ("honest",))["honest"]
    folder = tmp_path / "run" / "ou" / f"{PLANTS.stem}.honest"
    for name in ("01.json", "02.json", "end.json"):
        (folder / name).unlink()
    after = entered(tmp_path / "run", ("honest",))["honest"]
    assert after.rungs[0] == before.rungs[0]
    assert [one.setting for one in after.rungs] == [one.setting for one in before.rungs]
    assert after.rungs[1] != before.rungs[1]
    assert state(after) == ("finished", "")
    assert entered(tmp_path / "run", ("honest",))["honest"] == after


def test_a_result_arrives_as_it_was_and_an_object_does_not() -> None:
    grid = CellAverages((np.arange(3.0), np.arange(4.0)), np.ones((2, 3)))
    back = whole(flat(grid))
    assert isinstance(back, CellAverages)
    assert [np.array_equal(a, b) for a, b in zip(back.edges, grid.edges, strict=True)] == [True, True]
    line = whole(flat(CellAverages(np.arange(3.0), np.ones(2), atoms=((0.0, 0.5), (2.0, 0.25)))))
    assert isinstance(line, CellAverages)
    assert line.atoms == ((0.0, 0.5), (2.0, 0.25))
    single = whole(flat(Samples(np.arange(3, dtype=np.float32))))
    assert isinstance(single, Samples)
    assert single.points.dtype == np.float64
    for wrong in ({"points": 1.0}, Cdf(np.array([object()]), np.ones(1)), Samples(np.array(["x"]))):
        with pytest.raises(NotAResult):
            flat(wrong)


MISTAKES = {
    "run --out DIR --problem nothing": "problem = 'nothing' is unknown: allowed are tanh, ",
    "run --out DIR --contestant nobody": "contestant = 'nobody' is unknown: allowed are ",
    "run --out DIR --contestant none.py:x": "contestant = 'none.py:x': there is no file 'none.py'",
    "run --out DIR --budget 10": "'10' must be a time such as 90s, 10m or 1h",
    "run --out DIR/a/b --problem ou": "must be in a folder that exists",
    "report DIR": "is no folder of a contest: it has no run.json",
}


def test_two_contestants_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text("solver = None")
    same = [str(tmp_path / folder / "mine.py:solver") for folder in ("a", "b")]
    assert chosen(same[:1])[0].name == "mine.solver"
    with pytest.raises(ValueError, match=r"contestant = 'mine\.solver' are two: allowed is one of a name"):
        chosen(same)


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_one_sentence(words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [word.replace("DIR", str(tmp_path / "new")) for word in words.split()]
    if "--contestant" not in words and words.startswith("run"):
        given += ["--contestant", f"{PLANTS}:honest"]
    assert __main__.main(given) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert MISTAKES[words] in told
    assert not (tmp_path / "new").exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second is refused before it starts anybody; nothing of it is in the folder."""
    words = ["run", "--problem", "ou", "--contestant", f"{PLANTS}:honest", "--budget", "1s", "--out"]
    with open(tmp_path / ".run.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert __main__.main([*words, str(tmp_path / "run")]) == 2
    assert "is being written by" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_results_of_another_commit_are_not_mixed(tmp_path: Path) -> None:
    Store(tmp_path / "run").begin(RECORD)
    assert json.loads((tmp_path / "run" / RUN).read_text())["commit"] == "0"
    with pytest.raises(ValueError, match=r"holds results of commit '0', this is '1': give a new folder"):
        Store(tmp_path / "run").begin({**RECORD, "commit": "1"})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="is no folder of a contest"):
        Store(tmp_path / "other").begin(RECORD)
