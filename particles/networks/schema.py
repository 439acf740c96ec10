"""What the description of a training's checkpoint must be."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from particles.base.errors import InputError
from particles.base.schema import Count, Number, Table, Whole, require_inside, validated


class Description(Table):
    """The whole description, without its sum."""

    format: Literal["simresnet-training-1"]
    step: Count
    size: Whole
    best_value: Number
    loss: Number
    right: Count
    curve: list[list[int | Number | None]]
    run: dict[str, Any]
    arguments: dict[str, Any]
    sources: str
    files: dict[str, str]
    sizes: dict[str, Count] = Field(default_factory=dict)


def check_description(meta: dict[str, Any]) -> None:
    """Refuse a description that no training has written, by the first value that is wrong."""
    found = validated(Description, meta)
    require_inside(found.files)
    if not found.curve or any(len(row) != 6 for row in found.curve):
        raise InputError("its description has a curve that is none")
