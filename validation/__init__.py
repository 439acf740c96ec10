"""Validation: distances between particles and PDE, what they should be, and studies that end in a verdict.

Importing it loads neither numba, MPI, POT nor matplotlib.
"""

from validation.comparison import Comparison, compare
from validation.distance import w1, w1_to_law, wasserstein
from validation.floor import expected_w1
from validation.studies import mean_field
from validation.study import Study

__all__ = ["Comparison", "Study", "compare", "expected_w1", "mean_field", "w1", "w1_to_law", "wasserstein"]
