"""What may go wrong with a run though it is carried out: sentences for a person, on stderr and in the record.

========================  ============================================================================================
a step is longer than     said when
========================  ============================================================================================
a piece of w or b         edges[k+1] - edges[k] < dt: skipped, or taken for a whole step
a change of w(t), b(t)    the function, looked at 16 times a step, changes by far more than at the levels
the drift's own time      dt Lip >= 1: a layer carries particles past each other (above 2 past the point of rest)
the way between walls     sqrt(dt) nu max abs(K) > high - low: reflected more than once
========================  ============================================================================================
"""

from __future__ import annotations

import math

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model.rule import Model
from particles.model.structure import unseen
from particles.schemes.scheme import Scheme

_FOLDED = 2.0**32  # widths of an interval: particles further out have no place in it to 20 bits


def cautions(model: Model, scheme: Scheme, levels: Floats) -> tuple[str, ...]:
    """Return what a person should know before a run of a scheme over these time levels.

    InputError for a kick of noise so much longer than the distance of reflecting walls that rounding decides its end.
    """
    found = list(scheme.cautions(model))
    for name, parameter in zip(("weight", "bias"), model.parameters, strict=True):
        found += unseen(name, parameter, levels)
    return (*found, *_stiff(model, scheme, levels), *_kicks(model, scheme, levels))


def _stiff(model: Model, scheme: Scheme, levels: Floats) -> list[str]:
    step = scheme.stride(levels)
    if step == 0.0:
        return []
    times = np.linspace(levels[0], levels[-1], 65)[:-1]
    times = np.append(times, [t for t in model.breakpoints if t < levels[-1]])
    weight = float(np.abs(model.weights(times)).sum(axis=2).max())
    rate = weight * model.drift.lipschitz_u + model.drift.lipschitz_x
    where = ""
    if not math.isfinite(rate):
        rate, where = _rate_at_start(model, weight), " where the particles start"
    if not step * rate >= 1.0:
        return []
    return [
        f"a step of {step:.3g} is long for a drift that changes at the rate {rate:.3g}{where}: their product is"
        f" {step * rate:.3g}; above 1 particles overtake each other, above 2 they run away from a point of rest"
    ]


def _rate_at_start(model: Model, weight: float) -> float:
    """Largest abs(f_x + w f_u) over the bulk of the start, for a drift without a Lipschitz constant; 0 in R^d."""
    if model.size > 1:
        return 0.0
    drift, c = model.drift, model.drift.constants  # formulas as plain Python: nothing is compiled before a run
    x = model.start_law.quantile(np.linspace(1e-3, 1.0 - 1e-3, 65)).tolist()
    rates = [weight * abs(drift.f_u(weight * at, at, c)) + abs(drift.f_x(weight * at, at, c)) for at in x]
    return max((rate for rate in rates if math.isfinite(rate)), default=0.0)


def _kicks(model: Model, scheme: Scheme, levels: Floats) -> list[str]:
    if model.nu2 == 0.0:
        return []
    pairs = [pair for pair in model.box if all(map(math.isfinite, pair))]
    return list(dict.fromkeys(said for low, high in pairs for said in _kick(model, scheme, levels, low, high)))


def _kick(model: Model, scheme: Scheme, levels: Floats, low: float, high: float) -> list[str]:
    shape, c = model.diffusion.value, model.diffusion.constants
    largest = max(abs(shape(x, c)) for x in np.linspace(low, high, 65).tolist())
    kick = math.sqrt(scheme.stride(levels) * model.nu2) * largest
    if kick > _FOLDED * (high - low):
        raise InputError(
            f"a kick of noise of {kick:.3g} between walls {high - low:.3g} apart is lost in rounding: allowed is"
            f" {_FOLDED * (high - low):.3g}; take a shorter step"
        )
    if kick <= high - low:
        return []
    what = "is reflected several times" if model.wall == "reflecting" else "ends at a wall"
    return [f"a kick of noise, {kick:.3g} long, is longer than the distance of the walls ({high - low:.3g}): it {what}"]
