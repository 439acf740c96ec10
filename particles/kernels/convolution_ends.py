"""The two ends of a network on blocks of 16 images: pixels in; the largest number of each channel and its softmax out.

    z[o] = max over pixels of x[o],   P = softmax(z),   loss = -log P[label],   dL/dz = P - (1 at the label)

(Ruseckas, 5.2.) Where several pixels share the largest number, dL/dz is shared equally among them: the paper has no
rule, and from zero weights each added channel begins as one tie of all pixels (R13 of docs/errata.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import Formula, kernel
from particles.base.lanes import LANES, fma, larger, load, store, where_equal, zeros
from particles.vmath import exp, log


@kernel
def fill() -> Formula:
    """x[0] = levels[pixels] inside the border, of up to 16 images, shape (count, rows, columns); else levels[0]."""

    def loop(pixels: Any, levels: Any, line: int, x: Any) -> None:
        count, rows, columns = pixels.shape
        for h in range(rows):
            for w in range(columns):
                at = (h + 1) * line + (w + 1) * LANES
                for i in range(LANES):
                    x[at + i] = levels[pixels[i, h, w]] if i < count else levels[0]

    return loop


@kernel
def peaks() -> Formula:
    """z, shape (C, 16): the largest number of each channel and image; NaN where one of them is not finite."""

    def loop(x: Any, height: int, line: int, z: Any) -> None:
        flat = z.reshape(-1)
        for o in range(z.shape[0]):
            first = o * (height + 2) * line
            most = load(x, first + line + LANES)
            lost = zeros(x, 1)[0]
            for h in range(1, height + 1):
                for at in range(first + h * line + LANES, first + (h + 1) * line - LANES, LANES):
                    here = load(x, at)
                    most = larger(here, most)
                    lost = fma(here, 0.0, lost)
            store(flat, o * LANES, most + lost)

    return loop


@kernel
def spread() -> Formula:
    """dL/dx from dL/dz: equal shares for all pixels that hold the largest number."""

    def loop(x: Any, height: int, line: int, z: Any, slope: Any, out: Any) -> None:
        given, most = slope.reshape(-1), z.reshape(-1)
        for o in range(z.shape[0]):
            first = o * (height + 2) * line
            peak = load(most, o * LANES)
            ties = zeros(x, 1)[0]
            for h in range(1, height + 1):
                for at in range(first + h * line + LANES, first + (h + 1) * line - LANES, LANES):
                    ties = ties + where_equal(load(x, at), peak, 1.0)
            share = load(given, o * LANES) / ties
            for h in range(1, height + 1):
                for at in range(first + h * line + LANES, first + (h + 1) * line - LANES, LANES):
                    store(out, at, where_equal(load(x, at), peak, share))

    return loop


@kernel
def cross_entropy() -> Formula:
    """Loss and first likeliest class of each image, and dL/dz, shape (C, 16), of the type of z; float64 inside."""

    def loop(z: Any, labels: Any, slope: Any, losses: Any, answers: Any) -> None:
        classes = z.shape[0]
        weight = np.empty(classes)
        for i in range(labels.size):
            best = 0
            for c in range(1, classes):
                best = c if z[c, i] > z[best, i] else best
            most = float(z[best, i])
            partition = 0.0
            for c in range(classes):
                weight[c] = exp(float(z[c, i]) - most)
                partition += weight[c]
            losses[i] = log(partition) - (float(z[labels[i], i]) - most)
            answers[i] = best
            for c in range(classes):
                slope[c, i] = weight[c] / partition - (1.0 if c == labels[i] else 0.0)

    return loop
