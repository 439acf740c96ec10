"""Heavy tails: laws at rest where the noise is proportional to x, d_x(sigma g) = (nu^2/2) d_xx(x^2 g)."""

from __future__ import annotations

import math

from benchmarks.contest.problem import Problem
from benchmarks.contest.starts import Lognormal, ReluRest

_PAPER = "Herty, Trimborn, Visconti, arXiv 2001.04294, 4.1.1"
_LIMIT = r"\partial_t g + \partial_x\bigl({}\, g\bigr) = \tfrac{{\nu^2}}{{2}} \partial_{{xx}} (x^2 g)"


def inverse_gamma(weight: float = -1.0, bias: float = 1.0, nu: float = 0.4, until: float = 8.0) -> Problem:
    """A long way to rest: from the lognormal law that has the mean and the variance of the law at rest.

    That law has mean a = -b/w and variance a^2/(mu - 2), mu = 1 - 2 w/nu^2; a lognormal law with these has
    v = ln(1 + 1/(mu - 2)), m = ln a - v/2. What is left decays like e^(3 (w + nu^2) t), the third eigenvalue.
    """
    v = math.log1p(1.0 / (-1.0 - 2.0 * weight / nu**2))
    return Problem(
        name="inverse-gamma",
        words="A linear pull and noise in proportion to x, for so long that the law is at rest to nine digits: an"
        " inverse Gamma law with a power tail. The start has its mean and its variance.",
        symbols=_LIMIT.format("(w x + b)"),
        source=f"{_PAPER}, the inverse Gamma law with mu = 1 - 2 w/nu^2; the numbers are this contest's",
        activation="identity",
        weight=weight,
        bias=bias,
        noise="brownian",
        nu=nu,
        multiplicative=True,
        start=Lognormal(math.log(-bias / weight) - 0.5 * v, math.sqrt(v)),
        until=until,
        domain=(0.1, 25.0),
        features=frozenset({"half line", "long"}),
    )


def relu_rest(weight: float = -1.0, bias: float = 1.0, nu: float = 1.0, until: float = 1.0) -> Problem:
    """No mean: the law starts at rest, with a tail C/x, and must stay."""
    return Problem(
        name="relu-rest",
        words="A ReLU and noise in proportion to x, from the law at rest, which a solver must keep: P(X > x) falls"
        " like 1/x, so that there is no mean. Errors are Kolmogorov distances.",
        symbols=_LIMIT.format(r"\max(w x + b, 0)"),
        source=f"{_PAPER}, where Pareto's law is printed; this is the law at rest on the whole half line",
        activation="relu",
        weight=weight,
        bias=bias,
        noise="brownian",
        nu=nu,
        multiplicative=True,
        start=ReluRest(weight, bias, nu),
        until=until,
        domain=(0.02, 1e12),
        features=frozenset({"half line", "no mean"}),
    )
