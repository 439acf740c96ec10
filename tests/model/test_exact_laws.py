"""Laws by deterministic computation against closed forms, characteristic functions, moment equations and particles."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import ndtr
from scipy.stats import poisson

import particles
from particles import Collisions, Euler, Milstein
from particles.base.errors import InputError
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    TANH,
    Dirac,
    Empirical,
    Law,
    Lognormal,
    Mixture,
    Model,
    Normal,
    Product,
    Uniform,
    cases,
    cubic,
    exact_law,
)
from particles.noise import NOISES, TWO_POINT, UNIFORM
from tests.noisy import collision_matrix
from validation import expected_w1
from validation.distance import w1_to_law
from validation.exact import boltzmann_law, collision_counts, euler_law, limit_law, w1_between
from validation.exact.fokker_planck import computed_law
from validation.exact.interpolation import UniformGrid
from validation.exact.lattice import LatticeSum
from validation.exact.tabulated import TabulatedLaw

OU = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(1.0, 0.5))
FREE = dataclasses.replace(OU, weight=0.0)
POINTS = np.linspace(-7.0, 8.0, 400)


def supremum(a: Law, b: Law, x: np.ndarray = POINTS) -> float:
    return float(np.abs(a.cdf(x) - b.cdf(x)).max())


# interpolation -------------------------------------------------------------------------------------------------------


def test_interpolation_is_exact_for_degree_seven_and_of_order_eight() -> None:
    grid = UniformGrid(-1.0, 0.1, 21)
    y = np.linspace(-0.69, 0.59, 77)  # whole stencils
    for slopes in (False, True):
        for k in range(8):
            exact = k * y ** max(k - 1, 0) if slopes else y**k
            table = np.append(grid.points**k, [0.0, 0.0])
            np.testing.assert_allclose(grid.interpolate(table, y, slopes=slopes), exact, atol=1e-12)
    steps, errors = np.array([0.2, 0.1, 0.05, 0.025]), []
    for step in steps:
        grid = UniformGrid(-2.0, step, round(4.0 / step) + 1)
        values = np.append(np.sin(2.0 * grid.points), [0.0, 0.0])
        errors.append(np.abs(grid.matrix(y) @ values - np.sin(2.0 * y)).max())
    assert 7.5 < np.polyfit(np.log(steps), np.log(errors), 1)[0] < 8.5
    assert errors[-1] < 1e-12


def test_interpolation_is_that_of_the_matrix_beyond_the_ends_too() -> None:
    grid = UniformGrid(-1.0, 0.1, 21)
    y = np.concatenate([np.linspace(-1.7, 1.7, 400), [-1e300, -np.inf, np.inf], grid.points])
    table = np.append(np.tanh(3.0 * grid.points), [-5.0, 7.0])
    np.testing.assert_allclose(grid.interpolate(table, y), grid.matrix(y) @ table, atol=1e-13)
    assert grid.interpolate(table, np.array([-2.0, 2.0])) == pytest.approx([-5.0, 7.0])


def test_projection_keeps_seven_moments_of_a_jump() -> None:
    """int_0^a y^k dy as the difference of two steps' sums, k <= 7; plain values are off by up to half a cell."""
    grid, at = UniformGrid(-1.0, 0.1, 21), 0.137
    values = grid.project(lambda y: (y >= at) * 1.0, np.array([at]), 0.0, 1.0)
    for k in range(8):
        whole = grid.points**k
        reference = grid.project(lambda y: (y >= 0.0) * 1.0, np.array([0.0]), 0.0, 1.0)
        shift = float((whole * (reference[:-2] - values[:-2])).sum() * 0.1)
        assert shift == pytest.approx(at ** (k + 1) / (k + 1), abs=1e-13)


# collisions ----------------------------------------------------------------------------------------------------------


class PoissonMixture:
    """Theory: identity, K = 1, Gaussian noise and data, rate 1/eps: F = sum_n Pois(n; t/eps) Phi((x - m_n)/s_n)."""

    def __init__(self, eps: float, time: float) -> None:
        n, r = np.arange(int(time / eps + 14.0 * math.sqrt(time / eps) + 60.0)), 1.0 - eps
        self.p, self.m = poisson.pmf(n, time / eps), r**n
        self.s = np.sqrt(0.5 * r ** (2 * n) + 2.0 * eps * (1.0 - r ** (2 * n)) / (1.0 - r * r))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.asarray((self.p * ndtr((x[:, None] - self.m) / self.s)).sum(axis=1))


