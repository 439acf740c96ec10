"""Entropy along the exact flow of a model on the line, by quadrature over the law of the start.

    H(T) = -int g_0 log g_0 dx + E log(dX_T/dx_0),      dH/dT = E[w f_u + f_x] at X_T             (Ruseckas, (28), (32))

The derivative of the flow is what the adjoint of `ExactFlow` carries back from 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from particles.base.errors import InputError
from particles.base.quadrature import panel_points
from particles.model import Model
from particles.philox import Address
from particles.schemes.flow import ExactFlow

_ENOUGH = 1e-9  # of the mass, beyond which the nodes do not hold the law


class Entropy(NamedTuple):
    """Entropy of the law at a time, and its slope in time."""

    value: float
    slope: float


def entropy(model: Model, until: float) -> Entropy:
    """Entropy of the exact push-forward of the start.

    Parameters
    ----------
    model : Model
        On the line, without noise and walls, with an exact flow; the start has a density.
    until : float > 0

    Raises
    ------
    InputError
        If the model has no exact flow there, its start no density, or particles come together: then H = -infinity.
    """
    scheme = ExactFlow()
    scheme.require_adjoint(model)
    levels, law = scheme.levels(model, until, []), model.law
    mean = np.array([law.mean]) if model.mean_coupled else None
    rows = scheme.parameters(model, levels, 0, len(levels) - 1, mean)
    nodes, weights, half = panel_points(law.breakpoints())
    density = law.pdf(nodes)
    x, masses = nodes.reshape(1, -1), (weights * half * density).reshape(-1)
    if abs(masses.sum() - 1.0) > _ENOUGH:
        raise InputError(f"initial = {law!r:.60} has no density that quadrature holds: its entropy is not known")
    end, stretch = np.array(x), np.ones(x.shape)
    scheme.retrace(model, end, stretch, rows, Address(0, 0, 0, 0), x.size)
    if not (stretch > 0.0).all():
        raise InputError("the flow takes several points to one: the law has no density, and no entropy")
    held = masses > 0.0
    begin = -math.fsum(masses[held] * np.log(density.reshape(-1)[held]))
    biases = model.biases(until, model.weights(until), mean)
    w, b = float(model.weights(until)[0, 0, 0]), float(biases[0, 0])
    u = w * end + b
    grown = w * model.drift.derivative_u(u, end) + model.drift.derivative_x(u, end)
    return Entropy(begin + math.fsum(masses * np.log(stretch[0])), math.fsum(masses * grown[0]))
