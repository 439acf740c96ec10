"""Elementary functions against mpmath, in units in the last place, compiled and as plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from particles import vmath
from particles.base.arrays import over_arrays
from particles.base.jit import Formula

TINY = 2.2250738585072014e-308
COUNT = 10_000


def _oracle_log1p(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log1p(x)


def _oracle_quantile(p: mpmath.mpf) -> mpmath.mpf:
    """Root of Phi(x) = p, in the tail that loses no digits: a step of Newton's doubles the digits of a float."""
    tail, sign = (p, 1) if p <= 0.5 else (1 - p, -1)
    x = mpmath.mpf(_scipy_ndtri(float(tail)))
    return sign * (x - (mpmath.ncdf(x) - tail) / mpmath.npdf(x))


def _scipy_ndtri(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))


def _oracle_omega(z: mpmath.mpf) -> mpmath.mpf:
    from scipy.special import wrightomega

    omega = mpmath.mpf(float(wrightomega(float(z)).real))
    return omega - (omega + mpmath.log(omega) - z) / (1 + 1 / omega)  # twice the digits of a float


def _signed(low: float, high: float) -> np.ndarray:
    """Numbers of both signs whose logarithms fill [low, high] (powers of ten)."""
    half = 10.0 ** np.linspace(low, high, COUNT // 2)
    return np.concatenate([-half, half])


def _some(low: float, high: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(low, high, COUNT)


# name: function, oracle, bound in ulp (the table of the module), points, edges
ROWS: dict[str, tuple[Formula, Callable[..., mpmath.mpf], float, np.ndarray, list[float]]] = {
    "exp": (vmath.exp, mpmath.exp, 2, _some(-745.0, 709.7), [709.78, -745.13, -708.5, 1e-300, 0.0, -0.0]),
    "exp-small": (vmath.exp, mpmath.exp, 2, _signed(-20, 0), []),
    "expm1": (vmath.expm1, mpmath.expm1, 4, _some(-50.0, 709.7), [709.78, -745.0, -1e300, 0.0]),
    "expm1-small": (vmath.expm1, mpmath.expm1, 4, _signed(-307, 0), [5e-324, 1e-310]),
    "tanh": (vmath.tanh, mpmath.tanh, 4, _some(-25.0, 25.0), [1e300, -1e300, 0.0, 19.9, 20.1]),
    "tanh-small": (vmath.tanh, mpmath.tanh, 4, _signed(-307, 0), [5e-324, 1e-310]),
    "sigmoid": (vmath.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), 4, _some(-745.0, 60.0), [1e300, 0.0]),
    "log": (vmath.log, mpmath.log, 2, 10.0 ** _some(-323.0, 308.2), [5e-324, TINY, 1e-310, 1.7976931348623157e308]),
    "log-near-one": (vmath.log, mpmath.log, 2, 1.0 + _signed(-15, -0.4), [1.4142135623730951, 1.4142135623730954]),
    "log1p": (vmath.log1p, _oracle_log1p, 4, 10.0 ** _some(-320.0, 308.0), [5e-324, 1e300, 1.7e308]),
    "log1p-signed": (vmath.log1p, _oracle_log1p, 4, _signed(-300, -1e-3), [-1.0 + 2.0**-53, -0.5]),
    "asinh": (vmath.asinh, mpmath.asinh, 4, _signed(-307, 308), [5e-324, 268435455.9, 268435456.1, 1.7e308]),
    "wright_omega": (vmath.wright_omega, _oracle_omega, 8, _some(-700.0, 50.0), [-700.0, 0.0, 1.0, 1e10, 1e300]),
    "wright_omega-middle": (vmath.wright_omega, _oracle_omega, 8, _some(-5.0, 5.0), []),
    "normal_quantile": (vmath.normal_quantile, _oracle_quantile, 8, _some(0.0, 1.0), [0.075, 0.925, 2.0**-54]),
    "normal_quantile-tail": (vmath.normal_quantile, _oracle_quantile, 8, 10.0 ** _some(-300.0, -0.31), [1e-307]),
}


def wrapped(function: Formula) -> Formula:
    """A formula of (x, constants) from a function of x."""

    def f(x: float, c: tuple[float, ...]) -> float:
        return function(x)

    return f


COMPILED = {name: wrapped(getattr(vmath, name)) for name in {name.split("-")[0] for name in ROWS}}


def compiled(name: str, x: np.ndarray) -> np.ndarray:
    return over_arrays(COMPILED[name.split("-")[0]], x)


@pytest.mark.parametrize("name", ROWS)
def test_error_is_within_the_stated_ulp(name: str) -> None:
    _, oracle, bound, points, edges = ROWS[name]
    x = np.concatenate([points, edges])
    value = compiled(name, x)
    worst, where = 0.0, 0.0
    with mpmath.workprec(120):
        for argument, found in zip(x.tolist(), value.tolist(), strict=True):
            exact = oracle(mpmath.mpf(argument))
            error = float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(math.ulp(float(exact))))
            if error > worst:
                worst, where = error, argument
    assert worst <= bound, f"{worst:.3g} ulp at {where!r}"


