"""`python -m particles`: a run and what is told of it; bad input before anything heavy is loaded."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

TELLING = """
import sys
from particles.__main__ import build_parser
from particles.base import command
try:
    code = command.run("particles", build_parser)
except SystemExit as leave:
    code = leave.code or 0
loaded = [name for name in ("numba", "mpi4py", "matplotlib", "ot") if name in sys.modules]
print("loaded:", *loaded)
sys.exit(code)
"""

PLAIN = """
[model]
drift = "tanh"
weight = -1.0
bias = 1.0
[model.initial]
law = "normal"
m = 1.0
v = 1.0
[run]
until = 1.0
"""


def toml(folder: Path, *changes: tuple[str, str]) -> str:
    text = PLAIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


def test_run_stores_what_info_tells(fresh: Fresh, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = fresh("-m", "particles", "run", "regression", "--count", "1e3", "--layers", 100, "--out", out, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["count"], told["times"]) == (1000, [0.0, 1.0, 2.0])
    info = fresh("-m", "particles", "info", out, "--json")
    assert (info.returncode, info.stderr) == (0, "")
    answer = json.loads(info.stdout.splitlines()[-1])
    field = np.load(out / "x.npy")
    assert answer["sha256"] == [hashlib.sha256(state.tobytes()).hexdigest() for state in field]
    assert (answer["times"], answer["count"]) == ([0.0, 1.0, 2.0], 1000)
    np.testing.assert_allclose(np.array(answer["moments"])[:, 0, 0], field[:, 0].mean(axis=1), rtol=1e-12)
    assert answer["moments"] == told["moments"]
    assert answer["info"]["seed"] == 0


@pytest.mark.parametrize(
    "case", ["moments-decay", "moments-conserved", "vehicles", "regression", "regression-2d", "iris"]
)
def test_each_case_runs_with_its_own_snapshots(fresh: Fresh, tmp_path: Path, case: str) -> None:
    from particles.model import cases

    done = fresh("-m", "particles", "run", case, "--count", 50, "--out", tmp_path / "out", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["times"] == list(cases[case].times)


@pytest.mark.parametrize(
    "options",
    [("--exact",), ("--dt", 0.25), ("--layers", 8), ("--exact", "--start", "quantile"), ("--times", 0.5, 1.0)],
)
def test_options_reach_the_run(fresh: Fresh, tmp_path: Path, options: tuple[object, ...]) -> None:
    done = fresh("-m", "particles", "run", toml(tmp_path), "--count", 10, *options, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    meta = json.loads((tmp_path / "out" / "meta.json").read_text())
    wanted = {"--exact": "ExactFlow()", "--dt": "Euler(dt=0.25)", "--layers": "Euler(layers=8)"}
    assert meta["scheme"] == wanted.get(str(options[0]), "Euler(layers=1000)")
    assert meta["start"] == ("quantile" if "quantile" in options else "random")
    assert meta["times"] == ([0.5, 1.0] if "--times" in options else [0.0, 1.0])


def test_histogram_without_clouds_is_told_by_info(fresh: Fresh, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("run", "regression", "--count", 1000, "--exact", "--histogram", -4, 6, 20, "--no-clouds", "--out", out)
    for words in ((), ("--replace",)):  # an older run of the same kind is replaced
        done = fresh("-m", "particles", *arguments, *words)
        assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["histogram.npy", "meta.json"]
    told = json.loads(fresh("-m", "particles", "info", out, "--json").stdout.splitlines()[-1])
    counts = np.load(out / "histogram.npy")
    assert (counts.shape, counts.sum()) == ((3, 1, 22), 3000)
    assert told["histogram_sha256"] == hashlib.sha256(counts.tobytes()).hexdigest()
    assert told["sha256"] == []


def test_horizon_shorter_than_the_case(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh(
        "-m", "particles", "run", "regression", "--count", 10, "--until", 1, "--exact", "--out", tmp_path / "o"
    )
    assert done.returncode == 0
    assert json.loads((tmp_path / "o" / "meta.json").read_text())["times"] == [0.0, 1.0]


def test_older_run_is_replaced_where_that_is_asked_for_alone(fresh: Fresh, tmp_path: Path) -> None:
    words = ("-m", "particles", "run", "regression", "--exact", "--out", tmp_path / "out")
    assert fresh(*words, "--count", 10).returncode == 0
    done = fresh(*words, "--count", 20)
    assert (done.returncode, done.stderr.count("\n"), "add --replace" in done.stderr) == (2, 1, True)
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["count"] == 10
    assert fresh(*words, "--count", 20, "--replace").returncode == 0
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["count"] == 20
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_empty_folder_here_is_a_good_output(fresh: Fresh, tmp_path: Path) -> None:
    """`--out .` in an empty folder either works or is refused before the run."""
    (tmp_path / "here").mkdir()
    done = fresh("-m", "particles", "run", "regression", "--exact", "--count", 9, "--out", ".", cwd=tmp_path / "here")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2)


@pytest.mark.parametrize("arguments", [("--help",), *((name, "--help") for name in ("run", "resume", "plan", "info"))])
def test_help_loads_neither_numba_nor_mpi(fresh: Fresh, arguments: tuple[str, ...]) -> None:
    done = fresh("-c", TELLING, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "loaded:"
    assert "usage" in done.stdout


def bad_inputs(folder: Path) -> dict[str, tuple[list[object], str]]:
    """name: arguments after `particles`, and a word that the sentence must hold."""
    (folder / "hole.csv").write_text("a,b\n1.0,2.0\n,3.0\n")
    (folder / "field.csv").write_text("b\n1.0\n")
    (folder / "nan.csv").write_text("a\nnan\n1.0\n")
    np.save(folder / "objects.npy", np.array([1.0, None], dtype=object))
    (folder / "empty.npy").write_bytes(b"")
    other = folder / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("mine")
    marked = folder / "marked"
    marked.mkdir()
    (marked / "meta.json").write_text('{"name": "another program"}')
    (marked / "photos.txt").write_text("mine")
    file = folder / "file"
    file.write_text("mine")
    out: list[object] = ["--out", folder / "out"]
    run: list[object] = ["run", "regression", *out]
    rows: dict[str, tuple[list[object], str]] = {
        "unknown-case": (["run", "regresion", *out], "regresion"),
        "missing-file": (["run", folder / "no.toml", *out], "no.toml"),
        "unknown-option": ([*run, "--particles", 5], "particles"),
        "no-command": ([], "COMMAND"),
        "no-out": (["run", "regression"], "out"),
        "negative-count": ([*run, "--count", -5], "-5"),
        "word-as-count": ([*run, "--count", "many"], "many"),
        "broken-count": ([*run, "--count", "1.5"], "1.5"),
        "nan-count": ([*run, "--count", "nan"], "nan"),
        "huge-count": ([*run, "--count", "1e15"], "GiB"),
        "huge-layers": ([*run, "--layers", "1e13"], "layers"),
        "tiny-dt": ([*run, "--dt", "1e-300"], "dt"),
        "nan-until": ([*run, "--until", "nan"], "nan"),
        "negative-until": ([*run, "--until", "-2"], "-2"),
        "two-schemes": ([*run, "--exact", "--layers", 5], "layers"),
        "time-off-the-steps": ([*run, "--layers", 10, "--times", 0.3], "0.3"),
        "time-beyond": ([*run, "--exact", "--times", 9.0], "9.0"),
        "unknown-start": ([*run, "--start", "sobol"], "sobol"),
        "seed-out-of-range": ([*run, "--seed", 2**32], "seed"),
        "plane-with-quantiles": (["run", "regression-2d", "--start", "quantile", *out], "quantile"),
        "out-holds-something-else": (["run", "regression", "--out", other], "something else"),
        "out-holds-another-programs-meta": (["run", "regression", "--count", 10, "--exact", "--out", marked], "out"),
        "out-is-a-file": (["run", "regression", "--out", file], "file"),
        "out-in-no-folder": (["run", "regression", "--out", folder / "no" / "out"], "folder"),
        "interval-without-a-unit": ([*run, "--checkpoint-every", "10"], "10m"),
        "empty-interval": ([*run, "--checkpoint-every", "0s"], "0"),
        "stop-at-nothing": ([*run, "--stop-at", "0"], "0"),
        "histogram-of-words": ([*run, "--histogram", "a", 1, 10], "histogram"),
        "histogram-that-decreases": ([*run, "--histogram", 2, 1, 10], "histogram"),
        "resume-of-nothing": (["resume", folder / "no"], "no whole checkpoint"),
        "plan-off-the-steps": (["plan", "regression", "--layers", 10, "--times", 0.3], "0.3"),
        "plan-on-no-ranks": (["plan", "regression", "--ranks", 0], "0"),
        "info-of-nothing": (["info", folder / "no"], "no"),
        "info-of-something-else": (["info", other], "other"),
    }
    files = {
        "unknown-key": ("until = 1.0", "until = 1.0\nsteps = 5", "steps"),
        "wrong-type": ("until = 1.0", 'until = "1"', "until"),
        "nan-in-file": ("weight = -1.0", "weight = nan", "weight"),
        "ragged-matrix": ("weight = -1.0", "weight = [[1.0, 2.0], [3.0]]", "weight"),
        "no-layers": ("weight = -1.0", "weight = {edges = [], values = []}", "edges"),
        "count-in-file": ("until = 1.0", "until = 1.0\ncount = -3", "count"),
        "csv-with-a-hole": ("NORMAL", 'law = "empirical"\nfile = "hole.csv"\ncolumn = "a"', "hole.csv"),
        "csv-without-the-column": ("NORMAL", 'law = "kernel"\nfile = "field.csv"\ncolumn = "a"', "field.csv"),
        "csv-with-nan": ("NORMAL", 'law = "histogram"\nfile = "nan.csv"\ncolumn = "a"', "nan.csv"),
        "npy-of-objects": ("NORMAL", 'law = "empirical"\nfile = "objects.npy"', "objects.npy"),
        "empty-npy": ("NORMAL", 'law = "empirical"\nfile = "empty.npy"', "empty.npy"),
    }
    for name, (old, new, word) in files.items():
        path = folder / f"{name}.toml"
        path.write_text(PLAIN.replace('law = "normal"\nm = 1.0\nv = 1.0' if old == "NORMAL" else old, new))
        rows[name] = (["run", path, *out], word)
    return rows


BAD_NAMES = [
    "unknown-case", "missing-file", "unknown-option", "no-command", "no-out", "negative-count", "word-as-count",
    "broken-count", "nan-count", "huge-count", "huge-layers", "tiny-dt", "nan-until", "negative-until", "two-schemes",
    "time-off-the-steps", "time-beyond", "unknown-start", "seed-out-of-range", "plane-with-quantiles",
    "out-holds-something-else", "out-holds-another-programs-meta", "out-is-a-file", "out-in-no-folder",
    "info-of-nothing", "info-of-something-else", "interval-without-a-unit", "empty-interval", "stop-at-nothing",
    "histogram-of-words", "histogram-that-decreases", "resume-of-nothing", "plan-off-the-steps", "plan-on-no-ranks",
    "unknown-key", "wrong-type", "nan-in-file", "ragged-matrix", "no-layers", "count-in-file",
    "csv-with-a-hole", "csv-without-the-column", "csv-with-nan", "npy-of-objects", "empty-npy",
]  # fmt: skip


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def test_every_bad_input_has_its_row(tmp_path: Path) -> None:
    assert sorted(bad_inputs(tmp_path)) == sorted(BAD_NAMES)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_input_is_one_sentence_before_anything_is_loaded(fresh: Fresh, tmp_path: Path, name: str) -> None:
    arguments, word = bad_inputs(tmp_path)[name]
    before = contents(tmp_path)
    done = fresh("-c", TELLING, *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("particles: ")
    assert word in done.stderr
    assert done.stdout == "loaded:\n"
    assert contents(tmp_path) == before


def test_state_that_is_not_finite_ends_with_three(fresh: Fresh, tmp_path: Path) -> None:
    case = toml(tmp_path, ('drift = "tanh"', 'drift = {name = "cubic", gamma = 1.0}'), ("v = 1.0", "v = 400.0"))
    done = fresh("-m", "particles", "run", case, "--layers", 5, "--count", 1000, "--out", tmp_path / "out")
    assert done.returncode == 3
    caution, _ = done.stderr.splitlines()
    assert "a step of 0.2 is long for a drift" in caution
    assert "particle " in done.stderr
    assert " time " in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_energy_beyond_the_largest_number_ends_with_three(fresh: Fresh, tmp_path: Path) -> None:
    case = toml(tmp_path, ('"tanh"', '"identity"'), ("weight = -1.0", "weight = 400.0"))
    done = fresh("-m", "particles", "run", case, "--exact", "--count", 10, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_torn_run_is_refused_by_info(fresh: Fresh, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert fresh("-m", "particles", "run", "regression", "--exact", "--count", 10, "--out", out).returncode == 0
    (out / "x.npy").write_bytes((out / "x.npy").read_bytes()[:-8])
    done = fresh("-m", "particles", "info", out)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")


@pytest.mark.parametrize("variable", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"])
def test_wrong_launcher_is_refused(fresh: Fresh, tmp_path: Path, variable: str) -> None:
    """A launcher that says two processes while MPI sees one: N copies would all write the same folder."""
    arguments = ("-m", "particles", "run", "regression", "--exact", "--count", 10, "--out", tmp_path / "out")
    done = fresh(*arguments, env={variable: "2"})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "launcher" in done.stderr
    assert list(tmp_path.iterdir()) == []
