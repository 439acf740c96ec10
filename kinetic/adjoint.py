"""The adjoint of the equation on the line, and derivatives of a loss Phi[g(T)] by it (arXiv 2001.04294, 3.4 mended).

    lambda_t + f lambda_x + D lambda_xx = 0,   lambda(T) = phi = dPhi/dg,   D = nu^2 K^2/2   (docs/errata.md, E8)

is solved backwards for its slope p = lambda_x, which on the line obeys a conservation law: in tau = T - t

    p_tau + ((D' - f) p)_x = (D p)_xx,   p(T) = phi'.

So it takes the schemes of the equation itself. Where sticky walls hold what reaches them p = 0, and nothing but 0 ever
flows in at an end: what lies beyond an end has no mass to weigh it. The derivatives are integrals over x (E9),

    dPhi/dw(t) = s int p f_u x dg,   dPhi/db(t) = int p f_u dg,   s = 1 or 1/d,
    dPhi/dnu2 = int int K^2 p_x dg dt/2,   dPhi/dT = int (f p + D p_x) dg at T,
    dPhi/dm0 = int p dg at 0,   dPhi/dsd0 = int p (x - m0)/sd0 dg at 0,

those by constants integrals over t as well: six Gauss nodes a panel of time, at which g and p are stored.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kinetic.flux import LinearFlux
from kinetic.grid import Grid
from kinetic.limit import breaks, initial_law, reflects
from kinetic.line.cweno import require_three_cells
from kinetic.line.rates import equation
from kinetic.line.smooth import values_and_slopes
from kinetic.losses import loss_of
from kinetic.problem import Problem
from kinetic.schemes import Explicit, Imex
from kinetic.solution import Solution
from kinetic.solve import evolve, solve
from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_positive, require_type
from particles.base.datasets import Axes
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.base.quadrature import gauss, panel_points
from particles.base.shown import Shown
from particles.model import Model

_NODES = 6  # Gauss nodes a panel of time
_PANEL = 2.0  # of a panel's length times the fastest rate of the model
_PANELS = 64  # at most between two jumps of the parameters
_ROWS = 4  # of g and of p, and copies of each, that are held at once
_INSIDE = 1e-11  # of a time by which a piece is entered: beyond what `Piecewise` takes for its edge


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gradient(Shown):
    """A loss of the equation's solution with its derivatives.

    Parameters
    ----------
    loss : float
    times : ndarray, shape (Q,)
        Gauss nodes in time, and those asked for.
    lengths : ndarray, shape (Q,)
        Their weights, which sum up to the horizon.
    weights, biases : ndarray, shape (Q,)
        Functional derivatives by w(t), the factor of the model's scaling in them, and by b(t), at the times.
    edges : ndarray, shape (P + 1,)
        Times between which the parameters do not jump, from 0 to the horizon.
    nu2, horizon, mean, std : float
        By the noise's variance (0 without noise), the horizon, mean and standard deviation of the start; the last is
        NaN where the start has no width, or an infinite one.
    slopes : ndarray, shape (Q + 2, N)
        Cell averages of p at 0, the times and the horizon.
    solution : Solution
        g at the same.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import Normal, cases
    >>> loss, grid = kinetic.Squares(Normal(2.0, 0.49)), kinetic.Grid(-7.0, 9.0, cells=200)
    >>> found = kinetic.gradient(cases["regression"].model, grid, loss=loss, until=1.0)
    >>> found.times.shape, found.slopes.shape, found.solution.averages.shape
    ((6,), (8, 200), (8, 200))
    >>> print(f"{found.weight:.4f} {found.weights @ found.lengths:.4f}")  # int over t
    -0.4410 -0.4410
    """

    loss: float
    times: Floats
    lengths: Floats
    weights: Floats
    biases: Floats
    edges: Floats
    nu2: float
    horizon: float
    mean: float
    std: float
    slopes: Floats
    solution: Solution

    _axes: ClassVar[Axes] = {
        "times": ("time",), "lengths": ("time",), "weights": ("time",), "biases": ("time",), "edges": ("edge",),
        "slopes": ("level", "cell"),
    }  # fmt: skip

    @property
    def weight(self) -> float:
        """By a constant weight."""
        return float(self.weights @ self.lengths)

    @property
    def bias(self) -> float:
        """By a constant bias."""
        return float(self.biases @ self.lengths)

    def pieces(self) -> tuple[Floats, Floats]:
        """By the weight and the bias of every piece between two edges, each of shape (P,)."""
        piece = np.searchsorted(self.edges, self.times) - 1
        return tuple(  # type: ignore[return-value]
            np.bincount(piece, by * self.lengths, self.edges.size - 1) for by in (self.weights, self.biases)
        )

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        told = {"loss": self.loss, "weight": self.weight, "bias": self.bias, "nu2": self.nu2, "mean": self.mean}
        rows = {"times": self.times.tolist(), "by_weight": self.weights.tolist(), "by_bias": self.biases.tolist()}
        return told | {"std": self.std if math.isfinite(self.std) else None, "horizon": self.horizon} | rows


def gradient(
    model: Model,
    grid: Grid,
    scheme: Explicit | Imex | None = None,
    *,
    loss: Any,
    until: float,
    times: Sequence[float] = (),
) -> Gradient:
    """Differentiate a loss of the solution of the mean-field equation, with noise of the Fokker-Planck equation.

    The equation forwards, its adjoint backwards: third order in the cells by `Explicit` and `Imex`. For constants
    without noise `tangent` gives the derivatives of what was computed, to rounding.

    Parameters
    ----------
    model : Model
        d = N = 1, no mean-coupled bias; weight and bias may vary in time. Sticky walls, if any, at the ends of the
        grid: where p jumps, from what they hold to the rest, the order is 1.
    grid : Grid
    scheme : Explicit or Imex, default Explicit()
        Of both sweeps.
    loss : Squares, or a loss of particles.training
    until : float > 0
    times : sequence of float in (0, until), default ()
        Further times at which the functional derivatives are told, of length 0; at a jump of the parameters those
        just after it.

    Raises
    ------
    InputError
        If the model or the loss is another, or as `kinetic.solve`.

    See Also
    --------
    tangent : To rounding, for constants without noise.
    particles.training.gradient : By particles.

    Notes
    -----
    ::

        lambda_t + f lambda_x + D lambda_xx = 0,   lambda(T) = dPhi/dg,   p = lambda_x,   D = nu^2 K^2/2,
        dPhi/dw(t) = s int p f_u x dg,   dPhi/db(t) = int p f_u dg,   s = 1 or 1/d,

    3.4 of arXiv 2001.04294 with the sign and the integrals that it leaves out (E8 and E9 of docs/errata.md).

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import Model, Normal, TANH
    >>> model = Model(drift=TANH, weight=-0.8, bias=0.9, initial=Normal(1.0, 1.0))
    >>> grid, loss = kinetic.Grid(-7.0, 9.0, cells=400), kinetic.Squares(Normal(2.0, 0.49))
    >>> found = kinetic.gradient(model, grid, loss=loss, until=1.0)
    >>> print(f"{found.weight:.4f} {found.bias:.4f}")  # exact: -0.45996352, -0.21853918
    -0.4599 -0.2185
    """
    scheme, loss = Explicit() if scheme is None else scheme, loss_of(loss)
    require_positive("until", until)
    require_type("grid", grid, Grid, "a Grid")
    require_type("scheme", scheme, (Explicit, Imex), "an Explicit or an Imex")
    require_three_cells(scheme.reconstruction, "the adjoint equation")
    law = initial_law(model, grid)
    if model.mean_coupled or reflects(model):
        what = "a mean-coupled bias" if model.mean_coupled else "reflecting walls"
        raise InputError(f"the adjoint equation with {what}: allowed are a bias of its own, and sticky walls or none")
    edges = np.unique([0.0, *(t for t in breaks(model, until) if t < until), until])
    nodes, lengths = _nodes(model, grid, edges, as_floats(times, "times"))
    require_memory(f"derivatives at {nodes.size} times", 8.0 * _ROWS * nodes.size * grid.cells)
    solution = solve(model, grid, scheme, until=until, times=[0.0, *nodes.tolist()])
    end = solution.at(until)
    slopes = _backwards(model, grid, scheme, loss.slopes(end, grid), edges, nodes)
    rows = [_integrals(model, grid, solution.at(t), p, t) for t, p in zip(solution.times, slopes, strict=True)]
    first, last, inner = rows[0], rows[-1], np.array(rows[1:-1])
    spread = float(law.std) if 0.0 < law.std < math.inf else math.nan
    return Gradient(
        loss=loss.value(end), times=nodes, lengths=lengths, weights=inner[:, 0], biases=inner[:, 1], edges=edges,
        nu2=float(inner[:, 2] @ lengths), horizon=last[3], mean=first[4],
        std=(first[5] - law.mean * first[4]) / spread, slopes=slopes, solution=solution,
    )  # fmt: skip


def _nodes(model: Model, grid: Grid, edges: Floats, more: Floats) -> tuple[Floats, Floats]:
    """Gauss nodes in time and their weights: panels between jumps, as long as the model changes little; more times."""
    if more.size and not 0.0 < more.min() <= more.max() < edges[-1]:
        raise InputError(f"times = {more.tolist()!r:.60} must lie between 0 and {edges[-1]:g}")
    cuts = [edges[:1]]
    for a, b in itertools.pairwise(edges):
        w, u, x = _inputs(model, grid.faces, 0.5 * (a + b))
        rate = np.abs(w * model.drift.derivative_u(u, x)) + np.abs(model.drift.derivative_x(u, x))
        count = min(max(1, math.ceil((b - a) * float(rate.max()) / _PANEL)), _PANELS)
        cuts.append(np.linspace(a, b, count + 1)[1:])
    points, weights, half = panel_points(np.concatenate(cuts), _NODES)
    nodes, inverse = np.unique(np.concatenate([points.T.reshape(-1), more]), return_inverse=True)
    lengths = np.concatenate([(weights * half).T.reshape(-1), np.zeros(more.size)])
    return nodes, np.asarray(np.bincount(inverse, lengths), dtype=np.float64)


def _inputs(model: Model, x: Floats, t: float) -> tuple[float, Floats, Floats]:
    weights = model.weights(t)
    w = float(weights[0, 0, 0])
    return w, w * x + float(model.biases(t, weights)[0, 0]), x


def _backwards(model: Model, grid: Grid, scheme: Explicit | Imex, last: Floats, edges: Floats, times: Floats) -> Floats:
    """Cell averages of p at 0, the times and the end, a row each; a sweep between two jumps of the parameters."""
    rows, p = [last], last
    for a, b in zip(edges[-2::-1], edges[:0:-1], strict=True):
        inside = times[(times > a) & (times < b)]
        found = evolve(
            _problem(model, grid, a, b), p, grid, scheme, until=b - a, times=(b - inside[::-1]).tolist()
        )  # fmt: skip
        rows += list(found.averages if a == 0.0 or a in times else found.averages[:-1])
        p = found.averages[-1]
    return np.array(rows[::-1])


def _problem(model: Model, grid: Grid, a: float, b: float) -> Problem:
    """The equation of p in tau = b - t, for times t in (a, b) without a jump of the parameters."""
    whole, forwards = equation(model), Problem.of(model, grid)
    shift = whole.slope(grid.faces) if forwards.noisy else 0.0

    def speeds(tau: float, mean: float | None) -> Floats:
        t = min(max(b - tau, a + _INSIDE * b), b - _INSIDE * b)
        return np.asarray(shift - whole.drift(grid.faces, t, None))

    flux = LinearFlux(speeds(0.0, None) if whole.steady else speeds)
    return Problem(flux, forwards.boundary, forwards.diffusivity, varying=model.varying)


def _integrals(model: Model, grid: Grid, g: Any, p: Floats, t: float) -> tuple[float, ...]:
    """Integrals over g's density of s p f_u x, p f_u, K^2 p_x/2, f p + D p_x, p, p x: Gauss quadrature in cells."""
    nodes, weights = gauss(3)
    s = 0.5 * nodes[:, None]
    x, (p0, p1, p2) = grid.centres + s * grid.h, g.polynomials
    masses = 0.5 * grid.h * weights[:, None] * (p0 + s * (p1 + s * p2))
    values, slopes = values_and_slopes(p, s, grid.h)
    _, u, _ = _inputs(model, x, t)
    by_u = masses * values * model.drift.derivative_u(u, x)
    unit = equation(model).diffusion(x) / model.nu2 if model.nu2 > 0.0 else np.zeros_like(x)
    spread = masses * slopes * unit
    moved = masses * values * model.drift(u, x) + model.nu2 * spread
    scale = 1.0 / model.size if model.is_scaled else 1.0
    found = (scale * by_u * x, by_u, spread, moved, masses * values, masses * values * x)
    return tuple(float(part.sum()) for part in found)
