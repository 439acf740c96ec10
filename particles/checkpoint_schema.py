"""What the description of a checkpoint must be: the types of its values, and names of files that stay inside it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from particles.base.errors import InputError
from particles.base.schema import Count, Number, Positive, Table, Whole, require_inside, validated


class Arguments(Table):
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


class Description(Table):
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
    sizes: dict[str, Count] = Field(default_factory=dict)


def check_description(meta: dict[str, Any]) -> None:
    """Refuse a description that no run has written, by the first value that is wrong."""
    found = validated(Description, meta)
    if "place" in found.arguments:  # of a command line
        validated(Arguments, found.arguments)
    require_inside(found.files)
    if any(len(kept) not in (0, len(found.moments)) for kept in (found.counts, found.left)):
        raise InputError("its description counts other snapshots than it has moments")
