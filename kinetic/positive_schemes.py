"""The positive schemes as values, which step by rates of jumps between neighbouring cells. Others: `scheme_values`."""

from __future__ import annotations

from dataclasses import dataclass

from kinetic.line.chang_cooper import ORDERS, TimeStep
from kinetic.line.rates import QUADRATURES, Quadrature
from kinetic.loop import Steps
from kinetic.scheme_values import Scheme, check_fields
from particles.base.checks import require_one_of


class _OfTime(Scheme):
    """A scheme of second order in space, whose error in time and whose work are those of its steps."""

    time: TimeStep

    @property
    def order(self) -> int:
        """Order in time; that in space is 2."""
        return ORDERS[self.time]

    def power(self, noisy: bool) -> int:
        """2 where the step's length is a matter of accuracy and not of stability."""
        return 3 if self.time == "ssprk2" else 2


@dataclass(frozen=True)
class ChangCooper(_OfTime):
    """The structure-preserving scheme of Chang and Cooper: see `kinetic.line.chang_cooper`; needs noise.

    In the plane by a sparse solver, see `kinetic.plane.chain`: cheap where the field is steady.

    Parameters
    ----------
    time : "ssprk2", "implicit-euler" or "sdirk2", default "sdirk2"
    quadrature : "midpoint", "milne" or "gauss3", default "gauss3"
        Of the integral that the state at rest hangs on.
    cfl, steps
        As for `Imex`; with "ssprk2" cfl is the share of the step that stays positive.

    Raises
    ------
    InputError
        If a field is out of its range.

    Notes
    -----
    ::

        d_t g = d_x [ (D' - sigma) g + D g_x ],   D = nu^2 K^2/2,

    by rates of jumps between neighbouring cells (arXiv 2001.04294, (20); Pareschi and Zanella 2018): g >= 0 stays,
    entropy decays, and the density at rest is right at the centres up to the quadrature.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> from particles.model import Normal, cases
    >>> grid = kinetic.Grid(-8.0, 8.0, cells=100)
    >>> noisy, scheme = cases["fokker-planck"].model, kinetic.ChangCooper()
    >>> end = kinetic.solve(noisy, grid, scheme, until=40.0).averages[-1]
    >>> bool(np.abs(end - Normal(0.0, 1.0).pdf(grid.centres)).max() < 1e-12), bool(end.min() > 0.0)
    (True, True)
    >>> kinetic.ChangCooper(quadrature="simpson")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: quadrature = 'simpson' must be one of midpoint, milne, gauss3
    """

    time: TimeStep = "sdirk2"
    quadrature: Quadrature = "gauss3"
    cfl: float = 0.45
    steps: Steps = "equal"

    name = "chang-cooper"
    arrays = 240  # in the plane, the factors of its matrix
    needs_noise = True
    in_plane = True

    def __post_init__(self) -> None:
        require_one_of("time", self.time, ORDERS)
        require_one_of("quadrature", self.quadrature, QUADRATURES)
        check_fields(self)


@dataclass(frozen=True)
class WellBalanced(_OfTime):
    """The form in the plane that rests exactly at a known law: see `kinetic.plane.well_balanced`; needs noise.

    The problem names the law: `PlaneProblem.of` knows those of `kinetic.plane.rest`.

    Parameters
    ----------
    time : "ssprk2", "implicit-euler" or "sdirk2", default "sdirk2"
    cfl, steps
        As for `ChangCooper`.

    Raises
    ------
    InputError
        If a field is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> from particles.model import cases
    >>> model, side = cases["circulation"].model, kinetic.Grid(-12.0, 12.0, cells=24)
    >>> plane = kinetic.Plane(side, side)
    >>> law = kinetic.PlaneProblem.of(model, plane).rest
    >>> rest = np.exp(law.log_density(side.centres, side.centres[:, None]))
    >>> for scheme in (kinetic.WellBalanced(), kinetic.ChangCooper()):
    ...     end = kinetic.solve(model, plane, scheme, until=1.0, averages=rest).averages[-1]
    ...     print(type(scheme).__name__, bool(np.abs(end - rest).max() < 1e-12))
    WellBalanced True
    ChangCooper False
    """

    time: TimeStep = "sdirk2"
    cfl: float = 0.45
    steps: Steps = "equal"

    name = "well-balanced"
    arrays = 240
    needs_noise = True
    needs_rest = True
    on_line = False
    in_plane = True

    def __post_init__(self) -> None:
        require_one_of("time", self.time, ORDERS)
        check_fields(self)
