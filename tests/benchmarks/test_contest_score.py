"""What the contest says of planted results: errors that are known, and faults that are refused with their place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import score
from benchmarks.contest.problems import PROBLEMS
from benchmarks.contest.references import reference
from benchmarks.contest.result import Cdf, CellAverages, Density, Samples
from benchmarks.contest.score import Scores, cloud_w1, scores
from particles.base.errors import InputError
from particles.model import Measure
from validation import w1
from validation.distance import w1_to_law


def judged(name: str, result: Any) -> Scores:
    return scores(PROBLEMS[name], reference(PROBLEMS[name]), result)


def on_faces(name: str, count: int, shift: float = 0.0, scale: float = 1.0) -> Cdf:
    """The reference's own distribution function, moved and stretched about its mean."""
    law: Any = reference(PROBLEMS[name])
    low, high = law.quantile(np.array([1e-13, 1.0 - 1e-13]))
    x = np.linspace(low, high, count)
    values = np.concatenate([[0.0], law.cdf(x[1:-1]), [1.0]])
    return Cdf(law.mean + scale * (x - law.mean) + shift, values)


@pytest.mark.parametrize("name", ["tanh", "ou", "tanh-attracted", "inverse-gamma"])
def test_a_shift_costs_its_length_and_no_more(name: str) -> None:
    exact, moved = judged(name, on_faces(name, 3001)), judged(name, on_faces(name, 3001, shift=1e-3))
    assert exact.w1 == pytest.approx(0.0, abs=3e-7)
    assert moved.w1 == pytest.approx(1e-3, rel=3e-4)
    assert moved.mean == pytest.approx(1e-3, rel=1e-4)
    assert moved.variance == pytest.approx(0.0, abs=1e-7)


def test_a_stretch_costs_its_share_of_the_mean_deviation() -> None:
    """W1 = s E abs(X - m), sqrt(2 V/pi) for a normal law; the variance grows by (1 + s)^2."""
    law: Any = reference(PROBLEMS["ou"])
    found = judged("ou", on_faces("ou", 2001, scale=1.01))
    assert found.w1 == pytest.approx(0.01 * math.sqrt(2.0 * law.variance / math.pi), rel=1e-5)
    assert found.variance == pytest.approx(0.0201 * law.variance, rel=1e-6)
    assert found.kolmogorov == pytest.approx(0.01 * math.exp(-0.5) / math.sqrt(2.0 * math.pi), rel=2e-2)


def test_averages_of_cells_are_no_constants() -> None:
    """Exact averages score what a spline of parabolas misses, which falls like h^4, and no variance of h^2/12."""
    law: Any = reference(PROBLEMS["ou"])
    found = []
    for cells in (100, 200, 400):
        edges = np.linspace(-7.0, 7.0, cells + 1)
        found.append(judged("ou", CellAverages(edges, np.diff(law.cdf(edges)) / np.diff(edges))))
        assert found[-1].l1 == pytest.approx(0.0, abs=1e-12)
    errors = np.array([one.w1 for one in found])
    assert np.log2(errors[:-1] / errors[1:]) == pytest.approx([4.0, 4.0], abs=0.5)
    constants = Density(np.repeat(edges, 2)[1:-1] + np.tile([0.0, -1e-9], cells), np.repeat(np.diff(law.cdf(edges)), 2))
    constant = judged("ou", Density(constants.points, constants.values / np.diff(edges)[0]))
    assert constant.w1 is not None
    assert constant.w1 > 1e3 * errors[-1]  # the control: (h^2/12) TV(g)


def test_exact_values_on_few_points_do_not_know_the_density_between() -> None:
    few, many = (judged("ou", on_faces("ou", count)).l1 for count in (31, 241))
    assert 1e-3 < few < 0.1
    assert many < few / 8.0**1.9


