"""Two bounds of W1 from counts: they hold W1, close in on it, and a wrong one is seen."""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import particles
from particles.base.errors import InputError
from particles.base.parallel import serial
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
from validation.distance import distribution, enclosure, w1, w1_to_law, wasserstein
from validation.distance.distribution import Distribution, OfLaw, OfMeasure
from validation.distance.enclosure import Enclosure, bounds, enclose, enclose_at, parts
from validation.distance.tally import Tally, tally

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


def cells_of(x: np.ndarray, cuts: np.ndarray) -> Tally:
    return tally(x, cuts, serial())


def summed(x: np.ndarray, cuts: np.ndarray, target: Distribution) -> np.ndarray:
    return np.array([part.sum() for part in bounds(cells_of(x, cuts), x.size, target)])


def halved(cuts: np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate([cuts, 0.5 * (cuts[:-1] + cuts[1:])]))


def test_gap_halves_with_the_cells_of_a_law() -> None:
    """Where nothing crosses it is h (f1 - f0)/64; the crossing cells add a part that falls as h^2 until it is none.

    The bounds close in from both sides. Control: without the sums of places the gap is h (p1 - p0), 64 times as wide.
    """
    law, x = Normal(0.0, 1.0), sample(Normal(0.0, 1.0), 20_000, seed=1)
    target, found, cuts = OfLaw(law), [], np.union1d(OfLaw(law).edges, [x.min(), x.max()])
    for _ in range(7):
        cuts = halved(cuts)
        found.append(summed(x, cuts, target))
    lower, upper = np.array(found).T
    assert np.all(np.diff(lower) >= 0.0)
    assert np.all(np.diff(upper) <= 0.0)
    gaps = upper - lower
    assert np.all(gaps[:-1] >= 1.9 * gaps[1:])
    slope = np.polyfit(np.log(2.0) * np.arange(7), np.log(gaps), 1)[0]
    assert -2.0 < slope < -1.0
    f = target.on(cuts[:-1], cuts[1:])
    allowed = np.diff(cuts) * (f.high - f.low) / distribution.STEPS
    assert gaps[-1] < 1.5 * allowed.sum()
    without = np.diff(cuts) * cells_of(x, cuts).inside / x.size
    assert without.sum() > 40.0 * gaps[-1]


def test_gap_of_a_solution_is_that_of_its_crossing_cells() -> None:
    """Its mean is exact: the gap falls faster than the cells, to what places of 2^-20 leave."""
    measure = solution(seed=3, cells=40)
    x = np.random.default_rng(3).uniform(-3.0, 4.0, 5000)
    cuts, gaps = np.union1d(measure.faces, [x.min(), x.max()]), []
    for _ in range(7):
        lower, upper = summed(x, cuts, OfMeasure(measure))
        gaps.append(upper - lower)
        cuts = halved(cuts)
    assert np.polyfit(np.log(2.0) * np.arange(7), np.log(gaps), 1)[0] < -1.2
    assert gaps[-1] < 1e-4 * upper


@pytest.mark.parametrize("power", range(6, 15, 2))
def test_edges_suffice_for_any_tolerance(power: int) -> None:
    law, x = Normal(0.0, 1.0), sample(Normal(0.0, 1.0), 20_000, seed=1)
    exact = w1_to_law(Measure.of_points(x), law)
    found = enclose(x, law, tolerance=2.0**-power, comm=serial())
    close_to(found, exact, 2.0**-power)
    assert found.rounds <= 4
    assert found.edges_used <= 120 * 2**power


def test_few_edges_give_wide_bounds_that_hold() -> None:
    law = Normal(0.0, 1.0)
    x = sample(law, 20_000, seed=2)
    found = enclose(x, law, tolerance=1e-6, edges=2000, comm=serial())
    assert 1900 < found.edges_used <= 2000
    assert found.lower < w1_to_law(Measure.of_points(x), law) < found.upper
    assert found.upper - found.lower > 1e-6 * found.upper


def test_cells_that_do_not_cross_are_exact() -> None:
    """A cloud far right of the law, the law's own edges alone: W1 is the difference of the means."""
    x = sample(Uniform(50.0, 60.0), 1000, seed=3)
    found = enclose(x, Normal(0.0, 1.0), tolerance=1e-9, edges=0, comm=serial())
    assert found.rounds == 1
    assert found.lower <= x.mean() <= found.upper
    assert found.upper - found.lower < 1e-3


