"""What several contestants need: points, draws and cell averages of the start, and ladders. NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.contest.contestant import Setting
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import Cdf

Floats = npt.NDArray[np.float64]
BLOCK = 8192  # particles of which a few arrays fit into the cache
_TAIL = 1e-13  # mass that is left out at either end
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


def spread(problem: Problem, count: int) -> tuple[Floats, Floats]:
    """Return equally spaced points of the start, and its distribution function there, which ends at 0 and at 1."""
    low, high = problem.start.quantile(np.array([_TAIL, 1.0 - _TAIL]))
    points = np.linspace(low, high, count)
    values = problem.start.cdf(points)
    values[0], values[-1] = 0.0, 1.0
    return points, values


def drawn(problem: Problem, count: int, seed: int) -> Floats:
    """Return independent draws of the start, of shape (count,), or (count, 2), by NumPy's fastest generator."""
    generator = np.random.Generator(np.random.SFC64(seed))
    shape = count if problem.dimension == 1 else (count, 2)
    return np.asarray(problem.start.quantile(generator.random(shape) + 2.0**-54))  # neither 0 nor 1


def averages(problem: Problem, edges: Any) -> Floats:
    """Return averages of the start over cells: by its distribution function; in the plane by 4 x 4 points of Gauss."""
    if problem.dimension == 1:
        return np.asarray(np.diff(problem.start.cdf(edges)) / np.diff(edges))
    x, y = (0.5 * (e[1:] + e[:-1])[:, None] + 0.5 * np.diff(e)[:, None] * _NODES for e in edges)
    found = np.zeros((len(x), len(y)))
    for i, u in enumerate(_WEIGHTS):
        for j, v in enumerate(_WEIGHTS):
            grid = np.stack(np.meshgrid(x[:, i], y[:, j], indexing="ij"), axis=-1)
            found += 0.25 * u * v * problem.start.density(grid)
    return found


def held(problem: Problem, points: Any) -> Any:
    """Return points with those that are past a wall on it."""
    return points if problem.walls is None else np.clip(points, *problem.walls)


def distribution(problem: Problem, moved: Any, values: Floats) -> Cdf:
    """Return the law of points that stood for the start and have moved, in order but for rounding."""
    return Cdf(np.maximum.accumulate(held(problem, np.asarray(moved, dtype=np.float64))), values)


def on_points(problem: Problem) -> str | None:
    """Return why points in order cannot stand for the law: they can on the line without noise."""
    return (
        "points in order are for the line, without noise" if problem.noise != "none" or problem.dimension > 1 else None
    )


def on_draws(problem: Problem) -> str | None:
    """Return why draws are not worth while: without noise, points in order do better on the line."""
    return "without noise, points in order do better" if on_points(problem) is None else None


def ladder_of_draws(problem: Problem, order: int = 1) -> list[Setting]:
    """Return numbers of draws M and of steps N: errors fall like M^(-1/2) and N^(-order), and both as fast."""
    if problem.noise != "brownian":
        return [{"count": 1000 * 4**k, "steps": 16} for k in range(9)]
    parts = 2 * order + 1  # of what the work grows by, all but one go into draws
    powers = [(2 * order * k / parts, k / parts) for k in range(1 + 4 * parts // order)]
    return [{"count": int(250 * 4**draws), "steps": int(2 * 4**steps)} for draws, steps in powers]


def ladder_of_points() -> list[Setting]:
    """Return numbers of points, as whose law an error of order 3 is read, and of steps of order 4."""
    return [{"count": int(32 * 2 ** (4 * k / 3)), "steps": 4 * 2**k} for k in range(12)]


def pushed(problem: Problem, x: Floats, h: float, generator: np.random.Generator) -> Floats:
    """Return x after a step of Euler and Maruyama, which is a collision where h = eps."""
    noise = np.sqrt(h) * problem.deviation(x) * generator.standard_normal(x.shape)
    return np.asarray(x + h * problem.drift(x) + noise)


def classical_rk4(f: Callable[[Any], Any], x: Any, h: float) -> Any:
    """Return x after a step of Runge and Kutta's classical scheme, of arrays of any library."""
    k1 = f(x)
    k2 = f(x + 0.5 * h * k1)
    k3 = f(x + 0.5 * h * k2)
    return x + h / 6.0 * (k1 + 2.0 * (k2 + k3) + f(x + h * k3))
