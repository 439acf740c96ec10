"""A trained network of two inputs drawn: Ruseckas' figures 2 to 5 from a record, and their parts in given axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.networks.cases import case_of
from particles.networks.dense import DenseLearner
from particles.networks.readout import Readout
from particles.networks.record import load
from validation.figures import new_figure, save_figure

COLOURS = ("C0", "C3")
"""Of the classes 0 and 1, as the ends of the colours of a probability."""
_SHOWN = 10
"""Layers that are numbered along a trajectory."""
_ROOM = 0.14  # of the axis, for a legend above the points


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
    (x,) = learner.states(record.theta, learner.points)
    draw_samples(axes[0, 0], learner.points, learner.labels)
    draw_outputs(axes[0, 1], learner.network.readout, x[-1])
    draw_trajectory(axes[1, 0], x[:, :, 0])
    rows = learner.ready(record.theta)[0].rows
    draw_layers(axes[1, 1], rows.weights.reshape(len(rows.weights), -1), lw=0.8)
    draw_layers(axes[1, 1], rows.biases, ls="--", lw=1.2)
    axes[1, 1].set(title="weights, and biases dashed", ylabel="scaled: dt w, dt b")
    told = record.info["train"]
    figure.suptitle(f"{case.name}: {told['right']} of {told['count']} right", parse_math=False)
    save_figure(figure, out, replace=replace)


def draw_samples(
    axes: Any, points: Floats, labels: NDArray[np.int64], names: Sequence[str] = ("class 0", "class 1")
) -> None:
    """Points in the plane, shape (2, count), by their classes."""
    for label in np.unique(labels).tolist():
        axes.plot(*points[:, labels == label], ".", ms=3, color=COLOURS[label % len(COLOURS)], label=names[label])
    axes.set(title="samples", xlabel="x_1", ylabel="x_2", aspect="equal")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + _ROOM * (high - low))
    axes.legend(loc="upper center", ncols=2, fontsize=8, handlelength=0.8, markerscale=2.0)


def draw_outputs(axes: Any, readout: Readout, ends: Floats) -> None:
    """The last two units of outputs, shape (n, count), coloured by the probability of class 1, with a bar of colours.

    It is exp(-loss) of samples of that label.
    """
    losses, _ = readout.read(ends.copy(), np.ones(ends.shape[1], dtype=np.int64))
    last = len(ends)
    drawn = axes.scatter(*ends[-2:], c=np.exp(-losses), s=4, cmap="coolwarm", vmin=0.0, vmax=1.0)
    axes.figure.colorbar(drawn, ax=axes).ax.set_title("P(class 1)", fontsize=9)
    axes.set(title="outputs", xlabel=f"x_{last - 1}", ylabel=f"x_{last}")


def draw_trajectory(axes: Any, states: Floats) -> None:
    """A sample through all layers, shape (L + 1, n), by its last two units, with some numbers of layers."""
    line = states[:, -2:]
    axes.plot(*line.T, "-o", ms=2, lw=0.8)
    for layer in range(0, len(line), max(1, len(line) // _SHOWN)):
        plate = {"fc": "white", "ec": "none", "alpha": 0.7, "pad": 0.3}
        axes.annotate(str(layer), line[layer], xytext=(3, 3), textcoords="offset points", fontsize=8, bbox=plate)
    last = states.shape[1]
    axes.set(title="a sample through the layers", xlabel=f"x_{last - 1}", ylabel=f"x_{last}")


def draw_layers(axes: Any, values: Floats, names: Sequence[str] = (), marks: str = "", **style: Any) -> None:
    """Numbers of the layers, shape (L, k), a line each over l, with its name for a legend and its mark where given."""
    for k, column in enumerate(values.T):
        chosen: dict[str, Any] = {"label": names[k]} if names else {}
        chosen |= {"marker": marks[k], "ms": 3.5} if marks else {}
        axes.plot(np.arange(len(values)), column, **chosen, **style)
    axes.set_xlabel("layer")
    axes.xaxis.get_major_locator().set_params(integer=True)


def draw_tiles(axes: Any, images: Floats, names: Sequence[str], columns: int, *, bar: bool) -> None:
    """Images, shape (count, rows, columns), side by side, each over its largest absolute value, with its name above.

    `bar`: whether a bar of colours stands beside them.
    """
    count, high, wide = images.shape
    gap = high // 4
    rows = -(-count // columns)
    sheet = np.full((rows * (high + gap), columns * (wide + 2) - 2), np.nan)
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        row, column = divmod(number, columns)
        top, left = row * (high + gap) + gap, column * (wide + 2)
        sheet[top : top + high, left : left + wide] = image / (np.abs(image).max() or 1.0)
        axes.text(left, top - 1.0, name, fontsize=8, va="bottom")
    drawn = axes.imshow(sheet, cmap="RdBu_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
    axes.set_axis_off()
    if bar:
        axes.figure.colorbar(drawn, ax=axes, shrink=0.7, ticks=[-1, 0, 1], label="x/max|x| of the tile")
