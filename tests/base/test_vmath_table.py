"""Errors of `vmath` in units in the last place, as a printed table: 2 10^4 points each, 10^6 in the long run.

The oracle of the large tables is the C library's extended arithmetic (64-bit significand, errors near 10^-3 ulp of a
double), itself checked here against mpmath; where numpy's long double is no wider than a double the test is skipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from particles import vmath
from particles.base.arrays import over_arrays
from particles.base.jit import Formula

LD = np.longdouble
SHORT, LONG = 20_000, 1_000_000
TWO_PI = LD("6.283185307179586476925286766559005768394")
WIDE = np.finfo(LD).nmant >= 63


def sine_of_turns(u: Any) -> Any:
    return _sincos(u)[0]


def cosine_of_turns(u: Any) -> Any:
    return _sincos(u)[1]


def _sincos(u: Any) -> tuple[Any, Any]:
    """sin and cos of 2 pi u with the whole quarter turns taken off exactly."""
    u = u.astype(LD)
    quarter = np.rint(u * 4)
    x = (u - quarter / 4) * TWO_PI
    which = np.mod(quarter, 4).astype(int)
    s, c = np.sin(x), np.cos(x)
    sine = np.choose(which, [s, c, -s, -c])
    return sine, np.choose(which, [c, -s, -c, s])


def omega(z: Any) -> Any:
    """omega exp(omega) = exp(z) left of 1, omega + log omega = z right of it: Newton from the double's value."""
    z = z.astype(LD)
    from scipy.special import wrightomega

    w = wrightomega(z.astype(np.float64)).real.astype(LD)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(4):
            left = np.exp(np.minimum(z, 2)) * np.exp(-w)
            w = np.where(z < 1, w - (w - left) / (1 + left), w - (w + np.log(w) - z) / (1 + 1 / w))
    return w


def sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x.astype(LD)))
    return np.where(x < 0, e, LD(1)) / (1 + e)


@pytest.fixture(scope="module")
def generator() -> np.random.Generator:
    return np.random.default_rng(71)


def spread(low: float, high: float) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, n: rng.uniform(low, high, n)


def powers(low: float, high: float, *, signed: bool = True) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Numbers whose logarithm to base 2 is uniform."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        x = np.ldexp(rng.uniform(1.0, 2.0, n), rng.integers(int(low), int(high), n))
        return x * rng.choice([-1.0, 1.0], n) if signed else x

    return draw


def bits(rng: np.random.Generator, n: int) -> np.ndarray:
    """Any positive finite double, subnormals as often as their exponent."""
    return rng.integers(1, 0x7FF0000000000000, n).view(np.float64)


