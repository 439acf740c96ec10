"""Claims about implicit diffusion in the plane: errors of the explicit scheme, third order in time, steps like h."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Explicit, Grid, Imex, Linear, Plane, PlaneProblem, evolve
from kinetic.plane import imex
from kinetic.plane.advection import Advection
from kinetic.plane.imex import PlaneImexStepper
from kinetic.plane.modes import Modes
from kinetic.schemes import require_scheme
from particles.base.arrays import Floats
from particles.base.errors import InputError
from tests.kinetic.planes import EXAMPLES, averages
from tests.kinetic.test_plane import CELLS, ERRORS, WEIGHTS

OU = EXAMPLES["ou"]
BOX = Plane(Grid(-0.5, 1.0, cells=24), Grid(-0.6, 0.9, cells=20))


def pulled(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return -x + 0.0 * y, 0.2 - y + 0.0 * x


def shoved(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return 1.0 - 3.0 * x + 0.0 * y, x - 2.0 * y


def held(plane: Plane) -> Floats:
    """At rest under `pulled` with D = 1/2 between walls, which hold mass."""
    g = plane.averages_of(lambda x, y: np.exp(-x * x - (y - 0.2) ** 2), nodes=5)
    return np.asarray(g / (g.sum() * plane.size))


def box(cells: int) -> Plane:
    return Plane(Grid(-0.5, 1.0, cells=cells), Grid(-0.6, 0.9, cells=cells))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_errors_in_space_are_those_of_the_explicit_scheme(weights: str) -> None:
    problem, found, steps = PlaneProblem(OU.speeds, "reflecting", 0.5), [], []
    for cells in CELLS if weights == "CWZ" else CELLS[:2]:
        start, end = averages(OU, cells)
        run = evolve(problem, start, OU.plane(cells), Imex(WEIGHTS[weights]), until=OU.until)
        found.append(float(np.abs(run.averages[-1] - end).sum()) * OU.plane(cells).size)
        steps.append(run.steps)
    np.testing.assert_allclose(found, ERRORS["ou", weights][: len(found)], rtol=6e-5)
    assert steps == [57, 113, 227][: len(found)]  # like h, where the explicit scheme takes 278 at the last


def varying(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return 0.2 - x + 0.6 * y * np.cos(3.0 * t), 0.1 - 0.4 * x - 0.5 * y


def following(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    assert mean is not None
    return 0.6 * (y - mean[1]) - (x - mean[0]), -0.4 * x - 0.5 * (y - mean[1])


def waves(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return 1.0 + 0.3 * np.sin(y) + 0.0 * x, 0.5 * np.cos(x) + 0.0 * y


RING = Plane(Grid(-math.pi, math.pi, cells=21), Grid(-math.pi, math.pi, cells=16))
PROBLEMS: dict[str, tuple[PlaneProblem, Plane]] = {
    "steady": (PlaneProblem(OU.speeds, "reflecting", 0.5), OU.plane(24)),
    "varying": (PlaneProblem(varying, "reflecting", 0.5, steady=False, varying=True), OU.plane(24)),
    "following the mean": (PlaneProblem(following, "reflecting", 0.5, steady=False, needs_mean=True), OU.plane(24)),
    "periodic": (PlaneProblem(waves, "periodic", 0.1), RING),
}


def orders(problem: PlaneProblem, plane: Plane, start: Floats, until: float) -> list[float]:
    """Orders in time of the linear scheme, by differences of runs of 10, 20, 40 and 80 steps."""
    states = []
    for steps in (10, 20, 40, 80):
        run = PlaneImexStepper(problem, plane, Linear(), start, np.zeros(plane.atoms))
        run.advance(0.0, until / steps, steps, until)
        states.append(run.averages.copy())
    changes = [float(np.abs(a - b).sum()) for a, b in pairwise(states)]
    return [math.log2(a / b) for a, b in pairwise(changes)]


def smooth(name: str) -> tuple[PlaneProblem, Plane, Floats]:
    problem, plane = PROBLEMS[name]
    if name == "periodic":
        return problem, plane, plane.averages_of(lambda x, y: 1.0 + 0.5 * np.sin(x) * np.cos(y))
    return problem, plane, plane.averages_of(OU.start(), nodes=5)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_order_in_time_is_three(name: str) -> None:
    assert orders(*smooth(name), 0.5)[-1] == pytest.approx(3.0, abs=0.15)


def test_speeds_of_the_steps_begin_in_all_stages_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, seen = Advection.data, [0.0]

    def late(self: Advection, t: float, u: Floats) -> Any:
        seen[0] = t if t > seen[0] + 1e-9 and len(seen) % 4 == 1 else seen[0]
        seen.append(t)
        return whole(self, seen[0], u)

    monkeypatch.setattr(Advection, "data", late)
    assert orders(*smooth("varying"), 0.5)[-1] < 1.5


def test_beside_walls_that_hold_mass_the_order_in_time_is_the_one_said() -> None:
    start = BOX.averages_of(lambda x, y: np.exp(-x * x - 3.0 * (y - 0.2) ** 2))
    found = orders(
        PlaneProblem(lambda x, y, t, mean: (1.0 - 3.0 * x + 0.0 * y, x - 2.0 * y), "reflecting", 0.5), BOX, start, 0.5
    )
    assert found[-1] == pytest.approx(2.5, abs=0.15)


def errors_at_rest(scheme: Any) -> list[float]:
    found = []
    for cells in (20, 40, 80):
        plane, start = box(cells), held(box(cells))
        end = evolve(PlaneProblem(pulled, "reflecting", 0.5), start, plane, scheme, until=0.5).averages[-1]
        found.append(float(np.abs(end - start).sum()) * plane.size)
    return found


def test_walls_that_hold_mass_at_rest_are_of_third_order_as_in_the_explicit_scheme(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = errors_at_rest(Imex(Linear()))
    assert math.log2(found[1] / found[2]) > 2.8
    assert found < errors_at_rest(Explicit(Linear()))
    monkeypatch.setattr(imex, "_at_ends", lambda *arguments: None)  # the control: even functions at the ends
    wrong = errors_at_rest(Imex(Linear()))
    assert math.log2(wrong[1] / wrong[2]) < 2.2


@pytest.mark.parametrize("periodic", [True, False])
def test_modes_are_those_of_fourth_order_differences(periodic: bool) -> None:
    plane, d = Plane(Grid(0.0, 2.0, cells=11), Grid(0.0, 1.0, cells=8)), 0.3
    u, modes = np.random.default_rng(1).random(plane.shape), Modes(plane, d, periodic=periodic)
    found = modes.back(modes.act(modes.of(u)))
    wanted = np.zeros_like(u)
    for one, out, h in ((u.T, wanted.T, plane.x.h), (u, wanted, plane.y.h)):
        n = len(one)
        c = one[np.arange(-2, n + 2) % n] if periodic else np.concatenate([one[1::-1], one, one[:-3:-1]])
        flux = -d / (12.0 * h) * (c[:-3] - 15.0 * c[1:-2] + 15.0 * c[2:-1] - c[3:])  # at the faces -1/2 .. N - 1/2
        out -= (flux[1:] - flux[:-1]) / h
    np.testing.assert_allclose(found, wanted, atol=1e-11)


@pytest.mark.parametrize("name", PROBLEMS)
def test_mass_is_kept_to_rounding(name: str) -> None:
    problem, plane, start = smooth(name)
    found = evolve(problem, start, plane, Imex(), until=2.0)
    assert found.mass(2.0) == pytest.approx(float(start.sum()) * plane.size, rel=1e-14)


@pytest.mark.parametrize("diffusivity", [0.005, 0.5, 50.0, 5e4])
def test_no_diffusion_is_too_weak_or_too_strong(diffusivity: float) -> None:
    """Noise in every cell dies out, with the longest step that the scheme takes."""
    problem = PlaneProblem(shoved, "reflecting", diffusivity)
    start = np.random.default_rng(0).random(BOX.shape)
    run = PlaneImexStepper(problem, BOX, CWENO3(), start, np.zeros(BOX.atoms))
    dt = 0.45 / run._advection.data(0.0, start).fastest()[0] * BOX.x.h
    run.advance(0.0, dt, 200, 1e9)
    assert np.ptp(run.averages) < (0.1 if diffusivity >= 50.0 else 60.0)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="scheme = 'imex' needs noise"):
        evolve(PlaneProblem(pulled, "reflecting"), held(BOX), BOX, Imex(), until=1.0)
    with pytest.raises(InputError, match="scheme imex in the plane: allowed is one with diffusion"):
        Imex().stepper(PlaneProblem(pulled, "reflecting"), held(BOX), BOX, np.zeros(BOX.atoms))
    with pytest.raises(InputError, match="'imex' on 3 ranks: allowed is 'explicit'"):
        require_scheme(Imex(), noisy=True, in_plane=True, ranks=3)
