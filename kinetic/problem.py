"""The equation on a grid as a value: what a model becomes, and what a scheme sees of it.

d_t u + d_x F(u) = d_xx (D u) + k S(u)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from kinetic.diffusion import Diffusivity
from kinetic.flux import Boundary, Flux
from kinetic.grid import Grid
from kinetic.jumps import FokkerPlanck, equation
from kinetic.limit import breaks, diffusivity, mean_field
from kinetic.source import Source
from particles.model import Model


@dataclass(frozen=True, eq=False)
class Problem:
    """A scalar conservation law with diffusion and a source, if they are given.

    Parameters
    ----------
    flux : LinearFlux or NonlinearFlux
    boundary : "periodic", "wall", "outflow" or "reflecting"
        See `kinetic.flux`; with diffusion the first or the last.
    diffusivity : Diffusivity, optional
    source : Source, optional
    equation : FokkerPlanck, optional
        The same flux and diffusivity as functions of x, which Chang and Cooper's scheme integrates.
    breakpoints : sequence of float, or callable (until) -> such a sequence, default ()
        Times at which the flux jumps; no step straddles one.
    varying : bool, default False
        The flux is a function of time between its jumps too: steps look ahead, and nothing comes to rest.
    """

    flux: Flux
    boundary: Boundary
    diffusivity: Diffusivity | None = None
    source: Source | None = None
    equation: FokkerPlanck | None = None
    breakpoints: Sequence[float] | Callable[[float], Sequence[float]] = ()
    varying: bool = False

    @classmethod
    def of(cls, model: Model, grid: Grid) -> Problem:
        """Return the mean-field equation of a model on the line, with noise its Fokker-Planck equation.

        Without noise what flows out of the grid stays at its ends ("wall"), unless the model's walls reflect; with
        noise the ends reflect, which is zero flux for the density.

        Raises
        ------
        InputError
            If the model is not one-dimensional, its walls are not the ends of the grid, or sticky where there is noise.
        """
        flux, noisy = mean_field(model, grid), model.nu2 > 0.0
        reflecting = noisy or (model.walls is not None and model.wall == "reflecting")
        return cls(
            flux, "reflecting" if reflecting else "wall", diffusivity(model, grid),
            equation=equation(model) if noisy else None, breakpoints=partial(breaks, model), varying=model.varying,
        )  # fmt: skip

    def breaks(self, start: float, until: float) -> list[float]:
        """Times in (start, until] that no step straddles."""
        found = self.breakpoints(until) if callable(self.breakpoints) else self.breakpoints
        return [float(t) for t in found if start < t <= until]
