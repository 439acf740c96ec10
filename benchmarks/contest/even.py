"""Even cells for libraries whose noise and cells are the same everywhere: of x, of the plane, or of y = ln x.

Where noise is proportional to x > 0, dY = (sigma(w x + b)/x - nu^2/2) dt + nu dW by Ito's formula, x = e^Y.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.contest.aids import Floats, averages
from benchmarks.contest.contestant import Setting
from benchmarks.contest.problem import Problem
from benchmarks.contest.result import CellAverages


@dataclass(frozen=True)
class Even:
    """Cells and what is solved there: d_t g + div(drift g) = diffusion Laplace g.

    Parameters
    ----------
    problem : Problem
    edges : tuple of ndarray
        Those of y, or of x and of y in the plane.
    """

    problem: Problem
    edges: tuple[Floats, ...]

    @property
    def diffusion(self) -> float:
        """nu^2/2."""
        return 0.5 * self.problem.nu**2

    @property
    def widths(self) -> tuple[float, ...]:
        """Width of a cell in each direction."""
        return tuple(float(e[1] - e[0]) for e in self.edges)

    @property
    def centres(self) -> tuple[Floats, ...]:
        """Middles of cells in each direction."""
        return tuple(0.5 * (e[1:] + e[:-1]) for e in self.edges)

    def drift(self, *places: Any) -> tuple[Floats, ...]:
        """Return the drift's components at coordinates, arrays of one shape, one for each direction."""
        if self.problem.dimension == 2:
            found = self.problem.drift(np.stack(places, axis=-1))
            return found[..., 0], found[..., 1]
        if self.problem.multiplicative:
            x = np.exp(places[0])
            return (self.problem.drift(x) / x - self.diffusion,)
        return (self.problem.drift(np.asarray(places[0])),)

    def through_faces(self) -> list[Floats]:
        """Return the drift across the faces of each direction, none through the ends."""
        found = []
        for axis in range(len(self.edges)):
            places = [e if i == axis else c for i, (e, c) in enumerate(zip(self.edges, self.centres, strict=True))]
            found.append(np.array(self.drift(*np.meshgrid(*places, indexing="ij"))[axis]))
            across = np.moveaxis(found[-1], axis, 0)
            across[0] = across[-1] = 0.0
        return found

    @property
    def _faces(self) -> Any:
        if self.problem.dimension == 2:
            return self.edges
        return np.exp(self.edges[0]) if self.problem.multiplicative else self.edges[0]

    def start(self, problem: Problem | None = None) -> Floats:
        """Averages of the start's density over cells, of shape (N,) or (N, N), or of another start's."""
        found = averages(problem or self.problem, self._faces)
        return found * self._stretch if self.problem.multiplicative else found

    @property
    def _stretch(self) -> Floats:
        return np.asarray(np.diff(self._faces) / np.diff(self.edges[0]))

    def result(self, values: Any, held: Sequence[float] = ()) -> CellAverages:
        """Return averages over these cells as a law of x, and what walls hold."""
        values, walls = np.array(values, dtype=np.float64), self.problem.walls
        atoms = () if walls is None else tuple(zip(walls, map(float, held), strict=True))
        return CellAverages(self._faces, values / self._stretch if self.problem.multiplicative else values, atoms)


def even(problem: Problem, cells: int) -> Even:
    """Return even cells, as many in each direction."""
    domain = problem.domain if problem.dimension == 2 else (problem.domain,)
    ends = np.log(domain) if problem.multiplicative else np.asarray(domain)
    return Even(problem, tuple(np.linspace(low, high, cells + 1) for low, high in ends))


def on_cells(problem: Problem) -> str | None:
    """Return why fixed cells of second order are of no use: they need a smooth density, in a diffusion or a flow."""
    if problem.noise == "collisions":
        return "it solves equations with derivatives"
    if problem.walls is not None:
        return "its walls don't keep what arrives"
    if problem.noise == "none" and "jumps" in problem.features:
        return "central differences don't stand jumps"
    return None


def with_noise(problem: Problem) -> str | None:
    """Return why there is no diffusion."""
    return None if problem.noise == "brownian" else "for diffusions"


def ladder_of_cells(problem: Problem, most: int) -> Sequence[Setting]:
    """Return numbers of cells in each direction, twice as many each time."""
    return [{"cells": (24 if problem.dimension == 2 else 40) * 2**k} for k in range(most)]
