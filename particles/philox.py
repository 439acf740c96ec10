"""Philox4x32-10, a counter-based generator: any number of any particle at any step, with no state to save.

Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011). Ten rounds of
    (c0, c1, c2, c3) <- (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)),  key <- key + (W0, W1).

Addresses of this project:

=======  =======================================================================
word     meaning
=======  =======================================================================
key 0    seed, 0 <= seed < 2**32
key 1    stream: 4 * replicate + purpose, 0 <= replicate < 2**30
counter  particle (64 bits, low word first), block of steps, component and draw
=======  =======================================================================

So streams hang on (seed, replicate, purpose, particle, step), never on a rank or on the order of calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, formula, kernel

START, NOISE, CLOCK = 0, 1, 2  # purposes of a stream
LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


class Key(NamedTuple):
    """The two words of a key."""

    seed: int
    stream: int


@dataclass(frozen=True)
class Address:
    """Address of a rank's draws in a run: everything but the particle's place on the rank and the draw.

    `first` is the number of the rank's first particle, `step` that of the first step of a sweep.
    """

    first: int
    seed: int
    replicate: int
    step: int

    def key(self, purpose: int) -> Key:
        """Key of the draws for START, NOISE or CLOCK."""
        return Key(self.seed, stream(purpose, self.replicate))


@formula
def philox4x32(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four 32-bit words of a counter under a key; all are 32-bit numbers held in uint64."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> SHIFT) ^ c1 ^ k0, p1 & LOW, (p0 >> SHIFT) ^ c3 ^ k1, p0 & LOW
        k0 = (k0 + _W0) & LOW
        k1 = (k1 + _W1) & LOW
    return c0, c1, c2, c3


@formula
def uniform53(word0: Any, word1: Any) -> float:
    """The centre of one of 2**52 equal cells of (0, 1), a number of 53 bits, from two words: never 0 and never 1."""
    cell = ((word0 >> np.uint64(6)) << np.uint64(26)) | (word1 >> np.uint64(6))
    return (float(cell) + 0.5) * 2.0**-52


@kernel
def _start_uniforms() -> Formula:
    def loop(first: int, component: int, seed: int, stream: int, out: Any) -> None:
        k0, k1, c3 = np.uint64(seed), np.uint64(stream), np.uint64(component)
        for i in range(out.size):
            particle = np.uint64(first + i)
            words = philox4x32(particle & LOW, particle >> SHIFT, np.uint64(0), c3, k0, k1)
            out[i] = uniform53(words[0], words[1])

    return loop


def check_key(seed: int, replicate: int) -> None:
    """Refuse a seed outside [0, 2**32) and a replicate outside [0, 2**30) by an InputError."""
    for name, number, end in (("seed", seed, 2**32), ("replicate", replicate, 2**30)):
        if not (isinstance(number, int | np.integer) and 0 <= number < end):
            raise InputError(f"{name} = {number!r} must be an integer from 0 to {end - 1}")


def stream(purpose: int, replicate: int) -> int:
    """Second word of the key."""
    return 4 * replicate + purpose


def start_uniforms(
    first: int, count: int, *, component: int = 0, seed: int = 0, replicate: int = 0, purpose: int = START
) -> Floats:
    """Uniform numbers in (0, 1) for the start of particles first, ..., first + count - 1, shape (count,).

    `component` is the feature of the measurement; seed and replicate, independent repetitions under one seed, are those
    of `check_key`. Another purpose than START has draws of its own.
    """
    check_key(seed, replicate)
    out = np.empty(count)
    _start_uniforms()(first, component, seed, stream(purpose, replicate), out)
    return out
