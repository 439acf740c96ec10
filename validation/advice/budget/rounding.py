"""What rounding does to a particle: the same steps, the same starts and the same noise, in 80-bit arithmetic.

The float64 run is the scheme's own kernel; beside it x' = x + dt f(w x + b, x) + sqrt(eps) nu K(x) eta is formed in
extended precision by the drift's `extended`. Rounding moves W1 by at most the mean of abs(x_64 - x_80), which is told.
For the Poisson and the Nanbu clock the steps are those of the synchronous one at the same tau: as many on average.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles import Collisions, Euler, carry
from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.ensemble import Ensemble
from particles.model import IDENTITY, Dirac, Model
from particles.noise import Noise

PARTICLES = 512
"""Particles of the experiment."""
MOST_STEPS = 5_000
"""Steps at most; rounding over more is told in proportion."""
_SEED = 0
_Long = Any  # numpy's extended floats have no type of their own


def rounding(model: Model, scheme: Euler | Collisions, until: float) -> float:
    """Return the mean of abs(x_64 - x_80) at `until` > 0 over `PARTICLES` particles, in R^d without noise.

    InputError if the drift or the noise shape has no formula in extended precision, or this machine no such numbers.
    """
    if np.finfo(np.longdouble).eps > 2.0**-60:
        raise InputError("extended precision is not known to this machine's arithmetic")
    stepper: Euler | Collisions
    if isinstance(scheme, Euler):
        dt = until / scheme.layers if scheme.layers is not None else float(scheme.dt or 0.0)
        stepper, noise, size = Euler(dt=dt), None, dt
    else:
        dt, noise, size = scheme.mean_time, scheme.noise, scheme.eps
        stepper = Collisions(size, "synchronous", noise, tau=dt)
    steps = max(1, round(until / dt))
    now = min(steps, MOST_STEPS)
    start = Ensemble(PARTICLES, parallel.serial()).start(model, "random", _SEED, 0)
    fine = carry(model, stepper, start if model.size > 1 else start[0], now * dt, seed=_SEED).reshape(start.shape)
    exact = start.astype(np.longdouble)
    times = np.arange(now) * dt
    weights = model.weights(times)
    biases = model.biases(times, weights, None)
    low, high = (np.array(walls)[:, None] for walls in zip(*model.box, strict=True))
    for k in range(now):
        eta = None if noise is None else _draws(noise, k)
        moved = _moved(model, exact, (weights[k], biases[k]), size, eta)
        exact = np.where((exact <= low) | (exact >= high), exact, np.clip(moved, low, high))
    return float(np.sqrt(((fine - exact) ** 2).sum(axis=0)).mean()) * steps / now


def _draws(noise: Noise, step: int) -> Floats:
    """The kernel's own draws of a step: a collision with eps = nu = 1 of particles at rest at 0."""
    still = Model(drift=IDENTITY, weight=0.0, bias=0.0, nu2=1.0, initial=Dirac(0.0))
    one = Collisions(1.0, "synchronous", noise)
    return carry(still, one, np.zeros(PARTICLES), step + 1.0, start=float(step), seed=_SEED)


def _moved(model: Model, x: _Long, row: tuple[Floats, Floats], size: float, eta: Floats | None) -> _Long:
    w, b = (part.astype(np.longdouble) for part in row)
    u = (w[:, :, None] * x).sum(axis=1) + b[:, None]
    step = np.longdouble(size)
    if model.drift.extended is None:
        raise InputError(f"drift {model.drift.name!r} has no formula in extended precision: it must state `extended`")
    c = [np.longdouble(number) for number in model.drift.constants]
    moved = x + step * model.drift.extended(u, x, c)
    if eta is None:
        return moved
    if model.diffusion.power is None:
        raise InputError(
            f"noise shape {model.diffusion.name!r} has no formula in extended precision: state its `power`"
        )
    return moved + np.sqrt(step * np.longdouble(model.nu2)) * x**model.diffusion.power * eta
