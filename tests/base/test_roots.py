"""Roots in brackets: as near as stated, no slower than by halving, and fast where smooth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from particles.base.arrays import Floats
from particles.base.roots import bisect, crossings

ROOTS = np.array([1e-7, 0.03, 0.5, 0.61, 1.0 - 1e-7])


def count_rounds(function: Callable[[Floats], Floats]) -> tuple[Floats, int]:
    """Roots of function(x - root) on [0, 1], and how often the function was asked for."""
    rounds = 0

    def difference(x: Floats, k: np.ndarray) -> Floats:
        nonlocal rounds
        rounds += 1
        return function(x - ROOTS[k])

    return crossings(difference, np.zeros(ROOTS.size), np.ones(ROOTS.size)), rounds


@pytest.mark.parametrize(
    ("function", "most"),
    [
        (lambda x: 3.0 * x, 10),
        (lambda x: -np.expm1(2.0 * x), 10),
        (lambda x: np.tanh(x / 0.01), 33),
        (lambda x: x**9, 33),
        (lambda x: np.where(x < 0.0, -1.0, 1e-12), 33),
        (lambda x: np.where(x < 0.0, -1e300, 1e-300), 33),
    ],
    ids=["linear", "exponential", "front", "flat", "jump", "lopsided"],
)
def test_crossings_are_near_and_found_in_few_rounds(function: Callable[[Floats], Floats], most: int) -> None:
    found, rounds = count_rounds(function)
    np.testing.assert_allclose(found, ROOTS, rtol=0.0, atol=2e-9)
    assert rounds <= most


def test_crossings_keep_to_their_brackets_at_any_scale() -> None:
    low, high = np.array([-1e-300, -1e150, 1.0]), np.array([3e-300, 3e150, 1.0 + 4e-16])
    middle = 0.5 * (low + high)
    found = crossings(lambda x, k: np.sign(x - middle[k]), low, high)
    assert np.all((low <= found) & (found <= high))
    assert crossings(lambda x, k: x, np.empty(0), np.empty(0)).size == 0


def test_bisection_ends_at_the_next_number() -> None:
    root = np.float64(np.pi)
    assert bisect(lambda x: x < root, np.array([0.0]), np.array([4.0])) == root