@pytest.mark.parametrize("eps", [0.2, 0.01, 0.0025])
def test_gaussian_collisions_are_the_poisson_mixture(eps: float) -> None:
    law = boltzmann_law(OU, Collisions(eps), 1.0)
    assert np.abs(law.cdf(POINTS) - PoissonMixture(eps, 1.0).cdf(POINTS)).max() < 1e-9
    assert law.mean == pytest.approx(math.exp(-1.0), abs=1e-9)  # exact for every eps
    rate = 2.0 - eps  # V' = (2w + eps w^2) V + nu^2 + eps (w m1)^2
    v = 0.5 * math.exp(-rate) + 2.0 * (1.0 - math.exp(-rate)) / rate
    v += eps * (math.exp(-2.0) - math.exp(-rate)) / (rate - 2.0)
    assert law.variance == pytest.approx(v, abs=1e-9)


def inverted(characteristic: np.ndarray, angles: np.ndarray, x: np.ndarray) -> np.ndarray:
    """F(x) = 1/2 + (1/pi) int_0^oo sin(a x) c(a) da/a for a real characteristic function c, by midpoints."""
    step = angles[1] - angles[0]
    return 0.5 + (np.sin(x[:, None] * angles) * (characteristic / angles)).sum(axis=1) * step / math.pi


@pytest.mark.parametrize("noise", [UNIFORM, TWO_POINT], ids=lambda noise: noise.name)
@pytest.mark.parametrize("clock", ["poisson", "nanbu", "synchronous"])
def test_free_collisions_have_their_characteristic_function(noise: particles.Noise, clock: str) -> None:
    """N(0, V0) convolved with many signs or uniform numbers; midpoints of step 0.02 alias at abs(x) > 300 only."""
    eps, nu2, v0, time = 0.125, 2.0, 0.5, 1.0
    angles = (np.arange(1500) + 0.5) * 0.02
    size = math.sqrt(eps * nu2) * angles
    one = np.cos(size) if noise.bits else np.sinc(math.sqrt(3.0) * size / math.pi)
    turns = {
        "poisson": np.exp(time / eps * (one - 1.0)), "nanbu": (0.5 + 0.5 * one) ** 16, "synchronous": one**8
    }[clock]  # fmt: skip
    exact = inverted(np.exp(-0.5 * v0 * angles**2) * turns, angles, POINTS)
    model = dataclasses.replace(FREE, initial=Normal(0.0, v0))
    scheme = Collisions(eps, clock, noise, dt=0.5 * eps if clock == "nanbu" else None)
    law = boltzmann_law(model, scheme, time)
    assert isinstance(law, LatticeSum if noise.bits else TabulatedLaw)
    assert np.abs(law.cdf(POINTS) - exact).max() < 1e-9
    tabulated = boltzmann_law(dataclasses.replace(model, bias=1e-30), scheme, time)  # the other route
    assert isinstance(tabulated, TabulatedLaw)
    assert np.abs(tabulated.cdf(POINTS) - exact).max() < 1e-9


def test_two_points_from_a_point_are_the_binomial_lattice() -> None:
    """W1 to the limit N(0, nu^2 t) is a quarter of the lattice's step: sqrt(eps) nu/4 for the poisson clock, twice that
    where the number of signs is fixed, and with it their parity.
    """
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Dirac(0.0))
    law = boltzmann_law(model, Collisions(0.01, "synchronous", TWO_POINT), 1.0)
    assert float(law.cdf(np.array(0.0)) - law.cdf(np.array(-1e-9))) == pytest.approx(math.comb(100, 50) / 2**100)
    assert law.variance == pytest.approx(1.0, rel=1e-13)
    assert w1_between(law, Normal(0.0, 1.0)) == pytest.approx(0.05, rel=2e-3)
    assert w1_between(boltzmann_law(model, Collisions(0.01, noise=TWO_POINT), 1.0), Normal(0.0, 1.0)) == pytest.approx(
        0.025, rel=2e-3
    )


