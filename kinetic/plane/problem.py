"""The equation of a model with two features on a rectangle.

    d_t g + d_x(a_1 g) + d_y(a_2 g) = (nu^2/2) (d_xx(K(x)^2 g) + d_yy(K(y)^2 g))
    a_k = sigma((w x)_k/d + b_k),   d = 2

(arXiv 2001.04294, (4), with the factor 1/d: E29 of docs/errata.md.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kinetic.flux import Boundary
from kinetic.limit import breaks, reflects, require_walls_at_ends, times_within
from kinetic.line.rates import LocalDiffusivity
from kinetic.plane.field import Field
from kinetic.plane.grid import Plane, portable
from kinetic.plane.rest import Rest, rest_of
from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_one_of, require_type
from particles.base.errors import InputError
from particles.model import CONSTANT, Model


@dataclass(frozen=True, eq=False)
class PlaneProblem:
    """Advection by a field, and diffusion, on a rectangle.

    Parameters
    ----------
    field : callable (x, y, t, mean) -> (a_1, a_2)
        Speeds, length/time, arrays that broadcast with x and y; `mean`, shape (2,), is None unless it is needed.
    boundary : "periodic", "wall" or "reflecting"
        "wall": what flows out of the rectangle sticks to its edge, moves along it and sticks in its corners; nothing
        comes back. "reflecting": nothing passes.
    diffusivity : float >= 0 or LocalDiffusivity, default 0
        D = (nu^2/2) K^2, length^2/time, of each coordinate in its direction; with one the boundary is "periodic" or
        "reflecting".
    steady, needs_mean : bool
        The field depends on neither time nor mean; it wants the mean of the solution.
    breakpoints : callable (until) -> sequence of float, or such a sequence, default ()
        Times at which the field jumps; no step straddles one.
    varying : bool, default False
        The field is a function of time between its jumps too.
    rest : Rest, optional
        The law at rest, where it is known: what the scheme `WellBalanced` rests at.
    portable : bool, default False
        The field, and the start of a model, are the same bits on any CPU: what the record promises of its bytes.

    Raises
    ------
    InputError
        If `field` is no function, `diffusivity` is below 0, or `boundary` none that goes with it.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> side = kinetic.Grid(-7.0, 9.0, cells=40)
    >>> problem = kinetic.PlaneProblem.of(cases["regression-2d"].model, kinetic.Plane(side, side))
    >>> problem.boundary, problem.noisy, problem.steady
    ('wall', False, True)
    >>> problem.field(1.0, 0.0, 0.0, None)  # of tanh(w x/2 + b), at rest at (1, 0)
    (array(0.), array(0.))
    """

    field: Field
    boundary: Boundary
    diffusivity: float | LocalDiffusivity = 0.0
    steady: bool = True
    needs_mean: bool = False
    breakpoints: Sequence[float] | Callable[[float], Sequence[float]] = ()
    varying: bool = False
    rest: Rest | None = None
    portable: bool = False

    def __post_init__(self) -> None:
        if not callable(self.field):
            raise InputError(f"field = {self.field!r:.60} must be a function (x, y, t, mean)")
        if not isinstance(self.diffusivity, LocalDiffusivity):
            require_at_least("diffusivity", self.diffusivity)
        require_one_of("boundary", self.boundary, ("periodic", "wall", "reflecting"))
        if self.noisy and self.boundary == "wall":
            raise InputError("boundary = 'wall' with diffusion: allowed are periodic, reflecting")

    @property
    def noisy(self) -> bool:
        """Whether there is diffusion."""
        return isinstance(self.diffusivity, LocalDiffusivity) or self.diffusivity > 0.0

    @property
    def constant(self) -> float | None:
        """D where it is one number."""
        return None if isinstance(self.diffusivity, LocalDiffusivity) else self.diffusivity

    @property
    def local(self) -> LocalDiffusivity:
        """D as a function."""
        if isinstance(self.diffusivity, LocalDiffusivity):
            return self.diffusivity
        constant = self.diffusivity
        return LocalDiffusivity(lambda x: np.full_like(x, constant), np.zeros_like)

    def largest(self, plane: Plane) -> float:
        """The largest D at the centres of a plane."""
        if (constant := self.constant) is not None:
            return constant
        return max(float(np.max(self.local.value(grid.centres))) for grid in (plane.x, plane.y))

    def breaks(self, start: float, until: float) -> list[float]:
        """Times in (start, until] that no step straddles."""
        return times_within(self.breakpoints, start, until)

    @classmethod
    def of(cls, model: Model, plane: Plane) -> PlaneProblem:
        """Return the mean-field equation of a model of two features, with noise its Fokker-Planck equation.

        Raises
        ------
        InputError
            If the model has not two features and one neuron, or its walls are not the ends of the plane, or sticky
            where there is noise.
        """
        require_type("model", model, Model, "a Model")
        require_type("grid", plane, Plane, "a Plane")
        require_two_features(model)
        require_walls_at_ends(model, plane.x, plane.y)
        return cls(
            partial(speeds, model), "reflecting" if model.nu2 > 0.0 or reflects(model) else "wall",
            0.5 * model.nu2 if model.nu2 == 0.0 or model.diffusion == CONSTANT else LocalDiffusivity.of(model),
            steady=model.autonomous and not model.mean_coupled, needs_mean=model.mean_coupled,
            breakpoints=partial(breaks, model), varying=model.varying, rest=rest_of(model),
            portable=model.reproducible and portable(model.initial),
        )  # fmt: skip


def require_two_features(model: Model) -> None:
    """Refuse a model whose equation is not one of the plane: other than two features and one neuron."""
    if model.dim != 2 or model.neurons != 1:
        raise InputError(f"a model of dimension {model.size} on a plane: allowed are two features and one neuron")


def speeds(model: Model, x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    """a_1 and a_2 of a model at points that broadcast, by its formulas: the same bits for any CPU."""
    weights = model.weights(t)
    w, b, places = weights[0], model.biases(t, weights, mean)[0], np.broadcast_arrays(x, y)
    first, second = (model.drift((w[k, 0] * x + w[k, 1] * y) + b[k], places[k]) for k in (0, 1))
    return first, second
