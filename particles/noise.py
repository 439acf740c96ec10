"""Noise laws of mean 0 and variance 1, drawn from the words of a Philox counter.

=============  =======================================  ===========  ==============  =====================
law            eta                                      E eta^3      E eta^4         steps a counter serves
=============  =======================================  ===========  ==============  =====================
gaussian       N(0, 1), Box-Muller from 32-bit words    0            3               4
gaussian24     N(0, 1), the same in float32             0            3               4
gaussian53     N(0, 1), Box-Muller from 52-bit numbers  0            3               2
uniform        uniform on [-sqrt 3, sqrt 3]             0            9/5             4
two-point      +1 or -1                                 0            1               128 on the line, else 4
exponential    Exp(1) - 1, the skewed control           2            9               4
=============  =======================================  ===========  ==============  =====================

With 32-bit words Box-Muller cuts the normal law at sqrt(2 ln 2^33) = 6.76 standard deviations (mass 1.4e-11);
`gaussian53` reaches 8.57. E eta^3 = 0 makes the weak error of a collision O(eps); the exponential law has O(sqrt eps).

`gaussian24` gives from the same words what `gaussian` gives, within 1.3e-6, in a third of the time. It is R C, float32
numbers of one word each, and the product exact: over all words its variance is 1 + 3.3e-9, its kurtosis 3 - 3.2e-8, odd
moments are 0, and its distance to N(0, 1) is at most 4.3e-8 in W1 and 2.6e-7 in Kolmogorov's. Of 10^12 draws of N(0, 1)
itself the four are 1.4e-6, 4.9e-6, 1.3e-6 and 9e-7 off: no run can tell the two laws apart. It is the default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles import vmath, vmath32
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_one_of, require_type
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.base.quadrature import gauss
from particles.base.shims import sqrt
from particles.base.shown import Shown
from particles.base.words import low_word, side_by_side
from particles.philox import uniform53

Four = tuple[float, float, float, float]
_SQRT12 = 3.4641016151377544
_NO_WEIGHT = 1e-18


@dataclass(frozen=True, repr=False)
class Noise(Shown):
    """A noise law.

    Parameters
    ----------
    name : str
    variates : formula (w0, w1, w2, w3) -> 4 floats
        Variates from a counter's words, as many as `steps` uses.
    steps : int
        Steps that one counter serves through `variates`.
    third, fourth : float
        E eta^3 and E eta^4.
    bound : float
        Supremum of abs(eta).
    reach : float, default inf
        Largest abs(eta) that the words of a counter give.
    bits : bool, default False
        A variate is the sign of a single bit, so that on the line a counter serves 128 steps.
    gauss : callable (count) -> (nodes, weights), optional
        The law's Gauss rule of so many nodes, up to a factor of the weights.

    Raises
    ------
    InputError
        If the name is no text, `variates` no function, or `steps` none of 1 to 4.

    Examples
    --------
    >>> from particles import GAUSSIAN, TWO_POINT
    >>> GAUSSIAN.fourth, TWO_POINT.fourth
    (3.0, 1.0)
    >>> nodes, weights = GAUSSIAN.rule(3)  # exact for polynomials up to degree 5
    >>> print(nodes.round(6), weights.round(6), f"{weights @ nodes**4:.6f}")
    [-1.732051  0.        1.732051] [0.166667 0.666667 0.166667] 3.000000
    """

    name: str
    variates: Formula
    steps: int
    third: float
    fourth: float
    bound: float
    reach: float = math.inf
    bits: bool = False
    gauss: Callable[[int], tuple[Floats, Floats]] | None = None

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "name", self.name

    def __post_init__(self) -> None:
        require_type("name", self.name, str, "a text")
        require_type("variates", self.variates, Callable, "a function of four words")  # type: ignore[arg-type]
        require_count("steps", self.steps, most=4)

    def rule(self, count: int) -> tuple[Floats, Floats]:
        """Nodes and weights of the law's Gauss rule: 2 count - 1 moments match.

        Nodes that weigh less than 1e-18 are left out; of two points there are never more than two.

        Raises
        ------
        InputError
            If the law states no rule.
        """
        if self.gauss is None:
            raise InputError(f"noise = {self.name!r} has no Gauss rule: it must state `gauss`")
        eta, weight = self.gauss(count)
        weight = weight / weight.sum()
        return eta[weight > _NO_WEIGHT], weight[weight > _NO_WEIGHT]


@formula
def _box_muller(u: float, turn: float) -> tuple[float, float]:
    radius = sqrt(-2.0 * vmath.log(u))
    sine, cosine = vmath.sincos_turns(turn)
    return radius * cosine, radius * sine


@formula
def _unit(word: Any) -> float:
    """The centre of one of 2**32 equal cells of (0, 1)."""
    return (float(word) + 0.5) * 2.0**-32


@formula
def _gaussian(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    a, b = _box_muller(_unit(w0), _unit(w1))
    c, d = _box_muller(_unit(w2), _unit(w3))
    return a, b, c, d


@formula
def _gaussian53(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    a, b = _box_muller(uniform53(w0, w1), uniform53(w2, w3))
    return a, b, 0.0, 0.0


@side_by_side
@formula
def _gaussian24(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    a, b = vmath32.box_muller(low_word(w0), low_word(w1))
    c, d = vmath32.box_muller(low_word(w2), low_word(w3))
    return a, b, c, d


@formula
def _uniform(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    return (
        _SQRT12 * (_unit(w0) - 0.5),
        _SQRT12 * (_unit(w1) - 0.5),
        _SQRT12 * (_unit(w2) - 0.5),
        _SQRT12 * (_unit(w3) - 0.5),
    )


@formula
def _exponential(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    return (
        -vmath.log(_unit(w0)) - 1.0,
        -vmath.log(_unit(w1)) - 1.0,
        -vmath.log(_unit(w2)) - 1.0,
        -vmath.log(_unit(w3)) - 1.0,
    )


@formula
def sign_of_bit(word: Any, bit: Any) -> float:
    """+1 or -1 from one bit of a word."""
    return 1.0 if (word >> bit) & np.uint64(1) == np.uint64(1) else -1.0


@formula
def _signs(w0: Any, w1: Any, w2: Any, w3: Any) -> Four:
    zero = np.uint64(0)
    return sign_of_bit(w0, zero), sign_of_bit(w1, zero), sign_of_bit(w2, zero), sign_of_bit(w3, zero)


def _uniform_rule(count: int) -> tuple[Floats, Floats]:
    eta, weight = gauss(count)
    return math.sqrt(3.0) * eta, weight


def _exponential_rule(count: int) -> tuple[Floats, Floats]:
    eta, weight = np.polynomial.laguerre.laggauss(count)
    return eta - 1.0, weight


def _two_points(count: int) -> tuple[Floats, Floats]:
    return np.array([-1.0, 1.0]), np.array([0.5, 0.5])


_HERMITE = np.polynomial.hermite_e.hermegauss
GAUSSIAN = Noise("gaussian", _gaussian, 4, 0.0, 3.0, math.inf, 6.77, gauss=_HERMITE)
GAUSSIAN24 = Noise("gaussian24", _gaussian24, 4, 0.0, 3.0, math.inf, 6.77, gauss=_HERMITE)
GAUSSIAN53 = Noise("gaussian53", _gaussian53, 2, 0.0, 3.0, math.inf, 8.58, gauss=_HERMITE)
UNIFORM = Noise("uniform", _uniform, 4, 0.0, 1.8, math.sqrt(3.0), 1.7321, gauss=_uniform_rule)
TWO_POINT = Noise("two-point", _signs, 4, 0.0, 1.0, 1.0, 1.0, bits=True, gauss=_two_points)
EXPONENTIAL = Noise("exponential", _exponential, 4, 2.0, 9.0, math.inf, 22.0, gauss=_exponential_rule)
DEFAULT_NOISE = GAUSSIAN24  # drawn where nobody names a law; a record names what it drew

NOISES = {noise.name: noise for noise in (GAUSSIAN, GAUSSIAN24, GAUSSIAN53, UNIFORM, TWO_POINT, EXPONENTIAL)}


def noise_named(name: str) -> Noise:
    """Return the noise law of that name, or raise InputError."""
    require_one_of("noise", name, NOISES)
    return NOISES[name]
