"""Sums of squares: where particles end, less their targets; how that moves with the learnt numbers; its products."""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.sums import ordered_sum
from particles.ensemble import BLOCK
from particles.kernels.reductions import block_sums
from particles.philox import Address
from particles.training.of_particles import Sweep
from particles.training.parameters import Parameters
from particles.training.tangents import ends_and_tangents


def targets(sweep: Sweep) -> Floats:
    """Of this rank's particles, shape (d, m), for a loss that is half the sum of squares of ends less targets."""
    given = sweep.loss.given(sweep.model.dim, sweep.ensemble.local.start, sweep.begin.shape[1])
    assert given is not None
    return given


def residuals_and_tangents(sweep: Sweep, parameters: Parameters) -> tuple[Floats, Floats]:
    """This rank's, shapes (d, m) and (n, d, m), scaled so that half the sum of all squares is the loss."""
    ends, tangents = ends_and_tangents(parameters, sweep.scheme, sweep.begin, sweep.run.until)
    scale = 1.0 / math.sqrt(sweep.run.count)
    return (_readouts(sweep, ends) - targets(sweep)) * scale, np.stack([_readouts(sweep, t) for t in tangents]) * scale


def readouts(sweep: Sweep) -> Floats:
    """Where this rank's particles end, shape (d, m): a run forwards, and nothing else."""
    model, state, steps = sweep.model, sweep.begin.copy(), len(sweep.levels) - 1
    many = 1 if model.mean_coupled else steps
    for k in range(0, steps, many):
        mean = sweep.ensemble.moments(state)[0] if model.mean_coupled else None
        rows = sweep.scheme.parameters(model, sweep.levels, k, k + many, mean)
        sweep.scheme.advance(model, state, rows, Address(sweep.ensemble.local.start, sweep.run.seed, 0, k))
    return _readouts(sweep, state)


def products(sweep: Sweep, rows: Floats, pairs: list[tuple[int, int]]) -> Floats:
    """Sums over all ranks' particles of products of rows, shape (k, d, m), for pairs of them; in block order."""
    sums = np.stack([block_sums(_dots(rows[i], rows[j]), BLOCK) for i, j in pairs], axis=1)
    return ordered_sum(sums, sweep.ensemble.ranks)


def _readouts(sweep: Sweep, state: Floats) -> Floats:
    """Means over the neurons."""
    return np.asarray(state.reshape(sweep.model.neurons, sweep.model.dim, -1).mean(axis=0))


def _dots(a: Floats, b: Floats) -> Floats:
    """Products of two vectors a particle, shape (m,), in the order of the components."""
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return np.asarray(total)
