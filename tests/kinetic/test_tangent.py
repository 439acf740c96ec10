"""Claims about derivatives of the equation: they are those of what the scheme computes, and of third order."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Explicit, Grid, Linear, Problem, solve
from kinetic.line import tangent as tangents
from kinetic.line.integrate import Integrator
from kinetic.line.reconstruction import Reconstruction
from kinetic.line.tangent import polynomial_tangent
from kinetic.sensitivity import Tangent, tangent
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import MEAN_COUPLED, TANH, Model, Normal, cases
from validation.studies.sensitivity import SensitivityStudy

THIRD = Explicit(CWENO3(eps="h^2"))
CELLS = (80, 160, 320, 640)
RECONSTRUCTIONS = [
    CWENO3(eps="h^2"), CWENO3(eps=1e-3, p=1), CWENO3(eps=1e-2, p=3), CWENO3(weights="CW", eps=1e-2), Linear()
]  # fmt: skip


def regression(w: float = -1.0, b: float = 1.0) -> Model:
    return Model(drift=TANH, weight=w, bias=b, initial=Normal(1.0, 1.0))


def on(cells: int, model: Model, scheme: Explicit = THIRD, until: float = 1.0) -> Tangent:
    return tangent(model, Grid(-7.0, 9.0, cells=cells), scheme, until=until)


@pytest.mark.parametrize("reconstruction", RECONSTRUCTIONS, ids=repr)
def test_derivatives_of_a_parabola_are_its_difference_quotients(reconstruction: Reconstruction) -> None:
    """Of fourth order, steps of 1e-4: right to 1e-8 where the weights turn within a few hundredths."""
    formula, slope = reconstruction.polynomial, polynomial_tangent(reconstruction)
    constants, random, h = reconstruction.constants(0.1, np.ones(5)), np.random.default_rng(0), 1e-4
    for _ in range(50):
        u, v = random.random(3), random.normal(size=3)
        at = [np.array(formula(*(u + k * h * v), constants)) for k in (-2, -1, 1, 2)]
        quotient = (at[0] - 8.0 * at[1] + 8.0 * at[2] - at[3]) / (12.0 * h)
        np.testing.assert_allclose(slope(*u, *v, constants), quotient, atol=1e-7)


def _computed(model: Model, cells: int, steps: int) -> Floats:
    grid = Grid(-7.0, 9.0, cells=cells)
    problem, law = Problem.of(model, grid), model.law
    state = Integrator(problem.flux, grid, THIRD.reconstruction, "wall", grid.averages(law), grid.outside(law))
    state.advance(0.0, 1.0 / steps, steps, 1.0)
    return np.concatenate([state.averages, state.atoms])


def _off(found: Tangent) -> float:
    """Largest distance of the derivatives from difference quotients of the solver with the steps held."""
    h, off = 1e-6, 0.0
    for k, name in enumerate(("weight", "bias")):
        up, down = (
            dataclasses.replace(regression(), **{name: getattr(regression(), name) + s * h}) for s in (1.0, -1.0)
        )
        quotient = (_computed(up, 80, found.steps) - _computed(down, 80, found.steps)) / (2.0 * h)
        off = max(off, float(np.abs(quotient - np.concatenate([found.by_averages[k], found.by_atoms[k]])).max()))
    return off


def test_the_tangent_is_the_derivative_of_what_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with the weights held it is not: the control."""
    found = on(80, regression())
    assert np.abs(found.averages - solve(regression(), found.grid, THIRD, until=1.0).averages[-1]).max() < 1e-15
    assert _off(found) < 1e-6
    monkeypatch.setattr(tangents, "polynomial_tangent", lambda used: polynomial_tangent(Linear()))
    assert _off(on(80, regression())) > 1e-3


def _orders(errors: list[Floats]) -> Floats:
    found: Floats = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    return found


def test_the_gradient_of_a_moment_is_of_third_order() -> None:
    exact = np.array([-0.41273360525219931, -0.50253237982276539])  # closed form, mpmath: target 2, T = 1
    errors = [np.abs(on(n, regression()).moment(2.0)[1] - exact) for n in CELLS]
    assert (np.abs(_orders(errors)[1:] - 3.0) < 0.3).all()
    assert errors[-1].max() < 5e-6


def test_the_gradient_of_squares_is_of_third_order_by_the_polynomials_and_of_second_by_averages() -> None:
    """Against N(2, .49) from (w, b) = (-.8, .9), T = 1; closed form, mpmath."""
    exact, density = np.array([-0.459963516599769, -0.21853917477212]), Normal(2.0, 0.49).pdf
    runs = [on(n, regression(-0.8, 0.9)) for n in CELLS]
    assert runs[-1].squares(density)[0] == pytest.approx(0.23294194323151527, abs=5e-6)
    fine = _orders([np.abs(run.squares(density)[1] - exact) for run in runs])
    coarse = _orders([np.abs(run.squares(density, of_averages=True)[1] - exact) for run in runs])
    assert (np.abs(fine[1:] - 3.0) < 0.3).all()
    assert (np.abs(coarse[1:] - 2.0) < 0.2).all()
    printed = [-0.20588, -0.08254]  # of the paper's adjoint, with the multiplier's absolute value: E8, E9
    assert not np.allclose(runs[-1].squares(density)[1], printed, rtol=0.1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: on(80, Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(0.0, 1.0))),
            "constant weight",
        ),
        (lambda: on(80, cases["tanh-noise"].model), "without noise"),
        (lambda: on(80, regression(), Explicit(CWENO3(positive=True), cfl=0.1)), "has no derivative"),
        (lambda: tangent(regression(), Grid(-7.0, 9.0, cells=80), 3, until=1.0), "scheme = 3 must be an Explicit"),  # type: ignore[arg-type]
        (lambda: SensitivityStudy(cases["vehicles"]).check(), "on the line, without noise and walls"),
        (lambda: SensitivityStudy(cases["moments-decay"], levels=(10, 20)).check(), "at least three"),
    ],
)
def test_what_does_not_fit_is_one_sentence(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.long
def test_three_routes_to_the_sensitivities_agree() -> None:
    study = SensitivityStudy(cases["regression"]).run()
    assert study.holds
    assert all(check.holds for check in study.checks)
