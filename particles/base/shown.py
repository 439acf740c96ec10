"""How values show themselves: in a line or two at a prompt, as a small table in a notebook.

A dataclass that is `Shown`, with ``repr=False``, tells its fields: those that differ from their defaults, arrays by
their shapes, what is long by its size. What a notebook shows is escaped text in a table, without a script or a style.
"""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from particles.base.datasets import Axes, dataset_of
from particles.base.tables import Cell, Table, plain_number

if TYPE_CHECKING:
    from xarray import Dataset

_LONGEST = 80  # letters of a text
_LINE = 119  # letters of a value at a prompt
_CUT = "..."
_MOST = 6  # numbers, items or keys that are told one by one


class Shown:
    """A dataclass that shows what it holds, not all of it."""

    def _facts(self) -> Iterator[tuple[str, Any]]:
        """What is told, by name: the fields that are not as by default."""
        for one in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            if value is not one.default and not _equal(value, one.default):
                yield one.name, value

    def _tables(self) -> tuple[Table, ...]:
        """What a notebook shows."""
        rows: list[tuple[Cell, ...]] = [(name, shortly(value)) for name, value in self._facts()]
        return (Table(type(self).__name__, ("what", "value"), tuple(rows)),)

    def __repr__(self) -> str:
        return one_line(type(self).__name__, {name: shortly(value) for name, value in self._facts()})

    def _repr_html_(self) -> str:
        return "\n".join(map(html_of, self._tables()))

    _axes: ClassVar[Axes] = {}

    def to_xarray(self) -> Dataset:
        """Return the fields as an `xarray.Dataset`: numbers and arrays as variables, the rest in ``attrs["record"]``,
        JSON.
        """
        return dataset_of(self, self._axes, shortly)


def one_line(kind: str, told: dict[str, str]) -> str:
    """Values by name in a line of fewer than 120 letters: the longest are cut as far as it takes."""
    while len(line := f"{kind}({', '.join(f'{name}={text}' for name, text in told.items())})") > _LINE:
        name = max(told, key=lambda name: len(told[name]))
        if len(told[name]) <= len(_CUT):  # the names alone are too long
            return f"{line[: _LINE - len(_CUT) - 1]}{_CUT})"
        told = told | {name: _cut(told[name])}
    return line


def _cut(text: str) -> str:
    """A shorter text of the same kind: Model(...), 'the beg...', or dots."""
    head, mark, _ = text.partition("(")
    if text[0] in "'\"" and len(text) > 20:
        return f"{text[: max(12, len(text) // 2)]}{_CUT}{text[0]}"
    return f"{head}({_CUT})" if mark and head.isidentifier() and len(head) + 5 < len(text) else _CUT


def shortly(value: Any) -> str:
    """A value in some words: numbers as they are, arrays by their shapes, what is long by its size."""
    if isinstance(value, np.ndarray):
        few = value.ndim == 1 and value.size <= _MOST
        return f"[{', '.join(map(plain_number, value.tolist()))}]" if few else f"array of shape {value.shape}"
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}...")
    if isinstance(value, Mapping):
        few = len(value) <= _MOST and all(isinstance(part, str | int | float | bool) for part in value.values())
        return f"{{{', '.join(f'{key!r}: {shortly(part)}' for key, part in value.items())}}}" if few else _many(value)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return _in_brackets(value) if len(value) <= _MOST else _many(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Shown):
        told = (f"{one.name}={shortly(getattr(value, one.name))}" for one in dataclasses.fields(value) if one.repr)
        return f"{type(value).__name__}({', '.join(told)})"
    if callable(value) and not isinstance(value, Shown):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value) if len(repr(value)) <= 4 * _LONGEST else type(value).__name__


def _in_brackets(value: tuple[Any, ...] | list[Any]) -> str:
    inside = ", ".join(map(shortly, value))
    return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"


def _many(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}"


def _equal(value: Any, default: Any) -> bool:
    """Whether a plain value is its default."""
    return isinstance(value, str | int | float | bool | tuple | None) and bool(value == default)


def html_of(table: Table) -> str:
    """A table as HTML, every text escaped."""

    def row(mark: str, cells: Any) -> str:
        return f"<tr>{''.join(f'<{mark}>{html.escape(told(cell))}</{mark}>' for cell in cells)}</tr>"

    def told(cell: Cell) -> str:
        if cell is None or isinstance(cell, bool):
            return {None: "", True: "yes", False: "no"}[cell]
        return cell if isinstance(cell, str) else plain_number(cell)

    body = "".join(row("td", cells) for cells in table.rows)
    caption = f"<caption>{html.escape(table.title)}</caption>"
    return f"<table>{caption}<thead>{row('th', table.heads)}</thead><tbody>{body}</tbody></table>"
