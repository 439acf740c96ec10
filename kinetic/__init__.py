"""The mean-field and the Fokker-Planck equation on a grid: CWENO3 finite volumes, SSP Runge-Kutta, walls.

    density = kinetic.solve(case.model, kinetic.Grid(-7.0, 9.0, cells=1600), until=2.0)
    density.at(2.0)

Importing loads numpy and `particles.model`; compilation waits for the first run. The names are bound here and now, not
on first use: some functions have the name of their module, and whichever is imported later would hide the other.
"""

from kinetic.chang_cooper import StructurePreserving
from kinetic.diffusion import Diffusivity
from kinetic.domain import domain, tail_masses
from kinetic.fit import fit
from kinetic.flux import LinearFlux, NonlinearFlux
from kinetic.forecast import forecast
from kinetic.grid import Grid
from kinetic.limit import fokker_planck, mean_field
from kinetic.moments import moments
from kinetic.moments.levels import time_to_level
from kinetic.reconstruction import CWENO3, Linear
from kinetic.solution import Solution, load
from kinetic.solve import evolve, solve
from kinetic.source import Source
from kinetic.steady import SteadyState, steady_state

__all__ = [
    "CWENO3",
    "Diffusivity",
    "Grid",
    "Linear",
    "LinearFlux",
    "NonlinearFlux",
    "Solution",
    "Source",
    "SteadyState",
    "StructurePreserving",
    "domain",
    "evolve",
    "fit",
    "fokker_planck",
    "forecast",
    "load",
    "mean_field",
    "moments",
    "solve",
    "steady_state",
    "tail_masses",
    "time_to_level",
]
