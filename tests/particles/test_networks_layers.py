"""Layers: gradients to rounding, convergence to the differential equation at the order of their kind."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from particles.base.errors import InputError, NotFiniteError
from particles.base.parallel import serial
from particles.networks.cautions import not_monotone
from particles.networks.dense import DenseLearner
from particles.networks.layers import EULER, KINDS, MULTISTEP, SPLIT, STRANG, Kind, Rows, TwoStep
from particles.networks.network import Network, Stage
from particles.networks.optimisers import Momentum, Schedule
from particles.networks.readout import Sigmoid, Softmax
from particles.networks.trainer import Training, train
from tests.networks import carried, complex_step, cross_entropy

POINTS, LABELS = np.random.default_rng(3).uniform(-1.5, 1.5, (2, 7)), np.array([0, 1, 1, 2, 0, 2, 1])


def rows_of(theta: Any, network: Network, number: int) -> tuple[Any, Any, Any, Any]:
    """Weights, biases, gamma and rates of a square dense stage, cut out of theta by hand."""
    stage, first = network.stages[number], 0
    for other in network.stages[:number]:
        first += other.layers * (other.width**2 + other.width) + other.learn_gamma + other.kind.rates(other.layers)
    many, n = stage.layers, stage.width
    ends = np.cumsum([first, many * n * n, many * n, int(stage.learn_gamma), stage.kind.rates(many)])
    parts = [theta[a:b] for a, b in pairwise(ends)]
    gamma = parts[2][0] if stage.learn_gamma else stage.gamma * stage.dt
    return parts[0].reshape(many, n, n), parts[1].reshape(many, n), gamma, parts[3]


@pytest.mark.parametrize("kind", [*KINDS.values(), TwoStep(printed=True)], ids=lambda kind: repr(kind)[:32])
def test_gradients_are_exact_for_the_layers(kind: Kind) -> None:
    """Two stages, R^2 to R^3 to R^3, gamma learnt in one: all derivatives by complex steps of another program."""
    name = "printed" if isinstance(kind, TwoStep) and kind.printed else kind.name
    stages = (
        Stage(width=3, layers=4, kind=kind, gamma=0.2, learn_gamma=True, horizon=2.0),
        Stage(width=3, layers=3, kind=kind, gamma=0.3),
    )
    network = Network(inputs=2, stages=stages, readout=Softmax())
    learner = DenseLearner(network, POINTS, LABELS, block=7)
    start = network.start()
    theta = np.where(start > 0.0, start, np.random.default_rng(4).normal(scale=0.2, size=network.size))

    def loss(numbers: Any) -> Any:
        x = np.vstack([POINTS, np.zeros((1, 7))]).astype(complex)
        for number in range(2):
            x = carried(name, x, *rows_of(numbers, network, number))
        return cross_entropy(x, LABELS)

    value, _, found = learner.gradient(theta, np.arange(7))
    right = complex_step(loss, theta)
    assert value == pytest.approx(loss(theta).real, rel=1e-13)
    assert abs(found - right).max() <= 1e-13 * abs(right).max()
    assert network.size == 4 * 12 + 1 + 3 * 12 + (3 + 2) * (kind.name == "multistep")


def test_a_sigmoid_a_diagonal_stage_and_rectangular_layers_are_differentiated_exactly() -> None:
    """3 to 2 by a narrower first layer, to 2 by diagonal ones, to 3 by a wider one: (59), by central differences."""
    stages = (
        Stage(width=2, layers=2, gamma=0.2, rectangular=True),
        Stage(width=2, layers=3, operator="diagonal", kind=SPLIT, gamma=0.1, learn_gamma=True),
        Stage(width=3, layers=2, gamma=0.1, rectangular=True),
    )
    network = Network(inputs=3, stages=stages, readout=Sigmoid(2), smoothness=0.1)
    assert [part.first for part in network.parts] == [0, 2 * 3 + 2 * 2 + 2 * 2, 14 + 2 * 3 + 2 * 3 + 1]
    assert network.size == 27 + 3 * 2 + 3 * 3 + 2 * 3
    pick = np.random.default_rng(5)
    points = pick.normal(size=(3, 5))
    learner = DenseLearner(network, points, [0, 1, 1, 0, 1], block=5)
    theta = network.project(0.3 * pick.normal(size=network.size) + 0.1)
    found = learner.gradient(theta, np.arange(5))[2] + network.penalty(theta)[1]

    def objective(numbers: Any) -> float:
        return learner.gradient(numbers, np.arange(5))[0] + network.penalty(numbers)[0]

    for k in range(network.size):
        step = 1e-5 * (np.arange(network.size) == k)
        assert found[k] == pytest.approx((objective(theta + step) - objective(theta - step)) / 2e-5, abs=1e-8)


def test_a_rectangular_layer_is_59() -> None:
    """Growing keeps the norm where dt = 0, and the new units are w x + b; shrinking loses it."""
    stage = Stage(width=3, layers=1, gamma=0.3, rectangular=True)
    network = Network(inputs=2, stages=(stage,), readout=Softmax())
    learner = DenseLearner(network, POINTS, LABELS)
    still = learner.outputs(np.zeros(network.size), POINTS)
    cubic = POINTS - 0.3 * POINTS**3
    assert still == pytest.approx(np.vstack([cubic, np.zeros((1, 7))]), abs=1e-15)
    pick = np.random.default_rng(6)
    theta = pick.normal(size=network.size)
    weights, bias = theta[:6].reshape(3, 2), theta[6:]
    right = np.vstack([cubic, np.zeros((1, 7))]) + weights @ POINTS + bias[:, None]
    assert learner.outputs(theta, POINTS) == pytest.approx(right, abs=1e-14)
    narrow = Network(inputs=3, stages=(Stage(width=2, layers=1, rectangular=True),), readout=Softmax())
    given = pick.normal(size=(3, 7))
    short = DenseLearner(narrow, given, LABELS % 2).outputs(np.zeros(narrow.size), given)
    assert short == pytest.approx(given[:2])


# x' = w x + b - gamma x^3 in the plane: data, and x(T) by DOP853 at 1e-13
W, B, GAMMA, X0, T = np.array([[0.3, -0.8], [0.5, -0.2]]), np.array([0.2, -0.1]), 0.4, np.array([0.7, -0.4]), 1.5
END = np.array([1.02145490703838, 0.198475753971983])


def ends(kind: Kind, layers: int, k: float = 0.0) -> Any:
    dt = T / layers
    rows = Rows(np.tile(W * dt, (layers, 1, 1)), np.tile(B * dt, (layers, 1)), GAMMA * dt, np.full(layers - 1, k))
    x = np.zeros((layers + 1, 2, 1))
    x[0, :, 0] = X0
    kind.carry(x, kind.maps(rows), rows)
    return x[-1, :, 0]


def errors(kind: Kind, counts: tuple[int, ...], k: float = 0.0) -> Any:
    return np.array([abs(ends(kind, layers, k) - END).max() for layers in counts])


LADDER = (10, 20, 40, 80, 160)
# made by another program; the end by scipy, see `test_the_end_is_that_of_the_equation`
LADDERS = [
    (EULER, [2.355e-2, 1.142e-2, 5.626e-3, 2.793e-3, 1.391e-3]),
    (SPLIT, [1.394e-2, 6.655e-3, 3.249e-3, 1.605e-3, 7.977e-4]),
    (STRANG, [8.436e-4, 2.106e-4, 5.265e-5, 1.316e-5, 3.290e-6]),
]


def test_the_end_is_that_of_the_equation() -> None:
    options: dict[str, Any] = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-15}
    right = solve_ivp(lambda t, x: W @ x + B - GAMMA * x**3, (0.0, T), X0, **options).y[:, -1]
    assert right == pytest.approx(END, abs=1e-13)


@pytest.mark.parametrize(("kind", "right"), LADDERS, ids=lambda one: getattr(one, "name", ""))
def test_layers_converge_at_their_order(kind: Kind, right: list[float]) -> None:
    found = errors(kind, LADDER)
    assert found == pytest.approx(right, rel=1e-3)
    assert np.log2(found[-2] / found[-1]) == pytest.approx(kind.order, abs=0.02)


def test_the_two_step_layer_converges_and_as_printed_does_not() -> None:
    counts = (20, 40, 80, 160, 320)
    found = errors(MULTISTEP, counts, 0.3)
    assert found == pytest.approx([5.998e-3, 2.992e-3, 1.494e-3, 7.468e-4, 3.733e-4], rel=1e-3)
    printed = errors(TwoStep(printed=True), counts, 0.3)
    assert printed[0] == pytest.approx(0.127, abs=5e-4)
    assert printed[-1] == pytest.approx(0.134, abs=5e-4)
    assert (np.diff(printed) > 0.0).all()


def test_a_split_layer_is_bounded_where_eulers_explodes() -> None:
    theta = np.zeros(8 * 6)
    theta[: 8 * 4] = np.tile(np.eye(2).ravel(), 8)
    for kind, finite in ((EULER, False), (SPLIT, True)):
        network = Network(inputs=2, stages=(Stage(width=2, layers=8, kind=kind, gamma=2.0),), readout=Softmax())
        learner = DenseLearner(network, [[0.1, 0.2, 9.0], [0.1, 0.2, 0.1]], [0, 1, 1], block=4)
        out = learner.outputs(theta, learner.points)
        assert np.isfinite(out).all() == finite
        if finite:
            assert abs(out).max() < 1.0 / np.sqrt(2.0 * 2.0)
            continue
        training = Training(epochs=1, batch=4, schedule=Schedule(0.1))
        with pytest.raises(NotFiniteError) as caught, np.errstate(all="ignore"):
            train(learner, training, start=theta, comm=serial())
        told = "stage 0, layer 0, sample 2: abs(x) = 9 above sqrt((2 + W)/g) = 1.225: the euler layer explodes; take"
        assert re.match(re.escape(told), str(caught.value))


def test_a_layer_that_is_not_monotone_is_told_with_the_share_of_its_units() -> None:
    network = Network(inputs=2, stages=(Stage(width=2, layers=2, gamma=1.0),), readout=Softmax())
    learner = DenseLearner(network, [[0.1, 0.9], [0.2, 0.3]], [0, 1])
    told = not_monotone(learner, network.start(), learner.points)
    assert len(told) == 1
    assert "stage 0: 12 % of the activations" in told[0]  # 0.9, which goes to 0.17: 1 of 8
    assert not_monotone(learner, network.start(), 0.5 * learner.points) == ()
    assert learner.remarks(network.start()) == told


def test_smoothness_means_the_same_for_any_number_of_layers() -> None:
    """errata R7: the weights w(t) = sin t, sampled at 20, 40 and 80 layers; int cos^2 over [0, 2]."""
    found = []
    for layers in (20, 40, 80):
        stage = Stage(width=1, layers=layers, horizon=2.0)
        network = Network(inputs=1, stages=(stage,), readout=Sigmoid(0), smoothness=3.0)
        theta = np.zeros(network.size)
        theta[:layers] = stage.dt * np.sin(stage.dt * np.arange(layers))
        found.append(network.penalty(theta)[0])
    right = 1.5 * (1.0 + np.sin(4.0) / 4.0)
    gaps = abs(np.array(found) - right)
    assert gaps[-1] < 0.02 * right
    assert np.log2(gaps[:-1] / gaps[1:]) == pytest.approx([1.0, 1.0], abs=0.15)


def test_zero_is_where_training_begins_and_gamma_does_not_go_below_it() -> None:
    stage = Stage(width=2, layers=2, gamma=0.5, learn_gamma=True, horizon=1.0)
    network = Network(inputs=2, stages=(stage,), readout=Softmax())
    start = network.start()
    assert start.tolist() == [0.0] * 12 + [0.25]
    assert network.project(start - 1.0)[-1] == 0.0
    assert [group.factor for group in network.groups] == [1.0, 1.0, 0.01, 1.0]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Stage(width=0, layers=1), "width = 0"),
        (lambda: Stage(width=1, layers=1, gamma=-0.1), "gamma = -0.1"),
        (lambda: Stage(width=1, layers=1, operator="full"), "operator = 'full' must be one of dense, diagonal"),
        (lambda: Network(inputs=2, stages=(), readout=Softmax()), r"stages = \(\)"),
        (lambda: Network(inputs=2, stages=(Stage(width=2, layers=1),), readout=Sigmoid(2)), "unit = 2 of the readout"),
        (lambda: Network(inputs=2, stages=(Stage(width=1, layers=1),), readout=Softmax()), "width = 1 of the last"),
        (lambda: learner_of([[1.0, 2.0]], [0, 1]), r"points of shape \(1, 2\)"),
        (lambda: learner_of(np.zeros((2, 2)), [0, 2]), "labels must be at least one, from 0 to 1"),
        (lambda: learner_of(np.full((2, 2), np.nan), [0, 1]), "points"),
    ],
)
def test_bad_networks_are_one_sentence(wrong: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        wrong()


def learner_of(points: Any, labels: Any) -> DenseLearner:
    return DenseLearner(Network(inputs=2, stages=(Stage(width=2, layers=1),), readout=Softmax()), points, labels)


def test_momentum_trains_a_line_between_two_points() -> None:
    learner = learner_of([[1.0, -1.0], [0.2, 0.1]], [0, 1])
    training = Training(epochs=60, batch=8, schedule=Schedule(0.2), optimiser=Momentum())
    found = train(learner, training, comm=serial())
    assert (found.curve[0].loss > 0.3, found.curve[-1].accuracy) == (True, 1.0)
    assert found.curve[-1].loss < 0.05
