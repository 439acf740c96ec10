"""How fast a noisy model comes to rest: the smallest decay rates of d_t p = d_y [ D p d_y ln(p/p_oo) ].

In a coordinate y of the line the scheme of Chang and Cooper is a chain with rates l, r that rests at p_oo exactly
(kinetic.line.rates: lam = ln p_j - ln p_{j+1}). Detailed balance makes its matrix symmetric,

    A_jj = -(l_j + r_j),   A_{j,j+1} = sqrt(l_{j+1} r_j),   eigenvalues 0 > -mu_1 > -mu_2 ...; mu_1 is the spectral gap.

Such a matrix knows its eigenvalues to rounding of the largest only. The flux s of the slowest state has one sign, and
1/mu_1 is the largest eigenvalue of the positive operator (G/c) with

    G_im = P(y below face min(i, m)) P(y above face max(i, m)),   c_i = l_{i+1} p_{i+1} = r_i p_i,

whose powers take no subtraction: that holds the rate of rare jumps between deep wells to all digits. Rates are of
second order in the width of a cell, and extrapolated from two grids.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinetic.line.rates import jump_rates
from kinetic.steady.gibbs import Gibbs
from particles.base.arrays import Floats

CELLS = 20000
_POWERS = 200
_CLOSE = 1e-13  # change of the rate by a power at which it stands

Diffusion = Callable[[Floats], Floats]


def decay_rates(law: Gibbs, diffusion: Diffusion, count: int = 1) -> tuple[Floats, Floats]:
    """Return the `count` smallest positive decay rates of a diffusion that rests at `law`, and their errors, 1/time.

    `diffusion` takes x to D = nu^2/2 K^2, length^2/time. Where the law has a heavy tail the spectrum is continuous from
    some rate on. The matrix ends where the law's panels do, over a length L of the coordinate, and has eigenvalues some
    (k pi/L)^2 D above that rate in its place. For K = x and a tail of exponent mu, the gap nu^2 mu^2/8 comes out too
    large by the factor 1 + (2 pi/(L mu))^2, L being about the smaller of 340 and 700/mu; the errors do not cover this.
    """
    from scipy.linalg import eigh_tridiagonal

    found, fastest = [], 0.0
    for cells in (CELLS, 2 * CELLS):
        left, right, _ = _chain(law, diffusion, cells)
        leaving = np.append(0.0, left) + np.append(right, 0.0)
        mixed = -np.sqrt(left) * np.sqrt(right)
        found.append(eigh_tridiagonal(leaving, mixed, eigvals_only=True, select="i", select_range=(1, count)))
        fastest = 2.0 * float(leaving.max())
    return _extrapolated(found[0], found[1], 2.0**-52 * fastest)


def spectral_gap(law: Gibbs, diffusion: Diffusion) -> tuple[float, float]:
    """Return mu_1 and its error: by positive powers where they converge, that is if mu_1 < 0.9 mu_2 or so."""
    coarse = _slowest(*_chain(law, diffusion, CELLS))
    fine = None if coarse is None else _slowest(*_chain(law, diffusion, 2 * CELLS))
    if coarse is None or fine is None:
        rates, errors = decay_rates(law, diffusion)
        return float(rates[0]), float(errors[0])
    rates, errors = _extrapolated(np.array(coarse), np.array(fine), 1e-12 * fine)
    return float(rates), float(errors)


def _extrapolated(coarse: Floats, fine: Floats, rounding: float) -> tuple[Floats, Floats]:
    return fine + (fine - coarse) / 3.0, np.abs(fine - coarse) / 3.0 + rounding


def _chain(law: Gibbs, diffusion: Diffusion, cells: int) -> tuple[Floats, Floats, Floats]:
    """Rates l, r at the inner faces, and ln p in the cells."""
    faces = np.linspace(law.edges[0], law.edges[-1], cells + 1)
    h = float(law.edges[-1] - law.edges[0]) / cells
    level = law.log_density(0.5 * (faces[1:] + faces[:-1]))
    inner = faces[1:-1]
    spread = diffusion(law.chart.point(inner)) / law.chart.slope(inner) ** 2
    return *jump_rates(level[:-1] - level[1:], spread, h), level


def _slowest(left: Floats, right: Floats, level: Floats) -> float | None:
    """mu_1 by powers of G/c from the flux P(below) P(above); None if they do not converge, or c underflows."""
    mass = np.exp(level - level.max())
    mass /= mass.sum()
    below, above = np.cumsum(mass)[:-1], np.cumsum(mass[::-1])[-2::-1]
    conductance = np.maximum(left * mass[1:], right * mass[:-1])  # equal, but for underflow
    if not conductance.min() > 0.0:
        return None
    flux, before, last, slowing = below * above, np.inf, np.inf, 0.0
    for more in reversed(range(_POWERS)):
        drop = flux / conductance
        low, high = np.cumsum(below * drop), np.cumsum((above * drop)[::-1])[::-1]
        new = above * np.append(0.0, low[:-1]) + below * high
        rate = float((flux * drop).sum() / (new * drop).sum())
        change = abs(rate - before)
        if change <= _CLOSE * rate:
            return rate
        if _never(change, change / last, slowing, more, _CLOSE * rate):
            return None
        flux, before, last, slowing = new / new.max(), rate, change, change / last
    return None


def _never(change: float, ratio: float, ratio_before: float, more: int, close: float) -> bool:
    """Whether changes that shrink ever more slowly, as those of powers do, stay above `close` for `more` powers."""
    return change > 1e3 * close and ratio_before <= ratio < 1.0 and change * ratio**more > close
