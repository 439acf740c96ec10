"""Claims about mean-field control: its numbers, exact derivatives, Pontryagin's principle by a second route."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from particles import Euler
from particles.base.errors import InputError, NotFiniteError
from particles.model import MEAN_COUPLED, RELU, SIGMOID, TANH, Dirac, Model, Normal, Pareto, cases, cubic, layers
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.training import Stop, Supervised, continuous_control, control, fit
from particles.training.control_problem import ControlProblem
from particles.training.control_setup import problem_of

TWO, ONE = cases["two-clusters"], cases["one-cluster"]
LAYERS = {
    (10, 1.0): (0.1335876092521, [1.007496575, 0.977833295, 0.949298876, 0.921945105, 0.895790981, 0.870830899,
                                  0.847041429, 0.824386739, 0.802822818, 0.782300690]),
    (9, 0.9): (0.1625136332583, [1.103862635, 1.067015221, 1.032088418, 0.999050647, 0.967840016, 0.938375576,
                                 0.910565576, 0.884313338, 0.859521328]),
}  # fmt: skip
HUNDRED = 0.1289983812594, [1.00948613, 0.934491122, 0.868212223, 0.810011692, 0.760848154]
CONTINUOUS = 0.12849669977, [1.009756, 0.9344083, 0.8679371, 0.8096381, 0.7585102], -0.2335479994


@pytest.mark.parametrize(("many", "until"), LAYERS)
def test_layers_have_the_control_of_two_clusters(many: int, until: float) -> None:
    value, theta = LAYERS[many, until]
    found = control(TWO.model, TWO.target, until=until, cost=0.1, layers=many)
    assert found.value == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(found.theta[0], theta, atol=1e-9)
    assert found.value == found.terminal + found.cost
    assert found.cost == pytest.approx(0.1 * until / many * (found.theta**2).sum(), rel=1e-14)
    np.testing.assert_allclose(found.model.weights(found.times)[:, 0, 0], found.theta[0])


def test_the_continuous_control_is_what_layers_come_to_at_first_order() -> None:
    value, theta, constant = CONTINUOUS
    found = continuous_control(TWO.model, TWO.target, until=1.0, cost=0.1, layers=4)
    assert found.value == pytest.approx(value, abs=1e-10)
    assert found.error < 1e-8
    np.testing.assert_allclose(found.times, [0.0, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(found.theta[0], theta, atol=5e-7)  # as many digits as are known
    np.testing.assert_allclose(found.hamiltonian, constant, atol=1e-9)
    hundred = control(TWO.model, TWO.target, until=1.0, cost=0.1, layers=100)
    assert hundred.value == pytest.approx(HUNDRED[0], abs=1e-12)
    np.testing.assert_allclose(hundred.theta[0][[0, 25, 50, 75, 99]], HUNDRED[1], atol=2e-9)
    fifty = control(TWO.model, TWO.target, until=1.0, cost=0.1, layers=50)
    assert (fifty.value - found.value) / (hundred.value - found.value) == pytest.approx(2.0, abs=0.02)
    assert np.ptp(fifty.hamiltonian) / np.ptp(hundred.hamiltonian) == pytest.approx(2.0, abs=0.05)


def of_pontryagin(low: float, high: float, middle: float, target: float, cost: float) -> tuple[np.ndarray, float]:
    """theta at 0, T/2, T and J by collocation of x' = f, p' = -theta f_u p on nodes of half the law, T = 1."""
    nodes, weights = np.polynomial.legendre.leggauss(10)
    x0 = 0.5 * (high + low) + 0.5 * (high - low) * nodes
    masses = weights * np.exp(-0.5 * (x0 - middle) ** 2)
    masses, m = masses / masses.sum(), x0.size

    def theta(y: np.ndarray) -> np.ndarray:
        """cost theta + E[p x sech^2(theta x)] = 0 at every time."""
        x, p, found = y[:m], y[m : 2 * m], np.ones(y.shape[1])
        for _ in range(50):
            f = np.tanh(found * x)
            slope = cost * found + masses @ (p * x * (1.0 - f * f))
            found = found - slope / (cost - 2.0 * masses @ (p * x * x * f * (1.0 - f * f)))
        return found

    def speed(_: Any, y: np.ndarray) -> np.ndarray:
        found = theta(y)
        f = np.tanh(found * y[:m])
        return np.vstack([f, -found * (1.0 - f * f) * y[m : 2 * m], cost * found[None] ** 2])

    def ends(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a[:m] - x0, b[m : 2 * m] - (b[:m] - target), a[-1:]])

    t = np.linspace(0.0, 1.0, 11)
    guess = np.vstack([x0[:, None] * (1.0 + t), np.tile(x0[:, None] - target, t.size), cost * t[None]])
    run = solve_bvp(speed, ends, t, guess, tol=1e-9)
    assert run.success
    last = run.y[:, -1]
    return theta(run.sol([0.0, 0.5, 1.0])), float(masses @ (last[:m] - target) ** 2 + last[-1])


@pytest.mark.parametrize(
    ("case", "half", "cost", "base"),
    [(TWO, (0.8, 1.2, 1.0, 2.0), 1.0, 4), (ONE, (0.0, 0.2, 0.0, 1.0), 0.1, 16), (ONE, (0.0, 0.2, 0.0, 1.0), 1.0, 4)],
    ids=["two-1", "one-0.1", "one-1"],
)
def test_it_is_that_of_pontryagins_principle(case: Any, half: Any, cost: float, base: int) -> None:
    found = continuous_control(case.model, case.target, until=1.0, cost=cost, layers=base, doublings=4)
    theta, value = of_pontryagin(*half, cost)
    assert found.value == pytest.approx(value, abs=3e-8)
    np.testing.assert_allclose(found.theta[0][[0, base // 2, base]], theta, atol=1e-6)
    np.testing.assert_allclose(found.hamiltonian, found.hamiltonian[0], atol=1e-6)


def gradient(problem: ControlProblem, theta: np.ndarray, f: Callable[..., Any], f_u: Callable[..., Any]) -> np.ndarray:
    """Derivative of J/2 in plain numpy, for complex numbers too."""
    w, b = theta.reshape(2, -1)
    x, states, dt = problem.points + 0.0 * theta[0], [], problem.step
    for one, other in zip(w, b, strict=True):
        states.append(x)
        x = x + dt * f(one * x + other)
    p, found = x - problem.labels, np.zeros((2, w.size), dtype=theta.dtype)
    for k in range(w.size - 1, -1, -1):
        by_u = dt * f_u(w[k] * states[k] + b[k]) * p
        found[:, k] = (problem.masses * by_u * states[k]).sum(), (problem.masses * by_u).sum()
        p = p + w[k] * by_u
    return found.reshape(-1) + problem.penalty.mass * theta


DRIFTS = {
    "tanh": (TANH, np.tanh, lambda u: 1.0 / np.cosh(u) ** 2),
    "sigmoid": (SIGMOID, lambda u: 1.0 / (1.0 + np.exp(-u)), lambda u: 1.0 / (2.0 + np.exp(-u) + np.exp(u))),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_second_derivatives_are_exact_for_the_layers(name: str) -> None:
    """Against the complex step on the gradient; what holds states and adjoints is another matrix."""
    drift, f, f_u = DRIFTS[name]
    model = Model(drift=drift, weight=1.0, bias=0.2, initial=Normal(0.5, 1.0))
    problem = problem_of(model, np.sin, until=1.5, cost={"weight": 0.1, "bias": 0.4}, layers=5, count=300,
                         learn=("weight", "bias"))  # fmt: skip
    theta = np.array([0.9, -0.4, 1.3, 0.1, 0.6, 0.3, -0.2, 0.5, 0.0, -0.7])
    value, slope, matrix = problem.derivatives(theta)
    np.testing.assert_allclose(slope, gradient(problem, theta, f, f_u), rtol=1e-12, atol=1e-14)
    moved = [gradient(problem, theta + 1e-30j * row, f, f_u).imag / 1e-30 for row in np.eye(theta.size)]
    np.testing.assert_allclose(matrix, np.array(moved), rtol=1e-12, atol=1e-14)
    terminal, paid = problem.parts(theta)
    assert 2.0 * value == pytest.approx(terminal + paid, rel=1e-14)
    held = problem.curvatures(theta)
    assert np.abs(held - matrix).max() > 1e-2


def test_particles_have_the_control_that_fit_learns() -> None:
    """By another method, on the same particles, with a kernel's layers."""
    asked: dict[str, Any] = {"until": 1.0, "count": 1000, "seed": 3}
    found = control(TWO.model, TWO.target, cost=0.1, layers=10, **asked)
    assert TWO.target is not None
    points = problem_of(TWO.model, TWO.target, cost=0.1, layers=10, **asked).points
    model = Model(drift=TANH, weight=layers([1.0] * 10, 1.0), bias=0.0, initial=TWO.model.initial)
    learnt = fit(model, Euler(layers=10), Supervised(TWO.target(points)), control=0.05, learn=("weight",),
                 stop=Stop(gradient=1e-11), **asked)  # fmt: skip
    np.testing.assert_allclose(found.theta[0], learnt.curve[-1].theta, atol=1e-8)
    assert found.value == pytest.approx(2.0 * learnt.curve[-1].value, abs=1e-12)
    assert np.abs(found.theta[0] - LAYERS[10, 1.0][1]).max() > 1e-3  # of the law itself
    assert np.abs(found.theta[0] - control(TWO.model, TWO.target, cost=0.1, layers=10, **asked).theta[0]).max() == 0.0


