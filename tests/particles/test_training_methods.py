"""Methods beyond those of one gradient a step: minibatches, ensembles; rates that are too high; no gradient at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from particles import Collisions, Euler, ExactFlow
from particles.base.errors import InputError
from particles.base.parallel import serial
from particles.model import IDENTITY, RELU, TANH, Model, Normal, Product, Samples, cases
from particles.philox import start_uniforms
from particles.run import Run
from particles.training import (
    LM,
    SGD,
    Adam,
    CrossEntropy,
    Descent,
    EnergyDistance,
    EnKI,
    Fit,
    Method,
    Moment,
    Stop,
    Supervised,
    fit,
    gradient,
)  # fmt: skip
from particles.training.batches import Batches
from particles.training.of_particles import Sweep
from particles.training.remarks import active
from tests.paths import ROOT

MODEL = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))


def learnt(method: Method, **asked: Any) -> Fit:
    """arXiv 2001.04294, 5.3, with its target moved from 1 to 2."""
    given = {"count": 100, "until": 5.0, "start": "quantile", "stop": Stop(value=1e-6, iterations=100)}
    return fit(MODEL, ExactFlow(), Moment(2.0), method, **(given | asked))


def iterations_to(found: Fit, level: float) -> int:
    return next(point.iteration for point in found.curve if point.value <= level)


@pytest.mark.parametrize(
    ("method", "evaluations"),
    [
        (SGD(), [8, 10, 53]),
        (SGD(0.05, batch=100), [23, 45, 45, 100]),
        (EnKI(), [22, 33, 44, 253]),
    ],
    ids=repr,
)
def test_evaluations_are_those_that_the_page_tells(method: Method, evaluations: list[int]) -> None:
    levels = [1e-1, 1e-2, 1e-3, 1e-4][: len(evaluations)]
    curve = learnt(method, count=1000, stop=Stop(value=levels[-1], iterations=60)).curve
    assert [next(p.evaluations for p in curve if p.value <= level) for level in levels] == evaluations
    row = next(
        line for line in (ROOT / "docs" / "training.md").read_text().splitlines() if line.startswith(_row(method))
    )
    assert [int(word) for word in row.split("|")[2:-3] if word.strip().isdigit()] == evaluations


def _row(method: Method) -> str:
    return "| `sgd --rate 0.05 --batch 100`" if method == SGD(0.05, batch=100) else f"| `{method.name}` "


def test_momentum_is_that_of_an_independent_loop() -> None:
    found = learnt(SGD(0.02, 0.8), stop=Stop(iterations=12))
    theta, velocity = np.array([-1.0, 1.0]), np.zeros(2)
    for point in found.curve:
        np.testing.assert_allclose(point.theta, theta, rtol=1e-13)
        model = Model(drift=TANH, weight=theta[0], bias=theta[1], initial=Normal(1.0, 1.0))
        slope = gradient(model, ExactFlow(), Moment(2.0), count=100, until=5.0, start="quantile")
        velocity = 0.8 * velocity + np.array([slope.weights.sum(), slope.biases.sum()])
        theta = theta - 0.02 * velocity


def batches(size: int, loss: Any = None, **changes: Any) -> Batches:
    given = {"count": 1000, "until": 1.0, "seed": 5} | changes
    scheme = given.pop("scheme", Euler(layers=5))
    return Batches(Sweep.prepared(given.pop("model", MODEL), scheme, loss or Moment(2.0), Run(**given), serial()), size)


@pytest.mark.parametrize(
    ("loss", "changes"),
    [
        (Moment(2.0), {}),
        (Supervised(np.linspace(-1.0, 3.0, 1000)), {"start": Samples(np.sin(np.arange(1000.0)))}),
        (CrossEntropy(np.arange(1000) % 2), {"start": Samples(np.cos(np.arange(1000.0)))}),
    ],
    ids=["moment", "supervised", "cross-entropy"],
)
def test_the_batches_of_an_epoch_hold_every_particle_once(loss: Any, changes: dict[str, Any]) -> None:
    """Their gradients, weighed by their particles, have the mean of all of them; each has its own label."""
    these, sizes = batches(300, loss, **changes), np.array([300, 300, 300, 100])
    assert these.an_epoch == 4
    whole = these.sweep.gradient()
    for epoch in (0, 1):
        parts = [these.gradient(MODEL, 4 * epoch + k) for k in range(4)]
        assert np.average([part.loss for part in parts], weights=sizes) == pytest.approx(whole.loss, rel=1e-13)
        mean = np.average([part.weights for part in parts], axis=0, weights=sizes)
        np.testing.assert_allclose(mean, whole.weights, rtol=1e-11)
        assert len({part.loss for part in parts}) == 4
    assert these.gradient(MODEL, 0).loss == batches(300, loss, **changes).gradient(MODEL, 0).loss
    assert these.gradient(MODEL, 0).loss != these.gradient(MODEL, 4).loss  # another order in the next epoch


def test_noise_is_drawn_anew_in_each_batch() -> None:
    noisy = batches(1000, model=cases["tanh-noise"].model, scheme=Collisions(0.1))
    first, second = (noisy.gradient(noisy.sweep.model, number).loss for number in (0, 1))
    assert first != second
    assert first == pytest.approx(second, rel=0.2)


@pytest.mark.parametrize("method", [SGD(0.05, batch=10), Adam(0.1, batch=10)], ids=repr)
def test_minibatches_come_near_in_fewer_passes(method: Method) -> None:
    few, all_of_them = learnt(method), learnt(type(method)(method.rate))  # type: ignore[call-arg,attr-defined]
    assert iterations_to(few, 1e-2) < iterations_to(all_of_them, 1e-2)
    assert few.curve[1].evaluations == 12  # ten batches, and all particles at both ends of the epoch


def test_minibatches_learn_the_distance_to_a_law() -> None:
    found = fit(
        MODEL, ExactFlow(), EnergyDistance(Normal(2.0, 0.25)), SGD(0.02, batch=100), count=1000, until=2.0,
        stop=Stop(iterations=20),
    )  # fmt: skip
    assert found.curve[-1].value < 0.1 * found.curve[0].value


def dense_step(ensemble: Any, outputs: Any, targets: Any, variance: float) -> Any:
    """The equation of ensemble Kalman inversion as it stands, with numpy's products and inverse."""
    theta, out = ensemble - ensemble.mean(axis=0), outputs - outputs.mean(axis=0)
    cross, own = theta.T @ out / len(theta), out.T @ out / len(out)
    gain = cross @ np.linalg.inv(own + variance * np.eye(own.shape[0]))
    return ensemble + (targets - outputs) @ gain.T


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_an_ensemble_moves_as_the_equation_says(ridge: float) -> None:
    """M d x M d matrices, where the method has J x J: components and the ridge are among the outputs."""
    weight, bias = np.array([[-1.0, 0.4], [0.2, -0.5]]), np.array([0.3, 0.1])
    model = Model(drift=TANH, weight=weight, bias=bias, initial=Product([Normal(1.0, 1.0), Normal(0.0, 1.0)]))
    points = np.random.default_rng(3).normal(size=(2, 20))
    labels = 0.5 * points[::-1]
    found = fit(
        model, Euler(layers=3), Supervised(labels), EnKI(4, 0.05, 0.2), start=Samples(points), until=1.0, ridge=ridge,
        seed=9, stop=Stop(iterations=1),
    )  # fmt: skip
    draws = [Normal(0.0, 1.0).quantile(start_uniforms(0, 4, component=k, seed=9, purpose=3)) for k in range(6)]
    ensemble, outputs = np.concatenate([weight.reshape(-1), bias]) + 0.2 * np.stack(draws, axis=1), []
    np.testing.assert_allclose(found.curve[0].theta, ensemble.mean(axis=0), rtol=1e-13)
    for theta in ensemble:
        x = points
        for _ in range(3):
            x = x + np.tanh(0.5 * theta[:4].reshape(2, 2) @ x + theta[4:, None]) / 3.0
        outputs.append(np.concatenate([x.reshape(-1), np.sqrt(20.0 * ridge) * theta]))
    targets = np.concatenate([labels.reshape(-1), np.zeros(6)])
    moved = dense_step(ensemble, np.array(outputs), targets, 0.05)
    np.testing.assert_allclose(found.curve[1].theta, moved.mean(axis=0), rtol=1e-10)
    assert found.curve[0].slope is None


