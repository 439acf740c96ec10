"""A case as the text of its TOML file: what `load_case` reads back as the same case.

What the file has no word for is refused: functions of time, a user's own drift, noise shape or law. Measurements are a
table of their own beside it.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from particles.base.errors import InputError
from particles.model.cases.case import Case
from particles.model.diffusion import DIFFUSIONS
from particles.model.drifts.activations import ACTIVATIONS
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import power_law
from particles.model.laws.combined import Mixture, Product
from particles.model.laws.elementary import Dirac, Normal, Uniform
from particles.model.laws.empirical import Empirical, KernelEstimate, kernel_estimate
from particles.model.laws.histogram import Histogram, histogram
from particles.model.laws.multivariate_normal import MultivariateNormal
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.model.parameters import Piecewise
from particles.model.rule import Model
from particles.model.samples import Samples

MEASUREMENTS = "measurements.csv"
"""The name of the table beside the file."""


def toml_of(case: Case) -> str:
    """Return the text of a case's TOML file.

    Raises
    ------
    InputError
        If the file has no word for a part of the model.
    """
    model = case.model
    table: dict[str, Any] = {
        "drift": _drift(model), "weight": _parameter("weight", model.weight),
        "bias": "mean-coupled" if model.mean_coupled else _parameter("bias", model.bias), "neurons": model.neurons,
        "nu2": float(model.nu2), "diffusion": _diffusion(model),
        "initial": _measured(model.initial, case.samples) if table_of(case) else _law(model.initial),
    }  # fmt: skip
    if model.walls is not None:
        table |= {"walls": np.array(model.walls).tolist(), "wall": model.wall}
    if model.scaled is not None:
        table["scaled"] = bool(model.scaled)
    times = list(map(float, case.times))
    run = {"until": float(case.until), "times": times, "count": case.count, "layers": case.layers}
    tables = {"name": case.name, "model": table, "run": run}
    if case.domain is not None:
        tables["grid"] = {"domain": np.array(case.domain).tolist(), "cells": case.cells}
    elif case.cells != Case.cells:
        tables["grid"] = {"cells": case.cells}
    return text_of(tables)


def text_of(content: Mapping[str, Any]) -> str:
    """Return the text of a TOML file with this content: values first, then a section a table."""
    lines = [f"{key} = {toml_value(value)}" for key, value in content.items() if not isinstance(value, dict)]
    for name, rows in content.items():
        if isinstance(rows, dict):
            lines += ["", f"[{name}]", *(f"{key} = {toml_value(value)}" for key, value in rows.items())]
    return "\n".join(lines) + "\n"


def files_of(case: Case) -> dict[str, str]:
    """Return the texts of the files that are a case, by their names: its own, and the measurements' where it has such.

    Raises
    ------
    InputError
        As `toml_of`.
    """
    measured = table_of(case)
    return {"case.toml": toml_of(case)} | ({MEASUREMENTS: measured} if measured else {})


def table_of(case: Case) -> str:
    """Return the text of the table of measurements that a case starts from, in their order; "" where it has none."""
    samples = case.samples
    if samples is None or _word_of(case.model.initial, samples) is None:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    labels = [] if samples.labels is None else [_plain(label) for label in samples.labels.tolist()]
    writer.writerows([["x", "label"], *zip(map(repr, samples.points.tolist()), labels, strict=True)] if labels else
                     [["x"], *([repr(x)] for x in samples.points.tolist())])  # fmt: skip
    return text.getvalue()


def _plain(label: Any) -> Any:
    return int(label) if isinstance(label, bool) else label


def _word_of(law: Any, samples: Samples) -> str | None:
    """The file's word for the law that measurements are taken for, None where they are not all of it."""
    own: dict[type, Any] = {Empirical: Empirical, KernelEstimate: kernel_estimate, Histogram: histogram}
    words: dict[type, str] = {Empirical: "empirical", KernelEstimate: "kernel", Histogram: "histogram"}
    if type(law) not in own:
        return None
    taken = own[type(law)](samples.points)
    same = (np.array_equal(getattr(law, part.name), getattr(taken, part.name)) for part in dataclasses.fields(taken))
    return words[type(law)] if all(same) else None


def _measured(law: Any, samples: Samples | None) -> dict[str, Any]:
    assert samples is not None  # there is a table
    told = {"law": _word_of(law, samples), "file": MEASUREMENTS, "column": "x"}
    return told | ({} if samples.labels is None else {"labels": "label", "separator": ","})


def toml_value(value: Any) -> str:
    """A value of TOML; its numbers, texts and lists are those of JSON, its tables are not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML knows no surrogates
    return json.dumps(value, default=str)  # a date, which no field of a case is


def _parameter(name: str, given: Any) -> Any:
    if isinstance(given, Piecewise):
        return {"edges": list(given.edges), "values": np.asarray(given.values).tolist()}
    if callable(given) or np.ndim(given) not in (0, 1, 2):
        raise InputError(f"{name} = {given!r:.60} is a function of time: a case's file holds numbers and pieces")
    return np.asarray(given, dtype=np.float64).tolist()


def _drift(model: Model) -> Any:
    drift, c = model.drift, model.drift.constants
    if ACTIVATIONS.get(drift.name) is drift:
        return drift.name
    if drift.name in ("cubic", "power-law") and drift == power_law(*c):
        return {"name": "power-law", "gamma": c[0], "mu": c[1]}
    if drift.name == "lognormal-family" and drift.value is lognormal_family(c[1]).value:
        return {"name": "lognormal-family", "lam": c[0], "delta": c[1], "scale": c[2]}
    raise InputError(f"drift = {drift.name!r} is no drift that a case's file has a word for")


def _diffusion(model: Model) -> str:
    if DIFFUSIONS.get(model.diffusion.name) is not model.diffusion:
        raise InputError(f"diffusion = {model.diffusion.name!r} is no shape that a case's file has a word for")
    return model.diffusion.name


def _law(law: Any) -> dict[str, Any]:
    known: dict[type, Any] = {
        Dirac: lambda law: {"law": "dirac", "point": float(law.point)},
        Normal: lambda law: {"law": "normal", "m": float(law.m), "v": float(law.v)},
        Uniform: lambda law: {"law": "uniform", "low": float(law.low), "high": float(law.high)},
        TruncatedNormal: lambda law: {
            "law": "truncated-normal", "m": float(law.m), "v": float(law.v), "low": float(law.low),
            "high": float(law.high),
        },
        Mixture: lambda law: {
            "law": "mixture", "components": list(map(_law, law.components)), "weights": list(law.weights)
        },
        Product: lambda law: {"law": "product", "components": list(map(_law, law.components))},
        MultivariateNormal: lambda law: {"law": "multivariate-normal", "m": law.m.tolist(), "s": law.s.tolist()},
    }  # fmt: skip
    if type(law) not in known:
        raise InputError(f"initial = {law!r:.60} is no law that a case's file has a word for")
    told: dict[str, Any] = known[type(law)](law)
    return told
