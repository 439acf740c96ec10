"""Runs of noisy schemes step by step, for tests that look inside: any chunk of steps, any split of the particles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import particles
from particles.base import parallel
from particles.ensemble import Ensemble
from particles.model import CONSTANT, IDENTITY, Dirac, Model, Product
from particles.noise import Noise
from particles.philox import Address
from particles.schemes.scheme import Scheme


def start(model: Model, count: int, *, kind: str = "random", seed: int = 0, replicate: int = 0) -> np.ndarray:
    """The cloud at time 0, shape (D, count)."""
    return Ensemble(count, parallel.serial()).start(model, kind, seed, replicate)


def carry(
    model: Model,
    scheme: Scheme,
    state: np.ndarray,
    until: float,
    *,
    seed: int = 0,
    replicate: int = 0,
    chunk: int = 128,
    cuts: Sequence[int] = (),
) -> np.ndarray:
    """Carry a cloud from 0 to `until`, `chunk` steps a sweep, its particles cut at `cuts` into blocks of their own."""
    count = state.shape[1]
    levels = scheme.levels(model, until, ())
    ensemble = Ensemble(count, parallel.serial())
    edges = [0, *cuts, count]
    blocks = [state[:, a:b].copy() for a, b in itertools.pairwise(edges)]
    k = 0
    while k < len(levels) - 1:
        n = k + 1 if model.mean_coupled else min(k + chunk, len(levels) - 1)
        mean = ensemble.moments(np.concatenate(blocks, axis=1))[0] if model.mean_coupled else None
        parameters = scheme.parameters(model, levels, k, n, mean)
        for first, block in zip(edges[:-1], blocks, strict=True):
            scheme.advance(model, block, parameters, Address(first, seed, replicate, k))
        k = n
    return np.concatenate(blocks, axis=1)


def run(model: Model, scheme: Scheme, count: int, until: float, *, kind: str = "random", **options: Any) -> np.ndarray:
    """`carry` from the model's own start."""
    keys = {name: options[name] for name in ("seed", "replicate") if name in options}
    return carry(model, scheme, start(model, count, kind=kind, **keys), until, **options)


def variates(noise: Noise, count: int, steps: int, *, dim: int = 1, seed: int = 0, replicate: int = 0) -> np.ndarray:
    """Variates that particles meet, shape (steps, dim, count): x' = x + eta from x = 0, one step a sweep."""
    from particles.schemes.collisions import Collisions

    here = Dirac(0.0) if dim == 1 else Product([Dirac(0.0)] * dim)
    model = Model(drift=IDENTITY, weight=0.0, bias=np.zeros(dim), initial=here, diffusion=CONSTANT, nu2=1.0)
    scheme = Collisions(1.0, clock="synchronous", noise=noise)
    keys, still = {"seed": seed, "replicate": replicate}, np.zeros((dim, count))
    return np.array([particles.carry(model, scheme, still, k + 1.0, start=float(k), **keys) for k in range(steps)])


CENTRAL_EXPONENTIAL = (1, 0, 1, 2, 9, 44, 265, 1854, 14833)  # E (X - 1)^k = number of derangements of k things


def noise_moment(name: str, k: int) -> float:
    """E eta^k of a noise law by name, k <= 8, independent of the code under test."""
    if name == "exponential":
        return float(CENTRAL_EXPONENTIAL[k])
    if k % 2:
        return 0.0
    if name == "uniform":
        return 3.0 ** (k / 2) / (k + 1)
    return 1.0 if name == "two-point" else float(math.prod(range(1, k, 2)))


def collision_matrix(w: float, b: float, nu2: float, eps: float, noise: str, *, linear: bool, size: int = 5) -> Any:
    """A with E x'^k = sum_j A[k, j] E x^j for x' = x + eps (w x + b) + sqrt(eps) K eta, K = 1 or x (theory 2.6)."""
    r, c, s = 1.0 + eps * w, eps * b, math.sqrt(eps * nu2)
    a = np.zeros((size, size))
    for k in range(size):
        for i in range(k + 1):  # (r x)^i
            for j in range(k - i + 1):  # (s K eta)^j
                ways = math.factorial(k) // (math.factorial(i) * math.factorial(j) * math.factorial(k - i - j))
                term = ways * r**i * s**j * noise_moment(noise, j) * c ** (k - i - j)
                a[k, i + j if linear else i] += term
    return a


def z_scores(x: np.ndarray, exact: Sequence[float], centre: float = 0.0) -> np.ndarray:
    """(mean of (x - centre)^k - exact)/standard error for k = 1, 2, ..."""
    scores, distances, powers = [], x - centre, np.ones(x.size)
    for value in exact:
        powers *= distances
        scores.append((powers.mean() - value) / (powers.std() / math.sqrt(x.size)))
    return np.array(scores)
