"""Losses at the horizon: a mean over particles of terms, each with its derivative by where the particle ends.

====================  ==========================================  ============================================
loss                  term of a particle at x                     its derivative
====================  ==========================================  ============================================
`Moment(y)`           abs(x - y)^2/2                              x - y
`Supervised(h)`       abs(x - h_i)^2/2, label h_i                 x - h_i
`CrossEntropy(h)`     -log P(h_i; x), see its module              P(k; x) - [k = h_i]
`Transport(law)`      (x - Q(p))^2/2                              x - Q(p)
`FirstTransport`      abs(x - Q(p))                               sign(x - Q(p))
`EnergyDistance`      2 E abs(x - Y) - 2 (2 p - 1) x - E abs(Y-Y')  4 (F(x) - p)
====================  ==========================================  ============================================

Q and F are quantile and distribution function of the target's law, Y and Y' independent draws of it, and p is the level
of the particle in its cloud, (rank + 1/2)/M: so `Transport` is W2^2/2 and `FirstTransport` W1 to the M middles of
equal cells of the target's probability, and `EnergyDistance` 2 E abs(X - Y) - E abs(X - X') - E abs(Y - Y') =
2 int (F_M - F)^2 dx with all pairs of particles counted (a V-statistic). L2 between densities has no value for a cloud,
nor for a target that is a point (E10 of docs/errata.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_type
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.base.quadrature import gauss
from particles.kernels.adjoint import given_slope, to_target
from particles.model import Law, Samples


class Loss(Protocol):
    """What is asked of a loss.

    Examples
    --------
    >>> from particles.training import Moment, Supervised, Transport
    >>> [loss.name for loss in (Moment, Supervised, Transport)]
    ['moment', 'supervised', 'w2']
    """

    name: ClassVar[str]
    ordered: ClassVar[bool] = False
    """Whether its terms ask for the levels of the particles in their cloud; on the line alone."""
    squared: ClassVar[bool] = False
    """Whether its terms are half the squares of x - `given`."""
    kinked: ClassVar[bool] = False
    """Whether its terms have kinks where their derivatives change sign."""
    start: ClassVar[Formula] = staticmethod(given_slope)
    """Formula (x, given) of the derivative at the end, where `given` is known before the run; else the derivative."""

    def given(self, dim: int, first: int, count: int) -> Floats | None:
        """What `start` takes for particles first, ..., first + count - 1, shape (dim, count); None if it is unknown.

        An array of its own in the order of C, which the sweep back turns into slopes in place.
        """

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """Terms, shape (m,), and derivatives, shape (d, m), of particles first, ... that end at x, shape (d, m)."""

    def of_some(self, which: NDArray[np.int64]) -> Loss:
        """The loss of some of the particles, in this order."""
        return self


@dataclass(frozen=True)
class Moment(Loss):
    """Half the mean squared distance from a target; W2^2/2 to the point.

    Parameters
    ----------
    target : float or sequence of float
        One number a feature; a number stands for equal ones.

    Raises
    ------
    InputError
        If it is not finite; by a run, if there are not as many as features.

    Notes
    -----
    ::

        E abs(x - y)^2/2

    Examples
    --------
    >>> import numpy as np
    >>> from particles.training import Moment
    >>> x, levels = np.array([[1.0, 2.0, 4.0]]), np.array([1.0, 3.0, 5.0]) / 6.0
    >>> terms, slopes = Moment(2.0).terms(x, levels, 0)
    >>> print(terms, slopes)
    [0.5 0.  2. ] [[-1.  0.  2.]]
    >>> Moment(float("nan"))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: target of 1 values hold nan 1 times, not finite: allowed are only finite ones
    """

    target: Any
    name = "moment"
    squared = True
    start = staticmethod(to_target)

    def __post_init__(self) -> None:
        as_floats(self.target, "target", ndim=(0, 1))

    def given(self, dim: int, first: int, count: int) -> Floats:
        """The target for every particle."""
        target = np.asarray(self.target, dtype=np.float64)
        if target.ndim and target.shape != (dim,):
            raise InputError(f"target = {self.target!r} must be a number or {dim} of them")
        return np.array(np.broadcast_to(target.reshape(-1, 1), (dim, count)), order="C")

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """Half the squared distance, and the difference."""
        return _half_square(x - self.given(len(x), first, x.shape[1]))


@dataclass(frozen=True)
class Supervised(Loss):
    """Half the mean squared distance from each particle's own label.

    Parameters
    ----------
    labels : array_like, shape (M,) or (d, M)

    Raises
    ------
    InputError
        By a run, if they are no finite numbers, or not one for every feature of every particle.

    Notes
    -----
    ::

        E abs(x - h)^2/2,   h a particle's own label

    Examples
    --------
    >>> import numpy as np
    >>> from particles.training import Supervised
    >>> x, levels = np.array([[0.5, 3.0]]), np.array([0.25, 0.75])
    >>> terms, slopes = Supervised([0.0, 1.0]).terms(x, levels, 0)
    >>> print(terms, slopes)
    [0.125 2.   ] [[0.5 2. ]]
    """

    labels: Any
    name = "supervised"
    squared = True
    start = staticmethod(to_target)

    @classmethod
    def of(cls, samples: Samples) -> Supervised:
        """That of the labels of given points, which must be numbers, or InputError."""
        try:
            return cls(np.array([float(label) for label in labels_of(samples, cls.name).tolist()]))
        except ValueError as error:
            raise InputError(f"loss = {cls.name!r}: labels must be numbers ({error})") from None

    @cached_property
    def _rows(self) -> Floats:
        return np.atleast_2d(as_floats(self.labels, "labels", ndim=(1, 2)))

    def of_some(self, which: NDArray[np.int64]) -> Supervised:
        """That of their labels."""
        return Supervised(self._rows[:, which])

    def given(self, dim: int, first: int, count: int) -> Floats:
        """The labels of these particles."""
        if len(self._rows) != dim or self._rows.shape[1] < first + count:
            raise InputError(f"labels of shape {self._rows.shape} must be {dim} rows, a number for every particle")
        return np.array(self._rows[:, first : first + count], order="C")

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """Half the squared distance, and the difference."""
        return _half_square(x - self.given(len(x), first, x.shape[1]))


@dataclass(frozen=True)
class ToLaw(Loss):
    """Distances on the line between the cloud and a target's law.

    Parameters
    ----------
    law : Law
        With a mean; for `Transport` a variance too.
    """

    law: Law
    ordered = True

    def __post_init__(self) -> None:
        require_type("law", self.law, Law, "a Law")

    def given(self, dim: int, first: int, count: int) -> None:
        """Not known before the particles have their order."""
        if dim != 1:
            raise InputError(f"loss = {self.name!r} with {dim} features: allowed is 1")


class Transport(ToLaw):
    """W2^2/2 to a law.

    Parameters
    ----------
    law : Law
        Of the target, on the line, with a mean and a variance.

    Raises
    ------
    InputError
        If `law` is no Law.

    Notes
    -----
    ::

        W2^2/2 = E (x - Q(p))^2/2,   p the level of the particle in its cloud

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Uniform
    >>> from particles.training import Transport
    >>> loss, levels = Transport(Uniform(0.0, 1.0)), np.array([0.25, 0.75])
    >>> terms, slopes = loss.terms(np.array([[0.5, 0.75]]), levels, 0)
    >>> print(terms, slopes)
    [0.03125 0.     ] [[0.25 0.  ]]
    """

    name = "w2"

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """Half the squared distance from the quantile of a particle's level, and the difference."""
        return _half_square(x - self.law.quantile(levels))


