"""The five families of steady states that a target can be fitted with, and the model that each of their laws fixes.

    g = (C/K^2) exp(int 2 sigma/(nu^2 K^2) dx)                                              arXiv 2001.04294, (21)

==================  ===================  =========================================  =================================
family              model                law                                        free, by the model's parameters
==================  ===================  =========================================  =================================
normal              identity, K = 1      N(-b/w, -nu^2/(2w))                        bias, nu2           w = -1
inverse-gamma       identity, K = x      shape 1 - 2w/nu^2, scale 2b/nu^2           bias, nu2           w = -1 or 1
generalised-gamma   sigma_N,  K = x      kappa = 2 lam/(delta nu^2) - 1,            delta, scale, nu2   lam = 1
                                         theta = c (nu^2 delta^2/(2 lam))^(1/delta)
sech-power          tanh,     K = 1      centre -b/w, rate -w, power -2/(w nu^2)    weight, bias, nu2   none fixed
relu                relu,     K = x      kink -b/w, exponent -2w/nu^2               bias, nu2           w = -1
==================  ===================  =========================================  =================================

A steady state knows no clock: it depends on 2 sigma/nu^2 alone. For identity, relu and sigma_N a factor of sigma is a
factor of (w, b) or of lam, so only ratios can be fitted, and abs(w) = 1 or lam = 1 sets the unit of time. tanh has a
fixed height: (w, b, nu^2) -> c (w, b, nu^2) changes its steady state, and all three are identified. Where the shape of
an inverse Gamma law is above 1 its mean is finite and w = -1, below 1 the mean is infinite and w = 1 < nu^2/2.

Some families hold a simpler law as a limit that no model of theirs attains: sech-power the normal law (w, nu^2 -> 0)
and the Laplace law (w -> -inf), generalised-gamma the lognormal law (delta -> 0) and a power of x below an end (delta
-> inf). A fit that ends there says so.

Each family has working parameters in which its log-density is regular, limits included:

normal (mean, ln std), inverse-gamma (ln shape, ln E 1/X), generalised-gamma (mu, ln s, q) with Gamma shape k = 1/q^2,
delta = q/s and ln theta = mu + (2/delta) ln q, sech-power (centre, ln std, 1/(1 + power)), relu (ln kink, ln exponent).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinetic.fit.family import FREE, Bounds, SteadyFamily, log_gamma_peak, mean_std, median
from particles.base.arrays import Floats
from particles.model import CONSTANT, IDENTITY, LINEAR, RELU, TANH, Law, Normal, lognormal_family
from particles.model.laws.generalised_gamma import GeneralisedGamma
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.relu_steady import ReluSteady
from particles.model.laws.sech_power import SechPower


class NormalFamily(SteadyFamily):
    """N(m, v): identity with K = 1."""

    name, parameters, positive, located = "normal", ("bias", "nu2"), False, True
    drift, diffusion = IDENTITY, CONSTANT

    def start(self, x: Floats, shares: Floats) -> Floats:
        mean, std = mean_std(x, shares)
        return np.array([mean, math.log(std)])

    def log_density(self, x: Floats, theta: Floats) -> Floats:
        z = (x - theta[0]) * math.exp(-theta[1])
        return np.asarray(-0.5 * z * z - (theta[1] + 0.5 * math.log(2.0 * math.pi)))

    def physical(self, theta: Floats) -> Floats:
        return np.array([theta[0], 2.0 * math.exp(2.0 * theta[1])])

    def law(self, theta: Floats) -> Law:
        return Normal(float(theta[0]), math.exp(2.0 * theta[1]))


class InverseGammaFamily(SteadyFamily):
    """1/X ~ Gamma: identity with K = x."""

    name, parameters = "inverse-gamma", ("bias", "nu2")
    drift, diffusion = IDENTITY, LINEAR
    limits, limited = ("w -> nu^2/2: no law", "nu^2 -> 0: a normal law"), 0

    def start(self, x: Floats, shares: Floats) -> Floats:
        mean = float((shares / x).sum())
        gap = max(math.log(mean) + float((shares * np.log(x)).sum()), 1e-9)  # ln E Y - E ln Y, Y = 1/X
        shape = (3.0 - gap + math.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
        return np.array([math.log(shape), math.log(mean)])

    def log_density(self, x: Floats, theta: Floats) -> Floats:
        shape, log_r = math.exp(theta[0]), -(np.log(x) + theta[1])
        power = shape * (log_r - np.expm1(np.minimum(log_r, 600.0)))
        return np.asarray(power + log_gamma_peak(shape) - np.log(x))

    def _shape_scale(self, theta: Floats) -> tuple[float, float]:
        return math.exp(theta[0]), math.exp(theta[0] - theta[1])

    def physical(self, theta: Floats) -> Floats:
        shape, scale = self._shape_scale(theta)
        return np.array([scale, 2.0]) / max(abs(shape - 1.0), 1e-300)

    def law(self, theta: Floats) -> Law:
        return InverseGamma(*self._shape_scale(theta))

    def bounds(self, theta: Floats) -> Bounds:
        return ((-7.0, 18.0), FREE)

    def _model(self, theta: Floats) -> dict[str, Any]:
        return super()._model(theta) | {"weight": -1.0 if theta[0] > 0.0 else 1.0}


class GeneralisedGammaFamily(SteadyFamily):
    """The corrected sigma_N with K = x; ln X = mu + (s/q) ln(q^2 G), G ~ Gamma(1/q^2)."""

    name, parameters, located = "generalised-gamma", ("delta", "scale", "nu2"), True
    limits = ("delta -> 0: a lognormal law", "delta -> inf: a power of x below an end")

    def start(self, x: Floats, shares: Floats) -> Floats:
        from scipy.special import digamma, polygamma

        y = np.log(x)
        mean, std = mean_std(y, shares)
        q = min(max(-float((shares * ((y - mean) / std) ** 3).sum()), 0.1), 2.0)
        s = std * q / math.sqrt(float(polygamma(1, q**-2)))
        return np.array([mean - s / q * (float(digamma(q**-2)) + 2.0 * math.log(q)), math.log(s), q])

    def log_density(self, x: Floats, theta: Floats) -> Floats:
        mu, log_s, q = theta
        y = np.log(x)
        v = np.minimum(q * math.exp(-log_s) * (y - mu), 600.0)
        return np.asarray((v - np.expm1(v)) / (q * q) + (log_gamma_peak(q**-2) + math.log(q) - log_s) - y)

    def physical(self, theta: Floats) -> Floats:
        mu, s, q = theta[0], math.exp(theta[1]), theta[2]
        return np.array([q / s, math.exp(mu + s / q * math.log1p(q * s)), 2.0 * s * s / (1.0 + q * s)])

    def law(self, theta: Floats) -> Law:
        mu, s, q = theta[0], math.exp(theta[1]), float(theta[2])
        return GeneralisedGamma(1.0 / (q * s), math.exp(mu + 2.0 * s / q * math.log(q)), q / s)

    def bounds(self, theta: Floats) -> Bounds:
        """A small q keeps abs(ln theta) < 600 for s up to e times the guess, a large one (x/theta)^delta a number."""
        q = np.geomspace(0.02, 0.9, 200)
        room = np.abs(theta[0]) - 2.0 * math.exp(theta[1] + 1.0) / q * np.log(q) < 600.0
        return (FREE, (-math.inf, theta[1] + 1.0), (float(q[np.argmax(room)]), 5.0))

    def _model(self, theta: Floats) -> dict[str, Any]:
        delta, scale, nu2 = self.physical(theta).tolist()
        drift = lognormal_family(delta, scale=scale)
        return {"drift": drift, "weight": 1.0, "bias": 0.0, "diffusion": LINEAR, "nu2": nu2}


class SechPowerFamily(SteadyFamily):
    """C sech^p(rate (x - centre)): tanh with K = 1."""

    name, parameters, positive, located = "sech-power", ("weight", "bias", "nu2"), False, True
    drift, diffusion = TANH, CONSTANT
    limits = ("w, nu^2 -> 0: a normal law", "w -> -inf: a Laplace law")

    def start(self, x: Floats, shares: Floats) -> Floats:
        centre = median(x, shares)
        return np.array([centre, math.log(1.25 * float((shares * np.abs(x - centre)).sum())), 1.0 / 3.0])

    def _rate_power(self, theta: Floats) -> tuple[float, float]:
        from scipy.special import polygamma

        power = 1.0 / theta[2] - 1.0
        return math.sqrt(0.5 * float(polygamma(1, 0.5 * power))) * math.exp(-theta[1]), float(power)

    def log_density(self, x: Floats, theta: Floats) -> Floats:
        from scipy.special import betaln

        rate, power = self._rate_power(theta)
        u = rate * np.abs(x - theta[0])
        log_cosh = u + np.log1p(np.exp(-2.0 * u)) - math.log(2.0)
        return np.asarray(math.log(rate) - float(betaln(0.5 * power, 0.5)) - power * log_cosh)

    def physical(self, theta: Floats) -> Floats:
        rate, power = self._rate_power(theta)
        return np.array([-rate, rate * theta[0], 2.0 / (rate * power)])

    def law(self, theta: Floats) -> Law:
        return SechPower(float(theta[0]), *self._rate_power(theta))

    def bounds(self, theta: Floats) -> Bounds:
        return (FREE, FREE, (2e-3, 0.99))


class ReluFamily(SteadyFamily):
    """x^(-2), times (y e^(1-y))^p at y = a/x > 1: relu with K = x on the whole line."""

    name, parameters = "relu", ("bias", "nu2")
    drift, diffusion = RELU, LINEAR
    limits = ("nu^2 -> inf: no law", "nu^2 -> 0: the law of Pareto")

    def start(self, x: Floats, shares: Floats) -> Floats:
        return np.array([math.log(median(x, shares)), math.log(2.0)])

    def log_density(self, x: Floats, theta: Floats) -> Floats:
        p, log_r = math.exp(theta[1]), np.log(x) - theta[0]
        beyond = np.minimum(np.maximum(-log_r, 0.0), 600.0)  # ln y
        return np.asarray(p * (beyond - np.expm1(beyond)) - 2.0 * log_r - (theta[0] + _log_relu_mass(p)))

    def physical(self, theta: Floats) -> Floats:
        return np.array([math.exp(theta[0]), 2.0 * math.exp(-theta[1])])

    def law(self, theta: Floats) -> Law:
        bias, nu2 = self.physical(theta).tolist()
        return ReluSteady(-1.0, bias, nu2)

    def bounds(self, theta: Floats) -> Bounds:
        return (FREE, (-7.0, 14.0))


FAMILIES = {
    family.name: family
    for family in (NormalFamily(), InverseGammaFamily(), GeneralisedGammaFamily(), SechPowerFamily(), ReluFamily())
}


def _log_relu_mass(p: float) -> float:
    """ln(1 + q), q = e^p p^(-p-1) Gamma(p + 1, p): mass of g a, relative to that right of a."""
    from scipy.special import gammaincc

    return math.log1p(float(gammaincc(p + 1.0, p)) * math.exp(-log_gamma_peak(p)))
