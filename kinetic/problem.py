"""The equation on a grid as a value: what a model becomes, and what a scheme sees of it.

    d_t u + d_x F(u) = d_xx (D u) + k S(u)
    d_t g + d_x (sigma(w(t) x + b(t)) g) = d_xx (D(x) g),   D = (nu^2/2) K(x)^2

The second is that of a model (arXiv 2001.04294, (4), (8) for nu = 0, (22) for K = 1; for K = x see E37 of
docs/errata.md). It enters as data: its drift at the faces and D at the centres. A bias b = -w m1 takes the mean m1 of
the solution itself, atoms included (Proposition 3). Walls are the ends of the grid; where there is none, or an infinite
one, the grid's end does its work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kinetic.flux import Boundary, Flux, LinearFlux
from kinetic.grid import Grid
from kinetic.limit import breaks, initial_law, reflects, times_within
from kinetic.line.diffusion import Diffusivity
from kinetic.line.rates import FokkerPlanck, equation
from kinetic.source import Source
from particles.base.checks import require_type
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

    Notes
    -----
    ::

        d_t u + d_x F(u) = d_xx (D u) + k S(u);   of a model, d_t g + d_x (sigma(w x + b) g) = d_xx (nu^2 K^2/2 g)

    (arXiv 2001.04294, (4), (8) for nu = 0, (22) for K = 1; for K = x see E37 of docs/errata.md).

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> grid = kinetic.Grid(2.0, 8.0, cells=60)
    >>> problem = kinetic.Problem.of(cases["vehicles"].model, grid)
    >>> problem.boundary, problem.noisy
    ('wall', False)
    >>> problem.flux.data(grid, 0.0, None)[[0, 30, 60]].round(6)  # tanh(x - 5) at faces
    array([-0.995055,  0.      ,  0.995055])
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
        require_type("model", model, Model, "a Model")
        require_type("grid", grid, Grid, "a Grid")
        initial_law(model, grid)
        whole, noisy, diffusivity = equation(model), model.nu2 > 0.0, None
        flux = LinearFlux(lambda t, mean: whole.drift(grid.faces, t, mean), whole.needs_mean)
        if whole.steady:
            flux = LinearFlux(whole.drift(grid.faces, 0.0, None))
        if noisy:
            values = whole.diffusion(grid.centres)
            constant = np.ptp(values) == 0.0
            diffusivity = Diffusivity(float(values[0])) if constant else Diffusivity(values, "conservative")
        reflecting = noisy or reflects(model)
        return cls(
            flux, "reflecting" if reflecting else "wall", diffusivity, equation=whole if noisy else None,
            breakpoints=partial(breaks, model), varying=model.varying,
        )  # fmt: skip

    @property
    def noisy(self) -> bool:
        """Whether there is diffusion."""
        return self.diffusivity is not None

    def breaks(self, start: float, until: float) -> list[float]:
        """Times in (start, until] that no step straddles."""
        return times_within(self.breakpoints, start, until)
