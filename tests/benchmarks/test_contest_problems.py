"""The contest's problems are plain data: without this project's packages, and with siblings that no answer fits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate

from benchmarks.contest.problems import PROBLEMS, started, varied

LINE = [problem for problem in PROBLEMS.values() if problem.dimension == 1]


def test_a_contestants_process_needs_numpy_and_scipy_alone() -> None:
    code = "import sys, benchmarks.contest.problems; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"particles", "kinetic", "validation", "numba", "mpi4py", "matplotlib"} & set(loaded)
    assert {"numpy", "scipy"} <= set(loaded)


@pytest.mark.parametrize(
    "problem", [*LINE, *(started(one, "key", 1) for one in LINE)], ids=lambda problem: problem.name
)
def test_a_start_is_one_law_in_its_three_forms(problem) -> None:
    start, p = problem.start, np.array([1e-6, 0.02, 0.3, 0.7, 0.99])
    x = start.quantile(p)
    assert np.abs(start.cdf(x) - p).max() < 1e-13
    for a, b, mass in zip(x[:-1], x[1:], np.diff(p), strict=True):
        kink = [start.kink] if hasattr(start, "kink") and a < start.kink < b else None
        assert abs(integrate.quad(start.density, a, b, points=kink, epsabs=1e-12)[0] - mass) < 1e-10


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_a_sibling_is_near_hidden_and_the_same_for_a_key(problem) -> None:
    one, again, other = varied(problem, "key"), varied(problem, "key"), varied(problem, "another key")
    assert one == again != other != problem
    assert one.name == problem.name
    assert one.features == problem.features
    assert 0.0 < abs(one.until / problem.until - 1.0) <= 0.04
