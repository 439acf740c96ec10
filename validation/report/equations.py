"""Formulas of a case: one layer, and the equation that infinitely many particles obey.

    x' = x + dt f,                          d_t g + div_x(f g) = 0,                                   without noise,
    x' = x + eps f + sqrt(eps) K(x) eta,    d_t g + div_x(f g) = (nu^2/2) sum_i d_i^2 (K(x_i)^2 g),   with,
                                            d/dt int phi g dx = (1/eps) int (E phi(x') - phi(x)) g dx, before its limit:

arXiv 2001.04294, (1), (3), (17) to (21). f is written as the drift states of itself: linear, a function of u = w x + b
alone, or one of u and x.
"""

from __future__ import annotations

from particles.model import Model
from particles.model.drifts.drift import zero
from validation.report import mathml
from validation.report.html import Html
from validation.report.mathml import above, below, both, bracketed, fraction, name, root, row

_EULER = row("Δ", "t")


def of_model(model: Model) -> Html:
    """One layer and the equation of a model."""
    return mathml.display(_layer(model), _equation(model))


def of_law(model: Model, *, collisions: bool) -> Html:
    """The equation of a law alone; of collisions at finite eps that of its averages, and what a collision does."""
    return mathml.display(_averages(), _layer(model)) if collisions else mathml.display(_equation(model))


def of_distance() -> Html:
    """W1 on the line, and its mean for M independent draws of the law with distribution function F."""
    cloud, distance = below("F", "M"), below("W", "1")
    difference = (mathml.bar(), cloud, bracketed("x"), "−", "F", bracketed("x"), mathml.bar())
    spread = root("F", bracketed("1", "−", "F"))
    first = row(distance, bracketed(cloud, ",", "F"), "=", "∫", *difference, mathml.THIN, "d", "x")
    mean = (root("M"), mathml.THIN, mathml.upright("E"), mathml.THIN, distance, "→", root("2", "/", "π"))
    second = row(*mean, "∫", spread, mathml.THIN, "d", "x", mathml.WIDE, bracketed("M", "→", "∞"))
    return mathml.display(first, second)


def _layer(model: Model) -> Html:
    moved = (above("x", "′"), "=", "x", "+")
    if model.nu2 == 0.0:
        return row(*moved, _EULER, mathml.THIN, *_drift(model))
    return row(*moved, "ε", mathml.THIN, *_drift(model), "+", root("ε"), *_shape(model, name("x")), mathml.THIN, "η")


def _equation(model: Model) -> Html:
    flow = bracketed(*_drift(model), mathml.THIN, "g", by="[]")
    divergence = (below("∂", "x"), flow) if model.size == 1 else ("∇", "·", flow)
    return row(below("∂", "t"), "g", "+", *divergence, "=", *(_noise(model) if model.nu2 > 0.0 else ("0",)))


def _averages() -> Html:
    change, rate = fraction("d", row("d", "t")), fraction("1", "ε")
    average = ("∫", "φ", mathml.THIN, "g", mathml.THIN, "d", "x")
    jump = bracketed(mathml.upright("E"), mathml.THIN, "φ", bracketed(above("x", "′")), "−", "φ", bracketed("x"))
    return row(change, *average, "=", rate, "∫", jump, mathml.THIN, "g", mathml.THIN, "d", "x")


def _noise(model: Model) -> tuple[str, ...]:
    x = name("x") if model.size == 1 else below("x", "i")
    squared = _shape(model, x, squared=True)
    held = bracketed(*squared, "g") if squared else name("g")
    each = () if model.size == 1 else (below("∑", "i"),)
    return (fraction(above("ν", "2"), "2"), *each, both("∂", x, "2"), held)


def _shape(model: Model, x: Html, *, squared: bool = False) -> tuple[Html, ...]:
    """K(x) or its square as factors: none where it is 1."""
    power = model.diffusion.power
    if power == 0:
        return ()
    if power == 1:
        return (above(x, "2") if squared else x,)
    return (above("K", "2") if squared else name("K"), bracketed(x))


def _drift(model: Model) -> tuple[str, ...]:
    drift = model.drift
    weighted = fraction(row("w", "x"), str(model.size)) if model.size > 1 and model.is_scaled else row("w", "x")
    argument = (weighted, "+", "b")
    if drift.linear:
        return (bracketed(*argument),)
    if drift.rectified:
        return (name("max"), bracketed("0", ",", *argument))
    if drift.f_x is zero:
        return (name(drift.name), bracketed(*argument))
    return (name("f"), bracketed(*argument, ",", "x"))
