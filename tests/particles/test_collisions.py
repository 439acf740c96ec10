"""Collisions and Milstein: tables of the clocks, numbers of collisions, levels, refusals, words of caution."""

from __future__ import annotations

import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import stats

import particles
from particles import vmath
from particles.base.errors import InputError
from particles.base.watch import Checkpoints, Stopped
from particles.model import (
    CONSTANT,
    DIFFUSIONS,
    IDENTITY,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    Dirac,
    Model,
    Normal,
    Product,
    Uniform,
    cases,
    lognormal_family,
)  # fmt: skip
from particles.noise import EXPONENTIAL, GAUSSIAN, NOISES, TWO_POINT, UNIFORM
from particles.schemes.collisions import Collisions, bernoulli_threshold, poisson_thresholds
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from particles.schemes.milstein import Milstein
from particles.simulate import simulate
from tests.noisy import carry, run

RATES = [1e-9, 1e-3, 0.5, 1.0, 2.5, 7.3, 20.0, 100.0, 128.0, 500.0]


@pytest.mark.parametrize("rate", RATES)
def test_poisson_thresholds_are_the_exact_distribution_function(rate: float) -> None:
    """Each entry within 2^-50 sqrt(rate) + 2^-52 of P(N <= n) 2^64, and the table ends where nothing is left."""
    table = poisson_thresholds(rate)
    assert table.dtype == np.uint64
    assert (np.diff(table.astype(object)) >= 0).all()
    with mpmath.workprec(200):
        share = total = mpmath.exp(-mpmath.mpf(rate))
        worst = mpmath.mpf(0)
        for n, entry in enumerate(table.tolist(), start=1):
            worst = max(worst, abs(mpmath.mpf(entry) / 2**64 - total))
            share = share * mpmath.mpf(rate) / n
            total += share
        left = 1 - total
    assert float(worst) < 2.0**-50 * max(1.0, math.sqrt(rate)) + 2.0**-52
    assert abs(float(left)) < 2.0**-68 * max(1.0, rate)


def test_poisson_thresholds_are_made_of_exact_operations_alone() -> None:
    """The first entry is vmath.exp; no numpy or libm function stands between."""
    for rate in RATES:
        assert int(poisson_thresholds(rate)[0]) == int(vmath.exp(-rate) * 2.0**64)


@pytest.mark.parametrize(("p", "entry"), [(1.0, 0), (0.5, 2**63), (0.25, 3 * 2**62)])
def test_bernoulli_threshold(p: float, entry: int) -> None:
    assert bernoulli_threshold(p).tolist() == [entry]


def counts(scheme: Collisions, count: int, steps: int, *, seed: int = 0) -> np.ndarray:
    """Numbers of collisions of each particle in each step, (steps, count): eps b = 2^-10 is what one adds to x."""
    model = Model(drift=IDENTITY, weight=0.0, bias=2.0**-10 / scheme.eps, initial=Dirac(0.0))
    state, out = np.zeros(count), []
    dt = scheme.dt
    for k in range(steps):
        state = particles.carry(model, scheme, state, (k + 1) * dt, start=k * dt, seed=seed)
        out.append(state * 2.0**10)
    path = np.array([np.zeros(count), *out])
    assert (path == np.round(path)).all()
    return np.diff(path, axis=0).astype(np.int64)


@pytest.mark.parametrize("rate", [0.05, 1.0, 7.0, 100.0, 400.0])
def test_numbers_of_collisions_follow_the_poisson_law(rate: float) -> None:
    """Chi-square over the counts of 2^16 particles in four steps; p above 1e-6."""
    eps = 2.0**-6
    found = counts(Collisions(eps, dt=rate * eps), 1 << 16, 4, seed=31)
    edges = np.unique(stats.poisson.ppf(np.linspace(0.0, 1.0, 25)[1:-1], rate))
    cells = np.searchsorted(edges, found.ravel())
    below = stats.poisson.cdf(edges, rate)
    expected = np.diff(np.concatenate([[0.0], below, [1.0]]))
    p = stats.chisquare(np.bincount(cells, minlength=expected.size), expected * found.size).pvalue
    assert p > 1e-6
    for lag in (1, 2, 3):  # a step's clock knows nothing of the next one's, nor a particle's of its neighbour's
        assert abs(np.corrcoef(found[lag:].ravel(), found[:-lag].ravel())[0, 1]) < 4.9 / math.sqrt(found[lag:].size)
        a, b = found[:, lag:].ravel(), found[:, :-lag].ravel()
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.9 / math.sqrt(a.size)


