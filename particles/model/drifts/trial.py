"""A drift is tried when it is made: at a few points, in Python, before anything is compiled with it.

A formula that numba cannot compile is told by numba in pages; most mistakes show in one call of the plain function.
What a drift says of itself (its largest slopes, its sign, that it contracts) is trusted by whoever asks, so a word that
the formulas break at one of the points is refused. A trial proves nothing: what it does not see, the studies do.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from particles.base.checks import require_finite, require_number, require_type
from particles.base.errors import InputError

if TYPE_CHECKING:
    from particles.model.drifts.drift import Drift

POINTS = (-30.0, -2.0, -0.5, 0.5, 2.0, 30.0)
_PLACE = 0.5
_ROUNDING = 1e-9


def try_drift(drift: Drift) -> None:
    """Refuse a drift whose formulas cannot be called, or break what it says of itself at one of a few points."""
    require_type("constants", drift.constants, tuple, "a tuple of numbers, such as (0.2,)")
    for number in drift.constants:
        require_finite("constants", number)
    for name in ("lipschitz_u", "lipschitz_x"):
        require_number(name, bound := getattr(drift, name))
        if not bound >= 0.0:
            raise InputError(f"{name} = {bound!r} must be a number of at least 0, or inf")
    if (drift.flow is None) != (drift.propagator is None):
        given, missing = ("flow", "propagator") if drift.propagator is None else ("propagator", "flow")
        raise InputError(f"{missing} = None: {given} is given, and an exact flow needs both")
    known = [name for name in ("value", "f_u", "f_x", "f_uu", "f_c") if getattr(drift, name) is not None]
    for sentence in _broken(drift, {name: [_call(drift, name, u) for u in POINTS] for name in known}):
        raise InputError(f"drift {drift.name!r}: {sentence}")


def _call(drift: Drift, name: str, u: float) -> float:
    """One of the formulas at (u, 1/2), or NaN where it is not defined there."""
    formula, told = getattr(drift, name), f"{name}({u:g}, {_PLACE:g}, {drift.constants!r})"
    try:
        found: Any = formula(u, _PLACE, drift.constants)
    except (ArithmeticError, ValueError):
        return float("nan")
    except Exception as fault:
        raise InputError(
            f"drift {drift.name!r}: {told} ends in {type(fault).__name__}: {fault}; allowed is a function (u, x, c) "
            "of two numbers and the constants"
        ) from fault
    if not isinstance(found, numbers.Real):
        raise InputError(f"drift {drift.name!r}: {told} = {found!r:.60} must be a number")
    return float(found)


def _broken(drift: Drift, found: dict[str, list[float]]) -> Iterator[str]:
    """What the drift says and the values at a point deny; comparisons with NaN deny nothing."""
    for u, f, by_u, by_x in zip(POINTS, found["value"], found["f_u"], found["f_x"], strict=True):
        here = f"at u = {u:g}, x = {_PLACE:g}"
        for name, bound, slope in ("lipschitz_u", drift.lipschitz_u, by_u), ("lipschitz_x", drift.lipschitz_x, by_x):
            if abs(slope) > bound * (1.0 + _ROUNDING):
                yield f"{name} = {bound!r} must be the supremum of abs({'f' + name[-2:]}), which is {slope:.6g} {here}"
        if drift.contracts and (f / u <= 0.0 or f / u > 1.0 + _ROUNDING):
            yield f"contracts = True needs 0 < f/u <= 1, and f/u = {f / u:.6g} {here}"
        if drift.sign * f < 0.0:
            yield f"sign = {drift.sign!r}, and f = {f:.6g} {here}"