MOMENT_SCHEMES = [
    *((clock, name) for clock in ("poisson", "nanbu", "synchronous") for name in ("uniform", "two-point")),
    ("poisson", "gaussian"), ("poisson", "exponential"), ("synchronous", "exponential"),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "name"), MOMENT_SCHEMES)
def test_four_moments_with_linear_noise_are_those_of_the_moment_equation(clock: str, name: str) -> None:
    """K = x from U[.5, 1.5], w = -1, b = .3: E x^k = int k x^(k-1) (1 - F) dx against a matrix exponential."""
    w, b, nu2, eps, time = -1.0, 0.3, 0.125, 0.0625, 1.0
    model = Model(drift=IDENTITY, weight=w, bias=b, diffusion=LINEAR, nu2=nu2, initial=Uniform(0.5, 1.5))
    law = boltzmann_law(model, Collisions(eps, clock, NOISES[name], dt=0.5 * eps if clock == "nanbu" else None), time)
    matrix = collision_matrix(w, b, nu2, eps, name, linear=True)
    one = np.eye(5)
    carried = {
        "poisson": expm(time / eps * (matrix - one)),
        "nanbu": np.linalg.matrix_power(0.5 * (one + matrix), 32),
        "synchronous": np.linalg.matrix_power(matrix, 16),
    }[clock]
    start = np.array([(1.5 ** (k + 1) - 0.5 ** (k + 1)) / (k + 1) for k in range(5)])
    exact = carried @ start
    assert isinstance(law, TabulatedLaw)
    y = np.linspace(law.grid.points[0], law.grid.points[-1], 40_001)
    x = np.exp(y)
    found = [x[0] ** k + float(np.trapezoid(k * x**k * law.sf(x), y)) for k in range(1, 5)]
    np.testing.assert_allclose(found, exact[1:], rtol=1e-8)
    assert law.mean == pytest.approx(exact[1], rel=1e-8)
    assert law.variance == pytest.approx(exact[2] - exact[1] ** 2, rel=1e-7)


def test_milstein_is_euler_maruyama_for_constant_noise_and_not_for_linear_noise() -> None:
    a = boltzmann_law(OU, Milstein(0.125), 1.0)
    b = boltzmann_law(OU, Collisions(0.125, "synchronous"), 1.0)
    assert supremum(a, b) < 1e-11
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, diffusion=LINEAR, nu2=0.125, initial=Lognormal(0.0, 0.1))
    limit, x = limit_law(model, 1.0), np.linspace(0.05, 3.0, 300)
    milstein = [w1_between(boltzmann_law(model, Milstein(dt, UNIFORM), 1.0), limit) for dt in (0.125, 0.0625, 0.03125)]
    assert 0.9 < np.polyfit(np.log([4.0, 2.0, 1.0]), np.log(milstein), 1)[0] < 1.1
    other = boltzmann_law(model, Collisions(0.125, "synchronous", UNIFORM), 1.0)
    assert supremum(other, boltzmann_law(model, Milstein(0.125, UNIFORM), 1.0), x) > 1e-3


@pytest.mark.parametrize("clock", ["nanbu", "synchronous"])
def test_particles_have_the_law(clock: str) -> None:
    """2^16 particles, few and large collisions: W1 below 4.5 times its mean, which a fresh key misses less often than
    once in 10^6 (sqrt(M) W1 has the tail of a normal variable of the law's standard deviation, 5.7 of which it takes).
    """
    scheme = Collisions(0.5, clock, UNIFORM, dt=0.25 if clock == "nanbu" else None)
    count, time = 1 << 16, 1.0
    law = boltzmann_law(OU, scheme, time)
    cloud = particles.simulate(OU, scheme, count=count, until=time, seed=31)
    allowed = 4.5 * expected_w1(law, count)
    assert w1_to_law(cloud.at(time), law) < allowed
    other = "synchronous" if clock == "nanbu" else "poisson"  # the control: a law of another clock is seen
    assert w1_to_law(cloud.at(time), boltzmann_law(OU, Collisions(0.5, other, UNIFORM), time)) > allowed


