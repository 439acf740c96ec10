"""The sweeps with noise: x <- x + dt f(u, x) + sd K(x) eta, the draws addressed by (particle, step, component).

Variates of a group of steps are drawn for a whole tile into a small buffer, one row a step, and used row by row: both
loops run over contiguous particles. A sweep may start or end inside a group; the group is then drawn again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from particles.base.jit import Formula, formula, kernel
from particles.base.lanes import LANES, load, store
from particles.base.shims import fma
from particles.base.words import counting, everywhere, low_word, takes_lanes
from particles.kernels.space import affine
from particles.noise import sign_of_bit
from particles.philox import LOW, SHIFT, Key, philox4x32

WIDTH = 1024  # particles of a tile: with the buffer of four rows 40 KiB


class Sizes(NamedTuple):
    """Numbers of a step: dt (eps of a collision), sd = sqrt(dt nu^2), half = nu^2 dt/2 of Milstein's term, else 0."""

    dt: float
    sd: float
    half: float = 0.0


class Constants(NamedTuple):
    """Constants of the formulas f and K."""

    drift: tuple[float, ...]
    shape: tuple[float, ...]


class Ends(NamedTuple):
    """Where the walls are: numbers on the line, arrays of one number a component for kernels in R^D."""

    low: Any
    high: Any


class Place(NamedTuple):
    """First particle and first step of a sweep, and the steps that one counter serves."""

    first: int
    step: int
    per: int


class Keys(NamedTuple):
    """Keys of the draws of collisions: their noise, and the clocks that say how many there are."""

    noise: Key
    clock: Key


@formula
def euler_maruyama(moved: float, k: float, dk: float, eta: float, sd: float, half: float) -> float:
    """A collision, or a step of Euler and Maruyama: moved + sd K eta."""
    return fma(sd * k, eta, moved)


@formula
def milstein(moved: float, k: float, dk: float, eta: float, sd: float, half: float) -> float:
    """Milstein's step: moved + sd K eta + half K K' (eta^2 - 1), half = nu^2 dt/2."""
    return fma(sd * k, eta, fma(half * k * dk, fma(eta, eta, -1.0), moved))


@kernel
def fill_variates(variates: Formula) -> Formula:
    """Four variates of each particle of a tile, rows of `out`; counter (particle, block of steps, component)."""
    if takes_lanes(variates):
        return _fill_lanes(variates, _counted)

    def fill(first: int, block: int, component: int, key: Key, out: Any, count: int) -> None:
        k0, k1 = np.uint64(key[0]), np.uint64(key[1])
        c2, c3 = np.uint64(block), np.uint64(component)
        flat = out.reshape(-1)
        for i in range(count):
            particle = np.uint64(first + i)
            w0, w1, w2, w3 = philox4x32(particle & LOW, particle >> SHIFT, c2, c3, k0, k1)
            n0, n1, n2, n3 = variates(w0, w1, w2, w3)
            flat[i] = n0
            flat[WIDTH + i] = n1  # constant offsets: with others the loop stays scalar
            flat[2 * WIDTH + i] = n2
            flat[3 * WIDTH + i] = n3

    return fill


@kernel
def fill_variates_of(variates: Formula) -> Formula:
    """The same for particles in any order, given by their numbers."""
    if takes_lanes(variates):
        return _fill_lanes(variates, load)

    def fill(particles: Any, block: int, draw: int, key: Key, out: Any, count: int) -> None:
        k0, k1 = np.uint64(key[0]), np.uint64(key[1])
        c2, c3 = np.uint64(block), np.uint64(draw)
        flat = out.reshape(-1)
        for i in range(count):
            w0, w1, w2, w3 = philox4x32(particles[i] & LOW, particles[i] >> SHIFT, c2, c3, k0, k1)
            n0, n1, n2, n3 = variates(w0, w1, w2, w3)
            flat[i] = n0
            flat[WIDTH + i] = n1
            flat[2 * WIDTH + i] = n2
            flat[3 * WIDTH + i] = n3

    return fill


@formula
def _counted(first: int, at: int) -> Any:
    return counting(first + at)


def _fill_lanes(variates: Formula, particles_at: Formula) -> Formula:
    """The same for a formula that takes lanes; of a row more may be filled than is asked for, up to the next 32.

    The words of 32 particles are drawn before the first is used: their chains of ten rounds run side by side.
    """

    def fill(particles: Any, block: int, component: int, key: Key, out: Any, count: int) -> None:
        k0, k1 = np.uint64(key[0]) & LOW, np.uint64(key[1]) & LOW
        c2, c3 = everywhere(np.uint64(block) & LOW), everywhere(np.uint64(component) & LOW)
        flat = out.reshape(-1)
        for i in range(0, count, 2 * LANES):
            one, two = particles_at(particles, i), particles_at(particles, i + LANES)
            v0, v1, v2, v3 = philox4x32(one & LOW, one >> SHIFT, c2, c3, k0, k1)
            w0, w1, w2, w3 = philox4x32(two & LOW, two >> SHIFT, c2, c3, k0, k1)
            _store_four(flat, i, variates(low_word(v0), low_word(v1), low_word(v2), low_word(v3)))
            _store_four(flat, i + LANES, variates(low_word(w0), low_word(w1), low_word(w2), low_word(w3)))

    return fill


