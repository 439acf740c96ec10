"""Learning weights and biases: a method, an objective, and the record of what happened."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base import parallel
from particles.base.errors import NotFiniteError
from particles.base.provenance import promise, provenance
from particles.base.shown import Shown
from particles.base.tables import Table, of_values
from particles.base.watch import Checkpoints, Watch
from particles.model import Model, Samples
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.training.losses import Loss
from particles.training.method import Method, Point, Stop
from particles.training.objective import Objective
from particles.training.of_particles import Sweep
from particles.training.penalty import Share
from particles.training.record import Record
from particles.training.remarks import outcome, remarks
from particles.training.task import Task

if TYPE_CHECKING:
    from xarray import Dataset


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Fit(Shown):
    """What was learnt, and how.

    Parameters
    ----------
    model : Model
        With the learnt numbers.
    names : tuple of str, n of them
        Of the numbers.
    curve : tuple of Point
        The iterates, the start first.
    chosen : Point
        The one with the learnt numbers: the last, or the best where the objective ended above its start.
    reason : str
        Why it ended.
    remarks : tuple of str
    info : dict
        What was asked for, wall clock in seconds, ranks, provenance; values for JSON.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Moment, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> found = fit(cases["regression"].model, Euler(layers=10), Moment(2.0), **task)
    >>> {name: round(value, 3) for name, value in found.values.items()}
    {'weight': -1.024, 'bias': 2.177}
    >>> round(found.model.weight, 3), found.chosen.value < found.curve[0].value
    (-1.024, True)
    """

    model: Model
    names: tuple[str, ...]
    curve: tuple[Point, ...]
    chosen: Point
    reason: str
    remarks: tuple[str, ...]
    info: dict[str, Any]

    @property
    def values(self) -> dict[str, float]:
        """The learnt numbers by their names."""
        return dict(zip(self.names, self.chosen.theta.tolist(), strict=True))

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("values", self.values), ("objective", self.chosen.value), ("reason", self.reason))

    def _tables(self) -> tuple[Table, ...]:
        return (of_values(f"learnt, objective {self.chosen.value:.6g}: {self.reason}", self.values),)

    def to_xarray(self) -> Dataset:
        """Return the iterates: "objective", "slope" and "evaluations" over (iterate,), "theta" over (iterate, number).

        "learnt" over (number,) are the chosen numbers; the rest is ``attrs["record"]``, JSON.
        """
        import xarray

        rows = self.curve
        data: dict[str, Any] = {
            "objective": ("iterate", [point.value for point in rows]),
            "slope": ("iterate", [math.nan if point.slope is None else point.slope for point in rows]),
            "evaluations": ("iterate", [point.evaluations for point in rows]),
            "theta": (("iterate", "number"), np.array([point.theta for point in rows])),
            "learnt": ("number", self.chosen.theta),
        }
        coords = {"iterate": [point.iteration for point in rows], "number": list(self.names)}
        told = {name: value for name, value in self.to_dict().items() if name != "curve"}
        return xarray.Dataset(data, coords, {"record": json.dumps(told)})

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        rows = [point._asdict() | {"theta": point.theta.tolist()} for point in self.curve]
        told = {"values": self.values, "objective": self.chosen.value, "reason": self.reason}
        told["iteration"] = self.chosen.iteration
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
    checkpoints: Checkpoints | None = None,
    progress: Callable[[float], None] = lambda share: None,
    tell: Callable[[Point], None] = lambda point: None,
) -> Fit:
    """Learn weight and bias of a model, from its own on, that make a loss at the horizon least (arXiv 2001.04294, 5.3).

    Collective; the same bytes on any number of ranks, after any restart.

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
    checkpoints, progress
        As of `particles.simulate`; a step is an evaluation, the share is one of the iterations allowed.
    tell : callable (Point), optional
        Is told of every iterate; after a restart of those before it, too.

    Raises
    ------
    InputError
        If nothing can be learnt, the method asks for another loss, a bound is none; as `gradient`.
    NotFiniteError
        If the loss at the start is not finite.
    Stopped
        If `checkpoints` asked to leave.

    See Also
    --------
    sensitivity : Which number matters at all.
    control : Weights that change in time, at the least cost.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Moment, fit
    >>> task = {"count": 1000, "until": 2.0, "start": "quantile", "ridge": 1e-2}
    >>> found = fit(cases["regression"].model, Euler(layers=10), Moment(2.0), **task)
    >>> print({name: round(value, 3) for name, value in found.values.items()})
    {'weight': -1.024, 'bias': 2.177}
    >>> fit(cases["regression"].model, Euler(layers=10), Moment(2.0), learn=("gamma",), **task)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: learn = 'gamma' must be one of weight, bias
    """
    many: Any = start.count if count is None and isinstance(start, Samples) else count
    task = Task(
        model=model, scheme=scheme, loss=loss, run=Run(count=many, until=until, start=start, seed=seed), method=method,
        ridge=ridge, control=control, smoothness=smoothness, learn=learn, bounds=bounds or {}, stop=stop or Stop(),
    )  # fmt: skip
    return perform(task, comm=comm, checkpoints=checkpoints, progress=progress, tell=tell)


def perform(
    task: Task,
    *,
    comm: Any = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[float], None] = lambda share: None,
    tell: Callable[[Point], None] = lambda point: None,
) -> Fit:
    """Carry out a `Task`; the rest as `fit`."""
    ranks, described, curve = parallel.of(comm), task.describe(), list[Point]()

    def keep(point: Point) -> None:
        if not math.isfinite(point.value) and not curve:
            raise NotFiniteError(f"the loss {task.loss.name!r} or a derivative of it is not finite", on_all_ranks=True)
        curve.append(point)
        tell(point)
        progress(min(1.0, point.iteration / task.stop.iterations))

    # another job would mix its checkpoints with those of this one
    claimed = nullcontext() if checkpoints is None else ranks.claimed(checkpoints.folder)
    with claimed, Watch(checkpoints, ranks) as watch:
        record = Record(ranks, checkpoints, described, watch)
        watch.ready(record.begin())
        sweep = Sweep.prepared(task.model, task.scheme, task.loss, task.run, ranks.comm)
        objective = Objective(task.parameters, sweep, task.ridge, task.penalty, record)
        reason = task.chosen.minimise(objective, task.start, task.ends, task.stop, keep)
    info = {
        **described, "seconds": record.seconds, "ranks": ranks.size,
        "promise": promise(task.reproducible), "provenance": provenance(),
    }  # fmt: skip
    chosen, told = outcome(curve)
    return Fit(
        model=task.parameters.with_values(chosen.theta), names=task.parameters.names, curve=tuple(curve),
        chosen=chosen, reason=reason, remarks=(*told, *remarks(objective, curve[0], chosen, task.ends)), info=info,
    )  # fmt: skip