def test_counts_are_the_laws_of_the_clocks() -> None:
    for scheme, mean, variance in (
        (Collisions(0.01), 100.0, 100.0),
        (Collisions(0.01, tau=0.02), 50.0, 50.0),
        (Collisions(0.01, "nanbu", dt=0.005), 100.0, 50.0),
        (Collisions(0.01, "nanbu"), 100.0, 0.0),
        (Collisions(0.01, "synchronous"), 100.0, 0.0),
        (Milstein(0.02), 50.0, 0.0),
        (Collisions(0.001), 1000.0, 1000.0),
    ):
        counts = collision_counts(scheme, 1.0)
        n = np.arange(counts.size)
        assert counts.sum() == pytest.approx(1.0, abs=1e-13)
        assert counts @ n == pytest.approx(mean, rel=1e-12)
        assert counts @ (n - mean) ** 2 == pytest.approx(variance, rel=1e-10, abs=1e-12)


# the limit -----------------------------------------------------------------------------------------------------------

CLOSED = {
    "OU from a uniform law": (cases["fokker-planck"].model, 0.5),
    "OU, repelling": (dataclasses.replace(OU, weight=1.0), 1.0),
    "tanh, attracting": (cases["tanh-noise"].model, 1.0),
    "tanh, attracting, from a point": (dataclasses.replace(cases["tanh-noise"].model, initial=Dirac(0.0)), 0.5),
    "tanh, repelling": (dataclasses.replace(cases["tanh-noise"].model, weight=1.0), 0.5),
    "lognormal from a point": (
        Model(drift=IDENTITY, weight=-1.0, bias=0.0, diffusion=LINEAR, nu2=0.25, initial=Dirac(1.0)),
        1.0,
    ),
    "OU from points and a box": (
        dataclasses.replace(OU, initial=Mixture([Dirac(-1.0), Uniform(0.0, 0.3)], [0.5, 0.5])),
        0.25,
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_the_computed_limit_is_the_closed_form(name: str) -> None:
    model, time = CLOSED[name]
    law, exact = computed_law(model, time), exact_law(model, time)
    assert exact is not None
    x = np.linspace(0.02, 6.0, 400) if model.diffusion is LINEAR else POINTS
    assert supremum(law, exact, x) < 1e-10
    np.testing.assert_allclose(law.pdf(x), exact.pdf(x), atol=1e-8)
    assert w1_between(law, exact) <= law.accuracy  # what it states is on the safe side
    assert law.accuracy < 1e-8


def test_generalised_gamma_agrees_with_its_collisions_extrapolated() -> None:
    """eps = 2^-7, ..., 2^-10, uniform noise, synchronous: three terms of the series in eps are removed."""
    model = cases["generalised-gamma"].model
    limit, x = limit_law(model, 1.0), np.linspace(0.05, 8.0, 200)
    table = [boltzmann_law(model, Collisions(2.0**-k, "synchronous", UNIFORM), 1.0).cdf(x) for k in (7, 8, 9, 10)]
    assert np.abs(table[-1] - limit.cdf(x)).max() > 1e-5
    for order in (1, 2, 3):
        table = [(2**order * b - a) / (2**order - 1) for a, b in itertools.pairwise(table)]
    assert np.abs(table[0] - limit.cdf(x)).max() < 1e-7


def test_moments_of_the_inverse_gamma_case() -> None:
    """m1 = 1 always; V from the closed linear equation for K = x with w = -1, b = 1, V0 = 1/12."""
    law = limit_law(cases["inverse-gamma"].model, 2.0)
    rate = -2.0 + 0.25
    assert law.mean == pytest.approx(1.0, abs=1e-9)
    assert law.variance == pytest.approx(math.exp(rate * 2.0) / 12.0 + 0.25 * math.expm1(rate * 2.0) / rate, rel=1e-8)


def test_a_kink_of_the_drift_shows_in_the_accuracy() -> None:
    law = limit_law(cases["relu"].model, 1.0)
    assert 1e-9 < law.accuracy < 1e-5


# tables, distances ---------------------------------------------------------------------------------------------------


def test_quantile_inverts_the_cdf_of_a_table_in_both_tails() -> None:
    law = computed_law(OU, 1.0)
    p = np.concatenate(
        [10.0 ** -np.arange(1.0, 15.0), np.linspace(0.01, 0.99, 99), 1.0 - 10.0 ** -np.arange(1.0, 14.0)]
    )
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, rtol=1e-9)
    exact = exact_law(OU, 1.0)
    assert isinstance(exact, Normal)
    assert isinstance(law, TabulatedLaw)
    assert float(law.sf(np.array(exact.m + 6.0 * exact.std))) == pytest.approx(ndtr(-6.0), rel=1e-4)


def test_w1_between_two_normal_laws() -> None:
    """W1 = d (1 - 2 Phi(-d/D)) + 2 D phi(d/D), D = abs(s1 - s2)."""
    a, b = Normal(0.3, 1.0), Normal(0.0, 2.25)
    d, s = 0.3, 0.5
    exact = d * (1.0 - 2.0 * ndtr(-d / s)) + 2.0 * s * math.exp(-0.5 * (d / s) ** 2) / math.sqrt(2.0 * math.pi)
    assert w1_between(a, b) == pytest.approx(exact, rel=1e-11)
    assert w1_between(a, a) == 0.0
    assert w1_between(Normal(0.0, 1.0), Normal(1e-7, 1.0)) == pytest.approx(1e-7, rel=1e-7)


def test_w1_between_laws_with_jumps() -> None:
    assert w1_between(Dirac(0.0), Dirac(2.0)) == pytest.approx(2.0)
    assert w1_between(Dirac(0.3), Uniform(0.0, 1.0)) == pytest.approx(0.29, rel=1e-12)
    assert w1_between(Normal(0.0, 1.0), Dirac(0.0)) == pytest.approx(math.sqrt(2.0 / math.pi), rel=1e-11)


# layers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["regression", "vehicles", "moments-decay", "moments-conserved"])
def test_quantiles_of_the_layers_are_the_particles(case: str) -> None:
    """A cloud that starts at the quantiles is the law's own; a mean-coupled one differs by its own mean's error."""
    model, count = cases[case].model, 1000
    law = euler_law(model, 20, 1.0)
    cloud = particles.simulate(model, Euler(layers=20), count=count, until=1.0, start="quantile")
    levels = (np.arange(count) + 0.5) / count
    found = np.sort(cloud.state(1.0)[0])
    np.testing.assert_allclose(law.quantile(levels), found, atol=1e-12 if case != "moments-conserved" else 1e-9)
    inside = (levels > law.cdf(np.array(-1e3 if model.walls is None else 2.0))) & (found < (model.walls or (0, 1e3))[1])
    np.testing.assert_allclose(law.cdf(found[inside]), levels[inside], atol=1e-11)


def test_layers_and_flow_differ_as_theory_says() -> None:
    """Identity, w = -1, N(0, 1): (dt/2) w^2 T e^(wT) E abs(x0) = .14676 dt, exactly ((1 - dt)^L - 1/e) sqrt(2/pi)."""
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0))
    exact = exact_law(model, 1.0)
    assert exact is not None
    for layers, known in ((80, 0.14753), (160, 0.14715)):
        distance = w1_between(euler_law(model, layers, 1.0), exact)
        assert layers * distance == pytest.approx(known, abs=1e-5)
        shrunk = (1.0 - 1.0 / layers) ** layers
        assert distance == pytest.approx((math.exp(-1.0) - shrunk) * math.sqrt(2.0 / math.pi), rel=1e-10)


