"""Checkpoints: a run that was stopped gives the bytes of the run that was not; whole or not at all."""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.__main__ import build_parser
from particles.base import checkpoint, command, parallel
from particles.base.digests import block_digests, file_digest, signed, unsigned
from particles.base.errors import InputError, StorageError
from particles.base.watch import Checkpoints, Stopped, Watch
from particles.checkpoint import SUMS, complete, folder_of
from particles.ensemble import BLOCK
from particles.model import MEAN_COUPLED, TANH, Model, Normal, Product, cases, load_case
from particles.model.cases.copy import case_files
from particles.schemes.euler import Euler
from particles.simulate import simulate
from particles.trajectory import FIELD, META, Trajectory, load
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
PLANE = Product([Normal(0.0, 1.0), Normal(1.0, 2.0)])
MODELS = {
    "line": cases["regression"].model,
    "plane": Model(drift=TANH, weight=np.array([[-1.0, 0.4], [0.3, -0.7]]), bias=0.1, initial=PLANE),
    "coupled": Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1.0, 1.0)),
}


def run(model: Model = MODELS["line"], checkpoints: Checkpoints | None = None, **changes: Any) -> Trajectory:
    options: dict[str, Any] = {"count": 9000, "until": 2.0, "times": (0.0, 1.0, 2.0), "histogram": (-3.0, 3.0, 20)}
    return simulate(model, Euler(layers=300), **(options | changes), checkpoints=checkpoints)


def stopped(folder: Path, step: int, resume: bool = False, model: Model = MODELS["line"], **changes: Any) -> None:
    with pytest.raises(Stopped, match=f"step {step} of 300"):
        run(model, Checkpoints(folder, stop_at=step, resume=resume), **changes)


def ordered(*words: object) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, list(map(str, words)))


