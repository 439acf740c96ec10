"""Walls of the sweeps: where a step from `old` to `new` ends, as formulas that kernels inline."""

from __future__ import annotations

from particles.base.jit import formula
from particles.base.shims import fma

WHOLE = 1.5 * 2.0**52  # added and taken away again it leaves the nearest whole number


@formula
def free(old: float, new: float, low: float, high: float) -> float:
    """No walls."""
    return new


@formula
def sticky(old: float, new: float, low: float, high: float) -> float:
    """Walls that hold what reaches them (zero flux without noise)."""
    moved = low if new < low else new
    moved = high if moved > high else moved
    return old if old <= low or old >= high else moved


@formula
def reflecting(old: float, new: float, low: float, high: float) -> float:
    """Walls that mirror what crosses them (zero flux with noise), for steps shorter than the interval."""
    moved = low + (low - new) if new < low else new
    moved = high - (moved - high) if moved > high else moved
    moved = low if moved < low else moved
    return high if moved > high else moved


@formula
def folding(old: float, new: float, low: float, high: float) -> float:
    """The same for steps of any length, to the same bits where they are short: mirrored as often as they cross.

    What lies d beyond a wall comes to abs(d - n 2 (high - low)) from it, n the nearest whole number: exact up to 2^51.
    """
    period = 2.0 * (high - low)
    d = low - new if new < low else new - high
    n = (1.0 / period) * d + WHOLE - WHOLE
    r = abs(fma(-period, n, d))
    moved = low + r if new < low else (high - r if new > high else new)
    moved = low if moved < low else moved
    return high if moved > high else moved