def test_walls_hold_mass_in_points() -> None:
    law: Any = reference(PROBLEMS["vehicles"])
    edges, (places, masses) = np.linspace(2.0, 8.0, 101), law.atoms
    below = law.cdf(edges)
    below[-1] = law.cdf_left(8.0)
    averages, atoms = np.diff(below) / np.diff(edges), tuple(zip(places.tolist(), masses.tolist(), strict=True))
    exact = judged("vehicles", CellAverages(edges, averages, atoms))
    assert max(exact.w1, exact.l1, exact.kolmogorov) < 1e-8
    assert max(judged("vehicles", Samples(law.quantile((np.arange(9000) + 0.5) / 9000))).kolmogorov, 1e-4) < 1.1e-4
    spread = averages.copy()
    spread[[0, -1]] += masses / np.diff(edges)[0]
    smeared = judged("vehicles", CellAverages(edges, spread))  # mass of the walls in the cells next to them
    assert smeared.l1 == pytest.approx(4.0 * masses[0], rel=1e-6)
    assert smeared.w1 == pytest.approx(masses.sum() * 0.03, rel=0.3)
    jumps = Cdf(np.concatenate([edges, [8.0]]), np.concatenate([below, [1.0]]))
    assert max(judged("vehicles", jumps).w1, judged("vehicles", jumps).kolmogorov) < 1e-6
    parts = Cdf(  # points of a flow that came to the walls one after the other
        np.concatenate([np.full(9, 2.0), edges, np.full(9, 8.0)]),
        np.concatenate([np.linspace(0.0, below[0], 9), below, np.linspace(below[-1], 1.0, 9)]),
    )
    split = (*((x, 0.5 * m) for x, m in atoms), *((x, 0.5 * m) for x, m in atoms))
    for same in (parts, CellAverages(edges, averages, split)):
        assert judged("vehicles", same).w1 < 1e-6
        assert judged("vehicles", same).l1 < 1e-4


@pytest.mark.parametrize("name", ["tanh", "vehicles", "ou-uniform"])
def test_many_particles_are_judged_like_few(name: str) -> None:
    """The quick way against quadrature: 2e-6 of the distance apart."""
    law: Any = reference(PROBLEMS[name])
    x = np.sort(law.quantile(np.random.default_rng(5).random(100_000)))
    assert cloud_w1(x, law) == pytest.approx(w1_to_law(Measure.of_points(x), law.law), rel=2e-6)
    assert judged(name, Samples(x)).kolmogorov == pytest.approx(judged(name, Samples(x[::-1])).kolmogorov)