@formula
def _store_four(flat: Any, at: int, rows: Any) -> None:
    store(flat, at, rows[0])
    store(flat, WIDTH + at, rows[1])
    store(flat, 2 * WIDTH + at, rows[2])
    store(flat, 3 * WIDTH + at, rows[3])


@formula
def as_words(w0: Any, w1: Any, w2: Any, w3: Any) -> tuple[Any, Any, Any, Any]:
    """The words themselves, for laws that use single bits."""
    return w0, w1, w2, w3


@kernel
def noisy_line(
    drift: Formula, value: Formula, derivative: Formula, push: Formula, wall: Formula, variates: Formula
) -> Formula:
    """The same step for every particle at every level, d = 1: synchronous collisions, Euler-Maruyama, Milstein."""
    fill = fill_variates(variates)

    def sweep(
        x: Any, weights: Any, biases: Any, sizes: Sizes, constants: Constants, ends: Ends, key: Key, place: Place
    ) -> None:
        dt, sd, half = sizes
        c, kc = constants
        low, high = ends
        first, step, per = place
        eta = np.empty((4, WIDTH))
        for start in range(0, x.size, WIDTH):
            tile = x[start : start + WIDTH]
            k = 0
            while k < weights.size:
                block = (step + k) // per
                offset = step + k - block * per
                count = min(per - offset, weights.size - k)
                fill(first + start, block, 0, key, eta, tile.size)
                for s in range(count):
                    row = eta[offset + s]
                    w, b = weights[k + s], biases[k + s]
                    for i in range(tile.size):
                        old = tile[i]
                        moved = fma(dt, drift(fma(w, old, b), old, c), old)
                        new = push(moved, value(old, kc), derivative(old, kc), row[i], sd, half)
                        tile[i] = wall(old, new, low, high)
                k += count

    return sweep


@kernel
def two_point_line(drift: Formula, value: Formula, derivative: Formula, push: Formula, wall: Formula) -> Formula:
    """The same with the signs of single bits: one counter serves 128 steps."""
    fill = fill_variates(as_words)

    def sweep(
        x: Any, weights: Any, biases: Any, sizes: Sizes, constants: Constants, ends: Ends, key: Key, place: Place
    ) -> None:
        dt, sd, half = sizes
        c, kc = constants
        low, high = ends
        first, step, per = place
        words = np.empty((4, WIDTH), dtype=np.uint64)
        for start in range(0, x.size, WIDTH):
            tile = x[start : start + WIDTH]
            drawn = -1
            for k in range(weights.size):
                block = (step + k) // per
                offset = step + k - block * per
                if block != drawn:
                    fill(first + start, block, 0, key, words, tile.size)
                    drawn = block
                row = words[offset // 32]
                bit = np.uint64(offset % 32)
                w, b = weights[k], biases[k]
                for i in range(tile.size):
                    old = tile[i]
                    moved = fma(dt, drift(fma(w, old, b), old, c), old)
                    new = push(moved, value(old, kc), derivative(old, kc), sign_of_bit(row[i], bit), sd, half)
                    tile[i] = wall(old, new, low, high)

    return sweep


@kernel
def noisy_space(
    drift: Formula, value: Formula, derivative: Formula, push: Formula, wall: Formula, variates: Formula
) -> Formula:
    """The same in R^D with full weight matrices; K acts on each component, the components of eta are independent."""
    fill = fill_variates(variates)

    def sweep(
        x: Any, weights: Any, biases: Any, sizes: Sizes, constants: Constants, ends: Ends, key: Key, place: Place
    ) -> None:
        size, total = x.shape
        dt, sd, half = sizes
        c, kc = constants
        lows, highs = ends
        first, step, per = place
        eta = np.empty((size, 4, WIDTH))
        u = np.empty((size, WIDTH))
        for start in range(0, total, WIDTH):
            stop = min(start + WIDTH, total)
            drawn = -1
            for k in range(len(weights)):
                block = (step + k) // per
                offset = step + k - block * per
                if block != drawn:
                    for j in range(size):
                        fill(first + start, block, j, key, eta[j], stop - start)
                    drawn = block
                affine(x, start, stop - start, weights[k], biases[k], u)
                for j in range(size):
                    target, row, noise = x[j, start:stop], u[j], eta[j, offset]
                    low, high = lows[j], highs[j]
                    for i in range(stop - start):
                        old = target[i]
                        moved = fma(dt, drift(row[i], old, c), old)
                        new = push(moved, value(old, kc), derivative(old, kc), noise[i], sd, half)
                        target[i] = wall(old, new, low, high)

    return sweep
