"""A record as an `xarray.Dataset`: numbers and arrays are variables, all else is told in ``attrs["record"]``, JSON.

Numbers by name lie over their names, numbers of rows over the rows; a number that is not known is NaN.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xarray import Dataset

Axes = Mapping[str, tuple[str, ...]]
"""Names of the axes of fields, the last ones of those that have fewer."""


def dataset_of(value: Any, axes: Axes, tell: Callable[[Any], str]) -> Dataset:
    """Return the fields of a dataclass; `tell` puts into words what is neither a number nor plain."""
    import xarray

    data: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    record: dict[str, Any] = {"class": type(value).__name__}
    for one in dataclasses.fields(value):
        name, held = one.name, getattr(value, one.name)
        held = np.nan if held is None and str(one.type).startswith("float") else held
        if isinstance(held, Mapping) and (numbers := _numbers(list(held.values()))) is not None:
            coords[f"{name}_of"] = list(held)
            data[name] = (f"{name}_of", *_named(name, numbers, {})[1:]), numbers
        elif _is_rows(held):
            data |= {f"{name}_{column}": (name, found) for column, found in _columns(held)}
        elif (numbers := _numbers(held)) is not None:
            data[name] = _named(name, numbers, axes), numbers
        else:
            record[name] = _plain(held, tell)
    return xarray.Dataset(data, coords, {"record": json.dumps(record)})


def _numbers(held: Any) -> Any:
    """An array of numbers or labels; None for what is none, or nothing."""
    if isinstance(held, bool | str | None) or not isinstance(held, int | float | np.ndarray | np.number | tuple | list):
        return None
    if isinstance(held, tuple | list) and any(isinstance(part, bool | str) for part in held):
        return None
    try:
        found = np.asarray(held)
    except ValueError:  # rows of unequal length
        return None
    return found if found.size and found.dtype.kind in ("biufU" if isinstance(held, np.ndarray) else "iuf") else None


def _named(name: str, numbers: Any, axes: Axes) -> tuple[str, ...]:
    given, many = axes.get(name, ()), numbers.ndim
    return given[-many:] if len(given) >= many > 0 else tuple(f"{name}_{k}" for k in range(many))


def _is_rows(held: Any) -> bool:
    """Whether it is a tuple of records of one kind."""
    rows = isinstance(held, tuple) and len(held) > 0 and not hasattr(held, "_fields")
    return rows and dataclasses.is_dataclass(held[0]) and all(type(row) is type(held[0]) for row in held)


def _columns(rows: Any) -> Iterator[tuple[str, Any]]:
    """Columns of numbers and of texts, by their names."""
    for one in dataclasses.fields(rows[0]):
        found = [getattr(row, one.name) for row in rows]
        if all(isinstance(cell, str) for cell in found):
            yield one.name, found
        elif all(isinstance(cell, int | float | None) and not isinstance(cell, bool) for cell in found):
            yield one.name, [np.nan if cell is None else cell for cell in found]


def _plain(held: Any, tell: Callable[[Any], str]) -> Any:
    """A value for JSON."""
    if isinstance(held, bool | str | int | float | None):
        return held
    if isinstance(held, tuple | list):
        return [_plain(part, tell) for part in held]
    if isinstance(held, Mapping):
        return {str(key): _plain(part, tell) for key, part in held.items()}
    return held.describe() if hasattr(held, "describe") and not isinstance(held, type) else tell(held)
