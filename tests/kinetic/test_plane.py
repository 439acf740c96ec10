"""Claims about the explicit scheme in the plane: its errors to five digits, its order, and what shows a wrong one.

The numbers are those of an independent implementation (NumPy, equal steps of at most 0.45 h/(max abs A_x + max abs A_y)
and 0.16 h^2/D, exact averages at the start, eps = h^2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Explicit, Linear, PlaneProblem, PlaneSolution, evolve
from kinetic.line.reconstruction import Reconstruction
from kinetic.plane import integrate
from particles.base.arrays import Floats
from tests.kinetic.planes import EXAMPLES, Example, averages

WEIGHTS: dict[str, Reconstruction] = {
    "CWZ": CWENO3(eps="h^2"), "CW": CWENO3(eps="h^2", weights="CW"), "linear": Linear()
}  # fmt: skip
ERRORS = {  # L1 at 40, 80 and 160 cells
    ("shear", "CWZ"): (6.946144e-03, 9.379281e-04, 1.203587e-04),
    ("shear", "CW"): (6.979310e-03, 9.432519e-04, 1.211146e-04),
    ("shear", "linear"): (6.946139e-03, 9.379280e-04, 1.203587e-04),
    ("lin", "CWZ"): (2.826984e-02, 5.864060e-03, 8.607227e-04),
    ("lin", "CW"): (2.977049e-02, 6.771656e-03, 1.032815e-03),
    ("lin", "linear"): (2.523886e-02, 4.814283e-03, 7.095027e-04),
    ("tanhfull", "CWZ"): (4.095728e-02, 6.278237e-03, 8.291642e-04),
    ("tanhfull", "CW"): (4.334241e-02, 6.732601e-03, 8.890211e-04),
    ("tanhfull", "linear"): (4.032450e-02, 6.261261e-03, 8.291264e-04),
    ("ou", "CWZ"): (6.002992e-03, 9.000997e-04, 1.220769e-04),
    ("ou", "CW"): (6.076877e-03, 9.142365e-04, 1.240775e-04),
    ("ou", "linear"): (6.003540e-03, 9.000956e-04, 1.220768e-04),
}
NAIVE = {  # without the product term, CWZ
    "shear": (6.027663e-03, 1.798434e-03, 5.106153e-04),
    "lin": (2.615219e-02, 5.922989e-03, 1.200763e-03),
}
BLIND = {  # neither rotation nor fields that separate see the product term
    "rot": (9.701070e-02, 1.556018e-02, 1.928074e-03),
    "regr": (1.657018e-02, 2.790878e-03, 3.792229e-04),
}
CELLS = (40, 80, 160)
DIGITS = 2e-5  # the box of shear cuts its tails: ends matter in the sixth digit


def run(example: Example, cells: int, reconstruction: Reconstruction) -> tuple[PlaneSolution, Floats]:
    """Solution from exact averages, and its error in every cell."""
    start, end = averages(example, cells)
    problem = PlaneProblem(example.speeds, "reflecting" if example.nu2 > 0.0 else "wall", 0.5 * example.nu2)
    scheme = Explicit(reconstruction, fourier=0.32)
    solution = evolve(problem, start, example.plane(cells), scheme, until=example.until)
    return solution, solution.averages[-1] - end


def errors(name: str, weights: str, cells: tuple[int, ...] = CELLS) -> list[float]:
    example = EXAMPLES[name]
    return [
        float(np.abs(run(example, n, WEIGHTS[weights])[1]).sum()) * example.plane(n).size for n in cells
    ]  # fmt: skip


def last_order(found: list[float]) -> float:
    return math.log2(found[-2] / found[-1])


@pytest.fixture
def naive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: fluxes without the product term."""
    whole = integrate.face_data

    def without(*arguments: Any, **options: Any) -> object:
        data = whole(*arguments, **options)
        return data._replace(slope_x=0.0 * data.slope_x, slope_y=0.0 * data.slope_y)

    monkeypatch.setattr(integrate, "face_data", without)


@pytest.mark.parametrize(("name", "weights"), ERRORS)
def test_errors_are_those_of_an_independent_implementation(name: str, weights: str) -> None:
    found = errors(name, weights)
    np.testing.assert_allclose(found, ERRORS[name, weights], rtol=DIGITS)
    assert last_order(found) > 2.7
    if name != "lin":
        assert last_order(found) > 2.8


@pytest.mark.long
@pytest.mark.parametrize(("name", "weights"), ERRORS)
def test_from_160_to_320_cells_all_are_of_third_order(name: str, weights: str) -> None:
    """*lin* too, whose orders to 160 cells are 2.71 to 2.77 in any implementation."""
    assert last_order(errors(name, weights, (160, 320))) > 2.8


@pytest.mark.parametrize("name", NAIVE)
@pytest.mark.usefixtures("naive")
def test_without_the_product_term_the_scheme_is_of_second_order(name: str) -> None:
    found = errors(name, "CWZ")
    np.testing.assert_allclose(found, NAIVE[name], rtol=DIGITS)
    assert last_order(found) < 2.4


@pytest.mark.usefixtures("naive")
@pytest.mark.parametrize("cells", CELLS)
def test_without_the_product_term_shear_is_off_by_a_cross_diffusion(cells: int) -> None:
    """E xy is off by (h^2/12) (w_12 + w_21)/2 sinh(2t)/2: the term is a flux of d_xy g."""
    h, until = 10.0 / cells, EXAMPLES["shear"].until
    off = run(EXAMPLES["shear"], cells, WEIGHTS["CWZ"])[0].covariance(until)[0, 1] - math.sinh(2.0 * until) / 2.0
    assert off == pytest.approx(h * h / 12.0 * 2.0 * math.sinh(2.0 * until) / 2.0, rel=2e-3)


def test_the_product_term_keeps_the_covariance_of_shear() -> None:
    until = EXAMPLES["shear"].until
    assert run(EXAMPLES["shear"], 80, WEIGHTS["CWZ"])[0].covariance(until)[0, 1] == pytest.approx(
        math.sinh(2.0 * until) / 2.0, abs=2e-6
    )


@pytest.mark.parametrize("name", BLIND)
def test_rotation_and_fields_that_separate_are_solved_too(name: str) -> None:
    np.testing.assert_allclose(errors(name, "CWZ"), BLIND[name], rtol=DIGITS)


@pytest.mark.parametrize("name", BLIND)
@pytest.mark.usefixtures("naive")
def test_rotation_and_fields_that_separate_do_not_show_a_missing_product_term(name: str) -> None:
    np.testing.assert_allclose(errors(name, "CWZ"), BLIND[name], rtol=DIGITS)
