"""Hamiltonian, energy, entropy and volume along the layers, against numbers of the differential equation."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from particles.base.errors import InputError
from particles.model import IDENTITY, cases
from particles.networks.along import Along, adjoints, along, jacobians, parts_of
from particles.networks.dense import DenseLearner
from particles.networks.layers import EULER, MULTISTEP, SPLIT, STRANG, Kind, Rows
from particles.networks.network import Network, Stage
from particles.networks.readout import Softmax
from particles.training.entropy import entropy

# the case in the plane, L = abs(x_T - y)^2/2: scipy's DOP853 at 1e-13 forwards and backwards
W, B, GAMMA, X0, T, Y = [[0.3, -0.8], [0.5, -0.2]], [0.2, -0.1], 0.4, [0.7, -0.4], 1.5, [1.0, 0.5]
LOSS, SLOPE = 0.0456885919893949, (-0.0996377743068305, -0.150602722518296)
BY_W = [[-0.0737081853901758, 0.0169098036237451], [-0.342415388563162, 0.0246457643985886]]
BY_B, BY_GAMMA, HAMILTONIAN = (-0.0818019346935074, -0.354506569905490), 0.0593936863015237, -0.112619600736595
VOLUME = 0.209771954483


class Case:
    """The case in so many layers."""

    def __init__(self, kind: Kind, layers: int, w: Any = W, b: Any = B, gamma: float = GAMMA, until: float = T) -> None:
        self.kind, self.dt = kind, until / layers
        many, w, b = layers, np.array(w) * self.dt, np.array(b) * self.dt
        self.rows = Rows(np.tile(w, (many, 1, 1)), np.tile(b, (many, 1)), gamma * self.dt, np.empty(0))
        self.maps = kind.maps(self.rows)

    def carry(self, points: Any) -> Any:
        x = np.zeros((len(self.rows.biases) + 1, *np.shape(points)))
        x[0] = points
        self.kind.carry(x, self.maps, self.rows)
        return x

    def gradient(self) -> Any:
        """Loss, a(0), and derivatives by w, b, gamma of the equation."""
        x = self.carry(np.array(X0)[:, None])
        slopes = x[-1] - np.array(Y)[:, None]
        loss = 0.5 * float((slopes**2).sum())
        found = self.kind.retrace(x, slopes, self.maps, self.rows)
        sums = found.weights.sum(axis=0) * self.dt, found.biases.sum(axis=0) * self.dt, found.gamma * self.dt
        return np.concatenate([[loss], slopes[:, 0], sums[0].ravel(), sums[1], [sums[2]]])


RIGHT = np.concatenate([[LOSS], SLOPE, np.ravel(BY_W), BY_B, [BY_GAMMA]])


@pytest.mark.parametrize("kind", [EULER, SPLIT, STRANG], ids=lambda kind: kind.name)
def test_gradients_tend_to_those_of_the_equation_at_the_order_of_the_layer(kind: Kind) -> None:
    errors = [abs(Case(kind, layers).gradient() - RIGHT).max() for layers in (50, 100, 200, 400)]
    assert errors[-1] < {1: 3e-3, 2: 5e-6}[kind.order]
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert rates == pytest.approx([kind.order] * 3, abs=0.1)


def test_the_gradient_of_the_equation_by_extrapolation() -> None:
    """Strang's error is a series in dt^2: three counts give the printed numbers to 1e-11."""
    rows = [Case(STRANG, layers).gradient() for layers in (80, 160, 320, 640)]
    for power in (4.0, 16.0, 64.0):
        rows = [(power * fine - coarse) / (power - 1.0) for coarse, fine in pairwise(rows)]
    assert rows[0] == pytest.approx(RIGHT, abs=1e-11)


def hamiltonians(kind: Kind, layers: int) -> Any:
    case = Case(kind, layers)
    x = case.carry(np.array(X0)[:, None])
    a = adjoints(kind, x, x[-1] - np.array(Y)[:, None], case.maps, case.rows)
    force = np.einsum("ij,ljm->lim", np.array(W), x) + np.array(B)[:, None] - GAMMA * x**3
    return (a * force).sum(axis=(1, 2))


def test_the_hamiltonian_is_constant_up_to_the_order_of_the_layer() -> None:
    for kind, bound in ((EULER, 2e-3), (STRANG, 1e-5)):
        drifts = []
        for layers in (100, 200):
            values = hamiltonians(kind, layers)
            drifts.append(np.ptp(values))
            assert values == pytest.approx(HAMILTONIAN, abs=20.0 * bound)
        assert drifts[1] < bound
        assert math.log2(drifts[0] / drifts[1]) == pytest.approx(kind.order, abs=0.1)