def test_walls_hold_what_the_layers_carry_there() -> None:
    model = cases["vehicles"].model
    law = euler_law(model, 400, 2.0)
    held = float(law.cdf(np.array(2.0)))
    assert held == pytest.approx(0.31466611, abs=2e-4)  # exact flow; one more layer holds dt/6 of the mass more
    assert float(law.cdf(np.nextafter(8.0, 0.0))) == pytest.approx(1.0 - held, abs=1e-12)
    assert float(law.cdf(np.array(8.0))) == 1.0
    assert float(law.cdf(np.nextafter(2.0, 0.0))) == 0.0


def test_a_kink_of_relu_is_carried() -> None:
    model = Model(drift=RELU, weight=1.0, bias=0.2, initial=Normal(0.0, 1.0))
    law = euler_law(model, 20, 1.0)
    p = np.linspace(0.001, 0.999, 777)
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, atol=1e-13)
    factor = 1.05**20  # where u > 0
    x = np.array([-1.0, -0.3, 0.5, 2.0])
    np.testing.assert_allclose(law.cdf(x), ndtr(np.where(x < -0.2, x, (x + 0.2) / factor - 0.2)), rtol=1e-12)


# refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight": lambda t: -1.0}, "constant weight"),
        ({"bias": MEAN_COUPLED}, "constant weight"),
        ({"walls": (0.0, 2.0), "wall": "reflecting"}, "walls"),
        ({"initial": Product([Normal(0.0, 1.0)] * 2)}, "dimension 2"),
        ({"nu2": 0.0}, "nu2 = 0.0"),
        ({"diffusion": LINEAR}, "start on x > 0"),
    ],
)
def test_other_models_are_refused(change: dict, said: str) -> None:
    model = dataclasses.replace(OU, **change)
    with pytest.raises(InputError, match=said):
        boltzmann_law(model, Collisions(0.01), 1.0)


