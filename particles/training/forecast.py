"""How a loss depends on all that a model is made of, and what a change of it is forecast to do, to first order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.errors import InputError
from particles.model import Model, Normal
from particles.training.losses import Loss, Moment
from particles.training.of_particles import Gradient
from particles.training.parameters import Parameters, learnable

Route = Callable[[Model, Loss, float], Gradient]
"""(model, loss, until) -> its gradient: by particles and a scheme, or by quadrature."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivity:
    """A loss, its derivatives by name, and a forecast.

    Parameters
    ----------
    loss : str
        Its name.
    route : str
        In words, how it was differentiated.
    value : float
    derivatives : dict of str to float
        By the numbers of weight and bias, the drift's constant ("gamma"), "nu2" where there is noise, "mean" and "std"
        of the start, "horizon", and "target" of a moment; a feature in brackets where there are several.
    by_step : ndarray, shape (K, 3), optional
        Of a model on the line whose weight or bias is a function of time: t and the derivatives by w(t) and b(t), those
        of the steps over their lengths.
    changes : dict of str to (float, float)
        New values and the derivative times the change.
    forecast, found : float, optional
        What the changes together make of the loss, to first order and in truth.
    """

    loss: str
    route: str
    value: float
    derivatives: dict[str, float]
    by_step: Any = None
    changes: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    forecast: float | None = None
    found: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {"by_step": None if self.by_step is None else self.by_step.tolist()}


def sensitivity(
    model: Model, loss: Loss, until: float, differentiate: Route, route: str, changes: Mapping[str, float] | None = None
) -> Sensitivity:
    """Differentiate a loss by everything, and try a first-order forecast of changes against the truth.

    Parameters
    ----------
    model : Model
    loss : Loss
    until : float
        Horizon.
    differentiate : callable
    route : str
        In words.
    changes : mapping of str to float, optional
        New values, by the names of the derivatives; "mean" and "std" of a normal start.

    Raises
    ------
    InputError
        If a name is not known or cannot be changed; as `differentiate`.
    """
    old = _values(model, loss, until)
    for name in changes or ():
        if name not in old:
            raise InputError(f"change of {name!r}: allowed are {', '.join(old)}")
    found = differentiate(model, loss, until)
    derivatives = _derivatives(model, loss, found)
    changed = {name: (value, derivatives[name] * (value - old[name])) for name, value in (changes or {}).items()}
    forecast = found.loss + sum(part for _, part in changed.values()) if changes else None
    truth = differentiate(*_changed(model, loss, until, changes)).loss if changes else None
    by_step = None
    if model.varying and model.size == 1:
        spans = np.diff(found.levels)
        by_step = np.column_stack([found.levels[:-1], found.weights[:, 0, 0] / spans, found.biases[:, 0] / spans])
    return Sensitivity(
        loss=loss.name, route=route, value=found.loss, derivatives=derivatives, by_step=by_step, changes=changed,
        forecast=forecast, found=truth,
    )  # fmt: skip


def _derivatives(model: Model, loss: Loss, found: Gradient) -> dict[str, float]:
    parameters = Parameters(model, learnable(model))
    rows = dict(zip(parameters.names, parameters.chain(found).tolist(), strict=True))
    rows |= {"nu2": found.nu2} if model.nu2 > 0.0 else {}
    for name, values in (("mean", found.mean), ("std", found.std)):
        rows |= {_of_feature(name, k, model.dim): value for k, value in enumerate(values.tolist())}
    rows |= {} if model.nu2 > 0.0 else {"horizon": found.horizon}
    if isinstance(loss, Moment) and np.ndim(loss.target) == 0:
        rows["target"] = -float(found.slope.sum())
    return {name: value for name, value in rows.items() if np.isfinite(value)}


def _of_feature(name: str, k: int, dim: int) -> str:
    return name if dim == 1 else f"{name}[{k}]"


def _values(model: Model, loss: Loss, until: float) -> dict[str, float]:
    """The numbers that can be changed, by the names of their derivatives."""
    parameters = Parameters(model, learnable(model))
    values = dict(zip(parameters.names, parameters.values.tolist(), strict=True))
    values |= {"nu2": model.nu2} if model.nu2 > 0.0 else {"horizon": until}
    values |= {"mean": model.initial.mean, "std": model.initial.std} if isinstance(model.initial, Normal) else {}
    return values | ({"target": float(loss.target)} if isinstance(loss, Moment) and np.ndim(loss.target) == 0 else {})


def _changed(model: Model, loss: Loss, until: float, changes: Mapping[str, float]) -> tuple[Model, Loss, float]:
    parameters = Parameters(model, learnable(model))
    values = [changes.get(name, old) for name, old in zip(parameters.names, parameters.values.tolist(), strict=True)]
    model = parameters.with_values(np.array(values))
    if isinstance(model.initial, Normal):
        mean, std = changes.get("mean", model.initial.mean), changes.get("std", model.initial.std)
        model = dataclasses.replace(model, initial=Normal(mean, std * std))
    model = dataclasses.replace(model, nu2=changes.get("nu2", model.nu2))
    if isinstance(loss, Moment) and "target" in changes:
        loss = Moment(changes["target"])
    return model, loss, changes.get("horizon", until)
