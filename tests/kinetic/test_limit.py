"""Claims about the mean-field limit: order against exact push-forwards, walls, moments, parameters in time, forecast.

The push-forwards are closed forms written here, F_t(x) = F_0(X_{-t}(x)), independent of the models' own flows.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, wrightomega

from kinetic import CWENO3, Explicit, Grid, Problem, cautions, evolve, solve
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    RELU,
    SIGMOID,
    TANH,
    Dirac,
    Mixture,
    Model,
    Normal,
    Product,
    Uniform,
    cases,
    piecewise,
)

Cdf = Callable[[Floats, float], Floats]


def back_tanh(x: Floats, w: float, b: float, t: float) -> Floats:
    return np.asarray((np.arcsinh(np.exp(-w * t) * np.sinh(w * x + b)) - b) / w)


def back_sigmoid(x: Floats, w: float, b: float, t: float) -> Floats:
    u = w * x + b
    c = u - np.exp(-u) - w * t
    return np.asarray((c + wrightomega(-c).real - b) / w)


def back_relu(x: Floats, w: float, b: float, t: float) -> Floats:
    return np.where(w * x + b > 0.0, -b / w + (x + b / w) * np.exp(-w * t), x)


def regression(x: Floats, t: float) -> Floats:
    return np.asarray(ndtr(back_tanh(x, -1.0, 1.0, t) - 1.0))


def vehicles(x: Floats, t: float) -> Floats:
    return (back_tanh(x, 1.0, -5.0, t) - 2.0) / 6.0


def sigmoid(x: Floats, t: float) -> Floats:
    return np.asarray(ndtr(back_sigmoid(x, -1.0, 0.5, t)))


def relu(weight: float) -> Cdf:
    return lambda x, t: np.asarray(ndtr(back_relu(x, weight, -0.5 * weight, t)))


def errors(model: Model, cdf: Cdf, domain: tuple[float, float], cells: Sequence[int], t: float, **options: Any) -> Any:
    """L1 of the cell averages and W1 = int abs(F_h - F), F_h by the parabolas at four points a cell; shape (2, n)."""
    rows = []
    for n in cells:
        grid = Grid(*domain, cells=n)
        record = solve(model, grid, until=t, **options)
        faces = cdf(grid.faces, t)
        measure = record.at(t)
        p0, p1, p2 = measure.polynomials
        w1 = 0.0
        for s in (-0.375, -0.125, 0.125, 0.375):
            part = p0 * (s + 0.5) + p1 * (s**2 - 0.25) / 2.0 + p2 * (s**3 + 0.125) / 3.0
            w1 += np.abs(record.cdf(t)[:-1] + grid.h * part - cdf(grid.centres + s * grid.h, t)).sum() * grid.h / 4.0
        rows.append((np.abs(record.averages[-1] * grid.h - np.diff(faces)).sum(), w1))
    return np.array(rows).T


def order(cells: Sequence[int], values: Floats) -> float:
    return float(-np.polyfit(np.log(cells), np.log(values), 1)[0])


SMOOTH = {
    "regression": (cases["regression"].model, regression, (-7.0, 9.0), (320, 640, 1280), 1.0, (3e-5, 5e-6)),
    "vehicles": (cases["vehicles"].model, vehicles, (2.0, 8.0), (80, 160, 320), 3.0, (3e-7, 1e-7)),
    "sigmoid": (
        Model(drift=SIGMOID, weight=-1.0, bias=0.5, initial=Normal(0.0, 1.0)),
        sigmoid, (-8.0, 9.0), (160, 320, 640), 1.0, (5e-6, 2e-6),
    ),
    "relu, kink on a face, attracting": (
        Model(drift=RELU, weight=-1.0, bias=0.5, initial=Normal(0.0, 1.0)),
        relu(-1.0), (-7.5, 8.5), (320, 640, 1280), 0.5, (1e-6, 5e-7),
    ),
    "relu, kink on a face, repelling": (
        Model(drift=RELU, weight=1.0, bias=-0.5, initial=Normal(0.0, 1.0)),
        relu(1.0), (-7.5, 16.5), (480, 960, 1920), 0.5, (4e-6, 2e-7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_the_density_is_third_order_in_l1_and_w1(name: str) -> None:
    model, cdf, domain, cells, t, caps = SMOOTH[name]
    l1, w1 = errors(model, cdf, domain, cells, t)
    assert 2.7 <= order(cells, l1) <= 3.3
    assert 2.7 <= order(cells, w1) <= 3.7
    assert l1[-1] < caps[0]
    assert w1[-1] < caps[1]


def test_a_kink_inside_a_cell_loses_third_order() -> None:
    """The control of the test above: the same law, the grid shifted so that the kink is never near a face."""
    model, cdf, (lo, hi), cells, t, _ = SMOOTH["relu, kink on a face, repelling"]
    shift = 24.0 / 480 / 3.0
    l1, _ = errors(model, cdf, (lo + shift, hi + shift), cells, t)
    assert order(cells, l1) < 2.0
    assert l1[-1] > 1e-4


def test_regression_has_the_reference_errors() -> None:
    """C_0 = 3/4, eps = h^2, equal steps, on [-7, 9]; L1 of averages, W1 as h sum abs(F_h - F) over the faces."""
    model = cases["regression"].model
    table = {
        80: (8.251e-3, 1.565e-3, 8.493e-3),
        160: (1.264e-3, 2.344e-4, 2.210e-3),
        320: (1.831e-4, 3.242e-5, 3.069e-4),
        640: (2.425e-5, 4.241e-6, 3.961e-5),
    }
    for cells, wanted in table.items():
        grid = Grid(-7.0, 9.0, cells=cells)
        one, two = (solve(model, grid, Explicit(CWENO3(weights="CW", eps="h^2")), until=t) for t in (1.0, 2.0))
        l1 = np.abs(one.averages[-1] * grid.h - np.diff(regression(grid.faces, 1.0))).sum()
        w1 = [grid.h * np.abs(s.cdf(t) - regression(grid.faces, t)).sum() for s, t in ((one, 1.0), (two, 2.0))]
        assert [f"{value:.3e}" for value in (l1, *w1)] == [f"{value:.3e}" for value in wanted]


def test_a_cut_last_step_has_its_own_reference_error() -> None:
    grid = Grid(-7.0, 9.0, cells=80)
    cut = solve(cases["regression"].model, grid, Explicit(CWENO3(weights="CW", eps="h^2"), steps="cut"), until=1.0)
    l1 = np.abs(cut.averages[-1] * grid.h - np.diff(regression(grid.faces, 1.0))).sum()
    assert f"{l1:.3e}" == "8.238e-03"


def test_wall_masses_of_the_vehicles() -> None:
    """Each wall holds (3 - asinh(e^-t sinh 3))/6, the density at 5 is e^-t/6, W1 to the limit follows."""
    times = (1.0, 2.0, 3.0, 5.0, 8.0)
    masses = (0.16409391, 0.31466611, 0.41998283, 0.48875854, 0.49943990)
    grid = Grid(2.0, 8.0, cells=600)
    record = solve(cases["vehicles"].model, grid, until=8.0, times=times)
    exact = [(3.0 - math.asinh(math.exp(-t) * math.sinh(3.0))) / 6.0 for t in times]
    np.testing.assert_allclose(exact, masses, atol=5e-9)
    np.testing.assert_allclose(record.atoms, np.transpose([masses, masses]), rtol=0.0, atol=1e-6)
    for t in times:
        p0, p1, p2 = record.at(t).polynomials[:, 300]
        assert abs(p0 - 0.5 * p1 + 0.25 * p2 - math.exp(-t) / 6.0) < 1e-6
    moved = [2.0 * np.trapezoid(0.5 - record.cdf(t)[:301], dx=grid.h) for t in (1.0, 5.0)]
    np.testing.assert_allclose(moved, (0.82533397, 0.02036019), rtol=0.0, atol=2e-5)


@pytest.mark.parametrize(("name", "cells"), [("regression", 1600), ("vehicles", 600), ("iris", 600)])
def test_mass_is_one_to_rounding(name: str, cells: int) -> None:
    case = cases[name]
    assert case.domain is not None
    record = solve(case.model, Grid(*case.domain, cells=cells), until=case.until, times=case.times)
    assert max(abs(record.mass(t) - 1.0) for t in record.times) < 1e-13
    assert record.atoms.min() >= 0.0


def test_mass_outside_the_grid_and_mass_that_leaves_are_kept_at_the_ends() -> None:
    model = Model(drift=IDENTITY, weight=1.0, bias=0.0, initial=Normal(0.0, 1.0))
    record = solve(model, Grid(-2.0, 2.0, cells=400), until=1.0, times=(0.0,))
    np.testing.assert_allclose(record.atoms[0], ndtr(-2.0), rtol=1e-12)
    np.testing.assert_allclose(record.atoms[1], ndtr(-2.0 / math.e), atol=1e-6)
    assert abs(record.mass(1.0) - 1.0) < 1e-13


def test_a_mean_coupled_bias_conserves_the_mean() -> None:
    """w = -1, b = -w m1 = +m1(t): m1 = 1, V = e^(-2t), and m2 = 1 + e^(-2t) (Proposition 3; E27)."""
    case = cases["moments-conserved"]
    record = solve(case.model, Grid(-7.0, 9.0, cells=800), until=2.0, times=(1.0,))
    for t in (1.0, 2.0):
        measure = record.at(t)
        assert abs(measure.mean[0] - 1.0) < 1e-12
        assert abs(measure.variance[0] - math.exp(-2.0 * t)) < 2e-5
        assert abs(measure.energy - 1.0 - math.exp(-2.0 * t)) < 2e-5


def test_a_mean_coupled_bias_sees_the_atoms() -> None:
    """w = 1: mass leaves through both walls at different times, and m1' = int speed g stays a bounded feedback."""
    model = Model(drift=TANH, weight=1.0, bias=cases["moments-conserved"].model.bias, initial=Normal(0.0, 1.0))
    record = solve(model, Grid(-3.0, 3.0, cells=300), until=3.0)
    assert abs(record.at(3.0).mean[0]) < 1e-12
    np.testing.assert_allclose(record.atoms[0, 0], record.atoms[0, 1], rtol=1e-10)


