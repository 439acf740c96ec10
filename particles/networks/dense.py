"""The learner of a network of dense or diagonal layers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats, as_floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.networks.cautions import exploded, not_monotone
from particles.networks.layers import Rows
from particles.networks.learner import Indices
from particles.networks.network import Network, Part

_AT_ONCE = 512
"""Samples that are carried at a time where only their ends are asked for."""
_LOOKED_AT = 4096
"""Samples whose activations are looked at for remarks."""


class Ready(NamedTuple):
    """A stage with its numbers taken out of theta."""

    part: Part
    rows: Rows
    maps: Floats


class DenseLearner:
    """A network and its samples; see `Learner`.

    Parameters
    ----------
    network : Network
    points : array_like, shape (inputs, count)
    labels : array_like of int, shape (count,)
        From 0 on.
    block : int >= 1, default 8
        Samples of a block; they are computed in vectors.
    name : str, default ""
        What the samples are, for the record.

    Raises
    ------
    InputError
        If points or labels do not fit the network.
    """

    def __init__(self, network: Network, points: Any, labels: Any, *, block: int = 8, name: str = "") -> None:
        require_count("block", block)
        self.network, self.block, self.name = network, block, name
        self.points = as_floats(points, "points", ndim=(2,))
        self.labels: NDArray[np.int64] = np.asarray(labels, dtype=np.int64)
        if len(self.points) != network.inputs or self.labels.shape != (self.points.shape[1],):
            told = f"points of shape {self.points.shape} and labels of shape {self.labels.shape}"
            raise InputError(f"{told}: allowed are ({network.inputs}, count) and (count,)")
        self.count = self.labels.size
        classes = network.readout.classes(network.stages[-1].width)
        if self.count == 0 or self.labels.min() < 0 or self.labels.max() >= classes:
            raise InputError(f"labels must be at least one, from 0 to {classes - 1}")
        self.groups = network.groups
        self._ready: tuple[bytes, tuple[Ready, ...]] = (b"", ())

    def start(self) -> Floats:
        """See `Learner`."""
        return self.network.start()

    def project(self, theta: Floats) -> Floats:
        """See `Learner`."""
        return self.network.project(theta)

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """See `Learner`."""
        return self.network.penalty(theta)

    def describe(self) -> dict[str, Any]:
        """See `Learner`."""
        return {"network": self.network.describe(), "samples": self.name, "count": self.count, "block": self.block}

    def ready(self, theta: Floats) -> tuple[Ready, ...]:
        """The stages with their numbers; those of the last theta are kept."""
        key = theta.tobytes()
        if self._ready[0] != key:
            found = []
            for part in self.network.parts:
                rows = self.network.rows(theta, part)
                found.append(Ready(part, rows, part.stage.kind.maps(rows)))
            self._ready = key, tuple(found)
        return self._ready[1]

    def states(self, theta: Floats, points: Floats) -> list[Floats]:
        """Activations of points, shape (inputs, m), in all layers of each stage, shapes (L + 1, n, m)."""
        found, here = [], points
        for part, rows, maps in self.ready(theta):
            x = np.zeros((part.stage.layers + 1, part.inner, points.shape[1]))
            shared = min(part.before, part.inner)
            x[0, :shared] = here[:shared]
            part.stage.kind.carry(x, maps, rows)
            found.append(x)
            here = x[-1, : part.stage.width]
        return found

    def gradient(self, theta: Floats, indices: Indices) -> tuple[float, int, Floats]:
        """See `Learner`."""
        states = self.states(theta, self.points[:, indices])
        last = self.network.stages[-1].width
        slopes = states[-1][-1, :last].copy()
        losses, classes = self.network.readout.read(slopes, self.labels[indices])
        sums = np.zeros(theta.size)
        for (part, rows, maps), x in zip(reversed(self.ready(theta)), reversed(states), strict=True):
            padded = np.zeros(x.shape[1:])
            padded[: part.stage.width] = slopes
            derivatives = part.stage.kind.retrace(x, padded, maps, rows)
            self.network.gather(part, derivatives, sums)
            slopes = np.zeros((part.before, x.shape[2]))
            shared = min(part.before, part.inner)
            slopes[:shared] = padded[:shared]
        loss = 0.0
        for one in losses.tolist():
            loss += one
        return loss, int((classes == self.labels[indices]).sum()), sums

    def outputs(self, theta: Floats, points: Floats) -> Floats:
        """Outputs of the last stage, shape (n, m)."""
        last = self.network.stages[-1].width
        parts = range(0, points.shape[1], _AT_ONCE)
        ends = [self.states(theta, points[:, first : first + _AT_ONCE])[-1][-1, :last] for first in parts]
        return np.concatenate(ends, axis=1)

    def evaluate(self, theta: Floats, indices: Indices) -> tuple[Floats, Indices]:
        """See `Learner`."""
        return self.network.readout.read(self.outputs(theta, self.points[:, indices]), self.labels[indices])

    def failure(self, theta: Floats, indices: Indices) -> str:
        """See `Learner`."""
        return exploded(self, theta, indices)

    def remarks(self, theta: Floats) -> tuple[str, ...]:
        """See `Learner`."""
        return not_monotone(self, theta, self.points[:, :_LOOKED_AT])
