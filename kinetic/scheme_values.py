"""How the equation is stepped: schemes as values, each with the fields that it reads. Their words: `kinetic.schemes`.

=============  =====  ==================================================================  =======================
scheme         order  what                                                                work on N cells
=============  =====  ==================================================================  =======================
`Explicit`     3      CWENO3 and third-order SSP Runge-Kutta: `kinetic.line.integrate`    N^2, with diffusion N^3
               5, 7   CWENO5, CWENO7 and Runge-Kutta: `kinetic.line.high_order`           the same
`Imex`         3      the same, diffusion implicit: `kinetic.line.imex`                   N^2
`ChangCooper`  2      positive, rests where the model does: `kinetic.line.chang_cooper`   N^2
=============  =====  ==================================================================  =======================

In the plane, of N cells in either direction:

==============  =====  =====================================================================================
`Explicit`      3      line averages by CWENO3 and a product term: `kinetic.plane.stage`
`Imex`          3      the same, diffusion implicit: `kinetic.plane.imex`
`ChangCooper`   2      positive; at rest exact for gradients: `kinetic.plane.chang_cooper`
`WellBalanced`  2      positive; exact at a known law at rest that circulates: `kinetic.plane.well_balanced`
==============  =====  =====================================================================================

The positive ones, `ChangCooper` and `WellBalanced`, are in `kinetic.positive_schemes`. Any value with the members of
`Scheme` is a scheme; its stepper does the work, `kinetic.loop.Stepper` says how, and `kinetic.steppers` which. A field
out of its range is an InputError.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Protocol

from kinetic import steppers
from kinetic.line.cweno import CWENO7, HighOrder, require_three_cells
from kinetic.line.integrate import FOURIER
from kinetic.line.reconstruction import CWENO3, Reconstruction
from kinetic.loop import STEPS, Stepper, Steps
from particles.base.arrays import Floats
from particles.base.checks import require_number, require_one_of, require_positive
from particles.base.errors import InputError


class Scheme(Protocol):
    """What a scheme states; a class that derives from this one need not state what has a value here.

    Examples
    --------
    >>> import kinetic
    >>> kinetic.Explicit().order, kinetic.Imex().order, kinetic.ChangCooper().order
    (3, 3, 2)
    >>> kinetic.Imex().needs_noise, kinetic.ChangCooper().describe()
    (True, {'name': 'chang-cooper', 'time': 'sdirk2', 'quadrature': 'gauss3', 'cfl': 0.45, 'steps': 'equal'})
    """

    name: ClassVar[str]
    """Its word on command lines and in records."""
    needs_noise: ClassVar[bool] = False
    """Whether it is for equations with diffusion alone."""
    needs_rest: ClassVar[bool] = False
    """Whether it is for equations alone whose law at rest is known."""
    on_line: ClassVar[bool] = True
    """Whether it steps the equation on the line."""
    in_plane: ClassVar[bool] = False
    """Whether it steps the equation in the plane too."""
    arrays: ClassVar[int] = 40
    """Arrays of the grid's shape that a run holds at most."""
    on_ranks: ClassVar[bool] = False
    """Whether it does so on several ranks: its `stepper` takes `strips`, the rows of this one."""

    @property
    def order(self) -> int:
        """Order of the error in h and dt on smooth solutions."""
        return self.reconstruction.order

    @property
    def cfl(self) -> float:
        """Number that its steps are cut by, in (0, 1]."""

    @property
    def steps(self) -> Steps:
        """ "equal": steps of one length between two stored times; "cut": longest steps, the last one cut."""
        return "equal"

    @property
    def reconstruction(self) -> Reconstruction | HighOrder:
        """What turns its averages into the densities of the record."""
        return _CWENO3

    def power(self, noisy: bool) -> int:
        """Power of the number of cells that the work of a run grows with."""
        return 3 if noisy else 2

    def describe(self) -> dict[str, Any]:
        """Name and fields, values for JSON: what a record keeps."""
        return described(self)

    def stepper(self, problem: Any, averages: Floats, grid: Any, atoms: Floats, **options: Any) -> Stepper:
        """The state of a run that starts from averages and masses at the edge, of the grid's shapes.

        A scheme of one's own states it. `options` may be `strips`, the rows of this rank.

        Raises
        ------
        InputError
            If the problem holds what this scheme cannot do, or lacks what it needs.
        """
        return steppers.build(self, problem, averages, grid, atoms, **options)


_CWENO3 = CWENO3()


