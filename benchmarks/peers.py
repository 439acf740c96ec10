"""The same work as its best user would write it in other tools, for ratios that mean something.

Equations are those of `particles.kernels` (arXiv 2001.04294 (1)) and of `kinetic.line.integrate` and
`kinetic.line.reconstruction`. NumPy runs every operation as a pass over memory, so its best user keeps the arrays in
the cache, hands each operation its output, and shares what two cells have in common. The numba loop is the formula as
it stands, under numba's own defaults.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import os
import warnings
from typing import Any, NamedTuple

import numba
import numpy as np

from particles.base.arrays import Floats

BLOCK = 32768  # numbers of a block: the fastest of 2048, 4096, ..., 131072; two of them are 512 KiB

NOISY_BLOCK = 16384  # with three arrays in use

HAS_JAX = importlib.util.find_spec("jax") is not None
HAS_PYPDE = importlib.util.find_spec("pde") is not None

SIGMA = {
    "identity": lambda u: u,
    "relu": lambda u: np.maximum(u, 0.0),
    "sigmoid": lambda u: 1.0 / (1.0 + np.exp(-u)),
    "tanh": np.tanh,
}


def plain_euler(activation: str, x: Floats, weights: Floats, biases: Floats, dt: float) -> Floats:
    """Return x after x <- x + dt sigma(w_k x + b_k), k = 0, 1, ...; x of shape (D, M): an oracle, not a peer."""
    for w, b in zip(weights, biases, strict=True):
        x = x + dt * SIGMA[activation](w @ x + b[:, None])
    return x


def tanh_blocks(x: Floats, weights: Floats, biases: Floats, dt: float, block: int = BLOCK) -> None:
    """x <- x + dt tanh(w_k x + b_k) for k = 0, 1, ... in NumPy, all layers on a block while it is in the cache."""
    layers = list(zip(weights.tolist(), biases.tolist(), strict=True))
    buffer = np.empty(block)
    for start in range(0, x.size, block):
        part = x[start : start + block]
        u = buffer[: part.size]
        for w, b in layers:
            np.multiply(part, w, out=u)
            np.add(u, b, out=u)
            np.tanh(u, out=u)
            np.multiply(u, dt, out=u)
            np.add(part, u, out=part)


@numba.njit
def tanh_loop(x: Any, weights: Any, biases: Any, dt: float) -> None:
    """The same as a plain numba loop."""
    for k in range(weights.size):
        w, b = weights[k], biases[k]
        for i in range(x.size):
            x[i] += dt * math.tanh(w * x[i] + b)


def noisy_blocks(x: Floats, w: float, b: float, dt: float, deviation: float, steps: int, seed: int = 0) -> None:
    """x <- x + dt tanh(w x + b) + deviation N(0, 1) in NumPy, with its fastest generator, on blocks in the cache."""
    generator = np.random.Generator(np.random.SFC64(seed))
    buffer, noise = np.empty(NOISY_BLOCK), np.empty(NOISY_BLOCK)
    for start in range(0, x.size, NOISY_BLOCK):
        part = x[start : start + NOISY_BLOCK]
        u, eta = buffer[: part.size], noise[: part.size]
        for _ in range(steps):
            np.multiply(part, w, out=u)
            np.add(u, b, out=u)
            np.tanh(u, out=u)
            np.multiply(u, dt, out=u)
            np.add(part, u, out=part)
            generator.standard_normal(out=eta)
            np.multiply(eta, deviation, out=eta)
            np.add(part, eta, out=part)


@numba.njit
def noisy_loop(x: Any, w: float, b: float, dt: float, deviation: float, steps: int) -> None:
    """The same as a plain numba loop with numba's own generator."""
    np.random.seed(0)  # noqa: NPY002  (the generator that numba compiles)
    for _ in range(steps):
        for i in range(x.size):
            x[i] += dt * math.tanh(w * x[i] + b) + deviation * np.random.standard_normal()  # noqa: NPY002


