"""The flux of d_t u + d_x F = 0 at a face, as a value: linear with speeds as data, or a compiled F with its bound.

Local Lax-Friedrichs from the states left and right of a face,

    F_{i+1/2} = (F(u_l) + F(u_r))/2 - a (u_r - u_l)/2,   a = max(abs(F'(u_l)), abs(F'(u_r))).

For F = s u both states share the speed of the face and this is upwinding, s^+ u_l + s^- u_r.

Ends of the interval, by the state that is put outside. There the flux is F of the inner state where the jump between
the two runs outwards, [F]/[u] by Rankine and Hugoniot, and F of the outer state where it runs inwards:

==========  ==================  =================================================================================
boundary    state outside       meaning
==========  ==================  =================================================================================
"periodic"  the other end       what leaves at one end enters at the other
"wall"      0                   nothing ever flows in; what flows out is kept as an atom at the end
"outflow"   the end's at start  waves leave; what they carry is kept as an atom at the end (negative: it came in)
==========  ==================  =================================================================================

The fourth, "reflecting", needs no state outside: the whole flux, diffusion included, is 0 at both ends.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kinetic.grid import Grid
from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError, NotFiniteError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

Boundary = Literal["periodic", "wall", "outflow", "reflecting"]
BOUNDARIES: tuple[Boundary, ...] = ("periodic", "wall", "outflow", "reflecting")

Speeds = Callable[[float, float | None], Floats]
"""speeds(t, mean) -> ndarray of shape (N + 1,); `mean` is None unless the flux needs it."""


@formula
def upwind(left: float, right: float, speed: float, t: float) -> float:
    """Numerical flux s^+ u_l + s^- u_r of F = s u."""
    return speed * (left if speed > 0.0 else right)


@formula
def leaving(outward_jump: float, flux_jump: float) -> bool:
    """Whether the jump at an end runs outwards; F_in - F_out and u_in - u_out, the latter reversed at the low end."""
    return outward_jump * flux_jump > 0.0


@dataclass(frozen=True, eq=False)
class LinearFlux:
    """F = s(x, t) u, with the speeds at the faces as data.

    Parameters
    ----------
    speeds : ndarray, shape (N + 1,), or callable (t, mean) -> such an array
        Speeds at the faces, length/time; an array is constant in time.
    needs_mean : bool, default False
        The callable wants the mean of the current stage: int x u dx with the atoms at the ends.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(-0.5, 0.5, cells=40)
    >>> wave = kinetic.Problem(kinetic.LinearFlux(np.ones(41)), "periodic")  # u_t + u_x = 0
    >>> start = grid.averages_of(lambda x: np.sin(2 * np.pi * x))
    >>> end = kinetic.evolve(wave, start, grid, until=1.0).averages[-1]
    >>> print(f"{np.abs(end - start).sum() * grid.h:.6f}")  # after a revolution
    0.001344
    """

    speeds: Floats | Speeds
    needs_mean: bool = False

    @property
    def steady(self) -> bool:
        """True where the data depend on neither time nor state."""
        return not callable(self.speeds)

    @property
    def face(self) -> Formula:
        """Formula (u_l, u_r, datum, t) of the numerical flux; the datum is the face's speed."""
        return upwind

    def data(self, grid: Grid, t: float, mean: float | None) -> Floats:
        """Speeds at time t.

        Raises
        ------
        InputError
            If there is not one speed for each face.
        NotFiniteError
            If a speed is not finite.
        """
        given = self.speeds(t, mean) if callable(self.speeds) else as_floats(self.speeds, "speeds", finite=False)
        speeds = np.ascontiguousarray(given, dtype=np.float64)
        if speeds.shape != (grid.cells + 1,):
            raise InputError(f"speeds of shape {speeds.shape} do not fit: allowed is one a face, ({grid.cells + 1},)")
        if not np.isfinite(speeds).all():
            face = int(np.argmin(np.isfinite(speeds)))
            raise NotFiniteError(f"speed {speeds[face]} at face {face} (x = {grid.faces[face]:.6g}) at t = {t:.6g}")
        return speeds

    def fastest(self, data: Floats, averages: Floats, t: float) -> float:
        """Largest abs(s) at the faces."""
        return float(np.abs(data).max())


