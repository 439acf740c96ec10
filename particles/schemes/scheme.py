"""Schemes: frozen values that state their order and know how to carry a state over steps.

A scheme answers three questions: which time levels (`levels`), which numbers a step needs (`parameters`, one row a
step) and how to carry the state over them (`advance`). The loop of `simulate` asks nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.base.memory import require_memory
from particles.kernels import wall_slopes, walls
from particles.kernels.adjoint import given_slope
from particles.model.rule import Model
from particles.philox import Address

_FAR = 1e300  # no particle comes there; the period of a fold must be a number


class Scheme(Protocol):
    """What is asked of a scheme; `order` is that in the step, weak where there is noise, inf without a time error.

    `nanoseconds` is what a pass over a particle and component takes with tanh on one core (docs/performance.md).

    Examples
    --------
    >>> from particles import Euler, ExactFlow, Milstein
    >>> [scheme.order for scheme in (Euler(layers=10), Milstein(dt=0.1), ExactFlow())]
    [1.0, 1.0, inf]
    """

    order: ClassVar[float]
    nanoseconds: ClassVar[float] = 2.0

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels from 0 to `until`, every stop among them, or InputError."""

    def parameters(self, model: Model, levels: Floats, k: int, n: int, mean: Floats | None) -> tuple[Any, ...]:
        """Weights (n - k, D, D) and biases (n - k, D) at the start of each step from level k to level n, and its dt."""
        weights = model.weights(levels[k:n])
        return weights, model.biases(levels[k:n], weights, mean), float(levels[1])

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over these steps, in place; draws are addressed by `address`."""

    def retrace(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], address: Address, block: int,
        start: Formula = given_slope,
    ) -> Floats:  # fmt: skip
        """Carry `state` over these steps, and the derivative of a loss back: the discrete adjoint of `advance`.

        Parameters
        ----------
        model, state, parameters, address
            As of `advance`; the state becomes the same bits.
        slopes : ndarray, shape (D, m)
            What `start(x, slope)` makes the derivative of the loss by each particle's end x of; it becomes that by the
            particle's begin.
        block : int
            Particles whose parts are added, a multiple of `particles.kernels.adjoint.TILE`.
        start : formula, default the slope itself

        Returns
        -------
        ndarray, shape (blocks, K, D D + D + 2)
            Sums over blocks of the derivatives by the weights of each step (with their factor), row by row, by its
            biases, by nu^2, and by the drift's first constant; 0 where there is none.

        Raises
        ------
        InputError
            As `require_adjoint`.
        """
        self.require_adjoint(model)
        raise NotImplementedError

    def tangents(
        self, model: Model, begin: Floats, levels: Floats, by_weights: Floats, by_biases: Floats, by_constant: Floats
    ) -> tuple[Floats, Floats]:
        """Carry points over all levels, and how they move with n numbers theta.

        Parameters
        ----------
        model : Model
            Without noise, walls and a bias that follows the mean.
        begin : ndarray, shape (D, m)
        levels : ndarray, shape (K + 1,)
        by_weights, by_biases : ndarray, shapes (K, n, D, D) and (K, n, D)
            Derivatives of the weights of each step, with their factor, and of its biases by theta.
        by_constant : ndarray, shape (n,)
            Of the drift's first constant.

        Returns
        -------
        tuple of ndarray
            Ends, shape (D, m), and their derivatives by theta, shape (n, D, m).

        Raises
        ------
        InputError
            If the scheme carries no tangents.
        """
        raise InputError(f"{self!r} carries no tangents: allowed are Euler and ExactFlow")

    def require_adjoint(self, model: Model) -> None:
        """Refuse a model for which the scheme cannot retrace its steps, by an InputError."""
        raise InputError(f"{self!r} has no adjoint: allowed are Euler, ExactFlow, Collisions and Milstein")

    def stride(self, levels: Floats) -> float:
        """Time for which the drift and a kick of noise are taken at once, dt; 0 for an exact flow."""
        return float(levels[1] - levels[0])

    def passes(self, levels: Floats) -> float:
        """Passes over a particle in a step, on average."""
        return 1.0

    def cautions(self, model: Model) -> tuple[str, ...]:
        """Sentences for a person before a run: what may go wrong with this model."""
        return ()


def require_scheme(scheme: object) -> None:
    """Refuse what is no scheme."""
    if isinstance(scheme, type) or not callable(getattr(scheme, "advance", None)):
        raise InputError(f"scheme = {scheme!r:.60} must be a value such as Euler(layers=100)")


def even_levels(until: float, stops: Sequence[float], dt: float) -> Floats:
    """Time levels 0, dt, 2 dt, ..., until, every stop among them and no more than fit in memory, or InputError."""
    require_memory(f"dt = {dt!r} up to {until!r}", 64.0 * (until / dt if dt > 0.0 else math.inf))
    for name, time in [("until", until), *(("times", stop) for stop in stops)]:
        if abs(time - round(time / dt) * dt) > 1e-9 * until:
            raise InputError(f"{name} = {time!r} must be a multiple of the step dt = {dt!r}")
    return np.arange(round(until / dt) + 1, dtype=np.float64) * dt


def without_noise(model: Model, scheme: object) -> None:
    """Refuse a noisy model for a scheme that would drop its noise."""
    if model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: {scheme!r} has no noise; use Collisions or Milstein")


def wall_of(model: Model, longest: float = math.inf) -> tuple[Any, Floats, Floats]:
    """Formula of the walls, and where they are, shapes (D,).

    No step of a component is longer than `longest`, inf where that is not known.
    """
    low, high = np.array(model.box).T.copy()
    if model.walls is None:
        return walls.free, low, high
    if model.wall == "sticky":
        return walls.sticky, low, high
    if np.all((longest < high - low) | np.isinf(high - low)):
        return walls.reflecting, low, high
    return walls.folding, low.clip(min=-_FAR), high.clip(max=_FAR)


def slope_of(wall: Formula) -> Formula:
    """Formula of the derivative of a wall's map."""
    return {
        walls.free: wall_slopes.free, walls.sticky: wall_slopes.sticky, walls.reflecting: wall_slopes.reflecting,
        walls.folding: wall_slopes.folding,
    }[wall]  # fmt: skip


def parts_of(model: Model) -> int:
    """Number of derivatives of a step, see `Scheme.retrace`."""
    return model.size * (model.size + 1) + 2


def blocks_of(state: Floats, block: int) -> int:
    """Number of blocks of a rank's particles."""
    return -(-int(state.shape[1]) // block)


def largest_drift(model: Model, weights: Floats, biases: Floats) -> float:
    """A bound of abs(f) between finite walls for these steps; inf without walls or without Lipschitz constants."""
    box = np.array(model.box)
    if not np.isfinite(box).all():
        return math.inf
    drift, furthest = model.drift, float(np.abs(box).max())
    u = float(np.abs(weights).sum(axis=2).max()) * furthest + float(np.abs(biases).max())
    at_rest = max(abs(float(drift.value(0.0, low, drift.constants))) for low in box[:, 0].tolist())
    return at_rest + drift.lipschitz_u * u + drift.lipschitz_x * float(np.ptp(box, axis=1).max())
