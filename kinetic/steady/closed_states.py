"""Closed steady laws of noisy models, with their spectral gaps (arXiv 2001.04294, 4.1.1, corrected).

===================  =======================  ==================================  ====================================
drift, K             where                    law                                 gap
===================  =======================  ==================================  ====================================
identity, 1          w < 0                    normal (-b/w, nu^2/(2 abs w))       abs w
identity, x          b > 0, mu > 0            inverse Gamma (mu, 2 b/nu^2)        abs w for mu > 2, else nu^2 mu^2/8
lognormal family, x  kappa > 0                generalised Gamma                   nu^2 delta (kappa - delta)/2 for
                                                                                  kappa > 2 delta, else nu^2 kappa^2/8
tanh, 1              w < 0                    sech^p(u), p = 2/(abs w nu^2)       abs w - nu^2 w^2/2 for p > 2,
                                                                                  else 1/(2 nu^2)
ReLU, x              w < 0 < b                ReLU's law, p = 2 abs w/nu^2        nu^2/8
ReLU, x, wall at c   w < 0, c >= -b/w, c > 0  Pareto c/x^2                        nu^2/8
===================  =======================  ==================================  ====================================

mu = 1 - 2 w/nu^2, kappa = 2 lam/(delta nu^2) - 1. Gaps nu^2 .../8 and 1/(2 nu^2) are edges of a continuous spectrum. Of
the generalised Gamma, x^(-delta) is an affine process that rests at an inverse Gamma law, which gives its gap.
"""

from __future__ import annotations

import math

from kinetic.steady.line import Line
from particles.model import CONSTANT, IDENTITY, LINEAR, RELU, TANH, Law, Normal, lognormal_family
from particles.model.laws.generalised_gamma import GeneralisedGamma
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.pareto import Pareto
from particles.model.laws.relu_steady import ReluSteady
from particles.model.laws.sech_power import SechPower

LOGNORMAL = lognormal_family(1.0).value  # one formula for all its constants


def closed_state(line: Line) -> tuple[str, Law, float] | None:
    """Family, law and gap where the model is one of the table above."""
    model, w, b, nu2 = line.model, line.weight, line.bias, line.model.nu2
    whole = (line.low, line.high) == (-math.inf, math.inf)
    half = (line.low, line.high) == (0.0, math.inf) and line.zeros[0]
    if whole and model.diffusion == CONSTANT and model.drift == IDENTITY:
        return "normal", Normal(-b / w, -nu2 / (2.0 * w)), -w
    if whole and model.diffusion == CONSTANT and model.drift == TANH:
        return "sech power", SechPower(-b / w, -w, -2.0 / (w * nu2)), tanh_gap(w, nu2)
    if model.diffusion != LINEAR:
        return None
    if half and (model.drift == IDENTITY or (model.drift == RELU and w >= 0.0)):  # there u >= b > 0
        mu = 1.0 - 2.0 * w / nu2
        return "inverse Gamma", InverseGamma(mu, 2.0 * b / nu2), inverse_gamma_gap(mu, nu2)
    if half and model.drift == RELU:
        return "ReLU", ReluSteady(w, b, nu2), nu2 / 8.0
    if half and model.drift.value is LOGNORMAL:
        lam, delta, centre = model.drift.constants
        kappa = 2.0 * lam / (delta * nu2) - 1.0
        law = GeneralisedGamma(kappa, centre * (nu2 * delta**2 / (2.0 * lam)) ** (1.0 / delta), delta)
        return "generalised Gamma", law, inverse_gamma_gap(kappa / delta, delta**2 * nu2)
    if model.drift == RELU and line.high == math.inf and line.low > 0.0 and w < 0.0 and w * line.low + b <= 0.0:
        return "Pareto", Pareto(line.low), nu2 / 8.0
    return None


def tanh_gap(w: float, nu2: float) -> float:
    """Spectral gap of tanh with K = 1, w < 0: the second level of a Poschl-Teller well, or the edge beyond it."""
    return -w - 0.5 * nu2 * w * w if -w * nu2 < 1.0 else 0.5 / nu2


def inverse_gamma_gap(mu: float, nu2: float) -> float:
    """Spectral gap of the identity with K = x: abs(w) = (mu - 1) nu^2/2, or the edge of the continuous spectrum."""
    return 0.5 * (mu - 1.0) * nu2 if mu > 2.0 else nu2 * mu * mu / 8.0