def test_piecewise_weights_are_third_order_and_steps_across_a_jump_are_not() -> None:
    edges, weights, biases = (0.0, 0.3, 0.55), (-1.0, 1.0, -0.5), (1.0, 0.0, 0.5)
    model = Model(drift=TANH, weight=piecewise(edges, weights), bias=piecewise(edges, biases), initial=Normal(1.0, 1.0))

    def exact(x: Floats, t: float) -> Floats:
        for w, b, span in zip(weights[::-1], biases[::-1], (t - 0.55, 0.25, 0.3), strict=True):
            x = back_tanh(x, w, b, span)
        return np.asarray(ndtr(x - 1.0))

    cells = (160, 320, 640)
    l1, w1 = errors(model, exact, (-8.0, 10.0), cells, 1.0)
    assert 2.7 <= order(cells, l1) <= 3.3
    assert 2.7 <= order(cells, w1) <= 3.3
    control = []
    for n in cells:
        grid = Grid(-8.0, 10.0, cells=n)
        flux, start = Problem.of(model, grid).flux, grid.averages(model.initial)  # type: ignore[arg-type]
        blind = evolve(Problem(flux, "wall"), start, grid, until=1.0)
        control.append(np.abs(blind.averages[-1] * grid.h - np.diff(exact(grid.faces, 1.0))).sum())
    assert order(cells, np.array(control)) < 2.2


