"""Claims about noise that grows with the coordinate, K = x in the plane: lognormal laws, closed moments."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from kinetic import (
    ChangCooper,
    Explicit,
    Grid,
    Imex,
    LocalDiffusivity,
    Plane,
    PlaneProblem,
    WellBalanced,
    evolve,
    solve,
)
from kinetic.plane import local_diffusion
from kinetic.plane.domain import rectangle
from kinetic.plane.local_diffusion import LocalDiffusion
from kinetic.plane.strips import Strips
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import IDENTITY, LINEAR, Lognormal, Model, Normal, Product, SpaceLaw, exact_law
from tests.kinetic.test_plane_imex import orders, waves

START = Product([Lognormal(0.0, 0.02), Lognormal(0.2, 0.015)])
NU2, UNTIL = 0.05, 0.5
FULL, BIAS = np.array([[-1.0, 0.8], [0.5, 0.6]]), np.array([0.2, 0.1])


def of(weight: Any, bias: Any) -> Model:
    """The identity with w/d = weight and K = x."""
    return Model(
        drift=IDENTITY, weight=2.0 * np.array(weight), bias=bias, nu2=NU2, diffusion=LINEAR, initial=START
    )  # fmt: skip


APART, COUPLED = of([[-1.0, 0.0], [0.0, 0.6]], 0.0), of(FULL, list(BIAS))


def plane(cells: int) -> Plane:
    return Plane(Grid(0.2, 3.2, cells=cells), Grid(0.3, 4.8, cells=cells))


def moments(t: float) -> tuple[Floats, Floats]:
    """Mean and second moments of `COUPLED`: m' = A m + b, P' = A P + P A^T + b m^T + m b^T + nu^2 diag(P_11, P_22)."""
    a = FULL
    matrix = np.zeros((7, 7))  # of (1, m, P)
    matrix[1:3, 0], matrix[1:3, 1:3] = BIAS, a
    matrix[3:, 3:] = np.kron(a, np.eye(2)) + np.kron(np.eye(2), a)
    matrix[3:, 1:3] = np.kron(BIAS[:, None], np.eye(2)) + np.kron(np.eye(2), BIAS[:, None])
    matrix[3, 3] += NU2
    matrix[6, 6] += NU2
    mean = START.mean
    start = np.concatenate([[1.0], mean, (START.covariance + np.outer(mean, mean)).reshape(-1)])
    end = expm(matrix * t) @ start
    return end[1:3], end[3:].reshape(2, 2)


def lognormal_error(scheme: Any, cells: int) -> float:
    wide = replace(APART, nu2=0.1, initial=Product([Lognormal(0.0, 0.04), Lognormal(0.2, 0.03)]))
    law, grid = exact_law(wide, UNTIL), Plane(Grid(0.0, 4.0, cells=cells), Grid(0.0, 5.0, cells=cells))
    assert isinstance(law, SpaceLaw)
    found = solve(wide, grid, scheme, until=UNTIL)
    assert found.mass(UNTIL) == pytest.approx(1.0, abs=1e-13)
    return float(np.abs(found.averages[-1] - grid.averages(law)).sum() * grid.size)


@pytest.mark.parametrize(
    ("scheme", "order", "cells"), [(Explicit(), 3, 60), (ChangCooper(), 2, 80)], ids=["explicit", "chang-cooper"]
)
def test_components_that_do_not_couple_stay_lognormal(scheme: Any, order: int, cells: int) -> None:
    coarse, fine = (lognormal_error(scheme, n) for n in (cells, 2 * cells))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.25)
    assert fine < (2e-3 if order == 3 else 2e-2)


def test_implicit_diffusion_has_the_errors_of_the_explicit_one_and_third_order_in_time() -> None:
    assert lognormal_error(Imex(), 40) == pytest.approx(lognormal_error(Explicit(), 40), rel=1e-3)
    grid = plane(24)
    problem = PlaneProblem.of(COUPLED, grid)
    assert orders(problem, grid, grid.averages(START), 0.3)[-1] == pytest.approx(3.0, abs=0.15)
    ring = Plane(*(Grid(-math.pi, math.pi, cells=n) for n in (14, 18)))
    noise = LocalDiffusivity(lambda x: 0.2 + 0.1 * np.sin(x), lambda x: 0.1 * np.cos(x))
    start = ring.averages_of(lambda x, y: 1.0 + 0.5 * np.sin(x) * np.cos(y))
    assert orders(PlaneProblem(waves, "periodic", noise), ring, start, 0.5)[-1] == pytest.approx(3.0, abs=0.15)
    steps = [solve(COUPLED, plane(n), Imex(), until=0.1).steps for n in (20, 40)]
    assert steps[1] == pytest.approx(2 * steps[0], abs=1)


def moment_error(scheme: Any, cells: int) -> float:
    mean, second = moments(UNTIL)
    found = solve(COUPLED, plane(cells), scheme, until=UNTIL)
    first, covariance = found.mean(UNTIL), found.covariance(UNTIL)
    return max(
        float(np.abs(first - mean).max()), float(np.abs(covariance + np.outer(first, first) - second).max())
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "most"),
    [(Explicit(), 1e-4), (ChangCooper(), 1e-2)],
    ids=["explicit", "chang-cooper"],
)
def test_moments_of_a_full_weight_are_the_closed_ones(scheme: Any, most: float) -> None:
    coarse, fine = (moment_error(scheme, cells) for cells in (40, 80))
    assert fine < most
    assert math.log2(coarse / fine) > (2.5 if most < 1e-3 else 1.7)


def calm(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return 0.0 * x + 0.0 * y, 0.0 * y


def rate_error(cells: int, boundary: Any) -> float:
    """Largest error of the rate of change, over cells away from the ends, for D = 2 + sin x and D = 2 + sin y."""
    grid = Plane(Grid(-math.pi, math.pi, cells=cells), Grid(0.0, 2.0 * math.pi, cells=cells))
    noise = LocalDiffusivity(lambda x: 2.0 + np.sin(x), np.cos)
    strips = Strips.alone(grid)
    whole = LocalDiffusion(PlaneProblem(calm, boundary, noise), strips, strips.edge(boundary))

    def second(x: Floats, f: Callable[[Floats], Floats], step: float = 1e-3) -> Floats:
        return (f(x + step) - 2.0 * f(x) + f(x - step)) / step**2

    def density(x: Floats, y: Floats) -> Floats:
        return np.exp(np.sin(x) + 0.5 * np.cos(y - 1.0))

    def exact(x: Floats, y: Floats) -> Floats:
        in_x = second(x, lambda z: (2.0 + np.sin(z)) * density(z, y))
        return in_x + second(y, lambda z: (2.0 + np.sin(z)) * density(x, z))

    wide = np.pad(grid.averages_of(density, nodes=4), 2, mode="wrap")
    error = np.abs(whole.rate(wide) - grid.averages_of(exact, nodes=4))
    return float((error if boundary == "periodic" else error[3:-3, 3:-3]).max())


@pytest.mark.parametrize("boundary", ["periodic", "reflecting"])
def test_the_rate_of_change_by_diffusion_is_of_fourth_order(boundary: Any) -> None:
    assert math.log2(rate_error(20, boundary) / rate_error(40, boundary)) == pytest.approx(4.0, abs=0.3)


def test_averages_times_d_would_be_of_second_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_diffusion, "centre_values", lambda u: u[1:-1])
    assert math.log2(rate_error(20, "periodic") / rate_error(40, "periodic")) == pytest.approx(2.0, abs=0.3)


def test_a_rectangle_for_k_x_ends_at_0_unless_the_drift_goes_across_it() -> None:
    for model in (APART, COUPLED):
        for (lo, hi), law in zip(rectangle(model, UNTIL), START.components, strict=True):
            assert lo == 0.0
            assert hi > float(law.quantile(np.array([1.0 - 1e-12]))[0])
    across = rectangle(of([[-1.0, -3.0], [0.0, 0.5]], 0.0), 1.0)
    assert across[0][0] < 0.0
    assert across[1][0] == 0.0


NEGATIVE = LocalDiffusivity(lambda x: x, np.ones_like)
WEAK = Plane(Grid(-1.0, 1.0, cells=8), Grid(-1.0, 1.0, cells=8))
ONES = np.ones((8, 8))


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: solve(APART, plane(8), WellBalanced(), until=1.0), "scheme well-balanced: allowed is one whose law"),
    (lambda: evolve(PlaneProblem(calm, "reflecting", NEGATIVE), ONES, WEAK, until=1.0),
     "diffusivity -0.875 must be finite and at least 0"),
    (lambda: PlaneProblem(calm, "wall", NEGATIVE), "boundary = 'wall' with diffusion"),
    (lambda: LocalDiffusivity(1.0, np.ones_like), r"value = 1\.0 must be a function of x"),  # type: ignore[arg-type]
    (lambda: solve(APART, plane(8), Explicit(fourier=0.47), until=1.0), r"fourier = 0\.47 must lie in \(0, 0\.4615\]"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "said"), REFUSED)
def test_what_does_not_fit_is_refused(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_a_constant_function_is_a_constant() -> None:
    """Of differences of fourth order either way: to the error of the cells."""
    grid = Plane(Grid(-5.0, 5.0, cells=80), Grid(-5.0, 5.0, cells=80))
    start = grid.averages(Product([Normal(0.5, 0.5)] * 2))
    constant = PlaneProblem(lambda x, y, t, mean: (-x + 0.0 * y, x - y), "reflecting", 0.3)
    local = replace(constant, diffusivity=LocalDiffusivity(lambda x: 0.3 + 0.0 * x, np.zeros_like))
    one, other = (evolve(problem, start, grid, until=0.3).averages[-1] for problem in (constant, local))
    assert 0.0 < np.abs(one - other).sum() * grid.size < 2e-5
