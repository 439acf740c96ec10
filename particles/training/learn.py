"""Learning weights and biases: a method, an objective, and the record of what happened."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_at_least
from particles.base.errors import InputError, NotFiniteError
from particles.base.memory import require_memory
from particles.base.provenance import provenance
from particles.model import Model, Samples
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.training.losses import Loss
from particles.training.methods import LBFGS, LM, Method, Point, Stop
from particles.training.objective import Objective
from particles.training.of_particles import Sweep
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty, Share
from particles.training.tangents import ends_and_tangents

_FAR = 2.0
"""Times as large as at the start: what has grown so may run away."""
_ROUNDING = 1e-12
"""Share of an objective that is no rise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What was learnt, and how.

    Parameters
    ----------
    model : Model
        With the learnt numbers.
    names : tuple of str, n of them
        Of the numbers.
    curve : tuple of Point
        The iterates, the start first.
    reason : str
        Why it ended.
    remarks : tuple of str
    info : dict
        Loss, method, ridge, scheme, number of particles, provenance; values for JSON.
    """

    model: Model
    names: tuple[str, ...]
    curve: tuple[Point, ...]
    reason: str
    remarks: tuple[str, ...]
    info: dict[str, Any]

    @property
    def values(self) -> dict[str, float]:
        """The learnt numbers by their names."""
        return dict(zip(self.names, self.curve[-1].theta.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        rows = [point._asdict() | {"theta": point.theta.tolist()} for point in self.curve]
        told = {"values": self.values, "objective": self.curve[-1].value, "reason": self.reason}
        return told | {"remarks": list(self.remarks), "names": list(self.names), "curve": rows, **self.info}


def fit(
    model: Model,
    scheme: Scheme,
    loss: Loss,
    method: Method | None = None,
    *,
    count: int | None = None,
    until: float,
    start: str | Samples = "random",
    seed: int = 0,
    ridge: float = 0.0,
    control: Share = 0.0,
    smoothness: Share = 0.0,
    learn: tuple[str, ...] = ("weight", "bias"),
    bounds: dict[str, tuple[float, float]] | None = None,
    stop: Stop | None = None,
    comm: Any = None,
    tell: Callable[[Point], None] = lambda point: None,
) -> Fit:
    """Learn weight and bias of a model, from its own on, that make a loss at the horizon least (arXiv 2001.04294, 5.3).

    Collective; the same bytes on any number of ranks.

    Parameters
    ----------
    model, scheme, count, until, start, seed, comm
        As of `particles.simulate`; the particles are the same in every evaluation.
    loss : Loss
    method : Method, default LM() for moment and supervised without noise, else LBFGS()
    ridge : float >= 0, default 0
        (ridge/2) abs(theta)^2 is added. Without it the least loss may be nowhere: a contracting network's falls for
        ever while w -> -oo.
    control, smoothness : float >= 0, or mapping of "weight" and "bias" to such, default 0
        lam of lam int abs(theta)^2 dt and of (lam/2) int abs(dtheta/dt)^2 dt, which are added, see `Penalty`; the loss
        of a moment is half a mean square.
    learn : tuple of str, default ("weight", "bias")
        As of `Parameters`.
    bounds : dict of str to (float, float), optional
        By the names of `Parameters`, or "weight" and "bias" for all of them.
    stop : Stop, optional
    tell : callable (Point), optional
        Is told of every iterate.

    Raises
    ------
    InputError
        If nothing can be learnt, the method asks for another loss, a bound is none; as `gradient`.
    NotFiniteError
        If the loss at the start is not finite.
    """
    parameters = Parameters(model, learn)
    if not parameters.names:
        raise InputError("weight and bias are functions of time or follow the mean: there is nothing to learn")
    require_at_least("ridge", ridge)
    penalty = Penalty.of(parameters, until, control=control, smoothness=smoothness) if control or smoothness else None
    squared = loss.squared and model.nu2 == 0.0
    chosen = method or (LM() if squared else LBFGS())
    many: Any = start.count if count is None and isinstance(start, Samples) else count
    run = Run(count=many, until=until, start=start, seed=seed)
    steps = len(run.check(model, scheme)) - 1
    scheme.require_adjoint(model)
    if isinstance(chosen, LM):
        _require_lm(parameters, loss, run.count, steps, squared=squared)
    ends = _bounds(parameters, bounds or {})
    sweep = Sweep.prepared(model, scheme, loss, run, comm)
    residuals = _residuals(sweep) if squared else None
    objective = Objective(
        parameters, lambda other: sweep.of(other).gradient(), ridge, residuals, sweep.ensemble.ranks, penalty
    )
    curve: list[Point] = []

    def keep(point: Point) -> None:
        curve.append(point)
        tell(point)

    reason = chosen.minimise(objective, np.clip(parameters.values, *ends), ends, stop or Stop(), keep)
    info = {
        "loss": loss.name, "method": repr(chosen), "ridge": ridge, **_told(control=control, smoothness=smoothness),
        "scheme": repr(scheme), "count": many,
        "until": until, "start": start if isinstance(start, str) else "given", "seed": seed, "provenance": provenance(),
    }  # fmt: skip
    return Fit(
        model=parameters.with_values(curve[-1].theta), names=parameters.names, curve=tuple(curve), reason=reason,
        remarks=_remarks(objective, curve, ends), info=info,
    )  # fmt: skip


def _told(**shares: Share) -> dict[str, Any]:
    return {name: dict(share) if isinstance(share, Mapping) else float(share) for name, share in shares.items()}


def _require_lm(parameters: Parameters, loss: Loss, count: int, steps: int, *, squared: bool) -> None:
    """Refuse Levenberg and Marquardt's method for what is no sum of squares, or takes more memory than there is."""
    if not squared:
        raise InputError(f"method = 'lm' with loss {loss.name!r}: allowed are squares without noise; else use lbfgs")
    n, size = len(parameters.names), parameters.model.size
    needed = 8.0 * n * (3.0 * size * count + steps * size * (size + 1) + 32.0 * n)
    require_memory(f"method = 'lm' of {n} numbers", needed)


