"""Fluxes in the plane that keep averages non-negative: Gauss nodes on a face, and slopes along it that stay above zero.

The parabolas of a cell in x and in y are drawn above zero as on the line (`kinetic.line.limiter`), so that its average

    u = (1 - s) (W + 4 M + E)/6 + s (S + 4 M' + N)/6,   s in [0, 1],

is a mean of non-negative line averages. A line average g on a face has the values g +- q at the two Gauss nodes of it,
q = G/(2 sqrt 3) with the G of the product term. Each node is upwinded by its own speed,

    F = (a+ (g + q) + a- (g - q))/2,   a+- = A +- B/(2 sqrt 3),   q cut to [-g, g],

which is A g + B G/12 where both run the same way and q is not cut. It takes at most max abs(a+-) g from a cell, and an
Euler step keeps u >= 0 while nu_x + nu_y <= 1/6 for the speeds at the nodes (X. Zhang, C.-W. Shu, 2010), as do the
stages, which are means of such steps. q is cut only where g changes by more than 3.5 of itself along a cell, so that
smooth solutions keep order 3. Through a wall nothing comes in.

As on the line, nothing is promised for diffusion: an average that it makes negative stays, since mass is kept, is not
carried until it is filled, and the record says how low it went.
"""

from __future__ import annotations

import math

from particles.base.jit import formula

NODE = 0.5 / math.sqrt(3.0)
"""Of a face's length: the distance of a Gauss node from its middle."""


@formula
def _carried(speed: float, low: float, high: float) -> float:
    return speed * (low if speed > 0.0 else high)


@formula
def _within(q: float, g: float) -> float:
    return min(max(q, -g), g)


@formula
def at_nodes(low: float, high: float, mean: float, slope: float, change: float) -> float:
    """Flux from the line averages below and above a face, the mean speed A and its slope B; `change` is 4 G."""
    g, f = max(low, 0.0), max(high, 0.0)
    q, r = _within(0.25 * NODE * change, g), _within(0.25 * NODE * change, f)
    turn = NODE * slope
    return 0.5 * (_carried(mean + turn, g + q, f + r) + _carried(mean - turn, g - q, f - r))


@formula
def outward_alone(flux: float, mean: float, sign: float) -> float:
    """The flux where mean speed and flux, times `sign`, both run outwards, else 0."""
    return flux if sign * mean > 0.0 and sign * flux > 0.0 else 0.0
