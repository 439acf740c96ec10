"""What the description of a checkpoint must be: the types of its values, and names of files that stay inside it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from particles.base.errors import InputError

Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class Arguments(_Table):
    """The command line of a run, as far as its values have a type; what they may be is checked as for a new run."""

    case: str
    place: str
    out: str
    start: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    json_: bool = Field(alias="json")
    no_clouds: bool
    exact: bool
    milstein: bool
    exit_on_signal: bool
    replace: bool = False
    resume: bool = False
    count: Whole | None
    layers: Whole | None
    stop_at: Whole | None
    until: Positive | None
    dt: Positive | None
    eps: Positive | None
    tau: Positive | None
    checkpoint_every: Positive | None
    max_wall: Positive | None = None
    clock: str | None
    noise: str | None
    times: list[Number] | None
    histogram: Annotated[list[str], Field(min_length=3, max_length=3)] | None


class Description(_Table):
    """The whole description, without its sum."""

    format: str | None = None
    step: Count
    clouds: Count
    moments: list[list[list[Number]]]
    variances: list[list[Number | None]] | None = None
    counts: list[list[list[Count]]]
    left: list[Count]
    run: dict[str, Any]
    arguments: dict[str, Any]
    sources: str
    files: dict[str, str]
    sizes: dict[str, Count] = {}


def check_description(meta: dict[str, Any]) -> None:
    """Refuse a description that no run has written, by the first value that is wrong."""
    try:
        found = Description.model_validate(meta)
        if "place" in found.arguments:  # of a command line
            Arguments.model_validate(found.arguments)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:60]
        raise InputError(f"its description is that of no checkpoint: {where}: {first['msg'].lower()}") from None
    for name in found.files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise InputError(f"its description names a file outside of it, {name[:60]!r}")
    if any(len(kept) not in (0, len(found.moments)) for kept in (found.counts, found.left)):
        raise InputError("its description counts other snapshots than it has moments")
