"""Case: an experiment of a paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from particles.base.arrays import Floats
from particles.base.datasets import Axes
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.base.tables import Table, of_values
from particles.model.rule import Model
from particles.model.samples import Samples

Pair = tuple[float, float]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Case(Shown):
    """One experiment.

    Parameters
    ----------
    name, figure, notes : str
    model : Model
    until : float
        Horizon T.
    times : tuple of float
        Snapshots in [0, T].
    domain : (float, float), or ((float, float), (float, float)) with two features, optional
        Ends of the grid, increasing, in x and in y; None where they are found, or no equation belongs to the case.
    cells, count, layers : int
        Defaults of a run.
    samples : Samples, optional
        The measurements that the initial law was made of; labels, truth values, say which go to the lower wall.
    target : callable (x) -> y, optional
        Where particles that start at x, shape (m,), are to end at T; the file of a case has no word for it.

    Raises
    ------
    InputError
        If the domain does not fit the number of features.

    Examples
    --------
    >>> from particles.model import Case, Normal, TANH, Model
    >>> mine = Case(
    ...     name="mine",
    ...     model=Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0)),
    ...     until=2.0,
    ...     times=(1.0, 2.0),
    ...     domain=(-7.0, 9.0),
    ... )
    >>> mine.interval, mine.count, mine.layers, mine.cells
    ((-7.0, 9.0), 100000, 1000, 1600)
    """

    name: str
    model: Model
    until: float
    times: tuple[float, ...]
    domain: Pair | tuple[Pair, Pair] | None
    figure: str = ""
    notes: str = ""
    cells: int = 1600
    count: int = 100_000
    layers: int = 1000
    samples: Samples | None = None
    target: Callable[[Floats], Floats] | None = None

    _axes: ClassVar[Axes] = {"times": ("time",), "domain": ("feature", "end")}

    def __post_init__(self) -> None:
        if self.domain is None:
            return
        dim = self.model.dim
        pairs: Any = self.domain if dim > 1 else (self.domain,)
        allowed = "two increasing numbers" + (", twice: in x and in y" if dim == 2 else "")
        if dim > 2:
            raise InputError(f"domain = {self.domain!r} with {dim} features: allowed is none, for want of an equation")
        if len(pairs) != dim or not all(map(_increasing, pairs)):
            raise InputError(f"domain = {self.domain!r} with {dim} feature{'s'[: dim - 1]}: allowed are {allowed}")

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("name", self.name), ("model", self.model), ("until", self.until))

    def _tables(self) -> tuple[Table, ...]:
        own = ("figure", "notes", "until", "times", "domain", "cells", "count", "layers")
        told = {name: value for name in own if (value := getattr(self, name)) not in ("", None)}
        return (of_values(f"case {self.name}", {"model": repr(self.model), **told}),)

    @property
    def interval(self) -> Pair | None:
        """The domain of a case on the line; None where it has none."""
        return None if self.domain is None or self.model.dim > 1 else self.rectangle[0]

    @property
    def rectangle(self) -> tuple[Pair, ...]:
        """The domain as one pair of ends a feature; () where it has none."""
        found: Any = () if self.domain is None else self.domain if self.model.dim > 1 else (self.domain,)
        return tuple((float(low), float(high)) for low, high in found)


def _increasing(pair: Any) -> bool:
    return (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and _finite(pair[0])
        and _finite(pair[1])
        and (pair[0] < pair[1])
    )


def _finite(number: Any) -> bool:
    return isinstance(number, int | float) and math.isfinite(number)