@pytest.mark.parametrize("name", ["tanh", "vehicles"])
def test_the_distance_of_many_is_this_projects_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To 1e-13, of 300 that count as many: `validation.w1` to the density that is constant between the same knots.

    The supremum is that at each particle, from both sides, found one by one. A block ends within equal particles.
    """
    monkeypatch.setattr(score, "_MANY", 10)
    monkeypatch.setattr(score, "_EVEN", 7)
    monkeypatch.setattr(score, "_BLOCK", 16)
    law: Any = reference(PROBLEMS[name])
    x = np.sort(law.quantile((np.arange(300) + 0.5) / 300)) + 0.01
    x[40:60] = x[40]
    if name == "vehicles":
        x = np.clip(x, 2.0, 8.0)
    found = judged(name, Samples(np.random.default_rng(0).permutation(x)))
    knots = np.unique(np.concatenate([x, law.panels, np.linspace(law.panels[0], law.panels[-1], 7)]))
    averages = (law.cdf_left(knots[1:]) - law.cdf(knots[:-1])) / np.diff(knots)
    places, masses = law.atoms
    between = Measure(places[None], masses, knots, np.stack([averages, 0.0 * averages, 0.0 * averages]))
    assert found.w1 == pytest.approx(w1(Measure.of_points(x), between), abs=1e-13)
    sides = [(np.mean(x <= p) - law.cdf(p), np.mean(x < p) - law.cdf_left(p)) for p in {*x.tolist(), *places.tolist()}]
    assert found.kolmogorov == pytest.approx(np.abs(sides).max(), abs=1e-13)


def test_without_a_mean_only_kolmogorov_and_l1_count() -> None:
    law: Any = reference(PROBLEMS["relu-rest"])
    found = judged("relu-rest", Samples(law.quantile((np.arange(1000) + 0.5) / 1000)))
    assert (found.w1, found.mean, found.variance) == (None, None, None)
    assert found.kolmogorov == pytest.approx(0.5e-3)


def test_a_cloud_and_cells_of_the_plane() -> None:
    law: Any = reference(PROBLEMS["plane-linear"])
    x, y = np.linspace(-3.0, 4.0, 141), np.linspace(-3.0, 3.0, 121)
    averages = law.cell_masses(x, y) / (0.05 * 0.05)
    exact = judged("plane-linear", CellAverages((x, y), averages))
    assert exact.l1 == pytest.approx(0.0, abs=1e-7)
    assert exact.w1 == pytest.approx(0.0, abs=1e-4)
    moved = judged("plane-linear", CellAverages((x + 0.01, y), averages))
    assert moved.w1 == pytest.approx(0.02 / math.pi, rel=2e-2)  # (2/pi) abs(shift), over all directions
    assert moved.mean == pytest.approx(0.01, rel=1e-3)
    z = np.random.default_rng(3).standard_normal((2, 20_000))
    cloud = law.mean[:, None] + np.linalg.cholesky(law.covariance) @ z
    assert judged("plane-linear", Samples(cloud.T)).w1 == pytest.approx(law.floor(20_000), rel=0.6)


EDGES = np.array([-5.0, 0.0, 5.0])
FAULTS = {
    "nan": (Samples(np.array([0.0, 1.0, np.nan])), r"points\[2\] = nan is not finite, 1 of 3"),
    "infinite": (Cdf(np.array([0.0, np.inf]), np.array([0.0, 1.0])), r"points\[1\] = inf"),
    "empty": (Samples(np.empty(0)), "points is empty"),
    "shape": (Samples(np.zeros((3, 2))), r"points has shape \(3, 2\)"),
    "type": (Samples(np.array(["a"])), "points is of type"),
    "unsorted": (Cdf(np.array([0.0, 2.0, 1.0]), np.array([0.0, 0.5, 1.0])), r"points\[2\] = 1 after 2"),
    "falls": (Cdf(np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.7, 0.6])), r"values\[2\] = 0.6 after 0.7"),
    "ends below 1": (Cdf(np.array([0.0, 1.0]), np.array([0.0, 0.9])), "mass = 0.9 must be 1"),
    "mass": (CellAverages(EDGES, np.array([0.1, 0.1001])), "mass = 1.0005 must be 1"),
    "lengths": (CellAverages(EDGES, np.array([0.2])), r"values has shape \(1,\)"),
    "negative atom": (CellAverages(EDGES, np.array([0.1, 0.2]), ((0.0, -0.5),)), r"atoms\[0\] has mass -0.5"),
    "density": (Density(EDGES, np.array([0.0, np.nan, 0.0])), r"values\[1\] = nan"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_result_is_refused_with_its_place(fault: str) -> None:
    result, sentence = FAULTS[fault]
    with pytest.raises(InputError, match=sentence):
        judged("ou", result)


def test_what_is_no_result_of_the_plane_is_refused() -> None:
    square = np.linspace(-5.0, 5.0, 5), np.linspace(-5.0, 5.0, 5)
    for result, sentence in (
        (Samples(np.zeros(3)), "points has shape"),
        (Samples(np.array([[0.0, 1.0], [2.0, np.nan]])), r"points\[1, 1\] = nan"),
        (CellAverages(square, np.full((4, 4), 0.02)), "mass = 2 must be 1"),
        (CellAverages(square[0], np.full((4, 4), 0.01)), "must be a pair"),
        (Cdf(EDGES, np.array([0.0, 0.5, 1.0])), "no result in the plane"),
    ):
        with pytest.raises(InputError, match=sentence):
            judged("plane-ou", result)


def test_a_negative_density_is_allowed_and_counted() -> None:
    values = np.array([0.0, 0.32, -0.02, 0.2])
    assert judged("ou", CellAverages(np.array([-4.0, -2.0, 0.0, 2.0, 2.0 + 2.0]), values)).negative == pytest.approx(
        0.04
    )
