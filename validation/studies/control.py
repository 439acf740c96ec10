"""Study of control: theta found for M particles drawn from the law against theta of the law, over M.

The distance is sqrt(dt sum_k (theta_M - theta)_k^2), that of L2 in time. With g the derivative of half the cost by
theta for one particle, at the law's own theta, C its covariance under the law, and H the second derivatives of half the
cost of the law,

    sqrt(M) (theta_M - theta) -> N(0, H^(-1) C H^(-1)),

so that the mean distance falls like M^(-1/2), with a constant that quadrature over the law gives: E abs(Z) for a normal
vector Z whose covariance dt H^(-1) C H^(-1) has the eigenvalues l_i is

    E abs(Z) = pi^(-1/2) int_0^oo (1 - prod_i (1 + 2 l_i t^2)^(-1/2)) t^(-2) dt.

What small M add to it is of the order of 1/M.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base import command, parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_one_of, require_positive
from particles.base.errors import InputError
from particles.base.quadrature import integrate
from particles.ensemble import STARTS
from particles.training import control
from particles.training.control_problem import ControlProblem
from particles.training.control_setup import problem_of, require_controllable
from validation.studies.kind import Kind, Progress, ascending, option, require_levels
from validation.studies.study import Check, Row, Study, fit_constant, fit_order, fit_slope

LEVELS = (250, 1_000, 4_000, 16_000)
REPLICATES = 200
STATIONARY = 1e-9
BAND = 0.1  # about the order of a start without chance


@dataclass(frozen=True, eq=False, repr=False)
class ControlStudy(Kind):
    """theta of M particles over `levels` of M, several clouds each.

    Parameters
    ----------
    case : Case
        With targets; a model that `particles.training.control` takes.
    levels : sequence of int
        Increasing numbers of particles, at least three.
    replicates : int >= 2, default 200
        Clouds a level.
    cost : float > 0, default 0.1
        lam.
    layers : int, optional
        Of Euler's scheme; by default the case's.
    start : str, default "random"
        The claim is one on random samples: stratified points and quantiles are none, and fail it.
    seed : int, default 0
    until : float > 0, optional
        Horizon; by default the case's.

    Raises
    ------
    InputError
        By `check` and `run`, if the case has no targets, its model is another, or a field is out of range.
    """

    name: ClassVar[str] = "control"
    help: ClassVar[str] = "the control of particles against that of their law"

    levels: Sequence[int] = option(
        LEVELS, arrange=ascending, type=command.positive_integer, nargs="+", metavar="M", help="particles"
    )
    replicates: int = option(REPLICATES, type=command.positive_integer, help=f"clouds a level (default: {REPLICATES})")
    cost: float = option(0.1, type=command.positive_float, metavar="LAM", help="of the control (default: 0.1)")
    layers: int | None = option(None, type=command.positive_integer, help="of Euler's scheme")
    start: str = option("random", help="random, stratified or quantile (default: random)")
    seed: int = option(0, type=command.seed, help="0 to 2**32 - 1 (default: 0)")

    def check(self) -> None:
        """Refuse what `run` could not do."""
        if self.case.target is None:
            raise InputError(f"case {self.case.name!r} states no targets, as `two-clusters` does: there is no control")
        require_levels(self.levels, "increasing numbers of particles", least=2)
        require_count("replicates", self.replicates, least=2)
        require_positive("cost", self.cost)
        require_one_of("start", self.start, STARTS)
        require_controllable(self.case.model)

    @property
    def asked(self) -> dict[str, Any]:
        """Arguments of `control` but for the particles."""
        return {"until": self.time, "cost": self.cost, "layers": self.layers or self.case.layers}

    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Carry the study out, its clouds dealt round the ranks of `comm`, the largest first."""
        self.check()
        ranks, target = parallel.of(comm), self.case.target
        assert target is not None
        alone = parallel.serial().comm
        whole = control(self.case.model, target, **self.asked, comm=alone)
        problem = problem_of(self.case.model, target, **self.asked, comm=alone)
        theta = whole.theta[0]

        def distance(task: tuple[int, int, int]) -> tuple[float, float]:
            count, level, replicate = task
            drawn: dict[str, Any] = {
                "count": count,
                "start": self.start,
                "seed": self.seed,
                "replicate": 1000 * level + replicate,
            }
            found = control(self.case.model, target, **self.asked, **drawn, comm=alone)
            return math.sqrt(problem.step * math.fsum((found.theta[0] - theta) ** 2)), found.slope

        many = 1 if self.start == "quantile" else self.replicates  # quantiles are the same in every cloud
        tasks = [(count, i, r) for i, count in enumerate(self.levels) for r in range(many)]
        tasks.sort(reverse=True)
        found = dict(zip(tasks, ranks.deal(tasks, distance, progress=progress, cost=lambda task: task[0]), strict=True))
        size = expected_norm(problem, theta)
        rows = []
        for i, count in enumerate(self.levels):
            samples = np.array([found[count, i, r][0] for r in range(many)])
            spread = float(samples.std(ddof=1)) if many > 1 else 0.0
            rows.append(Row(count, many, float(samples.mean()), spread, size / math.sqrt(count)))
        steepest = max([whole.slope, *(slope for _, slope in found.values())])
        return self._judge(tuple(rows), whole.value, size, steepest)

    def _judge(self, rows: tuple[Row, ...], value: float, size: float, steepest: float) -> Study:
        chance = rows[0].replicates > 1
        slope, constant = (fit_slope(rows), fit_constant(rows)) if chance else (fit_order(rows), None)
        fits = slope.allows(-0.5) if chance else abs(slope.estimate + 0.5) <= BAND
        how = "(in the 99.9 % interval; +- is the 95 % one)" if chance else f"within {BAND:g}"
        checks = [Check(f"slope is -1/2 {how}", slope.both() if chance else f"{slope.estimate:.4f}", fits)]
        claim = f"no derivative of half a cost is above {STATIONARY:g} where a search ended"
        checks.append(Check(claim, f"{steepest:.1e}", steepest <= STATIONARY))
        if constant is not None:
            claim = "distance/(its mean for normal fluctuations) is 1 (in the 99.9 % interval)"
            checks.append(Check(claim, constant.both(), constant.allows(1.0)))
        remarks = (
            f"the law's own control of {self.asked['layers']} layers: J = {value:.12g} at lam = {self.cost:g}",
            f"normal fluctuations: {size:.6g} M^(-1/2), by quadrature over the law",
        )
        return self.study(
            refinement="particles M", quantity=f"L2 distance of theta from that of the law, T = {self.time:g}",
            rows=rows, slope=slope, constant=constant, expected_slope=-0.5, checks=tuple(checks),
            reference="normal fluctuations", remarks=remarks, extra={"time": self.time, "cost": self.cost},
        )  # fmt: skip


