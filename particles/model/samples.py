"""Measurements as they were given: points in their order, with labels where there are any."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from particles.base.arrays import Floats, as_floats
from particles.base.datasets import Axes
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.model.laws.empirical import Empirical
from particles.model.measurements import Dialect, read_labelled, read_measurements
from particles.model.rule import Model


@dataclass(frozen=True, eq=False, repr=False)
class Samples(Shown):
    """Given points: as the start of a run particle i begins at point i; their law is that of exact and PDE sides.

    Parameters
    ----------
    points : array_like, shape (n,) or (d, n), n >= 1
        Finite numbers; kept in their order.
    labels : array_like of truth values, integers or text, shape (n,), optional
    what : str, default ""
        What the labels say, in words.

    Raises
    ------
    InputError
        If there is no point, a number is not finite, or the labels are of another number or type.

    See Also
    --------
    read_measurements : Of a column of a file.

    Examples
    --------
    >>> from particles.model import Samples
    >>> flowers = Samples([1.4, 4.7, 6.0], labels=["setosa", "versicolor", "virginica"])
    >>> flowers.count, flowers.dim, flowers.law()
    (3, 1, Empirical(data=array([1.4, 4.7, 6. ])))
    >>> from pathlib import Path
    >>> _ = Path("flowers.csv").write_text("length,kind\\n1.4,setosa\\n4.7,versicolor\\n")
    >>> Samples.read("flowers.csv", "length", labels="kind").labels.tolist()
    ['setosa', 'versicolor']
    >>> Samples([1.0, float("nan")])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: points of 2 values hold nan 1 times, not finite: allowed are only finite ones
    """

    points: Floats
    labels: Any = None
    what: str = ""

    _axes: ClassVar[Axes] = {"points": ("feature", "particle"), "labels": ("particle",)}

    def __post_init__(self) -> None:
        points = np.array(as_floats(self.points, "points", ndim=(1, 2)), order="C")
        if points.size == 0:
            raise InputError(f"points of shape {points.shape} must be at least one")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)
        if self.labels is None:
            return
        try:
            labels = np.array(self.labels)
        except ValueError:  # rows of unequal length
            labels = np.array(self.labels, dtype=object)
        if labels.shape != (self.count,) or labels.dtype.kind not in "biuU":
            told = f"labels of type {labels.dtype} and shape {labels.shape}"
            raise InputError(f"{told} must be truth values, integers or text, one for each of {self.count} points")
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)

    @classmethod
    def read(
        cls,
        path: str | Path,
        column: str | None = None,
        dialect: Dialect | None = None,
        *,
        labels: str | None = None,
    ) -> Samples:
        """Points of a file of measurements, in its order, with the labels in another column of it, if one is named.

        Labels are integers where all of them are, else texts; `what` is the name of their column.

        Parameters
        ----------
        path, column, dialect
            As of `read_measurements`.
        labels : str, optional
            Name of the column of labels.

        Raises
        ------
        InputError
            As `read_measurements`; with labels, if the file is no table, or a label is empty.
        """
        if labels is None:
            return cls(read_measurements(path, column, dialect))
        return cls(*read_labelled(path, column, labels, dialect), labels)

    @property
    def count(self) -> int:
        """Number n of points."""
        return int(self.points.shape[-1])

    @property
    def dim(self) -> int:
        """Number d of features."""
        return 1 if self.points.ndim == 1 else len(self.points)

    @property
    def digest(self) -> str:
        """sha256 of the points, in their order."""
        return hashlib.sha256(self.points.data).hexdigest()

    def law(self) -> Empirical:
        """Equal masses at the points; InputError for d > 1."""
        if self.dim > 1:
            raise InputError(f"points of {self.dim} features: their law is for one")
        return Empirical(self.points.reshape(-1))

    def state(self, model: Model, part: range) -> Floats:
        """Points of these numbers as a state, shape (D, len(part)): neurons at their feature, nothing past a wall."""
        here = self.points.reshape(self.dim, self.count)[:, part.start : part.stop]
        state = np.tile(here, (model.neurons, 1))
        return model.at_walls(state)
