"""Case: an experiment of a paper."""

from __future__ import annotations

from dataclasses import dataclass

from particles.model.rule import Model
from particles.model.samples import Samples


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """One experiment.

    Parameters
    ----------
    name, figure, notes : str
    model : Model
    until : float
        Horizon T.
    times : tuple of float
        Snapshots in [0, T].
    domain : (float, float), optional
        Ends of the grid; None where no one-dimensional PDE belongs to the case.
    cells, count, layers : int
        Defaults of a run.
    samples : Samples, optional
        The measurements that the initial law was made of; labels, truth values, say which go to the lower wall.
    """

    name: str
    model: Model
    until: float
    times: tuple[float, ...]
    domain: tuple[float, float] | None
    figure: str = ""
    notes: str = ""
    cells: int = 1600
    count: int = 100_000
    layers: int = 1000
    samples: Samples | None = None
