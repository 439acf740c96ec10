"""What the description of a checkpoint of learning must be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from particles.base.schema import Count, Number, Positive, Table, Whole, require_inside, validated


class Arguments(Table):
    """The command line of a training, as far as its values have a type; the rest is checked as for a new one."""

    case: str
    place: str
    out: str
    start: str | None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    loss: str
    target: str | None
    bounds: list[str]
    control_cost: list[str]
    smoothness: list[str]
    learn: list[str] | None
    method: str | None
    json_: bool = Field(alias="json")
    exact: bool
    milstein: bool
    fixed: bool
    exit_on_signal: bool
    replace: bool
    resume: bool
    ridge: Number
    value: Number | None
    gradient: Positive | None
    iterations: Whole
    pieces: Whole | None
    count: Whole | None
    layers: Whole | None
    stop_at: Whole | None
    rate: Positive | None
    momentum: Number | None
    batch: Whole | None
    members: Whole | None
    variance: Positive | None
    spread: Positive | None
    until: Positive | None
    dt: Positive | None
    eps: Positive | None
    tau: Positive | None
    checkpoint_every: Positive | None
    max_wall: Positive | None
    clock: str | None
    noise: str | None


class Description(Table):
    """The whole description, without its sum."""

    format: Literal["simresnet-fit-1"]
    step: Whole
    width: Whole
    seconds: Number
    run: dict[str, Any]
    arguments: dict[str, Any]
    sources: str
    files: dict[str, str]
    sizes: dict[str, Count] = Field(default_factory=dict)


def check_description(meta: dict[str, Any]) -> None:
    """Refuse a description that no training has written, by the first value that is wrong."""
    found = validated(Description, meta)
    if "place" in found.arguments:  # of a command line
        validated(Arguments, found.arguments)
    require_inside(found.files)
