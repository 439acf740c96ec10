"""Exponentials of exponents out of range."""

from __future__ import annotations

import math


def _exp(x: float) -> float:
    return math.exp(x) if x < 709.78 else math.inf
