"""Derivatives of the explicit scheme on the line by numbers that its speeds hang on, the weights of CWENO included.

With v = du/dtheta, the stages of `kinetic.line.integrate` become

    v^(k) = v^n + B_k (v^(k-1) - v^n + dt dL),   dF = (ds/dtheta) u_up + s v_up,

u_up the upwind state of a face and v_up its derivative: that of the reconstruction, whose nonlinear weights move with
the averages. Held fixed they would give another number, of the same order but not the derivative of what was computed:
a line search along it stalls. The steps, their lengths and the eps of the weights are held.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from kinetic.line.cweno import HighOrder
from kinetic.line.reconstruction import CWENO3, Linear, Reconstruction, Three, edges, ghost
from kinetic.line.tableau import SSPRK3
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma

Constants = tuple[float, float, float, float]


@formula
def _power_1(x: float) -> tuple[float, float]:
    return x, 1.0


@formula
def _power_2(x: float) -> tuple[float, float]:
    return x * x, 2.0 * x


@formula
def _power_3(x: float) -> tuple[float, float]:
    return x * x * x, 3.0 * x * x


_POWERS = {1: _power_1, 2: _power_2, 3: _power_3}


@formula
def _shift_z(tau: float) -> float:
    return 1.0


@formula
def _shift_none(tau: float) -> float:
    return 0.0


@functools.cache
def _of_weights(power: Formula, shift: Formula) -> Formula:
    """d(p0, p1, p2) of CWENO3, from three averages and their derivatives; CWZ with shift 1, CW with 0."""

    @formula
    def tangent(a: float, u: float, b: float, da: float, du: float, db: float, constants: Constants) -> Three:
        c_side, c_0, over_c0, eps = constants
        left, right, d_left, d_right = u - a, b - u, du - da, db - du
        d1, d2, d_d1, d_d2 = left + right, right - left, d_left + d_right, d_right - d_left
        i_l, i_r = fma(left, left, eps), fma(right, right, eps)
        i_0 = fma(0.25 * d1, d1, fma((13.0 / 12.0) * over_c0 * over_c0 * d2, d2, eps))
        d_il, d_ir = 2.0 * left * d_left, 2.0 * right * d_right
        d_i0 = fma(0.5 * d1, d_d1, (13.0 / 6.0) * over_c0 * over_c0 * d2 * d_d2)
        gap, d_gap = i_l + i_r - 2.0 * i_0, d_il + d_ir - 2.0 * d_i0
        (k_l, m_l), (k_0, m_0), (k_r, m_r), (tau, m_tau) = power(i_l), power(i_0), power(i_r), power(abs(gap))
        on = shift(tau)
        tau, d_tau = on * tau, on * m_tau * (d_gap if gap >= 0.0 else -d_gap)
        # alpha_k = C_k (1 + tau/I_k^p), CW without the 1 and with tau = 1, each over I_0^p alpha_k I_l^p I_r^p before
        top = 1.0 - on
        n_l, n_0, n_r = on * k_l + tau + top, on * k_0 + tau + top, on * k_r + tau + top
        a_l, a_0, a_r = c_side * n_l / k_l, c_0 * n_0 / k_0, c_side * n_r / k_r
        d_al = c_side * ((on * m_l * d_il + d_tau) - n_l / k_l * m_l * d_il) / k_l
        d_a0 = c_0 * ((on * m_0 * d_i0 + d_tau) - n_0 / k_0 * m_0 * d_i0) / k_0
        d_ar = c_side * ((on * m_r * d_ir + d_tau) - n_r / k_r * m_r * d_ir) / k_r
        total, d_total = a_l + a_0 + a_r, d_al + d_a0 + d_ar
        w_l, w_0, w_r = a_l / total, a_0 / total, a_r / total
        d_wl, d_w0 = (d_al - w_l * d_total) / total, (d_a0 - w_0 * d_total) / total
        d_wr = (d_ar - w_r * d_total) / total
        bend = over_c0 * (w_0 * d_d2 + d_w0 * d2)
        slope = 0.5 * (w_0 * d_d1 + d_w0 * d1) + (w_l * d_left + d_wl * left) + (w_r * d_right + d_wr * right)
        return fma(bend, -1.0 / 24.0, du), slope, 0.5 * bend

    return tangent


@formula
def _of_optimal(a: float, u: float, b: float, da: float, du: float, db: float, constants: Constants) -> Three:
    bend = (db - du) - (du - da)
    return fma(bend, -1.0 / 24.0, du), 0.5 * (db - da), 0.5 * bend


def polynomial_tangent(reconstruction: Reconstruction | HighOrder) -> Formula:
    """Formula (u_{j-1}, u_j, u_{j+1}, their derivatives, constants) -> derivatives of p0, p1, p2.

    Raises
    ------
    InputError
        If the reconstruction is positive: drawing up to zero has no derivative.
    """
    if isinstance(reconstruction, HighOrder):
        name = type(reconstruction).__name__
        raise InputError(f"reconstruction = {name} has no derivative: allowed is CWENO3 or Linear")
    if reconstruction.positive:
        raise InputError(f"reconstruction = {reconstruction!r} has no derivative: allowed is positive = False")
    if isinstance(reconstruction, Linear):
        return _of_optimal
    assert isinstance(reconstruction, CWENO3)
    return _of_weights(_POWERS[reconstruction.p], _shift_z if reconstruction.weights == "CWZ" else _shift_none)


@kernel
def _stage(polynomial: Formula, tangent: Formula) -> Formula:
    """Fluxes and their derivatives of one number; what leaves stays outside, nothing enters ("wall")."""

    def loop(u: Any, v: Any, speeds: Any, by_theta: Any, constants: Any, work: Any, flux: Any, d_flux: Any) -> None:
        n = u.size - 2
        low, high, d_low, d_high = work
        for x in (u, v):
            x[0], x[n + 1] = ghost(x[1], x[2], x[3]), ghost(x[n], x[n - 1], x[n - 2])
        for j in range(1, n + 1):
            low[j], high[j] = edges(polynomial(u[j - 1], u[j], u[j + 1], constants))
            parts = tangent(u[j - 1], u[j], u[j + 1], v[j - 1], v[j], v[j + 1], constants)
            d_low[j], d_high[j] = edges(parts)
        for i in range(n + 1):
            s, ds = speeds[i], by_theta[i]
            upper = s > 0.0
            inside = i > 0 if upper else i < n
            state = (high[i] if upper else low[i + 1]) if inside else 0.0
            moved = (d_high[i] if upper else d_low[i + 1]) if inside else 0.0
            flux[i], d_flux[i] = s * state, fma(ds, state, s * moved)

    return loop


class TangentIntegrator:
    """A state, its derivatives by several numbers, and their common steps; steady speeds, "wall".

    Parameters
    ----------
    speeds : ndarray, shape (N + 1,)
    by_theta : ndarray, shape (n, N + 1)
        Derivatives of the speeds.
    h : float
    reconstruction : CWENO3 or Linear
    averages : ndarray, shape (N,)
        At the start; they do not hang on the numbers.
    atoms : ndarray, shape (2,)
    """

    def __init__(
        self,
        speeds: Floats,
        by_theta: Floats,
        h: float,
        reconstruction: Reconstruction,
        averages: Floats,
        atoms: Floats,
    ) -> None:
        n = averages.size
        self._speeds, self._by_theta, self._h = speeds, np.ascontiguousarray(by_theta), h
        self._constants = reconstruction.constants(h, averages)
        self._loop = _stage(reconstruction.polynomial, polynomial_tangent(reconstruction))
        self._work = tuple(np.zeros(n + 2) for _ in range(4))
        self.averages, self.atoms = averages.copy(), np.array(atoms, dtype=np.float64)
        self.by_averages, self.by_atoms = np.zeros((len(by_theta), n)), np.zeros((len(by_theta), 2))

    def advance(self, dt: float, count: int) -> None:
        """Do `count` steps."""
        for _ in range(count):
            start = self.averages, self.atoms, self.by_averages, self.by_atoms
            for share in SSPRK3.share:
                self._stage(start, share, dt)

    def _stage(self, start: tuple[Floats, Floats, Floats, Floats], share: float, dt: float) -> None:
        u, out = np.zeros(self.averages.size + 2), np.zeros(self.averages.size + 1)
        d_flux = np.zeros((len(self._by_theta), out.size))
        u[1:-1] = self.averages
        for row, by, found in zip(self.by_averages, self._by_theta, d_flux, strict=True):
            v = np.zeros_like(u)
            v[1:-1] = row
            self._loop(u, v, self._speeds, by, self._constants, self._work, out, found)
        scale = share * dt / self._h
        old_u, old_atoms, old_v, old_by = start
        self.averages = old_u + (share * (self.averages - old_u) - scale * np.diff(out))
        self.by_averages = old_v + (share * (self.by_averages - old_v) - scale * np.diff(d_flux))
        left, d_left = out[[0, -1]] * [-1.0, 1.0], d_flux[:, [0, -1]] * [-1.0, 1.0]
        self.atoms = old_atoms + (share * (self.atoms - old_atoms) + share * dt * left)
        self.by_atoms = old_by + (share * (self.by_atoms - old_by) + share * dt * d_left)