def check_fields(scheme: Scheme) -> None:
    """Refuse a value out of range in a field that every scheme has.

    Raises
    ------
    InputError
        If there is one.
    """
    require_number("cfl", scheme.cfl)
    if not hasattr(scheme.reconstruction, "constants"):
        raise InputError(f"reconstruction = {scheme.reconstruction!r:.60} must be a value such as CWENO3() or Linear()")
    most = 2.0 if isinstance(scheme.reconstruction, CWENO7) else 1.0
    if not 0.0 < scheme.cfl <= most:
        raise InputError(f"cfl = {scheme.cfl!r} must lie in (0, {most:g}]")
    if scheme.reconstruction.positive and scheme.cfl > scheme.reconstruction.edge_share:
        told = f"1/{round(1.0 / scheme.reconstruction.edge_share)}"
        raise InputError(f"cfl = {scheme.cfl!r} must be at most {told} where the reconstruction is positive")
    require_one_of("steps", scheme.steps, STEPS)


@dataclass(frozen=True)
class Explicit(Scheme):
    """CWENO3, fourth-order differences for diffusion, and third-order SSP Runge-Kutta: see `kinetic.line.integrate`.

    On the line also CWENO5 or CWENO7, for what is smooth, see `kinetic.line.high_order`: "explicit5" of commands is
    ``Explicit(CWENO5(), cfl=0.9)``, and "explicit7" ``Explicit(CWENO7(), cfl=1.8, fourier=0.9)``.

    Parameters
    ----------
    reconstruction : CWENO3, CWENO5, CWENO7 or Linear, default CWENO3()
    cfl : float in (0, 1], with CWENO7 in (0, 2], default 0.45
        dt <= cfl h/max abs(F') and dt <= cfl/max abs(k S'), taken anew every step unless the flux is steady; with a
        positive reconstruction at most 1/6, of CWENO5 1/12, of CWENO7 1/20.
    fourier : float > 0, default 0.4
        dt <= fourier h^2/max D; at most the last column of `kinetic.line.diffusion`, with CWENO5 0.53, CWENO7 0.96.
    steps : "equal" or "cut", default "equal"
        Equal steps between two stored times, or longest steps with the last one cut.

    Raises
    ------
    InputError
        If a field is out of its range.

    See Also
    --------
    Imex : Steps that do not shrink with h^2.
    ChangCooper : For long times.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> for cells in (100, 200, 400):
    ...     grid = kinetic.Grid(-7.0, 9.0, cells=cells)
    ...     end = kinetic.solve(cases["regression"].model, grid, until=1.0).at(1.0)
    ...     print(f"{end.variance[0]:.6f}")  # exact: 0.254232
    0.253584
    0.254136
    0.254220
    >>> kinetic.Explicit(cfl=2.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: cfl = 2.0 must lie in (0, 1]
    """

    reconstruction: Reconstruction | HighOrder = _CWENO3
    cfl: float = 0.45
    fourier: float = FOURIER
    steps: Steps = "equal"

    name = "explicit"
    in_plane = True
    on_ranks = True

    def __post_init__(self) -> None:
        check_fields(self)
        require_positive("fourier", self.fourier)


@dataclass(frozen=True)
class Imex(Scheme):
    """CWENO3 with implicit diffusion, ARK3(2)4L[2]SA: see `kinetic.line.imex`; needs noise.

    In the plane see `kinetic.plane.imex`: a step costs as much as ten of `Explicit`, where on the line it is four; with
    K other than 1 a sparse matrix is factorised, once a length of step.

    Parameters
    ----------
    reconstruction, cfl, steps
        As for `Explicit`; cfl is the share of the step that accuracy asks for.

    Raises
    ------
    InputError
        If a field is out of its range.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> noisy, grid = cases["fokker-planck"].model, kinetic.Grid(-8.0, 8.0, cells=400)
    >>> for scheme in (kinetic.Explicit(), kinetic.Imex()):
    ...     solution = kinetic.solve(noisy, grid, scheme, until=0.5)
    ...     print(solution.steps, f"{solution.at(0.5).variance[0]:.6f}")  # exact: 0.639785
    782 0.639761
    223 0.639756
    """

    reconstruction: Reconstruction = _CWENO3
    cfl: float = 0.45
    steps: Steps = "equal"

    name = "imex"
    needs_noise = True
    in_plane = True

    def __post_init__(self) -> None:
        check_fields(self)
        require_three_cells(self.reconstruction, "scheme imex")

    def power(self, noisy: bool) -> int:
        """2: steps grow with h."""
        return 2


def described(value: Any) -> dict[str, Any]:
    """Return name and fields of a scheme or a reconstruction, values for JSON."""
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    name = getattr(value, "name", type(value).__name__)
    return {"name": name, **{key: described(one) if is_dataclass(one) else one for key, one in found.items()}}
