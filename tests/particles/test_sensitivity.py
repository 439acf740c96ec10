"""Claims about the derivatives of losses by quadrature, against closed forms by mpmath; and by Monte Carlo."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest

from particles import Collisions, Euler, ExactFlow, carry
from particles.base.errors import InputError
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    Dirac,
    Drift,
    Model,
    Normal,
    Product,
    Samples,
    Uniform,
    lognormal_family,
    power_law,
)
from particles.model.exact.tangents import flow_tangents
from particles.training.forecast import sensitivity
from particles.training.losses import EnergyDistance, FirstTransport, Loss, Moment, Supervised, Transport
from particles.training.of_law import gradient_by_quadrature
from particles.training.of_particles import gradient

TARGET = Normal(2.0, 0.49)
ROWS = [  # w, b, T, loss, its value, its derivatives by w and b: closed forms, mpmath
    (-1.0, 1.0, 5.0, Moment(2.0), 0.50007239707754364, -0.98836033923962454, -0.98889431906953537),
    (-1.0, 1.0, 1.0, Moment(2.0), 0.62711583316513312, -0.41273360525219931, -0.50253237982276539),
    (-0.8, 0.9, 1.0, Transport(TARGET), 0.45864962536609511, -0.62306787923455488, -0.53905805012531744),
    (-0.8, 0.9, 1.0, FirstTransport(TARGET), 0.94298399402406067, -0.60689815987062426, -0.56919717752797199),
    (-0.8, 0.9, 1.0, EnergyDistance(TARGET), 0.75677416272618464, -1.1142506006188092, -0.87087019046056386),
    (-1.0, 1.0, 5.0, EnergyDistance(Dirac(2.0)), 1.9884376629755344, -2.0258344434190715, -1.9777886362915356),
]


def regression(w: float, b: float) -> Model:
    return Model(drift=TANH, weight=w, bias=b, initial=Normal(1.0, 1.0))


@pytest.mark.parametrize(("w", "b", "until", "loss", "value", "by_w", "by_b"), ROWS)
def test_derivatives_by_quadrature_are_the_closed_forms(
    w: float, b: float, until: float, loss: Loss, value: float, by_w: float, by_b: float
) -> None:
    found = gradient_by_quadrature(regression(w, b), loss, until)
    np.testing.assert_allclose(
        [found.loss, found.weights[0, 0, 0], found.biases[0, 0]], [value, by_w, by_b], rtol=1e-10
    )


@pytest.mark.parametrize(
    ("until", "by_mean", "by_std", "by_horizon"),
    [
        (5.0, -0.0111056809304646, 3.33656307742710e-4, -1.44568396513253e-4),
        (1.0, -0.497467620177235, 0.358207738251342, -0.193774846491642),
    ],
)
def test_derivatives_by_start_and_horizon(until: float, by_mean: float, by_std: float, by_horizon: float) -> None:
    found = gradient_by_quadrature(regression(-1.0, 1.0), Moment(2.0), until)
    np.testing.assert_allclose([found.mean[0], found.std[0], found.horizon], [by_mean, by_std, by_horizon], rtol=1e-9)


@pytest.mark.parametrize("loss", [row[3] for row in ROWS[2:5]], ids=lambda loss: loss.name)
def test_a_cloud_has_the_derivatives_of_its_law(loss: Loss) -> None:
    """Of 4000 middles of equal cells of probability; what is left are their tails."""
    cloud = gradient(regression(-0.8, 0.9), ExactFlow(), loss, count=4000, until=1.0, start="quantile")
    law = gradient_by_quadrature(regression(-0.8, 0.9), loss, 1.0)
    np.testing.assert_allclose([cloud.loss, *cloud.weights.ravel()], [law.loss, *law.weights.ravel()], rtol=1e-5)


@pytest.mark.parametrize("kind", [Transport, FirstTransport, EnergyDistance], ids=lambda kind: kind.name)
def test_layers_that_cross_do_not_mislead_a_distance(kind: Any) -> None:
    """A step of 1.5 at w = -1.2 turns the middle of the cloud about; levels are those of the ends, not of the start."""
    model, loss, h = regression(-1.2, 0.9), kind(Normal(0.8, 0.2)), 1e-6
    asked: dict[str, Any] = {"count": 2000, "until": 1.5, "start": "quantile"}
    found = gradient(model, Euler(layers=1), loss, **asked)
    up, down = (gradient(regression(-1.2 + s * h, 0.9), Euler(layers=1), loss, **asked).loss for s in (1, -1))
    assert found.weights.sum() == pytest.approx((up - down) / (2.0 * h), rel=1e-5, abs=2e-6)  # ranks change meanwhile
    p = (np.arange(2000) + 0.5) / 2000
    begin = model.law.quantile(p)
    ends = begin + 1.5 * np.tanh(-1.2 * begin + 0.9)
    assert (np.diff(ends) < 0.0).any()
    assert found.loss == pytest.approx(loss.terms(np.sort(ends)[None], p, 0)[0].mean(), rel=1e-12)
    assert abs(loss.terms(ends[None], p, 0)[0].mean() - found.loss) > 1e-3  # the control


def test_the_printed_adjoint_is_another_number() -> None:
    """L2 between densities with the multiplier's absolute value (printed) gives (-.20588, -.08254): E8 and E9."""
    w2 = gradient_by_quadrature(regression(-0.8, 0.9), Transport(TARGET), 1.0)
    assert not np.allclose([w2.weights[0, 0, 0], w2.biases[0, 0]], [-0.20588, -0.08254], rtol=0.1)


