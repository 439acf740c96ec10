"""The tables of a case's TOML file as pydantic models; imported when a file is read, or its JSON schema is asked for.

The description of a field says what is allowed: it is read by people, in sentences about mistakes (`mistakes`), and by
editors, in the JSON schema.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt

_FINITE, _POSITIVE = "a finite number", "a positive finite number"
_ENDS = "two increasing finite numbers, and with two features a list of two such pairs"
Number = Annotated[FiniteFloat, Field(description=_FINITE)]
Pair = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]
Positive = Annotated[FiniteFloat, Field(gt=0.0, description=_POSITIVE)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class Table(BaseModel):
    """A table without unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DiracTable(Table):
    """Unit mass at `point`."""

    law: Literal["dirac"]
    point: Number


class NormalTable(Table):
    """N(m, v), v the variance."""

    law: Literal["normal"]
    m: Number
    v: Positive


class UniformTable(Table):
    """Uniform on [low, high]."""

    law: Literal["uniform"]
    low: Number
    high: Number


class TruncatedNormalTable(Table):
    """N(m, v), given that it lies in [low, high]."""

    law: Literal["truncated-normal"]
    m: Number
    v: Positive
    low: Number
    high: Number


class FileTable(Table):
    """Measurements in a file beside the TOML file; where they are the whole start, with a label each."""

    file: str = Field(description="the name of a CSV or .npy file, seen from the TOML file")
    column: str | None = Field(None, description="the name of a column of the CSV file")
    separator: Literal[",", ";", "\t", "|", " "] | None = Field(
        None, description="what stands between fields: ',', ';', a tab, '|' or a blank (default: found)"
    )
    decimal: Literal[".", ","] | None = Field(None, description="the decimal mark: '.' or ',' (default: found)")
    missing: Literal["refuse", "drop"] = Field("refuse", description="'refuse' or 'drop', for rows without a number")
    labels: str | None = Field(None, description="the name of a column of the CSV file, with a label in every row")


class MeasuredTable(FileTable):
    """Measurements as a histogram, or as a kernel estimate."""

    law: Literal["histogram", "kernel"]


class EmpiricalTable(FileTable):
    """Measurements as they are."""

    law: Literal["empirical"]


Line = Annotated[
    DiracTable | NormalTable | UniformTable | TruncatedNormalTable | EmpiricalTable | MeasuredTable,
    Field(discriminator="law"),
]


class MixtureTable(Table):
    """Mixture of laws."""

    law: Literal["mixture"]
    components: list[Line] = Field(min_length=1, description="a list of tables, one a law on the line")
    weights: list[Positive] = Field(min_length=1, description="a list of positive finite numbers, one a component")


class ProductTable(Table):
    """Independent components, one a feature."""

    law: Literal["product"]
    components: list[Annotated[Line | MixtureTable, Field(discriminator="law")]] = Field(
        min_length=1, description="a list of tables, one a law on the line or a mixture"
    )


class MultivariateTable(Table):
    """N(m, s) on R^d, s the covariance."""

    law: Literal["multivariate-normal"]
    m: list[Number] = Field(min_length=2, description="a list of finite numbers, one a feature")
    s: list[list[Number]] = Field(min_length=2, description="a symmetric matrix (a list of rows), positive definite")


class LayeredTable(Table):
    """Values that hold from their edges on."""

    edges: list[Number] = Field(description="a list of increasing finite numbers, times")
    values: list[FiniteFloat | list[FiniteFloat] | list[list[FiniteFloat]]] = Field(
        description="a list of finite numbers, vectors or matrices, one an edge"
    )


class CubicTable(Table):
    """u - gamma x^3."""

    name: Literal["cubic"]
    gamma: Positive


class PowerLawTable(Table):
    """u - gamma sign(x) abs(x)^mu."""

    name: Literal["power-law"]
    gamma: Positive
    mu: FiniteFloat = Field(gt=1.0, description="a finite number above 1")


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
    ) = Field(
        description="'identity', 'relu', 'sigmoid', 'tanh', or a table with name = 'cubic' (gamma),"
        " 'power-law' (gamma, mu) or 'lognormal-family' (delta, lam, scale)"
    )
    weight: FiniteFloat | list[list[FiniteFloat]] | LayeredTable = Field(
        description="a finite number, a matrix (a list of rows), or a table with edges and values; units 1/time"
    )
    bias: Literal["mean-coupled"] | FiniteFloat | list[FiniteFloat] | LayeredTable = Field(
        description="a finite number, a vector, a table with edges and values, or 'mean-coupled'; units length/time"
    )
    initial: Annotated[Line | MixtureTable | ProductTable | MultivariateTable, Field(discriminator="law")] = Field(
        description="a table with law = 'dirac', 'normal', 'uniform', 'truncated-normal', 'mixture', 'product',"
        " 'multivariate-normal', 'empirical', 'histogram' or 'kernel'"
    )
    neurons: PositiveInt = Field(1, description="a positive integer")
    wall: Literal["sticky", "reflecting"] = Field(
        "sticky", description="'sticky' (without noise) or 'reflecting' (with)"
    )
    diffusion: Literal["1", "x"] = Field("1", description="'1' or 'x', the shape K of the noise")
    nu2: Annotated[FiniteFloat, Field(ge=0.0)] = Field(0.0, description="a finite number of at least 0, a variance")
    walls: Annotated[list[FiniteFloat | Pair], Field(min_length=2)] | None = Field(
        None, description="two increasing finite numbers, and with several features a list of such pairs, one each"
    )
    scaled: bool | None = Field(None, description="true or false")


class RunTable(Table):
    """Horizon, snapshots and sizes of a run."""

    until: Positive
    times: list[FiniteFloat] | None = Field(None, description="a list of finite numbers in [0, until]")
    count: PositiveInt = Field(100_000, description="a positive integer, such as 100000")
    layers: PositiveInt = Field(1000, description="a positive integer, such as 1000")


class GridTable(Table):
    """Ends and cells of the PDE's grid."""

    domain: Annotated[list[FiniteFloat | Pair], Field(min_length=2, max_length=2)] | None = Field(
        None, description=_ENDS
    )
    cells: PositiveInt = Field(1600, description="a positive integer, such as 1600")


class CaseTable(Table):
    """The whole file."""

    name: Name | None = Field(None, description="a name of 1 to 200 printable letters")
    model: ModelTable = Field(description="a table [model]")
    run: RunTable = Field(description="a table [run]")
    grid: GridTable | None = Field(None, description="a table [grid]")


def json_schema() -> dict[str, Any]:
    """JSON schema of a case's file, draft 2020-12, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "simresnet case"}
    return head | {key: value for key, value in CaseTable.model_json_schema().items() if key != "title"}
