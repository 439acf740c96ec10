"""From the outputs of a network to losses, classes and slopes: cross entropy of a softmax, or of one unit's sigmoid.

    softmax:  l = log sum_i exp(z_i) - z_y,   dl/dz_i = P_i - [i = y],   P_i = exp(z_i)/sum_j exp(z_j)
    sigmoid:  P(class 0) = sigmoid(z_r),      dl/dz_r = P - [y = 0]

The class of a softmax is that of the largest output, the first of several.
"""

from __future__ import annotations

from typing import Any

from particles import vmath
from particles.base.jit import Formula, kernel


@kernel
def softmax() -> Formula:
    """Outputs z, shape (n, m), become slopes; losses and classes, shape (m,), are filled."""

    def loop(z: Any, labels: Any, losses: Any, classes: Any) -> None:
        for k in range(z.shape[1]):
            best = 0
            for i in range(1, z.shape[0]):
                if z[i, k] > z[best, k]:
                    best = i
            top, wanted = z[best, k], z[labels[k], k]
            total = 0.0
            for i in range(z.shape[0]):
                z[i, k] = vmath.exp(z[i, k] - top)
                total += z[i, k]
            for i in range(z.shape[0]):
                z[i, k] = z[i, k] / total - (1.0 if i == labels[k] else 0.0)
            losses[k], classes[k] = vmath.log(total) - (wanted - top), best

    return loop


@kernel
def sigmoid_of_unit() -> Formula:
    """As `softmax`, of the unit of this number."""

    def loop(z: Any, unit: int, labels: Any, losses: Any, classes: Any) -> None:
        for k in range(z.shape[1]):
            out = z[unit, k]
            towards = out if labels[k] == 0 else -out
            small = vmath.exp(-towards if towards > 0.0 else towards)
            losses[k] = vmath.log1p(small) + (0.0 if towards > 0.0 else -towards)
            classes[k] = 0 if out > 0.0 else 1
            for i in range(z.shape[0]):
                z[i, k] = 0.0
            z[unit, k] = vmath.sigmoid(out) - (1.0 if labels[k] == 0 else 0.0)

    return loop