def test_the_hamiltonian_is_exact_where_the_layer_is_the_flow() -> None:
    """w = 0, b = 0: split layers are the exact flow of -gamma x^3, and a x^3 is kept to rounding."""
    case = Case(SPLIT, 30, w=np.zeros((2, 2)), b=np.zeros(2))
    x = case.carry(np.array([[0.7, -1.1], [2.0, 0.3]]))
    a = adjoints(SPLIT, x, x[-1] - 1.0, case.maps, case.rows)
    values = -GAMMA * (a * x**3).sum(axis=1)
    assert np.ptp(values, axis=0) == pytest.approx([0.0, 0.0], abs=1e-14)


def test_phase_space_keeps_its_volume() -> None:
    """det d(x, a)(T)/d(x, a)(0) = 1 (Liouville), though x alone shrinks to a fifth."""
    case = Case(STRANG, 60)
    x = case.carry(np.array(X0)[:, None])
    steps = jacobians(STRANG, x, case.maps, case.rows)[..., 0]
    whole = np.eye(2)
    for step in steps:
        whole = step @ whole
    assert np.linalg.det(whole) == pytest.approx(VOLUME, rel=1e-4)

    def phase(z: Any) -> Any:
        states = case.carry(z[:2, None])
        jacobian = np.eye(2)
        for step in jacobians(STRANG, states, case.maps, case.rows)[..., 0]:
            jacobian = step @ jacobian
        return np.append(states[-1, :, 0], np.linalg.solve(jacobian.T, z[2:]))

    z = np.array([*X0, *SLOPE])
    columns = [(phase(z + 1e-5 * one) - phase(z - 1e-5 * one)) / 2e-5 for one in np.eye(4)]
    assert np.linalg.det(np.array(columns)) == pytest.approx(1.0, abs=1e-8)


NODES, SHARES = np.polynomial.legendre.leggauss(400)
NORMAL, MASS = 10.0 * NODES, 10.0 * SHARES * norm.pdf(10.0 * NODES)
H0 = 0.5 * math.log(2.0 * math.pi * math.e)
# w, gamma, t, H(t) and dH/dt of N(0, 1) under x' = w x - gamma x^3: mpmath's quadrature of the closed form
ENTROPIES = [
    (0.5, 0.2, 1.0, 1.296262496522, -0.181965017534),
    (-0.5, 0.2, 1.0, 0.6256280429492, -0.638343126498),
    (0.0, 0.5, 2.0, 0.203768746173, -0.340768979426),
]


def line(w: float, gamma: float, until: float, layers: int) -> Along:
    """Two equal and independent units, so that there is a softmax: each value is twice that of one."""
    stage = Stage(width=2, layers=layers, horizon=until, kind=STRANG, operator="diagonal", gamma=gamma)
    network = Network(inputs=2, stages=(stage,), readout=Softmax())
    theta = network.start()
    theta[: 2 * layers] = w * stage.dt
    points = np.tile(NORMAL, (2, 1))
    learner = DenseLearner(network, points, np.zeros(NORMAL.size, dtype=np.int64))
    return along(learner, theta, points, learner.labels)


@pytest.mark.parametrize(("w", "gamma", "until", "entropy", "slope"), ENTROPIES)
def test_entropy_along_the_flow(w: float, gamma: float, until: float, entropy: float, slope: float) -> None:
    """The means over N(0, 1) are quadratures: (28) and (32) at the end, by two counts of layers extrapolated."""
    ends = []
    for layers in (40, 80):
        found = line(w, gamma, until, layers)
        ends.append(np.array([H0 + 0.5 * found.stretch[-1] @ MASS, 0.5 * found.spread[-1] @ MASS]))
    better = (4.0 * ends[1] - ends[0]) / 3.0
    assert better == pytest.approx([entropy, slope], abs=2e-7)
    if w == 0.0:  # the layers are the flow
        assert ends[0] == pytest.approx([entropy, slope], abs=1e-11)


