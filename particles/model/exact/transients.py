"""Exact laws at a time t: the push-forward of the start by the flow, g(t) = X_t # g0.

On the line the flow is monotone, so F_t(x) = F_0(X_t^(-1)(x)) and F_t^(-1) = X_t o F_0^(-1): no equation is solved.
Piecewise constant weights and biases compose. A mean-coupled identity conserves m1, hence its bias is the constant
-w m1(0) (Proposition 3 of arXiv 2001.04294). Between sticky walls what has left the interval sits at its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles.base.arrays import Floats
from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.base.jit import Formula, kernel
from particles.model.drifts.drift import Drift
from particles.model.laws.law import Law
from particles.model.laws.panels import follow
from particles.model.rule import Model


@kernel
def _flow_loop(flow: Formula) -> Formula:
    def loop(x: Floats, step: tuple[float, ...], c: tuple[float, ...], out: Floats) -> None:
        w, b, t, p, q = step
        for i in range(x.size):
            out[i] = flow(x[i], w, b, t, p, q, c)

    return loop


def flow_map(drift: Drift, x: ArrayLike, w: float, b: float, t: float) -> Floats:
    """Exact flow of the drift over the time t (backwards for t < 0) from points x; constant w, b on the line.

    Parameters
    ----------
    drift : Drift
    x : array_like, any shape
    w, b, t : float
        Weight, bias and time, constant in between.

    Raises
    ------
    InputError
        If the drift has no exact flow for this bias.

    Notes
    -----
    With u = w x + b: identity, u(t) = e^(w t) u(0); ReLU the same where u > 0, at rest elsewhere; tanh, sinh u(t) =
    e^(w t) sinh u(0); sigmoid, u - e^(-u) grows by w t; `cubic` and `power_law` for b = 0 alone.

    Examples
    --------
    >>> from particles.model import TANH, cubic, flow_map
    >>> end = flow_map(TANH, [0.0, 1.0, 3.0], w=-1.0, b=1.0, t=2.0)
    >>> print(end.round(6), flow_map(TANH, end, w=-1.0, b=1.0, t=-2.0).round(6) + 0.0)
    [0.841617 1.       1.473006] [0. 1. 3.]
    >>> flow_map(cubic(gamma=1.0), [0.0], w=1.0, b=1.0, t=1.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: drift 'cubic' has an exact flow for bias 0 only, not 1.0: use Euler(layers=...)
    """
    points = np.asarray(x, dtype=np.float64, order="C")
    out = np.empty_like(points)
    _flow_loop(drift.flow)(points.reshape(-1), drift.step(w, b, t), drift.constants, out.reshape(-1))
    return out


def _way_back(drift: Drift, x: Floats, w: float, b: float, duration: float) -> Floats:
    """Where particles at x came from.

    A linear flow that expands by e^9 and more is undone by x_0 = e^(-wt) (x + b/w) - b/w: x + u (e^(-wt) - 1)/w, which
    is exact for small steps, keeps no digit of x_0 beyond e^36.
    """
    back = flow_map(drift, x, w, b, -duration)
    if not (drift.linear or drift.rectified) or w * duration < 9.0:
        return back
    rest = b / w
    moves = np.ones(x.shape, dtype=np.bool_) if drift.linear else w * x + b > 0.0
    return np.where(moves, np.exp(-w * duration) * (x + rest) - rest, back)


def segments(model: Model, stops: Sequence[float]) -> list[float]:
    """Times 0 = s_0 < s_1 < ... that hold every stop and every jump of a parameter before the last stop."""
    inner = {t for t in model.breakpoints if t < max(stops)}
    return sorted({0.0, *inner, *stops})


@dataclass(frozen=True, eq=False)
class PushForward(Law):
    """Exact law at `time` of a model on the line with piecewise constant parameters.

    Parameters
    ----------
    model : Model
        One feature, one neuron, a drift with an exact flow.
    time : float >= 0

    Raises
    ------
    InputError
        If no exact flow is known for the model.

    See Also
    --------
    flow_map : The map itself.

    Notes
    -----
    g(t, x) = g0(x0)/X_t'(x0) and F(t, X_t(x0)) = F0(x0), with the flow map x = X_t(x0) of `flow_map`, piece by piece:
    the solution of (4) of arXiv 2001.04294 on the line.

    Examples
    --------
    >>> from particles.model import PushForward, cases
    >>> law = PushForward(cases["regression"].model, 2.0)
    >>> print(f"{law.mean:.6f} {law.std:.8f} {law.cdf(1.0):.6f}")
    1.000000 0.21995668 0.500000
    >>> PushForward(cases["fokker-planck"].model, 2.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: nu2 = 2.0: the law of a noisy model is no push-forward
    """

    model: Model
    time: float

    def __post_init__(self) -> None:
        require_at_least("time", self.time)
        if self.model.size != 1 or not self.model.piecewise_constant:
            raise InputError("an exact law needs one feature, one neuron and piecewise constant weight and bias")
        if self.model.nu2 > 0.0:
            raise InputError(f"nu2 = {self.model.nu2!r}: the law of a noisy model is no push-forward")
        if self.model.walls is not None and self.model.wall != "sticky":
            raise InputError(f"wall = {self.model.wall!r}: a push-forward knows sticky walls only")
        _ = self._steps  # a drift without a flow is refused here

    @cached_property
    def _steps(self) -> list[tuple[float, float, float]]:
        """(w, b, duration) of every segment, in order of time."""
        if self.time == 0.0:
            return []
        mean = np.array([self.model.start_law.mean]) if self.model.mean_coupled else None
        times = np.array(segments(self.model, [self.time]))
        weights = self.model.weights(times[:-1])
        biases = self.model.biases(times[:-1], weights, mean)
        rows = list(zip(weights[:, 0, 0].tolist(), biases[:, 0].tolist(), np.diff(times).tolist(), strict=True))
        for w, b, duration in rows:
            self.model.drift.step(w, b, duration)
        return rows

    def forward(self, x: ArrayLike) -> Floats:
        """Where particles from x are now; what reaches a wall stays there."""
        low, high = self.model.ends
        x = np.asarray(x, dtype=np.float64)
        for w, b, duration in self._steps:
            moved = np.clip(flow_map(self.model.drift, x, w, b, duration), low, high)
            x = np.where((x <= low) | (x >= high), x, moved)
        return x

    def jacobian(self, x: ArrayLike) -> Floats:
        """X_t'(x) = f(X)/f(x) over every segment, and 0 where a wall was reached; exp((w f_u + f_x) t) at rest."""
        low, high = self.model.ends
        x = np.asarray(x, dtype=np.float64)
        jacobian = np.ones(x.shape)
        for w, b, duration in self._steps:
            moved = flow_map(self.model.drift, x, w, b, duration)
            inside = (x > low) & (x < high) & (moved > low) & (moved < high)
            jacobian = np.where(inside, jacobian * self._stretch(x, moved, w, b, duration), 0.0)
            x = np.where((x <= low) | (x >= high), x, np.clip(moved, low, high))
        return jacobian

    def _backward(self, x: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
        """Where particles at x inside the walls came from, and where none can have: the way back meets a wall.

        There the mass to the left is that of the start to the left of the wall, what sticks to a low wall included.
        """
        low, high = self.model.ends
        x = np.asarray(x, dtype=np.float64)
        empty = np.zeros(x.shape, dtype=np.bool_)
        for w, b, duration in reversed(self._steps):
            back = _way_back(self.model.drift, x, w, b, duration)
            empty |= (back <= low) | (back >= high) | np.isnan(back)
            x = np.clip(back, low, np.nextafter(high, low))
        return x, empty

    def cdf(self, x: ArrayLike) -> Floats:
        x = np.asarray(x, dtype=np.float64)
        low, high = self.model.ends
        inside = self.model.start_law.cdf(self._backward(x)[0])
        # a way back that ends in a blow-up: x lies beyond the image of the line
        inside = np.where(np.isnan(inside), np.where(x < self._centre, 0.0, 1.0), inside)
        return np.where(x < low, 0.0, np.where(x >= high, 1.0, inside))

    def pdf(self, x: ArrayLike) -> Floats:
        """g0(x0)/X_t'(x0); for an autonomous step X' = f(X)/f(x0), and exp((w f_u + f_x) t) at a rest point."""
        y = np.asarray(x, dtype=np.float64)
        low, high = self.model.ends
        x0, empty = self._backward(y)
        empty |= (y < low) | (y > high)
        jacobian = np.ones(y.shape)
        for w, b, duration in reversed(self._steps):
            before = _way_back(self.model.drift, y, w, b, duration)
            jacobian = jacobian * self._stretch(before, y, w, b, duration)
            y = before
        return np.where(empty, 0.0, self.model.start_law.pdf(x0) / jacobian)

    def _stretch(self, x0: Floats, x1: Floats, w: float, b: float, duration: float) -> Floats:
        drift = self.model.drift
        before, after = drift(w * x0 + b, x0), drift(w * x1 + b, x1)
        rate = w * drift.derivative_u(w * x1 + b, x1) + drift.derivative_x(w * x1 + b, x1)
        resting = np.maximum(np.abs(after), np.abs(before)) < 1e-4  # the exponent is off by the square of it
        return np.where(resting, np.exp(rate * duration), after) / np.where(resting, 1.0, before)

    def quantile(self, p: ArrayLike) -> Floats:
        return self.forward(self.model.start_law.quantile(p))

    def sample(self, u: ArrayLike) -> Floats:
        return self.forward(self.model.start_law.sample(u))

    @cached_property
    def _panels(self) -> Floats:
        known = [self.forward(self.model.start_law.breakpoints()), self._fronts(), self.kinks()]
        return follow(self.cdf, np.concatenate(known))

    def kinks(self) -> Floats:
        """Where the points at which the drift is not smooth are at the end: the density jumps there."""
        kinks, known = np.empty(0), np.array(self.model.drift.kinks)
        if known.size:
            low, high = self.model.ends
            for w, b, duration in self._steps:
                kinks = np.append(kinks, (known - b) / w if w != 0.0 else [])
                kinks = flow_map(self.model.drift, kinks, w, b, duration)
            kinks = kinks[(kinks > low) & (kinks < high)]
        return kinks

    def rough(self) -> Floats:
        """Those of the base class, and fronts: where the image of a wall or of what is rough at the start is now."""
        found = [super().rough(), self._fronts(), self.forward(self.model.start_law.rough())]
        return np.unique(np.concatenate(found))

    def _fronts(self) -> Floats:
        """Where a way back meets a wall at the start of a segment: the density jumps there."""
        fronts = np.empty(0)
        if self.model.walls is not None:
            low, high = self.model.walls
            for w, b, duration in self._steps:
                fronts = flow_map(self.model.drift, np.append(fronts, [low, high]), w, b, duration)
            fronts = fronts[(fronts > low) & (fronts < high)]
        return fronts

    @cached_property
    def _centre(self) -> float:
        return float(self.quantile(np.array(0.5)))

    @property
    def source(self) -> tuple[Law, Callable[[Floats], Floats]]:
        return self.model.law, self._plainly

    def _plainly(self, x: Floats) -> Floats:
        """`forward` by the formula in plain Python, so that nothing is compiled."""
        low, high = self.model.ends
        drift, x = self.model.drift, np.clip(x, low, high)
        assert drift.flow is not None  # seen when this was made
        for segment in self._steps:
            step = drift.step(*segment)
            moved = np.array([drift.flow(point, *step, drift.constants) for point in x.tolist()])
            x = np.where((x <= low) | (x >= high), x, np.clip(moved, low, high))
        return x
