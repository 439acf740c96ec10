"""Polynomials through cell averages, exactly: the rational numbers that reconstructions of any order are made of.

A polynomial P(s) = sum_m c_m s^m, s = (x - x_0)/h, has the averages of the cells of a stencil, offsets i from cell 0,

    u_i = int_{i-1/2}^{i+1/2} P ds = sum_m c_m ((i + 1/2)^{m+1} - (i - 1/2)^{m+1})/(m + 1),

which is solved in fractions. Everything that is linear in P and 0 for a constant is a row over the differences
d_i = u_{i+1} - u_i of neighbours, so that a constant far from 0 costs no digits.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction

Row = tuple[Fraction, ...]
_HALF = Fraction(1, 2)


def _inverse(matrix: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Inverse by Gauss and Jordan; the matrices here need row exchanges for zeros alone."""
    n = len(matrix)
    rows = [[*row, *(Fraction(int(i == k)) for k in range(n))] for i, row in enumerate(matrix)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


@functools.cache
def coefficients(low: int, high: int) -> tuple[Row, ...]:
    """Rows over u_low, ..., u_high: coefficient c_m of the polynomial with these averages, m = 0..high - low."""
    edges = [(Fraction(i) - _HALF, Fraction(i) + _HALF) for i in range(low, high + 1)]
    powers = range(1, high - low + 2)
    return tuple(map(tuple, _inverse([[(b**m - a**m) / m for m in powers] for a, b in edges])))


def value(low: int, high: int, s: Fraction) -> Row:
    """Row over u_low, ..., u_high of P(s)."""
    return _combined([s**m for m in range(high - low + 1)], coefficients(low, high))


def derivative(low: int, high: int, order: int, s: Fraction) -> Row:
    """Row over u_low, ..., u_high of the derivative of P of this order by s."""
    factors = [Fraction(_falling(m, order)) * s ** max(m - order, 0) for m in range(high - low + 1)]
    return _combined(factors, coefficients(low, high))


def average(low: int, high: int, start: Fraction, end: Fraction) -> Row:
    """Row over u_low, ..., u_high of the average of P over [start, end]."""
    powers = range(1, high - low + 2)
    return _combined([(end**m - start**m) / (m * (end - start)) for m in powers], coefficients(low, high))


@functools.cache
def _through_points(low: int, high: int) -> tuple[Row, ...]:
    """As `coefficients`, of the polynomial with the values u_i at the centres s = i."""
    powers = range(high - low + 1)
    return tuple(map(tuple, _inverse([[Fraction(i) ** m for m in powers] for i in range(low, high + 1)])))


def point_value(low: int, high: int, s: Fraction) -> Row:
    """Row over values at the centres low, ..., high of the polynomial through them at s."""
    return _combined([s**m for m in range(high - low + 1)], _through_points(low, high))


def point_slope(low: int, high: int, s: Fraction) -> Row:
    """Row over values at the centres low, ..., high of the slope of the polynomial through them at s."""
    factors = [m * s ** max(m - 1, 0) for m in range(high - low + 1)]
    return _combined(factors, _through_points(low, high))


def over_differences(row: Row, base: int | None = None) -> tuple[float, ...]:
    """The row over u_{i+1} - u_i, rounded; its entries sum to 0, or with u of place `base` taken off they do."""
    rest = [x - int(k == base) for k, x in enumerate(row)]
    assert sum(rest) == 0
    return tuple(float(-sum(rest[: k + 1], Fraction(0))) for k in range(len(rest) - 1))


@functools.cache
def squares(degree: int) -> tuple[tuple[Fraction, ...], tuple[Row, ...]]:
    """Weights w_i > 0 and rows y_i over c_1, ..., c_degree: the indicator of Jiang and Shu is sum_i w_i y_i^2.

    I = sum_{l >= 1} int_{-1/2}^{1/2} (d^l P/ds^l)^2 ds, a form in c, brought to squares by Lagrange's method.
    """
    n = degree
    form = [
        [
            sum(
                (_falling(a, m) * _falling(b, m) * _even(a + b - 2 * m) for m in range(1, min(a, b) + 1)),
                Fraction(0),
            )
            for b in range(1, n + 1)
        ]
        for a in range(1, n + 1)
    ]
    weights, rows = [], []
    for k in range(n):
        pivot = form[k][k]
        row = [x / pivot for x in form[k]]
        weights.append(pivot)
        rows.append(tuple(row))
        form = [[form[i][j] - pivot * row[i] * row[j] for j in range(n)] for i in range(n)]
    return tuple(weights), tuple(rows)


def _even(power: int) -> Fraction:
    """int s^power over [-1/2, 1/2]."""
    return Fraction(0) if power % 2 else Fraction(1, 2**power * (power + 1))


def _falling(m: int, order: int) -> int:
    found = 1
    for k in range(order):
        found *= m - k
    return found


def _combined(factors: Sequence[Fraction], rows: Sequence[Row]) -> Row:
    return tuple(
        sum((f * x for f, x in zip(factors, column, strict=True)), Fraction(0)) for column in zip(*rows, strict=True)
    )
