"""The equation of a model, and conservation laws as such: from cell averages to the record of a run.

`solve` takes a model, `evolve` any problem, which `kinetic.problem` writes out; `kinetic.perform` does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Required, TypedDict, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike

from kinetic.grid import Grid
from kinetic.perform import kind_of, own_rows, perform
from kinetic.plane.grid import Plane
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.solution import PlaneSolution
from kinetic.problem import Problem
from kinetic.schemes import Explicit, Scheme
from kinetic.solution import Solution
from particles.base.arrays import Floats
from particles.base.checks import require_type
from particles.base.watch import Checkpoints
from particles.model import Model

_EXPLICIT = Explicit()


class _Options(TypedDict, total=False):
    """Keywords of `solve` and `evolve`."""

    until: Required[float]
    times: Sequence[float]
    atoms: ArrayLike | None
    residual: float | None
    progress: Callable[[float], None] | None
    heed: Callable[[Sequence[str]], None]
    comm: Any
    everywhere: bool
    checkpoints: Checkpoints | None


class _OfModel(_Options, total=False):
    averages: Floats | None


class _OfProblem(_Options, total=False):
    start: float
    about: dict[str, Any] | None


@overload
def solve(model: Model, grid: Grid, scheme: Scheme = ..., **options: Unpack[_OfModel]) -> Solution: ...
@overload
def solve(model: Model, grid: Plane, scheme: Scheme = ..., **options: Unpack[_OfModel]) -> PlaneSolution: ...
def solve(
    model: Model,
    grid: Any,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    averages: Floats | None = None,
    atoms: ArrayLike | None = None,
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
    comm: Any = None,
    everywhere: bool = True,
    checkpoints: Checkpoints | None = None,
) -> Any:
    """Solve the mean-field equation of a model, with noise its Fokker-Planck equation, from its initial law.

    Without noise, mass that the law has outside the grid is put at the ends, and what flows out is kept there: at a
    wall an atom of the solution, without walls the mass beyond the end, which does not come back. With noise, or where
    walls reflect, nothing passes the ends of the grid, and mass outside it starts in the cells at its ends. The total
    stays 1 to rounding.

    Parameters
    ----------
    model : Model
        On a Grid d = N = 1; finite walls, if any, at the ends of the grid, and reflecting where there is noise. On a
        Plane d = 2, N = 1.
    grid : Grid or Plane
        The record is a `Solution`, or a `PlaneSolution`.
    scheme : Scheme, default Explicit()
        With noise also `Imex()`, of third order too, whose steps grow with h and not with h^2, or `ChangCooper()`, of
        second order, positive and at rest where the model is, for long times.
    until, times, residual, progress, heed, comm, everywhere, checkpoints
        As for `evolve`.
    averages : ndarray, shape (N,), in the plane (N_y, N_x), optional
        Initial cell averages; default: exact ones of the initial law.
    atoms : (float, float), in the plane as in `PlaneSolution.atoms`, optional
        Initial masses at the ends; default: those of the law outside the grid, or 0 with given averages.

    Raises
    ------
    InputError
        If the model does not fit the grid, or as `evolve`.
    NotFiniteError
        As `evolve`.

    See Also
    --------
    evolve : Any conservation law, from any averages.
    domain : Ends of a grid.
    cautions : What will limit the run.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> grid = kinetic.Grid(-7.0, 9.0, cells=200)
    >>> solution = kinetic.solve(cases["regression"].model, grid, until=2.0)
    >>> density = solution.at(2.0)
    >>> print(f"{density.mass:.12f} {density.variance[0] ** 0.5:.4f}")  # exact: 1, 0.21995668
    1.000000000000 0.2199
    >>> kinetic.solve(cases["vehicles"].model, kinetic.Grid(0.0, 8.0, cells=80), until=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: grid ends (0.0, 8.0) must be the model's walls (2.0, 8.0)
    """
    kind = kind_of(grid)
    problem, outside, share = kind.problem.of(model, grid), np.zeros(grid.atoms), kind.share(grid, comm)
    if averages is not None:
        own = own_rows(averages, share, grid)
    elif problem.boundary == "reflecting":  # ends that reflect send back inside what lies beyond
        own = share.inside(model.initial)
    else:
        own, outside = share.averages(model.initial), grid.outside(model.initial)
    return perform(
        problem, own, grid, scheme, share, until=until, times=times, atoms=outside if atoms is None else atoms,
        residual=residual, progress=progress, heed=heed, everywhere=everywhere, checkpoints=checkpoints,
        about={"model": model.describe()},
    )  # fmt: skip


@overload
def evolve(
    problem: Problem, averages: Floats, grid: Grid, scheme: Scheme = ..., **options: Unpack[_OfProblem]
) -> Solution: ...
@overload
def evolve(
    problem: PlaneProblem, averages: Floats, grid: Plane, scheme: Scheme = ..., **options: Unpack[_OfProblem]
) -> PlaneSolution: ...
def evolve(
    problem: Any,
    averages: Floats,
    grid: Any,
    scheme: Scheme = _EXPLICIT,
    *,
    until: float,
    times: Sequence[float] = (),
    start: float = 0.0,
    atoms: ArrayLike | None = None,
    residual: float | None = None,
    progress: Callable[[float], None] | None = None,
    heed: Callable[[Sequence[str]], None] = lambda cautions: None,
    about: dict[str, Any] | None = None,
    comm: Any = None,
    everywhere: bool = True,
    checkpoints: Checkpoints | None = None,
) -> Any:
    """Solve a scalar conservation law, with diffusion and a source if it has them, from given cell averages.

    Parameters
    ----------
    problem : Problem, in the plane PlaneProblem
    averages : ndarray, shape (N,), in the plane (N_y, N_x)
    grid : Grid or Plane
    scheme : Scheme, default Explicit()
        See `kinetic.schemes`.
    until : float >= start
        End of the run; stored, unless the run ends before it.
    times : sequence of float in [start, until], default ()
        Further times to store, met exactly.
    start : float, default 0
    atoms : (float, float), default 0
        Masses at both ends; in the plane those at its edge, as in `PlaneSolution.atoms`.
    residual : float >= 0, optional
        End early, past the last breakpoint, once h sum abs(u_j(t) - u_j(s)) <= residual (t - s) between two looks at
        the state, which are at most 100 steps apart.
    progress : callable, optional
        Called with the time now and then.
    heed : callable, optional
        Called once, before the first step and after every refusal, with the record's "cautions".
    about : dict, optional
        Added to the record's provenance; values for JSON.
    comm : mpi4py communicator, optional
        In the plane the ranks that share the work, by default all of the job: every one of them calls, with the same
        arguments, and the record is the same bytes on any number of them. On the line every rank works by itself.
    everywhere : bool, default True
        Every rank gets the record. False: rank 0 alone, which then gets the others' rows one rank after the other; the
        others get None, and need memory for their own rows alone.
    checkpoints : Checkpoints, optional
        Where and when to write what a restart needs, and whether this is one; see `particles.Checkpoints`. They are
        written at looks at the state, and the run goes on with the same bytes on any number of ranks.

    Raises
    ------
    InputError
        If an argument is out of its range or not finite, the scheme does not suit the problem, or the run needs more
        steps than a day holds.
    NotFiniteError
        If a cell stops being finite; names the first one, its x and t.
    Stopped
        If `checkpoints` asked to leave.

    See Also
    --------
    solve : The equation of a model.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(-0.5, 0.5, cells=40)
    >>> wave = kinetic.Problem(kinetic.LinearFlux(np.ones(41)), "periodic")  # u_t + u_x = 0
    >>> start = grid.averages_of(lambda x: np.sin(2 * np.pi * x))
    >>> kinetic.evolve(wave, start, grid, until=1.0, times=[0.5]).times
    (0.5, 1.0)
    >>> kinetic.evolve(wave, start[1:], grid, until=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: averages of shape (39,) do not fit: allowed is (40,)
    """
    kind = kind_of(grid)
    require_type("problem", problem, kind.problem, f"a {kind.problem.__name__}")
    share = kind.share(grid, comm)
    return perform(
        problem, own_rows(averages, share, grid), grid, scheme, share, until=until, times=times, start=start,
        atoms=atoms, residual=residual, progress=progress, heed=heed, everywhere=everywhere, checkpoints=checkpoints,
        about=about,
    )  # fmt: skip
