"""Sweeps of two paths under one Brownian motion: steps of dt, and steps of 2 dt whose increments are sums of pairs.

With eta_k ~ N(0, 1), addressed by (particle, step), the fine path has dW_k = sqrt(dt) eta_k and the coarse one
dW_k + dW_(k+1) = sqrt(2 dt) (eta_k + eta_(k+1))/sqrt(2), k even. Giles, Multilevel Monte Carlo path simulation (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import Formula, kernel
from particles.base.shims import fma
from particles.kernels.noisy import WIDTH, Constants, Sizes, fill_variates
from particles.philox import Key

_ROOT_HALF = 0.7071067811865476
_PER = 4  # steps that a counter of normal variates serves


@kernel
def coupled_line(drift: Formula, value: Formula, derivative: Formula, push: Formula, variates: Formula) -> Formula:
    """Carry x by an even number of steps, from step 0, and y by half as many; `sizes` of x, of y."""
    fill = fill_variates(variates)

    def sweep(
        x: Any, y: Any, weights: Any, biases: Any, sizes: tuple[Sizes, Sizes], constants: Constants, key: Key,
        first: int,
    ) -> None:  # fmt: skip
        (dt, sd, half), (dt2, sd2, half2) = sizes
        c, kc = constants
        eta = np.empty((_PER, WIDTH))
        for start in range(0, x.size, WIDTH):
            fine, coarse = x[start : start + WIDTH], y[start : start + WIDTH]
            for k in range(0, weights.size, 2):
                offset = k % _PER
                if offset == 0:
                    fill(first + start, k // _PER, 0, key, eta, fine.size)
                one, two = eta[offset], eta[offset + 1]
                w, b, w1, b1 = weights[k], biases[k], weights[k + 1], biases[k + 1]
                for i in range(fine.size):
                    old = fine[i]
                    moved = fma(dt, drift(fma(w, old, b), old, c), old)
                    mid = push(moved, value(old, kc), derivative(old, kc), one[i], sd, half)
                    moved = fma(dt, drift(fma(w1, mid, b1), mid, c), mid)
                    fine[i] = push(moved, value(mid, kc), derivative(mid, kc), two[i], sd, half)
                    old = coarse[i]
                    moved = fma(dt2, drift(fma(w, old, b), old, c), old)
                    both = _ROOT_HALF * (one[i] + two[i])
                    coarse[i] = push(moved, value(old, kc), derivative(old, kc), both, sd2, half2)

    return sweep


@kernel
def variates_of_step(variates: Formula) -> Formula:
    """The variates that particles first, first + 1, ... meet in one step."""
    fill = fill_variates(variates)

    def loop(first: int, step: int, key: Key, out: Any) -> None:
        eta = np.empty((_PER, WIDTH))
        for start in range(0, out.size, WIDTH):
            tile = out[start : start + WIDTH]
            fill(first + start, step // _PER, 0, key, eta, tile.size)
            row = eta[step % _PER]
            for i in range(tile.size):  # a slice assigned to one compiles a second longer: its error message
                tile[i] = row[i]

    return loop


@kernel
def last_step(drift: Formula, value: Formula) -> Formula:
    """Law N(mean, spread^2) after a step from x: mean = x + dt f + sd K known, spread = sd abs(K)."""

    def loop(
        x: Any, known: Any, w: float, b: float, sizes: Sizes, constants: Constants, mean: Any, spread: Any
    ) -> None:
        dt, sd, _ = sizes
        c, kc = constants
        for i in range(x.size):
            old = x[i]
            deviation = sd * value(old, kc)
            mean[i] = fma(deviation, known[i], fma(dt, drift(fma(w, old, b), old, c), old))
            spread[i] = deviation if deviation >= 0.0 else -deviation

    return loop
