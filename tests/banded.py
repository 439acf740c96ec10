"""One banded system, factorised and solved by the formulas of `kinetic.line.banded`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinetic.line.banded import BANDS, BORDER, factorise, solve
from particles.base.arrays import Floats
from particles.base.jit import Formula, kernel


@kernel
def _once() -> Formula:
    def loop(bands: Any, factors: Any, border: Any, ring: bool, x: Any) -> None:
        factorise(bands, factors, border, ring)
        solve(bands, factors, border, ring, x)

    return loop


def solve_banded(bands: Floats, right: Floats, *, ring: bool = False) -> Floats:
    """Solution x, shape (N,), of one system; N >= 4, on a ring N >= 7."""
    x = np.array(right, dtype=np.float64)
    n = x.size
    _once()(np.ascontiguousarray(bands), np.empty((BANDS, n)), np.empty((BORDER, n - BORDER)), ring, x)
    return x
