"""What schemes with noise share: steps of all particles together, the longest step, and where K = x is left."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.jit import Formula
from particles.kernels import noisy
from particles.kernels.adjoint_space import Box, adjoint_space
from particles.kernels.noisy import Constants, Ends, Keys, Place, Sizes
from particles.model.rule import Model
from particles.noise import Noise
from particles.philox import CLOCK, NOISE, Address
from particles.schemes.scheme import blocks_of, largest_drift, parts_of, slope_of, wall_of

_BITS = 128  # steps that a counter serves where a step needs one bit


def advance_together(
    model: Model, state: Floats, rows: tuple[Any, ...], sizes: Sizes, noise: Noise, push: Any, address: Address
) -> None:
    """Carry a state through noisy steps of one length by the kernel of its noise, in place; `push` makes a step."""
    weights, biases = rows
    shape = model.diffusion
    constants, key = Constants(model.drift.constants, shape.constants), address.key(NOISE)
    place = Place(address.first, address.step, _BITS if single_bits(model, noise) else noise.steps)
    wall, low, high = wall_of(model, longest(model, weights, biases, sizes, noise))
    formulas = (model.drift.value, shape.value, shape.derivative, push, wall)
    if model.size > 1:
        sweep = noisy.noisy_space(*formulas, noise.variates)
        sweep(state, weights, biases, sizes, constants, Ends(low, high), key, place)
        return
    ends = Ends(float(low[0]), float(high[0]))
    sweep = noisy.two_point_line(*formulas) if noise.bits else noisy.noisy_line(*formulas, noise.variates)
    sweep(state[0], weights[:, 0, 0].copy(), biases[:, 0].copy(), sizes, constants, ends, key, place)


def retrace_space(
    model: Model, state: Floats, slopes: Floats, rows: tuple[Floats, Floats], sizes: Sizes, address: Address,
    block: int, start: Formula, noise: Noise | None = None, thresholds: NDArray[np.uint64] | None = None,
    push: Formula = noisy.euler_maruyama,
) -> Floats:  # fmt: skip
    """The adjoint of steps in R^D, see `Scheme.retrace`; with `noise`, and `thresholds` where pushes are counted."""
    weights, biases = rows
    drift, shape = model.drift, model.diffusion
    wall, low, high = wall_of(model, longest(model, weights, biases, sizes, noise) if noise is not None else math.inf)
    formulas = (
        drift.value, drift.f_u_of_value, drift.f_x, shape.value, shape.derivative, wall, slope_of(wall), drift.f_c, push
    )  # fmt: skip
    counted = thresholds is not None
    bits = noise is not None and not counted and single_bits(model, noise)
    sweep = adjoint_space(formulas, start, noise, counted=counted, bits=bits)
    out = np.zeros((blocks_of(state, block), len(weights), parts_of(model)))
    box = Box(low, high)
    keys = Keys(address.key(NOISE), address.key(CLOCK))
    place = Place(address.first, address.step, 1 if noise is None else _BITS if bits else noise.steps)
    numbers = sizes, Constants(drift.constants, shape.constants)
    limits = np.zeros(0, dtype=np.uint64) if thresholds is None else thresholds
    sweep(state, slopes, weights, biases, numbers, box, keys, place, limits, block, out)
    out[:, :, -2] *= 0.5 * sizes.sd / model.nu2 if model.nu2 > 0.0 else 0.0
    return out


def single_bits(model: Model, noise: Noise) -> bool:
    """Whether a step of all particles together takes one bit of each, so that a counter serves 128 of them."""
    return noise.bits and model.size == 1


def longest(model: Model, weights: Floats, biases: Floats, sizes: Sizes, noise: Noise) -> float:
    """A bound of a component's step between finite walls: dt abs(f) + sd abs(K eta) + half abs(K K' (eta^2 - 1))."""
    drift = largest_drift(model, weights, biases)
    if not (math.isfinite(drift) and math.isfinite(noise.reach) and model.diffusion.power is not None):
        return math.inf
    shape, c, walls = model.diffusion, model.diffusion.constants, np.ravel(model.box).tolist()
    k, slope = (max(abs(float(formula(wall, c))) for wall in walls) for formula in (shape.value, shape.derivative))
    dt, sd, half = sizes
    return dt * drift + sd * k * noise.reach + half * k * slope * (noise.reach**2 + 1.0)


def leaves_half_line(model: Model, noise: Noise, eps: float) -> tuple[str, ...]:
    """Say when K = x with this noise can carry a particle across 0, which the limiting equation never does.

    One collision takes x > 0 to x (1 + sqrt(eps) nu eta) + eps f. Where f >= -abs(w) x it stays positive if
    1 - eps abs(w) > sqrt(eps) nu sup abs(eta): so with a drift of positive sign, or one that contracts and b >= 0.
    """
    walled = all(low > 0.0 for low, _ in model.box)
    if not model.diffusion.half_line or model.nu2 == 0.0 or walled:
        return ()
    if _stays_positive(model, noise, eps):
        return ()
    return (f"K = x with {noise.name} noise at step {eps:g} can carry particles across 0; they are counted at the end",)


def _stays_positive(model: Model, noise: Noise, eps: float) -> bool:
    largest = math.sqrt(eps * model.nu2) * noise.bound
    if model.drift.sign > 0:
        return largest < 1.0
    if not model.drift.contracts or model.size > 1 or not model.autonomous:
        return False
    weights = model.weights(0.0)
    return bool(model.biases(0.0, weights)[0, 0] >= 0.0 and 1.0 - eps * abs(weights[0, 0, 0]) > largest)
