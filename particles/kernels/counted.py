"""The sweep of collisions that are counted: each particle has its own number of them in a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import Formula, formula, kernel
from particles.base.shims import fma
from particles.kernels.noisy import WIDTH, Constants, Ends, Keys, Place, Sizes, as_words, fill_variates_of
from particles.kernels.space import affine
from particles.philox import SHIFT

_GUIDE, _LEADING = np.uint64(22), np.uint64(54)  # to the leading ten bits of a 32-bit word, and back to 64 bits


@kernel
def counted_collisions(drift: Formula, value: Formula, wall: Formula, variates: Formula) -> Formula:
    """A random number of collisions of each particle in every step, one after the other; ends of shape (D,).

    The number is how many of the integer `thresholds` a particle's clock reaches. The particles of a tile are put in
    the order of their numbers, so that those still colliding lie side by side and the loops stay vector loops.
    """
    fill = fill_variates_of(variates)
    clock = fill_variates_of(as_words)

    def sweep(
        x: Any, weights: Any, biases: Any, sizes: Sizes, constants: Constants, ends: Ends, keys: Keys, place: Place,
        thresholds: Any,
    ) -> None:  # fmt: skip
        size, total = x.shape
        eps, sd, _ = sizes
        c, kc = constants
        lows, highs = ends
        noise_key, clock_key = keys
        first, step, per = place
        words = np.empty((4, WIDTH), dtype=np.uint64)
        eta = np.empty((size, 4, WIDTH))
        u, y = np.empty((size, WIDTH)), np.empty((size, WIDTH))
        numbers, order = np.empty(WIDTH, dtype=np.uint64), np.empty(WIDTH, dtype=np.int64)
        counts, starts = np.empty(WIDTH, dtype=np.int64), np.empty(thresholds.size + 2, dtype=np.int64)
        guide = np.zeros(1024, dtype=np.int64)  # thresholds that a clock reaches for its leading ten bits alone
        for leading in range(1, guide.size):
            reached = guide[leading - 1]
            while reached < thresholds.size and np.uint64(leading) << _LEADING >= thresholds[reached]:
                reached += 1
            guide[leading] = reached
        for start in range(0, total, WIDTH):
            many = min(WIDTH, total - start)
            for k in range(len(weights)):
                for i in range(many):
                    numbers[i] = np.uint64(first + start + i)
                clock(numbers, step + k, 0, clock_key, words, many)
                longest = _sort_by_count(words, thresholds, guide, many, counts, starts, order)
                for i in range(many):
                    numbers[i] = np.uint64(first + start + order[i])
                    for j in range(size):
                        y[j, i] = x[j, start + order[i]]
                for collision in range(longest):
                    active = starts[collision]  # particles with more collisions than this one
                    if collision % per == 0:
                        for j in range(size):
                            fill(numbers, step + k, j | (collision // per) << 12, noise_key, eta[j], active)
                    if size == 1:  # the same numbers without the detour over u
                        w, b, target, noise = weights[k, 0, 0], biases[k, 0], y[0], eta[0, collision % per]
                        low, high = lows[0], highs[0]
                        for i in range(active):
                            old = target[i]
                            moved = fma(eps, drift(fma(w, old, b), old, c), old)
                            target[i] = wall(old, fma(sd * value(old, kc), noise[i], moved), low, high)
                        continue
                    affine(y, 0, active, weights[k], biases[k], u)
                    for j in range(size):
                        target, row, noise = y[j], u[j], eta[j, collision % per]
                        low, high = lows[j], highs[j]
                        for i in range(active):
                            old = target[i]
                            moved = fma(eps, drift(row[i], old, c), old)
                            target[i] = wall(old, fma(sd * value(old, kc), noise[i], moved), low, high)
                for i in range(many):
                    for j in range(size):
                        x[j, start + order[i]] = y[j, i]

    return sweep


@formula
def _sort_by_count(words: Any, thresholds: Any, guide: Any, many: int, counts: Any, starts: Any, order: Any) -> int:
    """Order a tile by falling numbers of collisions; return the largest.

    On return starts[n] is the number of particles with more than n collisions.
    """
    starts[:] = 0
    longest = 0
    for i in range(many):
        clock = (words[0, i] << SHIFT) | words[1, i]
        reached = guide[words[0, i] >> _GUIDE]
        while reached < thresholds.size and clock >= thresholds[reached]:
            reached += 1
        counts[i] = reached
        longest = max(longest, reached)
        starts[reached] += 1
    ahead = 0
    for n in range(longest, -1, -1):  # starts[n]: from the frequency of n to the particles with more than n
        frequency = starts[n]
        starts[n] = ahead
        ahead += frequency
    for i in range(many):
        order[starts[counts[i]]] = i
        starts[counts[i]] += 1
    for n in range(longest + 1):  # the places that were taken: back to the particles with more than n
        starts[n] = starts[n + 1] if n < longest else 0
    return longest
