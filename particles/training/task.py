"""What a training is asked for: a value that checks itself, before anything slow is loaded, and can be told apart."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.model import Model
from particles.model.identity import describe
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.training.losses import Loss
from particles.training.method import STOP, Method, Stop
from particles.training.methods import LBFGS, LM
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty, Share
from particles.training.tangents import carries_tangents


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What `fit` is asked for; parameters as there. InputError names the argument, its value, what is allowed."""

    model: Model
    scheme: Scheme
    loss: Loss
    run: Run
    method: Method | None = None
    ridge: float = 0.0
    control: Share = 0.0
    smoothness: Share = 0.0
    learn: tuple[str, ...] = ("weight", "bias")
    bounds: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    stop: Stop = STOP

    def __post_init__(self) -> None:
        if not self.parameters.names:
            raise InputError("weight and bias are functions of time or follow the mean: there is nothing to learn")
        require_at_least("ridge", self.ridge)
        self.run.check(self.model, self.scheme)
        self.scheme.require_adjoint(self.model)
        self.chosen.require(self)
        _ = self.ends, self.penalty

    @cached_property
    def parameters(self) -> Parameters:
        """The numbers that are learnt, of the model they begin at."""
        return Parameters(self.model, self.learn)

    @cached_property
    def penalty(self) -> Penalty | None:
        """What is added besides the ridge."""
        if not (self.control or self.smoothness):
            return None
        return Penalty.of(self.parameters, self.run.until, control=self.control, smoothness=self.smoothness)

    @property
    def squared(self) -> bool:
        """Whether the loss is a sum of squares of ends whose tangents are carried."""
        return self.loss.squared and carries_tangents(self.model)

    @property
    def chosen(self) -> Method:
        """The method, or the one by default."""
        return self.method or (LM() if self.squared else LBFGS())

    @property
    def reproducible(self) -> bool:
        """Whether what is learnt has the same bytes on any CPU: quantiles of a target's law may not."""
        return self.model.reproducible and self.chosen.reproducible and not self.loss.ordered

    @cached_property
    def ends(self) -> tuple[Floats, Floats]:
        """Between what every number may lie, shapes (n,)."""
        names = self.parameters.names
        low, high = self.parameters.ends
        for name, (least, most) in self.bounds.items():
            chosen = [k for k, full in enumerate(names) if name in (full, full.split("[")[0].split(" ")[0])]
            low[chosen], high[chosen] = np.maximum(low[chosen], least), np.minimum(high[chosen], most)
            if not chosen or not least < most or not (low < high).all():
                known = ", ".join(names)
                raise InputError(f"bounds of {name!r} = {least!r}, {most!r}: allowed are {known}, each with low < high")
        return low, high

    @property
    def start(self) -> Floats:
        """The numbers to begin with, shape (n,): the model's own, within the bounds."""
        return np.clip(self.parameters.values, *self.ends)

    def describe(self) -> dict[str, Any]:
        """What tells this training from others, plain values for JSON."""
        run = self.run.describe(self.model, self.scheme)
        names = ("scheme", "count", "until", "start", "points", "seed")
        kept: dict[str, Any] = {name: run[name] for name in names if name in run}
        low, high = (dict(zip(self.parameters.names, map(_plain, end.tolist()), strict=True)) for end in self.ends)
        return {
            "loss": self.loss.name, "to": describe(self.loss), "method": repr(self.chosen), "ridge": float(self.ridge),
            "control": _share(self.control), "smoothness": _share(self.smoothness), **kept,
            "learn": list(self.learn), "low": low, "high": high,
            "stop": {name: _plain(value) for name, value in self.stop._asdict().items()}, "model": run["model"],
        }  # fmt: skip


def _share(given: Share) -> float | dict[str, float]:
    """Plain values for JSON."""
    return {name: float(lam) for name, lam in given.items()} if isinstance(given, Mapping) else float(given)


def _plain(value: float | None) -> float | str | None:
    """A number for JSON, which has no infinities."""
    return value if value is None or math.isfinite(value) else repr(value)
