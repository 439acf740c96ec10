"""A convolutional ODE as a value: Ruseckas' network for images, 5.2.

    x' = kappa(t) * x + b(t) - gamma x^3                                             (Ruseckas, (72) in (56))

on images of C channels, of which the first begins as the image and the others as 0; L steps of dt, whose scaled numbers
are k = dt kappa, B = dt b, g = dt gamma as in (109) to (113). The largest number of each channel is the output of a
class. theta holds k of all layers as [layer, output, input, 3, 3], B as [layer, channel], and g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_count, require_one_of, require_positive
from particles.kernels.convolution import TAPS, Block
from particles.kernels.convolution_layers import LAYERS
from particles.networks.learner import Group, half_squares

GAMMA_FACTOR = 0.004
"""Learning rate of gamma by that of the kernels: its derivative is a sum over layers, pixels and x^3 (errata R14)."""


class Numbers(NamedTuple):
    """theta, taken apart: views of shapes (L, C, C, 3, 3) and (L, C), and a number."""

    kernels: Floats
    biases: Floats
    gamma: float


@dataclass(frozen=True, kw_only=True)
class ConvolutionNetwork:
    """Layers of 3 x 3 convolutions on images of one size.

    Parameters
    ----------
    rows, columns : int >= 1, default 28
        Pixels of an image.
    channels : int >= 2, default 10
        One a class.
    layers : int >= 1, default 20
    kind : {"split", "euler"}, default "split"
        An Euler layer can explode; split is the affine Euler step, then the exact flow of x' = -gamma x^3.
    smoothness : float >= 0, default 0.1
        lambda of (lambda/2) sum_l abs(theta_l - theta_(l-1))^2 over kernels and biases, (113).
    gamma : float >= 0, default 5e-5
        Scaled gamma to begin with; kernels and biases begin with 0 (4.4).
    gamma_factor : float > 0, default 0.004

    Raises
    ------
    InputError
        If a number is out of range.
    """

    rows: int = 28
    columns: int = 28
    channels: int = 10
    layers: int = 20
    kind: str = "split"
    smoothness: float = 0.1
    gamma: float = 5e-5
    gamma_factor: float = GAMMA_FACTOR

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            require_count(name, getattr(self, name), most=1000)
        require_count("channels", self.channels, least=2, most=1000)
        require_count("layers", self.layers, most=10**4)
        require_one_of("kind", self.kind, tuple(LAYERS))
        require_at_least("smoothness", self.smoothness)
        require_at_least("gamma", self.gamma)
        require_positive("gamma_factor", self.gamma_factor)

    @property
    def block(self) -> Block:
        """Sizes of 16 images with all their channels."""
        return Block(self.channels, self.rows, self.columns)

    @property
    def groups(self) -> tuple[Group, ...]:
        """What theta holds."""
        weights, biases = self.layers * self.channels**2 * TAPS, self.layers * self.channels
        return Group("kernels", weights), Group("biases", biases), Group("gamma", 1, self.gamma_factor)

    @property
    def size(self) -> int:
        """Numbers that are trained."""
        return sum(group.size for group in self.groups)

    def start(self) -> Floats:
        """Zeros, and gamma."""
        theta = np.zeros(self.size)
        theta[-1] = self.gamma
        return theta

    def project(self, theta: Floats) -> Floats:
        """gamma >= 0."""
        theta = theta.copy()
        theta[-1] = max(theta[-1], 0.0)
        return theta

    def numbers(self, theta: Floats) -> Numbers:
        """theta, taken apart."""
        weights = self.groups[0].size
        kernels = theta[:weights].reshape(self.layers, self.channels, self.channels, 3, 3)
        return Numbers(kernels, theta[weights:-1].reshape(self.layers, self.channels), theta[-1])

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """(lambda/2) sum_l abs(theta_l - theta_(l-1))^2 and its derivatives."""
        value, slope = 0.0, np.zeros(theta.size)
        for given, by in zip(self.numbers(theta)[:2], self.numbers(slope)[:2], strict=True):
            changes = given[1:] - given[:-1]
            value += half_squares(changes, self.smoothness)
            by[1:] += self.smoothness * changes
            by[:-1] -= self.smoothness * changes
        return value, slope

    def describe(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "parameters": self.size}