def tanh_jax(x: Floats, w: float, b: float, dt: float, steps: int) -> Any:
    """Return a function that gives x after x <- x + dt tanh(w x + b), `steps` times, by JAX, compiled, on float64."""
    jax, start = _jax(x)

    @jax.jit
    def run(state: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda _, state: state + dt * jax.numpy.tanh(w * state + b), state)

    return lambda: np.asarray(run(start).block_until_ready())


def noisy_jax(x: Floats, w: float, b: float, dt: float, deviation: float, steps: int) -> Any:
    """Return a function that does the same with `deviation` N(0, 1) added to each step."""
    jax, start = _jax(x)

    @jax.jit
    def run(state: Any, key: Any) -> Any:
        def step(k: Any, state: Any) -> Any:
            eta = jax.random.normal(jax.random.fold_in(key, k), state.shape, dtype=state.dtype)
            return state + dt * jax.numpy.tanh(w * state + b) + deviation * eta

        return jax.lax.fori_loop(0, steps, step, state)

    key = jax.random.key(0)
    return lambda: np.asarray(run(start, key).block_until_ready())


def _jax(x: Floats) -> tuple[Any, Any]:
    """JAX, set to float64, and x on its side; its threads are made here, one for each core that it may use: one."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
        return jax, jax.numpy.asarray(x)
    finally:
        os.sched_setaffinity(0, cores)


class Row(NamedTuple):
    """An array with the views that a stencil needs, made once: a slice costs as much as a short operation."""

    all: Floats
    low: Floats  # without the last: the lower face of each cell
    high: Floats  # without the first
    inner: Floats

    @classmethod
    def of(cls, values: Floats) -> Row:
        """Views of `values`."""
        return cls(values, values[:-1], values[1:], values[1:-1])


class Cweno:
    """CWENO3 finite volumes for d_t u + d_x (s u) = 0, periodic, SSP-RK3, in NumPy with preallocated arrays.

    The indicator of a one-sided slope d belongs to a face: I_R of cell j is I_L of cell j + 1, computed once for both.
    With the sum D = d_L + d_R, the difference E = d_R - d_L and q_k = alpha_k/sum alpha,

        u at the faces of cell j = u_j + q_0 E/(12 C_0) -+ (q_0 D/2 + q_L d_L + q_R d_R)/2.

    Parameters
    ----------
    averages : ndarray, shape (N,)
    speeds : ndarray, shape (N + 1,)
        At the faces, constant in time; the last face is the first one again.
    h : float
        Width of a cell.
    weights : "CW", "CWZ" or "linear"
        With p = 2 and eps relative to the averages given here, see `kinetic.line.reconstruction`.
    c0 : float, default 0.75
    """

    def __init__(self, averages: Floats, speeds: Floats, h: float, weights: str, c0: float = 0.75) -> None:
        n = averages.size
        self.h, self.c0, self.side = h, c0, 0.5 * (1.0 - c0)
        largest, total, squares = float(averages.max()), float(averages.sum()), float(np.square(averages).sum())
        shape = (largest * total / squares) ** math.log2(2.0 * math.pi**2)
        self.eps = (largest * min(shape * largest**2 / squares, 0.25)) ** 2
        self.half_slope_and_lift = {"CW": self._cw, "CWZ": self._cwz, "linear": self._optimal}[weights]
        self.states = [Row.of(np.zeros(n + 2)) for _ in range(3)]  # u^n and two stages; a ghost cell at each end
        self.averages = self.states[0].inner
        self.averages[:] = averages
        self.rightwards, self.leftwards = np.maximum(speeds[1:], 0.0), np.minimum(speeds[1:], 0.0)
        # at the faces: states left and right of them, the flux, slopes, indicators
        self.u_left, self.u_right, self.flux, self.d, self.sides = (Row.of(np.empty(n + 1)) for _ in range(5))
        self.cells = list(np.empty((6, n)))  # places for what comes between

    def advance(self, dt: float, steps: int) -> None:
        """Do `steps` steps: u^(k) = (1 - B_k) u^n + B_k (u^(k-1) + dt L(u^(k-1)))."""
        u, one, two = self.states
        for _ in range(steps):
            self._stage(u, u, one, dt, 1.0)
            self._stage(u, one, two, dt, 1.0 / 4.0)
            self._stage(u, two, u, dt, 2.0 / 3.0)

    def _stage(self, start: Row, u: Row, out: Row, dt: float, share: float) -> None:
        u.all[0], u.all[-1] = u.all[-2], u.all[1]
        new, term = self.cells[:2]
        np.subtract(u.high, u.low, out=self.d.all)
        np.add(self.d.low, self.d.high, out=new)
        np.subtract(self.d.high, self.d.low, out=term)
        half, lift = self.half_slope_and_lift(new, term)
        np.add(lift, u.inner, out=lift)
        np.subtract(lift, half, out=self.u_right.low)
        np.add(lift, half, out=self.u_left.high)
        self.u_right.all[-1] = self.u_right.all[0]
        # Lax-Friedrichs with the face's own speed is upwinding: s^+ u_l + s^- u_r
        np.multiply(self.rightwards, self.u_left.high, out=new)
        np.multiply(self.leftwards, self.u_right.high, out=term)
        np.add(new, term, out=self.flux.high)
        self.flux.all[0] = self.flux.all[-1]
        np.subtract(self.flux.low, self.flux.high, out=new)
        np.multiply(new, share * dt / self.h, out=new)
        if share == 1.0:  # the first stage takes nothing from before
            np.add(new, u.inner, out=out.inner)
            return
        np.multiply(u.inner, share, out=term)
        np.add(new, term, out=new)
        np.multiply(start.inner, 1.0 - share, out=term)
        np.add(new, term, out=out.inner)

    def _optimal(self, added: Floats, bent: Floats) -> tuple[Floats, Floats]:
        """Half the slope and the lift for alpha = C: D/4 and E/12."""
        np.multiply(added, 0.25, out=added)
        np.multiply(bent, 1.0 / 12.0, out=bent)
        return added, bent

    def _indicators(self, added: Floats, bent: Floats) -> tuple[Row, Floats]:
        """I + eps of the slopes at the faces, and I_0 + eps = D^2/4 + (13/12) (E/C_0)^2 + eps of the cells."""
        eps, sides, middle, term = self.eps, self.sides, *self.cells[2:4]
        np.multiply(self.d.all, self.d.all, out=sides.all)
        np.add(sides.all, eps, out=sides.all)
        np.multiply(added, added, out=middle)
        np.multiply(middle, 0.25, out=middle)
        np.multiply(bent, bent, out=term)
        np.multiply(term, 13.0 / 12.0 / self.c0**2, out=term)
        np.add(middle, term, out=middle)
        np.add(middle, eps, out=middle)
        return sides, middle

    def _cw(self, added: Floats, bent: Floats) -> tuple[Floats, Floats]:
        """alpha_k = C_k/(I_k + eps)^2: one division a face serves two cells."""
        sides, middle = self._indicators(added, bent)
        total, slope = self.cells[3:5]
        self._inverse_squares(sides, middle)
        np.add(sides.low, sides.high, out=total)
        np.multiply(sides.all, self.d.all, out=sides.all)
        np.add(sides.low, sides.high, out=slope)
        return self._normalise(middle, slope, total, added, bent)

    def _cwz(self, added: Floats, bent: Floats) -> tuple[Floats, Floats]:
        """alpha_k = C_k + tau^2 C_k/(I_k + eps)^2, tau = abs(I_L + I_R - 2 I_0)."""
        sides, middle = self._indicators(added, bent)
        tau, total, slope = self.cells[3:6]
        np.add(sides.low, sides.high, out=tau)
        np.subtract(tau, middle, out=tau)
        np.subtract(tau, middle, out=tau)
        np.multiply(tau, tau, out=tau)
        self._inverse_squares(sides, middle)
        np.multiply(middle, tau, out=middle)
        np.add(middle, self.c0, out=middle)
        # of the two sides only the sums are needed, over alpha and over alpha d: one product with tau^2 each
        np.add(sides.low, sides.high, out=total)
        np.multiply(total, tau, out=total)
        np.add(total, 2.0 * self.side, out=total)
        np.multiply(sides.all, self.d.all, out=sides.all)
        np.add(sides.low, sides.high, out=slope)
        np.multiply(slope, tau, out=slope)
        np.multiply(added, self.side, out=tau)
        np.add(slope, tau, out=slope)
        return self._normalise(middle, slope, total, added, bent)

    def _inverse_squares(self, sides: Row, middle: Floats) -> None:
        """C_k/(I_k + eps)^2 in place."""
        np.multiply(sides.all, sides.all, out=sides.all)
        np.divide(self.side, sides.all, out=sides.all)
        np.multiply(middle, middle, out=middle)
        np.divide(self.c0, middle, out=middle)

    def _normalise(
        self, middle: Floats, slope: Floats, total: Floats, added: Floats, bent: Floats
    ) -> tuple[Floats, Floats]:
        """Half the slope, (alpha_0 D/2 + slope)/2, and the lift alpha_0 E/(12 C_0), over the sum of the alphas."""
        np.add(total, middle, out=total)
        np.divide(0.5, total, out=total)
        np.multiply(middle, total, out=middle)  # q_0/2
        np.multiply(slope, total, out=slope)
        np.multiply(added, middle, out=added)
        np.multiply(added, 0.5, out=added)
        np.add(added, slope, out=added)
        np.multiply(bent, middle, out=bent)
        np.multiply(bent, 1.0 / 6.0 / self.c0, out=bent)
        return added, bent


def fokker_planck_second_order(averages: Floats, faces: Floats, h: float, until: float) -> Floats:
    """Return u(until) of d_t u = d_x(x u) + d_xx u, no flux at the ends: central differences, Heun, in NumPy.

    F_{i+1/2} = -x_{i+1/2} (u_i + u_{i+1})/2 - (u_{i+1} - u_i)/h; dt = 0.4 h^2, of 0.5 h^2 that are stable.
    """
    steps = math.ceil(until / (0.4 * h * h))
    dt = until / steps
    left, right = 1.0 / h - 0.5 * faces[1:-1], -1.0 / h - 0.5 * faces[1:-1]  # F = left u_i + right u_{i+1}
    u, stage, rate = averages.copy(), np.empty_like(averages), np.empty_like(averages)
    flux, term = np.zeros(faces.size), np.empty(faces.size - 2)
    inner = flux[1:-1]

    def slope(of: Floats) -> None:
        np.multiply(left, of[:-1], out=inner)
        np.multiply(right, of[1:], out=term)
        np.add(inner, term, out=inner)
        np.subtract(flux[:-1], flux[1:], out=rate)
        np.multiply(rate, dt / h, out=rate)

    for _ in range(steps):
        slope(u)
        np.add(u, rate, out=stage)
        slope(stage)
        np.add(stage, rate, out=stage)
        np.add(u, stage, out=u)
        np.multiply(u, 0.5, out=u)
    return u


@functools.lru_cache(maxsize=2)
def _pypde_stepper(cells: int, low: float, high: float, until: float) -> tuple[Any, Any]:
    """The grid of py-pde and its compiled Runge-Kutta steps; stable up to dt = 0.69 h^2."""
    import pde

    grid = pde.CartesianGrid([[low, high]], cells)
    equation = pde.PDE({"u": "laplace(u) + x*d_dx(u) + u"}, bc={"value": 0})  # d_x(x u) = u + x d_x u
    steps = math.ceil(until / (0.6 * ((high - low) / cells) ** 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of its own future
        solver = pde.solvers.ExplicitSolver(equation, scheme="runge-kutta")
        return grid, solver.make_stepper(pde.ScalarField(grid, 0.0), dt=until / steps)


def fokker_planck_pypde(averages: Floats, low: float, high: float, until: float) -> Floats:
    """Return u(until) of the same equation by py-pde, compiled; the density is zero at the ends."""
    import pde

    grid, stepper = _pypde_stepper(averages.size, low, high, until)
    field = pde.ScalarField(grid, averages.copy())
    stepper(field, 0.0, until)
    return np.asarray(field.data)
