"""Claims about the adjoint of the equation: derivatives by closed forms, at third order, for whatever a model holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm

import particles
from kinetic import ChangCooper, Explicit, Grid, Imex, Linear, Plane, Scheme, Squares, gradient, tangent
from kinetic.losses import Moment
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    TANH,
    Dirac,
    Lognormal,
    Model,
    Normal,
    layers,
    piecewise,
)  # fmt: skip
from particles.training import (
    EnergyDistance,
    FirstTransport,
    Parameters,
    Supervised,
    Transport,
    gradient_by_quadrature,
)  # fmt: skip
from particles.training import Moment as OfParticles
from particles.training import gradient as of_particles

CELLS = (160, 320, 640)
TARGET = Normal(2.0, 0.49)


def tanh(w: Any, b: Any, **more: Any) -> Model:
    return Model(drift=TANH, weight=w, bias=b, **{"initial": Normal(1.0, 1.0), **more})


def on(cells: int, model: Model, loss: Any, until: float = 1.0, scheme: Scheme | None = None) -> Any:
    return gradient(model, Grid(-7.0, 9.0, cells=cells), scheme, loss=loss, until=until)


def orders(errors: Sequence[float]) -> Floats:
    return -np.diff(np.log(np.abs(errors))) / np.log(2.0)


# (loss, model, its value, by w, by b), by the flow's closed sensitivities and adaptive quadrature in 30 digits
CLOSED = [
    (Moment(2.0), tanh(-1.0, 1.0), 0.62711583316513312, -0.41273360525219931, -0.50253237982276539),
    (Squares(TARGET), tanh(-0.8, 0.9), 0.23294194323151527, -0.459963516599769, -0.21853917477212),
    (Transport(TARGET), tanh(-0.8, 0.9), 0.45864962536609511, -0.62306787923455488, -0.53905805012531744),
    (FirstTransport(TARGET), tanh(-0.8, 0.9), 0.94298399402406067, -0.60689815987062426, -0.56919717752797199),
    (EnergyDistance(TARGET), tanh(-0.8, 0.9), 0.75677416272618464, -1.1142506006188092, -0.87087019046056386),
]


@pytest.mark.parametrize(("loss", "model", "value", "by_w", "by_b"), CLOSED, ids=lambda x: getattr(x, "name", ""))
def test_derivatives_are_of_third_order(loss: Any, model: Model, value: float, by_w: float, by_b: float) -> None:
    """Of the linear scheme; CWENO3 has them within its own error."""
    found = [on(cells, model, loss, scheme=Explicit(Linear())) for cells in CELLS]
    for errors in zip(*([g.loss - value, g.weight - by_w, g.bias - by_b] for g in found), strict=True):
        assert np.all((orders(errors) > 2.6) & (orders(errors) < 3.3)), errors
    fine = on(640, model, loss)
    assert_allclose([fine.loss, fine.weight, fine.bias], [value, by_w, by_b], atol=1e-5)


def test_start_and_horizon_are_differentiated_too() -> None:
    found = on(640, tanh(-1.0, 1.0), Moment(2.0))
    exact = (-0.497467620177235, 0.358207738251342, -0.193774846491642)
    assert_allclose([found.mean, found.std, found.horizon], exact, atol=2e-6)


class Unsigned(Squares):
    """lambda(T) = abs(g - h), as section 3.4 prints it (E8)."""

    def slopes(self, measure: Any, grid: Grid) -> Floats:
        off = np.cumsum(np.concatenate([[0.0], super().slopes(measure, grid)])) * grid.h
        return np.asarray(np.diff(np.abs(off)) / grid.h)


def test_the_printed_end_of_the_adjoint_is_no_derivative() -> None:
    """Control: half of the derivative is missing, at any number of cells."""
    found = on(640, tanh(-0.8, 0.9), Unsigned(TARGET))
    assert_allclose([found.weight, found.bias], [-0.20338, -0.08107], atol=1e-3)


def test_functional_derivatives_are_those_of_the_flow() -> None:
    """w(t) = -1 + .5 sin t, b(t) = .5 cos t: 120 Gauss-Hermite nodes, RK4 of 400 and 1600 steps."""
    model = tanh(lambda t: -1.0 + 0.5 * np.sin(t), lambda t: 0.5 * np.cos(t))
    by_w, by_b = (-0.38593550348, -0.55386452011, -0.59278319959), (-0.56003548963, -0.85200952193, -1.0818902338)
    errors = []
    for cells in CELLS:
        grid = Grid(-7.0, 9.0, cells=cells)
        found = gradient(model, grid, loss=Moment(2.0), until=2.0, times=(0.5, 1.0, 1.5))
        told = found.lengths == 0.0
        errors.append(np.abs([*(found.weights[told] - by_w), *(found.biases[told] - by_b)]).max())
    assert np.all(orders(errors) > 2.4)
    assert errors[-1] < 3e-6


def test_every_piece_has_its_own_derivative() -> None:
    edges = (0.0, 0.5, 1.0, 1.5)
    model = tanh(piecewise(edges, [-1.2, -0.5, 0.4, -0.8]), piecewise(edges, [0.9, 0.2, -0.3, 1.1]))
    exact = Parameters(model).chain(gradient_by_quadrature(model, OfParticles(2.0), 2.0))
    errors = [np.abs(np.concatenate(on(cells, model, OfParticles(2.0), 2.0).pieces()) - exact).max() for cells in CELLS]
    assert np.all(orders(errors) > 2.6)
    assert errors[-1] < 2e-6


@pytest.mark.parametrize("scheme", [Explicit(), Imex()], ids=lambda scheme: scheme.name)
def test_with_noise_they_are_those_of_the_normal_law(scheme: Scheme) -> None:
    """x' = 1 - x + sqrt(2) dW from N(1, 1): closed moments, differentiated."""
    model = Model(drift=IDENTITY, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0), nu2=2.0)
    errors = []
    for cells in (80, 160, 320):
        found = on(cells, model, Moment(2.0), scheme=scheme)
        assert_allclose([found.bias, found.nu2], [-0.632120558828558, 0.216166179190847], atol=1e-6)
        errors.append(found.weight + 0.199788200446864)
    assert np.all((orders(errors) > 2.6) & (orders(errors) < 3.3))


