"""The mean-field and the Fokker-Planck equation on a grid: CWENO3 finite volumes, SSP Runge-Kutta, walls.

    density = kinetic.solve(case.model, kinetic.Grid(-7.0, 9.0, cells=1600), until=2.0)
    density.at(2.0)

Importing loads numpy and `particles.model`; compilation waits for the first run. The names are bound here and now, not
on first use: some functions have the name of their module, and whichever is imported later would hide the other.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

_spec = find_spec("particles")
_found = "nothing" if _spec is None else _spec.origin or [*(_spec.submodule_search_locations or ()), "nothing"][0]
if Path(_found).resolve() != Path(__file__).resolve().parents[1] / "particles" / "__init__.py":
    _told = f"{_found} hides simresnet's package particles: call `simresnet kinetic`, or go to another folder"
    if sys.argv[0] == "-m":  # started as a command, which tells bad input in one sentence
        print(f"kinetic: {_told}", file=sys.stderr)
        sys.exit(2)
    raise ImportError(_told)


import particles.base  # noqa: E402, F401  (first: a command line listens for signals before it loads more)
from kinetic.adjoint import Gradient, gradient  # noqa: E402
from kinetic.cautions import cautions  # noqa: E402
from kinetic.domain import domain, tail_masses  # noqa: E402
from kinetic.fit import fit  # noqa: E402
from kinetic.flux import LinearFlux, NonlinearFlux  # noqa: E402
from kinetic.grid import Grid  # noqa: E402
from kinetic.line.cweno import CWENO5, CWENO7  # noqa: E402
from kinetic.line.diffusion import Diffusivity  # noqa: E402
from kinetic.line.rates import FokkerPlanck, LocalDiffusivity  # noqa: E402
from kinetic.line.reconstruction import CWENO3, Linear  # noqa: E402
from kinetic.losses import Squares  # noqa: E402
from kinetic.moments import moments  # noqa: E402
from kinetic.moments.levels import time_to_level  # noqa: E402
from kinetic.plane.grid import Plane  # noqa: E402
from kinetic.plane.problem import PlaneProblem  # noqa: E402
from kinetic.plane.solution import PlaneSolution  # noqa: E402
from kinetic.problem import Problem  # noqa: E402
from kinetic.record import load  # noqa: E402
from kinetic.schemes import ChangCooper, Explicit, Imex, Scheme, WellBalanced  # noqa: E402
from kinetic.sensitivity import Tangent, tangent  # noqa: E402
from kinetic.solution import Solution  # noqa: E402
from kinetic.solve import evolve, solve  # noqa: E402
from kinetic.source import Source  # noqa: E402
from kinetic.steady import SteadyState, steady_state  # noqa: E402

__all__ = [
    "CWENO3",
    "CWENO5",
    "CWENO7",
    "ChangCooper",
    "Diffusivity",
    "Explicit",
    "FokkerPlanck",
    "Gradient",
    "Grid",
    "Imex",
    "Linear",
    "LinearFlux",
    "LocalDiffusivity",
    "NonlinearFlux",
    "Plane",
    "PlaneProblem",
    "PlaneSolution",
    "Problem",
    "Scheme",
    "Solution",
    "Source",
    "Squares",
    "SteadyState",
    "Tangent",
    "WellBalanced",
    "cautions",
    "domain",
    "evolve",
    "fit",
    "gradient",
    "load",
    "moments",
    "solve",
    "steady_state",
    "tail_masses",
    "tangent",
    "time_to_level",
]
