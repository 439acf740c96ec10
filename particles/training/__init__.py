"""Derivatives of losses at the horizon, by adjoints that are exact for the scheme; learning of weights and biases.

>>> from particles import ExactFlow
>>> from particles.model import cases
>>> from particles.training import Moment, gradient
>>> task = {"count": 1000, "until": 2.0, "start": "quantile"}
>>> found = gradient(cases["regression"].model, ExactFlow(), Moment(2.0), **task)
>>> print(f"{found.weights.sum():.6f}")
-0.743582
"""

from particles.training.control import Control, continuous_control, control
from particles.training.cross_entropy import CrossEntropy
from particles.training.forecast import Sensitivity, sensitivity
from particles.training.kalman import EnKI
from particles.training.learn import Fit, fit
from particles.training.losses import EnergyDistance, FirstTransport, Loss, Moment, Supervised, Transport
from particles.training.method import Method, Stop
from particles.training.methods import LBFGS, LM, Descent
from particles.training.of_law import gradient_by_quadrature
from particles.training.of_particles import Gradient, gradient
from particles.training.parameters import Parameters
from particles.training.penalty import Penalty
from particles.training.stochastic import SGD, Adam

__all__ = [
    "LBFGS",
    "LM",
    "SGD",
    "Adam",
    "Control",
    "CrossEntropy",
    "Descent",
    "EnKI",
    "EnergyDistance",
    "FirstTransport",
    "Fit",
    "Gradient",
    "Loss",
    "Method",
    "Moment",
    "Parameters",
    "Penalty",
    "Sensitivity",
    "Stop",
    "Supervised",
    "Transport",
    "continuous_control",
    "control",
    "fit",
    "gradient",
    "gradient_by_quadrature",
    "sensitivity",
]
