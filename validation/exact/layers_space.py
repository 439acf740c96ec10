"""The law of a residual network without noise in R^d after L layers, x <- x + dt f(w_k x/d + b_k), dt = T/L.

A diagonal weight and independent components make d networks on the line (`layers`), and their laws a product. The
identity makes an affine map, x -> E x + c with E = prod (I + dt w_k/d), of any weight.
"""

from __future__ import annotations

import numpy as np

from particles import Euler
from particles.base.errors import InputError
from particles.model import Model, MultivariateNormal, Normal, Product, SpaceLaw
from particles.model.exact.components import components
from particles.model.laws.affine_image import AffineImage
from validation.exact.layers import euler_law
from validation.exact.network import check_layers


def space_layers_law(model: Model, layers: int, time: float) -> SpaceLaw:
    """Exact law at `time` of the particles of `particles.Euler(layers=layers)` in R^d.

    Parameters
    ----------
    model : Model
        In R^d, nu2 = 0, one neuron, no coupling to the mean: a diagonal weight and a product start, sticky walls
        included, or the identity without walls.
    layers : int >= 1
    time : float > 0

    Raises
    ------
    InputError
        If the model is another, or a layer does not preserve order: then it takes more layers.
    """
    if not is_affine(model):
        return Product([euler_law(part, layers, time) for part in components(model)])
    assert isinstance(model.initial, SpaceLaw)
    levels = Euler(layers=layers).levels(model, time, ())
    weights = model.weights(levels[:-1])
    biases = model.biases(levels[:-1], weights)
    matrix, shift = np.eye(model.size), np.zeros(model.size)
    for w, b, dt in zip(weights, biases, np.diff(levels).tolist(), strict=True):
        moved = np.eye(model.size) + dt * w
        matrix, shift = moved @ matrix, moved @ shift + dt * b
    parts = model.initial.components if isinstance(model.initial, Product) else (model.initial,)
    if all(isinstance(part, Normal | MultivariateNormal) for part in parts):
        return MultivariateNormal(matrix @ model.initial.mean + shift, matrix @ model.initial.covariance @ matrix.T)
    return AffineImage(model.initial, matrix, shift)


def require_known(model: Model, layers: int, time: float) -> None:
    """Refuse a model whose law after so many layers is not known, or whose layers cross particles, without numba."""
    if model.nu2 > 0.0 or model.mean_coupled or model.neurons != 1 or not isinstance(model.initial, SpaceLaw):
        raise InputError(
            "the law of the layers in R^d is known without noise, for one neuron and no coupling to a mean"
        )
    if is_affine(model):
        return
    try:
        parts = components(model)
    except InputError:
        raise InputError(
            f"drift = {model.drift.name!r} with a weight that couples the components: the law of its layers in"
            f" R^{model.size} is not known; allowed are a diagonal weight and a product start, or the identity"
        ) from None
    for part in parts:
        check_layers(part, time, layers)


def is_affine(model: Model) -> bool:
    """Whether layers are affine maps, of any start."""
    return model.drift.linear and model.walls is None
