"""The tables of a case's TOML file as pydantic models; imported by `case_file` alone, when a file is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt

Positive = Annotated[FiniteFloat, Field(gt=0.0)]


class Table(BaseModel):
    """A table without unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DiracTable(Table):
    """Unit mass at `point`."""

    law: Literal["dirac"]
    point: FiniteFloat


class NormalTable(Table):
    """N(m, v), v the variance."""

    law: Literal["normal"]
    m: FiniteFloat
    v: Positive


class UniformTable(Table):
    """Uniform on [low, high]."""

    law: Literal["uniform"]
    low: FiniteFloat
    high: FiniteFloat


class MeasuredTable(Table):
    """Measurements in a file beside the TOML file: as they are, as a histogram, or as a kernel estimate."""

    law: Literal["empirical", "histogram", "kernel"]
    file: str
    column: str | None = None


Line = Annotated[DiracTable | NormalTable | UniformTable | MeasuredTable, Field(discriminator="law")]


class MixtureTable(Table):
    """Mixture of laws."""

    law: Literal["mixture"]
    components: list[Line]
    weights: list[Positive]


class ProductTable(Table):
    """Independent components, one a feature."""

    law: Literal["product"]
    components: list[Annotated[Line | MixtureTable, Field(discriminator="law")]]


class LayeredTable(Table):
    """Values that hold from their edges on."""

    edges: list[FiniteFloat]
    values: list[FiniteFloat | list[FiniteFloat] | list[list[FiniteFloat]]]


class CubicTable(Table):
    """u - gamma x^3."""

    name: Literal["cubic"]
    gamma: Positive


class PowerLawTable(Table):
    """u - gamma sign(x) abs(x)^mu."""

    name: Literal["power-law"]
    gamma: Positive
    mu: Annotated[FiniteFloat, Field(gt=1.0)]


class LognormalTable(Table):
    """The corrected sigma_N."""

    name: Literal["lognormal-family"]
    delta: Positive
    lam: Positive = 1.0
    scale: Positive = 1.0


class ModelTable(Table):
    """The law of one particle."""

    drift: (
        Literal["identity", "relu", "sigmoid", "tanh"]
        | Annotated[CubicTable | PowerLawTable | LognormalTable, Field(discriminator="name")]
    )
    weight: FiniteFloat | list[list[FiniteFloat]] | LayeredTable
    bias: Literal["mean-coupled"] | FiniteFloat | list[FiniteFloat] | LayeredTable
    initial: Annotated[Line | MixtureTable | ProductTable, Field(discriminator="law")]
    neurons: PositiveInt = 1
    wall: Literal["sticky", "reflecting"] = "sticky"
    diffusion: Literal["1", "x"] = "1"
    nu2: Annotated[FiniteFloat, Field(ge=0.0)] = 0.0
    walls: Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)] | None = None
    scaled: bool | None = None


class RunTable(Table):
    """Horizon, snapshots and sizes of a run."""

    until: Positive
    times: list[FiniteFloat] | None = None
    count: PositiveInt = 100_000
    layers: PositiveInt = 1000


class GridTable(Table):
    """Ends and cells of the PDE's grid."""

    domain: Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]
    cells: PositiveInt = 1600


class CaseTable(Table):
    """The whole file."""

    name: str | None = None
    model: ModelTable
    run: RunTable
    grid: GridTable | None = None


def mistakes(errors: list[Any]) -> str:
    """All mistakes of a file in one line: place = value: what is allowed."""
    told = []
    for error in errors:
        place = ".".join(str(part) for part in error["loc"])
        value = error["input"]
        shown = f" = {value!r}" if isinstance(value, str | int | float | bool | list) else ""
        told.append(f"{place}{shown}: {error['msg'][:1].lower()}{error['msg'][1:]}")
    return "; ".join(told)