def test_a_rate_off_by_two_per_cent_is_seen() -> None:
    """Control for the test above, by the mean number alone."""
    eps = 2.0**-6
    found = counts(Collisions(eps, dt=1.02 * 7.0 * eps), 1 << 16, 4, seed=31)
    assert abs(found.mean() - 7.0) > 4.9 * math.sqrt(7.0 / found.size)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_nanbu_collides_once_or_not_at_all(share: float) -> None:
    eps = 2.0**-6
    found = counts(Collisions(eps, "nanbu", dt=share * eps), 1 << 16, 8, seed=32)
    assert set(np.unique(found)) <= {0, 1}
    assert abs(found.mean() - share) <= 4.9 * math.sqrt(share * (1.0 - share) / found.size)


def test_collision_numbers_do_not_depend_on_the_noise() -> None:
    """Clock and noise have streams of their own: the order of particles by count changes no draw."""
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, initial=Dirac(0.0), nu2=1.0)
    eps = 2.0**-6
    ends = [run(model, Collisions(eps, noise=noise, dt=eps), 4096, 3.0 * eps) for noise in (TWO_POINT, GAUSSIAN)]
    still = [set(np.flatnonzero(end[0] == 0.0)) for end in ends]
    assert still[1] <= still[0]  # no collision at all: at 0 under either law
    assert 100 < len(still[1]) < 300  # e^-3


# levels --------------------------------------------------------------------------------------------------------------

OU = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0), nu2=2.0)
IN_TIME = Model(drift=IDENTITY, weight=lambda t: -1.0 - t, bias=0.0, initial=Normal(0.0, 1.0), nu2=2.0)


def test_default_steps_of_the_clocks() -> None:
    assert Collisions(0.25, "synchronous").step(OU, 2.0) == 0.25
    assert Collisions(0.25, "nanbu").step(OU, 2.0) == 0.25
    assert Collisions(0.25, "poisson").step(IN_TIME, 2.0) == 0.25
    assert Collisions(1.0, "nanbu", tau=0.125).step(OU, 2.0) == 0.125
    for eps in (0.5, 0.01, 1e-3, 1e-4):
        step = Collisions(eps).step(OU, 2.0)
        assert step <= 128.0 * eps
        assert math.log2(2.0 / step) == round(math.log2(2.0 / step))


@pytest.mark.parametrize("eps", [0.01, 1e-3])
@pytest.mark.parametrize("name", ["fokker-planck", "inverse-gamma", "generalised-gamma", "relu", "tanh-noise"])
def test_the_default_step_meets_the_snapshots_of_the_noisy_cases(name: str, eps: float) -> None:
    """The command of the issue: fokker-planck, eps = 0.01, poisson, with the case's own snapshots."""
    case = cases[name]
    levels = Collisions(eps).levels(case.model, case.until, case.times)
    for time in case.times:
        assert np.abs(levels - time).min() < 1e-9


def test_snapshots_change_no_level() -> None:
    scheme = Collisions(0.01, dt=0.25)
    np.testing.assert_array_equal(scheme.levels(OU, 2.0, ()), scheme.levels(OU, 2.0, (0.5, 1.25)))


@pytest.mark.parametrize("scheme", [Collisions(0.01, dt=0.25), Collisions(0.01, "synchronous"), Milstein(0.01)])
def test_snapshots_off_the_steps_are_refused(scheme: Collisions | Milstein) -> None:
    with pytest.raises(InputError, match="multiple of the step"):
        scheme.levels(OU, 2.0, (0.123456,))


# refusals ------------------------------------------------------------------------------------------------------------

