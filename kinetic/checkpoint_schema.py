"""What the description of a checkpoint must be: the types of its values, and names of files that stay inside it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from particles.base.schema import Count, Number, Positive, Table, Whole, require_inside, validated


class Arguments(Table):
    """The command line of a run, as far as its values have a type; what they may be is checked as for a new run."""

    case: str
    place: str
    out: str
    scheme: str
    json_: bool = Field(alias="json")
    replace: bool
    resume: bool
    exit_on_signal: bool
    cells: list[Whole] | None
    domain: list[Number] | None
    until: Positive | None
    times: list[Number] | None
    residual: Positive | None
    stop_at: Whole | None
    checkpoint_every: Positive | None
    max_wall: Positive | None


class Description(Table):
    """The whole description, without its sum."""

    format: Annotated[str, Field(pattern="^simresnet-kinetic-checkpoint-1$")]
    step: Count
    steps: Whole
    t: Number
    lowest: Number
    lowest_at: Number
    times: list[Number]
    atoms: list[list[Number]]
    held: list[Number]
    release: Annotated[list[float | str], Field(min_length=4, max_length=4)] | None
    run: dict[str, Any]
    arguments: dict[str, Any]
    sources: str
    files: dict[str, str]
    sizes: dict[str, Count]


def check_description(meta: dict[str, Any]) -> None:
    """Refuse a description that no run has written, by the first value that is wrong."""
    found = validated(Description, meta)
    if "place" in found.arguments:  # of a command line
        validated(Arguments, found.arguments)
    require_inside(found.files)
