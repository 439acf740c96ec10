"""Closed moment hierarchies z' = A(w(t), b(t)) z, A triangular and z_0 constant (arXiv 2001.04294, (10), (11), (16)).

z = (m_0, ..., m_K), noise K = 1    m_k' = k (w m_k + b m_(k-1)) + (nu^2/2) k (k-1) m_(k-2)
z = (m_0, ..., m_K), noise K = x    m_k' = k (w + (k-1) nu^2/2) m_k + k b m_(k-1)
z = (1, m1, m1^2, V)                V' = 2 w V + nu^2 E K^2,   E K^2 = 1 or V + m1^2
z = (1, Phi_1)                      Phi_1' = w                                       before Proposition 2

Matrix exponentials where the parameters are piecewise constant, an adaptive Runge-Kutta method of order 8 (tolerance
1e-12) where one is a callable of t. A mean-coupled bias is -w m1(0): the identity conserves m1 (Proposition 3).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError, NotFiniteError
from particles.model import Model
from particles.model.exact.expm import affine_flow

Generator = Callable[[float, float], Floats]


@dataclass(frozen=True, eq=False)
class LinearMoments:
    """A hierarchy with its start, shape (n,); the model, d = N = 1, gives w(t) and b(t).

    `generator` takes (w, b) to A, shape (n, n), whose first row is zero.
    """

    model: Model
    generator: Generator
    start: Floats

    @staticmethod
    def raw(model: Model, order: int, low: float = -math.inf, high: float = math.inf) -> LinearMoments:
        """(m_0, ..., m_K) of what starts in the open interval (low, high)."""
        return LinearMoments(model, _raw_generator(model, order), model.law.raw_moments(order, low, high))

    @staticmethod
    def spread(model: Model) -> LinearMoments:
        """(1, m1, m1^2, V): V by an equation of its own, so that no digits are lost as V -> 0."""
        law = model.law
        m1 = float(law.raw_moments(2)[1])  # refuses an infinite variance
        return LinearMoments(model, _spread_generator(model), np.array([1.0, m1, m1 * m1, law.variance]))

    @staticmethod
    def variance(model: Model) -> LinearMoments:
        """(1, V), where the noise does not depend on x: nothing of the size of the mean enters."""
        if model.diffusion.power == 1 and model.nu2 > 0.0:
            return LinearMoments.spread(model)
        model.law.raw_moments(2)  # refuses an infinite variance
        start = np.array([1.0, model.law.variance])
        return LinearMoments(model, lambda w, b: np.array([[0.0, 0.0], [model.nu2, 2.0 * w]]), start)

    @staticmethod
    def spread_of(model: Model, mean: float, variance: float, about: float) -> LinearMoments:
        """(1, m1, m1^2, V) of y = x - about, y' = w y + (b + w about), for a part of the mass with this mean of y."""
        generator = _spread_generator(model)
        start = np.array([1.0, mean, mean * mean, variance])
        return LinearMoments(model, lambda w, b: generator(w, b + w * about), start)

    @staticmethod
    def weight_integral(model: Model) -> LinearMoments:
        """(1, Phi_1), Phi_1(t) = int_0^t w ds."""
        return LinearMoments(model, lambda w, b: np.array([[0.0, 0.0], [w, 0.0]]), np.array([1.0, 0.0]))

    def at(self, times: ArrayLike) -> Floats:
        """Return z at times >= 0, shape (T, n), or InputError; NotFiniteError beyond the largest number."""
        return self._along(times, rate=False)

    def rate(self, times: ArrayLike) -> Floats:
        """Return z' at the times, shape (T, n), its limit from the right at a jump of a parameter; errors as `at`.

        Between jumps y = z' obeys y' = A y: with piecewise constant parameters its sign is right however close z is to
        its limit. What cancels to rounding is zero.
        """
        return self._along(times, rate=True)

    def matrix(self, t: float) -> Floats:
        """A(t), just after a jump."""
        weights = self.model.weights(t)
        mean = self._mean if self.model.mean_coupled else None
        return self.generator(float(weights[0, 0, 0]), float(self.model.biases(t, weights, mean)[0, 0]))

    @cached_property
    def _mean(self) -> Floats:
        return self.model.law.raw_moments(1)[1:]

    def _along(self, times: ArrayLike, *, rate: bool) -> Floats:
        wanted = np.atleast_1d(as_floats(times, "times", ndim=(0, 1)))
        if not np.all(wanted >= 0.0):
            raise InputError(f"times = {wanted.tolist()!r} must be finite numbers of at least 0 in one row")
        out = np.empty((wanted.size, self.start.size))
        step = self._exponential if self.model.piecewise_constant else self._runge_kutta
        nodes = [0.0, *(t for t in self.model.breakpoints if t <= wanted.max(initial=0.0)), math.inf]
        state = self.start
        for begin, end in itertools.pairwise(nodes):
            here, last = (wanted >= begin) & (wanted < end), end == math.inf
            stop = max(begin, float(wanted.max(initial=0.0))) if last else end
            out[here] = step(state, begin, wanted[here], stop, rate=rate)
            if not last:
                state = step(state, begin, np.array([stop]), stop, rate=False)[0]
        if not np.all(np.isfinite(out)):
            t = wanted[np.argmin(np.isfinite(out).all(axis=1))]
            raise NotFiniteError(f"a moment at t = {t:g} is beyond the largest number")
        return out

    def _exponential(self, state: Floats, begin: float, times: Floats, stop: float, *, rate: bool) -> Floats:
        """Along constant parameters from `begin`; `stop` is of no concern."""
        a = self.matrix(begin)
        if rate:
            state = without_rounding(a @ state, np.abs(a) @ np.abs(state), 1e-14)
        rows = np.tile(state, (times.size, 1))
        if state.size > 1:
            with np.errstate(over="ignore", invalid="ignore"):  # told by `_along`
                flows, shifts = affine_flow(a[1:, 1:], a[1:, 0], times - begin)
                for row, flow, shift in zip(rows, flows, shifts, strict=True):  # one row's bits whatever the others are
                    row[1:] = flow @ state[1:] + shift * state[0]
        return rows

    def _runge_kutta(self, state: Floats, begin: float, times: Floats, stop: float, *, rate: bool) -> Floats:
        values = np.tile(state, (times.size, 1))
        if stop > begin:
            values = np.asarray(self._flow(state, begin, stop)(np.append(times, stop)).T[:-1])  # never asked for none
        if not rate:
            return values
        matrices = [self.matrix(float(t)) for t in times]
        pairs = zip(matrices, values, strict=True)
        return np.array([without_rounding(a @ z, np.abs(a) @ np.abs(z), 1e-10) for a, z in pairs])

    def _flow(self, state: Floats, begin: float, end: float) -> Callable[[Floats], Floats]:
        """The solution from `begin` to `end` at least, kept for the next call: a search asks many times."""
        from scipy.integrate import solve_ivp

        if begin not in self._flows or self._flows[begin][0] < end:
            # the last stage of a step must not see the parameters after the next jump
            last = end * (1.0 - 4e-12) if end in self.model.breakpoints else end
            solved = solve_ivp(
                lambda t, z: self.matrix(min(t, last)) @ z, (begin, end), state, method="DOP853", dense_output=True,
                first_step=1e-4 * (end - begin), rtol=1e-12, atol=1e-290,
            )  # fmt: skip
            if not solved.success:
                raise NotFiniteError(f"the moment equations stop before t = {end:g}: {solved.message}")
            self._flows[begin] = (end, solved.sol)
        return self._flows[begin][1]

    @cached_property
    def _flows(self) -> dict[float, tuple[float, Callable[[Floats], Floats]]]:
        return {}


def without_rounding(value: Floats, terms: Floats, share: float) -> Floats:
    """Return the sum `value` of terms whose absolute sum is `terms`, zero where it is at most that share of them."""
    return np.where(np.abs(value) <= share * terms, 0.0, value)


def _raw_generator(model: Model, order: int) -> Generator:
    half, linear = 0.5 * model.nu2, model.diffusion.power == 1

    def generator(w: float, b: float) -> Floats:
        a = np.zeros((order + 1, order + 1))
        for k in range(1, order + 1):
            a[k, k], a[k, k - 1] = k * w, k * b
            if k > 1:
                a[k, k if linear else k - 2] += k * (k - 1) * half
        return a

    return generator


def _spread_generator(model: Model) -> Generator:
    noise = np.zeros((4, 4))
    noise[3, [2, 3] if model.diffusion.power == 1 else [0]] = model.nu2

    def generator(w: float, b: float) -> Floats:
        rows = [[0.0, 0.0, 0.0, 0.0], [b, w, 0.0, 0.0], [0.0, 2.0 * b, 2.0 * w, 0.0], [0.0, 0.0, 0.0, 2.0 * w]]
        return np.asarray(noise + np.array(rows))

    return generator
