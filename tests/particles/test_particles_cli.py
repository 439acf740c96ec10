"""`python -m particles`: a run and what is told of it; bad input before anything heavy is loaded."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from particles.__main__ import build_parser
from particles.base import command
from particles.model import cases, load_case
from tests.forks import in_forks

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*words: object) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, list(map(str, words)))


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


def test_run_stores_what_info_tells(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("run", "regression", "--count", "1e3", "--layers", 100, "--out", out, "--json") == 0
    done = capsys.readouterr()
    assert done.err == ""
    told = json.loads(done.out.splitlines()[-1])
    assert (told["count"], told["times"]) == (1000, [0.0, 1.0, 2.0])
    assert run("info", out, "--json") == 0
    info = capsys.readouterr()
    assert info.err == ""
    answer = json.loads(info.out.splitlines()[-1])
    field = np.load(out / "x.npy")
    assert answer["sha256"] == [hashlib.sha256(state.tobytes()).hexdigest() for state in field]
    assert (answer["times"], answer["count"]) == ([0.0, 1.0, 2.0], 1000)
    np.testing.assert_allclose(np.array(answer["moments"])[:, 0, 0], field[:, 0].mean(axis=1), rtol=1e-12)
    assert answer["moments"] == told["moments"]
    assert answer["info"]["seed"] == 0


@pytest.mark.parametrize(
    "case", ["moments-decay", "moments-conserved", "vehicles", "regression", "regression-2d", "iris"]
)
def test_each_case_runs_with_its_own_snapshots(capsys: pytest.CaptureFixture[str], tmp_path: Path, case: str) -> None:
    assert run("run", case, "--count", 50, "--out", tmp_path / "out", "--json") == 0
    done = capsys.readouterr()
    assert done.err == ""
    assert json.loads(done.out.splitlines()[-1])["times"] == list(cases[case].times)


@pytest.mark.parametrize(
    "options",
    [("--exact",), ("--dt", 0.25), ("--layers", 8), ("--exact", "--start", "quantile"), ("--times", 0.5, 1.0)],
)
def test_options_reach_the_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[object, ...]) -> None:
    assert run("run", toml(tmp_path), "--count", 10, *options, "--out", tmp_path / "out") == 0
    assert capsys.readouterr().err == ""
    meta = json.loads((tmp_path / "out" / "meta.json").read_text())
    wanted = {"--exact": "ExactFlow()", "--dt": "Euler(dt=0.25)", "--layers": "Euler(layers=8)"}
    assert meta["scheme"] == wanted.get(str(options[0]), "Euler(layers=1000)")
    assert meta["start"] == ("quantile" if "quantile" in options else "random")
    assert meta["times"] == ([0.5, 1.0] if "--times" in options else [0.0, 1.0])


def test_histogram_without_clouds_is_told_by_info(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("run", "regression", "--count", 1000, "--exact", "--histogram", -4, 6, 20, "--no-clouds", "--out", out)
    for words in ((), ("--replace",)):  # an older run of the same kind is replaced
        assert run(*arguments, *words) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in out.iterdir()) == ["histogram.npy", "meta.json"]
    assert run("info", out, "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    counts = np.load(out / "histogram.npy")
    assert (counts.shape, counts.sum()) == ((3, 1, 22), 3000)
    assert told["histogram_sha256"] == hashlib.sha256(counts.tobytes()).hexdigest()
    assert told["sha256"] == []


def test_horizon_shorter_than_the_case(tmp_path: Path) -> None:
    assert run("run", "regression", "--count", 10, "--until", 1, "--exact", "--out", tmp_path / "o") == 0
    assert json.loads((tmp_path / "o" / "meta.json").read_text())["times"] == [0.0, 1.0]


def test_older_run_is_replaced_where_that_is_asked_for_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("run", "regression", "--exact", "--out", tmp_path / "out")
    assert run(*words, "--count", 10) == 0
    assert run(*words, "--count", 20) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), "add --replace" in told) == (1, True)
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["count"] == 10
    assert run(*words, "--count", 20, "--replace") == 0
    assert json.loads((tmp_path / "out" / "meta.json").read_text())["count"] == 20
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_empty_folder_here_is_a_good_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out .` in an empty folder either works or is refused before the run."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("run", "regression", "--exact", "--count", 9, "--out", ".") in (0, 2)


HELP = ["--help", "run --help", "resume --help", "plan --help", "info --help", "sensitivity --help", "train --help",
        "control --help"]  # fmt: skip


def test_help_loads_neither_numba_nor_mpi(fresh: Fresh, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(len(HELP))]
    for folder in folders:
        folder.mkdir()
    for done in in_forks(fresh, tmp_path, [(folder, line.split()) for folder, line in zip(folders, HELP, strict=True)]):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "loaded:"
        assert "usage" in done.stdout


def _start_at(path: Path, law: str) -> None:
    """The plain case from another law."""
    table, rest = PLAIN.index("[model.initial]"), PLAIN.index("[run]")
    path.write_text(f"{PLAIN[:table]}initial = {law}\n{PLAIN[rest:]}")


def learning_inputs(folder: Path, out: list[object]) -> dict[str, tuple[list[object], str]]:
    """The same for what differentiates and learns."""
    derive: list[object] = ["sensitivity", "regression"]
    learn: list[object] = ["train", "regression", "--target", 2, *out]
    pieces = ["train", folder / "layered.toml", "--target", 2]
    (folder / "labels.csv").write_text("x,y\n1.0,2\n2.0,\n")
    np.save(folder / "row.npy", np.ones(3))
    for name, file in (("row", "row.npy"), ("hole", "labels.csv")):
        _start_at(folder / f"{name}.toml", f'{{law = "empirical", file = "{file}", column = "x", labels = "y"}}')
    part = '{law = "empirical", file = "labels.csv", column = "x", labels = "y"}'
    _start_at(folder / "part.toml", f'{{law = "mixture", components = [{part}], weights = [1.0]}}')
    _start_at(
        folder / "parts.toml",
        '{law = "mixture", components = [{law = "kernel", file = "points.csv", column = "x"}], weights = [1.0]}',
    )
    (folder / "points.csv").write_text("x\n1.0\n2.0\n3.0\n")
    layered = "weight = {edges = [0.0, 0.5], values = [1.0, 2.0]}"
    (folder / "layered.toml").write_text(PLAIN.replace("weight = -1.0", layered))
    return {
        "loss-between-densities": ([*derive, "--target", 2, "--loss", "l2"], "moment, w2, w1, energy"),
        "no-target": (derive, "give --target"),
        "vector-of-words": ([*derive, "--target", "1,two"], "several such as 2,0.5"),
        "vector-on-the-line": ([*derive, "--target", "1,2"], "must be a number or 1"),
        "labels-of-none": ([*derive, "--loss", "cross-entropy"], "has no labels"),
        "labels-and-a-target": ([*derive, "--loss", "supervised", "--target", 2], "takes the labels of the case"),
        "labels-elsewhere": (["sensitivity", "iris", "--loss", "cross-entropy", "--start", "random"], "'given'"),
        "labels-by-quadrature": (["sensitivity", "iris", "--loss", "cross-entropy", "--quadrature"], "--quadrature"),
        "labels-of-a-row": (["sensitivity", folder / "row.toml", "--loss", "supervised"], "allowed is a table"),
        "labels-of-a-part": (["sensitivity", folder / "part.toml", "--target", 1], "the whole start"),
        "label-that-is-empty": (["sensitivity", folder / "hole.toml", "--loss", "supervised"], "a label must stand"),
        "target-of-words": ([*derive, "--target", "far"], "far"),
        "law-for-a-moment": ([*derive, "--target", "normal:1:2"], "allowed is a number"),
        "change-of-nothing": ([*derive, "--target", 2, "--change", "speed=1"], "allowed are weight, bias"),
        "change-of-the-clock": (
            ["sensitivity", "tanh-noise", "--target", 2, "--eps", 0.1, "--change", "eps=0.2"],
            "which draws a particle meets hangs on it",
        ),
        "change-of-a-noisy-horizon": (
            ["sensitivity", "tanh-noise", "--target", 2, "--eps", 0.1, "--change", "horizon=3"],
            "has no derivative by it",
        ),
        "change-without-a-value": ([*derive, "--target", 2, "--change", "weight"], "NAME=VALUE"),
        "energy-in-the-plane": (["sensitivity", "regression-2d", "--target", 2, "--loss", "energy"], "allowed is 1"),
        "unknown-method": ([*learn, "--method", "newton"], "lm, lbfgs, adam, sgd, descent, enki"),
        "rate-without-a-method": ([*learn, "--rate", 2], "adam, sgd or descent"),
        "members-without-a-method": ([*learn, "--members", 2], "--members is for --method enki"),
        "momentum-of-adam": ([*learn, "--method", "adam", "--momentum", 0.5], "--momentum is not for --method adam"),
        "momentum-of-one": ([*learn, "--method", "sgd", "--momentum", 1], "momentum = 1.0 must lie in [0, 1)"),
        "batch-of-more": ([*learn, "--count", 9, "--method", "sgd", "--batch", 10], "batch = 10 of 9 particles"),
        "ensemble-of-one": ([*learn, "--method", "enki", "--members", 1], "members = 1 must be an integer"),
        "ensemble-to-a-law": ([*learn, "--method", "enki", "--loss", "w2"], "allowed are moment and supervised"),
        "rate-of-lm": ([*learn, "--method", "lm", "--rate", 2], "--rate is not for --method lm"),
        "constant-of-another-drift": ([*learn, "--learn", "gamma"], "learn = 'gamma' must be one of weight, bias"),
        "learnt-twice": ([*learn, "--learn", "weight", "weight"], "holds 'weight' more than once"),
        "bounds-of-nothing": ([*learn, "--bounds", "speed=0:1"], "allowed are weight, bias"),
        "bounds-that-fall": ([*learn, "--bounds", "weight=1:0"], "low < high"),
        "bounds-of-words": ([*learn, "--bounds", "weight=a:b"], "NAME=LOW:HIGH"),
        "more-pieces-than-layers": ([*learn, "--layers", 3, "--pieces", 7], "3 steps"),
        "pieces-beyond-memory": ([*learn, "--exact", "--pieces", "1e9"], "pieces"),
        "numbers-beyond-memory": ([*learn, "--exact", "--pieces", "1e5"], "'lm' of 200000 numbers"),
        "layers-for-quadrature": ([*derive, "--target", 2, "--quadrature", "--layers", 4], "--layers"),
        "seed-for-quadrature": ([*derive, "--target", 2, "--quadrature", "--seed", 0], "--seed"),
        "pieces-of-pieces": ([*pieces, "--pieces", 2, *out], "must be a constant"),
        "control-of-words": ([*learn, "--control-cost", "weight=much"], "weight=LAM"),
        "smoothness-of-constants": ([*learn, "--smoothness", 1], "has no pieces"),
        "control-of-what-is-held": ([*learn, "--learn", "bias", "--control-cost", "weight=1"], "allowed are bias"),
        "targets-of-none": (["control", "regression", "--cost", 0.1], "give --target"),
        "control-without-a-cost": (["control", "two-clusters", "--cost", 0], "cost = 0.0 must be a positive"),
        "control-with-noise": (["control", "tanh-noise", "--target", 1, "--cost", 1], "without noise and walls"),
        "seed-of-a-quadrature": (["control", "two-clusters", "--cost", 1, "--seed", 0], "give --count"),
        "particles-of-a-continuum": (
            ["control", "two-clusters", "--cost", 1, "--count", 9, "--continuous"],
            "takes quadrature",
        ),
        "negative-ridge": ([*learn, "--ridge", -1], "ridge"),
        "lm-to-a-law": ([*learn, "--loss", "energy", "--method", "lm"], "use lbfgs"),
        "learnt-case-without-a-word": (["train", folder / "parts.toml", "--target", 2, *out], "no law that"),
    }


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
    } | learning_inputs(folder, out)
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
    "loss-between-densities", "target-of-words", "law-for-a-moment", "change-of-nothing", "change-without-a-value",
    "energy-in-the-plane", "unknown-method", "rate-without-a-method", "rate-of-lm", "bounds-of-nothing",
    "members-without-a-method", "momentum-of-adam", "momentum-of-one", "batch-of-more", "ensemble-of-one",
    "ensemble-to-a-law", "bounds-that-fall", "bounds-of-words", "pieces-of-pieces", "negative-ridge", "lm-to-a-law",
    "learnt-case-without-a-word", "more-pieces-than-layers", "pieces-beyond-memory", "numbers-beyond-memory",
    "layers-for-quadrature", "seed-for-quadrature", "constant-of-another-drift", "learnt-twice",
    "control-of-words", "smoothness-of-constants", "control-of-what-is-held", "change-of-the-clock",
    "change-of-a-noisy-horizon", "no-target", "vector-of-words", "vector-on-the-line", "labels-of-none",
    "labels-and-a-target", "labels-elsewhere", "labels-by-quadrature", "labels-of-a-row", "labels-of-a-part",
    "label-that-is-empty", "targets-of-none", "control-without-a-cost", "control-with-noise", "seed-of-a-quadrature",
    "particles-of-a-continuum",
]  # fmt: skip


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def test_every_bad_input_has_its_row(tmp_path: Path) -> None:
    assert sorted(bad_inputs(tmp_path)) == sorted(BAD_NAMES)


@pytest.fixture(scope="module")
def refused(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """How every row ended, each in a folder of its own, which it must leave as it was."""
    base = tmp_path_factory.mktemp("bad")
    rows: dict[str, tuple[Path, list[object]]] = {}
    for name in BAD_NAMES:
        (base / name).mkdir()
        rows[name] = (base / name, bad_inputs(base / name)[name][0])
    before = {name: contents(base / name) for name in rows}
    ends = in_forks(fresh, base, list(rows.values()))
    for name in rows:
        assert contents(base / name) == before[name], name
    return dict(zip(rows, ends, strict=True))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_input_is_one_sentence_before_anything_is_loaded(
    refused: dict[str, subprocess.CompletedProcess[str]], tmp_path: Path, name: str
) -> None:
    done = refused[name]
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("particles: ")
    assert bad_inputs(tmp_path)[name][1] in done.stderr
    assert done.stdout == "loaded:\n"


def test_state_that_is_not_finite_ends_with_three(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    case = toml(tmp_path, ('drift = "tanh"', 'drift = {name = "cubic", gamma = 1.0}'), ("v = 1.0", "v = 400.0"))
    assert run("run", case, "--layers", 5, "--count", 1000, "--out", tmp_path / "out") == 3
    caution, reason = capsys.readouterr().err.splitlines()
    assert "a step of 0.2 is long for a drift" in caution
    assert "particle " in reason
    assert " time " in reason
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_energy_beyond_the_largest_number_ends_with_three(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    case = toml(tmp_path, ('"tanh"', '"identity"'), ("weight = -1.0", "weight = 400.0"))
    assert run("run", case, "--exact", "--count", 10, "--out", tmp_path / "out") == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["own.toml"]


def test_torn_run_is_refused_by_info(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("run", "regression", "--exact", "--count", 10, "--out", out) == 0
    (out / "x.npy").write_bytes((out / "x.npy").read_bytes()[:-8])
    capsys.readouterr()
    assert run("info", out) == 2
    told = capsys.readouterr()
    assert (told.err.count("\n"), told.out) == (1, "")


@pytest.mark.parametrize("variable", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"])
def test_wrong_launcher_is_refused(fresh: Fresh, tmp_path: Path, variable: str) -> None:
    """A launcher that says two processes while MPI sees one: N copies would all write the same folder."""
    arguments = ("-m", "particles", "run", "regression", "--exact", "--count", 10, "--out", tmp_path / "out")
    done = fresh(*arguments, env={variable: "2"})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "launcher" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_control_tells_its_hamiltonian_and_keeps_a_case(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["control", "two-clusters", "--cost", 0.1, "--json"]
    assert run(*words, "--out", tmp_path / "kept") == 0
    told = capsys.readouterr().out
    assert "Hamiltonian" in told
    found = json.loads(told.splitlines()[-1])
    assert found["value"] == pytest.approx(0.1335876092521, abs=1e-12)
    assert run(*words, "--count", 1000, "--seed", 2) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["count"] == 1000
    assert (
        run("run", tmp_path / "kept" / "case.toml", "--layers", 10, "--count", 10_000, "--out", tmp_path / "run") == 0
    )
    capsys.readouterr()
    assert run(*words[:4], "--layers", 2, "--continuous") == 0
    assert "moved no number" in capsys.readouterr().out


def test_sensitivity_tells_derivatives_and_tries_its_forecast(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--until", 5, "--target", 2, "--quadrature", "--change", "mean=1.01", "--json"]
    assert run("sensitivity", "regression", *words) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["derivatives"]["weight"] == pytest.approx(-0.98836033923962454, rel=1e-10)
    assert told["derivatives"]["target"] == pytest.approx(1.0, abs=1e-3)
    assert told["forecast"] == pytest.approx(told["found"], abs=1e-5)
    assert abs(told["forecast"] - told["value"]) > 1e-4
    assert run("sensitivity", "regression-2d", "--target", 1, "--layers", 10, "--count", 1000) == 0
    assert "d/d bias[1]" in capsys.readouterr().out
    words = ["--target", "1,0.5", "--layers", 10, "--count", 1000, "--by-step", "--json"]
    assert run("sensitivity", "regression-2d", *words) == 0
    *table, last = capsys.readouterr().out.splitlines()
    told = json.loads(last)
    assert told["columns"] == table[-11].split()
    assert (np.shape(told["by_step"]), told["by_step"][3][0]) == ((10, 7), pytest.approx(0.6))
    assert np.sum(told["by_step"], axis=0)[5] * 0.2 == pytest.approx(told["derivatives"]["bias[0]"], rel=1e-12)


def test_the_constant_of_a_drift_is_a_number_like_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "cubic.toml").write_text(PLAIN.replace('"tanh"', '{name = "cubic", gamma = 0.3}'))
    words = [tmp_path / "cubic.toml", "--target", 0.5, "--count", 500, "--layers", 10, "--start", "quantile", "--json"]
    assert run("sensitivity", *words, "--change", "gamma=0.3001") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["changes"]["gamma"] == [0.3001, pytest.approx(1e-4 * told["derivatives"]["gamma"], rel=1e-9)]
    assert told["found"] - told["value"] == pytest.approx(told["changes"]["gamma"][1], rel=1e-3)
    assert run("train", *words, "--learn", "gamma", "--bounds", "gamma=0:0.2", "--out", tmp_path / "fit") == 0
    learnt = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert learnt["names"] == ["gamma"]
    assert 0.0 < learnt["values"]["gamma"] <= 0.2
    assert f"gamma = {learnt['values']['gamma']!r}" in (tmp_path / "fit" / "case.toml").read_text()


def test_train_keeps_the_learnt_case_for_every_other_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["--exact", "--until", 5, "--target", 2, "--count", 1000, "--start", "quantile", "--out", tmp_path / "fit"]
    assert run("train", "regression", *words, "--ridge", "1e-3", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == json.loads((tmp_path / "fit" / "fit.json").read_text())
    assert told["values"]["weight"] == pytest.approx(-0.81489018378, abs=1e-8)
    assert run("sensitivity", tmp_path / "fit" / "case.toml", "--target", 2, "--quadrature", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["value"] == pytest.approx(6.47e-4, abs=1e-5)
    assert run("train", "regression", *words) == 2
    assert "--replace" in capsys.readouterr().err


def test_pieces_of_time_are_learnt_each_for_itself(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--exact", "--target", 2, "--count", 500, "--start", "quantile", "--learn", "weight", "--pieces", 3]
    assert run("train", "regression", *words, "--ridge", 0.01, "--out", tmp_path / "fit", "--json") == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["names"] == ["weight from t = 0", "weight from t = 0.666667", "weight from t = 1.33333"]
    assert run("plan", tmp_path / "fit" / "case.toml", "--count", 10, "--exact") == 0


def test_a_controlled_case_keeps_the_measurements_that_it_starts_from(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("x\n0.5\n1.0\n1.25\n2.0\n")
    start = '{law = "kernel", file = "points.csv", column = "x"}'
    text = f'[model]\ndrift = "tanh"\nweight = 1.0\nbias = 0.0\ninitial = {start}\n[run]\nuntil = 1.0\n'
    (tmp_path / "own.toml").write_text(text)
    words = ("control", tmp_path / "own.toml", "--cost", 0.5, "--layers", 2, "--target", 2, "--count", 64)
    for more, code in ((), 0), ((), 2), (("--replace",), 0):  # a second one into the same folder is refused
        assert run(*words, "--out", tmp_path / "kept", *more) == code
    (tmp_path / "points.csv").unlink()  # what is kept stands by itself
    kept = load_case(str(tmp_path / "kept" / "case.toml"))
    assert kept.samples is not None
    assert kept.samples.points.tolist() == [0.5, 1.0, 1.25, 2.0]
