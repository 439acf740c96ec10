"""Claims about learning: iterations as of an independent implementation, minima, runaways, the kept case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from particles import Collisions, Euler, ExactFlow, carry
from particles.base.errors import InputError
from particles.base.parallel import Ranks
from particles.model import (
    IDENTITY,
    RELU,
    TANH,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    Samples,
    cases,
    cubic,
    layers,
    load_case,
    power_law,
)
from particles.model.cases.case import Case
from particles.model.cases.write import MEASUREMENTS, table_of, toml_of
from particles.training.learn import Fit, fit
from particles.training.losses import EnergyDistance, Loss, Moment, Supervised
from particles.training.methods import LBFGS, LM, Adam, Descent, Method, Stop
from particles.training.objective import solved
from particles.training.of_particles import gradient
from particles.training.parameters import Parameters, learnable
from particles.training.tangents import ends_and_tangents

REGRESSION = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
"""Its target moves from 1 to 2 (arXiv 2001.04294, 5.3): T = 5, 1000 quantile particles, exact flow."""
LEVELS = 1e-1, 1e-2, 1e-3, 1e-4, 1e-6


def learnt(method: Method | None = None, loss: Loss | None = None, **asked: Any) -> Fit:
    given = {"count": 1000, "until": 5.0, "start": "quantile", "stop": Stop(value=1e-6, iterations=200)}
    return fit(REGRESSION, ExactFlow(), loss or Moment(2.0), method, **(given | asked))


def reached(found: Fit) -> list[tuple[int, int] | None]:
    """Iterations and evaluations until the objective is at most each level."""
    below = [[point for point in found.curve if point.value <= level] for level in LEVELS]
    return [(points[0].iteration, points[0].evaluations) if points else None for points in below]


@pytest.mark.parametrize(
    ("method", "iterations", "numbers"),
    [
        (Descent(0.1, fixed=True), 20, [(3, 4), (4, 5), None, None, None]),
        (Descent(1.0, fixed=True), 30, [(18, 19), (20, 21), (21, 22), (22, 23), (24, 25)]),
        (Descent(1.0), 60, [(3, 8), (3, 8), (60, 122), None, None]),
        (Adam(0.1), 40, [(3, 4), (9, 10), (37, 38), None, None]),
    ],
    ids=repr,
)
def test_methods_take_the_steps_of_an_independent_implementation(
    method: Method, iterations: int, numbers: list[Any]
) -> None:
    assert reached(learnt(method, stop=Stop(value=1e-6, iterations=iterations))) == numbers


def test_levenberg_and_marquardt_reach_a_millionth_in_ten_evaluations() -> None:
    last = reached(learnt(LM()))[-1]
    assert last is not None
    assert last[1] <= 10


def test_the_papers_fixed_step_runs_through_weights_that_repel() -> None:
    """gamma = 2: 99 steps until the loss is a tenth, away through w > 0."""
    found = learnt(Descent(2.0, fixed=True), stop=Stop(value=1e-1, iterations=200))
    assert found.curve[-1].iteration == 99
    assert max(point.theta[0] for point in found.curve) > 0.5


def test_without_a_ridge_the_weight_runs_away_and_that_is_said() -> None:
    (remark,) = learnt(LM()).remarks
    assert remark.startswith("the loss still falls while weight = -2.5")
    assert learnt(LM(), ridge=1e-3).remarks == ()
    (remark,) = learnt(LM(), Moment(-5.0), stop=Stop(), until=2.0).remarks  # beyond reach: every particle at full speed
    assert remark.startswith("the loss still falls while weight = -")
    (remark,) = learnt(LM(), bounds={"weight": (1.0, 3.0)}, stop=Stop(), until=2.0).remarks
    assert remark.startswith("the loss still falls while bias = ")


@pytest.mark.parametrize("method", [LM(), LBFGS(), Adam(0.1), Descent(1.0)], ids=repr)
def test_a_start_where_nothing_moves_is_said(method: Method) -> None:
    """relu(-x - 10) is 0 for all that is above -10: no derivative tells a way."""
    dead = Model(drift=RELU, weight=-1.0, bias=-10.0, initial=Normal(1.0, 1.0))
    found = fit(dead, ExactFlow(), Moment(2.0), method, count=50, until=1.0, start="quantile")
    assert found.curve[-1].theta.tolist() == [-1.0, -10.0]
    assert [remark[:19] for remark in found.remarks] == ["nothing was learnt:"]


def test_a_minimum_that_is_far_is_no_runaway() -> None:
    """x(1) = e^w x(0) is nearest to y where e^w = y E x/E x^2, here 0.2/2."""
    model = Model(drift=IDENTITY, weight=-0.1, bias=0.0, initial=Normal(1.0, 1.0))
    found = fit(
        model, ExactFlow(), Moment(0.2), LM(), count=10_000, until=1.0, start="quantile", learn=("weight",),
    )  # fmt: skip
    assert found.curve[-1].theta[0] == pytest.approx(np.log(0.1), abs=1e-3)
    assert found.remarks == ()


@pytest.mark.parametrize("bound", [(-0.3, -0.1), (-1.5, -0.5)], ids=str)
def test_levenberg_and_marquardt_find_the_minimum_at_a_bound(bound: tuple[float, float]) -> None:
    found, other = (
        learnt(method, bounds={"weight": bound}, stop=Stop(), until=2.0, count=100) for method in (LM(), LBFGS())
    )
    assert found.curve[-1].theta[0] in bound
    np.testing.assert_allclose(found.curve[-1].theta, other.curve[-1].theta, atol=1e-8)
    assert found.curve[-1].slope <= 1e-10


@pytest.mark.parametrize("method", [LM(), LBFGS()], ids=repr)
def test_with_a_ridge_there_is_one_minimum(method: Method) -> None:
    found = learnt(method, ridge=1e-3, stop=Stop())
    np.testing.assert_allclose(found.curve[-1].theta, [-0.81489018378, 1.65010986810], atol=1e-8)
    assert found.curve[-1].value == pytest.approx(0.00232509038856998, abs=1e-14)


def test_bounds_hold_every_iterate() -> None:
    found = learnt(LBFGS(), bounds={"weight": (-1.5, -1e-3)})
    assert all(-1.5 <= point.theta[0] <= -1e-3 for point in found.curve)
    assert found.curve[-1].theta[0] == -1.5


def test_layers_are_learnt_each_for_itself() -> None:
    """A network whose layers differ does better than one whose layers are alike; it contains the latter."""
    alike = fit(REGRESSION, Euler(layers=20), Moment(2.0), count=500, until=2.0, ridge=1e-3, start="quantile")
    start = Model(drift=TANH, weight=layers([-1.0] * 2, 2.0), bias=layers([1.0] * 2, 2.0), initial=Normal(1.0, 1.0))
    free = fit(start, Euler(layers=20), Moment(2.0), count=500, until=2.0, ridge=0.5e-3, start="quantile")
    assert free.names == ("weight from t = 0", "weight from t = 1", "bias from t = 0", "bias from t = 1")
    assert free.curve[-1].value < alike.curve[-1].value - 1e-3


@pytest.mark.parametrize("method", [LM(), LBFGS()], ids=repr)
def test_the_constant_of_a_drift_is_learnt(method: Method) -> None:
    """Labels that a cubic network with other numbers makes are met by finding them; gamma is held above 0."""
    start, asked = Samples(np.linspace(-2.0, 2.0, 200)), {"until": 1.5, "learn": ("weight", "gamma")}
    labels = carry(Model(drift=cubic(0.7), weight=-0.4, bias=0.2, initial=Normal(0.0, 1.0)), Euler(dt=0.1),
                   start.points, 1.5).reshape(-1)  # fmt: skip
    model = Model(drift=cubic(0.2), weight=0.5, bias=0.2, initial=Normal(0.0, 1.0))
    found = fit(model, Euler(dt=0.1), Supervised(labels), method, start=start, stop=Stop(gradient=1e-11), **asked)  # type: ignore[arg-type]
    assert found.names == ("weight", "gamma")
    np.testing.assert_allclose(found.curve[-1].theta, [-0.4, 0.7], rtol=1e-7)
    steep = start.points + 0.2 * start.points**3
    low = fit(model, Euler(dt=0.1), Supervised(steep), method, start=start, **asked)  # type: ignore[arg-type]
    assert low.model.drift.constants == (1e-100, 3.0)


def test_distances_to_laws_are_learnt_too() -> None:
    """A normal law can't be met, but two numbers come near."""
    found = learnt(loss=EnergyDistance(Normal(2.0, 0.25)), stop=Stop(gradient=1e-8))
    assert found.curve[-1].value < 0.05 * found.curve[0].value
    assert found.curve[-1].slope < 1e-6


