"""What stands around asv: when a comparison says slower, what a result is called, what the roofline counts."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import counting, machine, suite
from particles import vmath, vmath32
from particles.base.shims import fma
from particles.kernels import line, walls
from particles.model import TANH

SWEEP, SOLVE = "bench_kernels.EulerSweep.time_sweep", "bench_kernels.MeanFieldSolve.time_solve"
Scripted = Callable[..., None]


def row(change: str, name: str) -> str:
    return f"| {change:8} | 10.1±0.1ms | 13.2±0.1ms | 1.31 | {name:40} |\n"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scripted:
    """Let asv give answers from a list, in a scratch folder."""
    monkeypatch.setattr(suite, "SCRATCH", tmp_path)
    monkeypatch.setattr(suite, "git", lambda *words: words[-1])
    monkeypatch.setattr(suite, "shortest", lambda commit: dict.fromkeys((SWEEP, SOLVE), 1.0 + (commit == "HEAD")))

    def script(*answers: tuple[int, str]) -> None:
        left = list(answers)
        monkeypatch.setattr(suite, "asv", lambda *words, **options: left.pop(0))

    return script


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([(0, "BENCHMARKS NOT SIGNIFICANTLY CHANGED.")], 0),
        ([(0, row("-", SWEEP))], 0),
        ([(1, row("+", SWEEP)), (1, row("+", SWEEP))], 1),
        ([(1, row("+", SWEEP)), (0, "")], 0),
        ([(1, row("+", SWEEP) + row("+", SOLVE)), (1, row("+", SOLVE))], 1),
        ([(2, "Build failed")], 2),
        ([(1, row("+", SWEEP)), (2, "Build failed")], 2),
    ],
)
def test_a_kernel_is_slower_if_it_is_so_twice(scripted: Scripted, answers: list[tuple[int, str]], code: int) -> None:
    scripted(*answers)
    assert suite.compare("HEAD~1") == code


def test_a_slower_median_alone_is_a_disturbance(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted((1, row("+", SWEEP)))
    monkeypatch.setattr(suite, "shortest", lambda commit: {SWEEP: 1.0 + 0.09 * (commit == "HEAD")})
    assert suite.compare("HEAD~1") == 0


def test_the_shortest_sample_is_read_from_what_asv_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "SCRATCH", tmp_path)
    (tmp_path / "compare" / "machine-a").mkdir(parents=True)
    columns = {"result_columns": ["result", "params", "samples"]}
    results = {SWEEP: [[0.2], [], [[0.3, 0.1, 0.2]]], SOLVE: [[None], []]}
    (tmp_path / "compare" / "machine-a" / "01234567-env.json").write_text(json.dumps(columns | {"results": results}))
    assert suite.shortest("0123456789") == {SWEEP: 0.1}


def test_a_slower_kernel_that_the_table_does_not_name_is_an_error(scripted: Scripted) -> None:
    """The control: asv says 1, and its table cannot be read; silence would be a green comparison."""
    scripted((1, "| ? | a table of another shape |"))
    assert suite.compare("HEAD~1") == 2


def test_parameters_of_a_slower_benchmark_are_no_part_of_its_name() -> None:
    assert suite.SLOWER.findall(row("+", "bench_distance.ToCloud.track_exact(10000)")) == [
        "bench_distance.ToCloud.track_exact"
    ]


def test_results_of_a_commit_are_kept_side_by_side_under_a_neutral_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "RESULTS", tmp_path)
    (tmp_path / "machine-a").mkdir()
    for number, names in enumerate((["a", "b"], ["b", "c"])):
        path = tmp_path / "machine-a" / "01234567-existing-py_home_somebody_python.json"
        record = {"env_name": path.stem[9:], "results": dict.fromkeys(names, number), "params": {"python": "/home/a"}}
        path.write_text(json.dumps(record | {"python": "/home/a"}))
        suite._store("0123456789")
    (kept,) = (tmp_path / "machine-a").iterdir()
    assert kept.name == "01234567-installed.json"
    record = json.loads(kept.read_text())
    assert record["results"] == {"a": 0, "b": 1, "c": 1}
    assert record["env_name"] == "installed"
    assert record["python"] == record["params"]["python"] == f"3.{sys.version_info.minor}"


def test_a_machine_keeps_its_neutral_name(tmp_path: Path) -> None:
    found = machine.facts()
    first = machine.named(tmp_path, found)
    assert first["machine"] == "machine-a"
    (tmp_path / "machine-a").mkdir()
    (tmp_path / "machine-a" / "machine.json").write_text(json.dumps(first))
    assert machine.named(tmp_path, found | {"numba": "0.1"})["machine"] == "machine-a"
    assert machine.named(tmp_path, found | {"cpu": "another"})["machine"] == "machine-b"


def test_operations_of_a_pair_of_normals_in_float32_are_those_of_its_formulas() -> None:
    """The radius: a root, a product, two sums, ten fused. The angle: two products, eight fused. Then two products."""
    before = vmath32.fma32
    assert counting.count_singles(vmath32.radius, 1, 1) == (14.0, 24.0)
    assert counting.count_singles(vmath32.turned, 1, 1) == (10.0, 18.0)
    assert counting.count_singles(vmath32.box_muller, 2, 2) == (13.0, 22.0)
    assert vmath32.fma32 is before


def test_facts_name_processor_and_versions() -> None:
    found = machine.facts()
    assert all(found[key] for key in ("cpu", "num_cpu", "ram", "numba", "numpy"))
    assert found["mpi"].lower().startswith(("mpich", "open mpi"))


def test_operations_of_a_sweep_are_those_of_its_formula() -> None:
    """w x + b, tanh, and x + dt f: tanh alone, and two fused multiply-adds more; a step is the same work for each x."""
    u = counting.counted([0.3])
    tanh = counting.count(lambda: vmath.tanh(u[0]), 1)
    loop = line.euler_line.__wrapped__(TANH.value, walls.free)  # type: ignore[attr-defined]

    def sweep() -> None:
        loop(counting.counted([0.1, 2.0]), *map(counting.counted, ([-1.0], [1.0])), 0.01, (), -math.inf, math.inf)

    assert counting.count(sweep, 2) == (tanh[0] + 2.0, tanh[1] + 4.0)
    assert tanh[1] > tanh[0] > 15.0
    assert vmath.fma is fma  # the formulas are as they were


def test_counting_counts_each_operation_once() -> None:
    x, y = counting.counted([3.0, 4.0])
    run = lambda: 1.0 - (x + 2.0) * y / (-abs(x)) if x < y else None  # noqa: E731
    assert counting.count(run, 1) == (4.0, 4.0)
    assert float(run()) == 1.0 + 20.0 / 3.0
    assert np.asarray(counting.counted(np.zeros((2, 3)))).shape == (2, 3)