@functools.cache
def _lax_friedrichs(flux: Formula, speed: Formula) -> Formula:
    f, a = formula(flux), formula(speed)

    @formula
    def lax_friedrichs(left: float, right: float, x: float, t: float) -> float:
        a_l, a_r = a(left, x, t), a(right, x, t)
        bound = a_l if a_l > a_r else a_r
        return 0.5 * fma(bound, left - right, f(left, x, t) + f(right, x, t))

    return lax_friedrichs


@kernel
def _largest(speed: Formula) -> Formula:
    def loop(averages: Floats, faces: Floats, t: float) -> float:
        largest = 0.0
        for j in range(averages.size):
            low, high = speed(averages[j], faces[j], t), speed(averages[j], faces[j + 1], t)
            largest = low if low > largest else largest
            largest = high if high > largest else largest
        return largest

    return loop


@dataclass(frozen=True)
class NonlinearFlux:
    """F(u, x, t) with the bound of its speed, both plain scalar functions that are compiled.

    Parameters
    ----------
    flux : callable (u, x, t) -> float
        F; written over + - x / and the functions of `particles.vmath`.
    speed : callable (u, x, t) -> float
        abs(dF/du), or a bound of it.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> burgers = kinetic.NonlinearFlux(lambda u, x, t: 0.5 * u * u, lambda u, x, t: abs(u))
    >>> grid = kinetic.Grid(-0.5, 0.5, cells=80)
    >>> step = np.where(grid.centres < -0.25, 1.0, 0.0)
    >>> problem = kinetic.Problem(burgers, "outflow")
    >>> end = kinetic.evolve(problem, step, grid, until=0.5).averages[-1]
    >>> print(f"{end.sum() * grid.h - 0.5:+.6f}")  # where the shock is: its speed is 1/2
    +0.000000
    """

    flux: Callable[[float, float, float], Any]
    speed: Callable[[float, float, float], Any]

    needs_mean = False
    steady = False

    @property
    def face(self) -> Formula:
        """Formula (u_l, u_r, datum, t) of the numerical flux; the datum is the face's position."""
        return _lax_friedrichs(self.flux, self.speed)

    def data(self, grid: Grid, t: float, mean: float | None) -> Floats:
        """Positions of the faces."""
        return grid.faces

    def fastest(self, data: Floats, averages: Floats, t: float) -> float:
        """Largest bound over the cell averages, x at both faces of each cell."""
        largest = float(_largest(formula(self.speed))(averages, data, t))
        if not math.isfinite(largest):
            raise NotFiniteError(f"the speed bound of the flux is {largest} at t = {t:.6g}")
        return largest


class _Steady:
    """A steady flux in one run: its data are asked for, checked and searched for the fastest once, not every step."""

    steady, needs_mean = True, False

    def __init__(self, flux: LinearFlux) -> None:
        self._flux, self.face = flux, flux.face
        self._found: tuple[Floats, float] | None = None

    def data(self, grid: Grid, t: float, mean: float | None) -> Floats:
        """Those of the first call."""
        if self._found is None:
            speeds = self._flux.data(grid, t, mean)
            self._found = speeds, self._flux.fastest(speeds, speeds, t)
        return self._found[0]

    def fastest(self, data: Floats, averages: Floats, t: float) -> float:
        """Of the data."""
        assert self._found is not None
        return self._found[1]


Flux = LinearFlux | NonlinearFlux


def in_run(flux: Flux) -> Flux | _Steady:
    """Return a flux that is told what it needs for one run; of a steady one only once."""
    return _Steady(flux) if isinstance(flux, LinearFlux) and flux.steady else flux