@pytest.mark.long
def test_noise_is_no_hindrance() -> None:
    noisy = cases["tanh-noise"].model
    found = fit(noisy, Collisions(0.1), EnergyDistance(Normal(2.0, 0.5)), count=5000, until=1.0, ridge=1e-2)
    assert found.curve[-1].slope < 1e-6
    assert found.curve[-1].value < 0.5 * found.curve[0].value


@pytest.mark.parametrize(
    ("model", "scheme"),
    [
        (REGRESSION, ExactFlow()),
        (Model(drift=TANH, weight=layers([-1.0, 0.5], 2.0), bias=[1.0], initial=Normal(1.0, 1.0)), Euler(layers=8)),
        (Model(drift=cubic(0.2), weight=0.5, bias=0.1, initial=Normal(1.0, 1.0), neurons=2), Euler(layers=8)),
        (Model(drift=cubic(0.2), weight=layers([0.5, -0.3], 2.0), bias=0.0, initial=Normal(1.0, 1.0)), ExactFlow()),
        (
            Model(
                drift=TANH, weight=[[-1.0, 0.4], [0.2, -0.5]], bias=[0.3, 0.1],
                initial=Product([Normal(1.0, 1.0), Normal(0.0, 1.0)]),
            ),
            Euler(layers=8),
        ),
    ],
)  # fmt: skip
def test_tangents_of_ends_are_the_adjoints_gradient(model: Model, scheme: Any) -> None:
    """Two routes to dL/dtheta: tangents forwards, and the adjoint backwards."""
    loss, asked = Moment(2.0), {"count": 300, "until": 2.0, "seed": 3}
    parameters = Parameters(model, learnable(model))
    found = parameters.chain(gradient(model, scheme, loss, **asked))  # type: ignore[arg-type]
    from particles.base.parallel import serial
    from particles.ensemble import Ensemble

    begin = Ensemble(300, serial()).start(model, "random", 3, 0)
    ends, tangents = ends_and_tangents(parameters, scheme, begin, 2.0)
    readouts = ends.reshape(model.neurons, model.dim, -1).mean(axis=0) - 2.0
    by_theta = tangents.reshape(len(tangents), model.neurons, model.dim, -1).mean(axis=1)
    np.testing.assert_allclose((by_theta * readouts).sum(axis=1).mean(axis=1), found, rtol=1e-11, atol=1e-14)


