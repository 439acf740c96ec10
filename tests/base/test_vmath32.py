"""Box-Muller's two functions in float32 against mpmath, in units in the last place; the shims that they stand on."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import libmp

from particles.base import words
from particles.base.jit import Formula, kernel
from particles.base.lanes import LANES, load, store
from particles.vmath32 import radius
from tests.turns import cosine, sine

FULL, QUARTER = 2**32 - 1, 2**30
COUNT = 1 << 12


def some_words() -> np.ndarray:
    """Every power of two and its neighbours, from below and from above, the places where a formula changes, others."""
    powers = [2**k + d for k in range(32) for d in (-1, 0, 1)]
    places = [QUARTER * k // 2 + d for k in range(9) for d in range(-3, 4)] + [0xAAAAAAAA + d for d in range(-3, 4)]
    edges = [w for w in (*powers, *(FULL - w for w in powers), *places) if 0 <= w <= FULL]
    others = np.random.default_rng(32).integers(0, 2**32, COUNT - len(edges), dtype=np.uint64)
    return np.concatenate([np.array(edges, dtype=np.uint64), others]).astype(np.uint32)


WORDS = some_words()


def _u(word: int) -> mpmath.mpf:
    return (mpmath.mpf(word) + 0.5) / 2**32


# name: formula of a word, oracle, bound in ulp (the table of the module)
ROWS: dict[str, tuple[Formula, Callable[[int], mpmath.mpf], float]] = {
    "radius": (radius, lambda word: mpmath.sqrt(-2 * mpmath.log(_u(word))), 2.0),
    "cosine": (cosine, lambda word: mpmath.cospi(2 * _u(word)), 3.0),
    "sine": (sine, lambda word: mpmath.sinpi(2 * _u(word)), 3.0),
}


@kernel
def _each(function: Formula) -> Formula:
    def loop(given: Any, out: Any) -> None:
        for i in range(0, out.size, LANES):
            store(out, i, function(load(given, i)))

    return loop


def compiled(name: str) -> np.ndarray:
    out = np.empty(WORDS.size, dtype=np.float32)
    _each(ROWS[name][0])(WORDS, out)
    return out


def ulps(found: np.ndarray, exact: list[mpmath.mpf]) -> np.ndarray:
    unit = np.spacing(np.abs(np.array([float(e) for e in exact])).astype(np.float32))
    return np.array([abs(float(mpmath.mpf(float(f)) - e)) for f, e in zip(found, exact, strict=True)]) / unit


@pytest.mark.parametrize("name", ROWS)
def test_error_is_within_the_stated_ulp(name: str) -> None:
    _, oracle, bound = ROWS[name]
    with mpmath.workprec(70):
        error = ulps(compiled(name), [oracle(word) for word in WORDS.tolist()])
    assert error.max() <= bound, f"{error.max():.3g} ulp at word {WORDS[error.argmax()]}"
    assert error.mean() < 0.5


@pytest.mark.parametrize("name", ROWS)
def test_compiled_and_plain_python_give_the_same_bits(name: str) -> None:
    """The shims on arrays of NumPy, and on single numbers: no compiler is in it."""
    function, found = ROWS[name][0], compiled(name)
    np.testing.assert_array_equal(function(WORDS).view(np.int32), found.view(np.int32))
    np.testing.assert_array_equal([function(word) for word in WORDS[::50]], found[::50])


def test_the_error_measure_sees_an_error_in_the_last_places() -> None:
    """Control: a relative error of 5e-7; and log of a float32 number next to 1, which has lost the small radius."""
    with mpmath.workprec(70):
        exact = [ROWS["radius"][1](word) for word in WORDS.tolist()]
        assert ulps(compiled("radius") * np.float32(1.0 + 5e-7), exact).max() > 3.0
        u = (WORDS.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32)
        assert ulps(np.sqrt(-2.0 * np.log(np.minimum(u, np.float32(1.0 - 2.0**-24)))), exact).max() > 1e5


def test_a_small_radius_and_a_smallcosine_lie_on_no_lattice_of_float32() -> None:
    """The 4096 largest words have as many radii, and those around a quarter of a turn as many cosines."""
    largest = (FULL - np.arange(4096)).astype(np.uint32)
    assert np.unique(radius(largest)).size == 4096
    assert np.unique(cosine((QUARTER - 2048 + np.arange(4096)).astype(np.uint32))).size == 4096
    assert radius(np.uint32(FULL)) == np.float32(2.0**-16)
    assert np.isfinite(radius(np.uint32(0)))


def test_a_quarter_of_a_turn_more_turns_the_pair_exactly() -> None:
    """(cos, sin) becomes (-sin, cos): the law of either is symmetric, and that of both the same."""
    for _ in range(4):
        further = (WORDS + np.uint32(QUARTER)).astype(np.uint32)
        np.testing.assert_array_equal(cosine(further), -sine(WORDS))
        np.testing.assert_array_equal(sine(further), cosine(WORDS))


# shims ---------------------------------------------------------------------------------------------------------------


def rounded(exact: Fraction) -> np.float32:
    """The float32 number nearest to a fraction, of two the one whose significand is even."""
    return np.float32(float(mpmath.mpf(libmp.from_rational(exact.numerator, exact.denominator, 24, "n"))))


def test_fma32_is_rounded_once() -> None:
    """Against rational numbers: a million bits apart, cancelling, and half a last place beside a sum of halves."""
    rng = np.random.default_rng(7)
    a, b = (rng.normal(size=3000).astype(np.float32) for _ in range(2))
    c = (rng.normal(size=3000) * 2.0 ** rng.integers(-40, 40, 3000)).astype(np.float32)
    c[:1000] = -(a[:1000] * b[:1000])
    a[-500:], b[-500:] = (
        np.float32(1.0 + 2.0**-12),
        np.float32(1.0 + 2.0**-12),
    )  # product 1 + 2^-11 + 2^-24: half a place
    c[-500:] = np.ldexp(rng.choice([-1.0, 1.0], 500), rng.integers(-80, -60, 500)).astype(np.float32)
    found = words.fma32(a, b, c)
    exact = [Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)) for x, y, z in zip(a, b, c, strict=True)]
    assert found.tolist() == [float(rounded(e)) for e in exact]
    twice = (a.astype(np.float64) * b + c).astype(np.float32)
    assert np.count_nonzero(twice != found) > 100  # control: rounded twice, the halves go the wrong way


@kernel
def _shims() -> Formula:
    def loop(given: Any, numbers: Any, out: Any) -> None:
        for i in range(0, given.size, LANES):
            w, x = load(given, i), load(numbers, i)
            v = words.low_word(words.counting(i) & words.everywhere(5) | words.counting(3) >> np.uint64(1))
            n = words.signed(w >> np.uint32(2)) - words.signed(v)
            y = words.choose(words.signed(w) < np.int32(0), words.single(w), -words.single(n))
            z = words.choose(w > np.uint32(77), y, x) * x + words.float_of_bits(
                words.unsigned(x) ^ (w << np.uint32(31))
            )
            store(out, i, words.double(words.fma32(words.root32(x * x), z, words.float_of_bits(n & np.int32(0xFFFF)))))

    return loop


def test_every_shim_compiled_gives_the_bits_of_numpy() -> None:
    numbers = np.random.default_rng(1).normal(size=WORDS.size).astype(np.float32)
    found, plain = np.empty(WORDS.size), np.empty(WORDS.size)
    _shims()(WORDS, numbers, found)
    _shims.__wrapped__()(WORDS, numbers, plain)  # type: ignore[attr-defined]
    assert np.unique(plain).size > 0.99 * plain.size
    np.testing.assert_array_equal(found.view(np.int64), plain.view(np.int64))