def same(one: Trajectory, two: Trajectory) -> bool:
    return (
        one.digests() == two.digests()
        and one.moments.tobytes() == two.moments.tobytes()
        and one.variances.tobytes() == two.variances.tobytes()
        and one.counts_digest() == two.counts_digest()
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("steps", [(1,), (137,), (150,), (5, 149, 299), (300,)])
def test_restarted_run_gives_the_bytes_of_the_straight_one(tmp_path: Path, name: str, steps: tuple[int, ...]) -> None:
    """Restarts in the middle of a sweep, at a snapshot, after the last step; snapshots taken before are kept."""
    for step in steps:
        stopped(tmp_path / "c", step, resume=step != steps[0], model=MODELS[name])
    resumed = run(MODELS[name], Checkpoints(tmp_path / "c", resume=True))
    assert same(resumed, run(MODELS[name]))
    assert len(resumed.digests()) == 3


def test_run_without_clouds_is_restarted(tmp_path: Path) -> None:
    stopped(tmp_path / "c", 200, keep_clouds=False)
    resumed = run(checkpoints=Checkpoints(tmp_path / "c", resume=True), keep_clouds=False)
    assert same(resumed, run(keep_clouds=False))
    assert resumed.states == ()
    assert resumed.counts_digest() == run().counts_digest()


def test_last_two_are_kept(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        stopped(tmp_path / "c", step, resume=step > 10)
    assert [path.name for path in sorted((tmp_path / "c").iterdir())] == ["step-000000020", "step-000000030"]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bit-of-the-state": lambda folder: flip(folder / FIELD),
    "bit-of-the-sums": lambda folder: flip(folder / SUMS),
    "bit-of-the-description": lambda folder: flip(folder / META),
    "cut-state": lambda folder: (folder / FIELD).write_bytes((folder / FIELD).read_bytes()[:-8]),
    "empty-state": lambda folder: (folder / FIELD).write_bytes(b""),
    "no-state": lambda folder: (folder / FIELD).unlink(),
    "no-sums": lambda folder: (folder / SUMS).unlink(),
    "no-description": lambda folder: (folder / META).unlink(),
    "description-of-another": lambda folder: (folder / META).write_text('{"step": 3}'),
    "another-shape": lambda folder: np.save(folder / FIELD, np.zeros((2, 1, 8999))),
    "objects": lambda folder: np.save(folder / FIELD, np.full((2, 1, 9000), None)),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_newest_is_passed_over(tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    for step in (50, 60):
        stopped(tmp_path / "c", step, resume=step > 50)
    DAMAGES[how](tmp_path / "c" / "step-000000060")
    assert same(run(checkpoints=Checkpoints(tmp_path / "c", resume=True)), run())
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "taking the one before it" in told
    assert [path.name for path in complete(tmp_path / "c")] == ["step-000000050"]


def remake(folder: Path, changes: dict[str, Any]) -> None:
    """Change the description and make its own sum anew."""
    meta = unsigned(json.loads((folder / META).read_text()))
    (folder / META).write_text(json.dumps(signed(meta | changes)))


REMADE: dict[str, dict[str, Any]] = {
    "step-is-no-integer": {"step": 0.1},
    "step-is-a-truth-value": {"step": True},
    "step-of-another-state": {"step": 40},
    "moments-are-a-number": {"moments": 0.1},
    "moments-of-others": {"moments": [[[0.5], [0.5]]]},
    "ragged-moments": {"moments": [[[0.5], []]]},
    "no-counts": {"counts": None},
    "fewer-counts": {"counts": []},
    "clouds-are-a-word": {"clouds": "x"},
    "more-clouds": {"clouds": 7},
    "left-is-a-word": {"left": "x"},
    "run-is-a-list": {"run": []},
    "arguments-are-a-word": {"arguments": "x"},
    "arguments-are-none": {"arguments": {"place": "regression"}},
    "files-outside": {"files": {"case/../../x": "0"}},
    "files-are-numbers": {"files": {SUMS: 1}},
    "older-format": {"format": None},
    "further-words": {"more": 1},
}


@pytest.mark.parametrize("how", REMADE)
def test_description_whose_own_sum_was_made_anew_does_not_fit_the_state(tmp_path: Path, how: str) -> None:
    stopped(tmp_path / "c", 50, count=100)
    remake(tmp_path / "c" / "step-000000050", REMADE[how])
    with pytest.raises(InputError, match="no whole checkpoint"):
        run(checkpoints=Checkpoints(tmp_path / "c", resume=True), count=100)


def test_description_of_a_later_step_does_not_fit_an_earlier_state(tmp_path: Path) -> None:
    """Description and sum are those of step 200 whole, the state with its sums is that of step 100."""
    for step in (100, 200):
        stopped(tmp_path / "c", step, resume=step > 100, count=100)
    one, two = tmp_path / "c" / "step-000000100", tmp_path / "c" / "step-000000200"
    shutil.copy(one / SUMS, two / SUMS)
    shutil.copy(one / FIELD, two / FIELD)
    remake(two, {"files": json.loads((one / META).read_text())["files"]})
    shutil.rmtree(one)
    with pytest.raises(InputError, match="no whole checkpoint"):
        run(checkpoints=Checkpoints(tmp_path / "c", resume=True), count=100)


def test_checkpoint_of_an_older_version_is_read(tmp_path: Path) -> None:
    """Its sums are those of the clouds alone."""
    stopped(tmp_path / "c", 50)
    folder = tmp_path / "c" / "step-000000050"
    clouds, sums = np.load(folder / FIELD), np.load(folder / SUMS)
    for cloud, sum_ in zip(clouds, sums, strict=True):
        for row, out in zip(cloud, sum_, strict=True):
            out[:] = np.frombuffer(b"".join(block_digests(row, BLOCK)), dtype=np.uint8).reshape(-1, 32)
    np.save(folder / SUMS, sums)
    meta = unsigned(json.loads((folder / META).read_text()))
    del meta["format"]
    meta["files"] = {SUMS: file_digest(folder / SUMS)}
    (folder / META).write_text(json.dumps(signed(meta)))
    assert same(run(checkpoints=Checkpoints(tmp_path / "c", resume=True)), run())


def test_nothing_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no whole checkpoint"):
        run(checkpoints=Checkpoints(tmp_path / "c", resume=True))
    stopped(tmp_path / "c", 50)
    flip(tmp_path / "c" / "step-000000050" / FIELD)
    with pytest.raises(InputError, match="no whole checkpoint"):
        run(checkpoints=Checkpoints(tmp_path / "c", resume=True))


@pytest.mark.parametrize("change", [{"seed": 1}, {"count": 9001}, {"times": (2.0,)}, {"histogram": None}], ids=str)
def test_checkpoint_of_another_run_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    stopped(tmp_path / "c", 50)
    with pytest.raises(InputError, match="another run"):
        run(checkpoints=Checkpoints(tmp_path / "c", resume=True), **change)


def test_checkpoint_of_an_unfinished_run_is_not_overwritten(tmp_path: Path) -> None:
    stopped(tmp_path / "c", 50)
    with pytest.raises(InputError, match="unfinished"):
        run(checkpoints=Checkpoints(tmp_path / "c"))


@pytest.mark.parametrize("bad", [{"every": 0.0}, {"every": float("nan")}, {"stop_at": 0}, {"stop_at": 1.5}], ids=str)
def test_bad_number_is_refused(tmp_path: Path, bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Checkpoints(tmp_path, **bad)


def test_clock_and_signal_ask(tmp_path: Path) -> None:
    """Every sweep is due under a tiny interval; a signal outside the run goes where it went before."""
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        run(checkpoints=Checkpoints(tmp_path / "c", every=1e-9))
        assert [path.name for path in complete(tmp_path / "c")] == ["step-000000300", "step-000000278"]
        with Watch(Checkpoints(tmp_path, leave=True), parallel.serial()) as watch:
            assert watch.request() == 0
            signal.raise_signal(signal.SIGUSR1)
            assert (watch.request(), watch.request()) == (2, 0)
        signal.raise_signal(signal.SIGUSR1)
        assert seen == [1]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_signal_writes_and_leaves(tmp_path: Path) -> None:
    def ask(share: float) -> None:
        signal.raise_signal(signal.SIGUSR1)

    with pytest.raises(Stopped) as caught:
        simulate(
            MODELS["line"],
            Euler(layers=300),
            count=100,
            until=2.0,
            progress=ask,
            checkpoints=Checkpoints(tmp_path / "c", leave=True),
        )
    assert caught.value.exit_code == 75
    assert [path.name for path in complete(tmp_path / "c")] == ["step-000000256"]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """A limit on the size of a file stands for the full disk: a real error of the system, not a patched one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    """The second checkpoint holds a snapshot more and does not fit."""
    stopped(tmp_path / "c", 50)
    with files_up_to(150_000), pytest.raises(StorageError):
        run(checkpoints=Checkpoints(tmp_path / "c", stop_at=200, resume=True))
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["step-000000050"]
    assert same(run(checkpoints=Checkpoints(tmp_path / "c", resume=True)), run())


@pytest.mark.parametrize("where", ["_reserve", "_write_share", "_finish", "replace_folder", "write_json"])
def test_disk_error_leaves_the_older_checkpoint(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(tmp_path / "c", 50)

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, where, fail)
    with pytest.raises(StorageError, match="No space left"):
        run(checkpoints=Checkpoints(tmp_path / "c", stop_at=60, resume=True))
    monkeypatch.undo()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["step-000000050"]
    assert same(run(checkpoints=Checkpoints(tmp_path / "c", resume=True)), run())


@pytest.mark.parametrize("file", ["lengths.csv", "data/lengths.csv", "../lengths.csv", "../../more/lengths.csv"])
def test_case_and_its_measurements_are_copied(tmp_path: Path, file: str) -> None:
    home = tmp_path / "one" / "two"
    home.mkdir(parents=True)
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text("length\n1.0\n2.5\n")
    text = f'[model]\ndrift = "tanh"\nweight = -1.0\nbias = 0.0\n[model.initial]\nlaw = "empirical"\nfile = "{file}"\n'
    (home / "own.toml").write_text(text + "[run]\nuntil = 1.0\n")
    place, files = case_files(str(home / "own.toml"))
    for name, content in files.items():
        assert name.startswith("case/")
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / name).write_bytes(content)
    shutil.rmtree(tmp_path / "one")
    copied = load_case(str(tmp_path / "copy" / place))
    assert copied.name == "own"
    assert copied.model.initial.mean == 1.75


def test_named_case_has_no_files() -> None:
    assert case_files("regression") == ("regression", {})


CASE = '[model]\ndrift = "tanh"\nweight = -1.0\nbias = 1.0\n[model.initial]\nlaw = "empirical"\nfile = "x.csv"\n'


def test_resume_needs_nothing_but_the_checkpoint(
    fresh: Fresh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The TOML file and its measurements may be gone, and the folder elsewhere; options are those of the run."""
    (tmp_path / "own.toml").write_text(CASE + "[run]\nuntil = 1.0\n")
    (tmp_path / "x.csv").write_text("x\n" + "\n".join(map(str, range(50))))
    arguments = ("run", tmp_path / "own.toml", "--count", 9000, "--layers", 200, "--seed", 3)
    arguments += ("--histogram", -1, 50, 40)
    assert ordered(*arguments, "--out", tmp_path / "straight") == 0
    capsys.readouterr()
    assert ordered(*arguments, "--out", tmp_path / "out", "--stop-at", 77) == 75
    told = capsys.readouterr().err
    assert [line[:16] for line in told.splitlines()] == ["particles: runni", "particles: stopp"]
    assert "on from step" not in told
    (tmp_path / "own.toml").unlink()
    (tmp_path / "x.csv").unlink()
    folder_of(tmp_path / "out").rename(folder_of(tmp_path / "moved"))
    assert ordered("resume", tmp_path / "moved", "--stop-at", 150) == 75
    assert "; on from step 77; SIGUSR1" in capsys.readouterr().err
    done = fresh("-m", "particles", "resume", tmp_path / "moved", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout.splitlines()[-1])["count"] == 9000
    straight, resumed = load(tmp_path / "straight"), load(tmp_path / "moved")
    assert same(straight, resumed)
    assert resumed.info["case"] == str(tmp_path / "own.toml")
    assert not folder_of(tmp_path / "moved").exists()


def test_new_run_does_not_replace_an_unfinished_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("run", "regression", "--count", 100, "--layers", 200, "--out", tmp_path / "out")
    assert ordered(*arguments, "--stop-at", 100) == 75
    capsys.readouterr()
    assert ordered(*arguments) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), "unfinished" in told) == (1, True)


LIMITED = """
import resource, sys
from particles.base import parallel
from particles.__main__ import build_parser
from particles.base import command
parallel.world().gather(0)  # before the limit: an MPI library has files of its own
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
sys.exit(command.run("particles", build_parser))
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_full_disk_is_one_message_and_five(fresh: Fresh, tmp_path: Path, ranks: int) -> None:
    """The checkpoint at the start of the run fits, the one after two snapshots does not; the first is whole."""
    arguments = ("run", "regression", "--count", 9000, "--layers", 300, "--times", 0, 1, 2, "--out", tmp_path / "out")
    assert ordered(*arguments[:-1], tmp_path / "straight") == 0
    assert ordered(*arguments, "--stop-at", 20) == 75
    done = fresh("-c", LIMITED, 200_000, "resume", tmp_path / "out", "--stop-at", 200, ranks=ranks)
    assert (done.returncode, done.stdout) == (5, "")
    told = [line for line in done.stderr.splitlines() if line.startswith("particles: ")]
    assert len(told) == 2
    assert "cannot be written" in told[1]
    assert [path.name for path in folder_of(tmp_path / "out").iterdir()] == ["step-000000020"]
    assert ordered("resume", tmp_path / "out") == 0
    assert load(tmp_path / "out").digests() == load(tmp_path / "straight").digests()


@pytest.mark.long
def test_full_file_system_is_one_message_and_five(fresh: Fresh, tmp_path: Path) -> None:
    """A file system of 1 MB in memory, where root can mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        arguments = ("run", "regression", "--count", 45_000, "--layers", 1000, "--times", 2, "--out", disk / "out")
        done = fresh("-m", "particles", *arguments, "--checkpoint-every", "0.001s", ranks=2)
        assert (done.returncode, done.stdout) == (5, "")
        assert "No space left" in done.stderr
        left = [path.name for path in folder_of(disk / "out").iterdir()]
        assert len(left) == 2
        assert all(name.startswith("step-") for name in left)
        done = fresh("-m", "particles", "resume", disk / "out", "--checkpoint-every", "1h", ranks=3)
        assert done.returncode == 5  # the checkpoints leave no space for the result: they stay
        assert sorted(path.name for path in folder_of(disk / "out").iterdir()) == sorted(left)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


KILLED = ("run", "regression", "--count", 20_000, "--seed", 5, "--checkpoint-every", "0.001s")
LAYERS = 8_000  # a kill: kills, a tenth of a second apart at most, are over before the fastest machine is through


def killed_runs(folder: Path, kills: int, seed: int) -> int:
    """Start a run, kill it at a random moment after its ready line, resume it, kill it, ...; return the kills."""
    done, pick = 0, random.Random(seed)
    arguments: tuple[object, ...] = (*KILLED, "--layers", LAYERS * kills, "--out", folder)
    while done < kills:
        words = [sys.executable, "-m", "particles", *map(str, arguments)]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            lines = [run.stderr.readline()]
            while "running" not in lines[-1]:
                assert lines[-1], lines
                lines.append(run.stderr.readline())
            time.sleep(pick.uniform(0.0, 0.1))
            run.kill()
            rest = run.stderr.read()
        assert "Traceback" not in rest
        assert not any("damaged" in line for line in lines)
        if complete(folder_of(folder)):  # on a loaded machine a kill may come before the first, and counts for nothing
            done += run.returncode == -signal.SIGKILL
            arguments = ("resume", folder)
        elif load_or_none(folder) is not None:
            return done
    return done


def load_or_none(folder: Path) -> Trajectory | None:
    return load(folder) if folder.is_dir() else None


def check_kills(tmp_path: Path, kills: int, seed: int) -> None:
    assert killed_runs(tmp_path / "out", kills, seed) == kills
    assert ordered("resume", tmp_path / "out", "--checkpoint-every", "1h") == 0
    straight = (*KILLED[:-2], "--layers", LAYERS * kills, "--out", tmp_path / "straight")
    assert ordered(*straight) == 0
    assert load(tmp_path / "out").digests() == load(tmp_path / "straight").digests()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "straight"]


def test_killed_while_writing_the_newest_checkpoint_is_whole(tmp_path: Path) -> None:
    check_kills(tmp_path, kills=5, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_killed_two_hundred_times_in_all(tmp_path: Path, seed: int) -> None:
    check_kills(tmp_path, kills=20, seed=seed)
