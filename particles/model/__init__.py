"""The shared vocabulary of particles and PDE: `Model`, laws, drifts, `Measure`, exact transients, cases.

It imports nothing of this project but `particles.base` and `particles.vmath`, and loads neither numba nor MPI.
"""

from particles.model.benes import TanhAttracted, TanhRepelled
from particles.model.case_file import load_case
from particles.model.cases import Case, cases
from particles.model.diffusion import CONSTANT, DIFFUSIONS, LINEAR, Diffusion
from particles.model.drifts import IDENTITY, RELU, SIGMOID, TANH, Drift, cubic, lognormal_family, power_law
from particles.model.empirical import (
    Empirical,
    Histogram,
    KernelEstimate,
    histogram,
    kernel_estimate,
)
from particles.model.families import (
    GeneralisedGamma,
    InverseGamma,
    Lognormal,
    Pareto,
    ReluSteady,
    SechPower,
)
from particles.model.law import Law
from particles.model.laws import Clipped, Dirac, Mixture, Normal, Product, Uniform
from particles.model.linear import linear_transition
from particles.model.measure import Measure
from particles.model.measurements import Dialect, read_measurements
from particles.model.parameters import MEAN_COUPLED, layers, piecewise
from particles.model.rule import Model
from particles.model.samples import Samples
from particles.model.smoothed import SmoothedUniform
from particles.model.transients import PushForward, exact_law, flow_map
from particles.model.transitions import transition_law

__all__ = [
    "CONSTANT",
    "DIFFUSIONS",
    "IDENTITY",
    "LINEAR",
    "MEAN_COUPLED",
    "RELU",
    "SIGMOID",
    "TANH",
    "Case",
    "Clipped",
    "Dialect",
    "Diffusion",
    "Dirac",
    "Drift",
    "Empirical",
    "GeneralisedGamma",
    "Histogram",
    "InverseGamma",
    "KernelEstimate",
    "Law",
    "Lognormal",
    "Measure",
    "Mixture",
    "Model",
    "Normal",
    "Pareto",
    "Product",
    "PushForward",
    "ReluSteady",
    "Samples",
    "SechPower",
    "SmoothedUniform",
    "TanhAttracted",
    "TanhRepelled",
    "Uniform",
    "cases",
    "cubic",
    "exact_law",
    "flow_map",
    "histogram",
    "kernel_estimate",
    "layers",
    "linear_transition",
    "load_case",
    "lognormal_family",
    "piecewise",
    "power_law",
    "read_measurements",
    "transition_law",
]
