"""The law of a coupled drift without noise, along its characteristics X' = f(w X/d + b, X):

    g(t, x) = g_0(X_(-t) x) exp(-int_0^t div f ds),   div f = sum_k (w_kk/d f_u + f_x)(u_k, x_k),

by the classical Runge-Kutta scheme. Steps are halved until two runs agree to the tolerance that the law states, point
by point: in position relative to 1 + abs(x), and in the logarithm of the density.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_positive
from particles.base.errors import InputError
from particles.base.ode import runge_kutta_4
from particles.base.quadrature import panel_points
from particles.model.exact.transients import segments
from particles.model.laws.combined import Product
from particles.model.laws.space import SpaceLaw, points_of
from particles.model.rule import Model

_FIRST, _HALVINGS = 16, 10  # steps of the first run between two jumps, and how often they are halved
_CHUNK = 2**16  # points carried at a time
_PANELS, _NODES = 16, 8  # of the quadrature over the start, a component
_MASS = 1e-10  # that it may miss


@dataclass(frozen=True, eq=False)
class Transported(SpaceLaw):
    """Law at `time` of a model in R^d without noise and walls, by characteristics.

    Parameters
    ----------
    model : Model
        d >= 2, one neuron, a drift without kinks; a bias that does not follow the mean.
    time : float >= 0
    tolerance : float > 0, default 1e-10
        Error of a position relative to 1 + abs(x), and of the logarithm of the density.

    Raises
    ------
    InputError
        If the model is another. Asked for points whose characteristics need more than 2^14 steps, the methods do.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Transported, cases, exact_law
    >>> model = cases["regression-2d"].model
    >>> law, x = Transported(model, 1.0), np.array([[0.5], [0.2]])
    >>> print(law.pdf(x).round(8), exact_law(model, 1.0).pdf(x).round(8))  # the closed form
    [0.27859882] [0.27859882]
    """

    model: Model
    time: float
    tolerance: float = 1e-10

    def __post_init__(self) -> None:
        model = self.model
        require_at_least("time", self.time)
        require_positive("tolerance", self.tolerance, low=1e-13, high=1e-2)
        if model.size == 1 or model.neurons != 1 or not isinstance(model.initial, SpaceLaw):
            raise InputError("a law along characteristics needs two features or more, and one neuron of each")
        if model.nu2 > 0.0 or model.walls is not None or model.mean_coupled or model.drift.kinks:
            raise InputError(
                "a law along characteristics needs a smooth drift, no noise, no walls and a bias that follows no mean"
            )

    @property
    def dim(self) -> int:
        return self.model.size

    @property
    def accuracy(self) -> float:  # type: ignore[override]
        """W1 by which a cloud of `sample` may be off, in units of 1 + abs(x): the tolerance."""
        return self.tolerance

    @property
    def _start(self) -> SpaceLaw:
        assert isinstance(self.model.initial, SpaceLaw)  # seen when this was made
        return self.model.initial

    def forward(self, x: ArrayLike) -> Floats:
        """Where particles that start at x, shape (d, ...), are now."""
        return self._carried(points_of(x, self.dim), 1)[:-1]

    def backward(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """Where particles that are at x now started, and int div f ds on the way: the density is g_0 exp(-int)."""
        carried = self._carried(points_of(x, self.dim), -1)
        return carried[:-1], -carried[-1]

    def pdf(self, x: ArrayLike) -> Floats:
        origin, spread = self.backward(x)
        return self._start.pdf(origin) * np.exp(-spread)

    def sample(self, u: ArrayLike) -> Floats:
        return self.forward(self._start.sample(u))

    def _carried(self, x: Floats, sign: int) -> Floats:
        """Points and int div f ds along their ways, forwards or (sign -1) back; rows of x and one more."""
        flat = np.vstack([x.reshape(len(x), -1), np.zeros((1, x[0].size))])
        for start in range(0, flat.shape[1], _CHUNK):
            flat[:, start : start + _CHUNK] = self._refined(flat[:, start : start + _CHUNK], sign)
        return flat.reshape(len(x) + 1, *x.shape[1:])

    def _refined(self, state: Floats, sign: int) -> Floats:
        steps = _FIRST
        before = self._run(state, sign, steps)
        for _ in range(_HALVINGS):
            steps *= 2
            now = self._run(state, sign, steps)
            scale = np.ones_like(now)
            scale[:-1] += np.abs(now[:-1])
            if (np.abs(now - before) <= 15.0 * self.tolerance * scale).all():  # the error falls 16 times a halving
                return now
            before = now
        raise InputError(
            f"characteristics up to t = {self.time:g} are not known to {self.tolerance:g} after {steps} steps: allowed"
            " are smooth weights and biases, and points whose ways stay in range"
        )

    def _run(self, state: Floats, sign: int, steps: int) -> Floats:
        pieces = list(itertools.pairwise(segments(self.model, [self.time]))) if self.time > 0.0 else []
        for left, right in pieces[::sign]:
            rate = self._rate(left, right)
            begin, dt = (left if sign > 0 else right), sign * (right - left) / steps
            with np.errstate(over="ignore", invalid="ignore"):
                for k in range(steps):
                    state = runge_kutta_4(rate, state, begin + k * dt, dt)
        return state

    def _rate(self, left: float, right: float) -> Callable[[Floats, float], Floats]:
        """Speed and divergence between two jumps, by the parameters that hold there."""
        model, last = self.model, right * (1.0 - 4e-12)  # a time just before a jump counts as the jump

        def rate(state: Floats, t: float) -> Floats:
            weights = model.weights(min(max(t, left), last))
            w, b = weights[0], model.biases(min(max(t, left), last), weights)[0]
            x, out = state[:-1], np.zeros_like(state)
            for k in range(self.dim):
                u = sum(w[k, j] * x[j] for j in range(self.dim)) + b[k]
                out[k] = model.drift(u, x[k])
                out[-1] += w[k, k] * model.drift.derivative_u(u, x[k])
                if model.drift.lipschitz_x != 0.0:
                    out[-1] += model.drift.derivative_x(u, x[k])
            return out

        return rate

    @cached_property
    def _moments(self) -> tuple[Floats, Floats]:
        x, masses = self._points
        y = self.forward(x)
        mean = (masses * y).sum(axis=1)
        off = y - mean[:, None]
        return mean, (masses * off) @ off.T

    @property
    def _points(self) -> tuple[Floats, Floats]:
        """Points of the start, shape (d, n), and their masses, by Gauss quadrature in each component."""
        start = self._start
        if not isinstance(start, Product) or self.dim > 3:
            raise InputError("moments of a law along characteristics need a product law of at most 3 components")
        rows = []
        for law in start.components:
            low, high = law.quantile(np.array([1e-14, 1.0 - 1e-14])).tolist()
            edges = np.concatenate([np.linspace(low, high, _PANELS + 1), np.clip(law.kinks(), low, high)])
            edges = np.unique(edges)
            y, weights, half = panel_points(edges, _NODES)
            rows.append((y.reshape(-1), (weights * half * law.pdf(y)).reshape(-1)))
        masses = np.prod(np.meshgrid(*(row[1] for row in rows), indexing="ij"), axis=0).reshape(-1)
        if abs(masses.sum() - 1.0) > _MASS:
            raise InputError(f"the start {start!r:.80} has no density that quadrature holds")
        return np.stack(np.meshgrid(*(row[0] for row in rows), indexing="ij")).reshape(self.dim, -1), masses

    @property
    def mean(self) -> Floats:
        return self._moments[0].copy()

    @property
    def covariance(self) -> Floats:
        return self._moments[1].copy()
