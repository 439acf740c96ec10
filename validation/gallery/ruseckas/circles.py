"""The two networks of 5.1, each trained once for the figures that show it, and what theory says of them.

x_(l+1) = x_l + W_l x_l + B_l - g x_l^3                                                              (109)
E_L - E_0 = sum_l (P_w + P_b - P_gamma) dt + sum_l abs(x_(l+1) - x_l)^2/2,   E = abs(x)^2/2 (103) for Euler steps
z = sqrt(g) x obeys (109) with g = 1 and biases sqrt(g) B                                (scaling, after (112))
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats
from particles.networks.along import along
from particles.networks.cases import NETWORKS, TRAINED_ON, Choice
from particles.networks.data import RADIUS, STD
from particles.networks.dense import DenseLearner
from particles.networks.layers import Rows
from particles.networks.restarts import Restarts
from validation.gallery.exhibit import Number
from validation.network_figures import draw_layers
from validation.studies.study import Check

BEST = 0.9936
"""Of fresh points about circles of radii 1 and 2, the share that the best classifier has right (docs/networks.md)."""
_NINETEENTH = 18
"""Seed of the start of `circles-plane` that is the first to end at 99 %: those before it are not done again."""
_SMOOTH = 0.1
_MARKS = "o+x"
_SAMPLE = 0
"""Whose trajectory is drawn: a point about the inner circle."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A network, its numbers, and what its record says.

    Parameters
    ----------
    learner : DenseLearner
        With the 400 points that it was trained on.
    theta : ndarray, shape (size,)
    info : dict
        As `particles train` stores it.
    """

    learner: DenseLearner
    theta: Floats
    info: dict[str, Any]

    @functools.cached_property
    def states(self) -> Floats:
        """Activations of all points, shape (L + 1, n, 400)."""
        return self.learner.states(self.theta, self.learner.points)[0]

    @property
    def rows(self) -> Rows:
        """Scaled weights, biases and gamma."""
        return self.learner.ready(self.theta)[0].rows

    @property
    def path(self) -> Floats:
        """The sample that is drawn, shape (L + 1, n)."""
        return self.states[:, :, _SAMPLE]


@functools.cache
def plane() -> Trained:
    """The first model: R^2, 100 layers, gamma~ learnt, softmax; 601 numbers. Some five seconds."""
    case = dataclasses.replace(NETWORKS["circles-plane"], starts=1)
    case = dataclasses.replace(case, training=dataclasses.replace(case.training, seed=_NINETEENTH))
    return _trained(case, scattered=True)


@functools.cache
def space() -> Trained:
    """The second: R^3, 20 layers, gamma~ = 0.1, P(inner) = sigmoid(x_3); 240 numbers. A second."""
    return _trained(NETWORKS["circles"], scattered=False)


def _trained(case: Any, *, scattered: bool) -> Trained:
    choice = Choice(kind=case.layer)
    learners = case.learners(choice)
    start = case.begin(learners.learner, case.training.seed) if scattered else None
    record = Restarts(case, choice, learners, parallel.world(), start).perform()
    return Trained(learners.learner, record.theta, record.info)


def of_points(net: Trained) -> tuple[Number, ...]:
    """E r^2 = R^2 + 2 s^2 about circles of both radii; r^2 has the variance 4 R^2 s^2 + 4 s^4."""
    squares, each = (net.learner.points**2).sum(axis=0), TRAINED_ON // 2
    found = []
    for label, (name, radius) in enumerate((("inner", RADIUS), ("outer", 2.0 * RADIUS))):
        deviation = 2.0 * STD * math.sqrt(radius**2 + STD**2)
        mean = float(squares[net.learner.labels == label].mean())
        what = f"mean r^2 of the {each} points about the {name} circle"
        found.append(Number(what, radius**2 + 2.0 * STD**2, mean, 4.0 * deviation / math.sqrt(each)))
    return tuple(found)


def of_answers(net: Trained, right: int, fresh: float) -> tuple[Number, ...]:
    """How many are right, as docs/networks.md has it."""
    held = net.info["held"]
    return (
        Number(f"of the {TRAINED_ON} points right (docs/networks.md)", right, net.info["train"]["right"], 0.0),
        Number(f"share of {held['count']:,} fresh points right (docs/networks.md)", fresh, held["accuracy"], 5e-4),
    )


def below_the_best(net: Trained) -> Check:
    """No classifier is right on more than `BEST` of fresh points, but for what so many draws are off by."""
    held = net.info["held"]
    error = 4.0 * math.sqrt(BEST * (1.0 - BEST) / held["count"])
    found = f"{held['accuracy']:.2%}, the best {BEST:.2%}"
    return Check("it is no better on fresh points than a classifier can be", found, held["accuracy"] <= BEST + error)


def of_layers(net: Trained) -> tuple[Number, ...]:
    """The balance of energy along the trajectory that is drawn, and all layers by another program, rescaled."""
    x, rows = net.states, net.rows
    told = along(net.learner, net.theta, net.learner.points, net.learner.labels)
    powers = float((told.gain + told.work - told.friction)[:-1, _SAMPLE].sum())
    steps = 0.5 * float((np.diff(net.path, axis=0) ** 2).sum())
    gained = float(told.energy[-1, _SAMPLE] - told.energy[0, _SAMPLE])
    c = math.sqrt(rows.gamma)
    off = float(np.abs(_plain(c * x[0], rows.weights, c * rows.biases) - c * x[-1]).max())
    return (
        Number("energy that the sample gains: powers and squares of the steps", powers + steps, gained, 1e-9),
        Number("largest difference of outputs, rescaled to gamma~ = 1, to (109) in NumPy", 0.0, off, 1e-9),
    )


def _plain(z: Floats, weights: Floats, biases: Floats) -> Floats:
    """(109) with gamma~ = 1, the outputs."""
    for w, b in zip(weights, biases, strict=True):
        z = z + w @ z + b[:, None] - z**3
    return z


def smooth(*tables: Floats) -> Check:
    """Layers are like their neighbours: squared changes over those of the same layers in random order, 1 for no order.

    sum_l abs(v_l - v_(l-1))^2/(2 sum_l abs(v_l - mean)^2) of numbers v of shape (L, ...).
    """
    flat = np.concatenate([table.reshape(len(table), -1) for table in tables], axis=1)
    ratio = float((np.diff(flat, axis=0) ** 2).sum() / (2.0 * ((flat - flat.mean(axis=0)) ** 2).sum()))
    return Check("they change smoothly with the layer", f"{ratio:.2g} of the squares in random order", ratio < _SMOOTH)


def draw_numbers(axes: Sequence[Any], rows: Rows) -> None:
    """Biases and weights over the layers, side by side."""
    n = rows.biases.shape[1]
    units = range(1, n + 1)
    draw_layers(axes[0], rows.biases, [f"b_{i}" for i in units], _MARKS[:n], lw=0.8)
    draw_layers(axes[1], rows.weights.reshape(-1, n * n), [f"w_{i}{j}" for i in units for j in units], lw=1.2)
    axes[0].set(title="a) biases", ylabel="dt b")
    axes[1].set(title="b) weights", ylabel="dt w")
    axes[0].legend(ncols=n)
    axes[1].legend(ncols=n)


def penalty(net: Trained) -> Number:
    """(113) without cross entropy, of changes from the second layer on, by sums of NumPy: lambda = 1, dt = 1."""
    rows = net.rows
    right = 0.5 * sum(float((np.diff(values, axis=0) ** 2).sum()) for values in (rows.weights, rows.biases))
    return Number("smoothness: (1/2) sum of the squared changes", right, net.learner.penalty(net.theta)[0], 1e-12)


def turns(path: Floats) -> tuple[float, float]:
    """Turns that a path, shape (L + 1, n), makes in all, and its length over the distance of its ends."""
    steps = np.diff(path, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1) / (lengths[1:] * lengths[:-1])
    angle = float(np.arccos(np.clip(cosines, -1.0, 1.0)).sum())
    return angle / (2.0 * math.pi), float(lengths.sum() / np.linalg.norm(path[-1] - path[0]))
