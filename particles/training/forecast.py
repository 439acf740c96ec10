"""How a loss depends on all that a model is made of, and what a change of it is forecast to do, to first order."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats
from particles.base.datasets import Axes
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.model import Model, Normal, Product, Uniform
from particles.training.losses import Loss, Moment
from particles.training.of_particles import Gradient
from particles.training.parameters import Parameters, learnable

_COUNTING = ("horizon", "until", "T", "eps", "tau")
_PATHWISE = "which draws a particle meets hangs on it, so that its path has no derivative by it; "
Route = Callable[[Model, Loss, float], Gradient]
"""(model, loss, until) -> its gradient: by particles and a scheme, or by quadrature."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sensitivity(Shown):
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
    by_step : ndarray, shape (K, 1 + D D + d), optional
        Of a model whose weight or bias is a function of time, or where asked: t, and the functional derivatives by
        weight and bias there, those by a step's over its length (the weight as given, without its factor).
    columns : tuple of str
        Their names.
    changes : dict of str to (float, float)
        New values and the derivative times the change.
    forecast, found : float, optional
        What the changes together make of the loss, to first order and in truth.

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import Moment, gradient_by_quadrature, sensitivity
    >>> model = cases["regression"].model
    >>> told = sensitivity(model, Moment(2.0), 2.0, gradient_by_quadrature, "quadrature")
    >>> [(name, round(slope, 4)) for name, slope in told.derivatives.items()][:4]
    [('weight', -0.7436), ('bias', -0.7894), ('mean', -0.2106), ('std', 0.0886)]
    """

    loss: str
    route: str
    value: float
    derivatives: dict[str, float]
    by_step: Any = None
    columns: tuple[str, ...] = ()
    changes: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    forecast: float | None = None
    found: float | None = None

    _axes: ClassVar[Axes] = {"by_step": ("step", "column")}

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {
            "by_step": None if self.by_step is None else self.by_step.tolist(),
            "columns": list(self.columns),
        }


def sensitivity(
    model: Model,
    loss: Loss,
    until: float,
    differentiate: Route,
    route: str,
    changes: Mapping[str, float] | None = None,
    *,
    every_step: bool = False,
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
        New values, by the names of the derivatives; "mean" and "std" of a normal or uniform start, or of such features.
    every_step : bool, default False
        Tell `by_step` of any model.

    Raises
    ------
    InputError
        If a name is not known or cannot be changed; as `differentiate`.

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import Moment, gradient_by_quadrature, sensitivity
    >>> model, changes = cases["regression"].model, {"bias": 1.1}
    >>> told = sensitivity(model, Moment(2.0), 2.0, gradient_by_quadrature, "quadrature", changes)
    >>> print(f"{told.value:.4f} {told.derivatives['bias']:.4f}")
    0.5242 -0.7894
    >>> print(f"{told.forecast:.4f} {told.found:.4f}")  # of the change, to first order and in truth
    0.4452 0.4486
    >>> sensitivity(model, Moment(2.0), 2.0, gradient_by_quadrature, "quadrature", {"height": 1.0})
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: change of 'height': allowed are weight, bias, horizon, mean, std, target
    """
    old = _values(model, loss, until)
    for name in changes or ():
        if name not in old:
            reason = _PATHWISE if model.nu2 > 0.0 and name in _COUNTING else ""
            raise InputError(f"change of {name!r}: {reason}allowed are {', '.join(old)}")
    found = differentiate(model, loss, until)
    derivatives = _derivatives(model, loss, found)
    changed = {name: (value, derivatives[name] * (value - old[name])) for name, value in (changes or {}).items()}
    forecast = found.loss + sum(part for _, part in changed.values()) if changes else None
    truth = differentiate(*_changed(model, loss, until, changes)).loss if changes else None
    columns, by_step = _by_step(model, found) if model.varying or every_step else ((), None)
    return Sensitivity(
        loss=loss.name, route=route, value=found.loss, derivatives=derivatives, by_step=by_step, columns=columns,
        changes=changed, forecast=forecast, found=truth,
    )  # fmt: skip


