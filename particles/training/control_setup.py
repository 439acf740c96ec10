"""The control problem that a model, targets and particles or a quadrature make: what `control` solves."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive, require_type
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.base.quadrature import panel_points
from particles.ensemble import BLOCK, Ensemble
from particles.model import Model
from particles.model import layers as in_layers
from particles.run import Run
from particles.schemes.euler import Euler
from particles.training.control_problem import ControlProblem, Target
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty, Share

_NODES, _SHARES = 12, np.linspace(0.0, 1.0, 9)[1:-1]  # of quadrature: a panel, and where panels end
_ENOUGH = 1e-9  # of the mass, beyond which the nodes do not hold the law
_BLOCKS = 256  # of particles, at most, whose sums are kept apart


def in_pieces(row: Floats, until: float) -> Any:
    """One number a layer as a parameter of a model."""
    return in_layers(row.tolist(), until)


def problem_of(
    model: Model,
    target: Target,
    *,
    until: float,
    cost: Share,
    layers: int,
    learn: tuple[str, ...] = ("weight",),
    count: int | None = None,
    start: str = "random",
    seed: int = 0,
    replicate: int = 0,
    comm: Any = None,
) -> ControlProblem:
    """The problem that `control` solves; arguments and errors are its."""
    _require(model, target, learn)
    require_positive("until", until)
    for lam in cost.values() if isinstance(cost, Mapping) else (cost,):
        require_positive("cost", lam)
    if isinstance(cost, Mapping) and set(cost) != set(learn):
        raise InputError(f"cost of {', '.join(cost)}: allowed are {', '.join(learn)}, as learnt, each with its own")
    require_count("layers", layers, most=10**5)
    size, n = model.law.breakpoints().size * _NODES if count is None else count, len(learn) * layers
    needed = 8.0 * n * (3.0 * size + n * (2.0 + min(size / BLOCK, _BLOCKS)))
    require_memory(f"control of {layers} layers", needed)
    scheme, ranks = Euler(layers=layers), parallel.of(comm)
    held = dataclasses.replace(model, **{name: in_pieces(np.zeros(layers), until) for name in learn})
    half = {name: 0.5 * (cost[name] if isinstance(cost, Mapping) else cost) for name in learn}
    penalty = Penalty.of(Parameters(held, learn), until, control=half)
    if count is None:
        points, masses = _nodes(model)
        ensemble = Ensemble(points.size, ranks, BLOCK)
        mine = slice(ensemble.local.start, ensemble.local.stop)
        points, masses = points[mine], masses[mine]
        levels = scheme.levels(model, until, ())
    else:
        levels = Run(count=count, until=until, start=start, seed=seed).check(model, scheme)
        ensemble = Ensemble(count, ranks, -(-count // (_BLOCKS * BLOCK)) * BLOCK)
        points = ensemble.start(model, start, seed, replicate)[0]
        masses = np.full(points.size, 1.0 / count)
    return ControlProblem(
        model=model, learn=learn, times=levels[:-1], step=until / layers, points=points, masses=masses,
        labels=_labels(target, points), penalty=penalty, block=ensemble.block, ranks=ranks,
    )  # fmt: skip


def _require(model: Model, target: Target, learn: tuple[str, ...]) -> None:
    require_type("target", target, (int, float, Callable), "a number or a function of the start")  # type: ignore[arg-type]
    if not learn or set(learn) - {"weight", "bias"} or len(set(learn)) < len(learn):
        raise InputError(f"learn = {learn!r}: allowed are 'weight', 'bias' or both")
    require_controllable(model)


def require_controllable(model: Model) -> None:
    """Refuse a model that is not on the line, has noise, walls, a coupled bias, or a drift that is no smooth f(u)."""
    require_type("model", model, Model, "a Model")
    drift = model.drift
    asked = {
        f"{model.size} features and neurons": model.size > 1, f"nu2 = {model.nu2!r}": model.nu2 > 0.0,
        "walls": model.walls is not None, "a bias that follows the mean": model.mean_coupled,
        f"drift {drift.name!r}, which depends on x beside u": drift.lipschitz_x > 0.0,
        f"drift {drift.name!r}, which has a kink": bool(drift.kinks),
    }  # fmt: skip
    for what, there in asked.items():
        if there:
            raise InputError(f"{what}: control is for one feature, without noise and walls, and a smooth f(u)")


def _nodes(model: Model) -> tuple[Floats, Floats]:
    """Points and masses of Gauss' rule between kinks, where a law without tails has them at its ends, and 0."""
    law = model.law
    if not math.isfinite(law.variance):
        raise InputError(f"initial = {law!r:.60} has no mean square: give a count of particles")
    edges, kinks = law.breakpoints(), law.kinks()
    if kinks.size > 1 and (edges[0], edges[-1]) == (kinks[0], kinks[-1]):  # what crowds there is for roots of F
        edges = np.union1d(kinks, law.quantile(_SHARES))
    edges = np.union1d(edges, np.clip(0.0, edges[0], edges[-1]))
    x, weights, half = panel_points(edges, _NODES)
    masses = (weights * half * law.pdf(x)).reshape(-1)
    if abs(math.fsum(masses.tolist()) - 1.0) > _ENOUGH:
        raise InputError(f"initial = {law!r:.60} has no density that quadrature holds: give a count of particles")
    held = masses > 0.0
    return x.reshape(-1)[held], masses[held]


def _labels(target: Target, points: Floats) -> Floats:
    found = np.broadcast_to(np.asarray(target(points) if callable(target) else target, dtype=np.float64), points.shape)
    if not np.isfinite(found).all():
        raise InputError("target: a function of the start must give finite numbers")
    return np.array(found)
