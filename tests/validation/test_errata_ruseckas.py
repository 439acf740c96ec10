"""Errata of Ruseckas' paper, differential equations as models of deep networks. Rows R1 to R15 of docs/errata.md.

x' = w x + b - gamma x^3, (56), and its adjoint (62) a' = -(w - 3 gamma x^2) a. Oracles: scipy's integrator, quadrature.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import rice

from particles.base.errors import NotFiniteError
from particles.base.parallel import serial
from particles.networks.data import circles
from particles.networks.dense import DenseLearner
from particles.networks.layers import EULER, MULTISTEP, Kind, Rows, TwoStep
from particles.networks.network import Network, Stage
from particles.networks.optimisers import Momentum, Schedule
from particles.networks.readout import Softmax
from particles.networks.trainer import Training, train

Array = np.ndarray
TIGHT: dict[str, Any] = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-14}


def flow(x0: Any, until: float, w: Any = 0.0, b: Any = 0.0, gamma: float = 1.0) -> Array:
    """x(T) of units on their own."""
    found: Array = solve_ivp(lambda t, x: w * x + b - gamma * x**3, (0.0, until), np.atleast_1d(x0), **TIGHT).y[:, -1]
    return found


def test_r01_the_gradient_decays_by_x_of_the_start() -> None:
    """Printed: (90) with z_i(0), which is nothing. The adjoint at t asks for z(0)^2 = x(0)^2 and no other number."""
    gamma, x0, until, t = 0.7, 1.3, 2.0, 0.5
    x_t = flow(x0, t, gamma=gamma)[0]
    # a(t)/a(T) is the derivative of x(T) by x(t)
    share = (flow(x_t + 1e-5, until - t, gamma=gamma) - flow(x_t - 1e-5, until - t, gamma=gamma))[0] / 2e-5

    def formula(square: float) -> float:
        return float(((1.0 + 2.0 * gamma * square * t) / (1.0 + 2.0 * gamma * square * until)) ** 1.5)

    assert brentq(lambda square: formula(square) - share, 1e-3, 50.0) == pytest.approx(x0**2, rel=1e-6)


def scalar(kind: Kind, layers: int, k: float) -> float:
    """x(1) of x' = -x from 1."""
    rows = Rows(np.full((layers, 1, 1), -1.0 / layers), np.zeros((layers, 1)), 0.0, np.full(layers - 1, k))
    x = np.ones((layers + 1, 1, 1))
    kind.carry(x, kind.maps(rows), rows)
    return float(x[-1, 0, 0])


@pytest.mark.parametrize("k", [0.3, 0.9])
def test_r02_the_two_step_layer_needs_a_factor(k: float) -> None:
    """Printed: (111) with (110). Its limit is (1 + k) x' = F; with (1 + k) dt in place of dt it is of order 1."""
    right = np.array([scalar(MULTISTEP, layers, k) for layers in (100, 200, 400)]) - math.exp(-1.0)
    assert np.log2(right[:-1] / right[1:]) == pytest.approx([1.0, 1.0], abs=0.03)
    printed = scalar(TwoStep(printed=True), 3200, k)
    assert abs(printed - math.exp(-1.0)) > 0.09
    assert printed == pytest.approx(math.exp(-1.0 / (1.0 + k)), abs=1e-3)


