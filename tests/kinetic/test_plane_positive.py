"""Claims about the positivity limiter in the plane: no average below zero, order 3 kept, nothing cut in silence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Explicit, Grid, Imex, Plane, PlaneProblem, evolve
from kinetic.line.reconstruction import Reconstruction
from kinetic.plane import integrate, stage
from particles.base.arrays import Floats
from tests.kinetic.planes import EXAMPLES, averages
from tests.kinetic.test_plane import ERRORS

FREE, HELD = CWENO3(eps="h^2"), CWENO3(eps="h^2", positive=True)


def saddle(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return y + 0.0 * x, x + 0.0 * y


def turn(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return -y + 0.0 * x, x + 0.0 * y


def waves(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    """A field that changes sign within most cells of a coarse grid."""
    return np.sin(9.0 * y + x), np.cos(7.0 * x - y)


def run(field: Any, cells: int, used: Reconstruction, boundary: Any = "wall") -> Any:
    """A square of height 1 and width 1.6 about (1, 0), to t = 1."""
    plane = Plane(*(Grid(-4.0, 4.0, cells=cells) for _ in range(2)))
    x, y = plane.x.centres, plane.y.centres[:, None]
    start = ((np.abs(x - 1.0) < 0.8) & (np.abs(y) < 0.8)).astype(np.float64)
    scheme = Explicit(used, cfl=1.0 / 6.0 if used.positive else 0.45)
    return evolve(PlaneProblem(field, boundary), start, plane, scheme, until=1.0)


@pytest.mark.parametrize("field", [saddle, turn])
def test_a_square_stays_non_negative(field: Any) -> None:
    found = run(field, 80, HELD)
    assert found.lowest >= 0.0
    assert found.mass(1.0) == pytest.approx(2.56, rel=1e-13)


@pytest.mark.parametrize(
    ("field", "lowest", "highest"), [(saddle, -0.0157, 0.0300), (turn, -0.0179, 0.0248)], ids=["saddle", "turn"]
)
def test_without_the_limiter_it_goes_below_zero_and_above_one_as_in_an_independent_implementation(
    field: Any, lowest: float, highest: float
) -> None:
    found = run(field, 160, FREE)
    assert float(found.averages[-1].min()) == pytest.approx(lowest, abs=6e-5)
    assert float(found.averages[-1].max()) - 1.0 == pytest.approx(highest, abs=6e-5)


def scattered(cells: int, seed: int) -> Floats:
    """Full cells among empty ones."""
    return (np.random.default_rng(seed).random((cells, cells)) < 0.2).astype(np.float64)


def lowest_of_scattered(scheme: Explicit, boundary: Any) -> float:
    plane = Plane(Grid(0.0, 2.0, cells=16), Grid(0.0, 3.0, cells=16))
    return min(
        evolve(PlaneProblem(waves, boundary), scattered(16, seed), plane, scheme, until=0.1).lowest
        for seed in range(4)
    )  # fmt: skip


@pytest.mark.parametrize("boundary", ["periodic", "wall", "reflecting"])
def test_no_state_and_no_field_brings_an_average_below_zero(boundary: Any) -> None:
    assert lowest_of_scattered(Explicit(HELD, cfl=1.0 / 6.0), boundary) >= -1e-16
    assert lowest_of_scattered(Explicit(FREE, cfl=1.0 / 6.0), boundary) < -1e-3


def test_parabolas_above_zero_are_not_enough_where_the_product_term_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrate, "fluxes", lambda noisy, positive: stage.fluxes(noisy, False))
    assert lowest_of_scattered(Explicit(HELD, cfl=1.0 / 6.0), "periodic") < -1e-4


def test_what_sticks_to_walls_stays_non_negative_too() -> None:
    plane = Plane(*(Grid(2.0, 8.0, cells=40) for _ in range(2)))
    x, y = plane.x.centres, plane.y.centres[:, None]
    start = ((np.abs(x - 5.0) < 1.0) & (np.abs(y - 5.0) < 1.0)).astype(np.float64)
    problem = PlaneProblem(lambda x, y, t, mean: (np.tanh(x - 0.5 * y - 3.0), np.tanh(y + 0.4 * x - 6.0)), "wall")
    found, free = (
        evolve(problem, start, plane, Explicit(used, cfl=1.0 / 6.0), until=4.0, times=(1.0, 2.0, 3.0))
        for used in (HELD, FREE)
    )
    assert found.atoms.min() >= -1e-16
    assert found.averages.min() >= 0.0
    assert found.atoms[-1].sum() > 1.0
    assert found.mass(4.0) == pytest.approx(float(start.sum()) * plane.size, rel=1e-13)
    assert free.atoms.min() < -1e-5


@pytest.mark.parametrize("name", ["shear", "tanhfull"])
def test_smooth_solutions_keep_third_order_and_the_errors_of_the_free_scheme(name: str) -> None:
    example, errors = EXAMPLES[name], []
    for cells in (80, 160):
        start, end = averages(example, cells)
        plane = example.plane(cells)
        found = evolve(
            PlaneProblem(example.speeds, "wall"), start, plane, Explicit(HELD, cfl=1.0 / 6.0), until=example.until
        )
        errors.append(float(np.abs(found.averages[-1] - end).sum()) * plane.size)
        assert found.lowest >= 0.0
    np.testing.assert_allclose(errors, ERRORS[name, "CWZ"][1:], rtol=1e-3)
    assert math.log2(errors[0] / errors[1]) > 2.8


def test_with_noise_nothing_is_promised_and_the_record_says_how_low_it_went() -> None:
    scheme = Imex(HELD, cfl=1.0 / 6.0)
    plane = Plane(*(Grid(-4.0, 4.0, cells=32) for _ in range(2)))
    start = np.zeros(plane.shape)
    start[16, 16] = 1.0
    found = evolve(PlaneProblem(turn, "reflecting", 0.05), start, plane, scheme, until=0.02)
    assert found.lowest < 0.0
    assert found.mass(0.02) == pytest.approx(plane.size, rel=1e-13)
