"""The mean field of a trained network in the plane: its layers as w(t), b(t) of the equation, its cloud beside it.

    g_t + div((w(t) x + b(t) - gamma x^3) g) = 0,      w(t) = W_l/dt, b(t) = B_l/dt, gamma = g/dt on [l dt, (l + 1) dt)

from the law of two circles with noise, whose density is known. Two clouds of the same M draws are held against the
solution: the network's own, whose layers are steps of order 1, and the flow's, many Strang steps a layer. The distance
of the second is what M draws have by chance; that of the first has what the layers are off the equation besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import kinetic
from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.model import Measure, Model, Normal, Product, layers, power_law
from particles.networks.data import RADIUS, STD, circles
from particles.networks.dense import DenseLearner, Ready
from particles.networks.layers import STRANG, Rows
from validation.distance.sliced import sliced_w1
from validation.distance.sliced_floor import expected_sliced_w1

_MARGIN = 0.15
"""Of the extent of the clouds, beyond them on each side. The law farther out is left out: a cubic is fast there."""
_LEFT_OUT = 1e-3
"""Most mass of it."""
_ANGLES = 160
"""Nodes of the mean over a circle: equal ones, whose error falls with all powers of their number."""
_LEAST_GAMMA = 1e-100
"""A cubic is what the equation is asked for, and takes no 0."""


@dataclass(frozen=True)
class NetworkRow:
    """Distances at the end of a layer.

    Parameters
    ----------
    layer : int
    time : float
    network : float
        SW1 of the network's cloud to the solution.
    flow : float
        The same of the flow's cloud.
    between : float
        SW1 of the clouds: the error of the layers.
    chance : float
        Mean of SW1 between as many draws of the solution and it.
    """

    layer: int
    time: float
    network: float
    flow: float
    between: float
    chance: float


def network_mean_field(
    learner: DenseLearner,
    theta: Floats,
    *,
    at: tuple[int, ...],
    count: int = 20_000,
    cells: int = 160,
    steps: int = 4,
    seed: int = 0,
    comm: Any = None,
) -> tuple[NetworkRow, ...]:
    """Hold a network of one stage in the plane against the equation of its layers.

    Parameters
    ----------
    learner : DenseLearner
        Of two inputs and a dense stage of two units and one-step layers.
    theta : ndarray, shape (size,)
    at : tuple of int
        Layers at whose ends the clouds are compared, increasing, from 0 to L.
    count : int >= 1, default 20 000
        Draws, of seed `seed` and replicate 2.
    cells : int >= 8, default 160
        In each direction.
    steps : int >= 1, default 4
        Strang steps that stand for the flow of a layer.

    Raises
    ------
    InputError
        If the network is another, or a layer is none of it.
    """
    stages, inputs = learner.network.stages, learner.network.inputs
    if len(stages) != 1 or inputs != 2 or stages[0].width != 2:
        raise InputError("the mean field in the plane: allowed is a network of one stage from R^2 to R^2")
    for name, number in (("cells", cells), ("steps", steps)):
        require_count(name, number, least=8 if name == "cells" else 1)
    (ready,) = learner.ready(theta)
    depth = ready.part.stage.layers
    if not at or list(at) != sorted(set(at)) or at[0] < 0 or at[-1] > depth:
        raise InputError(f"at = {at!r} must be increasing layers from 0 to {depth}")
    points, _ = circles(count, seed=seed, replicate=2)
    own, flowing = learner.states(theta, points)[0], _flow(ready, points, steps)
    plane = _plane(own, flowing, cells)
    start = plane.averages_of(_two_circles, nodes=5)
    mass = float(start.sum()) * plane.size
    if abs(mass - 1.0) > _LEFT_OUT:
        raise InputError(f"cells = {cells!r}: the grid holds the mass {mass:.6f} of the circles; give more")
    times = [ready.part.stage.dt * layer for layer in at]
    solution = kinetic.solve(
        mean_field_model(ready), plane, kinetic.Explicit(), until=max(times[-1], ready.part.stage.dt), times=times,
        averages=start / mass, comm=comm,
    )  # fmt: skip
    rows = []
    for layer, time in zip(at, times, strict=True):
        density = solution.at(time)
        clouds = [Measure.of_points(x[layer]) for x in (own, flowing)]
        network, flow = (sliced_w1(cloud, density) for cloud in clouds)
        rows.append(NetworkRow(layer, time, network, flow, sliced_w1(*clouds), expected_sliced_w1(density, count)))
    return tuple(rows)


def mean_field_model(ready: Ready) -> Model:
    """The model whose mean field is that of a stage in the plane; the initial law stands for another, unasked."""
    stage, rows = ready.part.stage, ready.rows
    until = stage.dt * stage.layers
    return Model(
        drift=power_law(max(rows.gamma / stage.dt, _LEAST_GAMMA), 3.0),
        weight=layers(rows.weights / stage.dt, until), bias=layers(rows.biases / stage.dt, until),
        initial=Product([Normal(0.0, 1.0), Normal(0.0, 1.0)]),
    )  # fmt: skip


def _flow(ready: Ready, points: Floats, steps: int) -> Floats:
    """States of the flow at the ends of the layers, shape (L + 1, 2, M), to order 2 in a part of a layer."""
    rows = ready.rows
    fine = Rows(
        np.repeat(rows.weights, steps, axis=0) / steps, np.repeat(rows.biases, steps, axis=0) / steps,
        rows.gamma / steps, np.empty(0),
    )  # fmt: skip
    x = np.zeros((len(fine.biases) + 1, *points.shape))
    x[0] = points
    STRANG.carry(x, STRANG.maps(fine), fine)
    return x[::steps]


def _plane(own: Floats, flowing: Floats, cells: int) -> kinetic.Plane:
    grids = []
    for k in range(2):
        low = min(own[:, k].min(), flowing[:, k].min())
        high = max(own[:, k].max(), flowing[:, k].max())
        beyond = _MARGIN * (high - low)
        grids.append(kinetic.Grid(float(low - beyond), float(high + beyond), cells=cells))
    return kinetic.Plane(*grids)


def _two_circles(x: Floats, y: Floats) -> Floats:
    """Density of `circles`: half of each circle, a normal law of standard deviation 0.2 about each of its points."""
    total: Floats = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    for angle in 2.0 * np.pi * np.arange(_ANGLES) / _ANGLES:
        for radius in (RADIUS, 2.0 * RADIUS):
            off = (x - radius * np.cos(angle)) ** 2 + (y - radius * np.sin(angle)) ** 2
            total += np.exp(-0.5 * off / STD**2)
    return total / (2.0 * _ANGLES * 2.0 * np.pi * STD**2)