def test_an_ensemble_comes_near_by_forward_runs_alone_and_collapses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two or three iterations to a hundredth; then it stalls at about 1e-4, where Levenberg and Marquardt's goes on."""

    def refuse(self: Sweep) -> Any:
        raise AssertionError("a gradient was asked for")

    monkeypatch.setattr(Sweep, "gradient", refuse)
    found = learnt(EnKI(10, 0.01))
    assert iterations_to(found, 1e-2) <= 3
    assert found.reason.startswith("the ensemble has collapsed: its outputs have a share 0.00")
    assert 2e-5 < found.chosen.value < 4e-4
    monkeypatch.undo()
    assert iterations_to(learnt(LM()), 1e-6) <= 9


def test_an_ensemble_takes_noise_as_it_is() -> None:
    noisy, asked = cases["tanh-noise"].model, {"count": 200, "until": 1.0, "ridge": 0.1}
    found = fit(noisy, Collisions(0.1), Moment(1.0), EnKI(8, 1.0), stop=Stop(iterations=20), **asked)  # type: ignore[arg-type]
    other = fit(noisy, Collisions(0.1), Moment(1.0), stop=Stop(gradient=1e-6), **asked)  # type: ignore[arg-type]
    fall = other.curve[0].value - other.chosen.value
    assert found.chosen.value - other.chosen.value < 0.05 * fall


