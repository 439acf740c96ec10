"""Formulas over arrays: the loop is written once, the formula stays a scalar function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles.base.jit import Formula, kernel

Floats = NDArray[np.float64]


@kernel
def _map1(f: Formula) -> Formula:
    def loop(x: Any, constants: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = f(x[i], constants)

    return loop


@kernel
def _map2(f: Formula) -> Formula:
    def loop(u: Any, x: Any, constants: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = f(u[i], x[i], constants)

    return loop


def bisect(below: Callable[[Floats], NDArray[np.bool_]], low: Floats, high: Floats) -> Floats:
    """Ends of the stretches [low, ...) on which `below` holds, to the last bits, elementwise."""
    for _ in range(80 if low.size else 0):
        middle = 0.5 * (low + high)
        first = below(middle)
        low, high = np.where(first, middle, low), np.where(first, high, middle)
    return high


def over_arrays(f: Formula, *arguments: ArrayLike, constants: tuple[float, ...] = ()) -> Floats:
    """Evaluate the formula `f(x, constants)` or `f(u, x, constants)` at every element, compiled.

    Parameters
    ----------
    f : callable
        Scalar formula of one or two variables and a tuple of constants.
    *arguments : array_like
        One or two arrays, broadcast against each other.
    constants : tuple of float, default ()

    Returns
    -------
    ndarray of float64, of the broadcast shape
    """
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arguments))
    out = np.empty(arrays[0].shape)
    loop = (_map1 if len(arrays) == 1 else _map2)(f)
    loop(*(np.asarray(a, order="C").reshape(-1) for a in arrays), constants, out.reshape(-1))
    return out