def test_the_energy_is_balanced() -> None:
    """The sum of the powers is dE/dt, at the order of the layer; without the antisymmetric part it is the same."""
    pick = np.random.default_rng(2)
    rests = []
    for layers in (100, 200):
        stage = Stage(width=3, layers=layers, horizon=1.0, gamma=0.5)
        network = Network(inputs=3, stages=(stage,), readout=Softmax())
        theta = np.concatenate([np.tile(np.arange(9.0) / 9.0, layers), np.tile([0.1, -0.2, 0.3], layers)]) * stage.dt
        learner = DenseLearner(network, pick.normal(size=(3, 5)), [0, 1, 2, 0, 1])
        found = along(learner, theta, np.array([[0.5], [-0.4], [0.8]]), [0])
        power = (found.gain + found.work - found.friction)[:-1, 0]
        rests.append(abs(np.diff(found.energy[:, 0]) / stage.dt - power).max())
    assert rests[1] < 0.02
    assert math.log2(rests[0] / rests[1]) == pytest.approx(1.0, abs=0.05)
    sym, anti = parts_of(np.arange(9.0).reshape(3, 3))
    assert (sym + anti == np.arange(9.0).reshape(3, 3)).all()
    assert (sym == sym.T).all()
    assert (anti == -anti.T).all()


def test_an_antisymmetric_matrix_keeps_the_norm() -> None:
    """(99)-(102): rotation, of Strang's layers exactly; Euler's grow."""
    turn = [[0.0, 1.3], [-1.3, 0.0]]
    for kind, exact in ((STRANG, True), (EULER, False)):
        case = Case(kind, 50, w=turn, b=[0.0, 0.0], gamma=0.0)
        norms = np.hypot(*case.carry(np.array(X0)[:, None])[:, :, 0].T)
        assert (np.ptp(norms) < 1e-14) == exact
    end = Case(STRANG, 50, w=turn, b=[0.0, 0.0], gamma=0.0).carry(np.array(X0)[:, None])[-1, :, 0]
    cosine, sine = math.cos(1.3 * T), math.sin(1.3 * T)
    assert end == pytest.approx([0.7 * cosine - 0.4 * sine, -0.4 * cosine - 0.7 * sine], abs=1e-14)


def test_the_horizon_is_differentiated() -> None:
    """dL/dT by central differences in T with w, b, gamma of the equation held."""

    def mean_loss(until: float) -> Any:
        stage = Stage(width=2, layers=400, horizon=until, kind=STRANG, gamma=GAMMA)
        network = Network(inputs=2, stages=(stage,), readout=Softmax())
        theta = np.concatenate([np.tile(np.ravel(W), 400), np.tile(B, 400)]) * stage.dt
        points = np.random.default_rng(1).normal(size=(2, 6))
        return DenseLearner(network, points, [0, 1, 1, 0, 0, 1]), theta

    learner, theta = mean_loss(T)
    found = along(learner, theta, learner.points, learner.labels).horizon
    ends = [one.evaluate(numbers, np.arange(6))[0].mean() for one, numbers in map(mean_loss, (T + 1e-4, T - 1e-4))]
    assert found == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-4)
    assert set(along(learner, theta, learner.points, learner.labels).to_dict()) >= {"energy", "horizon", "stretch"}


def test_two_step_layers_have_no_single_adjoint() -> None:
    network = Network(inputs=2, stages=(Stage(width=2, layers=2, kind=MULTISTEP),), readout=Softmax())
    learner = DenseLearner(network, np.zeros((2, 1)), [0])
    with pytest.raises(InputError, match="layer = 'multistep'"):
        along(learner, network.start(), learner.points, learner.labels)


@pytest.mark.parametrize(
    ("name", "until", "right"),  # mpmath's quadrature of the closed forms
    [
        ("regression", 1.0, 0.6843120972579),
        ("regression", 5.0, -3.206566599322),
        ("identity", 1.0, 0.4189385332047),
        ("identity", 5.0, -3.581061466795),
    ],
)
def test_entropy_of_a_model_along_its_flow(name: str, until: float, right: float) -> None:
    model = cases["regression"].model
    model = model if name == "regression" else dataclasses.replace(model, drift=IDENTITY)
    found = entropy(model, until)
    assert found.value == pytest.approx(right, abs=1e-10)
    around = [entropy(model, until + h).value for h in (1e-4, -1e-4)]
    assert found.slope == pytest.approx((around[0] - around[1]) / 2e-4, abs=1e-7)


def test_where_points_come_together_there_is_no_entropy() -> None:
    from particles.model import Dirac

    with pytest.raises(InputError, match="entropy"):
        entropy(dataclasses.replace(cases["regression"].model, initial=Dirac(1.0)), 1.0)