BAD_COLLISIONS = [
    {"eps": 0.0}, {"eps": -0.1}, {"eps": math.inf}, {"eps": math.nan},
    {"eps": 0.1, "clock": "bird"}, {"eps": 0.1, "clock": ""},
    {"eps": 0.1, "dt": 0.0}, {"eps": 0.1, "dt": math.nan}, {"eps": 0.1, "tau": -1.0}, {"eps": 0.1, "tau": 0.0},
    {"eps": 0.1, "clock": "synchronous", "dt": 0.05}, {"eps": 0.1, "clock": "synchronous", "tau": 0.2, "dt": 0.1},
    {"eps": 0.1, "clock": "nanbu", "dt": 0.11}, {"eps": 1.0, "clock": "nanbu", "tau": 0.1, "dt": 0.5},
    {"eps": 0.001, "dt": 1.0}, {"eps": 1.0, "tau": 0.001, "dt": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD_COLLISIONS)
def test_collisions_refuse_bad_arguments(arguments: dict) -> None:
    with pytest.raises(InputError) as told:
        Collisions(**arguments)
    value = list(arguments.values())[-1]
    assert repr(value) in str(told.value)


def test_more_components_than_a_counter_addresses_are_refused() -> None:
    model = Model(drift=TANH, weight=-1.0, bias=0.0, nu2=1.0, initial=Product([Normal(0.0, 1.0)] * 4097))
    with pytest.raises(InputError, match="at most 4096"):
        Collisions(0.1).levels(model, 1.0, ())
    assert Collisions(0.1, "synchronous").levels(model, 1.0, ()).size == 11


@pytest.mark.parametrize("dt", [0.0, -1.0, math.inf, math.nan])
def test_milstein_refuses_a_bad_step(dt: float) -> None:
    with pytest.raises(InputError, match="dt = "):
        Milstein(dt)


@pytest.mark.parametrize(
    "arguments",
    [
        {"nu2": -1.0},
        {"nu2": math.inf},
        {"nu2": math.nan},
        {"nu2": "1"},
        {"wall": "open"},
        {"walls": (1.0, math.inf)},
        {"walls": (2.0, 1.0), "wall": "reflecting"},
        {"walls": (math.nan, 1.0), "wall": "reflecting"},
        {"walls": (0.0, 1.0), "wall": "reflecting", "neurons": 2},
    ],
)
def test_the_model_refuses_bad_noise_and_walls(arguments: dict) -> None:
    with pytest.raises(InputError):
        Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0), **arguments)


@pytest.mark.parametrize("scheme", [Euler(dt=0.5), ExactFlow()])
def test_schemes_without_noise_refuse_a_noisy_model(scheme: Euler | ExactFlow) -> None:
    with pytest.raises(InputError, match=r"nu2 = 2\.0"):
        scheme.levels(OU, 1.0, ())


def test_a_collision_time_of_its_own_is_the_rate() -> None:
    """eps = 1 and tau: the unscaled rule; mean number of collisions dt/tau."""
    found = counts(Collisions(1.0, tau=0.125, dt=1.0), 1 << 15, 2, seed=33)
    assert abs(found.mean() - 8.0) < 4.9 * math.sqrt(8.0 / found.size)


def test_repr_is_the_call() -> None:
    scheme = Collisions(0.01, "nanbu", UNIFORM, dt=0.005, tau=0.02)
    assert repr(scheme) == "Collisions(eps=0.01, clock='nanbu', noise='uniform', dt=0.005, tau=0.02)"
    assert repr(Milstein(0.5)) == "Milstein(dt=0.5, noise='gaussian24')"
    assert set(DIFFUSIONS) == {"1", "x"}


# the half line -------------------------------------------------------------------------------------------------------


def half_line(**options) -> Model:
    given = {"drift": IDENTITY, "weight": -1.0, "bias": 1.0, "initial": Uniform(0.01, 1.0), "nu2": 1.0}
    return Model(**given | {"diffusion": LINEAR} | options)


