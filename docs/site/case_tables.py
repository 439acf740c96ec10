"""Directive `{case-tables}`: what a case file may say, as tables made from the schema that checks it."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from exhibits import paragraph, table
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HEADS = ("key", "allowed", "default")


def tables_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The tables that a type names, through unions, lists and annotations."""
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not isinstance(kind, types.GenericAlias):
        yield kind
    for part in typing.get_args(kind):
        yield from tables_in(part)


def reached(start: type[BaseModel], seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """A table and all that its fields lead to, each once, in their order."""
    if start not in seen:
        seen.append(start)
        for field in start.model_fields.values():
            for found in tables_in(field.annotation):
                reached(found, seen)
    return seen


def rows(of: type[BaseModel]) -> list[tuple[str, str, str]]:
    """Key, what is allowed, and its default, for each field."""
    found = []
    for key, field in of.model_fields.items():
        chosen = " or ".join(f'"{word}"' for word in typing.get_args(field.annotation) if isinstance(word, str))
        given = field.default
        default = "required" if given is PydanticUndefined else "" if given is None else f"{given}"
        found.append((key, field.description or chosen, default))
    return found


def chosen_by(of: type[BaseModel]) -> str:
    """What chooses this table: its law, or its name."""
    key = "law" if "law" in of.model_fields else "name"
    allowed = {row[0]: row[1] for row in rows(of)}
    return f"{key} = {allowed[key]}"


class CaseTables(SphinxDirective):
    """One section a table: its first lines say what it is, its rows the keys."""

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        from particles.model.cases.schema import CaseTable

        return [self.section(one) for one in reached(CaseTable, [])]

    def section(self, of: type[BaseModel]) -> nodes.section:
        """Title, what the table is, and its keys."""
        name = of.__name__.removesuffix("Table")
        section = nodes.section("", nodes.title("", TITLES.get(name) or chosen_by(of)), ids=[f"table-{name.lower()}"])
        self.state.document.note_explicit_target(section, section)
        section += paragraph((of.__doc__ or "").strip())
        section += table(HEADS, rows(of))
        return section


TITLES = {
    "Case": "The file",
    "Model": "[model]",
    "Run": "[run]",
    "Grid": "[grid]",
    "Layered": "Values that change in time",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("case-tables", CaseTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