def expected_norm(problem: ControlProblem, theta: Floats) -> float:
    """lim sqrt(M) E of the distance, for the problem of the law and its theta."""
    path, w, b = problem.path(theta), *problem.controls(theta)
    slopes = np.array([
        problem.step * p * problem.model.drift.derivative_u(w[k] * x + b[k], x) * x
        for k, (x, p) in enumerate(zip(path.states, path.adjoints[1:], strict=False))
    ])  # fmt: skip
    off = slopes - (slopes * problem.masses).sum(axis=1)[:, None]
    inverse = np.linalg.inv(problem.linearised(theta)[2])
    covariance = inverse @ ((off * problem.masses) @ off.T) @ inverse
    return mean_norm(np.linalg.eigvalsh(problem.step * covariance))


def mean_norm(eigenvalues: Floats) -> float:
    """E abs(Z) of a normal vector whose covariance has these eigenvalues: t = tan(phi)/scale in the integral."""
    held = np.maximum(eigenvalues, 0.0) / float(eigenvalues.sum())

    def integrand(phi: Floats) -> Floats:
        s = np.tan(phi) ** 2
        logs = 0.5 * np.log1p(2.0 * held[:, None] * s.reshape(-1)).sum(axis=0).reshape(s.shape)
        return np.asarray(-np.expm1(-logs) / np.sin(phi) ** 2)

    edges = 0.5 * math.pi * (1.0 - 2.0 ** -np.arange(0.0, 16.0))  # small eigenvalues show near the end
    return math.sqrt(float(eigenvalues.sum()) / math.pi) * integrate(integrand, np.append(edges, 0.5 * math.pi))
