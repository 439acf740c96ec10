"""Claims about `kinetic.line.runge_kutta`: all conditions of order, by rooted trees, and the limits of stability."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest

from kinetic.line.runge_kutta import RK5, RK8, SSP3, RungeKutta
from kinetic.line.stencils import value

Tree = tuple[Any, ...]
ALL = [SSP3, RK5, RK8]


@cache
def forests(nodes: int, largest: int) -> tuple[tuple[Tree, ...], ...]:
    """Multisets of rooted trees with so many nodes together, none of more than `largest`."""
    if nodes == 0:
        return ((),)
    found = []
    for size in range(1, min(nodes, largest) + 1):
        for count in range(1, nodes // size + 1):
            for rest in forests(nodes - size * count, size - 1):
                found += [(*chosen, *rest) for chosen in combinations_with_replacement(trees(size), count)]
    return tuple(found)


def trees(nodes: int) -> tuple[Tree, ...]:
    """Rooted trees of so many nodes: a tree is the tuple of its branches."""
    return forests(nodes - 1, nodes - 1)


def size(tree: Tree) -> int:
    return 1 + sum(map(size, tree))


def density(tree: Tree) -> int:
    """gamma: the product of the sizes of all subtrees."""
    found = size(tree)
    for branch in tree:
        found *= density(branch)
    return found


def weight(scheme: RungeKutta, tree: Tree) -> float:
    """sum_k b_k Phi_k(tree)."""
    stages = len(scheme.butcher) - 1
    a = np.zeros((stages, stages))
    for k, row in enumerate(scheme.butcher[:-1]):
        a[k, : len(row)] = row

    def stage(tree: Tree) -> Any:
        found = np.ones(stages)
        for branch in tree:
            found = found * (a @ stage(branch))
        return found

    return float(np.array(scheme.butcher[-1]) @ stage(tree))


def order_of(scheme: RungeKutta, most: int = 9) -> int:
    """The order that the conditions grant: 1/gamma for every tree up to it."""
    for nodes in range(1, most + 1):
        if any(abs(weight(scheme, tree) - 1.0 / density(tree)) > 1e-12 for tree in trees(nodes)):
            return nodes - 1
    return most


def test_trees_are_counted() -> None:
    assert [len(trees(n)) for n in range(1, 9)] == [1, 1, 2, 4, 9, 20, 48, 115]


@pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: str(scheme.order))
def test_every_condition_of_the_order_holds_and_none_beyond(scheme: RungeKutta) -> None:
    assert order_of(scheme) == scheme.order


def test_a_digit_that_is_wrong_is_noticed() -> None:
    rows = [list(row) for row in RK8.butcher]
    rows[8][3] += 1e-8  # the row still has its sum: conditions of quadrature do not see it
    rows[8][4] -= 1e-8
    assert order_of(dataclasses.replace(RK8, butcher=tuple(map(tuple, rows)))) < 8


def amplification(scheme: RungeKutta, z: Any) -> Any:
    """abs(R(z)) of u' = lambda u, z = lambda dt."""
    states = [np.ones_like(z)]
    for k, row in enumerate(scheme.rows):
        states.append(1.0 + z * sum(a * u for a, u in zip(row[: k + 1], states, strict=True)))
    return np.abs(states[-1])


def upwind(r: int) -> Any:
    """Symbols of linear upwinding of order 2r + 1, h = 1."""
    theta = np.linspace(0.0, np.pi, 1001)
    edge = sum(float(x) * np.exp(1j * theta * (k - r)) for k, x in enumerate(value(-r, r, Fraction(1, 2))))
    return -(1.0 - np.exp(-1j * theta)) * edge


@pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: str(scheme.order))
def test_limits_of_stability_are_sharp(scheme: RungeKutta) -> None:
    symbols = np.concatenate([upwind(2), upwind(3)])
    assert amplification(scheme, scheme.advection * symbols).max() < 1.0 + 1e-9
    assert amplification(scheme, 1.001 * scheme.advection * symbols).max() > 1.0 + 1e-5
    line = -np.linspace(0.0, scheme.diffusion, 2001).astype(complex)
    assert amplification(scheme, line).max() < 1.0 + 1e-9
    assert amplification(scheme, 1.001 * line).max() > 1.0 + 1e-5


@pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: str(scheme.order))
def test_steps_whose_shares_sum_to_one_are_stable(scheme: RungeKutta) -> None:
    """Advection and diffusion of any strength together, the symbols of diffusion anywhere up to those of (-1)^j."""
    for share in np.linspace(0.0, 1.0, 11):
        for strong in np.linspace(0.0, 1.0, 11):
            for r in (2, 3):
                z = share * scheme.advection * upwind(r) - (1.0 - share) * scheme.diffusion * strong
                assert amplification(scheme, z).max() < 1.0 + 1e-9
