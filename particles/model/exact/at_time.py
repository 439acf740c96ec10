"""The exact law of a model at a time, whatever its dimension.

=============================================  =======================================================================
model in R^d, one neuron                       law at time t
=============================================  =======================================================================
diagonal weight, independent components        `Product` of the laws of the components on the line, walls included
identity, K = 1, full weight                   `MultivariateNormal`, or without noise an `AffineImage` of the start
coupled smooth drift, no noise, no walls       `Transported`, along characteristics, to a tolerance that it states
=============================================  =======================================================================
"""

from __future__ import annotations

from collections.abc import Callable

from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.model.exact.characteristics import Transported
from particles.model.exact.components import components
from particles.model.exact.linear_space import linear_law
from particles.model.exact.transients import PushForward
from particles.model.exact.transitions import transition_law
from particles.model.laws.combined import Product
from particles.model.laws.law import Law
from particles.model.laws.space import SpaceLaw
from particles.model.rule import Model


def exact_law(model: Model, time: float) -> Law | SpaceLaw | None:
    """Return the exact law of `model` at `time`, or None where none is known.

    On the line without noise it is a `PushForward`, with noise one of the laws of `transition_law`: a Law. In R^d it is
    a SpaceLaw: a `Product` of such where the weight is diagonal, for the identity a `MultivariateNormal` or an
    `AffineImage`, for other smooth drifts without noise and walls a `Transported`.

    Parameters
    ----------
    model : Model
    time : float >= 0

    See Also
    --------
    PushForward : Without noise on the line.
    transition_law : With noise on the line.
    Transported : In R^d, along characteristics.

    Examples
    --------
    >>> from particles.model import cases, exact_law
    >>> law = exact_law(cases["regression"].model, 2.0)
    >>> print(type(law).__name__, f"{law.std:.8f}")
    PushForward 0.21995668
    >>> noisy = exact_law(cases["fokker-planck"].model, 2.0)
    >>> print(type(noisy).__name__, f"{noisy.mean:.6f}")  # -3/4 e^(-2)
    SmoothedUniform -0.101501
    >>> exact_law(cases["inverse-gamma"].model, 2.0) is None
    True
    """
    try:
        return known_law(model, time)
    except InputError:
        return None


def known_law(model: Model, time: float) -> Law | SpaceLaw:
    """Return the exact law of `model` at `time`, as `exact_law` does.

    Raises
    ------
    InputError
        If none is known: with the reason of every way to one.
    """
    ways: list[Callable[[Model, float], Law | SpaceLaw]] = [transition_law if model.nu2 > 0.0 else PushForward]
    if model.size > 1:
        ways = [_of_components, linear_law, Transported]
    reasons: dict[str, None] = {}
    for way in ways:
        try:
            return way(model, time) if time > 0.0 or model.size == 1 else _at_start(model, time)
        except InputError as reason:
            reasons[str(reason)] = None
    raise InputError(f"no exact law is known at t = {time:g}: {'; '.join(reasons)}")


def _of_components(model: Model, time: float) -> SpaceLaw:
    laws = [exact_law(component, time) for component in components(model)]
    known = [law for law in laws if isinstance(law, Law)]
    if len(known) < model.size:
        raise InputError("a component has no exact law")
    return Product(known)


def _at_start(model: Model, time: float) -> SpaceLaw:
    require_at_least("time", time)
    if model.neurons != 1 or not isinstance(model.start, SpaceLaw):
        raise InputError("several neurons of a feature start at the same point: their law has no density")
    return model.start
