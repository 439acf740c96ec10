"""Layers of few units, forwards and backwards: samples lie in lanes, and every sum has one order.

A one-step layer, with an activation before and after its affine part (Ruseckas, (109) and the splittings):

    y = before(x),  u = M y + c,  x+ = after(u, x);        backwards, from p = dl/dx+ of every sample,
    q = after_u p,  dl/dM = sum q y^T,  dl/dc = sum q,  s = M^T q,  p <- before_x s + after_x p.

The corrected two-step layer, with F = w x + b - gamma x^3 in scaled parameters (Ruseckas, (111)):

    x_{l+1} = (1 - k_l) x_l + k_l x_{l-1} + c_l F(x_l),    c_l = 1 + k_l.

Both are exact for the layers: p belongs to the end of the layer, as in Ruseckas' (112).
"""

from __future__ import annotations

import functools
from typing import Any

from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma


@kernel
def one_step_forward(before: Formula, after: Formula) -> Formula:
    """Fill x[1:] of shape (L + 1, n, m) from x[0]; maps, shape (L, n, n + 1), hold M and c; `work` is (n, m)."""

    def loop(x: Any, maps: Any, gamma: float, work: Any) -> None:
        layers, n, lanes = maps.shape[0], maps.shape[1], x.shape[2]
        for layer in range(layers):
            for j in range(n):
                here, y = x[layer, j], work[j]
                for k in range(lanes):
                    y[k] = before(here[k], gamma)
            for i in range(n):
                here, there, c = x[layer, i], x[layer + 1, i], maps[layer, i, n]
                for k in range(lanes):
                    there[k] = c
                for j in range(n):
                    y, m = work[j], maps[layer, i, j]
                    for k in range(lanes):
                        there[k] = fma(m, y[k], there[k])
                for k in range(lanes):
                    there[k] = after(there[k], here[k], gamma)

    return loop


@kernel
def one_step_backward(
    before: Formula, before_x: Formula, before_g: Formula, after_u: Formula, after_x: Formula, after_g: Formula
) -> Formula:
    """Take `slopes`, shape (n, m), from the end to the begin, and add to `sums`, shape (L, n, n + 1).

    `work` is (3 n + 1, m); its last row, 0 at first, gathers the derivative by gamma of every sample.
    """

    def loop(x: Any, slopes: Any, maps: Any, gamma: float, sums: Any, work: Any) -> None:
        layers, n, lanes = maps.shape[0], maps.shape[1], x.shape[2]
        by_gamma = work[3 * n]
        for layer in range(layers - 1, -1, -1):
            for j in range(n):
                here, y = x[layer, j], work[j]
                for k in range(lanes):
                    y[k] = before(here[k], gamma)
            for i in range(n):
                here, u, q, p, c = x[layer, i], work[n + i], work[2 * n + i], slopes[i], maps[layer, i, n]
                for k in range(lanes):
                    u[k] = c
                for j in range(n):
                    y, m = work[j], maps[layer, i, j]
                    for k in range(lanes):
                        u[k] = fma(m, y[k], u[k])
                for k in range(lanes):
                    q[k] = after_u(u[k], here[k], gamma) * p[k]
                    by_gamma[k] = fma(after_g(u[k], here[k], gamma), p[k], by_gamma[k])
                    p[k] = after_x(u[k], here[k], gamma) * p[k]
                for j in range(n):
                    y, total = work[j], sums[layer, i, j]
                    for k in range(lanes):
                        total = fma(q[k], y[k], total)
                    sums[layer, i, j] = total
                total = sums[layer, i, n]
                for k in range(lanes):
                    total += q[k]
                sums[layer, i, n] = total
            for j in range(n):
                here, s, p = x[layer, j], work[j], slopes[j]
                for k in range(lanes):
                    s[k] = 0.0
                for i in range(n):
                    q, m = work[2 * n + i], maps[layer, i, j]
                    for k in range(lanes):
                        s[k] = fma(m, q[k], s[k])
                for k in range(lanes):
                    by_gamma[k] = fma(before_g(here[k], gamma), s[k], by_gamma[k])
                    p[k] = fma(before_x(here[k], gamma), s[k], p[k])

    return loop


