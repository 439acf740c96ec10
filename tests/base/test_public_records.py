"""Every public record, case and study shows itself in a line and a table, and becomes a dataset: none is forgotten.

The list is made from the public names: what is a dataclass, and what a public function says that it returns.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import typing
from typing import Any

import numpy as np
import pytest

import kinetic
import validation
from kinetic.fit import Fit, Fits
from particles.base.datasets import dataset_of
from particles.base.shown import Shown, shortly
from particles.model import Law, Normal, SpaceLaw, cases
from particles.training import Gradient, Sensitivity
from tests.base.test_public_names import FACES, public
from validation import NullLaw

VALUES: dict[str, tuple[str, ...]] = {
    "options, which a run's record holds": ("Checkpoints", "Dialect"),
    "how averages become densities": ("CWENO3", "CWENO5", "CWENO7", "Linear"),
    "parts that an equation is put together of": (
        "Diffusivity", "LocalDiffusivity", "FokkerPlanck", "LinearFlux", "NonlinearFlux", "Source", "Problem",
        "PlaneProblem",
    ),
    "a scheme, in a line": (
        "Collisions", "Euler", "ExactFlow", "Milstein", "ChangCooper", "Explicit", "Imex", "WellBalanced",
    ),
    "a loss": ("CrossEntropy", "EnergyDistance", "FirstTransport", "Moment", "Squares", "Supervised", "Transport"),
    "a method": ("LBFGS", "LM", "SGD", "Adam", "Descent", "EnKI"),
    "a grid, told by its ends and cells": ("Grid", "Plane"),
    "what a training asks for": ("Parameters", "Penalty"),
    "a part of a measure, which shows itself": ("PlaneDensity",),
    "a function of time": ("Piecewise",),
}  # fmt: skip
"""Public values that are no record, with the reason."""
OTHERS = {name for names in VALUES.values() for name in names}


def inside(kind: Any) -> set[type]:
    """Classes of this project that a return annotation names."""
    found = {kind} if inspect.isclass(kind) else set()
    found = found.union(*(inside(part) for part in typing.get_args(kind)))
    return {one for one in found if one.__module__.partition(".")[0] in ("particles", "kinetic", "validation")}


def listed() -> dict[str, type]:
    """Public dataclasses, and the classes of what public functions return."""
    every = [value for face in FACES for value in public(face).values()]
    found = {value for value in every if inspect.isclass(value) and dataclasses.is_dataclass(value)}
    for value in every:
        if inspect.isfunction(value):
            found |= inside(typing.get_type_hints(value).get("return"))
    return {f"{one.__module__}.{one.__name__}": one for one in found}


def is_value(kind: type) -> bool:
    """Whether it is told above why it is no record, or is a law, a function of x."""
    return kind.__name__ in OTHERS or issubclass(kind, Law | SpaceLaw)


def lacking(kind: type) -> list[str]:
    """What a record of this class lacks."""
    found = [name for name in ("_repr_html_", "to_xarray") if not hasattr(kind, name)]
    return found + ([] if kind.__repr__ is Shown.__repr__ else ["a repr that is cut"])


RECORDS = {name: kind for name, kind in listed().items() if not is_value(kind)}


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_every_record_shows_itself_and_is_a_dataset(name: str) -> None:
    assert lacking(RECORDS[name]) == []


def test_the_list_holds_what_it_should() -> None:
    """Of the public names and of those that are only returned; each reason is of use."""
    names = {name.rpartition(".")[2] for name in RECORDS}
    assert {"Trajectory", "Solution", "PlaneSolution", "Fits", "Fit", "Case", "Samples", "Study", "GridStudy"} <= names
    assert {kind.__name__ for kind in listed().values()} >= OTHERS


def test_a_record_that_shows_nothing_is_noticed() -> None:
    @dataclasses.dataclass
    class Bare:
        x: float

    assert lacking(Bare) == ["_repr_html_", "to_xarray", "a repr that is cut"]
    assert not is_value(Bare)


LINE, MODEL = np.linspace(0.0, 1.0, 40), cases["regression"].model
NULL = NullLaw(10, LINE, 0.5)
FIT = Fit(
    family="normal", law=Normal(0.0, 1.0), model=MODEL, parameters={"weight": -1.0}, errors={"weight": np.inf},
    log_likelihood=-3.0, bic=6.0, distance=0.1, p_value=None, limit="",
)  # fmt: skip
MADE: tuple[Any, ...] = (
    FIT,
    Fits(fits=(FIT,), refused={"ReLU": "too few"}, count=40, step=0.0, bootstrap=0),
    Gradient(loss=0.5, levels=LINE, weights=np.zeros((39, 1, 1)), biases=np.zeros((39, 1)), nu2=0.0, constant=0.0,
             mean=np.ones(1), std=np.ones(1), horizon=0.1, slope=np.ones(1)),
    Sensitivity(loss="moment", route="quadrature " * 20, value=0.5, derivatives={"weight": -1.0, "bias": 2.0}),
    kinetic.Tangent(grid=kinetic.Grid(0.0, 1.0, cells=40), averages=LINE, atoms=np.zeros(2), steps=3,
                    by_averages=np.zeros((2, 40)), by_atoms=np.zeros((2, 2)), parabolas=np.zeros((3, 40)),
                    by_parabolas=np.zeros((2, 3, 40))),
    validation.Enclosure(0.1, 0.2, 64, 3),
    validation.FlowEnclosure(0.1, 0.2, 0.01, (4, 5), 7),
    NULL,
    validation.SlicedNull(NULL, NULL),
    validation.GridStudy(cases["regression"]),
    validation.PlaneComparison(time=1.0, count=9, holds=None, verdict="not judged " * 20, distances={"sliced W1": 0.1},
                               lower_bound=0.1, floor=None, ratio=None, p_values={}, detectable=None, pde_errors={},
                               law="the solution", remarks=("none",)),
)  # fmt: skip


@pytest.mark.parametrize("value", MADE, ids=lambda value: type(value).__module__ + "." + type(value).__name__)
def test_a_record_is_a_line_a_table_and_a_file(value: Any) -> None:
    assert len(repr(value)) < 120
    assert repr(value).startswith(f"{type(value).__name__}(")
    assert "array(" not in repr(value)
    assert value._repr_html_().startswith("<table>")
    data = value.to_xarray()
    assert data.to_netcdf(engine="scipy")
    assert isinstance(json.loads(data.attrs["record"]), dict)


def test_a_dataset_holds_every_number() -> None:
    """Numbers by name over their names, unknown ones as NaN, rows as columns; the rest in words."""

    @dataclasses.dataclass
    class Row:
        name: str
        error: float | None

    @dataclasses.dataclass
    class Found:
        value: float
        missing: float | None
        by_name: dict[str, float]
        rows: tuple[Row, ...]
        field: Any
        law: Any
        holds: bool

    found = Found(1.5, None, {"a": 1.0, "b": 2.0}, (Row("x", 0.5), Row("y", None)), LINE.reshape(4, 10), Normal(0, 1),
                  True)  # fmt: skip
    data = dataset_of(found, {"field": ("time", "y", "x")}, shortly)
    assert data["value"] == 1.5
    assert np.isnan(data["missing"])
    assert data["by_name"].sel(by_name_of="b") == 2.0
    np.testing.assert_array_equal(data["rows_error"], [0.5, np.nan])
    assert data["rows_name"].values.tolist() == ["x", "y"]
    assert data["field"].dims == ("y", "x")
    assert json.loads(data.attrs["record"]) == {"class": "Found", "law": "Normal(m=0, v=1)", "holds": True}