@pytest.mark.parametrize("w", [0.0, 1e-300, 1e-8])
def test_derivatives_of_the_flow_lose_no_digits_as_w_vanishes(w: float) -> None:
    found = flow_tangents(TANH, np.array([0.7]), w, 0.4, 1.5)
    slope = 1.0 / math.cosh(0.4) ** 2
    expected = slope * (0.7 * 1.5 + 1.5**2 * math.tanh(0.4) / 2.0), 1.5 * slope
    np.testing.assert_allclose([found.by_w[0], found.by_b[0]], expected, rtol=1e-7 if w == 1e-8 else 1e-15)


@pytest.mark.parametrize(
    ("drift", "f"),
    [
        (IDENTITY, lambda u: u),
        (RELU, lambda u: u),
        (TANH, mpmath.tanh),
        (SIGMOID, lambda u: 1 / (1 + mpmath.exp(-u))),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
@pytest.mark.parametrize(("x", "w", "b", "t"), [(0.7, -1.0, 1.0, 4.0), (0.3, -0.3, 0.2, 2.0), (2.0, 1.5, -0.7, 1.0)])
def test_derivatives_of_the_flow_solve_their_equations(
    drift: Drift, f: Any, x: float, w: float, b: float, t: float
) -> None:
    """The variational equations by Taylor series."""
    found = flow_tangents(drift, np.array([x]), w, b, t)

    def rates(_: Any, v: Any) -> list[Any]:
        u = w * v[0] + b
        slope = mpmath.diff(f, u)
        return [f(u), w * slope * v[1], slope * (v[0] + w * v[2]), slope * (1 + w * v[3])]

    with mpmath.workdps(20):
        solved = mpmath.odefun(rates, 0, [mpmath.mpf(x), mpmath.mpf(1), mpmath.mpf(0), mpmath.mpf(0)], tol=1e-15)(t)
    np.testing.assert_allclose([part[0] for part in found[:4]], [float(part) for part in solved], rtol=1e-13)
    assert found.by_c.tolist() == [0.0]  # an activation has no constant


def test_derivatives_of_bernoullis_flow() -> None:
    for gamma, x, w, t, numbers in (
        (0.3, 1.1, 0.7, 2.0, [1.486151176648415, 0.14996377497738453, 1.102540935507, -2.20198504028882]),
        (0.4, 1.3, 0.0, 3.0, [0.57814905440891629, 0.087960846885485074, 1.0387472330401, -0.57974994182223212]),
    ):
        found = flow_tangents(power_law(gamma, 3.0), np.array([x]), w, 0.0, t)
        np.testing.assert_allclose([*found.y, *found.by_x, *found.by_w, *found.by_c], numbers, rtol=1e-12)


@pytest.mark.parametrize(
    ("gamma", "x", "w", "t", "mu"),
    [(0.3, 20.0, 0.7, 2.0, 3.0), (1.0, 1e3, 0.1, 5.0, 3.0), (0.3, 1e-3, 2.0, 8.0, 3.0), (0.3, 5.0, 0.5, 2.0, 2.5)],
)
def test_derivatives_of_bernoullis_flow_hold_where_it_is_stiff(
    gamma: float, x: float, w: float, t: float, mu: float
) -> None:
    """By mpmath of the closed form, gamma x^(mu - 1) t up to 5e6."""
    rest = mpmath.mpf(mu) - 1

    def flow(w: Any, gamma: Any) -> Any:
        return x * mpmath.exp(w * t) * (1 + gamma * mpmath.expm1(rest * w * t) / w * x**rest) ** (-1 / rest)

    found = flow_tangents(power_law(gamma, mu), np.array([x]), w, 0.0, t)
    with mpmath.workdps(40):
        expected = [mpmath.diff(flow, (w, gamma), order) for order in ((1, 0), (0, 1))]
    np.testing.assert_allclose([found.by_w[0], found.by_c[0]], [float(one) for one in expected], rtol=2e-14)


def test_the_constant_by_quadrature_is_that_of_many_particles() -> None:
    model = Model(drift=power_law(0.3, 3.0), weight=0.7, bias=0.0, initial=Normal(0.5, 0.25))
    law = gradient_by_quadrature(model, Moment(1.0), 1.0)
    cloud = gradient(model, ExactFlow(), Moment(1.0), count=4000, until=1.0, start="quantile")
    assert cloud.constant == pytest.approx(law.constant, rel=2e-4)


def test_what_a_sticky_wall_holds_has_no_part_in_the_derivative_by_the_horizon() -> None:
    """All particles are held in the end; before, one more step tells."""
    model = Model(drift=TANH, weight=1.0, bias=-2.5, initial=Normal(2.5, 4.0), walls=(1.0, 7.0))
    asked: dict[str, Any] = {"count": 200, "start": "quantile"}
    assert gradient(model, Euler(dt=0.125), Moment(2.0), until=12.0, **asked).horizon == 0.0
    found = gradient(model, Euler(dt=0.125), Moment(2.0), until=1.0, **asked)
    h = 2.0**-20
    later = gradient(model, Euler(layers=1), Moment(2.0), until=h, start=Samples(_ends(model, 200))).loss
    assert (later - found.loss) / h == pytest.approx(found.horizon, rel=1e-5)


def _ends(model: Model, count: int) -> np.ndarray:
    begin = model.at_walls(model.law.quantile((np.arange(count) + 0.5) / count)[None])
    return carry(model, Euler(dt=0.125), begin, 1.0).reshape(-1)


@pytest.mark.parametrize("drift", [power_law(0.3, 2.5), lognormal_family(0.5, lam=0.8)], ids=lambda drift: drift.name)
def test_the_derivative_of_a_flow_by_the_constant_is_its_difference_quotient(drift: Drift) -> None:
    x, h, first = np.array([0.2, 1.0, 3.0]), 1e-6, drift.constants[0]
    up, down = (flow_tangents(drift.with_constant(first + s * h), x, 0.6, 0.0, 1.3).y for s in (1.0, -1.0))
    np.testing.assert_allclose(flow_tangents(drift, x, 0.6, 0.0, 1.3).by_c, (up - down) / (2.0 * h), rtol=1e-8)
    np.testing.assert_allclose(
        drift.derivative_c(0.3, x), (drift.with_constant(2.0 * first)(0.3, x) - drift(0.3, x)) / first, rtol=1e-13
    )


def test_a_drift_that_states_no_derivative_of_its_flow_has_one() -> None:
    drift, h = lognormal_family(0.5), 1e-6
    x = np.array([0.2, 1.0, 3.0])
    up, down = (flow_tangents(drift, x + sign * h, 1.0, 0.0, 1.3).y for sign in (1.0, -1.0))
    np.testing.assert_allclose(flow_tangents(drift, x, 1.0, 0.0, 1.3).by_x, (up - down) / (2.0 * h), rtol=1e-8)


@pytest.mark.parametrize(
    ("shape", "nu2", "loss", "by_w", "by_b", "by_nu2"),
    [
        (CONSTANT, 2.0, 1.00438070931366, -0.203551277524476, -0.635830319912883, 0.219035465683143),
        (LINEAR, 0.25, 0.645798859140887, -0.364902273415362, -0.582001508418798, 0.350090010993155),
    ],
)
@pytest.mark.parametrize("count", [10**5, pytest.param(10**6, marks=pytest.mark.long)])
def test_gradients_of_noisy_chains_have_their_exact_means(
    count: int, shape: Any, nu2: float, loss: float, by_w: float, by_b: float, by_nu2: float
) -> None:
    """Identity, 50 collisions of eps = .02 from N(1, 1), y = 2: exact moments of the chain. Four standard errors."""
    model = Model(drift=IDENTITY, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0), nu2=nu2, diffusion=shape)
    many = [
        gradient(model, Collisions(0.02, "synchronous"), Moment(2.0), count=count // 16, until=1.0, seed=seed)
        for seed in range(16)
    ]
    rows = np.array([[one.loss, one.weights.sum(), one.biases.sum(), one.nu2] for one in many])
    errors = rows.std(axis=0, ddof=1) / 4.0
    assert (np.abs(rows.mean(axis=0) - [loss, by_w, by_b, by_nu2]) < 4.0 * errors).all()


def by_layers(scheme: Euler, **asked: Any) -> Any:
    """A route of `sensitivity`."""

    def differentiate(model: Model, loss: Loss, until: float) -> Any:
        return gradient(model, scheme, loss, until=until, **asked)

    return differentiate


def test_functional_derivatives_are_those_of_the_layers_to_first_order() -> None:
    """w(t) = -1 + sin(t)/2, b(t) = cos(t)/2, T = 2, y = 2, N(1, 1): by Runge and Kutta's scheme and Gauss nodes."""
    start = Normal(1.0, 1.0)
    model = Model(
        drift=TANH, weight=lambda t: -1.0 + 0.5 * math.sin(t), bias=lambda t: 0.5 * math.cos(t), initial=start
    )
    by_w = [-0.18439035478, -0.38593550348, -0.55386452011, -0.59278319959]
    by_b = [-0.28364840964, -0.56003548963, -0.85200952193, -1.0818902338]
    rows = {}
    for many in (50, 100, 200, 400):
        told = sensitivity(
            model, Moment(2.0), 2.0, by_layers(Euler(layers=many), count=2**17, start="quantile"), "layers"
        )
        assert told.columns == ("t", "weight", "bias")
        rows[many] = told.by_step
    errors = [abs(row[many // 2, 1] - by_w[2]) for many, row in rows.items()]  # at t = 1
    np.testing.assert_allclose(errors, [8.35e-3, 4.15e-3, 2.07e-3, 1.03e-3], rtol=1e-2)
    finest = 2.0 * rows[400][::100, 1:] - rows[200][::50, 1:]
    np.testing.assert_allclose(finest, np.column_stack([by_w, by_b]), rtol=1e-4)


def plane(drift: Drift, **changed: Any) -> Model:
    given = {"weight": [[-1.0, 0.4], [0.2, -0.5]], "bias": [0.3, 0.1]}
    return Model(drift=drift, initial=Product([Normal(1.0, 1.0), Uniform(-1.0, 0.5)]), **(given | changed))


@pytest.mark.parametrize(
    "model", [plane(TANH), plane(TANH, walls=((-0.5, 2.0), (-0.7, 0.8)), wall="reflecting"), plane(power_law(0.3, 3.0))]
)
def test_what_a_forecast_leaves_is_of_second_order(model: Model) -> None:
    """Every number that can be changed, by itself and halved, in the plane: mean and deviation of each feature too."""
    differentiate = by_layers(Euler(dt=0.125), count=4000)
    names = ["mean[0]", "mean[1]", "std[0]", "std[1]", "target[0]", "target[1]", "weight[0,1]", "bias[1]"]
    names += ["gamma"] if model.drift.constant else []
    here = sensitivity(model, Moment([2.0, 0.5]), 1.0, differentiate, "layers")
    assert set(names) < set(here.derivatives)
    old = {"mean[0]": 1.0, "mean[1]": -0.25, "std[0]": 1.0, "std[1]": 1.5 / math.sqrt(12.0), "target[0]": 2.0,
           "target[1]": 0.5, "weight[0,1]": 0.4, "bias[1]": 0.1, "gamma": 0.3}  # fmt: skip
    for name in names:
        off = []
        for change in (1e-3, 5e-4):
            told = sensitivity(model, Moment([2.0, 0.5]), 1.0, differentiate, "", {name: old[name] + change})
            assert told.forecast is not None
            assert told.found is not None
            assert told.found - told.value == pytest.approx(told.forecast - told.value, abs=2.0 * change**2)
            off.append(told)
        assert off[0].changes[name][1] == pytest.approx(2.0 * off[1].changes[name][1], rel=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Transport(3.0), "law = 3.0 must be a Law"),
        (lambda: gradient_by_quadrature(regression(-1.0, 1.0), Supervised([1.0]), 1.0), "labels of shape (1, 1)"),
        (lambda: gradient_by_quadrature(_from(Dirac(1.0)), Moment(2.0), 1.0), "no density that quadrature holds"),
        (lambda: gradient_by_quadrature(_from(Normal(1.0, 1.0), walls=(0.0, 2.0)), Moment(2.0), 1.0), "use particles"),
        (lambda: Moment([1.0, 2.0]).given(1, 0, 3), "must be a number or 1"),
        (lambda: EnergyDistance(TARGET).given(2, 0, 1), "loss = 'energy' with 2 features: allowed is 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(make: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def _from(law: Any, **changed: Any) -> Model:
    return Model(drift=TANH, weight=-1.0, bias=1.0, initial=law, **changed)
