"""Without noise: dX = sigma(w X + b) dt, d_t g + d_x(sigma(w x + b) g) = 0."""

from __future__ import annotations

from benchmarks.contest.problem import Problem
from benchmarks.contest.starts import Normal, Uniform

_PAPER = "Herty, Trimborn, Visconti, arXiv 2001.04294"


def tanh(
    weight: float = -1.0, bias: float = 1.0, mean: float = 1.0, deviation: float = 1.0, until: float = 2.0
) -> Problem:
    """Regression: all mass moves to -b/w."""
    return Problem(
        name="tanh",
        words="Particles move to the point where w x + b = 0, at a speed of at most 1; the density steepens.",
        symbols=r"\partial_t g + \partial_x\bigl(\tanh(w x + b)\, g\bigr) = 0",
        source=f"{_PAPER}, 5.2, with the signs of its text",
        activation="tanh",
        weight=weight,
        bias=bias,
        start=Normal(mean, deviation),
        until=until,
        domain=(-8.0, 10.0),
    )


def sigmoid(
    weight: float = 1.0, bias: float = 0.0, mean: float = 0.0, deviation: float = 1.0, until: float = 1.5
) -> Problem:
    """Everything moves right, what is ahead faster: a smooth density that spreads."""
    return Problem(
        name="sigmoid",
        words="Particles move right, those ahead faster: the density stays smooth and spreads.",
        symbols=r"\partial_t g + \partial_x\Bigl(\frac{g}{1 + e^{-w x - b}}\Bigr) = 0",
        source=f"the sigmoid of {_PAPER}, after (1); the numbers are this contest's",
        activation="sigmoid",
        weight=weight,
        bias=bias,
        start=Normal(mean, deviation),
        until=until,
        domain=(-9.0, 11.0),
    )


def relu(
    weight: float = -1.0, bias: float = 0.5, mean: float = 0.0, deviation: float = 1.0, until: float = 1.0
) -> Problem:
    """The density jumps at -b/w, where the drift has a kink and vanishes."""
    return Problem(
        name="relu",
        words="Particles below a = -b/w move up to it and never pass; those above rest. The density jumps at a.",
        symbols=r"\partial_t g + \partial_x\bigl(\max(w x + b, 0)\, g\bigr) = 0",
        source=f"{_PAPER}, Remark 2; the numbers are this contest's",
        activation="relu",
        weight=weight,
        bias=bias,
        start=Normal(mean, deviation),
        until=until,
        domain=(-8.5, 8.5),
        features=frozenset({"jumps"}),
    )


def vehicles(weight: float = 1.0, bias: float = -5.0, until: float = 2.0) -> Problem:
    """Two clusters at walls, which hold mass in points."""
    return Problem(
        name="vehicles",
        words="Particles are driven apart until they stick to a wall at 2 or 8: the walls hold mass in points.",
        symbols=r"\partial_t g + \partial_x\bigl(\tanh(w x + b)\, g\bigr) = 0 \text{ between the walls, which keep"
        r" what arrives}",
        source=f"{_PAPER}, 5.2, Fig. 3 to 5; the walls are what makes the clusters",
        activation="tanh",
        weight=weight,
        bias=bias,
        start=Uniform(2.0, 8.0),
        until=until,
        walls=(2.0, 8.0),
        domain=(2.0, 8.0),
        features=frozenset({"walls", "atoms", "jumps"}),
    )
