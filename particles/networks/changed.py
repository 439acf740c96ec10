"""A network's case with other values, ``--set network.layers=40``: as `particles.model.cases.changed`.

It has no file: its keys are those of the tables below, checked by `particles.networks.case_schema`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from particles.base.errors import InputError
from particles.model.cases.changed import changed
from particles.networks.cases import Choice, NetworkCase
from particles.networks.optimisers import OPTIMISERS, Schedule


def content_of(case: NetworkCase) -> dict[str, Any]:
    """Values of a case by their tables and keys; the layers' number and smoothness may be set too."""
    training, schedule = case.training, case.training.schedule
    return {
        "network": {"kind": case.layer},
        "training": {
            "method": training.optimiser.name, "rate": schedule.rate, "warmup": schedule.warmup,
            "decay": schedule.decay, "epochs": training.epochs, "batch": training.batch, "starts": case.starts,
            "goal": case.goal, "polish": case.polish,
        },
    }  # fmt: skip


def changed_network(case: NetworkCase, settings: Mapping[str, Any]) -> tuple[NetworkCase, Choice]:
    """Return a case with other values, and what they choose of its layers.

    Parameters
    ----------
    case : NetworkCase
    settings : mapping
        Values by key, such as ``{"training.epochs": 40}``.

    Raises
    ------
    InputError
        With every mistake; if another method has no rate of its own, or the case cannot be trained so.
    """
    if not settings:
        return case, Choice(case.layer)
    network, told = _checked(case, settings)
    optimiser = case.training.optimiser
    if told.method != optimiser.name:
        if "training.rate" not in settings:
            raise InputError(f"training.method = {told.method!r} needs training.rate: that of the case is for another")
        optimiser = OPTIMISERS[told.method]()
    training = dataclasses.replace(
        case.training, epochs=told.epochs, batch=told.batch, optimiser=optimiser,
        schedule=Schedule(told.rate, told.warmup, told.decay),
    )  # fmt: skip
    of_case = {name: getattr(told, name) for name in ("starts", "goal", "polish")}
    chosen = Choice(network.kind, layers=network.layers, smoothness=network.smoothness)
    return dataclasses.replace(case, training=training, layer=network.kind, **of_case), chosen


def _checked(case: NetworkCase, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """Both tables, or InputError with what is wrong in them."""
    from pydantic import ValidationError

    from particles.model.cases.mistakes import mistakes
    from particles.networks.case_schema import NetworkCaseTable

    content = changed(content_of(case), settings)
    try:
        found = NetworkCaseTable.model_validate(content)
    except ValidationError as error:
        told = mistakes(content, error.errors(), NetworkCaseTable)
        raise InputError(f"{case.name}, changed: {told}") from None
    return found.network, found.training
