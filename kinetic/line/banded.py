"""Linear systems of seven bands, factorised once and solved many times in O(N); a ring of cells by a border.

    A x = b,   A_{j,j+m-3} = bands[m, j],  m = 0..6,  j = 0..N-1;   columns modulo N on a ring

Crout without pivots, A = L U with a unit diagonal of U:

    l_3 = a_{-3},  l_2 = a_{-2} - l_3 u''_1,  l_1 = a_{-1} - l_3 u''_2 - l_2 u'_1,   u', u'' and so on: rows above
    y_j = (b_j - l_1 y_{j-1} - l_2 y_{j-2} - l_3 y_{j-3})/p_j,   x_j = y_j - u_1 x_{j+1} - u_2 x_{j+2} - u_3 x_{j+3}

On a ring the last three unknowns z are a border,

    B y + C z = b_y,  R y + S z = b_z:   V = B^-1 C,  (S - R V) z = b_z - R B^-1 b_y,  y = B^-1 b_y - V z,

with B seven bands without corners, and a 3 x 3 matrix S - R V, which seven bands hold as well. Pivots are left out
because the matrices here are 1 - tau L, L a diffusion: definite up to what the ends and a varying coefficient add.
"""

from __future__ import annotations

from typing import Any

from particles.base.jit import formula
from particles.base.shims import fma

BANDS = 7
BORDER = 3


@formula
def _factorise(bands: Any, factors: Any) -> None:
    """Rows of `factors`: -l_3/p, -l_2/p, -l_1/p, 1/p, -u_1, -u_2, -u_3."""
    a1 = a2 = a3 = b1 = b2 = b3 = c1 = c2 = c3 = 0.0  # minus U of the row above, of the second and of the third
    for j in range(bands.shape[1]):
        l3 = bands[0, j]
        l2 = fma(l3, c1, bands[1, j])
        l1 = fma(l2, b1, fma(l3, c2, bands[2, j]))
        p = fma(l1, a1, fma(l2, b2, fma(l3, c3, bands[3, j])))
        inverse = 1.0 / p
        u1 = -inverse * fma(l1, a2, fma(l2, b3, bands[4, j]))
        u2 = -inverse * fma(l1, a3, bands[5, j])
        u3 = -inverse * bands[6, j]
        factors[0, j], factors[1, j], factors[2, j] = -l3 * inverse, -l2 * inverse, -l1 * inverse
        factors[3, j], factors[4, j], factors[5, j], factors[6, j] = inverse, u1, u2, u3
        c1, c2, c3, b1, b2, b3, a1, a2, a3 = b1, b2, b3, a1, a2, a3, u1, u2, u3


@formula
def _substitute(factors: Any, x: Any) -> None:
    """Solve in place, one fma on the critical path of each row."""
    n = x.size
    z1 = z2 = z3 = 0.0
    for j in range(n):
        z = fma(factors[1, j], z2, fma(factors[0, j], z3, factors[3, j] * x[j]))
        z1, z2, z3 = fma(factors[2, j], z1, z), z1, z2
        x[j] = z1
    z1 = z2 = z3 = 0.0
    for i in range(n):
        j = n - 1 - i
        z = fma(factors[5, j], z2, fma(factors[6, j], z3, x[j]))
        z1, z2, z3 = fma(factors[4, j], z1, z), z1, z2
        x[j] = z1


@formula
def _row(bands: Any, k: int, x: Any) -> float:
    """Entry k of R x: row k of the border times the inner unknowns."""
    m = x.size
    total = 0.0
    for band in range(BANDS):
        column = k + band - 3  # counted from the first unknown of the border
        if column < 0:
            total = fma(bands[band, m + k], x[m + column], total)
        elif column >= BORDER:
            total = fma(bands[band, m + k], x[column - BORDER], total)
    return total


@formula
def factorise(bands: Any, factors: Any, border: Any, ring: bool) -> None:
    """Factorise `bands`, shape (7, N), into `factors`, shape (7, N), and V, the rows of `border`, shape (3, N - 3).

    `bands` must stay as it is for the solves. Without a ring `border` is not used.
    """
    n = bands.shape[1]
    m = n - BORDER if ring else n
    _factorise(bands[:, :m], factors[:, :m])
    if not ring:
        return
    border[:] = 0.0
    for j in range(m):
        for band in range(BANDS):
            column = j + band - 3
            if column < 0:
                border[column + BORDER, j] = bands[band, j]
            elif column >= m:
                border[column - m, j] = bands[band, j]
    schur = factors[:, m:]
    schur[:] = 0.0
    for column in range(BORDER):
        _substitute(factors[:, :m], border[column])
        for k in range(BORDER):
            band = column - k + 3
            schur[band, k] = bands[band, m + k] - _row(bands, k, border[column])
    _factorise(schur, schur)  # in place: a column is read before it is written


@formula
def solve(bands: Any, factors: Any, border: Any, ring: bool, x: Any) -> None:
    """Solve A x = b in place of b, shape (N,)."""
    n = x.size
    m = n - BORDER if ring else n
    _substitute(factors[:, :m], x[:m])
    if not ring:
        return
    for k in range(BORDER):
        x[m + k] -= _row(bands, k, x[:m])
    _substitute(factors[:, m:], x[m:])
    z0, z1, z2 = x[m], x[m + 1], x[m + 2]
    for j in range(m):
        x[j] -= border[0, j] * z0 + border[1, j] * z1 + border[2, j] * z2