@formula
def _rate_of_change(u: float, x: float, gamma: float) -> float:
    """F of one unit, u = w x + b."""
    return fma(-gamma * x * x, x, u)


@kernel
def two_step_forward() -> Formula:
    """Fill x[1:], shape (L + 1, n, m); maps hold w and b, rates, shape (L, 2), k and c of every layer; k_0 is 0."""

    def loop(x: Any, maps: Any, rates: Any, gamma: float) -> None:
        layers, n, lanes = maps.shape[0], maps.shape[1], x.shape[2]
        for layer in range(layers):
            k_l, c_l = rates[layer, 0], rates[layer, 1]
            older = layer - 1 if layer > 0 else 0
            for i in range(n):
                last, here, there, b = x[older, i], x[layer, i], x[layer + 1, i], maps[layer, i, n]
                for k in range(lanes):
                    there[k] = b
                for j in range(n):
                    y, m = x[layer, j], maps[layer, i, j]
                    for k in range(lanes):
                        there[k] = fma(m, y[k], there[k])
                for k in range(lanes):
                    f = _rate_of_change(there[k], here[k], gamma)
                    there[k] = fma(c_l, f, fma(k_l, last[k] - here[k], here[k]))

    return loop


@kernel
def two_step_backward() -> Formula:
    """As `one_step_backward`; `by_rates`, shape (L, 2), gets the derivatives by k and c; `work` is (3 n + 1, m).

    The rows of `work` from n on, 0 at first, hold what layer l + 1 gives back to x_{l-1}.
    """

    def loop(x: Any, slopes: Any, maps: Any, rates: Any, gamma: float, sums: Any, by_rates: Any, work: Any) -> None:
        layers, n, lanes = maps.shape[0], maps.shape[1], x.shape[2]
        by_gamma = work[3 * n]
        for layer in range(layers - 1, -1, -1):
            k_l, c_l = rates[layer, 0], rates[layer, 1]
            older = layer - 1 if layer > 0 else 0
            by_k, by_c = 0.0, 0.0
            for i in range(n):
                last, here, u, q, p, b = (
                    x[older, i],
                    x[layer, i],
                    work[2 * n + i],
                    work[i],
                    slopes[i],
                    maps[layer, i, n],
                )
                for k in range(lanes):
                    u[k] = b
                for j in range(n):
                    y, m = x[layer, j], maps[layer, i, j]
                    for k in range(lanes):
                        u[k] = fma(m, y[k], u[k])
                for k in range(lanes):
                    by_k = fma(p[k], last[k] - here[k], by_k)
                    by_c = fma(p[k], _rate_of_change(u[k], here[k], gamma), by_c)
                    q[k] = c_l * p[k]
                    by_gamma[k] = fma(-here[k] * here[k] * here[k], q[k], by_gamma[k])
                for j in range(n):
                    y, total = x[layer, j], sums[layer, i, j]
                    for k in range(lanes):
                        total = fma(q[k], y[k], total)
                    sums[layer, i, j] = total
                total = sums[layer, i, n]
                for k in range(lanes):
                    total += q[k]
                sums[layer, i, n] = total
            by_rates[layer, 0], by_rates[layer, 1] = by_k, by_c
            for j in range(n):
                here, p, held, s = x[layer, j], slopes[j], work[n + j], work[2 * n + j]
                for k in range(lanes):
                    s[k] = fma(-3.0 * gamma * here[k] * here[k], work[j, k], 0.0)
                for i in range(n):
                    q, m = work[i], maps[layer, i, j]
                    for k in range(lanes):
                        s[k] = fma(m, q[k], s[k])
                for k in range(lanes):
                    given = p[k]
                    p[k] = fma(1.0 - k_l, given, s[k]) + held[k]
                    held[k] = k_l * given

    return loop


@functools.cache
def one_step(
    before: Formula, before_x: Formula, before_g: Formula, after: Formula, after_u: Formula, after_x: Formula,
    after_g: Formula,
) -> tuple[Any, Any]:  # fmt: skip
    """The compiled loops of a layer for its activations and their derivatives by x, u and gamma."""
    for one in (before, before_x, before_g, after, after_u, after_x, after_g):
        formula(one)
    forward = one_step_forward(before, after)
    return forward, one_step_backward(before, before_x, before_g, after_u, after_x, after_g)