def test_labels_are_read_and_never_written() -> None:
    """The sweep back writes slopes where the loss's numbers stood: they are the loss's own copy, of any size."""
    labels = np.array([1.0, 2.0, 3.0, 4.0])
    loss, start = Supervised(labels), Samples([0.0, 0.5, 1.0, 2.0])
    first, again = (gradient(REGRESSION, ExactFlow(), loss, until=1.0, start=start) for _ in range(2))
    np.testing.assert_array_equal(labels, [1.0, 2.0, 3.0, 4.0])
    ends = carry(REGRESSION, ExactFlow(), start.points, 1.0).reshape(-1)
    assert first.loss == again.loss == pytest.approx(0.5 * np.mean((ends - labels) ** 2), rel=1e-14)
    for count in (0, 1, 4):
        for one in (loss, Moment(2.0)):
            given = one.given(1, 0, count)
            assert given is not None
            assert given.flags.writeable
            assert given.flags.c_contiguous
            assert not np.shares_memory(given, loss._rows)


def test_a_few_equations_are_solved_as_by_lapack() -> None:
    random = np.random.default_rng(0)
    factor = random.normal(size=(6, 6))
    matrix, right = factor @ factor.T + 0.1 * np.eye(6), random.normal(size=6)
    np.testing.assert_allclose(solved(matrix, right), np.linalg.solve(matrix, right), rtol=1e-11)
    np.testing.assert_allclose(solved(np.diag([2.0, 0.0]), np.array([4.0, 1.0])), [2.0, 0.0], rtol=1e-15)


