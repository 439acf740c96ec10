"""A learner of a few numbers, in plain Python: what the trainer does is seen without a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from particles import vmath
from particles.networks.learner import Group, half_squares


def softplus(z: float) -> float:
    """log(1 + exp(z)) without overflow."""
    return max(z, 0.0) + vmath.log1p(vmath.exp(-abs(z)))


class Logistic:
    """P(label = 1) = sigmoid(a . x + b) of points in the plane; theta = (a, b), b with half the rate and b >= -0.25."""

    def __init__(self, count: int = 50, block: int = 4, ridge: float = 0.01, edge: float = 1.5) -> None:
        pick = np.random.default_rng(7)
        self.points = pick.integers(-64, 65, (count, 2)) / 32.0
        self.labels = (self.points @ [1.0, 2.0] + pick.integers(-16, 17, count) / 16.0 > edge).astype(np.int64)
        self.count, self.block, self.ridge = count, block, ridge
        self.groups = (Group("slope", 2), Group("offset", 1, 0.5))

    def start(self) -> Any:
        return np.zeros(3)

    def _outputs(self, theta: Any, indices: Any) -> list[float]:
        return [float(theta[0] * x + theta[1] * y + theta[2]) for x, y in self.points[indices]]

    def gradient(self, theta: Any, indices: Any) -> tuple[float, int, Any]:
        loss, right, sums = 0.0, 0, np.zeros(3)
        for z, label, (x, y) in zip(
            self._outputs(theta, indices), self.labels[indices], self.points[indices], strict=True
        ):
            slope = vmath.sigmoid(z) - label
            loss += softplus(-z if label else z)
            right += int((z > 0.0) == label)
            sums += slope * np.array([x, y, 1.0])
        return loss, right, sums

    def evaluate(self, theta: Any, indices: Any) -> tuple[Any, Any]:
        outputs = self._outputs(theta, indices)
        signs = np.where(self.labels[indices] == 1, -1.0, 1.0)
        losses = [softplus(sign * z) for sign, z in zip(signs.tolist(), outputs, strict=True)]
        return np.array(losses), (np.array(outputs) > 0.0).astype(np.int64)

    def penalty(self, theta: Any) -> tuple[float, Any]:
        return half_squares(theta, self.ridge), self.ridge * theta

    def project(self, theta: Any) -> Any:
        return np.append(theta[:2], max(theta[2], -0.25))

    def failure(self, theta: Any, indices: Any) -> str:
        return f"sample {indices[0]}: the output is not finite"

    def remarks(self, theta: Any) -> tuple[str, ...]:
        return ()

    def describe(self) -> dict[str, Any]:
        return {"kind": "logistic", "count": self.count}