def test_parts_go_as_the_root_of_the_gap() -> None:
    """The sum of gap/k is what was allowed, for fewer cells than any even division needs."""
    gaps = np.random.default_rng(0).exponential(size=2000) ** 4
    allowed = 0.01 * gaps.sum()
    k = parts(gaps, allowed, 10**6, most=math.inf)
    assert 0.9 * allowed < (gaps / k).sum() <= allowed
    assert k.sum() < 0.5 * 100 * gaps.size
    assert parts(gaps, allowed, 100).sum() <= gaps.size + 100
    assert np.all(parts(gaps, 0.0, 10**6) <= enclosure.PARTS)
    assert_array_equal(parts(gaps, allowed, -5), 1.0)


def integral(x: np.ndarray, law: Law, left: float, right: float) -> float:
    """Midpoint rule of abs(F_M - F) in one cell."""
    s = left + (right - left) * (np.arange(100_000) + 0.5) / 100_000
    below = np.searchsorted(np.sort(x), s, side="right") / x.size
    return float(np.abs(below - law.cdf(s)).mean() * (right - left))


def test_every_cell_is_bounded_and_a_wrong_bound_is_seen() -> None:
    """Control: Jensen's inequality turned round, the mean in place of the chord, is no upper bound."""
    law, x = Normal(0.0, 1.0), sample(Normal(0.1, 0.8), 40, seed=4)
    edges = np.linspace(-3.0, 3.0, 9)
    lower, upper = bounds(cells_of(x, edges), x.size, OfLaw(law))
    exact = np.array([integral(x, law, a, b) for a, b in itertools.pairwise(edges)])
    assert np.all(lower <= exact + 1e-6)
    assert np.all(exact <= upper + 1e-6)
    assert not np.all(exact <= lower + 1e-4)