class FirstTransport(ToLaw):
    """W1 to a law.

    Parameters
    ----------
    law : Law
        Of the target, on the line, with a mean.

    Raises
    ------
    InputError
        If `law` is no Law.

    Notes
    -----
    ::

        W1 = E abs(x - Q(p)),   p the level of the particle in its cloud

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Uniform
    >>> from particles.training import FirstTransport
    >>> loss, levels = FirstTransport(Uniform(0.0, 1.0)), np.array([0.25, 0.75])
    >>> terms, slopes = loss.terms(np.array([[0.5, 0.75]]), levels, 0)
    >>> print(terms, slopes)
    [0.25 0.  ] [[1. 0.]]
    """

    name = "w1"
    kinked = True

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """The distance from the quantile of a particle's level, and its sign."""
        off = x - self.law.quantile(levels)
        return np.abs(off[0]), np.sign(off)


class EnergyDistance(ToLaw):
    """The energy distance to a law.

    Parameters
    ----------
    law : Law
        Of the target, on the line, with a mean.

    Raises
    ------
    InputError
        If `law` is no Law.

    Notes
    -----
    ::

        2 E abs(X - Y) - E abs(X - X') - E abs(Y - Y') = 2 int (F_M - F)^2 dx

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Uniform
    >>> from particles.training import EnergyDistance
    >>> loss, levels = EnergyDistance(Uniform(0.0, 1.0)), np.array([0.25, 0.75])
    >>> terms, slopes = loss.terms(np.array([[0.25, 0.75]]), levels, 0)
    >>> print(terms.mean().round(6), slopes)  # 1/24: nowhere nearer with two points
    0.041667 [[0. 0.]]
    """

    name = "energy"
    kinked = True

    def terms(self, x: Floats, levels: Floats, first: int) -> tuple[Floats, Floats]:
        """See the table of the module."""
        away, between = mean_distances(self.law, x[0])
        return 2.0 * (away - (2.0 * levels - 1.0) * x[0]) - between, 4.0 * (self.law.cdf(x) - levels)


def mean_distances(law: Law, x: Floats) -> tuple[Floats, float]:
    """E abs(x - Y) for every x, and E abs(Y - Y'), for draws Y, Y' of a law.

    The first has the derivative 2 F - 1: it is integrated over the law's panels, and from the begin of a panel to a
    point in it, by eight Gauss nodes; so it does not hang on the other points. E abs(Y - Y') = 2 int F (1 - F) dx.
    """
    knots = law.breakpoints()
    base = float(knots[0])
    start = float(law.mean) - base - 2.0 * float(law.raw_moments(1, -np.inf, base, about=base)[1])

    def growth(begin: Floats, end: Floats) -> Floats:
        half, total = 0.5 * (end - begin), np.zeros_like(end)
        for node, weight in zip(*gauss(8), strict=True):
            total += weight * (2.0 * law.cdf(0.5 * (begin + end) + half * node) - 1.0)
        return np.asarray(half * total)

    at_knots = start + np.concatenate([[0.0], np.cumsum(growth(knots[:-1], knots[1:]))])
    panel = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, knots.size - 1)
    between = 2.0 * law.integrate_cdf(lambda p: p * (1.0 - p))
    return at_knots[panel] + growth(knots[panel], x), between


def labels_of(samples: Samples, loss: str) -> NDArray[Any]:
    """The labels of given points; InputError where there are none."""
    if samples.labels is None:
        raise InputError(f"loss = {loss!r}: the points given have no labels")
    return np.asarray(samples.labels)


def _half_square(off: Floats) -> tuple[Floats, Floats]:
    return 0.5 * np.asarray((off * off).sum(axis=0)), off
