"""What Phi_k(t) = k int_0^t w ds alone decides: Propositions 2, 3, Corollaries 1, 2 of arXiv 2001.04294, corrected.

For the identity without noise m2 = e^(Phi_2) m2(0), V = e^(Phi_2) V(0) if b = 0 (Proposition 2), and
m2 = e^(Phi_2) V(0) + m1(0)^2, V = e^(Phi_2) V(0) if b = -w m1 (Proposition 3). Hence, wherever V(0) > 0,

    energy bound at t, concentration at t    if and only if Phi_1(t) < 0
    energy decay, aggregation                if and only if Phi_1 is strictly decreasing: int_s^t w < 0 for all s < t
    g -> Dirac at 0, or at m1(0)             if and only if Phi_1 -> -inf

so that energy bound and concentration are one (Corollary 1). The paper prints w < 0 for all t as the condition of
energy decay (w = -(t - 1)^2 decays too) and Phi_1 -> -inf as that of aggregation (w = -1 + 2 cos t has the limit and no
aggregation, w = -e^(-t) aggregation and no limit).
"""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from kinetic.moments.concentration import Finding, first_rise, sample_times
from kinetic.moments.hierarchy import LinearMoments
from particles.base.arrays import Floats
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.model import Model


def phi(model: Model, times: ArrayLike, order: int = 1) -> Floats:
    """Return Phi_k(t) = k int_0^t w ds at times >= 0, shape (T,), k = order, of a model on the line, or InputError."""
    _ = model.law
    return order * LinearMoments.weight_integral(model).at(times)[:, 1]


def proposition_2(model: Model, until: float) -> tuple[Finding, Finding, Finding, Finding]:
    """Return the four notions of Definition 2 for b = 0 by Phi_1 alone (Proposition 2 and Corollary 1, corrected).

    For the identity without noise and walls, b = 0, or InputError; `until` is the time t of the two bounds and the end
    of the two decays.
    """
    _require_identity(model, "Proposition 2")
    if model.mean_coupled or not _no_bias(model, until):
        raise InputError("Proposition 2 is about bias 0 at all times")
    return _by_phi(model, until, energy=model.law.variance + model.law.mean**2)


def proposition_3(model: Model, until: float) -> tuple[Finding, Finding, Finding, Finding]:
    """Return the same for b = -w m1 (Proposition 3, corrected); the model's bias must be MEAN_COUPLED."""
    _require_identity(model, "Proposition 3")
    if not model.mean_coupled:
        raise InputError("Proposition 3 is about the mean-coupled bias b = -w m1")
    return _by_phi(model, until, energy=model.law.variance)


def dirac_limit(model: Model) -> float | None:
    """Return the point y with g(t) -> Dirac at y under Proposition 2 or 3, None where Phi_1 does not tend to -inf.

    InputError if the model is neither proposition's, or its weight is a callable of t, whose limit nothing tells.
    """
    _require_identity(model, "a limit")
    if not model.piecewise_constant:
        raise InputError("the limit needs piecewise constant parameters")
    last = max(model.breakpoints, default=0.0)
    if not (model.mean_coupled or _no_bias(model, last + 1.0)):
        raise InputError("the limit needs bias 0 or the mean-coupled bias")
    if model.weight_at(last) >= 0.0:
        return None
    return model.law.mean if model.mean_coupled else 0.0


def corollary_2(model: Model, level: float, quantity: str = "variance") -> float:
    """Return the bound below which Phi_2(t) must fall for the variance or the energy to be below a level (Corollary 2).

    ln(L/V(0)) for the variance; for the energy ln(L/m2(0)) if b = 0, ln((L - m1(0)^2)/V(0)) if b = -w m1; -inf where no
    Phi_2 is enough.
    """
    _require_identity(model, "Corollary 2")
    require_one_of("quantity", quantity, ("variance", "energy"))
    law = model.law
    if quantity == "variance":
        above, scale = level, law.variance
    else:
        rest = law.mean**2
        above, scale = (level - rest, law.variance) if model.mean_coupled else (level, law.variance + rest)
    return math.log(above / scale) if above > 0.0 else -math.inf


def _by_phi(model: Model, until: float, energy: float) -> tuple[Finding, Finding, Finding, Finding]:
    spread = model.law.variance
    end = float(phi(model, [until])[0])
    rise = first_rise(lambda t: model.weights(t)[:, 0, 0], sample_times(model, until), until)
    sign = "<" if end < 0.0 else "not below"
    at_end = f"Phi_1({until:g}) = {end:.9g} is {sign} 0".replace("is <", "<")
    along = "Phi_1 decreases strictly" if rise is None else f"Phi_1 does not decrease on [{rise[0]:.9g}, {rise[1]:.9g}]"
    return (
        Finding("energy bound", end < 0.0 and energy > 0.0, at_end),
        Finding("energy decay", rise is None and energy > 0.0, along, rise),
        Finding("concentration", end < 0.0 and spread > 0.0, at_end),
        Finding("aggregation", rise is None and spread > 0.0, along, rise),
    )


def _require_identity(model: Model, what: str) -> None:
    _ = model.law
    if not model.drift.linear or model.nu2 > 0.0 or model.walls is not None:
        raise InputError(f"{what} is about the identity without noise and walls, not {model.drift.name!r}")


def _no_bias(model: Model, until: float) -> bool:
    times = sample_times(model, until)
    return not model.biases(times, model.weights(times)).any()
