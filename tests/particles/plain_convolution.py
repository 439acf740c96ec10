"""A convolutional network in plain NumPy, of numbers that may be complex: nothing of the kernels is in it."""

from __future__ import annotations

from typing import Any

import numpy as np


def convolved(x: Any, k: Any) -> Any:
    """sum_i sum_rc k[o, i, r, c] x[n, i, h + r - 1, w + c - 1], zeros outside; x is (n, channels, rows, columns)."""
    rows, columns = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    parts = [
        np.einsum("oi,nihw->nohw", k[:, :, r, c], padded[:, :, r : r + rows, c : c + columns])
        for r in range(3)
        for c in range(3)
    ]
    return sum(parts)


def layer(kind: str, x: Any, k: Any, b: Any, gamma: Any) -> Any:
    """One layer of a kind."""
    v = x + convolved(x, k) + b[None, :, None, None]
    return v - gamma * x**3 if kind == "euler" else v / np.sqrt(1.0 + 2.0 * gamma * v**2)


def network(kind: str, x: Any, kernels: Any, biases: Any, gamma: Any) -> Any:
    """All layers, kernels of shape (layers, outputs, inputs, 3, 3)."""
    for k, b in zip(kernels, biases, strict=True):
        x = layer(kind, x, k, b, gamma)
    return x