def test_collisions_that_do_not_preserve_order_are_refused() -> None:
    with pytest.raises(InputError, match="preserve order"):
        boltzmann_law(OU, Collisions(1.5), 3.0)
    model = dataclasses.replace(OU, diffusion=LINEAR, initial=Uniform(0.5, 1.5))
    with pytest.raises(InputError, match="preserve order"):
        boltzmann_law(model, Collisions(0.1), 1.0)


def test_a_rough_law_is_refused_or_says_so() -> None:
    """One sign from a box is two boxes; from a point it has atoms."""
    one = Collisions(0.25, "synchronous", TWO_POINT)
    with pytest.raises(InputError, match="too rough"):
        boltzmann_law(dataclasses.replace(OU, initial=Dirac(0.0)), one, 0.25)
    law = boltzmann_law(dataclasses.replace(OU, initial=Uniform(0.0, 1.0)), one, 0.25)
    assert law.accuracy > 1e-8
    x = np.linspace(-1.0, 2.0, 100)
    step = math.sqrt(0.5)
    exact = 0.5 * sum(np.clip((x - sign * step) / 0.75, 0.0, 1.0) for sign in (-1.0, 1.0))
    np.testing.assert_allclose(law.cdf(x), exact, atol=2e-3)


def test_times_off_the_clock_are_refused() -> None:
    with pytest.raises(InputError, match="multiple of the step"):
        boltzmann_law(OU, Collisions(0.3, "synchronous"), 1.0)
    with pytest.raises(InputError, match="time = -1"):
        boltzmann_law(OU, Collisions(0.25), -1.0)
    with pytest.raises(InputError, match="time = -1"):
        computed_law(OU, -1.0)
    assert boltzmann_law(OU, Collisions(0.25), 0.0) is OU.initial


def test_layers_that_fold_are_refused() -> None:
    model = Model(drift=cubic(1.0), weight=0.5, bias=0.0, initial=Normal(0.0, 1.0))
    with pytest.raises(InputError, match="more layers"):
        euler_law(model, 3, 3.0)
    for change, said in (({"nu2": 1.0}, "nu2"), ({"drift": TANH, "bias": MEAN_COUPLED}, "follows the mean"),
                         ({"walls": (-1.0, 1.0), "wall": "reflecting"}, "reflecting"),
                         ({"initial": Product([Normal(0.0, 1.0)] * 2)}, "dimension 2")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            euler_law(dataclasses.replace(model, drift=IDENTITY, **change) if "drift" not in change
                      else dataclasses.replace(model, **change), 3, 1.0)  # fmt: skip


def test_a_start_of_data_is_carried() -> None:
    """Points convolved with the noise: the projection needs no smooth start."""
    data = Empirical(np.array([-1.0, 0.2, 0.3, 2.0]))
    model = dataclasses.replace(OU, initial=data, diffusion=CONSTANT)
    exact = exact_law(model, 0.5)
    assert exact is not None
    assert supremum(computed_law(model, 0.5), exact) < 1e-10
