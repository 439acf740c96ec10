"""The exact law of a particle under Boltzmann's collisions at finite eps, by its distribution function.

One collision x' = psi(x) = x + eps f(x) + sqrt(eps) nu K(x) eta acts on F as

    (P F)(x) = sum_k w_k F(psi_k^(-1)(x)),   psi_k: eta = eta_k,

with a Gauss rule (eta_k, w_k) of the noise law (exact for two points), as long as every psi_k increases. Particles do
not interact, so every clock is a law of the number of collisions, and F_t = sum_n pi_n P^n F_0 (no time step is left):

    synchronous  pi_n = 1 at n = t/tau;    nanbu  Binomial(t/dt, dt/tau);    poisson  Poisson(t/tau).

Milstein's and Euler-Maruyama's steps of length dt are collisions too, synchronous with eps = tau = dt.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from particles import Collisions, Milstein
from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.model import CONSTANT, Law, Model
from particles.schemes.scheme import even_levels
from validation.exact.interpolation import UniformGrid
from validation.exact.lattice import LatticeSum, binomial_signs
from validation.exact.refine import tabulate
from validation.exact.tabulated import Chart

_NODES, _MOST = (12, 16, 20, 26, 34), 4097
_SECANTS = 60


def boltzmann_law(model: Model, scheme: Collisions | Milstein, time: float, *, tolerance: float = 1e-9) -> Law:
    """Exact law of a particle at `time`.

    Parameters
    ----------
    model : Model
        On the line, no walls, constant weight and bias, nu2 > 0; K = x needs a start on x > 0.
    scheme : Collisions or Milstein
    time : float >= 0
        A multiple of the scheme's step for the synchronous and nanbu clocks.
    tolerance : float > 0, default 1e-9
        The table is refined until two agree to this in W1, in standard deviations, or it has 4097 points.

    Returns
    -------
    Law
        The start at time 0; a sum over the lattice (exact) for two-point noise without drift and K = 1; else a
        `TabulatedLaw` that states its accuracy. A start with jumps in F or its density costs nothing where noise and
        collisions make the law smooth. With two-point or uniform noise and a handful of collisions, or a Poisson clock
        with exp(-t/tau) not small, the law itself is rough, and its accuracy says so.

    Raises
    ------
    InputError
        If the model is another, a collision does not preserve order, the time is no multiple of the step, or the law
        is too rough.
    """
    require_at_least("time", time)
    start = model.law
    if time == 0.0:
        return start
    if not model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r} must be positive: the law of collisions needs noise")
    counts = collision_counts(scheme, time)
    eps = scheme.eps
    if is_free(model) and scheme.noise.bits:
        signs, weights = binomial_signs(counts)
        return LatticeSum(start, math.sqrt(eps * model.nu2) * signs, weights)

    def solve(chart: Chart, grid: UniformGrid, values: Floats, level: int) -> Floats:
        nodes = scheme.noise.rule(_NODES[min(level, len(_NODES) - 1)])
        return _mixture(_collision(model, scheme, chart, grid, nodes), values, counts)

    return tabulate(model, time, solve, tolerance=tolerance, most=_MOST)


def collision_counts(scheme: Collisions | Milstein, time: float) -> Floats:
    """pi_n, n = 0, 1, ..., the law of the number of collisions up to `time`; what is left out weighs below 1e-17.

    InputError if the time is no multiple of the step of the synchronous or nanbu clock.
    """
    from scipy.stats import binom, poisson

    if scheme.clock == "poisson":
        mean = time / scheme.mean_time
        counts = poisson.pmf(np.arange(int(mean + 10.0 * math.sqrt(mean) + 40.0)), mean)
        return np.asarray(counts / counts.sum())
    dt = scheme.mean_time if scheme.dt is None else scheme.dt
    steps = even_levels(time, [], dt).size - 1
    if scheme.clock == "synchronous" or dt == scheme.mean_time:
        return np.asarray(np.eye(1, steps + 1, steps)[0])  # all at n = steps
    return np.asarray(binom.pmf(np.arange(steps + 1), steps, dt / scheme.mean_time))


def is_free(model: Model) -> bool:
    """No drift and K = 1."""
    if model.diffusion != CONSTANT or model.size != 1 or not model.autonomous or model.walls is not None:
        return False
    weights = model.weights(0.0)
    at_rest = not np.any(weights) and not np.any(model.biases(0.0, weights))
    return at_rest and not np.any(model.speed(np.linspace(-10.0, 10.0, 41), 0.0))


def _collision(
    model: Model, scheme: Collisions | Milstein, chart: Chart, grid: UniformGrid, rule: tuple[Floats, Floats]
) -> Any:
    """P as a sparse matrix on the size + 2 values of a grid."""
    from scipy.sparse import csr_array

    eps, nu2, c = scheme.eps, model.nu2, model.diffusion.constants
    deviation, half = math.sqrt(eps * nu2), 0.5 * nu2 * eps

    nodes = rule[0][:, None]

    def images(y: Floats) -> Floats:
        """psi_k at y, or at row k of y; shape (nodes, n)."""
        x = chart.back(y)
        k = over_arrays(model.diffusion.value, x, constants=c)
        moved = x + eps * model.speed(x, 0.0) + deviation * k * nodes
        if scheme.corrected:
            moved += half * k * over_arrays(model.diffusion.derivative, x, constants=c) * (nodes * nodes - 1.0)
        return np.asarray(moved)

    y, size = grid.points, grid.size
    falling = np.diff(images(y)).min(axis=1) <= 0.0
    if np.any(falling):
        raise InputError(
            f"a collision with eps = {eps!r} and noise {scheme.noise.name!r} does not preserve order (at eta ="
            f" {nodes[falling][0, 0]:.3g}): its law is not computed; allowed is a smaller eps or a smaller noise"
        )
    before = _inverse(images, chart.back(y), grid.origin + grid.step * np.arange(-8.0, size + 8.0))
    index, weight = grid.stencil(before.ravel())
    rows = np.broadcast_to(np.tile(np.arange(size), nodes.size), index.shape)
    ends = size, size + 1
    place = np.append(rows.ravel(), ends), np.append(index.ravel(), ends)
    entries = np.append((np.repeat(rule[1], size) * weight).ravel(), (1.0, 1.0))
    return csr_array((entries, place), shape=(size + 2, size + 2))  # what falls on one place is added up


def _inverse(images: Callable[[Floats], Floats], targets: Floats, y: Floats) -> Floats:
    """Where each of the rising `images` comes to the targets, to a few last bits: secants in a cell of y (Illinois).

    An end of y for targets beyond the images of all y.
    """
    values = images(y)
    cells = np.stack([np.searchsorted(row, targets) for row in np.maximum.accumulate(values, axis=1)])
    right = np.clip(cells, 1, y.size - 1)
    a, b = np.where(cells == y.size, y[-1], y[right - 1]), np.where(cells == 0, y[0], y[right])
    f, g = (np.take_along_axis(values, right - back, axis=1) - targets for back in (1, 0))
    close = max(1e-12 * float(y[1] - y[0]), 4.0 * float(np.spacing(np.abs(y).max())))
    at, risen = a, np.full(a.shape, np.nan)
    for _ in range(_SECANTS):
        share = np.divide(g, g - f, out=np.zeros(g.shape), where=g > f)
        last, at = at, np.clip(b - share * (b - a), a, b)
        value = images(at) - targets
        up = value >= 0.0
        f = np.where(up, np.where(risen == 1.0, 0.5 * f, f), value)  # the end that stays twice counts half
        g = np.where(up, value, np.where(risen == 0.0, 0.5 * g, g))
        a, b, risen = np.where(up, a, at), np.where(up, at, b), up * 1.0
        if np.all(np.abs(at - last) <= close):
            break
    return at


def _mixture(matrix: Any, values: Floats, counts: Floats) -> Floats:
    """sum_n counts_n matrix^n values, column by column: a sparse matrix is slow on the two of them side by side."""
    columns = []
    for column in np.ascontiguousarray(values.T):
        out = np.zeros_like(column)
        for n, share in enumerate(counts):
            if n > 0:
                column = matrix @ column
            if share > 0.0:
                out += share * column
        columns.append(out)
    return np.stack(columns, axis=1)
