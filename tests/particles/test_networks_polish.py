"""L-BFGS of our own ends where scipy's does, at a bound too; what is not finite is no step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from particles.base.parallel import serial
from particles.networks.data import circles
from particles.networks.dense import DenseLearner
from particles.networks.network import Network, Stage
from particles.networks.polish import polish
from particles.networks.readout import Softmax
from tests.learners import Logistic


@pytest.mark.parametrize("edge", [-1.5, 1.5])
def test_it_ends_at_the_minimum_within_the_bounds(edge: float) -> None:
    learner = Logistic(edge=edge)

    def objective(theta: Any) -> tuple[float, Any]:
        loss, _, sums = learner.gradient(theta, np.arange(learner.count))
        value, slope = learner.penalty(theta)
        return loss / learner.count + value, sums / learner.count + slope

    options: dict[str, Any] = {"bounds": [(None, None)] * 2 + [(-0.25, None)], "options": {"gtol": 1e-10, "ftol": 0.0}}
    right = minimize(objective, np.zeros(3), jac=True, method="L-BFGS-B", **options)
    found = polish(learner, np.zeros(3), 200, serial(), 16)
    assert found.theta == pytest.approx(right.x, abs=1e-5)
    assert found.objective == pytest.approx(right.fun, abs=1e-12)
    assert found.iterations < 40
    assert (found.theta[2] == -0.25) == (edge == 1.5)


def test_it_trains_a_network_and_steps_over_what_explodes() -> None:
    """From weights of 20 layers that stretch: trials of a line search leave all bounds, and are cut in two."""
    points, labels = circles(80)
    network = Network(inputs=2, stages=(Stage(width=2, layers=20, gamma=0.01, learn_gamma=True),), readout=Softmax())
    learner = DenseLearner(network, points, labels)
    start = network.scattered(0.1, 3)
    short, long = (polish(learner, start, iterations, serial(), 40) for iterations in (5, 60))
    first = learner.evaluate(start, np.arange(80))[0].mean()
    assert first > short.objective > long.objective
    assert long.theta[-1] >= 0.0
    assert short.iterations == 5
