"""Validation: distances between particles and PDE, what they should be, and studies that end in a verdict.

Importing it loads neither numba, MPI, POT nor matplotlib.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

_spec = find_spec("kinetic")
_found = "nothing" if _spec is None else _spec.origin or [*(_spec.submodule_search_locations or ()), "nothing"][0]
if Path(_found).resolve() != Path(__file__).resolve().parents[1] / "kinetic" / "__init__.py":
    _told = f"{_found} hides simresnet's package kinetic: call `simresnet validation`, or go to another folder"
    if sys.argv[0] == "-m":  # started as a command, which tells bad input in one sentence
        print(f"validation: {_told}", file=sys.stderr)
        sys.exit(2)
    raise ImportError(_told)


import kinetic  # noqa: E402, F401  (first: it looks whether `particles` is ours, and listens for signals)
from validation.axes import plot, plot_residual  # noqa: E402
from validation.distance import w1, w1_to_law, wasserstein  # noqa: E402
from validation.distance.beckmann import FlowEnclosure, enclose_by_flow  # noqa: E402
from validation.distance.comparison import Comparison, compare  # noqa: E402
from validation.distance.enclosure import Enclosure, enclose, enclose_at  # noqa: E402
from validation.distance.floor import expected_w1  # noqa: E402
from validation.distance.null import NullLaw, count_for, detectable, null_law, p_value  # noqa: E402
from validation.distance.plane_comparison import PlaneComparison  # noqa: E402
from validation.distance.quadratic import w2  # noqa: E402
from validation.distance.sliced import max_sliced_w1, sliced_w1  # noqa: E402
from validation.distance.sliced_floor import expected_sliced_w1  # noqa: E402
from validation.distance.sliced_null import SlicedNull, sliced_null_law  # noqa: E402
from validation.distance.supremum import kolmogorov  # noqa: E402
from validation.studies.grazing import GrazingStudy  # noqa: E402
from validation.studies.grid import GridStudy  # noqa: E402
from validation.studies.layers import LayersStudy  # noqa: E402
from validation.studies.mean_field import MeanFieldStudy  # noqa: E402
from validation.studies.study import Study  # noqa: E402

__all__ = [
    "Comparison",
    "Enclosure",
    "FlowEnclosure",
    "GrazingStudy",
    "GridStudy",
    "LayersStudy",
    "MeanFieldStudy",
    "NullLaw",
    "PlaneComparison",
    "SlicedNull",
    "Study",
    "compare",
    "count_for",
    "detectable",
    "enclose",
    "enclose_at",
    "enclose_by_flow",
    "expected_sliced_w1",
    "expected_w1",
    "kolmogorov",
    "max_sliced_w1",
    "null_law",
    "p_value",
    "plot",
    "plot_residual",
    "sliced_null_law",
    "sliced_w1",
    "w1",
    "w1_to_law",
    "w2",
    "wasserstein",
]
