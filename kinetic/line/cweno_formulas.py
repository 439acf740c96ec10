"""The formulas of `kinetic.line.cweno`: indicators, weights and edges, inlined into one loop over the cells.

Rows of numbers are exact fractions, rounded once (`kinetic.line.stencils`); cells are told by u_j, ..., u_{j+2r}, and
through differences of neighbours alone, from the first cell on so that a compiler sees no negative index.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from kinetic.line.stencils import coefficients, over_differences, squares, value
from particles.base.jit import Formula, formula
from particles.base.shims import fma

CENTRAL = 0.75
"""C_c."""
_HALF = Fraction(1, 2)


@formula
def _differences_5(u: Any, j: int) -> Any:
    return u[j + 1] - u[j], u[j + 2] - u[j + 1], u[j + 3] - u[j + 2], u[j + 4] - u[j + 3]


@formula
def _differences_7(u: Any, j: int) -> Any:
    first = u[j + 1] - u[j], u[j + 2] - u[j + 1], u[j + 3] - u[j + 2]
    return *first, u[j + 4] - u[j + 3], u[j + 5] - u[j + 4], u[j + 6] - u[j + 5]


DIFFERENCES: dict[int, Formula] = {2: _differences_5, 3: _differences_7}
"""By r: formula (u, j) -> u_{j+1} - u_j and so on, 2r of them."""


@functools.cache
def chain(row: tuple[float, ...], first: int = 0) -> Formula:
    """Formula (d, total) -> total + sum_k row_k d_{first + k}, one fma after the other."""
    if len(row) > 3:
        start, rest = chain(row[:3], first), chain(row[3:], first + 3)

        @formula
        def longer(d: Any, total: float) -> float:
            return rest(d, start(d, total))  # type: ignore[no-any-return]

        return longer
    (a, b, c), second, third = (*row, 0.0, 0.0)[:3], first + 1, first + 2

    @formula
    def one(d: Any, total: float) -> float:
        return fma(a, d[first], total)

    @formula
    def two(d: Any, total: float) -> float:
        return fma(b, d[second], fma(a, d[first], total))

    @formula
    def three(d: Any, total: float) -> float:
        return fma(c, d[third], fma(b, d[second], fma(a, d[first], total)))

    return (one, two, three)[len(row) - 1]


@functools.cache
def _squares(rows: tuple[tuple[float, ...], ...], first: int) -> Formula:
    """Formula (d, total) -> total + sum of the squares of the rows over d_first, d_{first + 1} and so on."""
    one = chain(rows[0], first)

    @formula
    def last(d: Any, total: float) -> float:
        y = one(d, 0.0)
        return fma(y, y, total)

    if len(rows) == 1:
        return last
    rest = _squares(rows[1:], first)

    @formula
    def several(d: Any, total: float) -> float:
        y = one(d, 0.0)
        return rest(d, fma(y, y, total))  # type: ignore[no-any-return]

    return several


def _indicator(low: int, high: int, first: int) -> Formula:
    """Formula (d, eps) -> I + eps of the polynomial with the averages of the cells low..high."""
    rows = []
    for weight, over in zip(*squares(high - low), strict=True):
        terms = [[y * x for x in row] for y, row in zip(over, coefficients(low, high)[1:], strict=True)]
        row = over_differences(tuple(sum(column, Fraction(0)) for column in zip(*terms, strict=True)))
        rows.append(tuple(math.sqrt(weight) * x for x in row))
    return _squares(tuple(rows), first)


def _rise(low: int, high: int, first: int, s: Fraction) -> Formula:
    """Formula (d, total) -> total + P(s) - u_0."""
    return chain(over_differences(value(low, high, s), -low), first)


def candidates(r: int) -> tuple[tuple[int, int, int], ...]:
    """Cells low..high of P_opt and of all P_k, and the first difference that each sees."""
    return (-r, r, 0), *((k - r, k, k) for k in range(r + 1))


@functools.cache
def _shares_5(indicators: tuple[Formula, ...]) -> Formula:
    i_c, i_0, i_1, i_2 = indicators
    side, middle = 1.0 / 16.0, 1.0 / 8.0

    @formula
    def shares(d: Any, eps: float) -> Any:
        """q and omega_k - q C_k."""
        e_c, e_0, e_1, e_2 = i_c(d, eps), i_0(d, eps), i_1(d, eps), i_2(d, eps)
        tau = abs(e_0 - e_2)
        z_c, z_0, z_1, z_2 = tau / e_c, tau / e_0, tau / e_1, tau / e_2
        q, a_0 = fma(z_c, z_c, 1.0), side * fma(z_0, z_0, 1.0)
        a_1, a_2 = middle * fma(z_1, z_1, 1.0), side * fma(z_2, z_2, 1.0)
        over = 1.0 / (fma(CENTRAL, q, a_0) + (a_1 + a_2))
        q *= over
        return q, fma(-side, q, a_0 * over), fma(-middle, q, a_1 * over), fma(-side, q, a_2 * over)

    return shares


@functools.cache
def _shares_7(indicators: tuple[Formula, ...]) -> Formula:
    i_c, i_0, i_1, i_2, i_3 = indicators
    side, middle = 1.0 / 32.0, 3.0 / 32.0

    @formula
    def shares(d: Any, eps: float) -> Any:
        """q and omega_k - q C_k."""
        e_c, e_0, e_1, e_2, e_3 = i_c(d, eps), i_0(d, eps), i_1(d, eps), i_2(d, eps), i_3(d, eps)
        tau = abs(fma(3.0, e_1 - e_2, e_0 - e_3))
        z_c, z_0, z_1, z_2, z_3 = tau / e_c, tau / e_0, tau / e_1, tau / e_2, tau / e_3
        q, a_0, a_1 = fma(z_c, z_c, 1.0), side * fma(z_0, z_0, 1.0), middle * fma(z_1, z_1, 1.0)
        a_2, a_3 = middle * fma(z_2, z_2, 1.0), side * fma(z_3, z_3, 1.0)
        over = 1.0 / (fma(CENTRAL, q, a_0 + a_3) + (a_1 + a_2))
        q *= over
        outer = fma(-side, q, a_0 * over), fma(-middle, q, a_1 * over)
        return q, *outer, fma(-middle, q, a_2 * over), fma(-side, q, a_3 * over)

    return shares


@formula
def _optimal_5(d: Any, eps: float) -> Any:
    return 1.0, 0.0, 0.0, 0.0


@formula
def _optimal_7(d: Any, eps: float) -> Any:
    return 1.0, 0.0, 0.0, 0.0, 0.0


SHARES: dict[str, dict[int, Callable[[tuple[Formula, ...]], Formula]]] = {
    "CWZ": {2: _shares_5, 3: _shares_7},
    "linear": {2: lambda _: _optimal_5, 3: lambda _: _optimal_7},
}


@functools.cache
def _theta(edge_share: float) -> Formula:
    """Formula (u, P_l - u, P_r - u) -> theta; an edge_share of 0 asks for none."""
    inner = edge_share / (1.0 - 2.0 * edge_share)

    @formula
    def whole(u: float, low: float, high: float) -> float:
        return 1.0

    @formula
    def drawn(u: float, low: float, high: float) -> float:
        within = -inner * (low + high)
        deepest = min(low, high, within)
        share = u / -deepest
        return 1.0 if u + deepest >= 0.0 else (share if u > 0.0 else 0.0)

    return drawn if edge_share else whole


@functools.cache
def parts_of(r: int, weights: str, edge_share: float) -> Formula:
    """Formula (u, j, eps) -> (theta, q, omega_k - q C_k for all k); edge_share 0 where nothing is drawn up to zero."""
    rises, shares, theta = _unlimited(r, weights), _shares_of(r, weights), _theta(edge_share)
    differences = DIFFERENCES[r]

    @formula
    def parts(u: Any, j: int, eps: float) -> Any:
        d = differences(u, j)
        share = shares(d, eps)
        low, high = rises(d, share)
        return theta(u[j + r], low, high), *share

    return parts


@functools.cache
def edges_of(r: int, weights: str, edge_share: float) -> Formula:
    """Formula (u, j, eps) -> (P_l, P_r); edge_share as for `parts_of`."""
    rises, shares, theta = _unlimited(r, weights), _shares_of(r, weights), _theta(edge_share)
    differences = DIFFERENCES[r]

    @formula
    def edges(u: Any, j: int, eps: float) -> Any:
        d, middle = differences(u, j), u[j + r]
        low, high = rises(d, shares(d, eps))
        drawn = theta(middle, low, high)
        return fma(drawn, low, middle), fma(drawn, high, middle)

    return edges


@functools.cache
def _shares_of(r: int, weights: str) -> Formula:
    return SHARES[weights][r](tuple(_indicator(*each) for each in candidates(r)))


@functools.cache
def _unlimited(r: int, weights: str) -> Formula:
    """Formula (d, shares) -> (P_l - u, P_r - u)."""
    lows = tuple(_rise(*each, -_HALF) for each in candidates(r))
    highs = tuple(_rise(*each, _HALF) for each in candidates(r))
    low, high = _weighted(lows), _weighted(highs)

    @formula
    def edges(d: Any, share: Any) -> Any:
        return low(d, share), high(d, share)

    return edges


def _weighted(rises: tuple[Formula, ...]) -> Formula:
    """Formula (d, shares) -> sum of shares times rises."""
    first, second, third, fourth, *fifth = rises

    @formula
    def four(d: Any, share: Any) -> float:
        low = fma(share[1], second(d, 0.0), share[0] * first(d, 0.0))
        return fma(share[3], fourth(d, 0.0), fma(share[2], third(d, 0.0), low))

    if not fifth:
        return four
    last = fifth[0]

    @formula
    def five(d: Any, share: Any) -> float:
        return fma(share[4], last(d, 0.0), four(d, share))

    return five
