"""Sums over blocks that are the same bytes on any number of ranks: exact ones, and vectors added in block order.

An exact sum is rounded once, whatever the split. Its cost a number is too much for vectors of many components, such as
gradients: these are added one block after the other, block 0 first, wherever the blocks lie.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.parallel import Ranks


def exact_sums(numbers: Floats, ranks: Ranks) -> Floats:
    """Numbers, a few in place of the last axis, whose exact sum is that of all ranks' along it; the same on every rank.

    `math.fsum` of them does not depend on how the numbers were split: a rank sends the two or three that hold its part.
    """
    rows = numbers.reshape(math.prod(numbers.shape[:-1]), numbers.shape[-1])
    parts = [exact_parts(row.tolist()) for row in rows]
    width = max(map(len, parts))
    padded = np.array([part + [0.0] * (width - len(part)) for part in parts])
    return ranks.concatenate(padded.reshape(*numbers.shape[:-1], width))


def exact_parts(values: list[float]) -> list[float]:
    """Numbers, two or three as a rule, whose exact sum is that of `values`; [inf] where it is beyond all numbers.

    The first is the rounded sum, the next the rounded rest, and so on until nothing is left: so sums of parts, rounded
    once by `math.fsum`, are the same however the values were split.
    """
    parts: list[float] = []
    try:
        while rest := math.fsum(values + [-part for part in parts]):
            if not math.isfinite(rest):
                return [math.inf]
            parts.append(rest)
    except (OverflowError, ValueError):  # a sum beyond all numbers, or infinities of both signs
        return [math.inf]
    return parts


def ordered_sum(blocks: Floats, ranks: Ranks) -> Floats:
    """Sum of all ranks' blocks, ((b_0 + b_1) + b_2) + ..., in the order of ranks; the same on every rank. Collective.

    A rank takes the sum of the blocks before its own, adds its own to it and passes it on: one vector is sent, and the
    additions are those of a single rank.

    Parameters
    ----------
    blocks : ndarray, shape (m, n)
        This rank's consecutive blocks; m may be 0 and differ from rank to rank, n may not.
    ranks : Ranks

    Returns
    -------
    ndarray, shape (n,)
    """

    def add(total: Floats) -> None:
        for block in blocks:  # not np.sum, whose order depends on the shape
            total += block

    return ranks.in_turn(np.zeros(blocks.shape[1]), add)
