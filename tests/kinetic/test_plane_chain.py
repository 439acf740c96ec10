"""Claims about Chang and Cooper's scheme in the plane and the well-balanced one: rest, positivity, entropy, order.

The numbers of the tables are those of an independent implementation (NumPy, SciPy; point values at the centres).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinetic import ChangCooper, Explicit, Grid, Plane, PlaneProblem, WellBalanced, evolve, load, solve
from kinetic.plane.rest import Rest, require_rest, rest_of
from kinetic.schemes import require_scheme
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    MEAN_COUPLED,
    SIGMOID,
    TANH,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    cases,
)
from tests.kinetic.planes import EXAMPLES, normal

STARTS = Product([Normal(1.0, 0.3), Normal(-0.5, 0.3)])


def of(drift: Any, weight: Any, bias: Any = (0.0, 0.0), **more: Any) -> Model:
    """A model with w/d = weight and nu^2 = 1."""
    return Model(drift=drift, weight=2.0 * np.array(weight), bias=list(bias), nu2=1.0, initial=STARTS, **more)


DRIFTS = {
    "symmetric": (of(IDENTITY, [[-1.0, 0.4], [0.4, -0.7]]), 5.0),
    "rotation": (of(IDENTITY, [[-1.0, 0.7], [-0.7, -1.0]]), 5.0),
    "full": (of(IDENTITY, [[-1.0, 1.2], [-0.3, -0.6]]), 5.0),
    "tanh": (of(TANH, [[-1.0, 0.7], [-0.7, -1.0]], (0.3, -0.2)), 9.0),
    "tanh-diagonal": (of(TANH, [[-1.0, 0.0], [0.0, -0.8]], (0.3, 0.0)), 9.0),
}
AT_REST = {  # L1 of the state at rest at 32, 64 and 128 cells
    "rotation": (4.946272e-3, 1.240048e-3, 3.106344e-4),
    "full": (6.505913e-3, 1.651580e-3, 4.144661e-4),
    "tanh": (4.170411e-3, 9.958071e-4, 2.466921e-4),
    "tanh-diagonal": (3.246199e-7, 3.586106e-9, 5.44e-11),
}
TRANSIENT = {  # rotation at T = 1/2
    "chang-cooper": (2.235864e-2, 5.650679e-3, 1.419850e-3),
    "well-balanced": (1.632495e-2, 4.088519e-3, 1.022525e-3),
}
CELLS = (32, 64, 128)
BOTH = (ChangCooper(), WellBalanced())


def square(end: float, cells: int) -> Plane:
    return Plane(*(Grid(-end, end, cells=cells) for _ in range(2)))


def points(plane: Plane, density: Callable[[Floats, Floats], Floats]) -> Floats:
    """Values at the centres, of mass 1."""
    values = density(plane.x.centres, plane.y.centres[:, None])
    return np.asarray(values / (values.sum() * plane.size))


def at_rest(model: Model, plane: Plane) -> Floats:
    rest = rest_of(model)
    assert rest is not None
    return points(plane, lambda x, y: np.exp(rest.log_density(x, y)))


def stepper(scheme: Any, model: Model, plane: Plane, averages: Floats) -> Any:
    return scheme.stepper(PlaneProblem.of(model, plane), averages, plane, np.zeros(plane.atoms))


def rest_error(scheme: Any, name: str, cells: int) -> float:
    model, end = DRIFTS[name]
    plane = square(end, cells)
    wanted = at_rest(model, plane)
    return float(np.abs(stepper(scheme, model, plane, wanted).equilibrium() - wanted).sum() * plane.size)


@pytest.mark.parametrize("name", AT_REST)
def test_the_state_at_rest_of_chang_and_cooper_is_that_of_an_independent_implementation(name: str) -> None:
    found = [rest_error(ChangCooper(), name, cells) for cells in CELLS]
    np.testing.assert_allclose(found, AT_REST[name], rtol=1e-3 if found[-1] < 1e-10 else 1e-6)
    order = math.log2(found[-2] / found[-1])
    assert order == pytest.approx(6.0 if name == "tanh-diagonal" else 2.0, abs=0.1)


@pytest.mark.parametrize("cells", CELLS)
def test_chang_and_cooper_rest_exactly_where_a_linear_drift_is_a_gradient(cells: int) -> None:
    assert rest_error(ChangCooper(), "symmetric", cells) < 1e-14
    assert rest_error(ChangCooper(), "rotation", cells) > 1e-4  # the control: no gradient


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("name", DRIFTS)
def test_the_well_balanced_scheme_rests_exactly_at_a_known_law(name: str, cells: int) -> None:
    assert rest_error(WellBalanced(), name, cells) < 1e-13


@pytest.mark.parametrize("name", DRIFTS)
def test_a_run_of_the_well_balanced_scheme_from_the_law_at_rest_stays_there(name: str) -> None:
    model, end = DRIFTS[name]
    plane = square(end, 32)
    wanted = at_rest(model, plane)
    found = solve(model, plane, WellBalanced(), averages=wanted, until=10.0).averages[-1]
    assert np.abs(found - wanted).sum() * plane.size < 1e-13
    moved = solve(model, plane, Explicit(), averages=wanted, until=1.0).averages[-1]
    assert np.abs(moved - wanted).sum() * plane.size > 1e-6  # the control: no other scheme does


def test_laws_at_rest_are_those_of_lyapunov_and_of_the_closed_form() -> None:
    """Covariances [[.64814815, .37037037], [., .92592593]] and [[.8984375, .33203125], [., .66731771]]."""
    plane = square(9.0, 128)
    x, y = plane.x.centres, plane.y.centres[:, None]
    for name, wanted in (
        ("symmetric", (0.64814815, 0.37037037, 0.92592593)), ("full", (0.8984375, 0.33203125, 0.66731771)),
        ("tanh", (1.01716259, 0.0, 1.01716259)),
    ):  # fmt: skip
        wide = square(16.0, 256)
        x, y = wide.x.centres, wide.y.centres[:, None]
        g = at_rest(DRIFTS[name][0], wide) * wide.size
        m, n = float((g * x).sum()), float((g * y).sum())
        found = [float((g * part).sum()) for part in ((x - m) ** 2, (x - m) * (y - n), (y - n) ** 2)]
        assert found == pytest.approx(wanted, abs=2e-8)
    assert rest_of(of(SIGMOID, [[-1.0, 0.7], [-0.7, -1.0]])) is None
    assert rest_of(of(IDENTITY, [[1.0, 0.7], [-0.7, 1.0]])) is None


@pytest.mark.parametrize("scheme", BOTH, ids=repr)
def test_transients_are_of_second_order_with_the_errors_of_an_independent_implementation(scheme: Any) -> None:
    model, errors = DRIFTS["rotation"][0], []
    start = normal(np.array([1.0, -0.5]), 0.3 * np.eye(2))
    turn, shrink = 0.35, math.exp(-0.5)
    c, s = math.cos(turn), math.sin(turn)
    mean = shrink * np.array([c * 1.0 - s * 0.5, -s * 1.0 - c * 0.5])
    end = normal(mean, (0.3 * shrink**2 + 0.5 * (1.0 - shrink**2)) * np.eye(2))
    for cells in CELLS:
        plane = square(5.0, cells)
        run = stepper(scheme, model, plane, start(plane.x.centres, plane.y.centres[:, None]))
        run.advance(0.0, 0.5 / 160, 160, 1.0)
        errors.append(float(np.abs(run.averages - end(plane.x.centres, plane.y.centres[:, None])).sum() * plane.size))
    np.testing.assert_allclose(errors, TRANSIENT[scheme.name], rtol=1e-3)


def entropies(run: Any, dt: float, steps: int) -> tuple[Floats, float]:
    """Relative entropies to the state at rest of the chain, and the lowest average."""
    rest, found, lowest = run.equilibrium(), [], math.inf
    for k in range(steps):
        g = run.averages
        found.append(float((g * np.log(np.maximum(g, 1e-300) / rest)).sum() / g.sum()))
        run.advance(k * dt, dt, 1, math.inf)
        lowest = min(lowest, float(run.averages.min()))
    return np.array(found), lowest


@pytest.mark.parametrize("kind", [ChangCooper, WellBalanced])
def test_entropy_falls_at_every_step_at_twice_the_rate_of_the_drift(kind: Any) -> None:
    plane = square(5.0, 64)
    start = points(plane, lambda x, y: np.exp(-((x - 1.5) ** 2 + (y + 0.5) ** 2) / 0.1))
    run = stepper(kind("implicit-euler"), DRIFTS["rotation"][0], plane, start)
    found, lowest = entropies(run, 0.05, 100)
    assert np.diff(found).max() <= 1e-14
    assert lowest > 0.0
    assert math.log(found[40] / found[60]) == pytest.approx(1.96, abs=0.02)  # implicit steps of .05: below 2


def test_an_explicit_step_beyond_its_bound_loses_both() -> None:
    plane = square(5.0, 32)
    start = points(plane, lambda x, y: np.exp(-((x - 1.5) ** 2 + (y + 0.5) ** 2) / 0.1))
    run = stepper(ChangCooper("ssprk2"), DRIFTS["rotation"][0], plane, start)
    within = run.longest_step(0.0, 1.0)
    assert entropies(run, within, 20)[1] >= 0.0
    found, lowest = entropies(run, 3.0 * within, 20)
    assert lowest < 0.0
    assert np.diff(found).max() > 0.0


@pytest.mark.parametrize("cells", [32, 128])
def test_no_rate_is_negative_where_the_current_outruns_diffusion(cells: int) -> None:
    """In the corners of the coarse grid it does, as central fluxes would show."""
    model, plane = DRIFTS["rotation"][0], square(5.0, cells)
    wanted = at_rest(model, plane)
    rates = stepper(WellBalanced(), model, plane, wanted).rates(0.0)
    assert min(float(part.min()) for part in rates[:4]) >= 0.0
    psi = -0.35 * np.pad(at_rest(model, square(5.0, cells)), 0)
    current = np.abs(np.diff(psi, axis=0)[:, :-1]) / plane.y.h
    outrun = current * plane.x.h > 2.0 * 0.5 * np.minimum(wanted[1:, :-1], wanted[1:, 1:])
    assert outrun.any() == (cells == 32)


def varied(kind: str) -> Model:
    if kind == "mean-coupled":
        return replace(of(IDENTITY, [[-1.0, 0.7], [-0.7, -1.0]]), bias=MEAN_COUPLED)
    return replace(DRIFTS["tanh"][0], weight=lambda t: [[-2.0, 1.4 * math.cos(3.0 * t)], [-1.4, -2.0]])


@pytest.mark.parametrize("kind", ["mean-coupled", "varying"])
@pytest.mark.parametrize(("time", "order"), [("implicit-euler", 1), ("sdirk2", 2)])
def test_the_order_in_time_is_the_one_stated_where_the_field_varies(kind: str, time: Any, order: int) -> None:
    plane, model = square(5.0, 20), varied(kind)

    def end(steps: int) -> Floats:
        run = stepper(ChangCooper(time), model, plane, plane.averages(STARTS))
        run.advance(0.0, 1.0 / steps, steps, 1.0)
        return np.array(run.averages)

    states = [end(steps) for steps in (8, 16, 32)]
    coarse, fine = (float(np.abs(a - b).sum()) for a, b in pairwise(states))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.25)


def test_a_run_in_the_plane_is_of_the_order_stated_and_keeps_mass_and_scheme(tmp_path: Path) -> None:
    example, errors = EXAMPLES["ou"], []
    law = MultivariateNormal(*example.law(0.5))
    for cells in (24, 48, 96):
        plane = example.plane(cells)
        problem = PlaneProblem(example.speeds, "reflecting", 0.5)
        start = plane.averages_of(example.start())
        found = evolve(problem, start, plane, ChangCooper(), until=0.5)
        errors.append(
            float(
                np.abs(
                    found.averages[-1] - points(plane, lambda x, y: law.pdf(np.stack(np.broadcast_arrays(x, y))))
                ).sum()
                * plane.size
            )
        )
        assert found.mass(0.5) == pytest.approx(float(start.sum()) * plane.size, abs=1e-13)
        assert found.lowest >= 0.0
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.25)
    model = cases["circulation"].model
    record = solve(model, square(12.0, 24), WellBalanced("implicit-euler", cfl=0.9), until=0.5)
    record.save(tmp_path / "plane.nc")
    assert load(tmp_path / "plane.nc").scheme == WellBalanced("implicit-euler", cfl=0.9)


def test_a_density_at_rest_of_ones_own_is_taken_and_may_be_too_small_for_numbers() -> None:
    model, plane = DRIFTS["rotation"][0], square(40.0, 64)
    rest = Rest(lambda x, y: -(x * x + y * y) + 0.0 * x, 0.35)
    problem = replace(PlaneProblem.of(model, plane), rest=rest)
    run = WellBalanced().stepper(problem, plane.inside(STARTS), plane, np.zeros(plane.atoms))
    assert min(float(part.min()) for part in run.rates(0.0)[:4]) >= 0.0  # type: ignore[attr-defined]
    found = evolve(PlaneProblem.of(model, plane), plane.inside(STARTS), plane, WellBalanced(), until=2.0)
    assert found.lowest >= 0.0
    assert found.mass(2.0) == pytest.approx(1.0, abs=1e-13)


ONES = np.ones((8, 8))
QUIET = PlaneProblem(lambda x, y, t, mean: (-x, -y), "reflecting", 0.5)
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: evolve(replace(QUIET, boundary="periodic"), ONES, square(1.0, 8), ChangCooper(), until=1.0),
     "scheme chang-cooper: allowed is one with diffusion and reflecting ends"),
    (lambda: evolve(QUIET, ONES, square(1.0, 8), WellBalanced(), until=1.0),
     "scheme well-balanced: allowed is one whose law at rest is known"),
    (lambda: evolve(QUIET, np.eye(8) - 0.5, square(1.0, 8), ChangCooper(), until=1.0),
     r"averages\[0, 1\] = -0.5 \(x = -0.625, y = -0.875\) must be at least 0"),
    (lambda: require_scheme(WellBalanced(), noisy=True), "on the line: allowed is 'explicit' or 'imex' or"),
    (lambda: require_scheme(ChangCooper(), noisy=True, in_plane=True, ranks=2), "on 2 ranks: allowed is 'explicit'"),
    (lambda: WellBalanced("euler"), "time = 'euler' must be one of ssprk2"),  # type: ignore[arg-type]
    (lambda: evolve(replace(QUIET, rest=Rest(lambda x, y: x)), ONES, square(1.0, 8), WellBalanced(), until=1.0),
     "log_density at 8 x 8 points must be"),
    (lambda: require_rest(of(SIGMOID, [[-1.0, 0.7], [-0.7, -1.0]])), "law at rest of drift 'sigmoid' .* is not known"),
    (lambda: Rest(1.0), r"log_density = 1\.0 must be a function \(x, y\)"),  # type: ignore[arg-type]
    (lambda: Rest(lambda x, y: x + y, math.nan), "circulation"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "said"), REFUSED)
def test_what_does_not_fit_is_refused(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
