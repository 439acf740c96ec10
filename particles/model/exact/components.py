"""A model in R^d whose weight is diagonal is d models on the line: independent, where the start's components are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.laws.combined import Product
from particles.model.parameters import Constant, Parameter, Piecewise, Varying
from particles.model.rule import Model


def components(model: Model) -> list[Model]:
    """Return the models of the components of a model in R^d.

    Raises
    ------
    InputError
        If a weight is not diagonal, there are several neurons a feature, or the start's components are not independent.
        Of a weight that is a function of time this is told when it is asked for.
    """
    if model.neurons != 1 or not isinstance(model.initial, Product):
        raise InputError("independent components need one neuron a feature and a product law as the start")
    weight, bias = model.parameters
    size, box = model.size, model.box
    return [
        dataclasses.replace(
            model,
            weight=_entry(weight, _diagonal(k, size if model.is_scaled else 1)),
            bias=model.bias if bias is None else _entry(bias, partial(_part, k)),
            initial=law,
            walls=None if model.walls is None else box[k],
            scaled=False,
        )
        for k, law in enumerate(model.initial.components)
    ]


def _part(k: int, value: Floats) -> Floats:
    return value[k : k + 1]


def _diagonal(k: int, over: int) -> Callable[[Floats], Floats]:
    """The k-th entry of a diagonal matrix, with the factor of the model, as a matrix of one row."""

    def entry(value: Floats) -> Floats:
        if np.any(value * (1.0 - np.eye(len(value)))):
            raise InputError("a weight that is not diagonal couples the components")
        return value[k : k + 1, k : k + 1] / over

    return entry


def _entry(parameter: Parameter | None, of: Callable[[Floats], Floats]) -> Any:
    """The parameter whose value at every time is `of` its value."""
    match parameter:
        case Constant(value):
            return Constant(of(value))
        case Piecewise(edges, values):
            return Piecewise(edges, np.stack([of(value) for value in values]))
        case Varying():
            return lambda t: of(parameter.sample(np.array([t]))[0])
    raise InputError("a parameter that is none")
