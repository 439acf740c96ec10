"""Schemes with noise: Boltzmann's collisions at finite eps, and Milstein's for the limiting equation.

A collision is x' = x + eps f(u, x) + sqrt(eps) K(x) eta with E eta = 0, E eta^2 = nu^2 (arXiv 2001.04294, (17), (18)),
at rate 1/tau; the scaling (19) that leads to the Fokker-Planck equation has tau = eps. With eps = 1 and tau given it
is the unscaled rule.

===========  ======================================================  ==================================================
clock        collisions of a particle in a step dt                   error
===========  ======================================================  ==================================================
poisson      Poisson(dt/tau), one after the other                    none for constant w, b; O(dt) where they are frozen
nanbu        one with probability dt/tau, else none                  O(dt)
synchronous  one, dt = tau: Euler-Maruyama with noise eta            O(dt)
===========  ======================================================  ==================================================

Noise words are addressed by (particle, step, component, draw) under a key of their own, clocks under another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from particles import vmath
from particles.base.arrays import Floats
from particles.base.checks import require_one_of, require_positive, require_type
from particles.base.errors import InputError
from particles.base.jit import Formula
from particles.kernels import counted, noisy
from particles.kernels.adjoint import given_slope
from particles.kernels.noisy import Constants, Ends, Keys, Place, Sizes
from particles.model.rule import Model
from particles.noise import DEFAULT_NOISE, Noise
from particles.philox import CLOCK, NOISE, Address
from particles.schemes.noisy import advance_together, leaves_half_line, longest, retrace_space
from particles.schemes.scheme import Scheme, even_levels, wall_of

CLOCKS = ("poisson", "nanbu", "synchronous")
_COMPONENTS = 2**12  # that the counter of a collision's draw leaves room for, beside 2^20 draws a step
_MOST = 500.0  # collisions of a particle in a step: beyond, exp(-dt/tau) nears the smallest number


@dataclass(frozen=True)
class Collisions(Scheme):
    """Boltzmann collisions.

    Parameters
    ----------
    eps : float > 0
        Scaling of the interaction; 1 for the unscaled rule.
    clock : {"poisson", "nanbu", "synchronous"}, default "poisson"
    noise : Noise, default GAUSSIAN24
        Law of eta/nu.
    dt : float > 0, optional
        Step of the clock; snapshots are multiples of it. Default: tau for "synchronous", for "nanbu" and for
        parameters that change in time; else the horizon over a power of two, at most 64 tau.
    tau : float > 0, optional
        Mean time between the collisions of a particle; default eps.

    Raises
    ------
    InputError
        If a value is out of range, or dt does not suit the clock.

    See Also
    --------
    Milstein : The limit of the collisions, by steps of its own.
    kinetic.Imex : Its Fokker-Planck equation.

    Examples
    --------
    >>> from particles import Collisions, simulate
    >>> from particles.model import cases
    >>> noisy = cases["fokker-planck"].model  # m1(0) = -3/4, m1' = -m1
    >>> cloud = simulate(noisy, Collisions(eps=0.1), count=1000, until=1.0)
    >>> print(f"{cloud.at(1.0).mean[0]:.2f}")  # -0.28 as count grows, for every eps
    -0.26
    >>> Collisions(eps=0.1, clock="sometimes")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: clock = 'sometimes' must be one of poisson, nanbu, synchronous
    """

    eps: float
    clock: str = "poisson"
    noise: Noise = field(default=DEFAULT_NOISE)
    dt: float | None = None
    tau: float | None = None
    order: ClassVar[float] = 1.0
    corrected: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_type("noise", self.noise, Noise, "a Noise of `particles.noise`")
        for name, value in (("eps", self.eps), ("dt", self.dt), ("tau", self.tau)):
            if value is not None:
                require_positive(name, value)
        require_one_of("clock", self.clock, CLOCKS)
        if self.dt is None:
            return
        if self.clock == "synchronous" and self.dt != self.mean_time:
            raise InputError(f"dt = {self.dt!r} must be tau = {self.mean_time!r} for the synchronous clock")
        if self.clock == "nanbu" and self.dt > self.mean_time:
            raise InputError(f"dt = {self.dt!r} must be at most tau = {self.mean_time!r} for the nanbu clock")
        if self.dt / self.mean_time > _MOST:
            raise InputError(f"dt = {self.dt!r} must be at most {_MOST:g} tau = {_MOST * self.mean_time!r}")

    def __repr__(self) -> str:
        extra = "".join(f", {name}={value!r}" for name, value in (("dt", self.dt), ("tau", self.tau)) if value)
        return f"Collisions(eps={self.eps!r}, clock={self.clock!r}, noise={self.noise.name!r}{extra})"

    @property
    def mean_time(self) -> float:
        """tau."""
        return self.eps if self.tau is None else self.tau

    def step(self, model: Model, until: float) -> float:
        """dt of a run up to `until`."""
        if self.dt is not None:
            return self.dt
        longest = 64.0 * self.mean_time
        if self.clock != "poisson" or not model.autonomous:
            return self.mean_time
        while until > longest:
            until = 0.5 * until
        return until

    def levels(self, model: Model, until: float, stops: Sequence[float]) -> Floats:
        """Time levels 0, dt, 2 dt, ..., until; every stop is one of them, or InputError."""
        if self.clock != "synchronous" and model.size > _COMPONENTS:
            raise InputError(f"{model.size} components: the {self.clock} clock addresses at most {_COMPONENTS}")
        return even_levels(until, stops, self.step(model, until))

    def advance(self, model: Model, state: Floats, parameters: tuple[Any, ...], address: Address) -> None:
        """Carry `state`, shape (D, m), over the steps, in place."""
        weights, biases, dt = parameters
        sizes = Sizes(self.eps, math.sqrt(self.eps * model.nu2))
        if self.clock == "synchronous":
            advance_together(model, state, (weights, biases), sizes, self.noise, noisy.euler_maruyama, address)
            return
        thresholds = self._thresholds(dt)
        wall, low, high = wall_of(model, longest(model, weights, biases, sizes, self.noise))
        sweep = counted.counted_collisions(model.drift.value, model.diffusion.value, wall, self.noise.variates)
        constants = Constants(model.drift.constants, model.diffusion.constants)
        keys = Keys(address.key(NOISE), address.key(CLOCK))
        place = Place(address.first, address.step, self.noise.steps)
        sweep(state, weights, biases, sizes, constants, Ends(low, high), keys, place, thresholds)

    def require_adjoint(self, model: Model) -> None:
        """Nothing is refused."""

    def retrace(
        self, model: Model, state: Floats, slopes: Floats, parameters: tuple[Any, ...], address: Address, block: int,
        start: Formula = given_slope,
    ) -> Floats:  # fmt: skip
        """The pathwise adjoint of `advance`, the numbers held fixed, see `Scheme.retrace`.

        How often a particle collides does not depend on weights, biases and nu^2; it does on eps and the horizon.
        """
        weights, biases, dt = parameters
        sizes = Sizes(self.eps, math.sqrt(self.eps * model.nu2))
        thresholds = None if self.clock == "synchronous" else self._thresholds(dt)
        return retrace_space(
            model, state, slopes, (weights, biases), sizes, address, block, start, self.noise, thresholds
        )

    def _thresholds(self, dt: float) -> NDArray[np.uint64]:
        rate = dt / self.mean_time
        return poisson_thresholds(rate) if self.clock == "poisson" else bernoulli_threshold(rate)

    def stride(self, levels: Floats) -> float:
        """eps, of a collision."""
        return self.eps

    def passes(self, levels: Floats) -> float:
        """Mean number of collisions in a step of the Poisson clock; 1 of the others, which look at every particle."""
        return max(1.0, float(levels[1]) / self.mean_time) if self.clock == "poisson" else 1.0

    def cautions(self, model: Model) -> tuple[str, ...]:
        """Sentences for a person before a run: collisions that can leave the half line of K = x."""
        return leaves_half_line(model, self.noise, self.eps)


def poisson_thresholds(rate: float) -> NDArray[np.uint64]:
    """Return floor(2^64 P(N <= n)), n = 0, 1, ..., for N ~ Poisson(rate): a 64-bit number reaches N of them.

    By + x / and `vmath` alone, so the table is the same everywhere. The rate is common to all particles.
    """
    share, total, n, table = vmath.exp(-rate), 0.0, 0, []
    while True:
        total += share
        table.append(min(int(total * 2.0**64), 2**64 - 1))
        n += 1
        share *= rate / n
        if n > rate and share < 2.0**-70:
            return np.array(table, dtype=np.uint64)


def bernoulli_threshold(probability: float) -> NDArray[np.uint64]:
    """Return the one threshold of an event of this probability."""
    return np.array([min(int((1.0 - probability) * 2.0**64), 2**64 - 1)], dtype=np.uint64)
