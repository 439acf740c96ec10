"""Exact laws at a time t of noisy models on the line, dX = sigma(w X + b) dt + nu K(X) dW, without walls.

==========  =====  ==================  ===============================================================================
activation  K      condition           law at time t
==========  =====  ==================  ===============================================================================
identity    1      any w(t), b(t)      e^W X_0 + int e^(W(t)-W(s)) b(s) ds + N(0, nu^2 int e^(2(W(t)-W(s))) ds)
identity    x      any w(t), b = 0     lognormal, ln X ~ N(m0 + W(t) - nu^2 t/2, v0 + nu^2 t)
tanh        1      w nu^2 = -1, any b  `benes.TanhAttracted`
tanh        1      w nu^2 = 1, any b   `benes.repelled`
==========  =====  ==================  ===============================================================================

W(t) = int_0^t w; the integrals go over s in [0, t]. A bias b = -w m1 conserves the mean of the identity.
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.model.diffusion import CONSTANT, LINEAR
from particles.model.drifts.activations import IDENTITY, TANH
from particles.model.exact.benes import TanhAttracted, repelled
from particles.model.exact.linear import linear_transition
from particles.model.laws.law import Law
from particles.model.rule import Model


def transition_law(model: Model, time: float) -> Law:
    """Law at `time` of a model with noise that has a closed form.

    Parameters
    ----------
    model : Model
        On the line, nu2 > 0, no walls; one of the rows below. The identity with K = 1 starts from a
        Dirac, normal, uniform or empirical law, a kernel estimate, or a mixture of them; so does the attracting tanh.
        The repelling tanh starts from Dirac, normal or uniform laws and their mixtures, K = x from points x > 0,
        lognormal laws and their mixtures.
    time : float >= 0

    Raises
    ------
    InputError
        If the time is none, or the model or its start has no closed form.

    See Also
    --------
    linear_transition : The numbers of the linear one.
    kinetic.steady_state : What it comes to rest at.

    Notes
    -----
    With W = int_0^t w: the identity with K = 1 has the law of e^W X_0 + N(m, s), see `linear_transition`; with K = x
    and b = 0, ln X_t ~ N(m0 + W - nu^2 t/2, v0 + nu^2 t); tanh with K = 1 has `TanhAttracted` for w nu^2 = -1 and
    `TanhRepelled` for w nu^2 = 1.

    Examples
    --------
    >>> from particles.model import cases, transition_law
    >>> law = transition_law(cases["fokker-planck"].model, 2.0)
    >>> print(type(law).__name__, f"{law.mean:.8f} {law.variance:.6f}")
    SmoothedUniform -0.10150146 0.982066
    >>> transition_law(cases["regression"].model, 2.0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: an exact law with noise needs one feature, one neuron, no walls and nu2 > 0
    """
    require_at_least("time", time)
    if model.size != 1 or model.walls is not None or model.nu2 == 0.0:
        raise InputError("an exact law with noise needs one feature, one neuron, no walls and nu2 > 0")
    start = model.law
    if time == 0.0:
        return start
    if (model.drift, model.diffusion) == (IDENTITY, CONSTANT):
        growth, shift, v = linear_transition(model, time)
        return start.smoothed(math.exp(growth), shift, v)
    if (model.drift, model.diffusion) == (IDENTITY, LINEAR):
        return _lognormal(model, start, time)
    if (model.drift, model.diffusion) == (TANH, CONSTANT) and model.autonomous:
        return _tanh(model, start, time)
    raise InputError(f"drift {model.drift.name!r} with K = {model.diffusion.name} has no closed form")


def _lognormal(model: Model, start: Law, time: float) -> Law:
    """K = x, b = 0: ln X moves by W(t) - nu^2 t/2 and spreads by nu^2 t."""
    times = np.union1d(np.linspace(0.0, time, 257), [edge for edge in model.breakpoints if edge < time])
    if np.any(model.biases(times, model.weights(times)) != 0.0):
        raise InputError("with K = x a closed form needs the bias 0")
    return start.grown(linear_transition(model, time)[0] - 0.5 * model.nu2 * time, model.nu2 * time)


def _tanh(model: Model, start: Law, time: float) -> Law:
    weights = model.weights(0.0)
    w, b = float(weights[0, 0, 0]), float(model.biases(0.0, weights)[0, 0])
    if not math.isclose(abs(w) * model.nu2, 1.0, rel_tol=1e-15):
        raise InputError(f"tanh with noise has a closed form for abs(w) nu2 = 1, not {abs(w) * model.nu2!r}")
    return TanhAttracted(start, w, b, time) if w < 0.0 else repelled(start, w, b, time)
