"""A place that is written to belongs to one job; what appears there meanwhile is never lost, nor is the result."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from particles.__main__ import build_parser
from particles.base import command, files
from particles.base.errors import InputError, StorageError
from particles.base.locks import claimed
from particles.trajectory import load
from tests.paths import ROOT

HOLDER = (
    "import sys\nfrom particles.base.locks import claimed\nwith claimed(sys.argv[1]):\n  print(1, flush=1)\n  input()"
)


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a place until its input ends, or it is killed."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
        process.kill()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_second_job_is_refused_and_told_who_holds_the_place(tmp_path: Path) -> None:
    with holder(tmp_path / "out") as process:
        with pytest.raises(InputError, match=f"is being written by pid {process.pid} on "), claimed(tmp_path / "out"):
            pass
        with claimed(tmp_path / "other"):
            pass
        process.kill()
        process.wait()
        assert names(tmp_path) == [".out.lock"]  # what a killed job leaves blocks nobody
        with claimed(tmp_path / "out"), claimed(tmp_path / "out"):
            assert names(tmp_path) == [".out.lock"]
    assert names(tmp_path) == []


def test_place_is_held_under_every_name_of_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with holder(tmp_path / "out"), pytest.raises(InputError), claimed(tmp_path / "link"):
        pass


def test_file_of_somebody_else_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / ".out.lock").write_text("mine")
    with pytest.raises(InputError, match="is no lock of this program"), claimed(tmp_path / "out"):
        pass
    assert (tmp_path / ".out.lock").read_text() == "mine"


def test_drafts_of_dead_jobs_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".out.0123abcd.draft", ".out.old", ".out.draft", ".other.0123abcd.draft", ".out.0123abcd.draft.txt"):
        (tmp_path / name).mkdir()
    with claimed(tmp_path / "out"):
        assert names(tmp_path) == [
            ".other.0123abcd.draft", ".out.0123abcd.draft.txt", ".out.draft", ".out.lock", ".out.old",
        ]  # fmt: skip


def test_folder_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"), claimed("/proc/self/out"):
        pass


@pytest.mark.parametrize("replace", [False, True])
def test_what_appeared_meanwhile_stays_and_the_result_is_kept_beside(tmp_path: Path, replace: bool) -> None:
    out = tmp_path / "out"

    def write() -> None:
        with files.new_folder(out, ("x",), replace=replace) as draft:
            (draft / "x").write_text("new")
            out.mkdir()
            (out / "thesis.tex").write_text("mine")

    with pytest.raises(StorageError, match="is left as it is: see"):
        write()
    assert (out / "thesis.tex").read_text() == "mine"
    (kept,) = (path for path in tmp_path.iterdir() if path != out)
    assert (kept / "x").read_text() == "new"


@pytest.mark.parametrize("links", [True, False])
def test_file_that_appeared_meanwhile_stays(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*names: object) -> None:
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", no_links)

    def write() -> None:
        with files.replace_file(tmp_path / "a.nc", replace=False) as draft:
            draft.write_text("new")
            (tmp_path / "a.nc").write_text("mine")

    with pytest.raises(StorageError, match="is left as it is: see"):
        write()
    assert (tmp_path / "a.nc").read_text() == "mine"
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["mine", "new"]
    with files.replace_file(tmp_path / "b.nc", replace=False) as draft:
        draft.write_text("new")
    assert (tmp_path / "b.nc").read_text() == "new"


def test_folder_of_the_users_named_old_stays(tmp_path: Path) -> None:
    (tmp_path / ".out.old").mkdir()
    (tmp_path / ".out.old" / "thesis.tex").write_text("mine")
    for _ in range(2):
        with files.new_folder(tmp_path / "out", ("x",)) as draft:
            (draft / "x").write_text("new")
    assert names(tmp_path) == [".out.old", "out"]
    assert (tmp_path / ".out.old" / "thesis.tex").read_text() == "mine"


def test_control_a_plain_rename_would_lose_the_file(tmp_path: Path) -> None:
    (tmp_path / "draft").write_text("new")
    (tmp_path / "a").write_text("mine")
    os.replace(tmp_path / "draft", tmp_path / "a")
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.parametrize("length", [230, 237, 238, 252, 255, 256, 300, 5000])
@pytest.mark.parametrize("ending", ["", ".nc"])
def test_name_is_refused_at_once_or_every_name_made_from_it_fits(tmp_path: Path, length: int, ending: str) -> None:
    out = tmp_path / ("n" * (length - len(ending)) + ending)
    check = partial(files.check_output_file, suffix=".nc") if ending else files.check_output_folder
    if length > 255 - files.LONGEST_ENDING - len(ending):
        with pytest.raises(InputError, match="too long"):
            check(out)
        return
    check(out)
    with claimed(f"{out}.checkpoints"), claimed(out), files.replace_file(out) as draft:
        draft.write_text("new")
    assert names(tmp_path) == [out.name]


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x1bb", "", ".", "..", "/", "loop", "file/out", "//", "a\udcffb"])
def test_odd_names_are_one_sentence_or_a_place(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        files.check_output_folder(name, ("x",))
    with pytest.raises(InputError):
        files.check_output_file(name, ".nc")


PAIR = ("run", "regression", "--exact", "--count", "2e5")


def pairs(tmp_path: Path, how_many: int) -> None:
    """Start two runs of different seeds into one folder at once: one stores its own bytes, the other is refused."""
    right = {}
    for seed in ("1", "2"):
        assert command.run("particles", build_parser, [*PAIR, "--seed", seed, "--out", str(tmp_path / seed)]) == 0
        right[seed] = load(tmp_path / seed).digests()
    for number in range(how_many):
        out = tmp_path / f"pair-{number}"
        jobs = [
            subprocess.Popen(
                [sys.executable, "-m", "particles", *PAIR, "--seed", seed, "--out", str(out)],
                cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for seed in right
        ]  # fmt: skip
        told = [job.communicate()[1] for job in jobs]
        codes = [job.returncode for job in jobs]
        assert sorted(codes) == [0, 2], told  # the later one meets the lock, or the finished run
        assert told[codes.index(2)].count("\n") == 1
        assert load(out).digests() == right[list(right)[codes.index(0)]]
        assert names(tmp_path) == sorted([*right, *(f"pair-{k}" for k in range(number + 1))])


def test_two_jobs_at_once_never_mix(tmp_path: Path) -> None:
    pairs(tmp_path, 2)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_fifty_pairs_of_jobs_never_mix(tmp_path: Path) -> None:
    pairs(tmp_path, 50)


@pytest.mark.parametrize(
    "words",
    [
        ("particles", "run", "regression", "--exact", "--count", "10", "--out", "{out}"),
        ("kinetic", "run", "regression", "--cells", "50", "--out", "{out}.nc"),
        (
            "validation",
            "study",
            "layers",
            "regression",
            "--levels",
            "20",
            "40",
            "80",
            "--count",
            "100",
            "--out",
            "{out}",
        ),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_command_refuses_a_place_that_another_job_holds(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *given = [word.format(out=tmp_path / "out") for word in words]
    build_parser = importlib.import_module(f"{name}.__main__").build_parser
    with holder(Path(given[-1])) as process:
        assert command.run(name, build_parser, given) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"is being written by pid {process.pid} on " in told
