"""Study of sensitivities: the equation's and the particles' derivatives of a loss, against those of the exact law.

The loss is half the mean squared distance from a target at T, its derivatives those by a constant weight and bias.
Exactly they come from the flow's own, by quadrature over the law of the start. The equation's are the discrete tangent
of the finite-volume scheme, and once more the adjoint equation solved backwards, both of third order; a network's the
adjoint of its layers, of first order to the adjoint of the flow of the same particles. So routes that share no formula
stand in one table, each with its values and its errors.

The equation is solved with the linear scheme: CWENO's weights, which change with where the law lies in the cells, cost
the derivative little on coarse grids but its regular order (regression, T = 2: 3.5, 1.4, 2.8 where the linear scheme
has 2.4, 2.9, 3.0 from 640 cells on). `kinetic.sensitivity.tangent` differentiates both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import kinetic
import particles
from kinetic.sensitivity import tangent
from particles.base import command, parallel
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.training import Gradient, Moment, Parameters, gradient, gradient_by_quadrature
from validation.studies.expected_order import jumps
from validation.studies.kind import Kind, Progress, ascending, option, require_levels
from validation.studies.study import Check, Row, Study, fit_order, order_checks, successive_orders

LEVELS = (640, 1280, 2560, 5120)
BAND = 0.3  # about the equation's order, over the last three levels
LAYERS_BAND = 0.1  # about the layers' order, between the last two levels
CAP = 1e-3  # of the derivatives, for the last error
_LINEAR = kinetic.Explicit(kinetic.Linear())
COUNT = 1000  # particles in the middles of equal cells of probability


@dataclass(frozen=True, eq=False, repr=False)
class SensitivityStudy(Kind):
    """Derivatives of a moment by weight and bias over `levels` of cells, and of layers.

    Parameters
    ----------
    case : Case
        On the line, without noise and walls, weight and bias constant numbers, an exact flow, a start with a density
        that does not jump.
    levels : sequence of int
        Increasing numbers of cells, and of layers, at least three.
    target : float, optional
        By default one above the mean of the start.
    until : float > 0, optional
        Horizon; by default the case's.

    Raises
    ------
    InputError
        By `check` and `run`, if the case is another or a field is out of range.
    """

    name: ClassVar[str] = "sensitivity"
    help: ClassVar[str] = "derivatives by the equation and by layers against the exact ones"

    levels: Sequence[int] = option(
        LEVELS, arrange=ascending, type=command.positive_integer, nargs="+", metavar="N", help="cells, and layers"
    )
    target: float | None = option(None, type=command.finite_float, metavar="Y", help="of the moment")

    @property
    def loss(self) -> Moment:
        """The loss."""
        return Moment(self.case.model.law.mean + 1.0 if self.target is None else self.target)

    def check(self) -> None:
        """Refuse what `run` could not do."""
        model = self.case.model
        require_levels(self.levels, "increasing numbers of cells", least=10)
        if model.size != 1 or model.nu2 > 0.0 or model.walls is not None or self.case.interval is None:
            raise InputError(f"case {self.case.name!r}: this study is for one on the line, without noise and walls")
        if Parameters(model).names != ("weight", "bias") or not model.autonomous:
            raise InputError(f"case {self.case.name!r}: this study asks for weight and bias that are constant numbers")
        particles.ExactFlow().levels(model, self.time, [])
        if model.law.atoms()[0].size:
            raise InputError(f"initial = {model.law!r:.60} has atoms: this study needs a density")
        if jumps(model.law, *self.case.interval):
            raise InputError(f"initial = {model.law!r:.60} has a density that jumps: grids alias it by h^2, order 2")

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Carry the study out, its levels shared out over the ranks of `comm`."""
        self.check()
        model, loss, ranks = self.case.model, self.loss, parallel.of(comm)
        exact = _numbers(model, gradient_by_quadrature(model, loss, self.time))
        flow = self._of_particles(particles.ExactFlow())

        def measure(cells: int) -> tuple[Floats, Floats, Floats]:
            grid = kinetic.Grid(*self.case.interval, cells=cells)  # type: ignore[misc]
            _, of_equation = tangent(model, grid, _LINEAR, until=self.time).moment(float(loss.target))
            backwards = kinetic.gradient(model, grid, _LINEAR, loss=loss, until=self.time)
            of_layers = self._of_particles(particles.Euler(layers=cells))
            return of_equation, np.array([backwards.weight, backwards.bias]), of_layers

        done = ranks.deal(list(self.levels), measure, progress=progress, cost=lambda cells: cells**2)
        rows = tuple(
            Row(
                cells,
                1,
                _off(forwards, exact),
                0.0,
                None,
                {"adjoint": _off(backwards, exact), "layers": _off(of, flow)},
            )
            for cells, (forwards, backwards, of) in zip(self.levels, done, strict=True)
        )
        return self._judge(rows, exact, flow, done)

    def _of_particles(self, scheme: Any) -> Floats:
        alone = parallel.serial().comm
        asked: dict[str, Any] = {"count": COUNT, "until": self.time, "start": "quantile", "comm": alone}
        return _numbers(self.case.model, gradient(self.case.model, scheme, self.loss, **asked))

    def _judge(self, rows: tuple[Row, ...], exact: Floats, flow: Floats, done: Sequence[tuple[Floats, ...]]) -> Study:
        backwards, layers = (
            tuple(dataclasses.replace(row, error=row.also[name]) for row in rows) for name in ("adjoint", "layers")
        )
        first, third = -successive_orders(layers)[-1], -fit_order(backwards[-3:]).estimate
        size = float(np.abs(exact).sum())
        checks = (
            *order_checks(rows, -3.0, band=BAND, cap=CAP * size),
            Check(f"the adjoint equation's order is 3 within {BAND:g}", f"{third:.4f}", abs(third - 3.0) <= BAND),
            Check(f"the layers' order is 1 within {LAYERS_BAND:g}", f"{first:.4f}", abs(first - 1.0) <= LAYERS_BAND),
        )
        orders = ", ".join(f"{-order:.3f}" for order in successive_orders(rows))
        finest = zip(("exact", "equation", "adjoint", f"{self.levels[-1]} layers"), (exact, *done[-1]), strict=True)
        values = {name: found.tolist() for name, found in finest}
        told = "; ".join(f"{name} {w:.12g}, {b:.12g}" for name, (w, b) in values.items())
        remarks = (
            f"derivatives by weight and bias, target {self.loss.target:g}: {told}",
            f"order from level to level: {orders}",
            f"layers: N against the exact flow of the same {COUNT} particles, {_off(flow, exact):.2e} off the law",
        )
        return self.study(
            refinement="cells N", quantity=f"derivatives of the moment at t = {self.time:g}", rows=rows,
            slope=fit_order(rows), expected_slope=-3.0, checks=checks, remarks=remarks,
            extra={"time": self.time, "values": values},
        )  # fmt: skip


def _off(found: Floats, exact: Floats) -> float:
    return float(np.abs(found - exact).sum())


def _numbers(model: Any, found: Gradient) -> Floats:
    return Parameters(model).chain(found)
