"""Figures of M. Herty, T. Trimborn, G. Visconti, Kinetic Theory for Residual Neural Networks, arXiv 2001.04294v1.

One file a figure, each with its equation, the signs and data that it takes, and what is open or wrong in the paper.
"""

from __future__ import annotations

from collections.abc import Callable

from validation.gallery.exhibit import Figure
from validation.gallery.herty.figure_01_moments import moments as _moments
from validation.gallery.herty.figure_02_levels import levels as _levels
from validation.gallery.herty.figure_03_lengths import lengths as _lengths
from validation.gallery.herty.figure_04_trajectories import trajectories as _trajectories
from validation.gallery.herty.figure_05_clusters import clusters as _clusters
from validation.gallery.herty.figure_06_measurements import measured_slopes as _measured_slopes
from validation.gallery.herty.figure_07_regression import regression as _regression
from validation.gallery.herty.figure_08_target import target as _target
from validation.gallery.herty.figure_09_update import update as _update
from validation.gallery.herty.figure_10_starts import starts as _starts
from validation.gallery.herty.figure_11_fokker_planck import fokker_planck as _fokker_planck

FIGURES: dict[str, Callable[[], Figure]] = {
    "1": _moments,
    "2": _levels,
    "3": _lengths,
    "4": _trajectories,
    "5": _clusters,
    "6": _measured_slopes,
    "7": _regression,
    "8": _target,
    "9": _update,
    "10": _starts,
    "11": _fokker_planck,
}
"""Number of the figure -> what runs it."""
