"""A case from a TOML file, checked by pydantic: every mistake at once, unknown keys refused, no expressions.

name = "my-case"

[model]
drift = "tanh"                      # identity, relu, sigmoid, tanh, or a table {name = "cubic", gamma = 1.0}
weight = -1.0                       # number, matrix, or {edges = [0.0, 1.0], values = [-1.0, 2.0]}
bias = 1.0                          # number, vector, edges and values, or "mean-coupled"
walls = [1.0, 7.0]                  # optional; with two features [[1.0, 7.0], [0.0, 2.0]]; also neurons, scaled

[model.initial]
law = "normal"                      # dirac, uniform, truncated-normal, mixture, product, multivariate-normal,
                                    # empirical, histogram, kernel
m = 1.0
v = 1.0

[run]
until = 2.0                         # also times, count, layers

[grid]
domain = [-7.0, 9.0]                # with two features [[-7.0, 9.0], [-8.0, 8.0]]; also cells
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from particles.base.arrays import Floats, as_floats
from particles.base.errors import InputError
from particles.base.readers import read_toml
from particles.model.cases.case import Case
from particles.model.cases.changed import changed_case, changed_table
from particles.model.cases.registry import cases
from particles.model.diffusion import DIFFUSIONS
from particles.model.drifts.activations import ACTIVATIONS
from particles.model.drifts.drift import Drift
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.model.laws.combined import Mixture, Product
from particles.model.laws.elementary import Dirac, Normal, Uniform
from particles.model.laws.empirical import Empirical, kernel_estimate
from particles.model.laws.histogram import histogram
from particles.model.laws.law import Law
from particles.model.laws.multivariate_normal import MultivariateNormal
from particles.model.laws.space import SpaceLaw
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.model.measurements import Dialect, read_measurements
from particles.model.parameters import MEAN_COUPLED, piecewise
from particles.model.rule import Model
from particles.model.samples import Samples

ABSOLUTE = "absolute"  # folder of a copy that holds the files which were named by an absolute path
Find = Callable[[str], Path]
"""Where a file lies that a case names."""


def load_case(name: str, settings: Mapping[str, Any] | None = None, *, copied: Path | None = None) -> Case:
    """Return the case of that name, or the one that a TOML file describes; with other values, where some are given.

    Parameters
    ----------
    name : str
        A name of `particles.model.cases`, or a path that ends in ``.toml``.
    settings : mapping, optional
        Values by their path in the file, ``{"model.weight": -2.0}``: the case is that of a file with these values, and
        has a name that tells them.
    copied : path, optional
        Folder of a copy that `case_copy` made: measurements named by an absolute path are looked for there.

    Raises
    ------
    InputError
        If the name is not known, a path leads nowhere, or with every mistake of the file.

    Examples
    --------
    >>> from particles.model import load_case
    >>> case = load_case("regression")
    >>> case.model.weight, case.until, case.domain
    (-1.0, 2.0, (-7.0, 9.0))
    >>> load_case("regression", {"model.weight": -2.0}).name
    'regression, model.weight=-2.0'
    >>> load_case("regression", {"model.weigth": -2.0})
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: regression, changed: model.weigth is not known: did you mean weight?
    >>> load_case("no/such.toml")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: no/such.toml cannot be read: No such file or directory
    """
    if name.endswith(".toml"):
        path = Path(os.path.expanduser(name))
        content = changed_table(read_toml(path), settings, path.stem)
        label = f"{path}, changed" if settings else str(path)
        return _build(label, path.stem, f"from {path.name}", content, lambda file: located(path.parent, file, copied))
    return _load_changed(name, settings) if settings else cases[name]


def _load_changed(name: str, settings: Mapping[str, Any]) -> Case:
    """The case of a name with other values; it keeps its targets, for which a file has no word."""
    content, files = changed_case(name, settings)
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            (Path(folder) / file).write_text(text)
        case = _build(
            f"{name}, changed", name, cases[name].notes, content,
            lambda file: Path(folder) / file if file in files else located(Path(), file),
        )  # fmt: skip
    return replace(case, target=cases[name].target)


def located(folder: Path, file: str, copied: Path | None = None) -> Path:
    """Where a file lies that the case in `folder` names; in a copy, what has an absolute path lies below `ABSOLUTE`."""
    named = Path(os.path.expanduser(file))
    return folder / named if copied is None or not named.is_absolute() else copied / ABSOLUTE / named.relative_to("/")


def _build(label: str, name: str, notes: str, content: dict[str, Any], find: Find) -> Case:
    from pydantic import ValidationError

    from particles.model.cases.mistakes import mistakes
    from particles.model.cases.schema import CaseTable

    try:
        file = CaseTable.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{label}: {mistakes(content, error.errors())}") from None
    model, run, grid = file.model, file.run, file.grid
    if run.times is not None and not all(0.0 <= t <= run.until for t in run.times):
        raise InputError(f"{label}: run.times = {run.times!r} must lie in [0, {run.until!r}]")
    samples = _samples(model.initial, find)
    return Case(
        name=file.name or name,
        notes=notes,
        model=Model(
            drift=_drift(model.drift),
            weight=_parameter(label, "weight", model.weight),
            bias=_parameter(label, "bias", model.bias),
            initial=_law(model.initial, find) if samples is None else _OF_POINTS[model.initial.law](samples.points),
            neurons=model.neurons,
            walls=_ends(model.walls),
            scaled=model.scaled,
            wall=model.wall,
            diffusion=DIFFUSIONS[model.diffusion],
            nu2=model.nu2,
        ),
        until=run.until,
        times=tuple(run.times) if run.times is not None else (0.0, run.until),
        count=run.count,
        layers=run.layers,
        domain=_ends(grid.domain) if grid else None,
        cells=grid.cells if grid else 1600,
        samples=samples,
    )


def _ends(given: Any) -> Any:
    """A pair of ends, or pairs of them, as tuples."""
    if given is None:
        return None
    return tuple(_ends(part) if isinstance(part, list) else part for part in given)


def _drift(given: Any) -> Drift:
    if isinstance(given, str):
        return ACTIVATIONS[given]
    if given.name == "cubic":
        return cubic(given.gamma)
    if given.name == "power-law":
        return power_law(given.gamma, given.mu)
    return lognormal_family(given.delta, lam=given.lam, scale=given.scale)


def _parameter(label: str, name: str, given: Any) -> Any:
    if given == "mean-coupled":
        return MEAN_COUPLED
    if not hasattr(given, "edges"):
        return given
    try:
        return piecewise(given.edges, given.values)
    except InputError as error:
        raise InputError(f"{label}: model.{name}.{error}") from None


def _law(given: Any, find: Find) -> Law | SpaceLaw:
    match given.law:
        case "dirac":
            return Dirac(given.point)
        case "normal":
            return Normal(given.m, given.v)
        case "uniform":
            return Uniform(given.low, given.high)
        case "truncated-normal":
            return TruncatedNormal(given.m, given.v, given.low, given.high)
        case "mixture":
            return Mixture([_line(c, find) for c in given.components], given.weights)
        case "product":
            return Product([_line(c, find) for c in given.components])
        case "multivariate-normal":
            return MultivariateNormal(as_floats(given.m, "m"), as_floats(given.s, "s", ndim=2))
        case _:
            if given.labels is not None:
                raise InputError(f"labels = {given.labels!r}: allowed is with measurements that are the whole start")
            return _OF_POINTS[given.law](_measured(given, find))


_OF_POINTS: dict[str, Callable[[Floats], Law]] = {
    "empirical": Empirical, "histogram": histogram, "kernel": kernel_estimate
}  # fmt: skip


def _samples(given: Any, find: Find) -> Samples | None:
    """The measurements, where they are the start, in their order."""
    if given.law not in _OF_POINTS:
        return None
    return Samples.read(find(given.file), given.column, _dialect(given), labels=given.labels)


def _measured(given: Any, find: Find) -> Floats:
    return read_measurements(find(given.file), given.column, _dialect(given))


def _dialect(given: Any) -> Dialect:
    return Dialect(given.separator, given.decimal, given.missing)


def _line(given: Any, find: Find) -> Law:
    law = _law(given, find)
    assert isinstance(law, Law)  # the schema refuses a product inside
    return law