@pytest.mark.parametrize("noise", [GAUSSIAN, EXPONENTIAL, NOISES["gaussian53"]], ids=lambda noise: noise.name)
def test_unbounded_noise_with_linear_shape_is_cautioned(noise) -> None:
    for scheme in (Collisions(0.01, noise=noise), Milstein(0.01, noise)):
        assert "across 0" in scheme.cautions(half_line())[0]
        assert scheme.cautions(half_line(diffusion=CONSTANT)) == ()
        assert scheme.cautions(half_line(nu2=0.0)) == ()


@pytest.mark.parametrize(("noise", "bound"), [(TWO_POINT, 1.0), (UNIFORM, math.sqrt(3.0))])
@pytest.mark.parametrize("w", [-1.0, -3.0, 1.0])
def test_bounded_noise_is_cautioned_exactly_where_it_can_cross(noise, bound: float, w: float) -> None:
    """1 - eps abs(w) > sqrt(eps) nu sup abs(eta), for w < 0 on both sides of the equality."""
    nu = 1.5
    root = (-nu * bound + math.sqrt(nu * nu * bound * bound + 4.0 * abs(w))) / (2.0 * abs(w))
    at = root * root  # 1 - eps abs(w) = sqrt(eps) nu bound
    model = half_line(weight=w, nu2=nu * nu)
    assert Collisions(0.99 * at, noise=noise).cautions(model) == ()
    assert Collisions(1.01 * at, noise=noise).cautions(model) != ()


def crosses(model: Model, scheme: Collisions) -> bool:
    """Whether any of 1024 particles is left of 0, or lost, after one of 12 steps."""
    ends = [run(model, scheme, 1024, k * scheme.eps) for k in range(1, 13)]
    return not all(end.min() >= 0.0 for end in ends)


@pytest.mark.parametrize(
    "model",
    [
        half_line(),
        half_line(drift=TANH),
        half_line(drift=SIGMOID, bias=-1.0),
        half_line(drift=RELU),
        half_line(bias=-1.0),
        half_line(drift=TANH, bias=-1.0),
        half_line(bias=-1.0, weight=0.0),
        half_line(weight=lambda t: 0.0 if t == 0.0 else -40.0),
        half_line(drift=lognormal_family(2.0), weight=1.0, bias=0.0, initial=Uniform(4.0, 9.0)),
    ],
    ids=["identity", "tanh", "sigmoid", "relu", "identity b<0", "tanh b<0", "w=0 b<0", "w(t)", "lognormal"],
)
def test_a_run_that_crosses_zero_was_cautioned(model: Model) -> None:
    """Whatever leaves the half line was announced: b < 0, a weight that grows in time, a drift not bounded by x."""
    scheme = Collisions(1.0 / 32.0, "synchronous", TWO_POINT)
    if not scheme.cautions(model):
        assert not crosses(model, scheme)


def test_a_run_with_gaussian_noise_crosses_zero() -> None:
    """Control: the caution is not idle."""
    model = half_line(nu2=9.0, bias=0.0)
    scheme = Collisions(0.25, noise=GAUSSIAN, dt=0.25)
    assert carry(model, scheme, np.full((1, 4096), 0.5), 1.0).min() < 0.0


def test_a_run_counts_what_left_the_half_line_at_every_snapshot(tmp_path: Path) -> None:
    """What was counted before a restart is kept."""
    model, scheme = half_line(nu2=9.0, bias=0.0), Collisions(0.25, dt=0.25)
    options = {"count": 5000, "until": 1.0, "times": (0.0, 0.5, 1.0)}
    straight = simulate(model, scheme, **options)
    left = [int((cloud <= 0.0).sum()) for cloud in straight.states]
    assert left[0] == 0 < left[1]
    assert straight.info["at_or_below_zero"] == left
    with pytest.raises(Stopped):
        simulate(model, scheme, **options, checkpoints=Checkpoints(tmp_path / "c", stop_at=3))
    resumed = simulate(model, scheme, **options, checkpoints=Checkpoints(tmp_path / "c", resume=True))
    assert resumed.info["at_or_below_zero"] == left
