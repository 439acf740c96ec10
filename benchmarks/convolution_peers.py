"""A convolutional Euler layer and its derivatives as others would write it: PyTorch, JAX, a matrix product by BLAS.

    y = x + k * x + b - gamma x^3,   given dL/dy: dL/dx, dL/dk, dL/db, dL/dgamma

Images are (count, channels, rows, columns), kernels (outputs, inputs, 3, 3), single precision, one thread. Each maker
returns a function without arguments that gives dL/dk, shape (outputs, inputs, 3, 3).
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_JAX = importlib.util.find_spec("jax") is not None


class Layer(NamedTuple):
    """Numbers of a layer, images and the derivative at its end."""

    x: Any
    k: Any
    b: Any
    gamma: float
    given: Any


def torch_layer(layer: Layer, channels_last: bool) -> Callable[[], Any]:
    """Autograd; the images laid out with the channels innermost, or as they are."""
    import torch

    torch.set_num_threads(1)
    memory = torch.channels_last if channels_last else torch.contiguous_format
    x, given = (torch.tensor(array).contiguous(memory_format=memory) for array in (layer.x, layer.given))
    leaves = [x, torch.tensor(layer.k), torch.tensor(layer.b), torch.tensor(np.float32(layer.gamma))]
    for leaf in leaves:
        leaf.requires_grad_()

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = None
        x, k, b, gamma = leaves
        y = x + torch.nn.functional.conv2d(x, k, b, padding=1) - gamma * x * x * x
        y.backward(given)
        return k.grad

    return run


def torch_network(images: Any, labels: Any, theta: Any, layers: int, channels_last: bool) -> Callable[[], Any]:
    """The whole network of Ruseckas, 5.2, with its loss; gives the derivative by the kernels of all layers."""
    import torch

    torch.set_num_threads(1)
    size = layers * 900
    k, b = torch.tensor(theta[:size].reshape(layers, 10, 10, 3, 3)), torch.tensor(theta[size:-1].reshape(layers, 10))
    gamma, targets = torch.tensor(theta[-1]), torch.tensor(labels)
    for leaf in (k, b, gamma):
        leaf.requires_grad_()
    pixels = torch.tensor(images)[:, None]
    memory = torch.channels_last if channels_last else torch.contiguous_format

    def run() -> Any:
        for leaf in (k, b, gamma):
            leaf.grad = None
        x = torch.nn.functional.pad(pixels, (0, 0, 0, 0, 0, 9)).contiguous(memory_format=memory)
        for layer in range(layers):
            x = x + torch.nn.functional.conv2d(x, k[layer], b[layer], padding=1) - gamma * x * x * x
        torch.nn.functional.cross_entropy(x.amax((2, 3)), targets, reduction="sum").backward()
        return k.grad

    return run


def jax_layer(layer: Layer) -> Callable[[], Any]:
    """The vector-Jacobian product of the layer, compiled."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax

    def forwards(x: Any, k: Any, b: Any, gamma: Any) -> Any:
        convolved = jax.lax.conv_general_dilated(x, k, (1, 1), "SAME")
        return x + convolved + b[None, :, None, None] - gamma * x**3

    both = jax.jit(lambda given, *numbers: jax.vjp(forwards, *numbers)[1](given))
    values = [jax.numpy.asarray(np.asarray(value, np.float32)) for value in (layer.given, *layer[:4])]
    return lambda: jax.block_until_ready(both(*values))[1]


def blas_layer(layer: Layer) -> Callable[[], Any]:
    """Shifted copies side by side, then one product a derivative; every array is made once."""
    count, channels, rows, columns = layer.x.shape
    pixels = count * rows * columns
    inner = np.ascontiguousarray(layer.x.transpose(1, 0, 2, 3))
    padded = np.pad(inner, ((0, 0), (0, 0), (1, 1), (1, 1)))
    x, given = (
        inner.reshape(channels, -1),
        np.ascontiguousarray(layer.given.transpose(1, 0, 2, 3)).reshape(channels, -1),
    )
    k = np.ascontiguousarray(layer.k.reshape(channels, -1))
    shifted, by_shifted = np.empty((2, channels * 9, pixels), np.float32)
    y, cube = np.empty((2, *x.shape), np.float32)
    by_padded = np.zeros_like(padded)
    gamma, b = np.float32(layer.gamma), layer.b[:, None]
    views = shifted.reshape(channels, 9, count, rows, columns), by_shifted.reshape(channels, 9, count, rows, columns)
    places = [(slice(t // 3, t // 3 + rows), slice(t % 3, t % 3 + columns)) for t in range(9)]

    def run() -> Any:
        for t, (h, w) in enumerate(places):
            views[0][:, t] = padded[:, :, h, w]
        np.dot(k, shifted, out=y)
        np.multiply(x, x, out=cube)
        np.multiply(cube, x, out=cube)
        np.multiply(cube, gamma, out=cube)
        np.subtract(y, cube, out=y)
        np.add(y, x, out=y)
        np.add(y, b, out=y)
        by_k = np.dot(given, shifted.T)
        np.dot(k.T, given, out=by_shifted)
        by_padded[:] = 0.0
        for t, (h, w) in enumerate(places):
            by_padded[:, :, h, w] += views[1][:, t]
        np.multiply(x, x, out=cube)
        np.multiply(cube, given, out=cube)
        by_gamma = -np.vdot(cube, x)
        np.multiply(cube, -3.0 * gamma, out=cube)
        np.add(cube, given, out=cube)
        by_padded[:, :, 1:-1, 1:-1] += cube.reshape(channels, count, rows, columns)
        assert by_gamma.dtype == given.sum(axis=1).dtype
        return by_k.reshape(layer.k.shape)

    return run
