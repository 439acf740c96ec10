"""What carries a run: one row for each scheme of `kinetic.schemes` and each kind of problem that it steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kinetic.line.chang_cooper import ChangCooperStepper
from kinetic.line.cweno import HighOrder
from kinetic.line.high_order import HighOrderIntegrator
from kinetic.line.imex import ImexStepper
from kinetic.line.integrate import Integrator
from kinetic.loop import Stepper
from kinetic.plane.chain import ChainStepper
from kinetic.plane.chang_cooper import chang_cooper
from kinetic.plane.imex import PlaneImexStepper
from kinetic.plane.integrate import PlaneIntegrator
from kinetic.plane.problem import PlaneProblem
from kinetic.plane.well_balanced import well_balanced
from kinetic.problem import Problem
from particles.base.arrays import Floats
from particles.base.errors import InputError


def build(scheme: Any, problem: Any, averages: Floats, grid: Any, atoms: Floats, **options: Any) -> Stepper:
    """Return the state of a run of a scheme, by its name; `options` are those of its row.

    Raises
    ------
    InputError
        If there is no row for this kind of problem, or the scheme does not suit it.
    """
    rows = {kind: row for (name, kind), row in BUILDERS.items() if name == scheme.name}
    if not rows:
        raise InputError(f"scheme = {scheme.name!r} must state its stepper(problem, averages, grid, atoms)")
    if type(problem) not in rows:
        allowed = ", ".join(kind.__name__ for kind in rows)
        raise InputError(f"problem of kind {type(problem).__name__} for scheme {scheme.name}: allowed is {allowed}")
    return rows[type(problem)](scheme, problem, averages, grid, atoms, **options)


def _explicit(scheme: Any, problem: Problem, averages: Floats, grid: Any, atoms: Floats) -> Stepper:
    if isinstance(scheme.reconstruction, HighOrder):
        return _high_order(scheme, problem, averages, grid, atoms)
    return Integrator(
        problem.flux, grid, scheme.reconstruction, problem.boundary, averages, atoms,
        diffusivity=problem.diffusivity, source=problem.source, fourier=scheme.fourier,
    )  # fmt: skip


def _high_order(scheme: Any, problem: Problem, averages: Floats, grid: Any, atoms: Floats) -> Stepper:
    name, diffusivity = type(scheme.reconstruction).__name__, problem.diffusivity
    if problem.source is not None or (diffusivity is not None and diffusivity.form == "points"):
        raise InputError(f"problem for {name}: allowed is one without a source and with no diffusivity of points")
    return HighOrderIntegrator(
        problem.flux, grid, scheme.reconstruction, problem.boundary, averages, atoms,
        diffusivity=diffusivity, fourier=scheme.fourier,
    )  # fmt: skip


def _explicit_in_plane(
    scheme: Any, problem: PlaneProblem, averages: Floats, grid: Any, atoms: Floats, *, strips: Any = None
) -> Stepper:
    return PlaneIntegrator(
        problem, grid, scheme.reconstruction, averages, atoms, fourier=scheme.fourier, strips=strips
    )  # fmt: skip


def _imex(scheme: Any, problem: Problem, averages: Floats, grid: Any, atoms: Floats) -> Stepper:
    diffusivity = problem.diffusivity
    if diffusivity is None or diffusivity.form == "points" or problem.source is not None:
        raise InputError("problem for scheme imex: allowed is one with a diffusivity, not of points, and no source")
    return ImexStepper(problem.flux, grid, scheme.reconstruction, problem.boundary, averages, atoms, diffusivity)


def _imex_in_plane(scheme: Any, problem: PlaneProblem, averages: Floats, grid: Any, atoms: Floats) -> Stepper:
    if not problem.noisy:
        raise InputError("problem for scheme imex in the plane: allowed is one with diffusion")
    return PlaneImexStepper(problem, grid, scheme.reconstruction, averages, atoms)


def _chang_cooper(scheme: Any, problem: Problem, averages: Floats, grid: Any, atoms: Floats) -> Stepper:
    if problem.equation is None or problem.boundary != "reflecting" or problem.source is not None:
        raise InputError("problem for scheme chang-cooper: allowed is one with reflecting ends, equation, no source")
    return ChangCooperStepper(problem.equation, grid, averages, scheme.time, scheme.quadrature, atoms=atoms.tolist())


def _chang_cooper_in_plane(
    scheme: Any, problem: PlaneProblem, averages: Floats, grid: Any, atoms: Floats
) -> Stepper:  # fmt: skip
    return _chain(scheme, problem, averages, grid, atoms, lambda: chang_cooper(problem, grid, scheme.quadrature))


def _well_balanced_in_plane(
    scheme: Any, problem: PlaneProblem, averages: Floats, grid: Any, atoms: Floats
) -> Stepper:  # fmt: skip
    rest = problem.rest
    if rest is None or not problem.steady or problem.constant is None:
        raise InputError(
            "problem for scheme well-balanced: allowed is one whose law at rest is known, steady, D constant (K = 1)"
        )
    return _chain(scheme, problem, averages, grid, atoms, lambda: well_balanced(problem, rest, grid))


def _chain(
    scheme: Any, problem: PlaneProblem, averages: Floats, grid: Any, atoms: Floats, rates: Callable[[], Any]
) -> Stepper:
    if problem.boundary != "reflecting" or not problem.noisy:
        raise InputError(f"problem for scheme {scheme.name}: allowed is one with diffusion and reflecting ends")
    return ChainStepper(
        rates(), grid, averages, atoms, scheme.time,
        steady=problem.steady, needs_mean=problem.needs_mean, diffusivity=problem.largest(grid),
    )  # fmt: skip


BUILDERS: dict[tuple[str, type], Callable[..., Stepper]] = {
    ("explicit", Problem): _explicit,
    ("explicit", PlaneProblem): _explicit_in_plane,
    ("imex", Problem): _imex,
    ("imex", PlaneProblem): _imex_in_plane,
    ("chang-cooper", Problem): _chang_cooper,
    ("chang-cooper", PlaneProblem): _chang_cooper_in_plane,
    ("well-balanced", PlaneProblem): _well_balanced_in_plane,
}
"""(name of the scheme, kind of problem): what builds the state of a run."""
