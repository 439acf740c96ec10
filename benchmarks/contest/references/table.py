"""A smooth law as a table, where its own distribution function takes long: a judge asks it at millions of points."""

from __future__ import annotations

import numpy as np

from particles.model import Law
from validation.exact.interpolation import UniformGrid
from validation.exact.tabulated import LINE, TabulatedLaw

_FIRST, _MOST = 256, 4096  # intervals
_CLOSE = 1e-11


def tabled(law: Law) -> Law:
    """Return a table that agrees with a smooth law to 1e-11 between its points, or the law itself where none does."""
    low, high = law.quantile(np.array([1e-15, 1.0 - 1e-15])).tolist()
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    grid = UniformGrid(low, (high - low) / _FIRST, _FIRST + 1)
    values = law.cdf(grid.points)
    while grid.size <= _MOST + 1:
        table = TabulatedLaw(LINE, grid, values, 1.0 - values, accuracy=_CLOSE * (high - low))
        middle = grid.points[:-1] + 0.5 * grid.step
        between = law.cdf(middle)
        if np.abs(table.cdf(middle) - between).max() <= _CLOSE:
            return table
        grid = UniformGrid(low, 0.5 * grid.step, 2 * grid.size - 1)
        values = np.insert(values, np.arange(1, values.size), between)
    return law
