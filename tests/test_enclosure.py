"""Two bounds of W1 from counts: they hold W1, close in on it, and a wrong one is seen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import particles
from particles.base.errors import InputError
from particles.model import (
    Clipped,
    Dirac,
    Empirical,
    InverseGamma,
    Law,
    Lognormal,
    Measure,
    Mixture,
    Normal,
    Pareto,
    ReluSteady,
    SechPower,
    Uniform,
    cases,
)
from particles.parallel import serial
from validation.distance import distribution, enclosure, w1, w1_to_law
from validation.distance.enclosure import Enclosure, enclose, enclose_at

LAWS: dict[str, Law] = {
    "normal": Normal(1.0, 1.0),
    "narrow": Normal(-3.0, 1e-6),
    "uniform": Uniform(-1.0, 2.0),
    "lognormal": Lognormal(0.0, 1.0),
    "inverse gamma": InverseGamma(4.0, 3.0),
    "sech": SechPower(0.0, 1.0, 2.0),
    "walls": Clipped(Normal(0.0, 1.0), -0.5, 0.7),
    "kinks": Mixture([Normal(0.0, 1.0), Uniform(0.0, 0.1)], [0.5, 0.5]),
    "dirac": Dirac(0.3),
    "empirical": Empirical(np.linspace(-1.0, 1.0, 37) ** 3),
}


def sample(law: Law, count: int, seed: int) -> np.ndarray:
    return law.sample(np.random.default_rng(seed).random(count))


def close_to(found: Enclosure, exact: float, tolerance: float, slack: float = 1e-12) -> None:
    """`slack` is of the exact route: of its rounding, or of its Gauss nodes at kinks of a law."""
    assert found.lower - slack <= exact <= found.upper + slack
    assert found.upper - found.lower <= tolerance * found.upper + 1e-14


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("count", [1, 2, 300, 5000])
@pytest.mark.parametrize("tolerance", [0.3, 0.02])
def test_bounds_enclose_w1_to_a_law(name: str, count: int, tolerance: float) -> None:
    """The cloud's own law, and each law for the cloud of the next, far away."""
    names = list(LAWS)
    other = names[(names.index(name) + 1) % len(names)]
    for source in (name, other):
        x = sample(LAWS[source], count, seed=count)
        exact = w1_to_law(Measure.of_points(x), LAWS[name])
        slack = 3e-7 if name == "kinks" else 1e-12 + 1e-10 * exact
        close_to(enclose(x, LAWS[name], tolerance=tolerance, comm=serial()), exact, tolerance, slack)


@pytest.mark.parametrize("x", [-0.4, 0.0023, 0.07, 2.0])
def test_kinks_between_all_nodes_are_enclosed(x: float) -> None:
    """E abs(X - x) of N(0, 1) and U[0, 0.1] in equal parts; 8 Gauss nodes a panel miss it by 2e-7."""
    normal = x * math.erf(x / math.sqrt(2.0)) + math.sqrt(2.0 / math.pi) * math.exp(-0.5 * x * x)
    uniform = (x * abs(x) + (0.1 - x) * abs(0.1 - x)) / 0.2
    for tolerance in (0.1, 1e-3, 1e-6):
        found = enclose(np.array([x]), LAWS["kinks"], tolerance=tolerance, comm=serial())
        close_to(found, 0.5 * (normal + uniform), tolerance)


def solution(seed: int, cells: int) -> Measure:
    """A density with jumps and negative stretches, atoms at both walls: mass 1."""
    rng = np.random.default_rng(seed)
    faces = np.linspace(-3.0, 4.0, cells + 1)
    polynomials = rng.normal(size=(3, cells)) * [[1.0], [3.0], [8.0]] + [[3.0], [0.0], [0.0]]
    bare = Measure(np.empty((1, 0)), np.empty(0), faces, polynomials)
    return Measure(np.array([[-3.0, 4.0]]), np.array([0.1, 0.2]), faces, polynomials * (0.7 / bare.mass))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [0.5, 0.01])
