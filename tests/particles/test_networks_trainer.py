"""The trainer: its steps are the optimiser's, an epoch is a permutation, a restart changes no byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from particles.base.errors import InputError, NotFiniteError
from particles.base.parallel import serial
from particles.base.watch import Checkpoints, Stopped
from particles.networks.evaluate import evaluation
from particles.networks.optimisers import Adam, Momentum, Schedule, power
from particles.networks.trainer import Training, digest, order, train
from tests.learners import Logistic

TRAINING = Training(epochs=4, batch=8, schedule=Schedule(0.05, warmup=3, decay="linear"), seed=5)


def by_hand(learner: Logistic, training: Training, direction: Any) -> Any:
    """Plain steps over the samples in the trainer's order, the sum of a batch taken at once."""
    theta, number = np.zeros(3), 0
    steps = training.epochs * -(-learner.count // training.batch)
    for epoch in range(training.epochs):
        samples = order(training.seed, epoch, learner.count)
        for first in range(0, learner.count, training.batch):
            batch = samples[first : first + training.batch]
            slope = learner.gradient(theta, batch)[2] / len(batch) + learner.ridge * theta
            rate = training.schedule.at(number, steps)
            number += 1
            theta = learner.project(theta - rate * np.array([1.0, 1.0, 0.5]) * direction(slope, number))
    return theta


class HandAdam:
    def __init__(self) -> None:
        self.m, self.v = np.zeros(3), np.zeros(3)

    def __call__(self, g: Any, k: int) -> Any:
        self.m, self.v = 0.9 * self.m + 0.1 * g, 0.999 * self.v + 0.001 * g**2
        return (self.m / (1 - 0.9**k)) / (np.sqrt(self.v / (1 - 0.999**k)) + 1e-8)


class HandMomentum:
    def __init__(self) -> None:
        self.v = np.zeros(3)

    def __call__(self, g: Any, k: int) -> Any:
        self.v = 0.8 * self.v + g
        return self.v


@pytest.mark.parametrize(("optimiser", "hand"), [(Adam(), HandAdam), (Momentum(0.8), HandMomentum)])
def test_steps_are_those_of_the_optimiser(optimiser: Any, hand: Any) -> None:
    learner = Logistic()
    training = Training(epochs=4, batch=8, schedule=TRAINING.schedule, optimiser=optimiser, seed=5)
    found = train(learner, training, comm=serial())
    right = by_hand(learner, training, hand())
    assert found.theta == pytest.approx(right, abs=1e-13)
    other = by_hand(learner, Training(epochs=4, batch=8, schedule=TRAINING.schedule, seed=6), hand())
    assert abs(other - right).max() > 1e-4  # control: the order of the samples matters


def test_schedules_grow_and_fall() -> None:
    rates = [Schedule(2.0, warmup=4, decay="linear").at(step, 10) for step in range(10)]
    assert rates == pytest.approx([0.5, 0.9, 1.2, 1.4, 1.2, 1.0, 0.8, 0.6, 0.4, 0.2])
    assert [Schedule(2.0).at(step, 10) for step in (0, 9)] == [2.0, 2.0]
    assert [power(0.999, k) for k in (0, 1, 7, 1000)] == pytest.approx([0.999**k for k in (0, 1, 7, 1000)], rel=1e-14)


def test_an_epoch_is_a_permutation_of_its_own() -> None:
    orders = [order(seed, epoch, 60) for seed in (0, 1) for epoch in (0, 1)]
    assert all(sorted(one) == list(range(60)) for one in orders)
    assert len({tuple(one) for one in orders}) == 4


def test_it_ends_where_scipy_ends() -> None:
    learner = Logistic(edge=0.0)
    found = train(learner, Training(epochs=400, batch=52, schedule=Schedule(0.1, decay="linear")), comm=serial())

    def objective(theta: Any) -> tuple[float, Any]:
        loss, _, sums = learner.gradient(theta, np.arange(learner.count))
        value, slope = learner.penalty(theta)
        return loss / learner.count + value, sums / learner.count + slope

    options: dict[str, Any] = {"bounds": [(None, None)] * 2 + [(-0.25, None)], "options": {"gtol": 1e-9, "ftol": 0.0}}
    right = minimize(objective, np.zeros(3), jac=True, method="L-BFGS-B", **options)
    assert found.theta == pytest.approx(right.x, abs=1e-3)
    assert found.curve[-1].objective == pytest.approx(right.fun, abs=1e-6)
    looked = evaluation(learner, found.theta, serial())
    assert looked.loss + learner.penalty(found.theta)[0] == pytest.approx(right.fun, abs=1e-8)
    assert looked.right == looked.confusion().trace()
    assert looked.confusion().sum() == learner.count
    assert (np.diff(looked.losses[looked.worst(9)]) <= 0.0).all()


def test_stopped_and_resumed_it_gives_the_same_bytes(tmp_path: Path) -> None:
    learner, folder = Logistic(), tmp_path / "net.checkpoints"
    straight = train(learner, TRAINING, held=Logistic(20), comm=serial())
    for number, stop in enumerate((3, 14)):  # within an epoch, at the end of one
        options = Checkpoints(folder, stop_at=stop, resume=number > 0)
        with pytest.raises(Stopped):
            train(learner, TRAINING, held=Logistic(20), comm=serial(), checkpoints=options)
    going_on = Checkpoints(folder, resume=True)
    found = train(learner, TRAINING, held=Logistic(20), comm=serial(), checkpoints=going_on)
    assert (digest(found.theta), found.curve) == (digest(straight.theta), straight.curve)
    other = Training(epochs=4, batch=12, schedule=TRAINING.schedule)
    with pytest.raises(InputError, match="another training: it differs in training"):
        train(learner, other, comm=serial(), checkpoints=going_on)
    with pytest.raises(InputError, match="holds an unfinished run"):
        train(learner, TRAINING, comm=serial(), checkpoints=Checkpoints(folder))


def test_a_loss_above_its_start_keeps_the_best_weights_and_says_so() -> None:
    learner = Logistic()
    wild = Training(epochs=6, batch=8, schedule=Schedule(1000.0), optimiser=Momentum(0.99))
    found = train(learner, wild, comm=serial())
    assert "was above that of the start" in found.remarks[0]
    best = min(found.curve, key=lambda row: row.objective)
    assert f"the weights are those of epoch {best.epoch}" in found.remarks[0]
    assert train(learner, TRAINING, comm=serial()).remarks == ()  # control


class Exploding(Logistic):
    def gradient(self, theta: Any, indices: Any) -> tuple[float, int, Any]:
        loss, right, sums = super().gradient(theta, indices)
        return loss, right, sums / np.array([1.0, 1.0, 0.0 if 17 in indices else 1.0])


def test_what_is_not_finite_ends_it_by_the_learners_sentence() -> None:
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match="the output is not finite"):
        train(Exploding(), TRAINING, comm=serial())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            lambda: train(Logistic(), Training(epochs=1, batch=6, schedule=Schedule(0.1))),
            "batch = 6 must be a multiple",
        ),
        (lambda: train(Logistic(), TRAINING, start=np.zeros(2)), "start of shape"),
        (lambda: Training(epochs=0, batch=4, schedule=Schedule(0.1)), "epochs = 0"),
        (lambda: Schedule(0.0), "rate = 0.0 must be a positive"),
        (lambda: Schedule(0.1, decay="cosine"), "decay = 'cosine' must be one of constant, linear"),
        (lambda: Adam(second=1.0), r"second = 1.0 must lie in \[0, 1\)"),
    ],
)
def test_bad_input_is_one_sentence(wrong: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        wrong()
