"""One step of the classical Runge-Kutta scheme, for all that is carried along characteristics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from particles.base.arrays import Floats


def runge_kutta_4(rate: Callable[[Floats, float], Floats], x: Floats, t: float, dt: float) -> Floats:
    """One step of the classical Runge-Kutta scheme for x' = rate(x, t)."""
    k1 = rate(x, t)
    k2 = rate(x + 0.5 * dt * k1, t + 0.5 * dt)
    k3 = rate(x + 0.5 * dt * k2, t + 0.5 * dt)
    k4 = rate(x + dt * k3, t + dt)
    return np.asarray(x + dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4))