def test_weights_that_are_callables_of_time_are_third_order() -> None:
    """Identity, w = -1/(1 + t), b = cos t/(1 + t): (1 + t) x = x0 + sin t."""
    model = Model(
        drift=IDENTITY,
        weight=lambda t: -1.0 / (1.0 + t),
        bias=lambda t: math.cos(t) / (1.0 + t),
        initial=Normal(0.0, 1.0),
    )
    cells = (160, 320, 640)
    l1, w1 = errors(model, lambda x, t: ndtr((1.0 + t) * x - math.sin(t)), (-8.0, 8.0), cells, 1.0)
    assert 2.7 <= order(cells, l1) <= 3.3
    assert 2.7 <= order(cells, w1) <= 3.3
    assert w1[-1] < 5e-6


def test_a_model_that_does_not_fit_the_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"must be the model's walls \(2.0, 8.0\)"):
        solve(cases["vehicles"].model, Grid(2.0, 9.0, cells=10), until=1.0)
    plane = Model(drift=TANH, weight=-1.0, bias=0.0, initial=Product([Normal(0.0, 1.0), Normal(0.0, 1.0)]))
    with pytest.raises(InputError, match="dimension 2 has no equation on the line"):
        solve(plane, Grid(0.0, 1.0, cells=10), until=1.0)


def test_the_forecast_says_when_the_density_is_narrower_than_a_cell() -> None:
    model = cases["regression"].model
    (sentence,) = cautions(model, Grid(-7.0, 9.0, cells=160), 5.0)
    assert sentence.startswith(f"from t* = ln(sigma0/h)/|w| = {math.log(10.0):.4g} on")
    assert cautions(model, Grid(-7.0, 9.0, cells=160), 2.0) == ()
    spike = Model(drift=TANH, weight=1.0, bias=0.0, initial=Dirac(0.0))
    assert "narrower than a cell" in cautions(spike, Grid(-1.0, 1.0, cells=10), 1.0)[0]


def test_one_part_far_off_does_not_hide_that_the_rest_is_narrower_than_a_cell() -> None:
    law = Mixture([Normal(0.0, 1e-6), Normal(0.9, 1e-6)], [0.99, 0.01])  # standard deviation 0.09, cells of 0.02
    spike = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=law)
    assert "narrower than a cell" in cautions(spike, Grid(-1.0, 1.0, cells=100), 1.0)[0]


def test_the_forecast_says_when_mass_reaches_an_end_and_what_lies_outside() -> None:
    drift = Model(drift=IDENTITY, weight=0.0, bias=1.0, initial=Uniform(0.0, 1.0))
    (sentence,) = cautions(drift, Grid(-1.0, 3.0, cells=100), 4.0)
    assert sentence == "mass reaches the end of the grid at 3 at t = 2.01"  # on a step of the forecast, until/400
    walls = cautions(cases["vehicles"].model, Grid(2.0, 8.0, cells=100), 1.0)
    assert [sentence[:30] for sentence in walls] == ["mass reaches the wall at 2 at ", "mass reaches the wall at 8 at "]
    still = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0))
    (sentence,) = cautions(still, Grid(-2.0, 9.0, cells=1000), 0.5)
    assert sentence == "initial mass outside the grid is put at its ends: 0.0228 at -2, 0 at 9"
