"""What everybody may ask a probability law on the line, with defaults that work from F, its density and its quantiles.

A cloud starts from uniform numbers alone: x = sample(u), so that a law knows no generator. Laws marked `reproducible`
draw the same bytes on any CPU target.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.quadrature import integrate
from particles.model.laws import law_moments, tails
from particles.model.laws.panels import follow


class Law(ABC):
    """A probability law on the line. Arrays go in, arrays of the same shape come out.

    A law must state `cdf`, `pdf` and `quantile`. Everything else follows from them, and is stated where a law knows
    better; `moment` alone gives mean and raw moments too. One with P(X > x) without cancellation states `sf`, `isf` and
    ``sf_rounds_until = -inf``; `far_points` and `power_tail` follow.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Law
    >>> class Triangle(Law):  # density 2 x on [0, 1]
    ...     def cdf(self, x):
    ...         return np.clip(x, 0.0, 1.0) ** 2
    ...     def pdf(self, x):
    ...         return np.where((x >= 0.0) & (x <= 1.0), 2.0 * np.asarray(x), 0.0)
    ...     def quantile(self, p):
    ...         return np.sqrt(p)
    >>> print(f"{Triangle().mean:.6f} {Triangle().variance:.6f}")  # 2/3 and 1/18
    0.666667 0.055556
    """

    reproducible = False
    accuracy: float = 0.0
    """W1 by which a computed law may be off the one that is meant, in units of x; 0 for a closed form."""
    costly: bool = False
    """Whether each value of F is a quadrature of its own."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Floats:
        """Distribution function P(X <= x)."""

    @abstractmethod
    def pdf(self, x: ArrayLike) -> Floats:
        """Density with respect to dx; atoms do not show in it."""

    @abstractmethod
    def quantile(self, p: ArrayLike) -> Floats:
        """Smallest x with cdf(x) >= p, 0 < p < 1."""

    def sf(self, x: ArrayLike) -> Floats:
        """Survival function P(X > x)."""
        return np.asarray(1.0 - self.cdf(x))

    def isf(self, s: ArrayLike) -> Floats:
        """Point x with sf(x) = s, 0 < s < 1."""
        return self.quantile(1.0 - np.asarray(s, dtype=np.float64))

    @property
    def sf_rounds_until(self) -> float:
        """From there on `sf` holds P(X > x) with its relative digits, however small; inf where it is 1 - F."""
        return math.inf

    @property
    def tail(self) -> float:
        """Exponent mu of P(X > x) ~ x^(-mu); inf for a lighter tail."""
        return math.inf

    def far_points(self, levels: Floats) -> Floats:
        """Points where P(X > x) of what has such a tail falls to these levels, 0 < level < 1."""
        return self.isf(levels) if self.sf_rounds_until == -math.inf else np.empty(0)

    def power_tail(self, end: float) -> float:
        """int P(X > x) dx from `end` on, where it is a power; 0 for a lighter tail."""
        if self.tail == math.inf:
            return 0.0
        return end * float(self.sf(end)) / (self.tail - 1.0) if self.tail > 1.0 else math.inf

    def portable_cdf(self, x: Floats) -> Floats | None:
        """F at points, the same bits on any CPU; None where no formula for it is written so."""
        return None

    def sample(self, u: ArrayLike) -> Floats:
        """Draws of the law from independent numbers u uniform in (0, 1)."""
        return self.quantile(u)

    def moment(self, k: float) -> float:
        """E X^k, k = 0, 1, 2, ...; inf where it is infinite, or beyond the largest number."""
        if k not in range(100):
            raise InputError(f"k = {k!r} must be an integer in [0, 100)")
        with law_moments.beyond_is_infinite():
            found = float(self._raw_moments(int(k), -math.inf, math.inf, 0.0)[-1])
        if math.isnan(found):
            raise InputError(f"moment of order {int(k)} of {self!r:.200} is a difference of two beyond all numbers")
        return found

    @property
    def _states_moments(self) -> bool:
        return type(self).moment is not Law.moment

    @property
    def mean(self) -> float:
        """First moment."""
        return self.moment(1) if self._states_moments else self._mean_and_variance[0]

    @property
    def variance(self) -> float:
        """Centred second moment."""
        return self._mean_and_variance[1]

    @cached_property
    def _mean_and_variance(self) -> tuple[float, float]:
        return law_moments.mean_and_variance(self)

    @property
    def std(self) -> float:
        """Standard deviation."""
        return math.sqrt(self.variance)

    def raw_moments(self, order: int, low: float = -math.inf, high: float = math.inf, *, about: float = 0.0) -> Floats:
        """Moments M_k = int_(low, high) (x - about)^k dF(x), k = 0, ..., order, shape (order + 1,).

        Parameters
        ----------
        order : int >= 0
        low, high : float, default the whole line
            Ends of the open interval.
        about : float, default 0
            At the law's mean nothing cancels in a variance.

        Raises
        ------
        InputError
            If a moment is infinite or beyond the largest number, or the law is no closed form and quadrature does not
            hold its mass or its tails.
        """
        with law_moments.beyond_is_infinite():
            found = self._raw_moments(order, low, high, about)
        if not np.all(np.isfinite(found)):
            raise InputError(f"moment of order {int(np.argmin(np.isfinite(found)))} of {self!r:.200} is infinite")
        return found

    def _raw_moments(self, order: int, low: float, high: float, c: float) -> Floats:
        """`raw_moments` about c, inf where they are."""
        if self._states_moments and (low, high) == (-math.inf, math.inf):
            if c == 0.0:
                return np.array([self.moment(k) for k in range(order + 1)])
            if order <= 2:
                off = self.mean - c
                return np.array([1.0, off, self.variance + off * off])[: order + 1]
        return law_moments.by_quadrature(self, order, low, high, c)

    def kinks(self) -> Floats:
        """Increasing points at which F or its density is known to jump."""
        return np.empty(0)

    def atoms(self) -> tuple[Floats, Floats]:
        """Points that hold a mass of their own, and these masses."""
        points = self.breakpoints()
        masses = self.cdf(points) - self.cdf(np.nextafter(points, -np.inf))
        held = masses > 1e-12
        return points[held], masses[held]

    def rough(self) -> Floats:
        """Increasing points at which F or its density jumps: kinks, atoms, and what else a law knows of."""
        return np.union1d(self.kinks(), self.atoms()[0])

    @property
    def reach(self) -> float:
        """The density is smooth so far on both sides of the mean, and all but 1e-32 of the mass lies there; or inf."""
        return math.inf

    @property
    def source(self) -> tuple[Law, Callable[[Floats], Floats]]:
        """A law that a uniform grid resolves, and the increasing map that carries it to this one."""
        return self, np.asarray

    def by_parts(self, carry: Callable[[Law], Law]) -> Law:
        """The law that a linear map of laws makes of this one: a mixture is carried part by part."""
        return carry(self)

    def smoothed(self, factor: float, shift: float, v: float) -> Law:
        """Law of factor X + shift + N(0, v), factor >= 0, v > 0: what the linear equation makes of X with K = 1.

        Raises
        ------
        InputError
            If it has no closed form.
        """
        raise InputError(f"a start of type {type(self).__name__} has no closed form with noise of shape K = 1")

    def grown(self, shift: float, v: float) -> Law:
        """Law of X exp(shift + N(0, v)), v > 0: what the linear equation makes of X > 0 with K = x; errors as above."""
        raise InputError(f"a start of type {type(self).__name__} has no closed form with K = x")

    def breakpoints(self) -> Floats:
        """Increasing points between which the cdf is smooth and its tails are cut at 1e-17: panels for quadrature.

        They are quantiles, and what `panels.follow` adds to them. A law that knows its own scales, kinks and jumps
        overrides this.
        """
        return self._panels

    @cached_property
    def _panels(self) -> Floats:
        tails = 10.0 ** -np.arange(3.0, 17.5, 0.5)
        levels = np.concatenate([tails, np.linspace(0.0, 1.0, 200)[1:-1]])
        lower, upper = self.quantile(np.sort(levels)), self.quantile(1.0 - tails[tails > 1e-16])
        return follow(self.cdf, np.concatenate([lower, upper, self.kinks()]))

    def integrate_cdf(self, function: Callable[[Floats], Floats], kinks: ArrayLike = ()) -> float:
        """Integral of function(F(x)) dx over the line by Gauss quadrature on `breakpoints`.

        The function of p = F(x) must vanish at p = 0 and p = 1; `kinks` are levels p in (0, 1) where it is not smooth.

        Raises
        ------
        InputError
            If the tail is so heavy that the mean is infinite.
        """
        if self.sf_rounds_until < math.inf:
            return tails.integrate_cdf(self, function, kinks)
        levels = np.asarray(kinks, dtype=np.float64)
        levels = levels[(levels > 0.0) & (levels < 1.0)]
        edges = np.unique(np.concatenate([self.breakpoints(), self.quantile(levels)]))
        if edges.size < 2:
            return 0.0
        return integrate(lambda x: function(np.clip(self.cdf(x), 0.0, 1.0)), edges)

    def w1_constant(self) -> float:
        """Sampling constant lim sqrt(M) E W1(F_M, F) = sqrt(2/pi) int sqrt(F (1 - F)) dx (Bobkov and Ledoux).

        Raises
        ------
        InputError
            If it is infinite: for a tail exponent of 2 or less.
        """
        if self.sf_rounds_until < math.inf:
            return tails.w1_constant(self)
        return math.sqrt(2.0 / math.pi) * self.integrate_cdf(lambda p: np.sqrt(p * (1.0 - p)))
