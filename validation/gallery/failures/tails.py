"""Heavy tails: laws for which W1 is infinite, or falls more slowly than M^(-1/2).

ReLU with K = x (arXiv 2001.04294, 4.1.1; E6 of docs/errata.md) rests at a law with P(X > x) = C/x: no mean, and W1 to
it is infinite. The Kolmogorov distance D_M does not see the scale: for every continuous law

    E D_M = sqrt(pi/2) ln(2) M^(-1/2) - 1/(6 M) + ...                                             (Kolmogorov; Smirnov)

and ln X has an exponential tail, so that W1 of ln X has the usual floor.

Inverse Gamma with P(X > x) ~ c x^(-mu), 1 < mu < 2: a mean, no variance. The outermost draws rule W1; with
N ~ Poisson(M P(X > x)) of them beyond x,

    E W1 ~ A M^(-(1 - 1/mu)),   A = c^(1/mu)/mu int_0^oo E abs(N_l - l) l^(-1 - 1/mu) dl,   N_l ~ Poisson(l),

with E abs(N_l - l) = 2 e^(-l) l^(k+1)/k!, k = floor(l). The bulk adds O(M^(-1/2)), hence a fit of both powers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from particles import ExactFlow, Milstein, simulate
from particles.base.arrays import Floats
from particles.model import IDENTITY, LINEAR, RELU, InverseGamma, Law, Measure, Model, ReluSteady
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1
from validation.distance.supremum import kolmogorov
from validation.gallery.exhibit import Exhibit, Number, refusal, slope

COUNTS = (64, 256, 1024, 4096)
REPLICATES = 40
AT_REST = ReluSteady(-1.0, 1.0, 1.0)
RELU_MODEL = Model(drift=RELU, weight=-1.0, bias=1.0, diffusion=LINEAR, nu2=1.0, initial=AT_REST)
LARGE, HUGE, DRAWS = (tuple(10**k for k in range(*ends)) for ends in ((4, 8), (6, 9), (2, 5)))
MU = 1.5


@dataclass(frozen=True)
class Logarithm(Law):
    """Law of ln X for a law on the positive half line."""

    law: Law

    def cdf(self, x: ArrayLike) -> Floats:
        return self.law.cdf(np.exp(x))

    def pdf(self, x: ArrayLike) -> Floats:
        return np.asarray(np.exp(x) * self.law.pdf(np.exp(x)))

    def quantile(self, p: ArrayLike) -> Floats:
        return np.asarray(np.log(self.law.quantile(p)))


def clouds_at_rest(count: int) -> list[Floats]:
    """Replicates of a cloud that starts at rest and is carried to t = 1/2 by Milstein's scheme."""
    scheme = Milstein(1.0 / 256.0)
    keys = range(count, count + REPLICATES)  # no two levels share a key: clouds of one key are nested
    runs = [simulate(RELU_MODEL, scheme, count=count, until=0.5, seed=71, replicate=key) for key in keys]
    return [run.at(0.5).points[0] for run in runs]


def tail_constant(law: InverseGamma) -> float:
    """A of the asymptotics above, cell by cell of floor(l) in incomplete Gamma functions."""
    from scipy.special import gamma, gammainc, gammaln

    a, k = 1.0 / law.shape, np.arange(20_000.0)
    s = k + 1.0 - a
    parts = 2.0 * np.exp(gammaln(s) - gammaln(k + 1.0)) * (gammainc(s, k + 1.0) - gammainc(s, k))
    beyond = math.sqrt(2.0 / math.pi) * k.size ** (0.5 - a) / (a - 0.5)  # E abs(N_l - l) ~ sqrt(2 l/pi)
    return float(law.scale * gamma(law.shape + 1.0) ** -a * a * (parts.sum() + beyond))


def leading_constant(law: InverseGamma) -> float:
    """A from E W1 at large M: the fit A M^(-(1 - 1/mu)) + B M^(-1/2)."""
    counts = np.array(LARGE, dtype=np.float64)
    powers = np.stack([counts ** (1.0 / law.shape - 1.0), counts**-0.5], axis=1)
    fitted, *_ = np.linalg.lstsq(powers / floors(law, LARGE)[:, None], np.ones(counts.size), rcond=None)
    return float(fitted[0])


def floors(law: Law, counts: Sequence[int]) -> Floats:
    """E W1 of so many draws, exactly."""
    return np.array([expected_w1(law, count) for count in counts])