def test_bounds_enclose_w1_to_a_solution_that_is_not_positive(seed: int, tolerance: float) -> None:
    """Particles beyond the walls, on them and on faces."""
    rng, measure = np.random.default_rng(seed), solution(seed, cells=5 + 9 * seed)
    x = np.concatenate([rng.normal(0.5, 2.5, 700), np.full(100, -3.0), np.full(150, 4.0), measure.faces])
    close_to(enclose(x, measure, tolerance=tolerance, comm=serial()), w1(Measure.of_points(x), measure), tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_bounds_enclose_w1_to_a_cloud(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=400), rng.exponential(size=90)
    cloud = Measure.of_points(y)
    close_to(enclose(x, cloud, comm=serial()), w1(Measure.of_points(x), cloud), 0.01)


def test_atoms_at_the_walls_cost_nothing() -> None:
    """All mass on two walls, in unequal parts: W1 is the difference times the distance, with one round."""
    x = np.repeat([-1.0, 3.0], [400, 600])
    walls = Measure(np.array([[-1.0, 3.0]]), np.array([0.5, 0.5]))
    found = enclose(x, walls, comm=serial())
    assert_allclose([found.lower, found.upper], 0.4, rtol=1e-14)
    assert (found.edges_used, found.rounds) == (2, 1)


@pytest.mark.parametrize("mu", [1.05, 1.5, 3.0])
def test_heavy_tail_is_counted_whole(mu: float) -> None:
    """A cloud at the start of Pareto's law: W1 = E X - start = 1/(mu - 1)."""
    for tolerance in (0.1, 1e-4):
        found = enclose(np.full(10, 1.0), Pareto(1.0, mu), tolerance=tolerance, comm=serial())
        close_to(found, 1.0 / (mu - 1.0), tolerance)
        gamma = InverseGamma(mu, 2.0)
        close_to(enclose(np.full(10, 0.0), gamma, tolerance=tolerance, comm=serial()), gamma.mean, tolerance, 1e-10)


def test_gap_shrinks_in_proportion_to_the_edges() -> None:
    law = Normal(0.0, 1.0)
    x = sample(law, 20_000, seed=1)
    found = [enclose(x, law, tolerance=2.0**-k, comm=serial()) for k in range(1, 8)]
    gaps = np.array([e.upper - e.lower for e in found])
    edges = np.array([e.edges_used for e in found])
    assert np.all(np.diff([e.lower for e in found]) >= 0.0)
    assert np.all(np.diff([e.upper for e in found]) <= 0.0)
    slope = np.polyfit(np.log(edges), np.log(gaps), 1)[0]
    assert -2.0 < slope < -0.8
    assert gaps[-1] < 2.0**-7 * found[-1].upper


def test_few_edges_give_wide_bounds_that_hold() -> None:
    law = Normal(0.0, 1.0)
    x = sample(law, 20_000, seed=2)
    found = enclose(x, law, tolerance=1e-6, edges=2000, comm=serial())
    assert found.edges_used == 2000
    assert found.lower < w1_to_law(Measure.of_points(x), law) < found.upper
    assert found.upper - found.lower > 1e-6 * found.upper


def test_cells_that_do_not_cross_are_exact_to_their_particles() -> None:
    """A cloud far right of the law: W1 is the difference of the means."""
    x = sample(Uniform(50.0, 60.0), 1000, seed=3)
    found = enclose(x, Normal(0.0, 1.0), tolerance=1e-3, comm=serial())
    assert found.lower <= x.mean() <= found.upper
    assert found.edges_used < 2000


def integral(x: np.ndarray, law: Law, left: float, right: float) -> float:
    """Midpoint rule of abs(F_M - F) in one cell."""
    s = left + (right - left) * (np.arange(100_000) + 0.5) / 100_000
    below = np.searchsorted(np.sort(x), s, side="right") / x.size
    return float(np.abs(below - law.cdf(s)).mean() * (right - left))


def test_every_cell_is_bounded_and_a_wrong_bound_is_seen() -> None:
    """Control: the mean in place of the chord (Jensen's inequality turned round) is no upper bound."""
    law, x = Normal(0.0, 1.0), sample(Normal(0.1, 0.8), 40, seed=4)
    edges = np.linspace(-2.0, 2.0, 9)
    below, upto = (np.searchsorted(np.sort(x), edges, side=side) for side in ("left", "right"))
    cells = enclosure._Cells(edges[:-1], edges[1:], upto[:-1], below[1:])
    target = distribution.OfLaw(law)
    lower, upper = enclosure.bounds(cells, x.size, target)
    exact = np.array([integral(x, law, a, b) for a, b in itertools.pairwise(edges)])
    assert np.all(lower <= exact + 1e-6)
    assert np.all(exact <= upper + 1e-6)
    f = target.on(cells.left, cells.right)
    mean, p0, p1 = 0.5 * (f.mean_low + f.mean_high) + f.shift, upto[:-1] / x.size, below[1:] / x.size
    wrong = np.diff(edges) * np.minimum(np.abs(mean - p0), np.abs(mean - p1))
    assert not np.all(exact <= wrong + 1e-6)


def test_miscounted_particles_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: one particle in fifty lost below every edge, and W1 lies outside."""
    law, counts = Normal(0.0, 1.0), enclosure._counts
    x = sample(law, 5000, seed=5)
    monkeypatch.setattr(enclosure, "_counts", lambda local, edges, ranks: counts(local, edges, ranks) * 49 // 50)
    found = enclose(x, law, comm=serial())
    assert not found.lower <= w1_to_law(Measure.of_points(x), law) <= found.upper


def test_small_cloud_is_gathered_on_request() -> None:
    law = Normal(0.0, 1.0)
    x = sample(law, 1000, seed=6)
    exact = w1_to_law(Measure.of_points(x), law)
    assert enclose(x, law, gather=1000, comm=serial()) == Enclosure(exact, exact, 0, 0)
    assert enclose(x, law, gather=999, comm=serial()).edges_used > 0


def test_run_is_enclosed_by_its_trajectory() -> None:
    case = cases["regression"]
    run = particles.simulate(case.model, particles.ExactFlow(), count=9000, until=1.0, seed=3)
    law = particles.model.exact_law(case.model, 1.0)
    close_to(enclose_at(run, 1.0, law), w1_to_law(run.at(1.0), law), 0.01)


@pytest.mark.parametrize(
    ("points", "target", "tolerance", "said"),
    [
        (np.array([0.0, np.nan]), Normal(0.0, 1.0), 0.1, "not finite"),
        (np.array([0, 1]), Normal(0.0, 1.0), 0.1, "int64"),
        (np.zeros((2, 3)), Normal(0.0, 1.0), 0.1, r"shape \(2, 3\)"),
        (np.empty(0), Normal(0.0, 1.0), 0.1, "at least one"),
        (np.zeros(3), Normal(0.0, 1.0), 0.0, r"tolerance = 0\.0"),
        (np.zeros(3), Measure.of_points(np.zeros((2, 3))), 0.1, "dimension 2"),
        (np.zeros(3), Measure(np.zeros((1, 1)), np.array([0.5])), 0.1, r"mass = 0\.5"),
        (np.zeros(3), ReluSteady(-1.0, 1.0, 1.0), 0.1, "no mean.*Kolmogorov.*log x"),
    ],
)
def test_bad_input_is_refused(points: np.ndarray, target: Law | Measure, tolerance: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        enclose(points, target, tolerance=tolerance, comm=serial())
