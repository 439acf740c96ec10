"""Layers of a convolutional ODE on a block of 16 images, forwards and backwards; gamma is of the layer, dt and all.

    Euler   y = v - gamma x^3,              v = x + k * x + b                       (Ruseckas, (109) with (72))
    split   y = v/sqrt(1 + 2 gamma v^2),    the exact flow of v' = -gamma v^3 over a layer, which cannot explode

Backwards from a = dL/dy, with c = dL/dv:

    Euler   c = a,                             dL/dgamma = -sum a x^3,   dL/dx = c + k^T * c - 3 gamma x^2 c
    split   c = a (1 - 2 gamma y^2)^(3/2),     dL/dgamma = -sum a y^3,   dL/dx = c + k^T * c

(1 + 2 gamma v^2 is 1/(1 - 2 gamma y^2): of a layer only its end is kept) and dL/db = sum c, dL/dk = sum c x, shifted.
k^T has inputs and outputs exchanged and the taps in reverse order.
"""

from __future__ import annotations

from typing import Any

from particles.base.jit import Formula, formula, has_long_vectors, kernel
from particles.base.lanes import LANES, fma, larger, load, root, store, total, zeros
from particles.kernels.convolution import Block, convolved_row, kernel_slopes


@formula
def euler(x: Any, s: Any, gamma: float) -> Any:
    """y of s = k * x + b."""
    return fma(gamma * x * x, -x, x + s)


@formula
def euler_slope(a: Any, y: Any, gamma: float) -> Any:
    """c of a and y."""
    return a


@formula
def euler_cube(x: Any, y: Any) -> Any:
    """-dy/dgamma, as a factor of a."""
    return x * x * x


@formula
def euler_own(c: Any, x: Any, gamma: float) -> Any:
    """dL/dx without k^T * c."""
    return fma(-3.0 * gamma * x * x, c, c)


@formula
def split(x: Any, s: Any, gamma: float) -> Any:
    """y of s = k * x + b."""
    v = x + s
    return v / root(fma(2.0 * gamma * v, v, 1.0))


@formula
def split_slope(a: Any, y: Any, gamma: float) -> Any:
    """c of a and y."""
    q = larger(fma(-2.0 * gamma * y, y, 1.0), 0.0)
    return a * (q * root(q))


@formula
def split_cube(x: Any, y: Any) -> Any:
    """-dL/dgamma, as a factor of a."""
    return y * y * y


@formula
def split_own(c: Any, x: Any, gamma: float) -> Any:
    """dL/dx without k^T * c."""
    return c


LAYERS = {
    "euler": (euler, euler_slope, euler_cube, euler_own),
    "split": (split, split_slope, split_cube, split_own),
}


@kernel
def _forwards(row: Formula, end: Formula) -> Formula:
    """x_l, shape (L + 1, C plane), from x_0 on; k, shape (L, C 9 C), b, shape (L, C); x_0 has `inputs` channels."""

    def loop(x: Any, k: Any, b: Any, gamma: float, inputs: int, height: int, line: int) -> None:
        layers, channels = b.shape
        plane = (height + 2) * line
        for number in range(layers):
            here, there = x[number], x[number + 1]
            for h in range(height):
                row(here, k[number], h, channels if number else inputs, channels, plane, line, there)
                for o in range(channels):
                    first = o * plane + (h + 1) * line + LANES
                    for at in range(first, first + line - 2 * LANES, LANES):
                        store(there, at, end(load(here, at), load(there, at) + b[number, o], gamma))

    return loop


@kernel
def _backwards(row: Formula, slopes: Formula, slope: Formula, cube: Formula, own: Formula) -> Formula:
    """Derivatives by k, shape (L, C C 9) as [o, i, t], by b and by gamma; a begins as dL/dx_L and is used up.

    `turned` is k^T, `spare` as large as a, both with a border of zeros. dL/dx_l is computed down to l = `least`, and
    returned.
    """

    def loop(
        x: Any, turned: Any, gamma: float, inputs: int, height: int, line: int, least: int, a: Any, spare: Any, out: Any
    ) -> Any:
        by_k, by_b, by_gamma = out
        layers, channels = by_b.shape
        plane = (height + 2) * line
        cubes = zeros(a, 1)[0]
        for number in range(layers - 1, -1, -1):
            here, there = x[number], x[number + 1]
            for o in range(channels):
                shifts = zeros(a, 1)[0]
                for h in range(1, height + 1):
                    first = o * plane + h * line + LANES
                    for at in range(first, first + line - 2 * LANES, LANES):
                        given, end = load(a, at), load(there, at)
                        c = slope(given, end, gamma)
                        cubes = fma(cube(load(here, at), end), -given, cubes)
                        shifts = shifts + c
                        store(a, at, c)
                by_b[number, o] = total(shifts)
            slopes(here, a, height, channels if number else inputs, channels, plane, line, by_k[number])
            if number >= least:
                for h in range(height):
                    row(a, turned[number], h, channels, channels, plane, line, spare)
                    for o in range(channels):
                        first = o * plane + (h + 1) * line + LANES
                        for at in range(first, first + line - 2 * LANES, LANES):
                            store(spare, at, load(spare, at) + own(load(a, at), load(here, at), gamma))
                a, spare = spare, a
        by_gamma[0] = total(cubes)
        return a

    return loop


def forwards(layer: str, outputs: int, columns: int) -> Any:
    """The compiled sweep of a kind of layer, with tables of so many outputs and columns (see `tables`)."""
    return _forwards(convolved_row(outputs, columns), LAYERS[layer][0])


def backwards(layer: str, outputs: int, columns: int, pairs: int) -> Any:
    """The compiled sweep back; `pairs` outputs in a table of the derivatives by k."""
    return _backwards(convolved_row(outputs, columns), kernel_slopes(pairs), *LAYERS[layer][1:])


def tables(block: Block) -> tuple[int, int, int]:
    """Outputs and columns of the tables of sums, and outputs of those of derivatives: what fits a CPU's registers."""
    most = (5, 4, 2) if has_long_vectors() else (5, 1, 1)
    outputs, columns, pairs = map(_divisor, (block.channels, block.columns, block.channels), most)
    return outputs, columns, pairs


def _divisor(number: int, most: int) -> int:
    return max(i for i in range(1, most + 1) if number % i == 0)
