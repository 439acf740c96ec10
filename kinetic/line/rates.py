"""The Fokker-Planck equation on a grid as a Markov chain that jumps between neighbouring cells.

    d_t g = d_x [ (D' - sigma) g + D g_x ],   D = nu^2/2 K^2,   no flux at the ends      (arXiv 2001.04294, (20))

Flux of Chang and Cooper at the face x between the nodes (centres) x_j and x_{j+1}, in the form of Pareschi and Zanella
(J. Sci. Comput. 74, 2018):

    d/dt g_j = (F_{j+1/2} - F_{j-1/2})/h,   F = C [ (1 - delta) g_{j+1} + delta g_j ] + D(x) (g_{j+1} - g_j)/h,
    lam = int (D' - sigma)/D dx from x_j to x_{j+1},   C = D(x) lam/h,   delta = 1/lam - 1/(e^lam - 1).

With Bernoulli's function B(z) = z/(e^z - 1) = 1 - z delta(z), B(-z) = B(z) + z, this is

    F/h = l g_{j+1} - r g_j,   l = D(x) B(-lam)/h^2 >= 0,   r = D(x) B(lam)/h^2 >= 0,

with neither cancellation at lam = 0 nor overflow: mass jumps left at the rate l and right at the rate r. The chain
rests at g_{j+1}/g_j = e^(-lam), exact for an exact lam. Quadrature of lam, and the order of the state at rest:
"midpoint" 2, "milne" (open Newton-Cotes) 4, "gauss3" 6; transients are of order 2 with each. Between two nodes with a
zero of D the midpoint rule is taken, C = D' - sigma, and upwinding in the limit D(x) = 0 of an infinite lam.

Units: sigma length/time, D length^2/time, lam 1, rates 1/time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kinetic.grid import Grid
from particles import vmath
from particles.base.arrays import Floats, over_arrays
from particles.base.errors import InputError, NotFiniteError
from particles.base.jit import formula
from particles.model import Model

Quadrature = Literal["midpoint", "milne", "gauss3"]

_GAUSS = math.sqrt(0.15)
# points in units of h about the face, and weights; the middle point is always the face itself
_RULES: dict[Quadrature, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "midpoint": ((0.0,), (1.0,)),
    "milne": ((-0.25, 0.0, 0.25), (2.0 / 3.0, -1.0 / 3.0, 2.0 / 3.0)),
    "gauss3": ((-_GAUSS, 0.0, _GAUSS), (5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0)),
}
QUADRATURES = tuple(_RULES)

_ZERO_INSIDE = 20.0
"""K = x: D varies by a factor of 9 between the two nodes next to its zero, by 25 or more where lam would be wrong."""


@dataclass(frozen=True, eq=False)
class LocalDiffusivity:
    """D >= 0, length^2/time, as a function of x, arrays of any shape, with its derivative D'.

    Parameters
    ----------
    value, slope : callable (x) -> array

    Raises
    ------
    InputError
        If one of them is no function.

    Examples
    --------
    >>> import numpy as np
    >>> from kinetic import LocalDiffusivity
    >>> from particles.model import cases
    >>> local = LocalDiffusivity.of(cases["inverse-gamma"].model)  # nu^2 = 1/4, K = x: D = x^2/8
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> print(local.value(x), local.slope(x))
    [0.    0.125 0.5  ] [0.   0.25 0.5 ]
    >>> LocalDiffusivity(0.125, 0.25)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: value = 0.125 must be a function of x
    """

    value: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]

    def __post_init__(self) -> None:
        for name in ("value", "slope"):
            if not callable(getattr(self, name)):
                raise InputError(f"{name} = {getattr(self, name)!r:.60} must be a function of x")

    @classmethod
    def of(cls, model: Model) -> LocalDiffusivity:
        """nu^2/2 K^2 of a model."""
        noise, constants = model.diffusion, model.diffusion.constants

        def shape(x: Floats) -> Floats:
            return over_arrays(noise.value, x, constants=constants)

        return cls(
            value=lambda x: 0.5 * model.nu2 * shape(x) ** 2,
            slope=lambda x: model.nu2 * shape(x) * over_arrays(noise.derivative, x, constants=constants),
        )


@dataclass(frozen=True, eq=False)
class FokkerPlanck:
    """d_t g + d_x (sigma g) = d_xx (D g) as functions of x; arXiv 2001.04294, (22) for D = nu^2/2.

    Parameters
    ----------
    drift : callable (x, t, mean) -> ndarray of the shape of x
        sigma, length/time, at points x of any shape; `mean` = int x g dx, None unless `needs_mean`.
    diffusion, slope : callable (x) -> ndarray of the shape of x
        D >= 0, length^2/time, and D'. Where D vanishes, also inside the grid, the flux is upwinded.
    steady : bool, default False
        The drift depends on neither time nor mean.
    needs_mean : bool, default False

    See Also
    --------
    kinetic.Problem : Takes it for Chang and Cooper's scheme; `Problem.of` makes it of a model.

    Examples
    --------
    >>> import numpy as np
    >>> import kinetic
    >>> grid = kinetic.Grid(-6.0, 6.0, cells=120)
    >>> whole = kinetic.FokkerPlanck(lambda x, t, mean: -x, np.ones_like, np.zeros_like, steady=True)
    >>> flux = kinetic.LinearFlux(-grid.faces)
    >>> problem = kinetic.Problem(flux, "reflecting", kinetic.Diffusivity(1.0), equation=whole)
    >>> start = grid.averages_of(lambda x: np.exp(-2.0 * (x - 1.0) ** 2) * np.sqrt(2.0 / np.pi))
    >>> end = kinetic.evolve(problem, start, grid, kinetic.ChangCooper(), until=1.0)
    >>> end.at(1.0).mean.round(3)  # e^-1
    array([0.368])
    """

    drift: Callable[[Floats, float, Any], Floats]
    diffusion: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    steady: bool = False
    needs_mean: bool = False


def equation(model: Model) -> FokkerPlanck:
    """Return the equation of a model on the line, D = nu^2/2 K^2, or raise InputError if it is not one-dimensional."""
    _ = model.law
    noise = LocalDiffusivity.of(model)
    return FokkerPlanck(
        drift=model.speed,
        diffusion=noise.value,
        slope=noise.slope,
        steady=model.autonomous and not model.mean_coupled,
        needs_mean=model.mean_coupled,
    )


@formula
def _bernoulli(z: float, c: tuple[float, ...]) -> float:
    """z/(e^z - 1): 1 at 0, -z far below and 0 far above."""
    return 1.0 if z == 0.0 else (0.0 if z > 700.0 else z / vmath.expm1(z))


def jump_rates(lam: Floats, diffusion: Floats, h: float) -> tuple[Floats, Floats]:
    """Return l = D B(-lam)/h^2 and r = D B(lam)/h^2 for finite lam, arrays of one shape."""
    d = diffusion / h**2
    return d * over_arrays(_bernoulli, -lam), d * over_arrays(_bernoulli, lam)


class Faces:
    """lam and the rates l, r at the inner faces, from the equation's data at the points of the quadrature.

    `lines`: the drift is asked for at points of shape (points, 1, N - 1), and has a second axis, of many lines side by
    side; what is returned has it first.
    """

    def __init__(self, equation: FokkerPlanck, grid: Grid, quadrature: Quadrature, *, lines: bool = False) -> None:
        offsets, weights = (np.reshape(part, (-1, *((1,) * (2 if lines else 1)))) for part in _RULES[quadrature])
        inner = grid.faces[1:-1]
        self._equation, self._h = equation, grid.h
        self._points = inner + grid.h * offsets
        self._weights = weights
        self._middle = offsets.size // 2
        self._d = np.asarray(equation.diffusion(self._points), dtype=np.float64)
        self._slope = np.asarray(equation.slope(self._points), dtype=np.float64)
        centres = np.asarray(equation.diffusion(grid.centres), dtype=np.float64)
        if not (np.isfinite(self._d).all() and self._d.min() >= 0.0 and np.isfinite(self._slope).all()):
            bad = ~(np.isfinite(self._d) & (self._d >= 0.0) & np.isfinite(self._slope))
            x = float(self._points[bad][0])
            raise InputError(f"D or D' at x = {x:.6g} cannot be used: allowed are finite numbers, and D >= 0")
        beside = (part.reshape(1, *self._d.shape[1:]) for part in (centres[:-1], centres[1:]))
        around = np.concatenate([self._d, *beside])
        self._regular = around.min(axis=0) * _ZERO_INSIDE > around.max(axis=0)
        self.diffusion = self._d[self._middle]

    def drop(self, t: float, mean: Any) -> tuple[Floats, Floats]:
        """lam = log(g_j/g_{j+1}) at rest, inf across a zero of D, and D' - sigma, shape (N - 1,); or NotFiniteError."""
        drift = np.asarray(self._equation.drift(self._points, t, mean), dtype=np.float64)
        if not np.isfinite(drift).all():
            bad = float(np.broadcast_to(self._points, drift.shape)[~np.isfinite(drift)][0])
            raise NotFiniteError(f"the drift at x = {bad:.6g} is not finite at t = {t:.6g}")
        speed = self._slope - drift
        middle = speed[self._middle]
        safe = np.where(self._regular, self._d, 1.0)
        lam = np.where(self._regular, self._h * (self._weights * (speed / safe)).sum(axis=0), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            across = self._h * middle / self.diffusion
        across = np.where(np.isnan(across), 0.0, across)  # neither drift nor noise
        return np.where(self._regular, lam, across), middle

    def rates(self, t: float, mean: Any) -> tuple[Floats, Floats]:
        """Return l and r at all faces, shape (N + 1,), 1/time; 0 at both ends."""
        lam, speed = self.drop(t, mean)
        left, right = (np.zeros((*lam.shape[:-1], lam.shape[-1] + 2)) for _ in range(2))
        finite = np.isfinite(lam) & (self.diffusion > 0.0)
        to_left, to_right = jump_rates(np.where(finite, lam, 0.0), self.diffusion, self._h)
        left[..., 1:-1] = np.where(finite, to_left, np.maximum(speed, 0.0) / self._h)
        right[..., 1:-1] = np.where(finite, to_right, np.maximum(-speed, 0.0) / self._h)
        return left, right