def test_r03_the_energy_has_the_sum_of_fourth_powers() -> None:
    """Printed: gamma x^4/4 of a vector. With sum_i x_i^4 grad E = -F; with (x^2)^2 it is not."""
    w, b, gamma, x = np.array([[0.3, -0.2], [-0.2, 0.5]]), np.array([0.1, -0.4]), 0.8, np.array([0.7, -1.2])

    def slope(fourth: Any) -> Array:
        energy = lambda z: -0.5 * z @ w @ z - b @ z + 0.25 * gamma * fourth(z)  # noqa: E731
        return np.array([(energy(x + h) - energy(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)])

    force = w @ x + b - gamma * x**3
    assert slope(lambda z: (z**4).sum()) == pytest.approx(-force, abs=1e-8)
    assert abs(slope(lambda z: (z @ z) ** 2) + force).max() > 0.5


def test_r04_roots_of_a_negative_bias_are_real() -> None:
    """Printed: b^(1/3), b^(2/3), complex for b < 0. Correct: the real cube root, and abs(b)^(2/3)."""
    b, gamma, x0 = -2.0, 0.7, 0.4
    assert abs(complex(b ** (1.0 / 3.0)).imag) > 1.0
    rest = np.cbrt(b / gamma)
    assert flow(x0, 20.0, b=b, gamma=gamma) == pytest.approx([rest], abs=1e-9)
    rate = 3.0 * gamma ** (1.0 / 3.0) * abs(b) ** (2.0 / 3.0)
    distances = [abs(flow(x0, t, b=b, gamma=gamma)[0] - rest) for t in (2.0, 2.5)]
    assert math.log(distances[0] / distances[1]) / 0.5 == pytest.approx(rate, rel=1e-3)


def test_r05_the_density_changes_so_along_a_trajectory() -> None:
    """Printed: a partial derivative in (28). log P(x(t), t) of N(0, 1) under x' = -x: only the total one is -tr F_x."""

    def log_density(x: float, t: float) -> float:
        return -0.5 * (x * math.exp(t)) ** 2 + t - 0.5 * math.log(2.0 * math.pi)

    x, t, h = 0.8, 0.3, 1e-6
    total = (log_density(x * math.exp(-h), t + h) - log_density(x * math.exp(h), t - h)) / (2.0 * h)
    partial = (log_density(x, t + h) - log_density(x, t - h)) / (2.0 * h)
    assert total == pytest.approx(1.0, abs=1e-8)
    assert abs(partial - 1.0) > 1.0


def test_r06_the_lagrangian_enters_with_a_minus_sign() -> None:
    """Printed: (19) appears in (6). x' = -x, loss (x_T - 2)^2/2: loss - int L is stationary at a(T) = dl/dx."""
    until, x0 = 1.5, 0.7
    end = (x0 * math.exp(-until)) - 2.0
    # direction eta = t, which leaves x(0): d int L = int a (eta' - F_x eta) dt
    inner = quad(lambda t: end * math.exp(t - until) * (1.0 + t), 0.0, until)[0]
    assert end * until - inner == pytest.approx(0.0, abs=1e-12)
    assert abs(end * until + inner) > 1.0


def test_r07_smoothness_of_scaled_numbers_needs_lambda_over_dt_cubed() -> None:
    """Printed: (113) with one lambda. Of w(t) = sin t, t in [0, 2], its sum falls eightfold as L doubles."""
    right = 0.5 * quad(lambda t: math.cos(t) ** 2, 0.0, 2.0)[0]
    sums = []
    for layers in (40, 80, 160):
        dt = 2.0 / layers
        sums.append((0.5 * np.diff(dt * np.sin(dt * np.arange(layers))) ** 2).sum())
    assert np.divide(sums[:-1], sums[1:]) == pytest.approx([8.0, 8.0], rel=0.06)
    mended = np.array(sums) / (2.0 / np.array([40, 80, 160])) ** 3
    assert abs(mended - right)[-1] < 0.02 * right


def test_r08_a_saddle_is_an_end_too() -> None:
    """Printed: the solution approaches minima of E. With w > 0 it stays at 0, where E is largest."""
    assert flow(0.0, 30.0, w=1.0) == pytest.approx([0.0], abs=0.0)
    assert flow(1e-6, 40.0, w=1.0) == pytest.approx([1.0], abs=1e-9)
    assert minimize_scalar(lambda x: -0.5 * x**2 + 0.25 * x**4, bounds=(0.0, 3.0)).x == pytest.approx(1.0, abs=1e-4)


def test_r09_the_limits_need_a_start_that_is_not_zero() -> None:
    """Printed: (86), (88) for every start. From x_0 the limit (88) holds for t >> 1/(gamma x_0^2): never from 0."""
    for x0 in (1.0, 1e-3):
        t = 1e4 / x0**2
        assert flow(x0, t)[0] * math.sqrt(2.0 * t) == pytest.approx(1.0, rel=1e-4)
        assert flow(x0, 1e-2 / x0**2)[0] * math.sqrt(2.0 * 1e-2) / x0 < 0.2
    assert flow(0.0, 1e6)[0] == 0.0


def test_r11_the_step_of_steepest_descent() -> None:
    """Printed: maximising (38) gives -alpha dL/dq. On the unit sphere that is least; alpha is 1/norm, not free."""
    pick = np.random.default_rng(0)
    slope = pick.normal(size=50)
    size = np.linalg.norm(slope)
    directions = pick.normal(size=(2000, 50))
    changes = directions @ slope / np.linalg.norm(directions, axis=1)
    best = -slope / size
    assert best @ slope == pytest.approx(-size)
    assert (changes > -size).all()
    assert (best @ slope < changes.min(), -best @ slope > changes.max()) == (True, True)
    assert np.linalg.norm(0.1 * slope) != pytest.approx(1.0)  # a free alpha breaks the constraint


def test_r12_the_radii_decide_what_can_be_reached() -> None:
    """Printed: no radii. By the Rice law of the distance from 0: 89 % at most for 1/2 and 1, 99 % for 1 and 2."""
    found = []
    for radius in (0.5, 1.0):

        def wrong(edge: float, radius: float = radius) -> float:
            inner, outer = (rice(k * radius / 0.2, scale=0.2) for k in (1.0, 2.0))
            return float(0.5 * inner.sf(edge) + 0.5 * outer.cdf(edge))

        found.append(1.0 - minimize_scalar(wrong, bounds=(radius, 2.0 * radius), method="bounded").fun)
    assert found == pytest.approx([0.8899, 0.9936], abs=1e-4)
    points, labels = circles(20_000, seed=5)
    share = float(((np.hypot(*points) > 1.52) == labels).mean())
    assert share == pytest.approx(found[1], abs=5.0 * math.sqrt(found[1] * (1.0 - found[1]) / 20_000))


def test_r13_the_maximum_of_equal_numbers_has_no_derivative() -> None:
    """Printed: no rule. At the zero start all pixels of an added channel tie: the one-sided slopes are not linear."""
    zeros, pick = np.zeros(784), np.random.default_rng(0)
    one, two = pick.normal(size=(2, 784))
    slope = lambda v: float((zeros + 1e-9 * v).max() / 1e-9)  # noqa: E731
    assert abs(slope(one) + slope(two) - slope(one + two)) > 1.0
    first, shared = np.eye(784)[0], np.full(784, 1.0 / 784.0)
    for rule in (first, shared):  # both are subgradients: max(v) >= g v
        assert slope(one) >= rule @ one
    assert abs(first - shared).sum() > 1.9


def test_r14_gamma_needs_a_rate_of_its_own() -> None:
    """Printed: gamma~ among the parameters, one rate. Momentum at 0.001: with the weights' rate the layers explode."""
    points, labels = circles(400)
    gammas = []
    for factor in (1.0, 0.01):
        stage = Stage(width=2, layers=100, learn_gamma=True, gamma_factor=factor)
        network = Network(inputs=2, stages=(stage,), readout=Softmax(), smoothness=1.0)
        learner = DenseLearner(network, points, labels)
        training = Training(epochs=5, batch=40, schedule=Schedule(1e-3), optimiser=Momentum())
        try:
            gammas.append(float(train(learner, training, comm=serial()).theta[-1]))
        except NotFiniteError:
            gammas.append(math.inf)
    assert gammas[0] == math.inf
    assert 0.0 < gammas[1] < 0.05


def test_r15_the_cubic_is_no_hyperbolic_tangent() -> None:
    """Printed: (52) as the begin of tanh. It turns at 1/sqrt(3 g); beyond sqrt(2/g) layers without weights explode."""
    g = 0.04
    turn = minimize_scalar(lambda u: -(u - g * u**3), bounds=(0.0, 5.0), method="bounded").x
    assert turn == pytest.approx(1.0 / math.sqrt(3.0 * g), abs=1e-5)
    assert turn - g * turn**3 > 2.0 * turn - g * (2.0 * turn) ** 3

    def sizes(share: float) -> Array:
        rows = Rows(np.zeros((40, 1, 1)), np.zeros((40, 1)), g, np.empty(0))
        x = np.zeros((41, 1, 1))
        x[0] = share * math.sqrt(2.0 / g)
        with np.errstate(all="ignore"):
            EULER.carry(x, EULER.maps(rows), rows)
        return np.abs(x[:, 0, 0])

    assert sizes(0.999)[-1] < sizes(0.999)[0]
    assert sizes(1.0) == pytest.approx(sizes(1.0)[0], rel=1e-3)
    assert not np.isfinite(sizes(1.001)[-1])