def _moment(w: complex, b: complex, nu2: complex, law: Lognormal) -> complex:
    """E(x_T - 2)^2/2 at T = 1 for K = x: m1' = w m1 + b, m2' = 2 b m1 + (2 w + nu2) m2."""
    rates = np.array([[0.0, 0.0, 0.0], [b, w, 0.0], [0.0, 2.0 * b, 2.0 * w + nu2]], dtype=complex)
    _, m1, m2 = expm(rates) @ np.array([1.0, law.mean, law.std**2 + law.mean**2])
    return complex(0.5 * (m2 - 4.0 * m1 + 4.0))


def test_with_noise_that_grows_with_x_too() -> None:
    law, tiny = Lognormal(0.2, 0.05), 1e-30j
    model = Model(drift=IDENTITY, weight=-1.0, bias=1.0, initial=law, nu2=0.1, diffusion=LINEAR)
    exact = [_moment(-1.0 + i, 1.0 + j, 0.1 + k, law).imag / 1e-30 for i, j, k in tiny * np.eye(3)]
    errors = []
    for cells in (100, 200, 400):
        found = gradient(model, Grid(0.0, 8.0, cells=cells), Imex(), loss=Moment(2.0), until=1.0)
        errors.append(np.array([found.weight, found.bias, found.nu2]) - exact)
    for row in np.transpose(errors[1:]):
        assert 2.6 < orders(row)[0] < 3.3, row
    assert np.abs(errors[-1]).max() < 2e-6


def test_what_a_sticky_wall_holds_has_no_derivative() -> None:
    """A jump of p runs from the wall: first order. `tangent`, whose atoms carry it, and particles agree far better."""
    model = Model(drift=TANH, weight=1.0, bias=-0.2, initial=Normal(0.4, 0.16), walls=(-1.0, 1.5))
    grids = [Grid(-1.0, 1.5, cells=cells) for cells in (100, 200, 400)]
    exact = tangent(model, grids[-1], until=2.0).moment(2.0)[1]
    found = Parameters(model).chain(
        of_particles(model, particles.Euler(layers=1000), OfParticles(2.0), count=2000, until=2.0, start="quantile")
    )
    assert_allclose(found, exact, rtol=2e-3)
    errors = [abs(gradient(model, grid, loss=Moment(2.0), until=2.0).bias - exact[1]) / abs(exact[1]) for grid in grids]
    assert np.all(orders(errors) > 0.9)
    assert errors[-1] < 3e-4
    free = dataclasses.replace(model, walls=None)
    without = gradient(free, Grid(-6.0, 8.0, cells=800), loss=Moment(2.0), until=2.0)
    assert abs(without.bias - exact[1]) > 0.1  # the wall is seen


def test_the_law_of_a_particle_and_its_slope_make_one_number_at_all_times() -> None:
    """int p f dg is constant for a steady field: Hamilton's function of the mean field; it is dPhi/dT."""
    model = tanh(-1.0, 1.0)
    found, grid = on(640, model, Moment(2.0), 2.0), Grid(-7.0, 9.0, cells=640)
    speed = model.speed(grid.centres, 0.0)
    hamilton = [grid.h * float((g * p) @ speed) for g, p in zip(found.solution.averages, found.slopes, strict=True)]
    assert_allclose(hamilton, found.horizon, rtol=2e-3)  # of second order, by centres


