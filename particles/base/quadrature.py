"""Gauss-Legendre quadrature, on [-1, 1] and on panels of the line."""

from collections.abc import Callable
from functools import cache

import numpy as np

from particles.base.arrays import Floats


@cache
def gauss(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights of n points on [-1, 1], exact for the degree 2 n - 1; both read-only."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def panel_points(edges: Floats, n: int = 16) -> tuple[Floats, Floats, Floats]:
    """Points between neighbouring edges, shape (n, panels), weights (n, 1) of [-1, 1], half the panels' lengths."""
    nodes, weights = gauss(n)
    right, left = 0.5 * edges[1:], 0.5 * edges[:-1]  # the sum of two edges may be beyond the largest number
    half = right - left
    return (right + left) + half * nodes[:, None], weights[:, None], half


def integrate(function: Callable[[Floats], Floats], edges: Floats, n: int = 16) -> float:
    """Integral of a function of arrays from the first edge to the last, n points a panel."""
    x, weights, half = panel_points(edges, n)
    return float((weights * function(x) * half).sum())
