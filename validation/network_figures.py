"""A trained network of two inputs drawn: Ruseckas' figures 2 to 5 from a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.networks.cases import case_of
from particles.networks.dense import DenseLearner
from particles.networks.record import load
from validation.figures import new_figure, save_figure

_SHOWN = 8
"""Layers that are numbered along a trajectory."""


def draw_network(path: Path, out: Path, *, replace: bool = False) -> None:
    """Draw samples, outputs by the probability of class 1, one trajectory, and weights and biases over the layers.

    InputError if the record is of a network of other inputs than two, or of more stages than one.
    """
    record = load(path)
    case, choice = case_of(record.info, str(path))
    learner = case.learners(choice).learner
    if not isinstance(learner, DenseLearner) or learner.network.inputs != 2 or len(learner.network.stages) != 1:
        raise InputError(f"{path} is of case {case.name!r}: allowed is a network of two inputs and one stage")
    figure, axes = new_figure(2, 2, figsize=(10.0, 8.0))
    (x,), ends = learner.states(record.theta, learner.points), learner.outputs(record.theta, learner.points)
    _draw_samples(axes[0, 0], learner)
    _draw_outputs(axes[0, 1], learner, x, ends)
    _draw_trajectory(axes[1, 0], x[:, :, 0])
    rows = learner.ready(record.theta)[0].rows
    _draw_numbers(axes[1, 1], rows.weights, rows.biases)
    told = record.info["train"]
    figure.suptitle(f"{case.name}: {told['right']} of {told['count']} right", parse_math=False)
    save_figure(figure, out, replace=replace)


def _draw_samples(axes: Any, learner: DenseLearner) -> None:
    for label in np.unique(learner.labels):
        axes.plot(*learner.points[:, learner.labels == label], ".", ms=3, label=f"class {label}")
    axes.set(title="samples", xlabel="x_1", ylabel="x_2", aspect="equal")
    axes.legend()


def _draw_outputs(axes: Any, learner: DenseLearner, x: Floats, ends: Floats) -> None:
    """The last two units, coloured by the probability of class 1, exp(-loss) of samples of that label."""
    outputs = ends.copy()
    losses, _ = learner.network.readout.read(outputs, np.ones(learner.count, dtype=np.int64))
    drawn = axes.scatter(*x[-1, -2:], c=np.exp(-losses), s=4, cmap="coolwarm", vmin=0.0, vmax=1.0)
    axes.figure.colorbar(drawn, ax=axes, label="probability of class 1")
    last = x.shape[1]
    axes.set(title="outputs", xlabel=f"x_{last - 1}", ylabel=f"x_{last}")


def _draw_trajectory(axes: Any, states: Floats) -> None:
    """The first sample through all layers, by the same two units."""
    line = states[:, -2:]
    axes.plot(*line.T, "-o", ms=2, lw=0.8)
    for layer in range(0, len(line), max(1, len(line) // _SHOWN)):
        axes.annotate(str(layer), line[layer], fontsize=7)
    last = states.shape[1]
    axes.set(title="a sample through the layers", xlabel=f"x_{last - 1}", ylabel=f"x_{last}")


def _draw_numbers(axes: Any, weights: Floats, biases: Floats) -> None:
    layers = np.arange(len(biases))
    axes.plot(layers, weights.reshape(len(layers), -1), lw=0.8)
    axes.plot(layers, biases, "--", lw=1.2)
    axes.set(title="weights, and biases dashed", xlabel="layer", ylabel="scaled: dt w, dt b")
