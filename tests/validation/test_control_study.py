"""The study of control: its verdict, its theory by other routes, starts that are no random sample fail."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import Case, cases
from particles.training import control
from particles.training.control_setup import problem_of
from validation.__main__ import build_parser
from validation.studies.control import ControlStudy, expected_norm, mean_norm
from validation.studies.kind import words_of
from validation.studies.study import Study

TWO = cases["two-clusters"]
FEW: dict[str, Any] = {"levels": (100, 400, 1600), "replicates": 60}


@pytest.fixture(scope="module")
def study() -> Study:
    return ControlStudy(TWO, **FEW).run()


def test_the_control_of_particles_is_off_like_the_root_of_their_number(study: Study) -> None:
    """The seed is fixed; a fresh one would fail one of the two claims in five hundred."""
    assert study.holds
    assert study.slope is not None
    assert study.constant is not None
    assert study.slope.allows(-0.5)
    assert study.slope.half_width < 0.1
    assert study.constant.allows(1.0)
    assert not study.constant.allows(1.3)
    assert [row.replicates for row in study.rows] == [60] * 3


@pytest.mark.parametrize(("start", "slope"), [("quantile", -2.0), ("stratified", -1.5)])
def test_points_that_are_no_random_sample_fail(start: str, slope: float) -> None:
    found = ControlStudy(TWO, **(FEW | {"replicates": 10}), start=start).run()
    assert not found.holds
    assert found.slope is not None
    assert found.slope.estimate == pytest.approx(slope, abs=0.2)


def test_the_mean_size_of_a_normal_vector_is_known() -> None:
    """Of one, two and three equal components, and by draws: 4 standard errors."""
    for many, exact in (
        (1, math.sqrt(2.0 / math.pi)),
        (2, math.sqrt(math.pi / 2.0)),
        (3, 2.0 * math.sqrt(2.0 / math.pi)),
    ):
        assert mean_norm(np.full(many, 0.49)) == pytest.approx(0.7 * exact, rel=1e-13)
    values = np.array([1.0, 0.1, 1e-5])
    drawn = np.sqrt(np.random.default_rng(1).normal(size=(100_000, 3)) ** 2 @ values)
    assert abs(mean_norm(values) - drawn.mean()) < 4.0 * drawn.std() / math.sqrt(drawn.size)


def test_the_fluctuations_are_those_of_moved_masses() -> None:
    """d theta/d mass of a small excess about each point, from controls of the moved law; the second route to C."""
    assert TWO.target is not None
    asked: dict[str, Any] = {"until": 1.0, "cost": 0.1, "layers": 4}
    problem = problem_of(TWO.model, TWO.target, **asked)
    theta = control(TWO.model, TWO.target, **asked).theta[0]
    h, influence = 1e-5, []
    for i in range(problem.points.size):
        ends = []
        for sign in (1.0, -1.0):
            moved = problem_of(TWO.model, TWO.target, **asked)
            moved.masses = problem.masses * (1.0 - sign * h)
            moved.masses[i] += sign * h
            near = theta.copy()
            for _ in range(2):
                _, slope, matrix = moved.linearised(near)
                near = near - np.linalg.solve(matrix, slope)
            ends.append(near)
        influence.append((ends[0] - ends[1]) / (2.0 * h))
    rows = np.array(influence)
    covariance = (rows * problem.masses[:, None]).T @ rows * problem.step
    assert expected_norm(problem, theta) == pytest.approx(mean_norm(np.linalg.eigvalsh(covariance)), rel=1e-6)


@pytest.mark.parametrize(
    ("case", "changed", "told"),
    [
        (cases["regression"], {}, "case 'regression' states no targets"),
        (TWO, {"levels": (100, 200)}, "at least three increasing"),
        (TWO, {"replicates": 1}, "replicates = 1 must be"),
        (TWO, {"start": "middle"}, "start = 'middle' must be one of"),
        (TWO, {"cost": -1.0}, "cost = -1.0 must be"),
    ],
)
def test_what_the_study_cannot_do_is_refused(case: Case, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        ControlStudy(case, **changed).check()
    assert told in str(caught.value)


def test_a_command_line_repeats_it(tmp_path: Path) -> None:
    words = words_of(ControlStudy(TWO, cost=1.0, levels=(10, 20, 40)), "two-clusters")
    assert words == ("study", "control", "two-clusters", "--levels", "10", "20", "40", "--cost", "1.0")
    assert build_parser().parse_args([*words, "--out", str(tmp_path)]).cost == 1.0