def _residuals(sweep: Sweep) -> Callable[[Parameters], tuple[Floats, Floats]]:
    """This rank's residuals and tangents, scaled so that half the sum of all squares is the loss."""
    model, begin = sweep.model, sweep.begin
    target = sweep.loss.given(model.dim, sweep.ensemble.local.start, begin.shape[1])
    assert target is not None
    scale = 1.0 / math.sqrt(sweep.run.count)

    def of(other: Parameters) -> tuple[Floats, Floats]:
        ends, tangents = ends_and_tangents(other, sweep.scheme, begin, sweep.run.until)
        readouts = ends.reshape(model.neurons, model.dim, -1).mean(axis=0)
        by_theta = tangents.reshape(len(tangents), model.neurons, model.dim, -1).mean(axis=1)
        return (readouts - target) * scale, by_theta * scale

    return of


def _bounds(parameters: Parameters, given: dict[str, tuple[float, float]]) -> tuple[Floats, Floats]:
    low, high = parameters.ends
    for name, (least, most) in given.items():
        chosen = [k for k, full in enumerate(parameters.names) if name in (full, full.split("[")[0].split(" ")[0])]
        low[chosen], high[chosen] = np.maximum(low[chosen], least), np.minimum(high[chosen], most)
        if not chosen or not least < most or not (low < high).all():
            known = ", ".join(parameters.names)
            raise InputError(f"bounds of {name!r} = {least!r}, {most!r}: allowed are {known}, each with low < high")
    return low, high


def _remarks(objective: Objective, curve: list[Point], ends: tuple[Floats, Floats]) -> tuple[str, ...]:
    """Whether the start is flat, or numbers run away: grown far, and with twice as much the objective is no higher.

    That they grew in the last step says nothing: on its way to a far minimum a number does so too.
    """
    first, last = curve[0].theta, curve[-1].theta
    low, high = ends
    if len(curve) == 1 and curve[0].slope == 0.0 < curve[0].value and bool(((low < first) & (first < high)).all()):
        return ("nothing was learnt: every derivative is 0 at the start, as where no particle moves; start elsewhere",)
    grown = np.abs(last) > _FAR * np.maximum(np.abs(first), 1.0)
    farther = np.clip(np.where(grown, 2.0 * last, last), *ends)
    away = np.flatnonzero(farther != last)
    if not away.size:
        return ()
    try:
        beyond, _ = objective.at(farther)
    except NotFiniteError:
        return ()
    if beyond > curve[-1].value * (1.0 + _ROUNDING):
        return ()
    told = f"{objective.parameters.names[away[0]]} = {last[away[0]]:.3g}"
    return (f"the loss still falls while {told} grows: its least value is nowhere; give ridge or bounds",)
