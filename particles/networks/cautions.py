"""What goes wrong in the layers of a network, in words: where one explodes, and how many units have left its range.

The cubic of an Euler layer, x -> (1 + W) x - g x^3, turns at abs(x) = 1/sqrt(3 g), so that two inputs have one output
from there on, and throws farther and farther what lies beyond sqrt((2 + W)/g) (Ruseckas, 3.1; errata R15).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from particles.base.arrays import Floats

if TYPE_CHECKING:
    from particles.networks.dense import DenseLearner, Ready
    from particles.networks.learner import Indices

_CURE = "take layers of kind 'split', which cannot explode, or a smaller dt"
_SHARE = 1e-3
"""Of the activations: so many may lie where a layer is not monotone without a word."""


def exploded(learner: DenseLearner, theta: Floats, indices: Indices) -> str:
    """A sentence on the first of these samples whose activations leave all bounds, and on the layer where they do."""
    if not np.isfinite(theta).all():
        return "a weight is not finite: take a smaller rate"
    with np.errstate(all="ignore"):
        states = learner.states(theta, learner.points[:, indices])
    first, where = indices.size, (0, 0, 0)
    for number, (ready, x) in enumerate(zip(learner.ready(theta), states, strict=True)):
        beyond = ~(np.abs(x[:-1]) <= _bound(ready)[:, :, None])
        for sample in np.flatnonzero(~np.isfinite(x[-1]).all(axis=0)).tolist():
            if sample < first and beyond[:, :, sample].any():
                layer, unit = np.argwhere(beyond[:, :, sample])[0]
                first, where = sample, (number, int(layer), int(unit))
    if first == indices.size:
        return f"the loss of sample {indices[0]} or of one with it is not finite: take a smaller rate"
    number, layer, unit = where
    ready = learner.ready(theta)[number]
    size, bound = abs(states[number][layer, unit, first]), _bound(ready)[layer, unit]
    at = f"stage {number}, layer {layer}, sample {indices[first]}: abs(x) = {size:.4g}"
    return f"{at} above sqrt((2 + W)/g) = {bound:.4g}: the {ready.part.stage.kind.name} layer explodes; {_CURE}"


def _bound(ready: Ready) -> Floats:
    """sqrt((2 + W)/g) of every layer and unit, shape (L, n), 0 where W < -2."""
    diagonal = np.einsum("lii->li", ready.rows.weights)
    with np.errstate(divide="ignore"):
        bounds: Floats = np.sqrt(np.maximum(2.0 + diagonal, 0.0) / ready.rows.gamma)
    return bounds


def not_monotone(learner: DenseLearner, theta: Floats, points: Floats) -> tuple[str, ...]:
    """A sentence for every stage whose cubic is not monotone where more than a few activations lie."""
    found = []
    for number, (ready, x) in enumerate(zip(learner.ready(theta), learner.states(theta, points), strict=True)):
        if ready.part.stage.kind.bounded:
            continue
        share = float((3.0 * ready.rows.gamma * x[:-1] ** 2 > 1.0).mean())
        if share > _SHARE:
            found.append(
                f"stage {number}: {100.0 * share:.2g} % of the activations lie beyond 1/sqrt(3 g), where the layer's"
                " cubic is not monotone: two inputs may have one output"
            )
    return tuple(found)
