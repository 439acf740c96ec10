"""Kinds of layers, of x' = w x + b - gamma x^3 over a step dt, in scaled parameters: W = dt w, B = dt b, g = dt gamma.

===========  =====  =====================================================================================
kind         order  layer
===========  =====  =====================================================================================
`EULER`      1      x + W x + B - g x^3                                                (Ruseckas, (109))
`SPLIT`      1      h(x + W x + B), h(u) = u/sqrt(1 + 2 g u^2), the exact flow of x' = -gamma x^3
`STRANG`     2      half of h, the exact flow of x' = w x + b, half of h
`MULTISTEP`  1      (1 - k) x + k x_old + (1 + k) (W x + B - g x^3), k of every layer but the first learnt
===========  =====  =====================================================================================

(111) as it is printed, without the factor 1 + k, is no scheme for (56): errata R2. h is bounded by 1/sqrt(2 g), so what
it ends cannot explode; the cubic of `EULER` turns at abs(x) = 1/sqrt(3 g), and beyond sqrt((2 + W)/g) it explodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.jit import Formula
from particles.base.shims import fma, sqrt
from particles.kernels.dense_layers import one_step, two_step_backward, two_step_forward
from particles.model.exact.expm import affine_flow


class Rows(NamedTuple):
    """Scaled parameters of L layers, or derivatives by them: (L, n, n), (L, n), a number, and what else a kind has."""

    weights: Floats
    biases: Floats
    gamma: float
    rates: Floats


class Kind(Protocol):
    """What is asked of a kind of layers."""

    @property
    def name(self) -> str:
        """As in the table above."""

    @property
    def order(self) -> int:
        """In dt, towards the differential equation."""

    @property
    def bounded(self) -> bool:
        """Whether no activation can leave all bounds: a cubic can."""

    def rates(self, layers: int) -> int:
        """Parameters of its own that so many layers have besides weights, biases and gamma."""

    def maps(self, rows: Rows) -> Floats:
        """The affine maps, shape (L, n, n + 1), that `carry` and `retrace` take."""

    def carry(self, x: Floats, maps: Floats, rows: Rows) -> None:
        """Fill the states x[1:] of all layers, shape (L + 1, n, m), from x[0]."""

    def retrace(self, x: Floats, slopes: Floats, maps: Floats, rows: Rows) -> Rows:
        """Take dl/dx of the end, shape (n, m), to the begin, in place; the sums over samples of the derivatives."""


def _before(x: float, g: float) -> float:
    return x


def _before_x(x: float, g: float) -> float:
    return 1.0


def _none(x: float, g: float) -> float:
    return 0.0


def _no_other(u: float, x: float, g: float) -> float:
    return 0.0


def _cubic(u: float, x: float, g: float) -> float:
    return fma(-g * x * x, x, u)


def _cubic_u(u: float, x: float, g: float) -> float:
    return 1.0


def _cubic_x(u: float, x: float, g: float) -> float:
    return -3.0 * g * x * x


def _cubic_g(u: float, x: float, g: float) -> float:
    return -x * x * x


def _flow(u: float, x: float, g: float) -> float:
    return u / sqrt(fma(2.0 * g * u, u, 1.0))


def _flow_u(u: float, x: float, g: float) -> float:
    r = 1.0 / sqrt(fma(2.0 * g * u, u, 1.0))
    return r * r * r


def _flow_g(u: float, x: float, g: float) -> float:
    r = u / sqrt(fma(2.0 * g * u, u, 1.0))
    return -r * r * r


def _half(x: float, g: float) -> float:
    return x / sqrt(fma(g * x, x, 1.0))


def _half_x(x: float, g: float) -> float:
    r = 1.0 / sqrt(fma(g * x, x, 1.0))
    return r * r * r


def _half_g(x: float, g: float) -> float:
    r = x / sqrt(fma(g * x, x, 1.0))
    return -0.5 * r * r * r


def _late_half(u: float, x: float, g: float) -> float:
    return u / sqrt(fma(g * u, u, 1.0))


def _late_half_u(u: float, x: float, g: float) -> float:
    r = 1.0 / sqrt(fma(g * u, u, 1.0))
    return r * r * r


def _late_half_g(u: float, x: float, g: float) -> float:
    r = u / sqrt(fma(g * u, u, 1.0))
    return -0.5 * r * r * r


@dataclass(frozen=True)
class OneStep:
    """Layers of one step: activations before and after an affine map, I + W or the exact flow of W.

    Parameters
    ----------
    name : str
    order : int
    before : three formulas (x, g)
        And its derivatives by x and g.
    after : four formulas (u, x, g)
        And its derivatives by u, x and g.
    exact : bool
        Whether the affine part is its flow.
    bounded : bool
    """

    name: str
    order: int
    before: tuple[Formula, ...] = field(repr=False)
    after: tuple[Formula, ...] = field(repr=False)
    exact: bool
    bounded: bool

    def rates(self, layers: int) -> int:
        """See `Kind`."""
        return 0

    def maps(self, rows: Rows) -> Floats:
        """See `Kind`."""
        many, n = rows.biases.shape
        if self.exact:
            linear, shift = affine_flow(rows.weights, rows.biases, np.ones(many))
        else:
            linear, shift = rows.weights + np.eye(n), rows.biases
        return np.concatenate([linear, shift[:, :, None]], axis=2)

    def carry(self, x: Floats, maps: Floats, rows: Rows) -> None:
        """See `Kind`."""
        self._loops()[0](x, maps, rows.gamma, np.empty(x.shape[1:]))

    def retrace(self, x: Floats, slopes: Floats, maps: Floats, rows: Rows) -> Rows:
        """See `Kind`."""
        n = x.shape[1]
        sums, work = np.zeros(maps.shape), np.zeros((3 * n + 1, x.shape[2]))
        self._loops()[1](x, slopes, maps, rows.gamma, sums, work)
        if self.exact:
            sums = _through_flow(rows, sums)
        return Rows(sums[:, :, :n], sums[:, :, n], _in_order(work[-1]), np.empty(0))

    def _loops(self) -> tuple[Any, Any]:
        return one_step(*self.before, *self.after)


@dataclass(frozen=True)
class TwoStep:
    """The layers of `MULTISTEP`; `printed` leaves out the factor 1 + k, as (111) does: a failure, kept to be shown."""

    printed: bool = False
    name: ClassVar[str] = "multistep"
    order: ClassVar[int] = 1
    bounded: ClassVar[bool] = False

    def rates(self, layers: int) -> int:
        """See `Kind`."""
        return layers - 1

    def maps(self, rows: Rows) -> Floats:
        """See `Kind`."""
        return np.concatenate([rows.weights, rows.biases[:, :, None]], axis=2)

    def _table(self, rows: Rows) -> Floats:
        k = np.concatenate([np.zeros(1), rows.rates])
        return np.stack([k, np.ones(k.size) if self.printed else 1.0 + k], axis=1)

    def carry(self, x: Floats, maps: Floats, rows: Rows) -> None:
        """See `Kind`."""
        two_step_forward()(x, maps, self._table(rows), rows.gamma)

    def retrace(self, x: Floats, slopes: Floats, maps: Floats, rows: Rows) -> Rows:
        """See `Kind`."""
        n, table = x.shape[1], self._table(rows)
        sums, by_rates, work = np.zeros(maps.shape), np.empty(table.shape), np.zeros((3 * n + 1, x.shape[2]))
        two_step_backward()(x, slopes, maps, table, rows.gamma, sums, by_rates, work)
        by_k = by_rates[1:, 0] if self.printed else by_rates[1:, 0] + by_rates[1:, 1]
        return Rows(sums[:, :, :n], sums[:, :, n], _in_order(work[-1]), by_k)


def _in_order(row: Floats) -> float:
    total = 0.0
    for value in row.tolist():
        total += value
    return total


def _through_flow(rows: Rows, sums: Floats) -> Floats:
    """Derivatives by (W, B) from those by exp of A = [[W, B], [0, 0]]: the corner of exp [[A^T, G], [0, A^T]]."""
    many, n = rows.biases.shape
    size = n + 1
    double = np.zeros((many, 2 * size, 2 * size))
    for first in (0, size):
        double[:, first : first + n, first : first + n] = np.swapaxes(rows.weights, 1, 2)
        double[:, first + n, first : first + n] = rows.biases
    double[:, :n, size:] = sums
    corner = affine_flow(double, np.zeros((many, 2 * size)), np.ones(many))[0][:, :size, size:]
    return np.ascontiguousarray(corner[:, :n])


_STILL = _before, _before_x, _none
EULER = OneStep("euler", 1, _STILL, (_cubic, _cubic_u, _cubic_x, _cubic_g), exact=False, bounded=False)
SPLIT = OneStep("split", 1, _STILL, (_flow, _flow_u, _no_other, _flow_g), exact=False, bounded=True)
STRANG = OneStep(
    "strang",
    2,
    (_half, _half_x, _half_g),
    (_late_half, _late_half_u, _no_other, _late_half_g),
    exact=True,
    bounded=True,
)
MULTISTEP = TwoStep()
_ALL: tuple[Kind, ...] = (EULER, SPLIT, STRANG, MULTISTEP)
KINDS = {kind.name: kind for kind in _ALL}
