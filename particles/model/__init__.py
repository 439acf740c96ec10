"""The shared vocabulary of particles and PDE: `Model`, laws, drifts, `Measure`, exact transients, cases.

It imports nothing of this project but `particles.base` and `particles.vmath`, and loads neither numba nor MPI.
"""

from particles.model.cases.case import Case
from particles.model.cases.file import load_case
from particles.model.cases.registry import cases
from particles.model.diffusion import CONSTANT, DIFFUSIONS, LINEAR, Diffusion
from particles.model.drifts.activations import IDENTITY, RELU, SIGMOID, TANH
from particles.model.drifts.drift import Drift
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.model.exact.at_time import exact_law
from particles.model.exact.benes import TanhAttracted, TanhRepelled
from particles.model.exact.characteristics import Transported
from particles.model.exact.circulation import circulating_state
from particles.model.exact.linear import linear_transition
from particles.model.exact.linear_moments import linear_moments
from particles.model.exact.linear_space import affine_transition
from particles.model.exact.transients import PushForward, flow_map
from particles.model.exact.transitions import transition_law
from particles.model.laws.affine_image import AffineImage
from particles.model.laws.combined import Clipped, Mixture, Product
from particles.model.laws.elementary import Dirac, Normal, Uniform
from particles.model.laws.empirical import Empirical, KernelEstimate, kernel_estimate
from particles.model.laws.generalised_gamma import GeneralisedGamma
from particles.model.laws.histogram import Histogram, histogram
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.law import Law
from particles.model.laws.lognormal import Lognormal
from particles.model.laws.multivariate_normal import MultivariateNormal
from particles.model.laws.pareto import Pareto
from particles.model.laws.relu_steady import ReluSteady
from particles.model.laws.sech_power import SechPower
from particles.model.laws.smoothed import SmoothedUniform
from particles.model.laws.space import SpaceLaw
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.model.laws.weighted_sum import WeightedSum, weighted_sum
from particles.model.measure import Measure
from particles.model.measurements import Dialect, read_measurements
from particles.model.parameters import MEAN_COUPLED, layers, piecewise
from particles.model.plane_density import PlaneDensity
from particles.model.rule import Model
from particles.model.samples import Samples

__all__ = [
    "CONSTANT",
    "DIFFUSIONS",
    "IDENTITY",
    "LINEAR",
    "MEAN_COUPLED",
    "RELU",
    "SIGMOID",
    "TANH",
    "AffineImage",
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
    "MultivariateNormal",
    "Normal",
    "Pareto",
    "PlaneDensity",
    "Product",
    "PushForward",
    "ReluSteady",
    "Samples",
    "SechPower",
    "SmoothedUniform",
    "SpaceLaw",
    "TanhAttracted",
    "TanhRepelled",
    "Transported",
    "TruncatedNormal",
    "Uniform",
    "WeightedSum",
    "affine_transition",
    "cases",
    "circulating_state",
    "cubic",
    "exact_law",
    "flow_map",
    "histogram",
    "kernel_estimate",
    "layers",
    "linear_moments",
    "linear_transition",
    "load_case",
    "lognormal_family",
    "piecewise",
    "power_law",
    "read_measurements",
    "transition_law",
    "weighted_sum",
]
