"""Counts between edges: exact for any cloud and any edges, and places of particles to 2^-20 of their cell."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from particles.base.parallel import serial
from validation.distance.tally import FINE, MANY, Tally, _count, _lay, prepare, tally

CUTS = {
    "even": np.linspace(-5.0, 5.0, 101),
    "uneven": np.concatenate([[-1e9, -5.0], np.geomspace(1e-12, 5.0, 700), [1e12]]),
    "neighbours": np.concatenate([[-5.0], 0.3 + np.arange(-60, 60) * np.spacing(0.3), [5.0]]),
    "denormal": np.concatenate([[-5.0], np.arange(30) * 5e-324, [5.0]]),
    "denormal alone": np.arange(30) * 5e-324,
    "many": np.linspace(-5.0, 5.0, MANY + 1),
    "many, uneven": np.concatenate([[-1e9], np.geomspace(1e-12, 5.0, 2 * MANY), [1e12]]),
    "huge": np.array([-8e307, -1.0, 0.0, 1e-300, 8e307]),
    "one cell": np.array([-5.0, 5.0]),
    "one edge": np.array([0.25]),
    "dense in a spot": np.concatenate([[-5.0], 1.0 + np.arange(9000) * 1e-13, [1e6]]),
}


def cloud(cuts: np.ndarray, seed: int) -> np.ndarray:
    """Particles on edges, beside edges and between them."""
    rng = np.random.default_rng(seed)
    beside = np.concatenate([np.nextafter(cuts, cuts[0]), np.nextafter(cuts, cuts[-1])])
    between = cuts[:-1] + rng.random((9, cuts.size - 1)) * np.diff(cuts)
    x = np.concatenate([rng.choice(cuts, 50), beside, between.ravel(), rng.normal(size=2000)])
    return rng.permutation(np.clip(x, cuts[0], cuts[-1]))


@pytest.mark.parametrize("name", CUTS)
def test_counts_are_those_of_a_sorted_cloud(name: str) -> None:
    cuts = CUTS[name]
    x = cloud(cuts, seed=1)
    found = tally(x, cuts, serial())
    below, upto = (np.searchsorted(np.sort(x), cuts, side=side) for side in ("left", "right"))
    assert_array_equal(found.least, upto[:-1])
    assert_array_equal(found.least + found.inside, below[1:])


def exact_places(x: np.ndarray, cells: Tally) -> list[Fraction]:
    out = []
    for left, right in zip(cells.left, cells.right, strict=True):
        inside = x[(x > left) & (x < right)]
        h = Fraction(right) - Fraction(left)
        out.append(sum(((Fraction(v) - Fraction(left)) / h for v in inside), Fraction(0)))
    return out


@pytest.mark.parametrize("name", ["uneven", "neighbours", "denormal", "huge", "one cell"])
def test_places_are_exact_to_a_part_in_2_20(name: str) -> None:
    cuts = CUTS[name]
    x = cloud(cuts, seed=2)[:3000]
    cells = tally(x, cuts, serial())
    for exact, offset, inside in zip(exact_places(x, cells), cells.offsets, cells.inside, strict=True):
        slack = Fraction(int(inside), 2**50)
        assert Fraction(int(offset), int(FINE)) - slack <= exact
        assert exact <= Fraction(int(offset + inside), int(FINE)) + slack


def test_an_empty_rank_counts_nothing() -> None:
    found = tally(np.empty(0), CUTS["even"], serial())
    assert not found.least.any()
    assert not found.inside.any()


def test_a_loop_that_takes_the_edge_for_inside_is_seen() -> None:
    """Control: the comparison of this file tells < from <=."""
    cuts = CUTS["even"]
    x = cloud(cuts, seed=3)
    upto = np.searchsorted(np.sort(x), cuts, side="left")
    assert np.any(tally(x, cuts, serial()).least != upto[:-1])


def test_no_cloud_is_compiled_for_after_it_was_prepared_for() -> None:
    """One that cannot be written is laid into heaps that can."""
    x = cloud(CUTS["many"], seed=3)
    x.flags.writeable = False
    prepare(x)
    kernels = _lay(), _count()
    before = [len(kernel.signatures) for kernel in kernels]
    tally(x, CUTS["many"], serial())
    assert [len(kernel.signatures) for kernel in kernels] == before
