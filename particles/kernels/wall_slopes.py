"""Derivatives of the walls' maps by where a step would have gone; `particles.kernels.walls` holds the maps.

What a sticky wall holds depends on nothing any more: 0 from the hit on. A reflection changes the sign.
"""

from __future__ import annotations

from particles.base.jit import formula
from particles.base.shims import fma
from particles.kernels.walls import WHOLE


@formula
def free(old: float, new: float, low: float, high: float) -> float:
    """No walls."""
    return 1.0


@formula
def sticky(old: float, new: float, low: float, high: float) -> float:
    """0 for what is held, or arrives."""
    return 0.0 if old <= low or old >= high or new < low or new > high else 1.0


@formula
def reflecting(old: float, new: float, low: float, high: float) -> float:
    """-1 for what is mirrored once; 0 where the mirror image is put at a wall."""
    moved = low + (low - new) if new < low else new
    moved = high - (moved - high) if moved > high else moved
    sign = -1.0 if (new < low) != (new > high) else 1.0
    return 0.0 if moved < low or moved > high else sign


@formula
def folding(old: float, new: float, low: float, high: float) -> float:
    """The sign by the number of mirrors on the way."""
    period = 2.0 * (high - low)
    d = low - new if new < low else new - high
    n = (1.0 / period) * d + WHOLE - WHOLE
    inside = new >= low and new <= high
    turned = 1.0 if fma(-period, n, d) < 0.0 else -1.0
    return 1.0 if inside else turned
