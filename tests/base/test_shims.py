"""The shims as Python and as machine instructions: the same bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from particles.base import shims
from particles.base.jit import Formula, kernel

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@kernel
def _fma_loop() -> Formula:
    from particles.base.shims import fma

    def loop(a, b, c, out):  # type: ignore[no-untyped-def]
        for i in range(a.size):
            out[i] = fma(a[i], b[i], c[i])

    return loop


@kernel
def _one_loop(shim: Formula) -> Formula:
    def loop(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = shim(x[i])

    return loop


def compiled_fma(a: float, b: float, c: float) -> float:
    out = np.empty(1)
    _fma_loop()(np.array([a]), np.array([b]), np.array([c]), out)
    return float(out[0])


def bits(x: float) -> int:
    return int(np.float64(x).view(np.int64))


@settings(deadline=None, max_examples=500, derandomize=True)
@given(FLOATS, FLOATS, FLOATS)
def test_fma_is_rounded_once_and_the_same_compiled(a: float, b: float, c: float) -> None:
    try:
        plain = shims.fma(a, b, c), shims.exact_fma(a, b, c)
    except OverflowError:
        pytest.fail(f"fma({a!r}, {b!r}, {c!r}) overflows in Python")
    assert {bits(number) for number in plain} == {bits(compiled_fma(a, b, c))}


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [
        (1.0 + 2.0**-52, 1.0 + 2.0**-52, -1.0 - 2.0**-51),  # 2**-104, lost by two roundings
        (0.1, 10.0, -1.0),
        (1e308, 10.0, -math.inf),
        (1e200, 1e200, 0.0),  # overflows
        (1e200, 1e200, -1e308),
        (1e200, -1e200, 1e308),
        (5e-324, 0.5, 0.0),
        (-0.0, 1.0, -0.0),
        (0.0, 1.0, -0.0),
        (1.0, 1.0, -1.0),
        (math.inf, 0.0, 1.0),
        (math.inf, 1.0, -math.inf),
        (math.nan, 1.0, 1.0),
    ],
)
def test_fma_at_the_edges(a: float, b: float, c: float) -> None:
    np.testing.assert_array_equal([shims.fma(a, b, c), shims.exact_fma(a, b, c)], compiled_fma(a, b, c))


def test_fma_keeps_what_two_roundings_lose() -> None:
    a = 1.0 + 2.0**-52
    assert a * a - (1.0 + 2.0**-51) == 0.0
    assert shims.fma(a, a, -(1.0 + 2.0**-51)) == 2.0**-104


RANDOM = np.random.default_rng(5)
POSITIVE = np.abs(RANDOM.integers(0, 2**63 - 1, 2000).view(np.float64))
NORMAL = POSITIVE[np.isfinite(POSITIVE) & (POSITIVE >= 2.3e-308)]


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("sqrt", np.concatenate([NORMAL, [0.0, -0.0, 5e-324, 1e-310, -1.0, math.inf, math.nan]])),
        ("pow2", np.arange(-1022.0, 1024.0)),
        ("exponent", NORMAL),
        ("significand", NORMAL),
    ],
)
def test_shims_give_the_same_bits_compiled_and_in_python(name: str, points: np.ndarray) -> None:
    shim = getattr(shims, name)
    out = np.empty_like(points)
    _one_loop(shim)(points, out)
    plain = np.array([shim(x) for x in points.tolist()])
    np.testing.assert_array_equal(out, plain)
    finite = ~np.isnan(plain)
    np.testing.assert_array_equal(np.signbit(out[finite]), np.signbit(plain[finite]))


def test_exponent_and_significand_make_up_the_number() -> None:
    for x in NORMAL.tolist():
        assert math.ldexp(shims.significand(x), int(shims.exponent(x))) == x
        assert 1.0 <= shims.significand(x) < 2.0
