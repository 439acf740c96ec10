"""The affine flow of x' = A x + b by a matrix exponential of fixed-order sums, so that its bytes depend on no library.

exp(A t) = (T(A t / 2^s))^(2^s), T the Taylor polynomial of degree 18, 2^s >= norm(A t); b enters as one more column.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats

_DEGREE = 18  # (1/2)^19/19! = 2e-23


def affine_flow(weight: Floats, bias: Floats, t: ArrayLike) -> tuple[Floats, Floats]:
    """Return (E, c) with x(t) = E x(0) + c for x' = weight x + bias, shapes (D, D) and (D,) both."""
    generator, scale = _generator(weight, bias, t)
    power, size = _exponential(generator), generator.shape[-1] - 1
    return power[..., :size, :size].copy(), power[..., :size, size] * scale[..., None]


def affine_flow_tangents(weight: Floats, bias: Floats, t: float) -> tuple[Floats, Floats]:
    """Return how E and c of `affine_flow` move with the entries of weight, row by row, and of bias.

    The derivative of exp at A in a direction B is the corner of exp of the block matrix (A B; 0 A).

    Returns
    -------
    ndarray, shapes (D D + D, D, D) and (D D + D, D)
    """
    generator, scale = _generator(weight, bias, t)
    size = len(bias)
    blocks = np.zeros((size * (size + 1), 2, size + 1, 2, size + 1))
    blocks[:, 0, :, 0] = blocks[:, 1, :, 1] = generator
    for n in range(len(blocks)):  # of size 1, whatever t and bias are: what follows is linear in them
        i, j = divmod(n, size) if n < size * size else (n - size * size, size)
        blocks[n, 0, i, 1, j] = 1.0
    corner = t * _exponential(blocks.reshape(len(blocks), 2 * size + 2, -1))[:, :size, size + 1 :]
    corner[: size * size, :, size] *= scale
    return corner[:, :, :size].copy(), corner[:, :, size].copy()


def _generator(weight: Floats, bias: Floats, t: ArrayLike) -> tuple[Floats, Floats]:
    """(weight t, bias t/scale; 0 0), shape (..., D + 1, D + 1), and scale."""
    t = np.asarray(t, dtype=np.float64)
    moved, shifted = weight * t[..., None, None], bias * t[..., None]
    scale = _scale(np.abs(moved).sum(axis=-1).max(axis=-1), np.abs(shifted).max(axis=-1))
    size = shifted.shape[-1]
    generator = np.zeros((*scale.shape, size + 1, size + 1))
    generator[..., :size, :size], generator[..., :size, size] = moved, shifted / scale[..., None]
    return generator, scale


def _exponential(generator: Floats) -> Floats:
    """Exponentials of matrices, shape (..., n, n)."""
    norms = np.abs(generator).sum(axis=-1).max(axis=-1)
    squarings = np.array([max(0, math.frexp(norm)[1] + 1) for norm in norms.flat], dtype=np.int64).reshape(norms.shape)
    scaled = generator * np.ldexp(1.0, -squarings)[..., None, None]
    term = power = np.eye(generator.shape[-1])
    for k in range(1, _DEGREE + 1):
        term = _product(term, scaled) / k
        power = power + term
    for done in range(squarings.max(initial=0)):
        more = squarings > done
        power[more] = _product(power[more], power[more])
    return power


def _scale(norm: Floats, largest: Floats) -> Floats:
    """Bring the bias column to the size of the rest: it must not drive the number of squarings."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale = largest / np.where(norm > 0.0, norm, 1.0)
    scale = np.where(scale == math.inf, largest, scale)  # the weight is next to nothing
    return np.where(scale > 0.0, scale, 1.0)


def _product(a: Floats, b: Floats) -> Floats:
    out = np.zeros(b.shape)
    for k in range(b.shape[-1]):
        out += a[..., :, k, None] * b[..., None, k, :]
    return out
