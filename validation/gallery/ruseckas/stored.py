"""The convolutional network of 5.2, trained and stored in docs/mnist, and images for it."""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from particles.base.errors import InputError
from particles.networks.cases import NETWORKS, case_of, image_network
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.images import SIDE, Images, read_images
from particles.networks.record import META, Record, load

PLACE = Path(__file__).parents[3] / "docs" / "mnist"
CASE = NETWORKS["mnist"].name
DIGIT = 0
"""What the image of figure 7 shows."""
_INK, _STROKE = 300.0, 1.5  # before it is cut off at 255; half the width of a stroke, in pixels
_WIDE, _HIGH = 6.0, 8.0  # half axes of the drawn 0, in pixels


SHOWN_BY = ("ruseckas/6", "ruseckas/7")
"""Figures of the stored network; the last shows what it makes of an image."""


class Stored(NamedTuple):
    """The record and its network."""

    record: Record
    network: ConvolutionNetwork


def missing() -> tuple[str, ...]:
    """Figures that cannot be shown: none in a checkout; where the packages are installed without docs, `SHOWN_BY`."""
    return () if (PLACE / META).is_file() else SHOWN_BY


def require_stored(asked: Collection[str]) -> None:
    """Refuse figures that are asked for by name and cannot be shown; InputError."""
    for name in missing():
        if name in asked:
            raise InputError(f"{PLACE} holds no network: {name} is for a checkout of the repository, where it lies")


@functools.cache
def stored() -> Stored:
    """Read the stored network; InputError if it is damaged."""
    record = load(PLACE)
    _, choice = case_of(record.info, str(PLACE))
    return Stored(record, image_network(choice))


def images_of(folder: str) -> Images:
    """Images of the test of MNIST's four files; InputError if a file is no such file, or no image shows a 0."""
    images = read_images(folder, "test")
    if not (images.labels == DIGIT).any():
        raise InputError(f"{folder} holds no image of a {DIGIT} among {images.count} of the test: one is needed")
    return images


def drawn_zero() -> Images:
    """An ellipse on a black ground, 28 x 28: grey 300 exp(-(d/1.5)^2), at most 255, d pixels from its line or so."""
    middle = 0.5 * (SIDE - 1)
    across = (np.arange(SIDE) - middle) / _WIDE
    down = (np.arange(SIDE) - middle) / _HIGH
    distance = min(_WIDE, _HIGH) * (np.hypot(across, down[:, None]) - 1.0)
    grey = np.minimum(255.0, _INK * np.exp(-((distance / _STROKE) ** 2)))
    return Images(grey.astype(np.uint8)[None], np.array([DIGIT], dtype=np.int64), "a drawn 0")
