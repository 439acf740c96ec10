"""A problem as a model of this project: for who judges, and for this project's own contestants."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.contest import starts
from benchmarks.contest.problem import Problem
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    RELU,
    SIGMOID,
    TANH,
    Law,
    Lognormal,
    Model,
    MultivariateNormal,
    Normal,
    Product,
    ReluSteady,
    SpaceLaw,
    TruncatedNormal,
    Uniform,
)

_DRIFTS = {"identity": IDENTITY, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH}


def law_of(start: Any) -> Law | SpaceLaw:
    """Return the law of this project that a start is.

    Raises
    ------
    TypeError
        If the start is none of `starts`.
    """
    match start:
        case starts.Normal(mean, deviation):
            return Normal(mean, deviation**2)
        case starts.Uniform(low, high):
            return Uniform(low, high)
        case starts.TruncatedNormal(mean, deviation, low, high):
            return TruncatedNormal(mean, deviation**2, low, high)
        case starts.Lognormal(mean, deviation):
            return Lognormal(mean, deviation**2)
        case starts.ReluRest(weight, bias, nu):
            return ReluSteady(weight, bias, nu**2)
        case starts.PlaneNormal(mean, ((a, 0.0), (0.0, b))):
            return Product([Normal(mean[0], a), Normal(mean[1], b)])  # independent components stay so, some exactly
        case starts.PlaneNormal(mean, covariance):
            return MultivariateNormal(np.array(mean), np.array(covariance))
    raise TypeError(f"no law for a start of type {type(start).__name__}")


def model_of(problem: Problem) -> Model:
    """Return the model that a problem is; of collisions the model of their limit, since eps belongs to a scheme."""
    return Model(
        drift=_DRIFTS[problem.activation],
        weight=np.array(problem.weight) if problem.dimension == 2 else problem.weight,
        bias=np.array(problem.bias) if problem.dimension == 2 else problem.bias,
        initial=law_of(problem.start),
        walls=problem.walls,
        diffusion=LINEAR if problem.multiplicative else CONSTANT,
        nu2=problem.nu**2 if problem.noise != "none" else 0.0,
        scaled=False,
    )
