"""Peak memory of a process that does one thing; Python with its libraries is some 170 MB of each."""

from __future__ import annotations

import numpy as np

import kinetic
import particles
import validation
from benchmarks.measure import named
from particles.model import cases

CASE = cases["regression"]


class Memory:
    """A run, a solution and a distance; 8 bytes a particle is the least that a run can hold."""

    count = 2**22
    cells = 6400
    smallest = {"count": 5000, "cells": 200}  # noqa: RUF012
    timeout = 120.0

    @named("run of 2^22 particles, 20 layers", "bytes")
    def peakmem_particles(self) -> None:
        cloud = particles.simulate(CASE.model, particles.Euler(layers=20), count=self.count, until=2.0)
        assert abs(cloud.moments[-1, 0, 0] - 1.0) <= 6.0 * self.count**-0.5

    @named("mean-field equation on 6400 cells", "bytes")
    def peakmem_equation(self) -> None:
        solution = kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=self.cells), until=0.02).at(0.02)
        assert abs(solution.mean[0] - 1.0) <= 1e-6

    @named("exact W1 of two clouds of 2^22 numbers", "bytes")
    def peakmem_distance(self) -> None:
        x = np.random.default_rng(0).normal(size=self.count)
        value = validation.w1(
            particles.model.Measure.of_points(x[None]), particles.model.Measure.of_points(x[None] + 0.5)
        )
        assert abs(value - 0.5) <= 1e-9
