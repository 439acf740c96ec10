"""The mistakes of a case's TOML file, one sentence each, in the words of the file; imported when there are some."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from particles.model.cases.schema import CaseTable

Place = tuple[str | int, ...]
_NOTHING = object()
_UNKNOWN = "extra_forbidden"


def mistakes(content: dict[str, Any], errors: Sequence[Any], whole: type[BaseModel] = CaseTable) -> str:
    """All mistakes of a file, joined by semicolons; `errors` are pydantic's of the table `whole`, `content` is what the
    file holds.

    pydantic tells of every alternative that a value might have been; told here is the deepest that the file has, once.
    """
    found: dict[Place, Any] = {}
    for error in errors:
        place = _place(content, error)
        if place not in found or error["type"] == _UNKNOWN:
            found[place] = error
    shown = [place for place in found if not any(other[: len(place)] == place != other for other in found)]
    misspelt = {
        (*place[:-1], _close(place, found[place], whole)) for place in shown if found[place]["type"] == _UNKNOWN
    }
    return "; ".join(_sentence(content, place, found[place], whole) for place in shown if place not in misspelt)


def _place(content: Any, error: Any) -> Place:
    """Keys and numbers of a mistake in the file, without the names of pydantic's alternatives."""
    place: list[str | int] = []
    for number, part in enumerate(error["loc"]):
        last = number == len(error["loc"]) - 1
        if (isinstance(content, dict) and part in content) or (isinstance(content, list) and isinstance(part, int)):
            content = content[part]
            place.append(part)
        elif last and error["type"] == "missing":
            place.append(part)
    if error["type"].startswith("union_tag"):
        place.append(str(error["ctx"]["discriminator"]).strip("'"))
    return tuple(place)


def _sentence(content: dict[str, Any], place: Place, error: Any, whole: type[BaseModel]) -> str:
    name = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{_short(part)}" for part in place).lstrip(".")
    value: Any = content
    for part in place:
        value = value.get(part, _NOTHING) if isinstance(value, dict) else value[part]
    if error["type"] == _UNKNOWN:
        close = _close(place, error, whole)
        told = f"did you mean {close}?" if close else f"allowed are {', '.join(sorted(_keys(error['loc'], whole)))}"
        return f"{name} is not known: {told}"
    if error["type"].startswith("union_tag"):
        known = re.findall(r"'([^']*)'", error["ctx"].get("expected_tags", ""))
        told = " is missing" if value is _NOTHING else f" = {value!r}"
        allowed = f": allowed are {', '.join(map(repr, known))}" if known else f": it says which {place[-2]}"
        hint = _meant(str(value), known)
        return f"{name}{told}{allowed}{', ' + hint if hint else ''}"
    allowed = _walk(error["loc"], whole)[1] or "something else"
    if value is _NOTHING:
        return f"{name} is missing: allowed is {allowed}"
    hint = _meant(value, re.findall(r"'([^']*)'", allowed)) if isinstance(value, str) else ""
    shown = "a table" if isinstance(value, dict) else repr(value)
    return f"{name} = {shown}: allowed is {allowed}{', ' + hint if hint else ''}"


def _short(key: str) -> str:
    return key if len(key) <= 60 else f"{key[:57]}..."


def _meant(text: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(text, known, n=1)
    return f"did you mean {close[0]}?" if close else ""


def _close(place: Place, error: Any, whole: type[BaseModel]) -> str | None:
    """The key that an unknown one is close to."""
    return next(iter(difflib.get_close_matches(str(place[-1]), _keys(error["loc"], whole), n=1)), None)


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """Tables that an annotation admits."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)


def _labels(table: type[BaseModel]) -> set[str]:
    """Names under which pydantic tells of a table that is one of several: its class, or the values of its tag."""
    first = next(iter(table.model_fields.values()))
    values = get_args(first.annotation) if get_origin(first.annotation) is Literal else ()
    return {table.__name__, *map(str, values)}


def _walk(loc: Sequence[str | int], whole: type[BaseModel]) -> tuple[list[type[BaseModel]], str]:
    """The tables that hold the last key of a mistake, and the description of the last field on the way."""
    inside: list[type[BaseModel]] = [whole]
    tables, allowed = inside, ""
    for part in loc:
        fields = [table.model_fields[part] for table in inside if part in table.model_fields]
        chosen = [table for table in inside if part in _labels(table)]
        if fields:
            tables, allowed = inside, fields[0].description or ""
            inside = [table for field in fields for table in _tables(field.annotation)]
        elif chosen:
            inside = chosen
    return inside if loc and loc[-1] not in {key for t in tables for key in t.model_fields} else tables, allowed


def _keys(loc: Sequence[str | int], whole: type[BaseModel]) -> set[str]:
    return {key for table in _walk(loc, whole)[0] for key in table.model_fields}