def test_miscounted_particles_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: one particle in fifty lost below every edge, and W1 lies outside."""
    law, count = Normal(0.0, 1.0), enclosure.tally
    x = sample(law, 5000, seed=5)

    def wrong(*arguments: Any) -> Tally:
        cells = count(*arguments)
        return dataclasses.replace(cells, least=cells.least * 49 // 50)

    monkeypatch.setattr(enclosure, "tally", wrong)
    found = enclose(x, law, comm=serial())
    assert not found.lower <= w1_to_law(Measure.of_points(x), law) <= found.upper


def test_misplaced_particles_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the sums of places one part in fifty too large, and W1 of a far cloud lies outside."""
    law, count = Normal(0.0, 1.0), enclosure.tally
    x = sample(Uniform(3.0, 4.0), 5000, seed=5)

    def wrong(*arguments: Any) -> Tally:
        cells = count(*arguments)
        return dataclasses.replace(cells, offsets=cells.offsets * 51 // 50)

    exact = w1_to_law(Measure.of_points(x), law)
    close_to(enclose(x, law, tolerance=1e-4, comm=serial()), exact, 1e-4)
    monkeypatch.setattr(enclosure, "tally", wrong)
    found = enclose(x, law, tolerance=1e-4, comm=serial())
    assert not found.lower <= exact <= found.upper


def random_trial(rng: np.random.Generator) -> tuple[np.ndarray, Law | Measure, float, float]:
    """A cloud, a law or a measure, their exact W1 by other routes, and how exact these are."""
    m, s = rng.normal(), rng.exponential()
    laws: list[Law] = [
        Normal(m, s * s),
        Uniform(m - s, m + s),
        Lognormal(0.3 * m, 0.2 + 0.3 * rng.random()),
        Clipped(Normal(m, s * s), m - s, m + 0.5 * s),
        Dirac(m),
        Empirical(rng.normal(m, s, int(rng.integers(1, 40)))),
    ]
    law = laws[rng.integers(len(laws))]
    source = law if rng.random() < 0.5 else laws[rng.integers(len(laws))]
    x = source.sample(rng.random(int(rng.integers(1, 300))))
    if rng.random() < 0.3:  # atoms, and particles of the law's own breakpoints
        ends = law.breakpoints()
        x = np.concatenate([x, np.repeat(rng.choice(x, 2), rng.integers(1, 200, 2)), rng.choice(ends, 3)])
    x = np.ascontiguousarray(rng.permutation(x))
    cloud = Measure.of_points(x)
    if rng.random() < 0.25:
        target = solution(int(rng.integers(1000)), cells=int(rng.integers(3, 30)))
        return x, target, w1(cloud, target), 1e-13
    if isinstance(law, Empirical):
        y = law.quantile((np.arange(law.data.size) + 0.5) / law.data.size)
        exact = wasserstein(x, y)  # POT
        assert_allclose(w1_to_law(cloud, law), exact, rtol=1e-9, atol=1e-12)
        return x, (law if rng.random() < 0.5 else Measure.of_points(y)), exact, 1e-13
    return x, law, w1_to_law(cloud, law), 1e-12 + 1e-10 * float(np.abs(x).max())


def test_three_hundred_random_trials() -> None:
    """Control: bounds drawn together by a tenth of their gap from either side miss some."""
    rng, missed = np.random.default_rng(2024), 0
    for _ in range(300):
        x, target, exact, slack = random_trial(rng)
        tolerance = 10.0 ** -rng.uniform(0.3, 5.0)
        found = enclose(x, target, tolerance=tolerance, comm=serial())
        close_to(found, exact, tolerance, slack)
        drawn = 0.1 * (found.upper - found.lower) if tolerance > 1e-3 else 0.0
        missed += not found.lower + drawn - slack <= exact <= found.upper - drawn + slack
    assert missed > 10


SPREADS = {
    "all equal": np.full(50, 0.3),
    "all on a wall": np.full(50, -0.5),
    "two walls and a face": np.repeat([-0.5, 0.0, 0.7], [10, 1, 30]),
    "denormal": np.arange(40.0) * 5e-324,
    "denormal about zero": np.linspace(-1.0, 1.0, 41) * 1e-310,
    "neighbours": 0.3 + np.arange(-20, 20) * np.spacing(0.3),
    "huge": np.array([-1e300, -1.0, 0.2, 0.3, 1e300]),
    "one far outlier": np.append(np.linspace(-1.0, 1.0, 400), 1e200),
    "alone far out": np.array([-1e300]),
}


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("name", ["normal", "walls", "dirac", "empirical", "solution"])
def test_adversarial_clouds_are_enclosed(spread: str, name: str) -> None:
    """Against sums of exact fractions where both sides are clouds, else the other routes."""
    x = SPREADS[spread]
    if name == "solution":
        target: Law | Measure = solution(1, cells=12)
        exact = w1(Measure.of_points(x), target)
    else:
        target = LAWS[name]
        exact = w1_to_law(Measure.of_points(x), target)
    found = enclose(x, target, tolerance=1e-3, edges=10_000, comm=serial())
    close_to(found, exact, 1e-3, 1e-12 + 1e-9 * exact)


@pytest.mark.parametrize("apart", [1, 2, 3, 10, 70, 1000])
def test_cells_of_a_few_numbers_are_enclosed(apart: int) -> None:
    """A law with an atom at the right end, a few numbers from the left one: no node of a sum may fall upon it."""
    left = 0.7
    right = left + apart * np.spacing(left)
    for law in (Clipped(Normal(left, 1e-34), left, right), Dirac(right), Uniform(left, right)):
        f = OfLaw(law).on(np.array([left]), np.array([right]))
        x = left + np.arange(apart) * np.spacing(left)
        mean = float(law.cdf(x).mean()) - f.shift[0]  # F is taken at no other numbers
        part = np.spacing(left) / (right - left) * float(f.high[0] - f.low[0])
        assert f.low[0] <= f.mean_low[0] <= mean + part
        assert mean - part <= f.mean_high[0]
    y = np.random.default_rng(apart).choice(np.append(x, right), 20)
    found = enclose(y, Dirac(right), tolerance=1e-3, comm=serial())
    exact = sum((Fraction(right) - Fraction(v) for v in y), Fraction(0)) / y.size
    assert Fraction(found.lower) <= exact <= Fraction(found.upper)
    assert found.upper - found.lower <= 1e-3 * found.upper


def test_bounds_of_two_clouds_hold_in_exact_arithmetic() -> None:
    """No slack: W1 of rational clouds, from denormal to huge, by fractions."""
    rng = np.random.default_rng(8)
    for k in range(60):
        scale = 10.0 ** rng.uniform(-320.0, 300.0)
        x, y = rng.choice(rng.normal(size=9), 12) * scale, rng.normal(size=7) * scale
        if k % 3 == 0:
            x[0] = 1e6 * scale
        knots = sorted({*map(Fraction, x), *map(Fraction, y)})
        f = [Fraction(int((x <= t).sum()), x.size) - Fraction(int((y <= t).sum()), y.size) for t in map(float, knots)]
        exact = sum((abs(d) * (b - a) for d, (a, b) in zip(f, itertools.pairwise(knots), strict=False)), Fraction(0))
        found = enclose(x, Measure.of_points(y), tolerance=1e-4, comm=serial())
        assert Fraction(found.lower) <= exact <= Fraction(found.upper)
        assert found.upper - found.lower <= 1e-4 * found.upper + 1e-322


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
