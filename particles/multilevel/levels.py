"""Levels of dX = f(w X + b, X) dt + nu K(X) dW: samples of P_l - P_(l-1), the telescoping sum E P_L = sum_l of means.

Giles, Multilevel Monte Carlo path simulation (Oper. Res. 56, 2008). Level l takes n_l = n_0 2^l steps of dt_l = T/n_l;
its coarse path takes half as many under the same Brownian motion and is in law the fine path of level l - 1, so that
the sum telescopes. Draws are addressed by (seed, replicate = level, particle, step): levels are independent, and
particles 0, 1, 2, ... of a level go on where they stopped.

A distribution function is smoothed by the last step, which for it is one of Euler and Maruyama (Giles, Improved
multilevel Monte Carlo convergence using the Milstein scheme, 2008; Giles, Nagapetyan, Ritter, SIAM/ASA J. Uncertainty
Quantification 3, 2015, smooth by a kernel with a width to choose). Fine path, given X at T - dt:

    P(X_T <= y | X) = Phi((y - X - dt f)/(nu abs(K) sqrt(dt))).

Coarse path, given Y at T - 2 dt and also the increment dW' of the fine path's last step but one:

    P(Y_T <= y | Y, dW') = Phi((y - Y - 2 dt f - nu K dW')/(nu abs(K) sqrt(dt))).

Its mean over dW' is Phi((y - Y - 2 dt f)/(nu abs(K) sqrt(2 dt))), the fine path's of level l - 1: the sum telescopes,
while both paths know the Brownian motion up to T - dt. Where paths differ by dt (strong order 1) their variance is
O(dt^2) for moments and O(dt^(3/2)) here, since a share sqrt(dt) of the paths ends within sqrt(dt) of y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_one_of, require_positive
from particles.base.errors import InputError, NotFiniteError
from particles.base.parallel import Ranks
from particles.base.sums import exact_parts, exact_sums
from particles.ensemble import CHUNK, Ensemble
from particles.kernels import coupled, noisy
from particles.kernels.noisy import Constants, Ends, Place, Sizes
from particles.kernels.reductions import block_power_sums
from particles.kernels.walls import free
from particles.model.rule import Model
from particles.multilevel.quantities import Quantity
from particles.noise import DEFAULT_NOISE
from particles.philox import NOISE, Key, check_key, start_uniforms, stream

BLOCK = 64  # samples of a block: sums are formed a block at a time, then exactly
SCHEMES = {"euler-maruyama": noisy.euler_maruyama, "milstein": noisy.milstein}


@dataclass(frozen=True)
class Sums:
    """Samples of a level: their number, and sums of their values and squares, added exactly, batch after batch.

    Squares are about a value c near all of them, that of the level's first particle: sums of d^2 would lose in the
    variance what d^2 exceeds it by. `parts` are numbers whose exact sums are sum d, sum (d - c) and sum (d - c)^2 for
    each name of the quantity, first for d = P_l - P_(l-1), then for d = P_l.
    """

    count: int
    parts: tuple[tuple[float, ...], ...]

    def __add__(self, other: Sums) -> Sums:
        joined = (exact_parts([*a, *b]) for a, b in zip(self.parts, other.parts, strict=True))
        return Sums(self.count + other.count, tuple(map(tuple, joined)))

    def _sums(self, which: int) -> Floats:
        return np.array([math.fsum(part) for part in self.parts[which::3]]).reshape(2, -1)

    @property
    def mean(self) -> Floats:
        """Sample means, shape (2, names): of P_l - P_(l-1), of P_l."""
        return np.asarray(self._sums(0) / self.count)

    @property
    def variance(self) -> Floats:
        """Sample variances of a single sample, shape (2, names)."""
        return np.maximum(self._sums(2) - self._sums(1) ** 2 / self.count, 0.0) / (self.count - 1)


@dataclass(frozen=True)
class Levels:
    """The levels of a model up to the horizon.

    Parameters
    ----------
    model : Model
        On the line, with noise, without walls; the bias does not depend on the mean.
    until : float > 0
        Horizon T.
    quantity : Moments or DistributionFunction
    scheme : {"milstein", "euler-maruyama"}, default "milstein"
        The same where K is constant.
    coarsest : int >= 1, default 4
        Steps n_0 of level 0.
    seed : int in [0, 2**32), default 0

    Raises
    ------
    InputError
        If a value is out of range, or the model has no such levels.
    """

    model: Model
    until: float
    quantity: Quantity
    scheme: str = "milstein"
    coarsest: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        model = self.model
        require_positive("until", self.until)
        require_one_of("scheme", self.scheme, SCHEMES)
        require_count("coarsest", self.coarsest)
        check_key(self.seed, 0)
        if model.size != 1:
            raise InputError(f"multilevel needs one feature and one neuron, not a state of dimension {model.size}")
        if model.nu2 == 0.0:
            raise InputError(f"nu2 = {model.nu2!r}: multilevel is for models with noise, nu2 > 0")
        if model.walls is not None:
            raise InputError(f"walls = {model.walls!r}: multilevel is for models without walls")
        if model.mean_coupled:
            raise InputError("bias = 'mean-coupled': multilevel is for particles that do not interact")

    def dt(self, level: int) -> float:
        """Step of the fine path."""
        return self.until / self.coarsest * 0.5**level

    def steps(self, level: int) -> int:
        """Steps of the fine path."""
        return int(self.coarsest) << level

    def cost(self, level: int) -> int:
        """Particle-steps of one sample: of the fine path, and above level 0 of the coarse one."""
        return self.steps(level) + (self.steps(level - 1) if level > 0 else 0)

    def sample(self, level: int, part: range) -> tuple[Floats, Floats | None]:
        """Values of the fine and of the coarse paths of these particles, shape (names, particles).

        There is no coarse path at level 0.
        """
        weights, biases = self._parameters(level)
        u = start_uniforms(part.start, len(part), seed=self.seed, replicate=level)
        x = np.array(self.model.start.sample(u))
        y = x.copy() if level > 0 else None
        with np.errstate(over="ignore", invalid="ignore"):  # told by `sums`, for the whole level
            if self.quantity.smoothed:
                return self._before_last_step(level, part, x, y, weights, biases)
            self._advance(level, part, x, y, weights, biases)
            nowhere = np.zeros_like(x)
            coarse = None if y is None else self.quantity.values(y, nowhere)
            return self.quantity.values(x, nowhere), coarse

    def compile(self) -> None:
        """Compile all that a level needs, by the path of a single particle."""
        for level in (0, 1):
            self.sample(level, range(1))
        block_power_sums()(np.zeros(1), 0.0, 1, np.empty((2, 1)))

    def sums(self, level: int, blocks: range, ranks: Ranks) -> Sums:
        """Sums over blocks of `BLOCK` particles, the same on any number of ranks; NotFiniteError on all. Collective."""
        share = Ensemble(len(blocks) * BLOCK, ranks, BLOCK)
        begin, end = (blocks.start + share.first_block(rank) for rank in (ranks.rank, ranks.rank + 1))
        centres = _rows(*self.sample(level, range(1)))[:, 0].tolist()
        found = np.empty((3 * len(centres), end - begin))
        for first in range(begin, end, CHUNK // BLOCK):
            last = min(first + CHUNK // BLOCK, end)
            rows = _rows(*self.sample(level, range(first * BLOCK, last * BLOCK)))
            out, here = np.empty((2, last - first)), slice(first - begin, last - begin)
            for row, (values, centre) in enumerate(zip(rows, centres, strict=True)):
                block_power_sums()(values, 0.0, BLOCK, out)
                found[3 * row, here] = out[0]
                block_power_sums()(values, centre, BLOCK, out)
                found[3 * row + 1 : 3 * row + 3, here] = out
        parts = exact_sums(found, ranks)
        if not np.abs(parts).sum() < math.inf:
            message = f"a path of level {level}, dt = {self.dt(level):g}, is not finite: the coarsest step is too large"
            raise NotFiniteError(message, on_all_ranks=True)
        return Sums(len(blocks) * BLOCK, tuple(map(tuple, parts.tolist())))

    def _parameters(self, level: int) -> tuple[Floats, Floats]:
        """Weight and bias at the start of each step of the fine path; the coarse one has every other row."""
        times = np.arange(self.steps(level)) * self.dt(level)
        weights = self.model.weights(times)
        return weights[:, 0, 0].copy(), self.model.biases(times, weights)[:, 0].copy()

    def _sizes(self, level: int) -> Sizes:
        dt = self.dt(level)
        return Sizes(dt, math.sqrt(dt * self.model.nu2), 0.5 * self.model.nu2 * dt)

    @property
    def _constants(self) -> Constants:
        return Constants(self.model.drift.constants, self.model.diffusion.constants)

    @property
    def _formulas(self) -> tuple[Any, ...]:
        shape = self.model.diffusion
        return self.model.drift.value, shape.value, shape.derivative, SCHEMES[self.scheme]

    def _key(self, level: int) -> Key:
        return Key(self.seed, stream(NOISE, level))

    def _advance(self, level: int, part: range, x: Floats, y: Floats | None, weights: Floats, biases: Floats) -> None:
        """Carry both paths, in place, from time 0 over the steps of these parameters; an even number of them for y."""
        if y is None:
            self._fine_alone(level, part, x, weights, biases, 0)
            return
        sweep = coupled.coupled_line(*self._formulas, DEFAULT_NOISE.variates)
        sizes = (self._sizes(level), self._sizes(level - 1))
        sweep(x, y, weights, biases, sizes, self._constants, self._key(level), part.start)

    def _fine_alone(self, level: int, part: range, x: Floats, weights: Floats, biases: Floats, step: int) -> None:
        sweep = noisy.noisy_line(*self._formulas, free, DEFAULT_NOISE.variates)
        place, ends = Place(part.start, step, DEFAULT_NOISE.steps), Ends(-math.inf, math.inf)
        sweep(x, weights, biases, self._sizes(level), self._constants, ends, self._key(level), place)

    def _before_last_step(
        self, level: int, part: range, x: Floats, y: Floats | None, weights: Floats, biases: Floats
    ) -> tuple[Floats, Floats | None]:
        """Values given the Brownian motion up to T - dt, as the head of this file tells."""
        dt, sd, _ = self._sizes(level)
        n = self.steps(level)
        known = np.zeros_like(x)
        if y is None:
            self._advance(level, part, x, y, weights[:-1], biases[:-1])
            return self._given(x, known, weights[n - 1], biases[n - 1], dt, sd), None
        self._advance(level, part, x, y, weights[:-2], biases[:-2])
        self._fine_alone(level, part, x, weights[n - 2 : n - 1], biases[n - 2 : n - 1], n - 2)
        fine = self._given(x, known, weights[n - 1], biases[n - 1], dt, sd)
        coupled.variates_of_step(DEFAULT_NOISE.variates)(part.start, n - 2, self._key(level), known)
        return fine, self._given(y, known, weights[n - 2], biases[n - 2], 2.0 * dt, sd)

    def _given(self, x: Floats, known: Floats, w: float, b: float, dt: float, sd: float) -> Floats:
        mean, spread = np.empty_like(x), np.empty_like(x)
        loop = coupled.last_step(self.model.drift.value, self.model.diffusion.value)
        loop(x, known, float(w), float(b), Sizes(dt, sd), self._constants, mean, spread)
        return self.quantity.values(mean, spread)


def _rows(fine: Floats, coarse: Floats | None) -> Floats:
    """P_l - P_(l-1), or P_0, and P_l of every particle, shape (2 names, particles)."""
    return np.concatenate([fine if coarse is None else fine - coarse, fine])
