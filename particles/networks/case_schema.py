"""The content that the file of a network's case would have, as ``--set`` changes it: keys, types, what is allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt

from particles.model.cases.schema import Positive, Table

_AT_LEAST_0 = "an integer of at least 0"
_WHOLE = "a positive integer"


class NetworkTable(Table):
    """The layers; what is missing is the case's own."""

    kind: Literal["euler", "split", "strang", "multistep"] = Field(
        description="'euler', 'split', 'strang' or 'multistep'"
    )
    layers: Annotated[int, Field(ge=1, le=10**4)] | None = Field(None, description="an integer from 1 to 10000")
    smoothness: Annotated[FiniteFloat, Field(ge=0.0)] | None = Field(
        None, description="a finite number of at least 0, lambda of (82) and (113)"
    )


class TrainingTable(Table):
    """How it is trained."""

    method: Literal["adam", "sgd"] = Field(description="'adam' or 'sgd'")
    rate: Positive
    warmup: NonNegativeInt = Field(description=_AT_LEAST_0)
    decay: Literal["constant", "linear"] = Field(description="'constant' or 'linear'")
    epochs: PositiveInt = Field(description=_WHOLE)
    batch: PositiveInt = Field(description=_WHOLE)
    starts: PositiveInt = Field(description=_WHOLE)
    goal: Annotated[FiniteFloat, Field(ge=0.0, le=1.0)] = Field(description="an accuracy in [0, 1]")
    polish: NonNegativeInt = Field(description=_AT_LEAST_0)


class NetworkCaseTable(Table):
    """The whole content."""

    network: NetworkTable = Field(description="a table [network]")
    training: TrainingTable = Field(description="a table [training]")