def test_a_bias_that_costs_stays_zero_by_symmetry_and_serves_where_there_is_none() -> None:
    costs: dict[str, Any] = {"until": 1.0, "cost": {"weight": 0.1, "bias": 1.0}, "learn": ("weight", "bias")}
    both = control(TWO.model, TWO.target, layers=10, **costs)
    np.testing.assert_allclose(both.theta[0], LAYERS[10, 1.0][1], atol=1e-9)
    assert np.abs(both.theta[1]).max() < 1e-15
    right = Model(drift=TANH, weight=1.0, bias=0.0, initial=TruncatedNormal(1.0, 1.0, 0.8, 1.2))
    assert control(right, 2.0, layers=10, **costs).value < both.value - 1e-3


@pytest.mark.parametrize("begin", [-4.0, -2.0, -1.0, 0.0, 8.0])
def test_it_is_found_from_where_the_cost_is_not_convex(begin: float) -> None:
    far = dataclasses.replace(TWO.model, weight=begin)
    found = control(far, TWO.target, until=1.0, cost=0.1, layers=10)
    np.testing.assert_allclose(found.theta[0], LAYERS[10, 1.0][1], atol=1e-9)
    assert found.slope < 1e-12


def test_a_hamiltonian_without_a_stationary_point_is_told() -> None:
    problem = problem_of(TWO.model, TWO.target, until=1.0, cost=0.1, layers=4)
    path = problem.path(problem.start())
    with pytest.raises(NotFiniteError, match="no control makes the Hamiltonian of layer 2 stationary"):
        problem.pointwise(2, path.states[2], -1e3 * path.adjoints[3], np.array([1.0]))


