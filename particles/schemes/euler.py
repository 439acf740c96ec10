"""The residual network itself, explicit Euler, one step a layer (arXiv 2001.04294 (1); its dt = 1/L means T = 1):

x_{k+1} = x_k + dt f(w_k x_k/(d N) + b_k, x_k),   dt = T/L.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats, ordered_product
from particles.base.checks import require_count, require_positive
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.base.memory import require_memory
from particles.kernels import line, space
from particles.kernels.adjoint import adjoint_line, given_slope
from particles.kernels.noisy import Sizes
from particles.model.rule import Model
from particles.philox import Address
from particles.schemes.noisy import retrace_space
from particles.schemes.scheme import (
    Scheme,
    blocks_of,
    even_levels,
    largest_drift,
    slope_of,
    wall_of,
    without_noise,
)


@dataclass(frozen=True)
class Euler(Scheme):
    """Explicit Euler, one step a layer.

    Parameters
    ----------
    dt : float > 0, optional
        Step; the horizon and every snapshot must be multiples of it.
    layers : int >= 1, optional
        Number of layers L up to the horizon T, dt = T/L. Exactly one of the two is given.

    Raises
    ------
    InputError
        If not exactly one is given or it is out of range.

    See Also
    --------
    ExactFlow : What the layers tend to.

    Examples
    --------
    >>> from particles import Euler, carry
    >>> from particles.model import cases
    >>> model = cases["regression"].model  # x' = tanh(1 - x)
    >>> print(carry(model, Euler(layers=10), [0.0, 1.0, 2.0], until=2.0).round(6))
    [0.867351 1.       1.132649]
    >>> carry(model, Euler(dt=0.3), [0.0], until=2.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: until = 2.0 must be a multiple of the step dt = 0.3
    """

    dt: float | None = None
    layers: int | None = None
    order: ClassVar[float] = 1.0
    nanoseconds: ClassVar[float] = 0.6

    def __post_init__(self) -> None:
        if (self.dt is None) == (self.layers is None):
            raise InputError(f"Euler takes either dt or layers, not dt = {self.dt!r} and layers = {self.layers!r}")
        if self.dt is not None:
            require_positive("dt", self.dt)
        if self.layers is not None:
            require_count("layers", self.layers)

    def __repr__(self) -> str:
        return f"Euler(dt={self.dt!r})" if self.layers is None else f"Euler(layers={self.layers!r})"

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels 0 = t_0 < ... < t_L = until; every stop is one of them, or InputError."""
        without_noise(model, self)
        if self.dt is not None:
            return even_levels(until, stops, self.dt)
        assert self.layers is not None
        require_memory(f"layers = {self.layers!r}", 64.0 * self.layers)
        return even_levels(until, stops, until / self.layers)

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        weights, biases, dt = parameters
        drift = model.drift
        wall, low, high = wall_of(model, dt * largest_drift(model, weights, biases))
        if model.size == 1:
            rows, ends = (weights[:, 0, 0].copy(), biases[:, 0].copy()), (float(low[0]), float(high[0]))
            line.euler_line(drift.value, wall)(state[0], *rows, dt, drift.constants, *ends)
        else:
            space.euler_space(drift.value, wall)(state, weights, biases, dt, drift.constants, low, high)

    def require_adjoint(self, model: Model) -> None:
        """Nothing is refused."""

    def retrace(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], address: Address, block: int,
        start: Formula = given_slope,
    ) -> Floats:  # fmt: skip
        """The discrete adjoint of `advance`, see `Scheme.retrace`."""
        weights, biases, dt = parameters
        if model.size > 1:
            return retrace_space(model, state, slopes, (weights, biases), Sizes(dt, 0.0), address, block, start)
        drift = model.drift
        wall, low, high = wall_of(model, dt * largest_drift(model, weights, biases))
        sweep = adjoint_line(drift.value, drift.f_u_of_value, drift.f_x, wall, slope_of(wall), start, drift.f_c)
        out = np.zeros((blocks_of(state, block), 2 if drift.f_c is None else 3, len(weights)))
        w, b = weights[:, 0, 0].copy(), biases[:, 0].copy()
        ends = float(low[0]), float(high[0])
        sweep(state[0], slopes[0], w, b, dt, drift.constants, *ends, block, out)
        none = np.zeros_like(out[:, :1])
        by_constant = none if drift.f_c is None else out[:, 2:]
        return np.concatenate([out[:, :2], none, by_constant], axis=1).transpose(0, 2, 1)

    def tangents(
        self, model: Model, begin: Floats, levels: Floats, by_weights: Floats, by_biases: Floats, by_constant: Floats
    ) -> tuple[Floats, Floats]:
        """v_j' = v_j + dt (f_x v_j + f_u (w_k v_j + (dw_k/dtheta_j) x + db_k/dtheta_j) + f_c dc/dtheta_j).

        See `Scheme.tangents`.
        """
        weights, biases, dt = self.parameters(model, levels, 0, len(levels) - 1, None)
        x, v = begin.copy(), np.zeros((by_weights.shape[1], *begin.shape))
        for w, b, by_w, by_b in zip(weights, biases, by_weights, by_biases, strict=True):
            u = ordered_product(w, x) + b[:, None]
            slope = model.drift.derivative_u(u, x)
            parts = zip(v, by_w, by_b, strict=True)
            moved = np.stack([ordered_product(w, one) + ordered_product(dw, x) + db[:, None] for one, dw, db in parts])
            v = v + dt * (model.drift.derivative_x(u, x) * v + slope * moved)
            if by_constant.any():
                v += dt * by_constant[:, None, None] * model.drift.derivative_c(u, x)
            x = x + dt * model.drift(u, x)
        return x, v