def two_clusters(count: int) -> tuple[Samples, Any]:
    """Middles of equal cells of N(0, 1) cut to [-.2, .2], about -1 and about 1; targets -2 and 2 (Bonnet et al.)."""
    low, high = ndtr([-0.2, 0.2])
    half = 1.0 + ndtri(low + (high - low) * (np.arange(count // 2) + 0.5) / (count // 2))
    points = np.concatenate([-half, half])
    return Samples(points), 2.0 * np.sign(points)


@pytest.mark.parametrize(
    ("layers_", "until", "cost", "thetas"),
    [
        (10, 1.0, 0.1335876092521, [1.007496575, 0.977833295, 0.949298876, 0.921945105, 0.895790981, 0.870830899,
                                    0.847041429, 0.824386739, 0.802822818, 0.782300690]),
        (9, 0.9, 0.1625136332583, [1.103862635, 1.067015221, 1.032088418, 0.999050647, 0.967840016, 0.938375576,
                                   0.910565576, 0.884313338, 0.859521328]),
    ],
)  # fmt: skip
def test_the_control_of_a_mean_field_is_that_of_pontryagins_principle(
    layers_: int, until: float, cost: float, thetas: list[float]
) -> None:
    """E abs(x_T - y)^2 + lam dt sum theta_k^2, lam = .1: a ridge of lam dt on half of it; Newton's method elsewhere."""
    dt = until / layers_
    start, labels = two_clusters(20_000)
    model = Model(drift=TANH, weight=layers([1.0] * layers_, until), bias=0.0, initial=Normal(0.0, 1.0))
    found = fit(
        model, Euler(layers=layers_), Supervised(labels), until=until, start=start, ridge=0.1 * dt, learn=("weight",),
        stop=Stop(gradient=1e-11),
    )  # fmt: skip
    np.testing.assert_allclose(found.curve[-1].theta, thetas, atol=1e-8)
    assert 2.0 * found.curve[-1].value == pytest.approx(cost, abs=1e-9)


def test_the_hamiltonian_of_the_control_is_constant_as_layers_grow_in_number() -> None:
    """2 E[p tanh(theta x)] + lam theta^2 = -.23354800 for the continuous problem; with layers it varies by O(dt)."""
    start, labels = two_clusters(1_000)
    spread = []
    for many in (10, 20):
        model = Model(drift=TANH, weight=layers([1.0] * many, 1.0), bias=0.0, initial=Normal(0.0, 1.0))
        found = fit(
            model, Euler(layers=many), Supervised(labels), until=1.0, start=start, ridge=0.1 / many, learn=("weight",),
            stop=Stop(gradient=1e-8),
        )  # fmt: skip
        theta, x, states = found.curve[-1].theta, start.points, []
        for k in range(many):
            states.append(x)
            x = x + np.tanh(theta[k] * x) / many
        p, values = 2.0 * (x - labels), []
        for k in range(many - 1, -1, -1):
            values.append(float((p * np.tanh(theta[k] * states[k])).mean() + 0.1 * theta[k] ** 2))
            p = p + theta[k] / np.cosh(theta[k] * states[k]) ** 2 * p / many
        assert np.mean(values) == pytest.approx(-0.2335479994, abs=0.2 / many)
        spread.append(np.ptp(values))
    assert spread[1] == pytest.approx(0.5 * spread[0], rel=0.1)


@pytest.mark.parametrize("name", sorted(cases))
def test_a_written_case_reads_back_as_itself(tmp_path: Path, name: str) -> None:
    case = cases[name]
    (tmp_path / "case.toml").write_text(toml_of(case))
    if measured := table_of(case):
        (tmp_path / MEASUREMENTS).write_text(measured)
    read = load_case(str(tmp_path / "case.toml"))
    assert read.model.describe() == case.model.describe()
    assert (read.until, read.times, read.rectangle) == (case.until, case.times, case.rectangle)
    assert (read.count, read.layers) == (case.count, case.layers)
    assert case.domain is None or read.cells == case.cells  # cells without ends have no place in a file


def test_pieces_and_powers_are_written_too(tmp_path: Path) -> None:
    model = Model(
        drift=power_law(0.3, 2.5), weight=layers([1.0, -0.5], 2.0), bias=0.0, initial=Normal(1.0, 0.1), scaled=True
    )
    (tmp_path / "case.toml").write_text(toml_of(Case(name="own", model=model, until=2.0, times=(2.0,), domain=None)))
    assert load_case(str(tmp_path / "case.toml")).model.describe() == model.describe()


def test_a_start_with_a_covariance_is_written_too(tmp_path: Path) -> None:
    start = MultivariateNormal(np.array([1.0, -0.5]), np.array([[1.0, 0.3], [0.3, 0.4]]))
    model = Model(drift=IDENTITY, weight=np.array([[-1.0, 0.2], [0.0, -2.0]]), bias=0.0, initial=start)
    (tmp_path / "case.toml").write_text(toml_of(Case(name="own", model=model, until=2.0, times=(2.0,), domain=None)))
    assert load_case(str(tmp_path / "case.toml")).model.describe() == model.describe()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"weight": lambda t: -1.0, "bias": lambda t: 1.0}, "there is nothing to learn"),
        ({"nu2": 1.0}, "nu2 = 1.0"),
    ],
)
def test_what_cannot_be_learnt_is_refused(changed: dict[str, Any], words: str) -> None:
    model = Model(**({"drift": IDENTITY, "weight": -1.0, "bias": 1.0, "initial": Normal(1.0, 1.0)} | changed))
    with pytest.raises(InputError, match=words):
        fit(model, Euler(layers=5), Moment(2.0), count=10, until=1.0)