def model(**changed: Any) -> Model:
    return Model(**({"drift": TANH, "weight": 1.0, "bias": 0.0, "initial": Normal(0.0, 1.0)} | changed))


@pytest.mark.parametrize(
    ("made", "changed", "told"),
    [
        (model(nu2=0.1), {}, "nu2 = 0.1: control is for one feature, without noise"),
        (model(walls=(-3.0, 3.0)), {}, "walls: control is for"),
        (model(neurons=2), {}, "2 features and neurons: control"),
        (model(bias=MEAN_COUPLED), {}, "follows the mean"),
        (model(drift=cubic(0.5)), {}, "drift 'cubic', which depends on x"),
        (model(drift=RELU), {}, "drift 'relu', which has a kink"),
        (model(initial=Dirac(1.0)), {}, "no density that quadrature holds: give a count"),
        (model(), {"cost": 0.0}, "cost = 0.0 must be a positive"),
        (model(), {"cost": {"bias": 1.0}}, "cost of bias: allowed are weight"),
        (model(), {"learn": ("gamma",)}, "learn = ('gamma',): allowed are"),
        (model(), {"learn": ()}, "learn = (): allowed are"),
        (model(), {"layers": 0}, "layers = 0 must be"),
        (model(), {"until": -1.0}, "until = -1.0 must be"),
        (model(), {"count": 0}, "count = 0"),
        (model(), {"count": 10, "start": "middle"}, "start = 'middle'"),
        (model(), {"target": "far"}, "target = 'far'"),
        (model(), {"target": lambda x: np.log(x - 100.0)}, "must give finite numbers"),
    ],
)  # fmt: skip
def test_what_control_cannot_do_is_refused(made: Model, changed: dict[str, Any], told: str) -> None:
    asked: dict[str, Any] = {"target": 1.0, "until": 1.0, "cost": 0.1, "layers": 2} | changed
    with pytest.raises(InputError) as caught, np.errstate(invalid="ignore"):
        control(made, asked.pop("target"), **asked)
    assert told in str(caught.value)


def test_heavy_tails_have_no_mean_square_and_are_told() -> None:
    with pytest.raises(InputError, match="has no mean square"):
        control(model(initial=Pareto(1.0, 0.5)), 1.0, until=1.0, cost=0.1, layers=2)
    assert math.isfinite(control(model(), 1.0, until=1.0, cost=0.1, layers=2).value)