@pytest.mark.parametrize("name", ROWS)
def test_compiled_and_plain_python_give_the_same_bits(name: str) -> None:
    function, _, _, points, edges = ROWS[name]
    x = np.concatenate([points[:: COUNT // 200], edges])
    plain = np.array([function(argument) for argument in x.tolist()])
    np.testing.assert_array_equal(compiled(name, x).view(np.int64), plain.view(np.int64))


INF, NAN = math.inf, math.nan
SPECIAL = [
    ("exp", INF, INF), ("exp", -INF, 0.0), ("exp", 710.0, INF), ("exp", -746.0, 0.0), ("exp", 0.0, 1.0),
    ("expm1", INF, INF), ("expm1", -INF, -1.0), ("expm1", 0.0, 0.0),
    ("tanh", INF, 1.0), ("tanh", -INF, -1.0), ("tanh", 0.0, 0.0),
    ("sigmoid", INF, 1.0), ("sigmoid", -INF, 0.0), ("sigmoid", 0.0, 0.5),
    ("log", INF, INF), ("log", 0.0, -INF), ("log", -1.0, NAN), ("log", -INF, NAN), ("log", -5e-324, NAN),
    ("log", 1.0, 0.0),
    ("log1p", INF, INF), ("log1p", -1.0, -INF), ("log1p", -1.5, NAN), ("log1p", 0.0, 0.0),
    ("asinh", INF, INF), ("asinh", -INF, -INF), ("asinh", 0.0, 0.0),
    ("wright_omega", INF, INF), ("wright_omega", 1.0, 1.0),
    ("normal_quantile", 0.0, -INF), ("normal_quantile", 1.0, INF), ("normal_quantile", 0.5, 0.0),
    ("normal_quantile", -0.1, NAN), ("normal_quantile", 1.1, NAN),
    *[(name, NAN, NAN) for name in sorted(COMPILED)],
]  # fmt: skip


@pytest.mark.parametrize(("name", "argument", "value"), SPECIAL)
def test_special_values(name: str, argument: float, value: float) -> None:
    np.testing.assert_array_equal(compiled(name, np.array([argument])), [value])


@pytest.mark.parametrize(("name", "argument", "value"), SPECIAL)
def test_special_values_in_plain_python(name: str, argument: float, value: float) -> None:
    np.testing.assert_array_equal(getattr(vmath, name)(argument), value)


def test_the_error_measure_sees_a_wrong_digit() -> None:
    """Control: a relative error of 1e-15 is beyond every bound."""
    exact = mpmath.exp(mpmath.mpf(1.3))
    assert float(abs(mpmath.mpf(float(exact) * (1.0 + 3e-15)) - exact)) / math.ulp(float(exact)) > 8.0
