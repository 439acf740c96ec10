"""The affine flow of x' = A x + b by a matrix exponential of fixed-order sums, so that its bytes depend on no library.

exp(A t) = (T(A t / 2^s))^(2^s), T the Taylor polynomial of degree 18, 2^s >= norm(A t); b enters as one more column.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats

_DEGREE = 18  # (1/2)^19/19! = 2e-23


def affine_flow(weight: Floats, bias: Floats, t: float) -> tuple[Floats, Floats]:
    """Return (E, c) with x(t) = E x(0) + c for x' = weight x + bias.

    Parameters
    ----------
    weight : ndarray, shape (D, D)
    bias : ndarray, shape (D,)
    t : float

    Returns
    -------
    E : ndarray, shape (D, D)
    c : ndarray, shape (D,)
    """
    size = len(bias)
    generator = np.zeros((size + 1, size + 1))
    # the bias column at the size of the rest: it must not drive the number of squarings
    norm = float(np.abs(weight * t).sum(axis=1).max())
    largest = float(np.abs(bias * t).max())
    scale = largest / (norm if norm > 0.0 else 1.0)
    if scale == math.inf:  # the weight is next to nothing
        scale = largest
    scale = scale if scale > 0.0 else 1.0
    generator[:size, :size], generator[:size, size] = weight * t, bias * t / scale
    norm = float(np.abs(generator).sum(axis=1).max())
    squarings = max(0, math.frexp(norm)[1] + 1)
    scaled = generator * 2.0**-squarings
    term = power = np.eye(size + 1)
    for k in range(1, _DEGREE + 1):
        term = _product(term, scaled) / k
        power = power + term
    for _ in range(squarings):
        power = _product(power, power)
    return power[:size, :size].copy(), power[:size, size] * scale


def _product(a: Floats, b: Floats) -> Floats:
    out = np.zeros_like(a)
    for k in range(len(a)):
        out = out + a[:, k, None] * b[None, k, :]
    return out