def test_a_rate_that_is_too_high_is_said_and_the_best_numbers_are_kept() -> None:
    found = learnt(SGD(3.0), stop=Stop(iterations=20))
    assert found.curve[-1].value > found.curve[0].value
    assert found.chosen.value == min(point.value for point in found.curve)
    assert found.values == {"weight": found.chosen.theta[0], "bias": found.chosen.theta[1]}
    (remark,) = found.remarks
    assert remark.startswith("the objective stood above its start, 0.50")
    assert remark.endswith("the rate is too high; the numbers are those of iteration 0")
    long = learnt(Descent(2.0, fixed=True), stop=Stop(value=1e-1, iterations=200))
    assert [remark[:36] for remark in long.remarks] == ["the objective stood above its start,"]
    assert long.chosen is long.curve[-1]
    assert learnt(Adam(0.1), stop=Stop(iterations=12)).remarks == ()  # control


@pytest.mark.parametrize("method", [Descent(2.0, fixed=True), Adam(50.0), SGD(5.0), SGD(5.0, batch=50)], ids=repr)
def test_an_explosion_ends_a_training_with_its_best_numbers(method: Method) -> None:
    model = Model(drift=IDENTITY, weight=1.0, bias=0.0, initial=Normal(1.0, 1.0))
    found = fit(model, ExactFlow(), Moment(1e3), method, count=100, until=2.0, stop=Stop(iterations=30))
    assert all(np.isfinite(point.value) for point in found.curve)
    assert found.chosen.value <= found.curve[0].value
    if not isinstance(method, Adam):
        assert found.reason == "the objective is no longer finite: the rate is too high"


def test_without_a_gradient_the_share_of_active_particles_is_told() -> None:
    """P(-x - 5 > 0) = P(N(1, 1) < -5) = Phi(-6) = 9.87e-10."""
    dead = Model(drift=RELU, weight=-1.0, bias=-5.0, initial=Normal(1.0, 1.0))
    (remark,) = fit(dead, ExactFlow(), Moment(2.0), count=50, until=1.0).remarks
    assert remark.startswith("nothing was learnt: gradient 0: a share 9.9e-10 of the particles is active")

    def share(model: Model, count: int = 4, **changes: Any) -> float:
        run = Run(**({"count": count, "until": 1.0} | changes))
        return active(Sweep.prepared(model, Euler(layers=2), Moment(0.0), run, serial()))

    points = Samples(np.array([-3.0, -1.0, 0.0, 2.0]))
    half = Model(drift=RELU, weight=1.0, bias=0.5, initial=Normal(1.0, 1.0))
    assert share(half, start=points) == 0.5
    assert share(half) == pytest.approx(0.9331927987311419, rel=1e-12)  # Phi(1.5)
    assert share(MODEL) == 1.0
    flat = Model(drift=RELU, weight=0.0, bias=-0.5, initial=Normal(1.0, 1.0))
    assert share(flat) == 0.0


@pytest.mark.parametrize(
    ("method", "loss", "words"),
    [
        (EnKI(), EnergyDistance(Normal(2.0, 0.25)), "method = 'enki' with loss 'energy': allowed are moment and sup"),
        (SGD(batch=101), Moment(2.0), "batch = 101 of 100 particles"),
        (Adam(batch=101), Moment(2.0), "batch = 101 of 100 particles"),
        (LM(), EnergyDistance(Normal(2.0, 0.25)), "method = 'lm' with loss 'energy'"),
    ],
)
def test_what_a_method_cannot_do_is_refused(method: Method, loss: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        fit(MODEL, ExactFlow(), loss, method, count=100, until=1.0)


@pytest.mark.parametrize(
    "wrong", [lambda: SGD(momentum=1.0), lambda: SGD(batch=0), lambda: EnKI(1), lambda: EnKI(variance=0.0)]
)
def test_wrong_numbers_of_a_method_are_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()
