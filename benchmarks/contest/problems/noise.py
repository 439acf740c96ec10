"""With a Brownian motion: d_t g + d_x(sigma(w x + b) g) = (nu^2/2) d_xx(K^2 g), and with collisions at finite eps."""

from __future__ import annotations

import math

from benchmarks.contest.problem import Problem
from benchmarks.contest.starts import Lognormal, Normal, Uniform

_PAPER = "Herty, Trimborn, Visconti, arXiv 2001.04294"
_LIMIT = r"\partial_t g + \partial_x\bigl({}\, g\bigr) = \tfrac{{\nu^2}}{{2}} \partial_{{xx}} {}"


def ou(
    weight: float = -1.0,
    bias: float = 0.5,
    nu: float = 1.0,
    mean: float = -0.5,
    deviation: float = 0.5,
    until: float = 1.0,
) -> Problem:
    """Ornstein and Uhlenbeck's process: a normal law at all times."""
    return Problem(
        name="ou",
        words="Ornstein and Uhlenbeck's process from a normal law: normal at all times.",
        symbols=_LIMIT.format("(w x + b)", "g"),
        source=f"{_PAPER}, 4.1.1, the identity with K = 1; the numbers are this contest's",
        activation="identity",
        weight=weight,
        bias=bias,
        noise="brownian",
        nu=nu,
        start=Normal(mean, deviation),
        until=until,
        domain=(-7.0, 7.0),
    )


def ou_uniform(
    weight: float = -1.0,
    nu: float = 2.0**0.5,
    low: float = -1.0,
    high: float = -0.5,
    until: float = 0.5,
) -> Problem:
    """The same from a uniform law: the density at the start has jumps."""
    return Problem(
        name="ou-uniform",
        words="Ornstein and Uhlenbeck's process from a narrow uniform law, whose density has two jumps.",
        symbols=_LIMIT.format("w x", "g"),
        source=f"{_PAPER}, 5.4, with nu^2 = 2, so that N(0, 1) is at rest",
        activation="identity",
        weight=weight,
        bias=0.0,
        noise="brownian",
        nu=nu,
        start=Uniform(low, high),
        until=until,
        domain=(-8.0, 8.0),
        features=frozenset({"jumps"}),
    )


def lognormal(
    weight: float = -0.5,
    nu: float = 0.5,
    log_mean: float = 0.0,
    log_deviation: float = 0.4,
    until: float = 1.0,
) -> Problem:
    """Geometric Brownian motion: noise in proportion to x."""
    return Problem(
        name="lognormal",
        words="Geometric Brownian motion: both drift and noise are proportional to x > 0, and the law is lognormal.",
        symbols=_LIMIT.format("w x", "(x^2 g)"),
        source=f"{_PAPER}, 4.1.1, the identity with K = x and b = 0; the numbers are this contest's",
        activation="identity",
        weight=weight,
        bias=0.0,
        noise="brownian",
        nu=nu,
        multiplicative=True,
        start=Lognormal(log_mean, log_deviation),
        until=until,
        domain=(0.004, 60.0),
        features=frozenset({"half line"}),
    )


def tanh_attracted(
    weight: float = -1.0, bias: float = 1.0, mean: float = -1.0, deviation: float = 0.5, until: float = 1.0
) -> Problem:
    """A nonlinear drift with a closed law: the coupling nu^2 = -1/w."""
    return Problem(
        name="tanh-attracted",
        words="A tanh pulls to -b/w against noise of nu^2 = -1/w, for which the law is known in closed form.",
        symbols=_LIMIT.format(r"\tanh(w x + b)", "g"),
        source="Siegmund dual of Benes' process, derived by this project: particles.model.TanhAttracted",
        activation="tanh",
        weight=weight,
        bias=bias,
        noise="brownian",
        nu=math.sqrt(-1.0 / weight),
        start=Normal(mean, deviation),
        until=until,
        domain=(-13.0, 15.0),
    )


def tanh_repelled(
    weight: float = 1.0, bias: float = -0.5, mean: float = 0.75, deviation: float = 0.5, until: float = 1.0
) -> Problem:
    """Benes' process: two humps that part, in closed form for nu^2 = 1/w."""
    return Problem(
        name="tanh-repelled",
        words="A tanh pushes away from -b/w with noise of nu^2 = 1/w: Benes' process, known in closed form.",
        symbols=_LIMIT.format(r"\tanh(w x + b)", "g"),
        source="V. E. Benes, Stochastics 5 (1981) 65-92: particles.model.TanhRepelled",
        activation="tanh",
        weight=weight,
        bias=bias,
        noise="brownian",
        nu=math.sqrt(1.0 / weight),
        start=Normal(mean, deviation),
        until=until,
        domain=(-9.0, 10.5),
    )


def boltzmann(
    weight: float = -1.0,
    bias: float = 0.3,
    nu: float = 1.0,
    mean: float = 1.0,
    deviation: float = 0.5,
    eps: float = 0.1,
    until: float = 1.0,
) -> Problem:
    """Collisions at finite eps, linear: a Poisson mixture of normal laws."""
    return Problem(
        name="boltzmann",
        words="Collisions x' = x + eps (w x + b) + sqrt(eps) nu eta at the times of a Poisson process of rate 1/eps,"
        " eta normal: the law is no solution of a diffusion, and eps is not small.",
        symbols=_COLLISIONS.format(r"\varepsilon (w x + b)"),
        source=f"{_PAPER}, (17) to (20), in its scaled time; the numbers are this contest's",
        activation="identity",
        weight=weight,
        bias=bias,
        noise="collisions",
        nu=nu,
        eps=eps,
        start=Normal(mean, deviation),
        until=until,
        domain=(-8.5, 9.0),
        features=frozenset({"collisions"}),
    )


def boltzmann_tanh(
    weight: float = -1.0,
    bias: float = 0.5,
    nu: float = 1.0,
    mean: float = -0.5,
    deviation: float = 0.5,
    eps: float = 0.1,
    until: float = 1.0,
) -> Problem:
    """Collisions at finite eps with a tanh: no closed form."""
    return Problem(
        name="boltzmann-tanh",
        words="Collisions x' = x + eps tanh(w x + b) + sqrt(eps) nu eta at the times of a Poisson process of rate"
        " 1/eps, eta normal: no closed form, a computed reference.",
        symbols=_COLLISIONS.format(r"\varepsilon \tanh(w x + b)"),
        source=f"{_PAPER}, (17) to (20), in its scaled time; the numbers are this contest's",
        activation="tanh",
        weight=weight,
        bias=bias,
        noise="collisions",
        nu=nu,
        eps=eps,
        start=Normal(mean, deviation),
        until=until,
        domain=(-10.5, 10.0),
        features=frozenset({"collisions"}),
    )


_COLLISIONS = (
    r"\frac{{d}}{{dt}} \int \varphi\, g\, dx = \frac{{1}}{{\varepsilon}} \int \bigl(E \varphi(x') - \varphi(x)\bigr)"
    r" g\, dx, \quad x' = x + {} + \sqrt{{\varepsilon}}\, \nu\, \eta"
)
