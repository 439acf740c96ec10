"""Validation: distances between particles and PDE, what they should be, and studies that end in a verdict.

Importing it loads neither numba, MPI, POT nor matplotlib.
"""

from validation.comparison import Comparison, compare
from validation.distance import w1, w1_to_law, wasserstein
from validation.distance.enclosure import Enclosure, enclose, enclose_at
from validation.distance.quadratic import w2
from validation.distance.sliced import sliced_w1
from validation.distance.supremum import kolmogorov
from validation.floor import expected_w1
from validation.significance import NullLaw, count_for, detectable, null_law, p_value
from validation.studies.grazing import grazing
from validation.studies.grid import grid
from validation.studies.layers import layers
from validation.studies.mean_field import mean_field
from validation.study import Study

__all__ = [
    "Comparison",
    "Enclosure",
    "NullLaw",
    "Study",
    "compare",
    "count_for",
    "detectable",
    "enclose",
    "enclose_at",
    "expected_w1",
    "grazing",
    "grid",
    "kolmogorov",
    "layers",
    "mean_field",
    "null_law",
    "p_value",
    "sliced_w1",
    "w1",
    "w1_to_law",
    "w2",
    "wasserstein",
]