def test_between_walls_and_with_a_bias_that_follows_the_mean_the_default_is_another_method() -> None:
    """Levenberg and Marquardt's method needs tangents, which are not carried there; asked for by name it is refused."""
    model = Model(drift=TANH, weight=1.0, bias=-0.2, initial=Normal(0.4, 0.16), walls=(-1.0, 1.5))
    asked: dict[str, Any] = {"count": 64, "until": 0.5, "start": "quantile", "stop": Stop(iterations=2)}
    found = fit(model, Euler(layers=10), Moment(2.0), ridge=1e-2, **asked)
    assert found.curve[-1].value < found.curve[0].value
    with pytest.raises(InputError, match="walls"):
        fit(model, Euler(layers=10), Moment(2.0), LM(), **asked)


def test_ranks_that_a_library_leads_apart_are_told_and_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As processors would whose last bits differ: the second rank's numbers are off by a rounding."""
    asked: dict[str, Any] = {"count": 64, "until": 0.5, "start": "quantile"}
    model = cases["regression"].model
    fit(model, Euler(layers=10), Moment(2.0), LBFGS(), ridge=1e-2, **asked)
    monkeypatch.setattr(Ranks, "gather", lambda self, value: [value, np.nextafter(value, 9.0)])
    with pytest.raises(InputError, match="different processors"):
        fit(model, Euler(layers=10), Moment(2.0), LBFGS(), ridge=1e-2, **asked)


@pytest.mark.parametrize("law", ["empirical", "kernel", "histogram"])
def test_measurements_are_kept_whatever_law_they_are_taken_for(tmp_path: Path, law: str) -> None:
    rows = "\n".join(f"{x},{'ab'[k % 2]}" for k, x in enumerate(np.random.default_rng(0).normal(size=40).tolist()))
    (tmp_path / "points.csv").write_text(f"x,kind\n{rows}\n")
    start = f'{{law = "{law}", file = "points.csv", column = "x", labels = "kind"}}'
    (tmp_path / "own.toml").write_text(
        f'[model]\ndrift = "tanh"\nweight = -1.0\nbias = 1.0\ninitial = {start}\n[run]\nuntil = 1.0\n'
    )
    case = load_case(str(tmp_path / "own.toml"))
    (tmp_path / "case.toml").write_text(toml_of(case))
    (tmp_path / MEASUREMENTS).write_text(table_of(case))
    read = load_case(str(tmp_path / "case.toml"))
    assert read.model.describe() == case.model.describe()
    assert read.samples is not None
    assert case.samples is not None
    assert np.array_equal(read.samples.points, case.samples.points)
    assert read.samples.labels.tolist() == case.samples.labels.tolist() == ["a", "b"] * 20


@pytest.mark.parametrize("unit", [1e-6, 1e3])
def test_learning_does_not_hang_on_the_unit_of_length(unit: float) -> None:
    """Powers of ten and not of two: to rounding. A fixed bound of the gradient would end the small one at its start."""

    def learnt(unit: float) -> Fit:
        model = Model(drift=TANH, weight=-1.0 / unit, bias=1.0, initial=Normal(unit, unit**2))
        asked: dict[str, Any] = {"count": 100, "until": 5.0 * unit, "start": "quantile", "stop": Stop(iterations=6)}
        return fit(model, ExactFlow(), Moment(2.0 * unit), LM(), **asked)

    one, other = learnt(1.0), learnt(unit)
    assert len(one.curve) == len(other.curve) == 7
    for a, b in zip(one.curve, other.curve, strict=True):
        assert b.value / unit**2 == pytest.approx(a.value, rel=1e-6)
