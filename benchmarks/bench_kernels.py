"""The work that every run is made of, by the public functions alone: few, fast, and the same for all past commits.

`make bench-compare` and `make bench-history` run these. A sample is one call, since asv then takes statistics over
many; what a commit does not have yet is no failure of it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import kinetic
import particles
import validation
from benchmarks.measure import named
from particles.model import cases

CASE = cases["regression"]


class _Kernel:
    """Compile and check once, though asv calls `setup` before every sample; a sample is one call."""

    checked = False

    number = 1
    repeat = (5, 20, 1.0)
    rounds = 4
    warmup_time = 0.1
    timeout = 120.0

    def setup(self) -> None:
        """Compile, and compare with a known value."""
        if not self.checked:
            self.check()
            self.checked = True

    def check(self) -> None:
        """Raise if the result is wrong; NotImplementedError if the commit cannot do it yet."""
        raise NotImplementedError


class EulerSweep(_Kernel):
    """200 tanh layers, drawn start and moments included."""

    count = 2**18
    smallest = {"count": 5000}  # noqa: RUF012

    def check(self) -> None:
        """See that Euler's cloud is within dt t max abs(x'')/2 of the exact flow's, particle by particle."""
        error = self.run(particles.Euler(layers=200)).points - self.run(particles.ExactFlow()).points
        assert 0.0 < np.abs(error).max() <= 0.5 * 0.385 * 0.01 * 2.0

    def run(self, scheme: Any) -> Any:
        return particles.simulate(CASE.model, scheme, count=self.count, until=2.0).at(2.0)

    @named("200 tanh layers", "seconds")
    def time_sweep(self) -> None:
        self.run(particles.Euler(layers=200))


class GaussianCollisions(_Kernel):
    """100 collisions a particle with Gaussian noise, the synchronous clock; fokker-planck: dx = -x dt + sqrt(2) dW."""

    count = 2**17
    smallest = {"count": 5000}  # noqa: RUF012

    def check(self) -> None:
        """See that mean and variance are those of the collision's own recursion, within six standard errors."""
        if not hasattr(particles, "Collisions"):
            raise NotImplementedError("no collisions yet")
        self.model = cases["fokker-planck"].model
        cloud = self.run()
        m, v, eps = self.model.initial.mean, self.model.initial.variance, 0.01
        for _ in range(100):
            m, v = (1.0 - eps) * m, (1.0 - eps) ** 2 * v + eps * self.model.nu2
        assert abs(cloud.mean[0] - m) <= 6.0 * math.sqrt(v / self.count)
        assert abs(cloud.variance[0] - v) <= 6.0 * v * math.sqrt(2.0 / self.count)

    def run(self) -> Any:
        scheme = particles.Collisions(eps=0.01, clock="synchronous")  # the default noise has always been a Gaussian
        return particles.simulate(self.model, scheme, count=self.count, until=1.0).at(1.0)

    @named("100 collisions with Gaussian noise", "seconds")
    def time_collisions(self) -> None:
        self.run()


class MeanFieldSolve(_Kernel):
    """The mean-field equation of `regression` to t = 2."""

    cells = 3200
    smallest = {"cells": 200}  # noqa: RUF012

    def check(self) -> None:
        """See that its distance to the exact law falls as the third power of the width of a cell, up to the start."""
        law = particles.model.exact_law(CASE.model, 2.0)
        error = validation.w1_to_law(self.run(), law)
        assert error <= 1e-5 * (1600.0 / self.cells) ** 3, f"W1 to the exact law {error:.2e}"

    def run(self) -> Any:
        return kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=self.cells), until=2.0).at(2.0)

    @named("mean-field equation", "seconds")
    def time_solve(self) -> None:
        self.run()


class PlaneSolve(_Kernel):
    """The mean-field equation of `regression-2d` to t = 1, two features on a square of cells."""

    cells = 256
    smallest = {"cells": 40}  # noqa: RUF012

    def check(self) -> None:
        """See that the standard deviation is that of the exact flow, .64851870."""
        if not hasattr(kinetic, "Plane"):
            raise NotImplementedError("no plane yet")
        error = abs(math.sqrt(self.run().covariance(1.0)[0, 0]) - 0.64851870)
        assert error <= 1e-3 * (80.0 / self.cells) ** 2.5, f"standard deviation off by {error:.2e}"

    def run(self) -> Any:
        x, y = (kinetic.Grid(*ends, cells=self.cells) for ends in ((-7.0, 9.0), (-8.0, 8.0)))
        return kinetic.solve(cases["regression-2d"].model, kinetic.Plane(x, y), until=1.0)

    @named("mean-field equation in the plane", "seconds")
    def time_solve(self) -> None:
        self.run()


class FokkerPlanckSolve(_Kernel):
    """The equation of `fokker-planck` to t = 1/2 on [-8, 8], explicit steps; the law stays normal where it began so."""

    cells = 800
    smallest = {"cells": 100}  # noqa: RUF012

    def check(self) -> None:
        """See that the mean decays like exp(-t), as that of every solution does."""
        if not hasattr(kinetic, "Diffusivity"):
            raise NotImplementedError("no diffusion yet")
        self.model = cases["fokker-planck"].model
        mean = math.exp(-0.5) * self.model.initial.mean
        assert abs(self.run().mean[0] - mean) <= 1e-4 * (320.0 / self.cells) ** 3

    def run(self) -> Any:
        return kinetic.solve(self.model, kinetic.Grid(-8.0, 8.0, cells=self.cells), until=0.5).at(0.5)

    @named("Fokker-Planck equation, explicit", "seconds")
    def time_solve(self) -> None:
        self.run()


class Distance(_Kernel):
    """W1 between a cloud and a density of 1600 cells, exactly; sorting is most of it."""

    count = 10**6
    smallest = {"count": 5000}  # noqa: RUF012

    def check(self) -> None:
        """See that stratified draws are nearer than 1/M^(1/2) to the law, and not nearer than 1/(100 M)."""
        flow = particles.ExactFlow()
        cloud = particles.simulate(CASE.model, flow, count=self.count, until=2.0, start="stratified")
        self.cloud = cloud.at(2.0)
        self.density = kinetic.solve(CASE.model, kinetic.Grid(-7.0, 9.0, cells=1600), until=2.0).at(2.0)
        assert 0.01 / self.count <= validation.w1(self.cloud, self.density) <= self.count**-0.5

    @named("exact W1, cloud to density", "seconds")
    def time_w1(self) -> None:
        validation.w1(self.cloud, self.density)
