"""Claims about the adjoint of exact flows: affine maps in R^d, walls, pieces, by complex steps through closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm, expm_frechet

from particles import ExactFlow
from particles.model import IDENTITY, MEAN_COUPLED, TANH, Model, Normal, Product, Samples, layers
from particles.model.exact.expm import affine_flow, affine_flow_tangents
from particles.training import Moment, Parameters, gradient
from particles.training.tangents import ends_and_tangents

COUNT, UNTIL, TARGET, STEP = 133, 1.5, 0.3, 1e-30
POINTS = np.random.default_rng(1).normal(0.4, 1.0, (3, COUNT))


@pytest.mark.parametrize(("size", "t"), [(1, 0.7), (2, 1.5), (3, 0.01), (2, 40.0)])
def test_tangents_of_an_affine_flow_are_frechets_derivative(size: int, t: float) -> None:
    random = np.random.default_rng(size)
    weight, bias = random.normal(size=(size, size)) / max(1.0, 0.1 * t), random.normal(size=size)
    maps, shifts = affine_flow_tangents(weight, bias, t)
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size], whole[:size, size] = weight * t, bias * t
    for n, at in enumerate([*np.ndindex(size, size), *((i, size) for i in range(size))]):
        direction = np.zeros_like(whole)
        direction[at] = t
        expected = expm_frechet(whole, direction, compute_expm=False)
        np.testing.assert_allclose(maps[n], expected[:size, :size], rtol=1e-11, atol=1e-13 * np.abs(expected).max())
        np.testing.assert_allclose(shifts[n], expected[:size, size], rtol=1e-11, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_a_small_or_large_bias_takes_no_digits(size: float) -> None:
    """E does not move with the bias, and c is linear in it."""
    weight = np.array([[0.3, -0.8], [0.5, -0.2]])
    maps, shifts = affine_flow_tangents(weight, np.array([size, -size]), 1.5)
    assert not maps[4:].any()
    np.testing.assert_allclose(shifts[4] * size - shifts[5] * size, affine_flow(weight, [size, -size], 1.5)[1],
                               rtol=1e-13)  # fmt: skip
    plain = affine_flow_tangents(weight, np.array([1.0, -1.0]), 1.5)[1]
    np.testing.assert_allclose(shifts[:4], plain[:4] * size, rtol=1e-12)


def affine_ends(model: Model, weights: Any, biases: Any, x: Any) -> Any:
    for w, b in zip(weights, biases, strict=True):
        b = -w @ x.mean(axis=1) if model.mean_coupled else b
        whole = np.zeros((model.size + 1, model.size + 1), dtype=complex)
        whole[: model.size, : model.size], whole[: model.size, model.size] = w, b
        power = expm(whole * (UNTIL / len(weights)))
        x = power[: model.size, : model.size] @ x + power[: model.size, model.size][:, None]
    return x


def tanh_ends(model: Model, weights: Any, biases: Any, x: Any) -> Any:
    """Component by component; a wall's map after each piece."""
    low, high = np.array(model.box).T[:, :, None]
    for w, b in zip(weights, biases, strict=True):
        d, c = np.diag(w)[:, None], b[:, None]
        new = (np.arcsinh(np.exp(d * UNTIL / len(weights)) * np.sinh(d * x + c)) - c) / d
        if model.walls is not None and model.wall == "sticky":
            held = (x.real <= low) | (x.real >= high)
            new = np.where(held, x, np.where(new.real < low, low, np.where(new.real > high, high, new)))
        elif model.walls is not None:
            new = np.where(new.real < low, 2.0 * low - new, np.where(new.real > high, 2.0 * high - new, new))
        x = new
    return x


def of(size: int, **changed: Any) -> Model:
    dim = size // changed.get("neurons", 1)
    random = np.random.default_rng(2)
    rows = random.normal(0.0, 0.8, (3, size, size)), random.normal(size=(3, dim))
    start = Product([Normal(0.4, 1.0)] * dim) if dim > 1 else Normal(0.4, 1.0)
    given = {"drift": IDENTITY, "weight": layers(rows[0], UNTIL), "bias": layers(rows[1], UNTIL), "initial": start}
    if changed.get("drift") is TANH:
        given["weight"] = layers(rows[0] * np.eye(size), UNTIL)
    return Model(**(given | changed))


EXAMPLES = {
    "the plane": (of(2), affine_ends),
    "space": (of(3), affine_ends),
    "three neurons": (of(3, neurons=3), affine_ends),
    "mean-coupled": (of(2, bias=MEAN_COUPLED), affine_ends),
    "tanh": (of(1, drift=TANH), tanh_ends),
    "sticky": (of(1, drift=TANH, walls=(-0.5, 1.2)), tanh_ends),
    "reflecting": (of(1, drift=TANH, walls=(-0.5, 1.2), wall="reflecting"), tanh_ends),
    "sticky box": (of(2, drift=TANH, walls=((-0.5, 1.2), (-0.9, 1.5))), tanh_ends),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_adjoint_of_an_exact_flow_is_exact(name: str) -> None:
    model, ends = EXAMPLES[name]
    start = np.tile(POINTS[: model.dim], (model.neurons, 1))
    low, high = np.array(model.box).T[:, :, None]

    def loss(weights: Any, biases: Any) -> Any:
        x = ends(model, weights, biases, np.clip(start, low, high).astype(complex))
        return 0.5 * ((x.reshape(model.neurons, model.dim, -1).mean(axis=0) - TARGET) ** 2).sum(axis=0).mean()

    points = Samples(POINTS[0] if model.dim == 1 else POINTS[: model.dim])
    found = gradient(model, ExactFlow(), Moment(TARGET), until=UNTIL, start=points)
    times = found.levels[:-1]
    weights = model.weights(times).astype(complex)
    biases = np.zeros((3, model.size)) if model.mean_coupled else model.biases(times, weights.real)
    assert found.loss == pytest.approx(loss(weights, biases).real, rel=1e-13)
    for values, ours in ((weights, found.weights), (biases.astype(complex), found.biases)):
        expected = np.empty(values.shape)
        for at in np.ndindex(values.shape):
            moved = values.copy()
            moved[at] += 1j * STEP
            expected[at] = (loss(moved, biases) if values is weights else loss(weights, moved)).imag / STEP
        if name.startswith(("tanh", "sticky", "reflecting")) and values is weights:
            ours = ours * np.eye(model.size)
            expected *= np.eye(model.size)
        if values is weights or not model.mean_coupled:
            np.testing.assert_allclose(ours, expected, rtol=0.0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["the plane", "three neurons"])
def test_tangents_of_affine_maps_are_the_adjoints_gradient(name: str) -> None:
    model = EXAMPLES[name][0]
    points = Samples(POINTS[0] if model.dim == 1 else POINTS[: model.dim])
    found = Parameters(model).chain(gradient(model, ExactFlow(), Moment(TARGET), until=UNTIL, start=points))
    begin = np.tile(POINTS[: model.dim], (model.neurons, 1))
    ends, tangents = ends_and_tangents(Parameters(model), ExactFlow(), begin, UNTIL)
    off = ends.reshape(model.neurons, model.dim, -1).mean(axis=0) - TARGET
    by_theta = tangents.reshape(len(tangents), model.neurons, model.dim, -1).mean(axis=1)
    np.testing.assert_allclose((by_theta * off).sum(axis=1).mean(axis=1), found, rtol=1e-11, atol=1e-14)
