"""What the particles of a mean-field study do, and the law that they have at the end.

Without noise they follow the exact flow, and have the exact law. With noise they collide at rate 1/eps (arXiv
2001.04294, (17) to (19)), and their law at finite eps, computed to many digits (`validation.exact.boltzmann`), is off
that of the Fokker-Planck equation by a bias which is known therefore: eps is made so small that it lies below a share
of the smallest floor, and does not show.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import particles
from particles import UNIFORM, Collisions, Scheme
from particles.base.errors import InputError
from particles.model import CONSTANT, Law, Model, MultivariateNormal, Normal, Product, SpaceLaw
from particles.noise import DEFAULT_NOISE, Noise
from validation.exact import boltzmann_law

FIRST = 0.02  # eps that is tried first
AIM = 0.07  # of the smallest floor, the bias that eps is chosen for
SHARE = 0.1  # of the smallest floor, that bias and equation's error stay below
MOST_STEPS = 20_000  # collisions of a particle
MOST_WORK = 3_000_000_000  # of all particles of a level's clouds together
_TRIALS = 8


@dataclass(frozen=True)
class Followed:
    """A scheme, its law at the end, by how much that is off the equation's, and mean steps of a particle."""

    scheme: Scheme
    law: Any
    bias: float
    steps: int

    def work(self, most: int) -> int:
        """Particles that the clouds of a level hold together: at most so many, and so many steps of them all."""
        return min(most, MOST_WORK // self.steps)

    @property
    def noise(self) -> str | None:
        """Name of the noise that is drawn; None without."""
        return self.scheme.noise.name if isinstance(self.scheme, Collisions) else None

    @property
    def eps(self) -> float | None:
        """eps of the collisions; None without noise."""
        return self.scheme.eps if isinstance(self.scheme, Collisions) else None


def noise_of(model: Model) -> Noise:
    """The noise that is drawn by default: bounded where a Gaussian one could leave the half line."""
    return UNIFORM if model.diffusion.half_line else DEFAULT_NOISE


def by_flow(law: Law | SpaceLaw) -> Followed:
    """Particles of the exact flow, whose law at the end is known."""
    return Followed(particles.ExactFlow(), law, 0.0, 1)


def by_collisions(model: Model, until: float, eps: float | None, off: Callable[[Any], float], floor: float) -> Followed:
    """Particles that collide, at a given eps or at the largest, about, whose bias lies below a tenth of the floor.

    Where more than 20 000 collisions would be needed it is the last trial, whose bias is too large; `told_needed` says
    so. `off` is the distance of their law to the equation's. On the line the clock is Poisson's; in R^d linear models
    collide all together with Gaussian noise, which leaves a normal law.
    """

    def at(eps: float) -> Followed:
        if model.size > 1:
            scheme = Collisions(eps, "synchronous")
            law: Law | SpaceLaw = linear_collisions_law(model, eps, round(until / eps))
        else:
            scheme = Collisions(eps, noise=noise_of(model))
            law = boltzmann_law(model, scheme, until)
        return Followed(scheme, law, off(law), math.ceil(until / eps * (1.0 - 1e-12)))

    return _fine(at, until, floor) if eps is None else at(eps)


def _fine(at: Callable[[float], Followed], until: float, floor: float) -> Followed:
    steps, found = math.ceil(until / FIRST), None
    for _ in range(_TRIALS):
        try:
            found = at(until / steps)
        except InputError:  # so few collisions do not preserve order, or leave a rough law
            if found is not None or 2 * steps > MOST_STEPS:
                raise
            steps *= 2
            continue
        if found.bias < SHARE * floor:
            break
        finer = needed(found, floor)
        if finer > MOST_STEPS:
            break
        steps = max(finer, steps + 1)
    assert found is not None
    return found


def linear_collisions_law(model: Model, eps: float, steps: int) -> MultivariateNormal:
    """Law after synchronous Gaussian collisions x' = x + eps (w x + b) + sqrt(eps) nu eta of a linear model in R^d.

        m' = (I + eps w) m + eps b,   S' = (I + eps w) S (I + eps w)^T + eps nu^2 I,   w with its 1/d

    Raises
    ------
    InputError
        If the drift is not linear, K is not 1, the model is not autonomous or walled, or the start is not normal.
    """
    require_linear(model)
    assert isinstance(model.initial, SpaceLaw)
    weight = model.weights(0.0)
    moved, shift = np.eye(model.size) + eps * weight[0], eps * model.biases(0.0, weight)[0]
    mean, covariance = np.asarray(model.initial.mean), np.asarray(model.initial.covariance)
    for _ in range(steps):
        mean = moved @ mean + shift
        covariance = moved @ covariance @ moved.T + eps * model.nu2 * np.eye(model.size)
    return MultivariateNormal(mean, 0.5 * (covariance + covariance.T))


def require_linear(model: Model) -> None:
    """Refuse a noisy model in R^d whose collisions have no known law."""
    parts = model.initial.components if isinstance(model.initial, Product) else ()
    if not (model.drift.linear and model.diffusion == CONSTANT and model.autonomous and model.walls is None):
        raise InputError(
            f"drift = {model.drift.name!r} with noise in R^{model.size}: the law of its collisions, and so their bias,"
            " is known for the identity with K = 1, constant weight and bias, and no walls"
        )
    if not (isinstance(model.initial, MultivariateNormal) or (parts and all(isinstance(p, Normal) for p in parts))):
        raise InputError("with noise in R^d the law of collisions is known for a normal start only")


def told_needed(found: Followed, until: float, allowed: float) -> str | None:
    """In words, the eps that would do, where the bias is above what is allowed; None where it is not."""
    if found.bias < allowed:
        return None
    steps = needed(found, allowed / SHARE)
    return f"eps = {until / steps:.2g}, {steps:,} collisions a particle"


def needed(found: Followed, floor: float) -> int:
    """Collisions of a particle that would do, by the order of the bias: 1 in eps, 1/2 for a skewed noise."""
    assert isinstance(found.scheme, Collisions)
    power = 2.0 if found.scheme.noise.third else 1.0
    return math.ceil(found.steps * math.pow(found.bias / (AIM * floor), power))
