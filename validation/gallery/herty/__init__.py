"""Figures of M. Herty, T. Trimborn, G. Visconti, Kinetic Theory for Residual Neural Networks, arXiv 2001.04294v1.

One file a figure, each with its equation, the signs and data that it takes, and what is open or wrong in the paper.
"""

from __future__ import annotations

from collections.abc import Callable

from validation.gallery.exhibit import Figure
from validation.gallery.herty.figure_01_moments import moments as _moments
from validation.gallery.herty.figure_02_levels import levels as _levels

FIGURES: dict[str, Callable[[], Figure]] = {"1": _moments, "2": _levels}
"""Number of the figure -> what runs it."""
