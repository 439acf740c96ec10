"""The task that the options of ``python -m particles train`` stand for."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.commands.options import loss_of, points_of, scheme_of, shares_of

if TYPE_CHECKING:
    from particles.model import Case, Model
    from particles.schemes.scheme import Scheme
    from particles.training.method import Method
    from particles.training.task import Task

_BYTES = 1e4
"""Of a piece: its values, its edge, its name, and what each method keeps of it."""
_OPTIONS = ("rate", "momentum", "batch", "fixed", "members", "variance", "spread")
"""Of methods, by the names of their fields."""


def task_of(arguments: argparse.Namespace, case: Case) -> Task:
    """What is to be learnt; InputError where the options do not fit each other or the case."""
    from particles.run import Run
    from particles.training.method import Stop
    from particles.training.task import Task

    loss, scheme, method = loss_of(arguments, case), scheme_of(arguments, case), _method(arguments)
    until = arguments.until or case.until
    stop = Stop(arguments.gradient, -float("inf") if arguments.value is None else arguments.value, arguments.iterations)
    learn = tuple(arguments.learn or ("weight", "bias"))
    model = case.model if arguments.pieces is None else _in_pieces(case.model, scheme, learn, arguments.pieces, until)
    count, start = points_of(arguments, case)
    return Task(
        model=model, scheme=scheme, loss=loss, run=Run(count=count, until=until, start=start, seed=arguments.seed),
        method=method, ridge=arguments.ridge, control=shares_of("control-cost", arguments.control_cost),
        smoothness=shares_of("smoothness", arguments.smoothness), learn=learn, bounds=_bounds(arguments.bounds),
        stop=stop,
    )  # fmt: skip


def _method(arguments: argparse.Namespace) -> Method | None:
    from particles.base.checks import require_one_of
    from particles.training.methods import METHODS

    asked = {name: value for name in _OPTIONS if (value := getattr(arguments, name)) is not None and value is not False}
    if arguments.method is None:
        if asked:
            first = next(iter(asked))
            *some, last = (name for name, method in METHODS.items() if first in _fields(method))
            raise InputError(f"--{first} is for --method {', '.join(some)}{' or ' * bool(some)}{last}")
        return None
    require_one_of("method", arguments.method, METHODS)
    method = METHODS[arguments.method]
    if unknown := [name for name in asked if name not in _fields(method)]:
        raise InputError(f"--{unknown[0]} is not for --method {arguments.method}")
    return dataclasses.replace(method, **asked)  # type: ignore[type-var]


def _fields(method: Method) -> set[str]:
    return {field.name for field in dataclasses.fields(method)}  # type: ignore[arg-type]


def _in_pieces(model: Model, scheme: Scheme, learn: tuple[str, ...], many: int, until: float) -> Model:
    """The model with what is learnt held as equal pieces of time, all of the value that it has."""
    import math

    import numpy as np

    from particles.base.memory import require_memory
    from particles.model import layers

    require_memory(f"--pieces {many}", _BYTES * many)
    steps = len(scheme.levels(model, until, ())) - 1 if scheme.order < math.inf else many
    if many > steps:
        raise InputError(
            f"--pieces {many} of {steps} steps: allowed is at most one a step, as the others would be idle"
        )

    held = [name for name in learn if name in ("weight", "bias")]  # a drift's constant has no pieces
    for name in held:
        given = getattr(model, name)
        if callable(given) or not isinstance(given, int | float | np.ndarray | list | tuple) or model.mean_coupled:
            raise InputError(f"--pieces {many}: {name} of the case must be a constant")
    parts: dict[str, Any] = {name: layers([getattr(model, name)] * many, until) for name in held}
    return dataclasses.replace(model, **parts)


def _bounds(given: list[str]) -> dict[str, tuple[float, float]]:
    found = {}
    for text in given:
        name, _, ends = text.partition("=")
        low, _, high = ends.partition(":")
        try:
            found[name] = command.finite_float(low), command.finite_float(high)
        except argparse.ArgumentTypeError:
            raise InputError(f"argument --bounds: {text!r} must be NAME=LOW:HIGH") from None
    return found
