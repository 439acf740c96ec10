"""A source k S(u): its cell averages by 3-point Gauss quadrature of the cells' parabolas (arXiv 2001.04294, (23)).

    S_j = (5 S(v_-) + 8 S(v_0) + 5 S(v_+))/18,   v_0 = (6 u_j - u_l - u_r)/4,
    v_-+ = (3 u_j + u_l + u_r)/5 -+ sqrt(3/20) (u_r - u_l)

are the values of the parabola with average u_j and edge values u_l, u_r. The rule is exact for degree 5 (E38 of
docs/errata.md).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.base.shims import fma

_GAUSS = math.sqrt(3.0 / 20.0)


@dataclass(frozen=True)
class Source:
    """k S(u), local in x.

    Parameters
    ----------
    function : callable (u) -> float
        S, a plain scalar function that is compiled; over + - x / and the functions of `particles.vmath`.
    rate : float
        k, finite, 1/time where S is a density; of either sign.
    slope : float >= 0
        A bound of abs(S') over the values that the solution takes; dt <= cfl/abs(k S').

    Raises
    ------
    InputError
        If the rate or the bound is not finite, or the bound negative.

    Notes
    -----
    ::

        S_j = (5 S(v_-) + 8 S(v_0) + 5 S(v_+))/18

    over the values of the cell's parabola at three Gauss points, exact for degree 5 (arXiv 2001.04294, (23); E38 of
    docs/errata.md).

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(0.0, 1.0, cells=20)
    >>> logistic = kinetic.Source(lambda u: u * (1.0 - u), rate=2.0, slope=1.0)
    >>> problem = kinetic.Problem(kinetic.LinearFlux(np.ones(21)), "periodic", source=logistic)
    >>> end = kinetic.evolve(problem, np.full(20, 0.5), grid, until=1.0).averages[-1]
    >>> print(f"{end.min():.6f} {end.max():.6f}")  # 1/(1 + e^(-2)) = 0.880797
    0.880797 0.880797
    """

    function: Callable[[float], Any]
    rate: float
    slope: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.rate):
            raise InputError(f"rate = {self.rate!r} must be finite")
        require_at_least("slope", self.slope)

    @property
    def fastest(self) -> float:
        """Bound of abs(k S')."""
        return abs(self.rate) * self.slope

    @property
    def gain(self) -> Formula:
        """Formula (out, u, work, scale) -> None that adds scale S_j to `out`, for the states `u` of a stage.

        work[0] and work[1] hold the edge values as `kinetic.line.integrate.advection` leaves them.
        """
        return _gain(self.function)


@functools.cache
def _gain(function: Formula) -> Formula:
    s = formula(function)

    @formula
    def gain(out: Any, u: Any, work: Any, scale: float) -> None:
        right, left = work[0], work[1]
        for j in range(1, u.size - 1):
            both, across = left[j] + right[j], _GAUSS * (right[j] - left[j])
            middle, inner = fma(-0.25, both, 1.5 * u[j]), fma(0.2, both, 0.6 * u[j])
            total = fma(5.0, s(inner - across) + s(inner + across), 8.0 * s(middle))
            out[j] = fma(scale / 18.0, total, out[j])

    return gain
