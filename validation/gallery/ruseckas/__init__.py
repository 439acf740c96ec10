"""Figures of J. Ruseckas, Differential equations as models of deep neural networks, arXiv 1909.03767.

One file a figure, each with its equation, and what is open or wrong in the paper. Figure 1 is a drawing of a layer.
Figures 2 to 5 train their network when they are run; 6 and 7 take the one that is stored in docs/mnist, and are left
out where the packages are installed without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from particles.networks.images import Images
from validation.gallery.exhibit import Figure
from validation.gallery.ruseckas.figure_02_plane import in_the_plane as _in_the_plane
from validation.gallery.ruseckas.figure_03_plane_layers import plane_layers as _plane_layers
from validation.gallery.ruseckas.figure_04_space_layers import space_layers as _space_layers
from validation.gallery.ruseckas.figure_05_space import in_space as _in_space
from validation.gallery.ruseckas.figure_06_kernels import kernels as _kernels
from validation.gallery.ruseckas.figure_07_activations import activations as _activations
from validation.gallery.ruseckas.stored import missing as _missing


def figures(test: Images | None = None) -> dict[str, Callable[[], Figure]]:
    """Number of the figure -> what runs it, without those that are `missing`.

    `test`: MNIST's test images, for the last; by default it takes an image that is drawn by a formula.
    """
    found: dict[str, Callable[[], Figure]] = {
        "2": _in_the_plane,
        "3": _plane_layers,
        "4": _space_layers,
        "5": _in_space,
        "6": _kernels,
        "7": partial(_activations, test),
    }
    return {number: run for number, run in found.items() if f"ruseckas/{number}" not in _missing()}