REFUSED = [
    (tanh(-1.0, MEAN_COUPLED), Moment(2.0), "mean-coupled"),
    (tanh(-1.0, 1.0, walls=(-7.0, 9.0), wall="reflecting"), Moment(2.0), "reflecting"),
    (tanh(-1.0, 1.0), 2.0, "loss = 2.0"),
    (tanh(-1.0, 1.0), Supervised([1.0, 2.0]), "labels"),
]


@pytest.mark.parametrize(("model", "loss", "told"), REFUSED, ids=[row[-1] for row in REFUSED])
def test_what_has_no_adjoint_is_refused(model: Model, loss: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        on(80, model, loss)


def test_squares_to_a_point_are_refused_with_what_is_allowed() -> None:
    with pytest.raises(InputError, match="allowed are moment, w2, w1, energy"):
        Squares(Dirac(2.0))
    with pytest.raises(InputError, match="lie between 0 and 1"):
        gradient(tanh(-1.0, 1.0), Grid(-7.0, 9.0, cells=80), loss=Moment(2.0), until=1.0, times=(1.5,))
    plane: Any = Plane(Grid(-1.0, 1.0, cells=8), Grid(-1.0, 1.0, cells=8))
    with pytest.raises(InputError, match="Explicit or an Imex"):
        gradient(tanh(-1.0, 1.0), Grid(-7.0, 9.0, cells=80), ChangCooper(), loss=Moment(2.0), until=1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be a Grid"):
        gradient(tanh(-1.0, 1.0), plane, loss=Moment(2.0), until=1.0)


def test_layers_of_a_network_tell_a_derivative_each() -> None:
    """Ten equal layers: the derivatives by each add up to that by the constant."""
    one = on(160, tanh(-1.0, 1.0), Moment(2.0))
    ten = on(160, tanh(layers([-1.0] * 10, 1.0), layers([1.0] * 10, 1.0)), Moment(2.0))
    by_w, by_b = ten.pieces()
    assert by_w.shape == (10,)
    assert_allclose([by_w.sum(), by_b.sum()], [one.weight, one.bias], rtol=2e-5)


def test_derivatives_at_a_jump_are_those_just_after_it() -> None:
    model = tanh(piecewise((0.0, 0.5), [-1.0, 0.4]), 1.0)
    found = gradient(model, Grid(-7.0, 9.0, cells=160), loss=Moment(2.0), until=1.0, times=(0.5, 0.5 + 1e-6))
    told = found.lengths == 0.0
    assert found.times[told].tolist() == [0.5, 0.5 + 1e-6]
    assert_allclose(found.weights[told][0], found.weights[told][1], rtol=1e-4)


def test_a_start_without_width_has_no_derivative_by_it() -> None:
    found = gradient(tanh(-1.0, 1.0, initial=Dirac(0.3)), Grid(-7.0, 9.0, cells=160), loss=Moment(2.0), until=1.0)
    assert np.isnan(found.std)
    assert np.isfinite([found.loss, found.weight, found.bias, found.mean, found.horizon]).all()


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_derivatives_scale_with_the_unit_of_length(unit: float) -> None:
    """x in other units, and time so that speeds are as before: d/dw and d/db of a squared length."""
    one = on(160, tanh(-1.0, 1.0), Moment(2.0))
    scaled = Model(drift=TANH, weight=-1.0 / unit, bias=1.0, initial=Normal(unit, unit**2))
    grid = Grid(-7.0 * unit, 9.0 * unit, cells=160)
    other = gradient(scaled, grid, loss=Moment(2.0 * unit), until=unit)
    assert_allclose([other.weight / unit**3, other.bias / unit**2], [one.weight, one.bias], rtol=1e-12)


def test_far_from_0_the_derivatives_are_those_about_0() -> None:
    """By the bias; by the weight it is that about 0 and 1e6 times that by the bias."""
    near = gradient(tanh(-1.0, 0.0, initial=Normal(0.0, 1.0)), Grid(-8.0, 8.0, cells=160), loss=Moment(1.0), until=1.0)
    model, grid = tanh(-1.0, 1e6, initial=Normal(1e6, 1.0)), Grid(1e6 - 8.0, 1e6 + 8.0, cells=160)
    far = gradient(model, grid, loss=Moment(1e6 + 1.0), until=1.0)
    assert_allclose([far.bias, far.mean, far.horizon], [near.bias, near.mean, near.horizon], rtol=1e-7)
    assert_allclose(far.weight, near.weight + 1e6 * near.bias, rtol=1e-7)
