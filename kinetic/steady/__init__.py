"""Steady states of noisy models: whether there is one, which law it is, and how fast it is approached.

    0 = d_x [ -sigma g + d_x(nu^2/2 K^2 g) ],   no flux:   g_oo = C/K^2 exp( int 2 sigma/(nu^2 K^2) dx )

(arXiv 2001.04294, (21)), on an interval that ends at infinity, at a reflecting wall, or at a zero of K. It is a law if
it is integrable at both ends, which its logarithmic slope far out decides. Closed families and their spectral gaps are
in `closed_states`; everything else, and those too on request, goes by quadrature (`gibbs`) and by the matrix of Chang
and Cooper (`relaxation`). Without noise see `rest_points`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kinetic.line.rates import equation
from kinetic.steady.chart import Chart, Map, scan
from kinetic.steady.closed_states import LOGNORMAL, closed_state
from kinetic.steady.gibbs import gibbs
from kinetic.steady.line import Line, constants, sides
from kinetic.steady.relaxation import spectral_gap
from kinetic.steady.rest_points import attractor
from particles.base.errors import InputError, SimresnetError
from particles.base.shown import Shown
from particles.model import CONSTANT, IDENTITY, LINEAR, RELU, SIGMOID, TANH, Dirac, Law, Model

NUMERIC = "matrix of Chang and Cooper"
CLOSED = "closed form"
LOST = "lost in rounding"


@dataclass(frozen=True, eq=False, repr=False)
class SteadyState(Shown):
    """What a model comes to rest at.

    Parameters
    ----------
    law : Law or None
        g_oo; None where there is none, or where it depends on the start.
    reason : str
        One sentence: how the density behaves at both ends, or which end it is not integrable at.
    family : str
        "normal", "inverse Gamma", "generalised Gamma", "sech power", "ReLU", "Pareto", "Dirac"; "truncated ..." between
        walls; "quadrature" for any other law, "none" without one.
    tail : (float, float)
        Exponents mu of P(beyond x) ~ abs(x)^(-mu) at -oo and +oo, inf for lighter tails; NaN without a law.
    gap : float or None
        Spectral gap, 1/time: the slowest rate of approach in the norm of L^2(1/g_oo); None where unknown.
    gap_from : str
        "closed form", or "matrix of Chang and Cooper" (see `relaxation`), or "lost in rounding" if that matrix
        cannot tell the gap from 0; empty without a law.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> state = kinetic.steady_state(cases["relu"].model)
    >>> state.family, state.tail, state.law
    ('ReLU', (inf, 1.0), ReluSteady(weight=-1.0, bias=1.0, nu2=1.0))
    """

    law: Law | None
    reason: str
    family: str
    tail: tuple[float, float]
    gap: float | None = None
    gap_from: str = ""

    def moment(self, k: int) -> float:
        """E X^k, k = 0, 1, 2, ...; inf where it is infinite, NaN without a law."""
        return math.nan if self.law is None else self.law.moment(k)


def steady_state(model: Model, *, closed: bool = True) -> SteadyState:
    """Return the steady state (21) of a model on the line, or why there is none.

    Without noise it is the Dirac mass at the rest point that attracts everything, if there is one (Proposition 1
    as corrected in E14 of the project's errata).

    Parameters
    ----------
    model : Model
        d = N = 1; constant weight and bias, or the identity with a mean-coupled bias and no walls: it keeps its mean.
    closed : bool, default True
        Return a closed law where the family has one; False: quadrature and matrix, their independent oracle.

    Raises
    ------
    InputError
        If the model is not one-dimensional, its parameters vary, its drift or K cannot be used, or its scales lie so
        far apart that its density leaves the range of numbers.

    See Also
    --------
    particles.model.circulating_state : One that circulates, in R^d.
    fit : Which model rests in given data.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import cases
    >>> for name in ("fokker-planck", "inverse-gamma", "tanh-noise"):
    ...     state = kinetic.steady_state(cases[name].model)
    ...     print(state.law, state.gap)
    Normal(m=0.0, v=1.0) 1.0
    InverseGamma(shape=9.0, scale=8.0) 1.0
    SechPower(centre=1.0, rate=1.0, power=2.0) 0.5
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            return _steady_state(model, closed)
    except SimresnetError:
        raise
    except ArithmeticError as reason:
        raise InputError(
            f"the law at rest of nu2 = {model.nu2!r} with this weight and bias leaves the range of numbers ({reason}):"
            " choose units in which lengths and times are near 1"
        ) from reason


def _steady_state(model: Model, closed: bool) -> SteadyState:
    _ = model.law
    line = Line(model, *constants(model), *model.ends)
    if model.nu2 == 0.0:
        point, reason = attractor(line)
        return _none(reason) if point is None else SteadyState(Dirac(point), reason, "Dirac", (math.inf, math.inf))
    if model.walls is not None and model.wall == "sticky":
        return _none("no density at rest: sticky walls keep what noise brings to them; allowed: reflecting walls")
    both = sides(line)
    found = _at_rest(both[0], closed)
    if len(both) == 2 and found.law is not None:
        return _none("no single steady state: neither drift nor noise crosses x = 0, so that it depends on the start")
    return found


def _none(reason: str) -> SteadyState:
    return SteadyState(None, reason, "none", (math.nan, math.nan))


def _at_rest(line: Line, closed: bool) -> SteadyState:
    on = line.chart()
    slope, kinks = line.slope(on), line.kinks(on)
    points = on.point(scan(on, kinks))
    with np.errstate(all="ignore"):
        values = line.drift(points), line.noise(points)
    if np.isnan(values[0]).any():
        raise InputError(f"drift at x = {points[np.isnan(values[0])][0]:.6g} is not a number")
    usable = np.isfinite(values[1]) & (values[1] != 0.0) & (np.sign(values[1]) == np.sign(values[1][0]))
    if not usable.all():
        raise InputError(
            f"K = {values[1][~usable][0]!r} at x = {points[~usable][0]:.6g}: allowed is one sign, up to x^2"
        )
    ends = [_End(line, on, slope, high) for high in (False, True)]
    bad = [end for end in ends if not end.integrable]
    if bad:
        known = line.model.drift.value, line.model.diffusion.power
        allowed = f"; allowed: {_NEEDED[known]}" if known in _NEEDED and line.model.walls is None else ""
        return _none(f"no steady state: {bad[0].failure}{allowed}")
    reason = f"g_oo is integrable: {ends[0].behaviour}, and {ends[1].behaviour}"
    found = closed_state(line) if closed else None
    if found is not None:
        family, law, rate = found
        return SteadyState(law, reason, family, (math.inf, law.tail), rate, CLOSED)
    rest = gibbs(slope, on, kinks)
    if not any(line.zeros) and math.inf in (-line.low, line.high):
        first, median, third = (float(rest.quantile(np.array(p))) for p in (0.25, 0.5, 0.75))
        on = line.chart(median, third - first)
        rest = gibbs(line.slope(on), on, line.kinks(on))
    gap, error = spectral_gap(rest, equation(line.model).diffusion)
    if not error < 0.01 * gap:
        return SteadyState(rest, reason, _family(line), rest.tails, None, LOST)
    return SteadyState(rest, reason, _family(line), rest.tails, gap, NUMERIC)


def _family(line: Line) -> str:
    """Name of a law by quadrature: that of a closed law between walls, if there is one without them."""
    whole = line.without_walls
    if line.model.diffusion not in (CONSTANT, LINEAR) or (line.low, line.high) == (whole.low, whole.high):
        return "quadrature"
    family = _at_rest(whole, True).family
    return "quadrature" if family in ("none", "quadrature") else f"truncated {family}"


_NEEDED = {
    (IDENTITY.value, 0): "w < 0",
    (IDENTITY.value, 1): "b not 0, and w < nu^2/2",
    (LOGNORMAL, 1): "2 lam > delta nu^2",
    (RELU.value, 0): "reflecting walls",
    (RELU.value, 1): "b > 0, and w < nu^2/2",
    (SIGMOID.value, 0): "reflecting walls",
    (TANH.value, 0): "w < 0",
}


class _End:
    """One end of the interval: is g_oo integrable there?"""

    def __init__(self, line: Line, on: Chart, slope: Map, high: bool) -> None:
        self._growth = on.growth[high]
        end, sign = (on.high, 1.0) if high else (on.low, -1.0)
        self._at = line.high if high else line.low
        self._name = f"{self._at:g}" if math.isfinite(self._at) else ("+oo" if high else "-oo")
        self._outwards = sign * float(line.drift(on.point(np.array(end))))
        # ln p rises by this per unit of y, outwards: p falls like a power of x, or faster
        near, far = (-sign * float(s) for s in slope(np.array([0.5 * end, end])))
        if math.isnan(far):
            raise InputError(f"the slope of ln g_oo towards {self._name} is not a number: check the drift and K there")
        self._fall = far
        logarithmic = far < 0.1 and far < 0.9 * near  # 1/(x ln^k x): beyond what a slope can tell
        self.integrable = self._growth is None or (far > 1e-12 and not logarithmic)

    @property
    def _power(self) -> str:
        """g_oo as a power of the distance."""
        if self._growth == 1.0:
            return f"abs(x)^({-1.0 - self._fall:.4g})"
        return f"abs(x - {self._at:g})^({self._fall - 1.0:.4g})" if self._at else f"abs(x)^({self._fall - 1.0:.4g})"

    @property
    def behaviour(self) -> str:
        if self._growth is None:
            return f"a wall stands at {self._name}"
        fast = self._fall > 1e3
        return f"at {self._name} it " + ("falls faster than any power" if fast else f"goes like {self._power}")

    @property
    def failure(self) -> str:
        if self._growth != 1.0:
            return f"g_oo goes like {self._power} at {self._name}, where all mass gathers"
        if self._outwards > -1e-12:
            return f"the drift does not pull back from {self._name}"
        return f"the drift pulls back from {self._name} too weakly, g_oo goes like {self._power}"