def medians(law: Law, counts: Sequence[int]) -> Floats:
    """Median of W1 over 60 clouds of draws; their mean has no variance where the law has none."""
    model = Model(drift=IDENTITY, weight=0.0, bias=0.0, initial=law)  # nothing moves
    out = []
    for count in counts:
        keys = range(count, count + 60)
        runs = [simulate(model, ExactFlow(), count=count, until=1.0, seed=72, replicate=key) for key in keys]
        out.append(float(np.median([w1_to_law(run.at(1.0), law) for run in runs])))
    return np.array(out)


def tails() -> Exhibit:
    """Clouds at the ReLU law without a mean; draws of an inverse Gamma law without a variance.

    Slopes and means of 40 and 60 replicates are allowed 4 standard errors: 1 seed in 16 000 misses one.
    """
    logarithm = Logarithm(AT_REST)
    suprema, logarithmic = [], []
    for count in COUNTS:
        clouds = clouds_at_rest(count)
        suprema.append(float(np.mean([kolmogorov(Measure.of_points(x), AT_REST) for x in clouds])))
        logarithmic.append(float(np.mean([w1_to_law(Measure.of_points(np.log(x)), logarithm) for x in clouds])))
    expected = [math.sqrt(math.pi / 2.0) * math.log(2.0) / math.sqrt(m) - 1.0 / (6.0 * m) for m in COUNTS]
    law, thin, point = InverseGamma(MU, 1.0), InverseGamma(4.0, 1.0), Measure.of_points([1.0])
    usual, slower, middle = floors(logarithm, COUNTS), floors(law, DRAWS), medians(law, DRAWS)
    at_rest = {"Kolmogorov distance": (suprema, expected), "W1 of ln x": (logarithmic, usual)}
    return Exhibit(
        name="tails",
        failure="A law without a mean has no finite W1 to anything, and one without a variance is approached more"
        " slowly than M^(-1/2).",
        numbers=(
            Number("ReLU at rest: slope of the mean Kolmogorov distance over M", -0.5, slope(COUNTS, suprema), 0.07),
            Number("its mean over theory's", 1.0, float(np.mean(np.divide(suprema, expected))), 0.1),
            Number("slope of the mean W1 of ln x", -0.5, slope(COUNTS, logarithmic), 0.07),
            Number("its mean over the floor", 1.0, float(np.mean(logarithmic / usual)), 0.1),
            Number("inverse Gamma, mu = 3/2: A in E W1 ~ A M^(-1/3)", tail_constant(law), leading_constant(law), 0.05),
            Number("slope of E W1, M = 10^6 to 10^8, -(1 - 1/mu)", -1.0 / 3.0, slope(HUGE, floors(law, HUGE)), 0.01),
            Number("the same for mu = 4, a law with a variance", -0.5, slope(HUGE, floors(thin, HUGE)), 0.01),
            Number(
                "slope of the median W1 of draws against that of E W1, mu = 3/2, M = 10^2 to 10^4",
                slope(DRAWS, slower),
                slope(DRAWS, middle),
                0.08,
            ),
        ),
        checks=(
            refusal("W1 to the ReLU law is refused", lambda: w1_to_law(point, AT_REST), "has no mean"),
            refusal("the constant of M^(-1/2) is refused for mu = 3/2", law.w1_constant, "is infinite"),
        ),
        remedy="Without a mean take `validation.kolmogorov`, or W1 of ln x; without a variance expect M^(-(1 - 1/mu))"
        " and medians instead of means.",
        panels=2,
        draw=lambda axes: _draw_both(axes, at_rest, middle, slower),
    )


def _draw_both(axes: Sequence[Any], at_rest: dict[str, tuple[Any, Any]], middle: Floats, slower: Floats) -> None:
    """Distances to the law without a mean, and to the one without a variance."""
    _draw(axes[0], COUNTS, at_rest)
    axes[0].set_title("ReLU at rest, without a mean")
    _draw(axes[1], DRAWS, {"median W1 of draws": (middle, slower)})
    axes[1].plot(DRAWS, slower[0] * np.sqrt(DRAWS[0] / np.array(DRAWS)), "k:", lw=1.2, label="slope -1/2")
    axes[1].set_title("inverse Gamma, mu = 3/2, without a variance")
    for panel, ends in zip(axes, ((0.01, 0.6), (0.05, 2.0)), strict=True):
        panel.set_ylim(*ends)
        panel.legend()


def _draw(axes: Any, counts: Sequence[int], lines: dict[str, tuple[Any, Any]]) -> None:
    """Distances over the number of particles, and theory's."""
    for k, (name, (found, expected)) in enumerate(lines.items()):
        axes.plot(counts, found, "os"[k], ms=6, color=f"C{k}", label=name)
        axes.plot(counts, expected, "k--", lw=0.9, label=None if k else "theory, their mean")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(lambda *_: "")  # whole powers are enough
    axes.set_xlabel("particles M")
    axes.set_ylabel("distance to the law")
