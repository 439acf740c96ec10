"""Time of the equations: a stage for one cell (parabola, flux, diffusion, update), and whole solves by scheme."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

import kinetic
from benchmarks.measure import Work, named, nanoseconds
from benchmarks.past import module
from benchmarks.peers import Cweno
from benchmarks.solved import solved
from kinetic.loop import CHUNK
from kinetic.losses import Moment
from particles.base.arrays import Floats
from particles.model import IDENTITY, Model, Normal, cases, exact_law

CASE = cases["regression"]
CFL = 0.45
Integrator = module("kinetic.line.integrate", "kinetic.integrate").Integrator
FORMS = ("averages", "conservative")
SCHEMES = {"CWZ": kinetic.CWENO3(weights="CWZ"), "CW": kinetic.CWENO3(weights="CW"), "linear": kinetic.Linear()}


def _restart(state: Any, start: Floats) -> None:
    state.averages[:] = start


class CellStage:
    """A stage for the mean-field equation of the case `regression`, by scheme, with ours and with NumPy.

    Both sides take the interval for periodic, which changes nothing: no mass is near its ends.
    """

    cells = 3200
    steps = {"ours": CHUNK, "numpy": 25}  # noqa: RUF012  (of three stages; CHUNK as `evolve` does them in one call)
    turns = 15
    params = (tuple(SCHEMES),)
    param_names = ("scheme",)
    smallest = {"cells": 400, "steps": {"ours": 10, "numpy": 10}, "turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, scheme: str) -> None:
        """Compile, and compare each side with the exact law."""
        self.grid = kinetic.Grid(*CASE.domain, cells=self.cells)
        flux = kinetic.LinearFlux(CASE.model.speed(self.grid.faces, 0.0))
        start = self.grid.averages(CASE.model.initial)
        ours = Integrator(flux, self.grid, SCHEMES[scheme], "periodic", start, np.zeros(2))
        numpy = Cweno(start, flux.data(self.grid, 0.0, None), self.grid.h, scheme)
        dt = ours.longest_step(0.0, CFL)

        runs = {
            "ours": partial(ours.advance, 0.0, dt, self.steps["ours"], np.inf),
            "numpy": partial(numpy.advance, dt, self.steps["numpy"]),
        }
        self.works = {}
        for name, state in (("ours", ours), ("numpy", numpy)):
            work = Work(partial(_restart, state, start), runs[name], 3.0 * self.steps[name] * self.cells)
            work.prepare()
            work.run()
            self._check(state.averages, dt * self.steps[name])
            self.works[name] = work

    def _check(self, averages: Floats, time: float) -> None:
        """Compare with the exact law at third order; the start is 0.17 away from it at 3200 cells."""
        exact = np.diff(exact_law(CASE.model, time).cdf(self.grid.faces)) / self.grid.h
        error = np.abs(averages - exact).sum() * self.grid.h
        assert error <= 1e-7 * (3200.0 / self.cells) ** 3, f"L1 error {error:.2e}: this is not the equation's solution"

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a cell and stage of each side, taken in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)

    @named("finite volumes: time a cell and stage", "ns")
    def track_ours(self, scheme: str) -> float:
        return self.measure("ours")["ours"]

    @named("finite volumes: NumPy's time a cell, stage", "ns")
    def track_numpy(self, scheme: str) -> float:
        return self.measure("numpy")["numpy"]

    @named("finite volumes: NumPy over ours", "times")
    def track_ratio_numpy(self, scheme: str) -> float:
        times = self.measure("ours", "numpy")
        return times["numpy"] / times["ours"]


class PlaneStage:
    """A stage for a cell in the plane, CWZ and a field that does not separate, beside one on the line, 1024 cells."""

    turns = 15
    params = (("256", "256, diffusion", "256, walls", "512", "1024"),)
    param_names = ("cells",)
    smallest = {"turns": 1, "cells": 32}  # noqa: RUF012
    cells: int | None = None
    timeout = 120.0

    def setup(self, case: str) -> None:
        """Compile, and see that no side loses mass."""
        if not hasattr(kinetic, "Plane"):
            raise NotImplementedError("no plane yet")
        from kinetic.plane.integrate import PlaneIntegrator

        n, steps = self.cells or int(case.split(",")[0]), 2
        axis = kinetic.Grid(-4.0, 4.0, cells=n)
        plane, line = kinetic.Plane(axis, axis), kinetic.Grid(-4.0, 4.0, cells=1024)
        problem = kinetic.PlaneProblem(
            _full_field, "wall" if "walls" in case else "reflecting", 0.01 if "diffusion" in case else 0.0
        )
        start = np.random.default_rng(0).random(plane.shape)
        rows, flux = np.exp(-0.5 * line.centres**2), kinetic.LinearFlux(np.tanh(-line.faces))
        ours = PlaneIntegrator(problem, plane, kinetic.CWENO3(), start, np.zeros(plane.atoms))
        other = Integrator(flux, line, kinetic.CWENO3(), "wall", rows, np.zeros(2))
        runs = {
            "plane": Work(lambda: None, partial(ours.advance, 0.0, 1e-5, steps, np.inf), 3.0 * steps * plane.cells),
            "line": Work(lambda: None, partial(other.advance, 0.0, 1e-5, 64, np.inf), 3.0 * 64 * line.cells),
        }
        for work in runs.values():
            work.run()
        mass = ours.averages.sum() * plane.size + ours.atoms.sum()
        assert abs(mass / (start.sum() * plane.size) - 1.0) < 1e-12, "mass is lost"
        self.works = runs

    @named("in the plane: time a cell and stage", "ns")
    def track_ours(self, case: str) -> float:
        return nanoseconds({"plane": self.works["plane"]}, self.turns)["plane"]

    @named("finite volumes: the plane over the line", "times")
    def track_ratio_line(self, case: str) -> float:
        times = nanoseconds(self.works, self.turns)
        return times["plane"] / times["line"]


class PlanePeer:
    """A stage of advection in the plane, CWZ and a field that does not separate, beside NumPy; both periodic."""

    turns = 5
    params = ((256, 512),)
    param_names = ("cells",)
    smallest = {"turns": 1, "cells": 32}  # noqa: RUF012
    cells: int | None = None
    timeout = 120.0

    def setup(self, cells: int) -> None:
        """Compile, and compare the two after a step."""
        if not hasattr(kinetic, "Plane"):
            raise NotImplementedError("no plane yet")
        from benchmarks.plane_peer import PlaneCweno
        from kinetic.plane.field import face_data
        from kinetic.plane.integrate import PlaneIntegrator

        axis = kinetic.Grid(-4.0, 4.0, cells=self.cells or cells)
        plane, scheme = kinetic.Plane(axis, axis), kinetic.CWENO3(eps="h^2")
        start, faces = np.random.default_rng(0).random(plane.shape), face_data(_full_field, plane)
        for mean, slope in ((faces.mean_x, faces.slope_x), (faces.mean_y.T, faces.slope_y.T)):
            mean[:, 0], slope[:, 0] = mean[:, -1], slope[:, -1]
        peer = PlaneCweno(start, faces, axis.h, axis.h, (axis.h**2, axis.h**2))
        problem = kinetic.PlaneProblem(_full_field, "periodic")
        ours = PlaneIntegrator(problem, plane, scheme, start, np.zeros(plane.atoms))
        runs = {"ours": partial(ours.advance, 0.0, 1e-5, 1, np.inf), "numpy": partial(peer.advance, 1e-5, 1)}
        self.works = {name: Work(lambda: None, run, 3.0 * plane.cells) for name, run in runs.items()}
        for run in runs.values():
            run()
        assert np.abs(peer.averages - ours.averages).max() < 1e-12, "NumPy's solution is another one"

    @named("in the plane: NumPy over ours", "times")
    def track_ratio_numpy(self, cells: int) -> float:
        times = nanoseconds(self.works, self.turns)
        return times["numpy"] / times["ours"]


def _full_field(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return np.tanh(y - 0.5 * x + 0.3), np.tanh(0.25 * y - 0.75 * x - 0.4)


class DiffusionStage:
    """A stage for the Fokker-Planck equation of the identity, by form of the diffusion, over the same stage without it.

    w = -1, nu^2 = 2 from N(1/2, variance 1/5); the law stays normal. No mass is near the ends of [-9, 9].
    """

    cells = 3200
    steps = CHUNK
    turns = 15
    params = (FORMS,)
    param_names = ("form",)
    smallest = {"cells": 400, "steps": 10, "turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, form: str) -> None:
        """Compile, and compare with the exact law."""
        grid = kinetic.Grid(-9.0, 9.0, cells=self.cells)
        start = grid.averages(Normal(0.5, 0.2))
        flux = kinetic.LinearFlux(-grid.faces)
        diffusivity = kinetic.Diffusivity(1.0 if form == "averages" else np.ones(self.cells), form)
        free, ours = (
            Integrator(flux, grid, kinetic.CWENO3(), "reflecting", start, np.zeros(2), diffusivity=d)
            for d in (None, diffusivity)
        )
        dt = ours.longest_step(0.0, CFL)
        self.works = {}
        for name, state in (("without", free), ("ours", ours)):
            run = partial(state.advance, 0.0, dt, self.steps, np.inf)
            work = Work(partial(_restart, state, start), run, 3.0 * self.steps * self.cells)
            work.run()
            self.works[name] = work
        time = dt * self.steps
        law = Normal(0.5 * math.exp(-time), 1.0 - 0.8 * math.exp(-2.0 * time))
        error, moved = (np.abs(ours.averages - of).sum() * grid.h for of in (grid.averages(law), start))
        assert error <= 1e-4 * moved, f"L1 error {error:.2e} after {moved:.2e}: this is not the equation's solution"

    def measure(self, *names: str) -> dict[str, float]:
        """Nanoseconds a cell and stage of each side, taken in turns."""
        return nanoseconds({name: self.works[name] for name in names}, self.turns)

    @named("Fokker-Planck: time a cell and stage", "ns")
    def track_ours(self, form: str) -> float:
        return self.measure("ours")["ours"]

    @named("Fokker-Planck: stage over one of advection", "times")
    def track_ratio_advection(self, form: str) -> float:
        times = self.measure("ours", "without")
        return times["ours"] / times["without"]


class WholeSolve:
    """A Fokker-Planck equation from the start to t = 1/2 on 400 cells, by scheme, all that `solve` does included.

    The identity, w = -1, nu^2 = 2, from N(1/2, variance 1/5) on [-9, 9]; the law stays normal.
    """

    cells = 400
    turns = 9
    params = (("explicit", "imex", "chang-cooper"),)
    param_names = ("scheme",)
    smallest = {"cells": 100, "turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, scheme: str) -> None:
        """Compile, and compare with the exact law; Chang-Cooper is of second order."""
        model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(0.5, 0.2))
        grid = kinetic.Grid(-9.0, 9.0, cells=self.cells)
        law = Normal(0.5 * math.exp(-0.5), 1.0 - 0.8 * math.exp(-1.0))
        self.run = partial(solved, model, grid, scheme, until=0.5)
        error = np.abs(self.run().averages[-1] - grid.averages(law)).sum() * grid.h
        assert error <= 2e-3 * (400.0 / self.cells) ** 2, f"L1 error {error:.2e}: this is not the equation's solution"

    @named("Fokker-Planck on 400 cells to t = 1/2", "seconds")
    def track_solve(self, scheme: str) -> float:
        return 1e-9 * nanoseconds({scheme: Work(lambda: None, self.run, 1.0)}, self.turns)[scheme]


class WholeGradient:
    """Derivatives of a moment of `regression` at t = 1 on 1600 cells, by the tangent and by the adjoint equation."""

    cells = 1600
    turns = 9
    smallest = {"cells": 320, "turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self) -> None:
        """Compile, and compare with the closed sensitivities of the flow."""
        model, grid = cases["regression"].model, kinetic.Grid(-7.0, 9.0, cells=self.cells)
        self.runs = {
            "forwards": partial(kinetic.solve, model, grid, until=1.0),
            "tangent": partial(kinetic.tangent, model, grid, until=1.0),
            "adjoint": partial(kinetic.gradient, model, grid, loss=Moment(2.0), until=1.0),
        }
        exact, band = np.array([-0.41273360525219931, -0.50253237982276539]), 1e-3 * (320.0 / self.cells) ** 2
        found, forwards = self.runs["adjoint"](), self.runs["tangent"]().moment(2.0)[1]
        assert np.abs([found.weight - exact[0], found.bias - exact[1]]).max() <= band
        assert np.abs(forwards - exact).max() <= band

    def _over_solve(self, name: str) -> float:
        works = {key: Work(lambda: None, self.runs[key], 1.0) for key in ("forwards", name)}
        times = nanoseconds(works, self.turns)
        return times[name] / times["forwards"]

    @named("derivatives, tangent over a solution", "times")
    def track_ratio_tangent(self) -> float:
        return self._over_solve("tangent")

    @named("derivatives, adjoint over a solution", "times")
    def track_ratio_adjoint(self) -> float:
        return self._over_solve("adjoint")