def turns(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.concatenate([powers(-60, 50)(rng, n // 2), rng.uniform(-8.0, 8.0, n - n // 2)])


def near_eighths(rng: np.random.Generator, n: int) -> np.ndarray:
    """Next to multiples of 1/8, where sine or cosine is small or the reduction changes."""
    return rng.integers(-64, 64, n) / 8.0 + np.ldexp(rng.uniform(-1.0, 1.0, n), rng.integers(-50, -3, n))


EXP_EDGES = [709.782712893384, 709.78, -708.5, -745.13, -745.1332191019411, 1e-300, 5e-324, -5e-324, 0.0]
# row: function, oracle in extended arithmetic, oracle in mpmath, bound in ulp, points, edges
ROWS: dict[str, tuple[str, Callable[..., Any], Callable[..., Any], float, Any, list[float]]] = {
    "exp": ("exp", np.exp, mpmath.exp, 2, spread(-745.13, 709.78), EXP_EDGES),
    "exp, small": ("exp", np.exp, mpmath.exp, 2, powers(-70, 1), []),
    "expm1": ("expm1", np.expm1, mpmath.expm1, 4, spread(-60.0, 709.78), [709.78, -745.0, -1e300]),
    "expm1, small": ("expm1", np.expm1, mpmath.expm1, 4, powers(-1040, 1), [5e-324, 1e-310, -5e-324]),
    "log": ("log", np.log, mpmath.log, 2, bits, [5e-324, 2.2250738585072014e-308, 1e-310, 1.7976931348623157e308]),
    "log, near 1": ("log", np.log, mpmath.log, 2, spread(0.5, 2.0), [1.0 - 2.0**-53, 1.0 + 2.0**-52, 2.0**0.5]),
    "log1p": ("log1p", np.log1p, mpmath.log1p, 4, bits, [5e-324, 1.7e308]),
    "log1p, signed": ("log1p", np.log1p, mpmath.log1p, 4, spread(-1.0 + 1e-15, 1.0), [-1.0 + 2.0**-53, -5e-324]),
    "log1p, small": ("log1p", np.log1p, mpmath.log1p, 4, powers(-1040, -1), []),
    "tanh": ("tanh", np.tanh, mpmath.tanh, 4, spread(-22.0, 22.0), [1e300, -1e300, 19.99, 20.01]),
    "tanh, small": ("tanh", np.tanh, mpmath.tanh, 4, powers(-1040, 1), [5e-324, -1e-310]),
    "sigmoid": ("sigmoid", sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), 4, spread(-745.0, 60.0), [1e300, -708.4]),
    "asinh": ("asinh", np.arcsinh, mpmath.asinh, 4, powers(-1040, 1023), [5e-324, 268435456.0, 1.7e308]),
    "asinh, near 1": ("asinh", np.arcsinh, mpmath.asinh, 4, spread(-4.0, 4.0), []),
    "sin of turns": ("sine", sine_of_turns, lambda u: mpmath.sinpi(2 * u), 2, turns, [2.0**50 - 0.125]),
    "cos of turns": ("cosine", cosine_of_turns, lambda u: mpmath.cospi(2 * u), 2, turns, [2.0**50 - 0.125]),
    "sin, near 1/8": ("sine", sine_of_turns, lambda u: mpmath.sinpi(2 * u), 2, near_eighths, [1e-310]),
    "cos, near 1/8": ("cosine", cosine_of_turns, lambda u: mpmath.cospi(2 * u), 2, near_eighths, [0.25 - 2e-17]),
    "wright_omega": ("wright_omega", omega, None, 8, spread(-700.0, 60.0), [1e10, 1e300]),
    "wright_omega, middle": ("wright_omega", omega, None, 8, spread(-5.0, 5.0), []),
}  # fmt: skip


def _wrapped(function: Formula) -> Formula:
    def f(x: float, c: tuple[float, ...]) -> float:
        return function(x)

    return f


def _sine(x: float, c: tuple[float, ...]) -> float:
    return vmath.sincos_turns(x)[0]


def _cosine(x: float, c: tuple[float, ...]) -> float:
    return vmath.sincos_turns(x)[1]


COMPILED: dict[str, Formula] = {"sine": _sine, "cosine": _cosine}
COMPILED |= {name: _wrapped(getattr(vmath, name)) for name in {row[0] for row in ROWS.values()} - set(COMPILED)}


def ulp(exact: np.ndarray) -> np.ndarray:
    """Unit in the last place of a double at an extended number."""
    rounded = np.abs(exact).astype(np.float64)
    rounded = np.where(rounded.astype(LD) > np.abs(exact), np.nextafter(rounded, 0.0), rounded)  # the binade below
    return np.spacing(np.minimum(rounded, np.finfo(np.float64).max))


def errors(name: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors of `vmath` in ulp, and the exact values."""
    function, oracle, _, _, _, _ = ROWS[name]
    with np.errstate(under="ignore", over="ignore"):
        exact = oracle(x.astype(LD))
        found = over_arrays(COMPILED[function], x)
        size = np.abs(found.astype(LD) - exact) / ulp(exact).astype(LD)
    return np.minimum(np.where(found.astype(LD) == exact, LD(0), size), LD(1e300)).astype(np.float64), exact


def table(count: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Lines for a person, and the rows that break their bound."""
    lines = [f"{'function':22}{'points':>9}{'bound':>7}{'largest':>10}{'mean':>10}  at"]
    broken = []
    for name, (_, _, _, bound, points, edges) in ROWS.items():
        x = np.concatenate([points(rng, count), edges])
        error, _ = errors(name, x)
        worst = int(np.nanargmax(error)) if np.isfinite(error).any() else 0
        lines.append(f"{name:22}{x.size:9d}{bound:7g} {error[worst]:9.4g} {error.mean():9.3g}  {float(x[worst])!r}")
        if not (error <= bound).all():
            broken.append(lines[-1])
    return lines, broken


def show(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\n" + "\n".join(lines))


needs_extended = pytest.mark.skipif(not WIDE, reason="numpy's long double is no wider than a double here")


@needs_extended
def test_errors_are_within_their_bounds(generator: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    lines, broken = table(SHORT, generator)
    print("\n".join(lines))
    assert not broken, "\n".join(broken)


@needs_extended
@pytest.mark.long
def test_errors_on_a_million_points_each(generator: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    lines, broken = table(LONG, generator)
    show(lines, capsys)
    assert not broken, "\n".join(broken)


@needs_extended
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row[2] is not None])
def test_the_extended_oracle_agrees_with_mpmath(name: str, generator: np.random.Generator) -> None:
    """Within 0.01 ulp of a double on 300 points of each row, edges included."""
    _, _, exact_oracle, _, points, edges = ROWS[name]
    x = np.concatenate([points(generator, 300), edges])
    _, found = errors(name, x)
    with mpmath.workprec(250):
        for argument, value, unit in zip(x.tolist(), found, ulp(found).tolist(), strict=True):
            head = float(value)
            if not math.isfinite(head):
                continue
            tail = float(value - LD(head)) if abs(head) > 1e-290 else 0.0
            error = abs(mpmath.mpf(head) + mpmath.mpf(tail) - exact_oracle(mpmath.mpf(argument))) / mpmath.mpf(unit)
            assert float(error) < (0.01 if abs(head) > 1e-290 else 0.51), argument


@needs_extended
def test_the_extended_omega_solves_its_equation(generator: np.random.Generator) -> None:
    x = np.concatenate([generator.uniform(-700.0, 60.0, 200), generator.uniform(-5.0, 5.0, 200)])
    _, found = errors("wright_omega", x)
    with mpmath.workprec(200):
        for z, value in zip(x.tolist(), found, strict=True):
            w = mpmath.mpf(float(value)) + mpmath.mpf(float(value - LD(float(value))))
            exact = w - (w + mpmath.log(w) - z) / (1 + 1 / w)
            assert float(abs(w / exact - 1)) < 0.02 * 2.0**-53


@pytest.mark.parametrize("multiple", [0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -6, 2**40 + 2, 2**53 - 8, -(2**53)])
def test_turns_at_multiples_of_an_eighth(multiple: int) -> None:
    """Quarters are exact; odd eighths are sqrt(1/2) within the bound."""
    u = multiple / 8.0
    sine, cosine = vmath.sincos_turns(u)
    compiled = [float(over_arrays(COMPILED[name], np.array([u]))[0]) for name in ("sine", "cosine")]
    assert [sine, cosine] == compiled
    half = math.sqrt(0.5)
    exact = [(0, 1), (half, half), (1, 0), (half, -half), (0, -1), (-half, -half), (-1, 0), (-half, half)][multiple % 8]
    if multiple % 2:
        assert abs(sine - exact[0]) <= 2 * math.ulp(half)
        assert abs(cosine - exact[1]) <= 2 * math.ulp(half)
    else:
        assert (sine, cosine) == exact


@pytest.mark.parametrize("u", [math.nan, math.inf, -math.inf])
def test_turns_without_an_angle_are_nan(u: float) -> None:
    assert all(math.isnan(value) for value in vmath.sincos_turns(u))
    assert all(np.isnan(over_arrays(COMPILED[name], np.array([u]))[0]) for name in ("sine", "cosine"))


def test_turns_lie_on_the_circle_and_in_it(generator: np.random.Generator) -> None:
    u = turns(generator, SHORT)
    sine, cosine = (over_arrays(COMPILED[name], u) for name in ("sine", "cosine"))
    assert max(np.abs(sine).max(), np.abs(cosine).max()) <= 1.0
    np.testing.assert_allclose(sine * sine + cosine * cosine, 1.0, rtol=0, atol=1e-15)


def test_compiled_and_plain_turns_give_the_same_bits(generator: np.random.Generator) -> None:
    u = np.concatenate([turns(generator, 200), near_eighths(generator, 200), [0.0, -0.0, 5e-324, -1e-310]])
    plain = np.array([vmath.sincos_turns(value) for value in u.tolist()]).T
    for name, row in zip(("sine", "cosine"), plain, strict=True):
        np.testing.assert_array_equal(over_arrays(COMPILED[name], u).view(np.int64), row.copy().view(np.int64))


@pytest.mark.long
def test_normal_quantile_on_many_points(generator: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    """No extended inverse exists: mpmath's Newton on 5 10^4 points of either kind, 8 ulp."""
    from scipy.special import ndtri

    x = np.concatenate([generator.random(50_000), 10.0 ** generator.uniform(-300.0, -0.31, 50_000)])
    found = over_arrays(_wrapped(vmath.normal_quantile), x)
    worst = 0.0
    with mpmath.workprec(120):
        for p, value in zip(x.tolist(), found.tolist(), strict=True):
            tail, sign = (mpmath.mpf(p), 1) if p <= 0.5 else (1 - mpmath.mpf(p), -1)
            z = mpmath.mpf(float(ndtri(float(tail))))
            for _ in range(2):
                z -= (mpmath.erfc(-z / mpmath.sqrt(2)) / 2 - tail) / mpmath.npdf(z)
            worst = max(worst, float(abs(value - sign * z)) / math.ulp(float(z)))
    show([f"normal_quantile {x.size} points, bound 8, largest {worst:.3f}"], capsys)
    assert worst <= 8.0


@needs_extended
def test_the_table_sees_a_wrong_digit(generator: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: a relative error of 1e-15 breaks the bound of two ulp."""
    monkeypatch.setitem(ROWS, "exp", (*ROWS["exp"][:1], lambda x: np.exp(x) * (1 + LD("1e-15")), *ROWS["exp"][2:]))
    _, broken = table(1000, generator)
    assert any(line.startswith("exp  ") for line in broken)
