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
from particles.model.laws import Law
from particles.model.parameters import Parameter, Piecewise, Varying
from particles.model.rule import Model
from particles.schemes import Scheme

_LOOKS = 16  # a step at a function of time
_FEWEST, _MOST = 2**10, 2**14  # of them a run
_UNSEEN = 1.5  # times the change that the levels see: an oscillation of six steps a period is seen to 1.15
_FOLDED = 2.0**32  # widths of an interval: particles further out have no place in it to 20 bits


def cautions(model: Model, scheme: Scheme, levels: Floats) -> tuple[str, ...]:
    """Return what a person should know before a run of a scheme over these time levels.

    Raises
    ------
    InputError
        If a kick of noise is so much longer than the distance of reflecting walls that rounding decides where it ends.
    """
    found = list(scheme.cautions(model))
    for name, parameter in (("weight", model._weight), ("bias", model._bias)):
        found += unseen(name, parameter, levels)
    return (*found, *_stiff(model, scheme, levels), *_kicks(model, scheme, levels))


def unseen(name: str, parameter: Parameter | None, levels: Floats) -> list[str]:
    """Sentences on what a parameter does between time levels, at whose starts the steps take it."""
    if isinstance(parameter, Piecewise):
        return _short_pieces(name, np.array(parameter.edges), levels)
    if isinstance(parameter, Varying):
        return _changes(name, parameter, levels)
    return []


def _short_pieces(name: str, edges: Floats, levels: Floats) -> list[str]:
    begins, lengths = edges[:-1], np.diff(edges)
    here = begins < levels[-1]
    begins, lengths = begins[here], lengths[here]
    at = np.minimum(np.searchsorted(levels, begins * (1.0 + 1e-12), side="right"), len(levels) - 1)
    steps = levels[at] - levels[at - 1]
    short = lengths < steps * (1.0 - 1e-9)
    if not short.any():
        return []
    k = int(np.argmin(np.where(short, lengths, math.inf)))
    return [f"a piece of {name}, {lengths[k]:.3g} long, is shorter than a step ({steps[k]:.3g})"]


def _changes(name: str, parameter: Varying, levels: Floats) -> list[str]:
    looks = _LOOKS * (len(levels) - 1)
    times = np.linspace(levels[0], levels[-1], min(max(looks, _FEWEST), _MOST) + 1)
    fine = parameter.sample(times).reshape(times.size, -1)
    dt = float(levels[-1] - levels[0]) / (len(levels) - 1)
    every = max(1, (len(levels) - 1) // _MOST)
    taken = parameter.sample(np.append(levels[::every], levels[-1])).reshape(-1, fine.shape[1])
    changes = np.abs(np.diff(fine, axis=0))
    all_of_it, seen = changes.sum(axis=0), np.abs(np.diff(taken, axis=0)).sum(axis=0)
    rounding = 2.0**-40 * np.abs(fine).max()
    k = int(np.argmax(all_of_it - _UNSEEN * seen))
    if all_of_it[k] > _UNSEEN * seen[k] + rounding:
        return [
            f"{name}, a function of time, changes by {all_of_it[k]:.3g} in all, of which steps of {dt:.3g} see"
            f" {seen[k]:.3g}: take shorter steps, or a piecewise constant {name}"
        ]
    jumps = times[1:][(changes > 0.25 * np.ptp(fine, axis=0) + rounding).any(axis=1)]
    gaps = np.diff(jumps)
    if gaps.size and gaps.min() < dt * (1.0 - 1e-9) - (times[1] - times[0]):
        return [f"a piece of {name}, about {gaps.min():.2g} long, is shorter than a step ({dt:.3g})"]
    return []


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
    if model.size > 1 or not isinstance(model.start, Law):
        return 0.0
    drift, c = model.drift, model.drift.constants  # formulas as plain Python: nothing is compiled before a run
    x = model.start.quantile(np.linspace(1e-3, 1.0 - 1e-3, 65)).tolist()
    rates = [weight * abs(drift.f_u(weight * at, at, c)) + abs(drift.f_x(weight * at, at, c)) for at in x]
    return max((rate for rate in rates if math.isfinite(rate)), default=0.0)


def _kicks(model: Model, scheme: Scheme, levels: Floats) -> list[str]:
    if model.walls is None or model.nu2 == 0.0 or not all(map(math.isfinite, model.walls)):
        return []
    low, high = model.walls
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
