"""What the particles of a mean-field study do, and the law that they have at the end.

Without noise they follow the exact flow, and have the exact law. With noise they collide at rate 1/eps (arXiv
2001.04294, (17) to (19)), and their law at finite eps, computed to many digits (`validation.exact.boltzmann`), is off
that of the Fokker-Planck equation by a bias which is known therefore: eps is made so small that it lies below a share
of the smallest floor, and does not show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import particles
from particles import GAUSSIAN, UNIFORM, Collisions, Scheme
from particles.base.errors import InputError
from particles.model import Law, Model
from particles.noise import Noise
from validation.exact import boltzmann_law
from validation.studies.chart import Chart, law_in
from validation.studies.distances import Distance

FIRST = 0.02  # eps that is tried first
AIM = 0.07  # of the smallest floor, the bias that eps is chosen for
SHARE = 0.1  # of the smallest floor, that bias and equation's error stay below
MOST_STEPS = 20_000  # collisions of a particle
_TRIALS = 8


@dataclass(frozen=True)
class Followed:
    """A scheme, its law at the end, by how much that is off the equation's, and mean steps of a particle."""

    scheme: Scheme
    law: Law
    bias: float
    steps: int

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
    return UNIFORM if model.diffusion.half_line else GAUSSIAN


def by_flow(law: Law) -> Followed:
    """Particles of the exact flow, whose law at the end is known."""
    return Followed(particles.ExactFlow(), law, 0.0, 1)


def by_collisions(model: Model, until: float, eps: float, chart: Chart, limit: Law, distance: Distance) -> Followed:
    """Particles that collide by the Poisson clock at a given eps."""
    scheme = Collisions(eps, noise=noise_of(model))
    law = boltzmann_law(model, scheme, until)
    bias = distance.of_laws(law_in(chart, law), law_in(chart, limit))
    return Followed(scheme, law, bias, math.ceil(until / eps))


def by_fine_collisions(
    model: Model, until: float, chart: Chart, limit: Law, distance: Distance, floor: float
) -> Followed:
    """The same at the largest eps = until/n, about, that makes the bias less than a tenth of the floor.

    Where more than 20 000 collisions would be needed, the last trial, whose bias is too large; `needed` tells it.
    """
    steps, found = math.ceil(until / FIRST), None
    for _ in range(_TRIALS):
        try:
            found = by_collisions(model, until, until / steps, chart, limit, distance)
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