def _by_step(model: Model, found: Gradient) -> tuple[tuple[str, ...], Floats]:
    """Functional derivatives by weight and bias, and their names."""
    steps, (size, dim) = len(found.levels) - 1, (model.size, model.dim)
    spans = np.diff(found.levels)[:, None]
    weights = found.weights.reshape(steps, -1) * (1.0 / size if model.is_scaled else 1.0)
    biases = found.biases.reshape(steps, model.neurons, dim).sum(axis=1)
    names = [f"weight[{i},{j}]" for i, j in np.ndindex(size, size)] if size > 1 else ["weight"]
    names += [_of_feature("bias", k, dim) for k in range(dim)]
    return ("t", *names), np.column_stack([found.levels[:-1], weights / spans, biases / spans])


def _derivatives(model: Model, loss: Loss, found: Gradient) -> dict[str, float]:
    parameters = Parameters(model, learnable(model))
    rows = dict(zip(parameters.names, parameters.chain(found).tolist(), strict=True))
    rows |= {"nu2": found.nu2} if model.nu2 > 0.0 else {}
    for name, values in (("mean", found.mean), ("std", found.std)):
        rows |= {_of_feature(name, k, model.dim): value for k, value in enumerate(values.tolist())}
    rows |= {} if model.nu2 > 0.0 else {"horizon": found.horizon}
    if isinstance(loss, Moment):
        slopes = [found.slope.sum()] if np.ndim(loss.target) == 0 else found.slope
        rows |= dict(zip(_targets(loss), [-float(slope) for slope in slopes], strict=True))
    return {name: value for name, value in rows.items() if np.isfinite(value)}


def _of_feature(name: str, k: int, dim: int) -> str:
    return name if dim == 1 else f"{name}[{k}]"


def _targets(loss: Loss) -> dict[str, float]:
    """The targets of a moment by their names: one for all features, or one each."""
    if not isinstance(loss, Moment):
        return {}
    given = np.atleast_1d(np.asarray(loss.target, dtype=np.float64)).tolist()
    several = np.ndim(loss.target) > 0 and len(given) > 1
    return {f"target[{k}]" if several else "target": value for k, value in enumerate(given)}


def _starts(law: Any) -> dict[str, float]:
    """Mean and deviation of each feature of a start that can be moved, by their names."""
    parts = law.components if isinstance(law, Product) else [law]
    found: dict[str, float] = {}
    for k, part in enumerate(parts):
        if isinstance(part, Normal | Uniform):
            row = {"mean": float(part.mean), "std": math.sqrt(float(part.variance))}
            found |= {_of_feature(name, k, len(parts)): value for name, value in row.items()}
    return found


def _moved(law: Any, changes: Mapping[str, float]) -> Any:
    """The start with other means and deviations."""
    if isinstance(law, Product):
        rows = [{name: changes[full] for name in ("mean", "std") if (full := f"{name}[{k}]") in changes}
                for k in range(law.dim)]  # fmt: skip
        return Product([_moved(part, row) for part, row in zip(law.components, rows, strict=True)])
    if not {"mean", "std"} & set(changes):
        return law
    mean = changes.get("mean", float(law.mean))
    std = changes.get("std", math.sqrt(float(law.variance)))
    if isinstance(law, Uniform):
        return Uniform(mean - math.sqrt(3.0) * std, mean + math.sqrt(3.0) * std)
    return Normal(mean, std * std)


def _values(model: Model, loss: Loss, until: float) -> dict[str, float]:
    """The numbers that can be changed, by the names of their derivatives."""
    parameters = Parameters(model, learnable(model))
    values = dict(zip(parameters.names, parameters.values.tolist(), strict=True))
    values |= {"nu2": model.nu2} if model.nu2 > 0.0 else {"horizon": until}
    return values | _starts(model.initial) | _targets(loss)


def _changed(model: Model, loss: Loss, until: float, changes: Mapping[str, float]) -> tuple[Model, Loss, float]:
    parameters = Parameters(model, learnable(model))
    values = [changes.get(name, old) for name, old in zip(parameters.names, parameters.values.tolist(), strict=True)]
    model = parameters.with_values(np.array(values))
    moved = _moved(model.initial, changes)
    model = dataclasses.replace(model, initial=moved, nu2=changes.get("nu2", model.nu2))
    if isinstance(loss, Moment) and set(targets := _targets(loss)) & set(changes):
        new = [changes.get(name, old) for name, old in targets.items()]
        loss = Moment(new if np.ndim(loss.target) else new[0])
    return model, loss, changes.get("horizon", until)
