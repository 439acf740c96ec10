"""Model: the law of one particle, x' = f(u, x) with u = w(t) x/(d N) + b(t), and where it starts.

========  ==============  ========================================  =====================  =========================
maths     code            meaning                                   shape, unit            equation
========  ==============  ========================================  =====================  =========================
x         state           activation energy of all neurons          (d N, M)               arXiv 2001.04294 (1), (3)
d         dim             features of a measurement                 --                     (1)
N         neurons         neurons a feature                         --                     (1)
M         count           particles (measurements)                  --                     (1)
L         layers          layers; dt = T/L                          --                     (1), T/L: errata E41
w         weight          weights                                   (d N, d N), 1/time     (1), (3)
b         bias            bias, shared by the neurons of a feature  (d,), length/time      (1), (3)
f, sigma  drift           drift, or activation of u                 length/time            after (1)
g0        initial         law of the measurements                   on R^d                 (4)
m1, m2    mean, energy    moments of g                              (d,)                   (10), Definition 2
V         variance        m2 - m1^2 = int (x - m1)^2 g dx           (d,)                   Definition 2
K         diffusion       noise shape K(x)                          --                     (17)
nu^2      nu2             variance of the noise                     length^2/time          (19)
========  ==============  ========================================  =====================  =========================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_count, require_positive, require_type
from particles.base.errors import InputError
from particles.base.shown import Shown
from particles.model.diffusion import CONSTANT, Diffusion
from particles.model.drifts.drift import Drift
from particles.model.identity import describe, identity
from particles.model.laws.combined import Clipped, Product
from particles.model.laws.law import Law
from particles.model.laws.space import SpaceLaw
from particles.model.parameters import Constant, MeanCoupled, Parameter, Piecewise, Varying, as_parameter
from particles.model.walls import Pair, checked_walls, told


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Model(Shown):
    """The law of one particle; it knows no step size, no particle number, no grid and no seed.

    Parameters
    ----------
    drift : Drift
        f(u, x).
    weight : number, array (D, D), Piecewise or callable of t
        w with D = dim * neurons, each in [-1e100, 1e100]; a number stands for a multiple of the identity.
    bias : number, array (dim,), Piecewise, callable of t, or MEAN_COUPLED
        b, each in [-1e100, 1e100].
    initial : Law, or SpaceLaw such as a Product
        Law g0 of the measurements; all neurons of a feature start at the measurement.
    neurons : int, default 1
        N of (1). The readout of a state is the mean over the neurons of each feature.
    walls : (float, float), or one such pair a feature, optional
        Walls low < high, of a box in R^d; N = 1 only. Reflecting ones may be infinite.
    wall : {"sticky", "reflecting"}, default "sticky"
        A component that reaches a sticky wall stays there (zero flux without noise), the others move on along it; a
        reflecting wall mirrors what crosses it (zero flux with noise).
    diffusion : Diffusion, default K = 1
        Noise shape K.
    nu2 : float, default 0
        Noise variance nu^2, in [1e-100, 1e100]; 0: no noise.
    scaled : bool, optional
        u = w x/(d N) + b if True, u = w x + b if False; default: what the drift's paper writes.

    Raises
    ------
    InputError
        If a value is of a wrong type or out of range, or a shape does not fit.

    Notes
    -----
    ::

        dX = f(u, X) dt + nu K(X) dW,   u = w(t) X/(d N) + b(t),   X(0) ~ g0,

    what (1) of arXiv 2001.04294 becomes as its layers turn into a time, and its (19) as collisions turn into noise.

    Examples
    --------
    >>> from particles.model import IDENTITY, MEAN_COUPLED, Model, Normal, Product, TANH
    >>> Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0)).dim
    1
    >>> start = Normal(1.0, 1.0)
    >>> kept = Model(drift=IDENTITY, weight=-1.0, bias=MEAN_COUPLED, initial=start, nu2=0.5)
    >>> kept.mean_coupled, kept.autonomous
    (True, False)
    >>> square = Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])
    >>> Model(drift=TANH, weight=[[-1.0, 1.0]], bias=[0.5, 0.0], initial=square)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: weight of shape (1, 2) does not fit: allowed is a number or shape (2, 2)
    """

    drift: Drift
    weight: Any
    bias: Any
    initial: Law | SpaceLaw
    neurons: int = 1
    walls: Any = None
    wall: str = "sticky"
    diffusion: Diffusion = CONSTANT
    nu2: float = 0.0
    scaled: bool | None = None

    def __post_init__(self) -> None:
        require_type("drift", self.drift, Drift, "a Drift")
        require_type("initial", self.initial, (Law, SpaceLaw), "a Law or a Product")
        require_type("diffusion", self.diffusion, Diffusion, "a Diffusion")
        require_type("scaled", self.scaled, (bool, np.bool_, NoneType), "True, False or None")
        require_type("walls", self.walls, (tuple, list, NoneType), "two increasing numbers or None")
        require_at_least("nu2", self.nu2)
        require_count("neurons", self.neurons)
        if isinstance(self.initial, Product) and self.initial.dim == 1:
            object.__setattr__(self, "initial", self.initial.components[0])
        if self.walls is not None:
            if self.neurons != 1:
                raise InputError(f"walls need one neuron a feature, not {self.neurons}")
            if self.dim > 1 and not isinstance(self.initial, Product):
                raise InputError(f"walls need a product law as the start, not {type(self.initial).__name__}")
            object.__setattr__(self, "walls", checked_walls(self.walls, self.dim, sticky=self.wall == "sticky"))
        if self.wall not in ("sticky", "reflecting"):
            raise InputError(f"wall = {self.wall!r} must be 'sticky' or 'reflecting'")
        if self.nu2 > 0.0:
            require_positive("nu2", self.nu2)
        if self.mean_coupled and self.neurons != 1:
            raise InputError(f"neurons = {self.neurons!r} with a mean-coupled bias: allowed is 1")
        if self.mean_coupled and not np.all(np.isfinite(self.start.mean)):
            raise InputError(f"initial = {self.initial!r} has no mean that a mean-coupled bias could follow")
        _ = self._weight, self._bias  # a wrong shape is reported when the model is made

    @cached_property
    def dim(self) -> int:
        """Number d of features."""
        return self.initial.dim if isinstance(self.initial, SpaceLaw) else 1

    @cached_property
    def size(self) -> int:
        """Length D = d N of the state."""
        return self.dim * self.neurons

    @property
    def ends(self) -> Pair:
        """The walls of a model on the line, or those of the whole line; InputError between walls in R^d."""
        if self.walls is not None and self.size != 1:
            raise InputError(f"walls = {self.walls!r} of a box are no ends of the line")
        return self.walls or (-math.inf, math.inf)

    @property
    def box(self) -> tuple[Pair, ...]:
        """The walls of each component of the state, infinite where there are none."""
        if self.walls is None:
            return ((-math.inf, math.inf),) * self.size
        return tuple((float(low), float(high)) for low, high in (self.walls if self.dim > 1 else (self.walls,)))

    def at_walls(self, state: Floats) -> Floats:
        """States, shape (D, m), with what lies outside the walls put at them."""
        if self.walls is None:
            return state
        low, high = np.array(self.box).T
        return state.clip(low[:, None], high[:, None])

    @property
    def is_scaled(self) -> bool:
        """Whether u = w x/(d N) + b, and not w x + b."""
        return bool(self.drift.scaled if self.scaled is None else self.scaled)

    @property
    def mean_coupled(self) -> bool:
        """True for the bias b = -w m1(t)."""
        return isinstance(self.bias, MeanCoupled)

    @property
    def autonomous(self) -> bool:
        """True where weight and bias are constants."""
        return isinstance(self._weight, Constant) and isinstance(self._bias, Constant)

    @property
    def piecewise_constant(self) -> bool:
        """True where weight and bias are constant between `breakpoints`; a mean-coupled bias is, for the identity."""
        known = isinstance(self._weight, Constant | Piecewise)
        if self.mean_coupled:
            return known and self.drift.linear and self.walls is None  # walls do not conserve m1
        return known and isinstance(self._bias, Constant | Piecewise)

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Times > 0 at which a piecewise constant parameter jumps."""
        edges = [p.edges for p in (self._weight, self._bias) if isinstance(p, Piecewise)]
        return tuple(sorted({e for part in edges for e in part if e > 0.0}))

    @property
    def varying(self) -> bool:
        """True where weight or bias is a function of time."""
        return any(isinstance(p, Varying) for p in (self._weight, self._bias))

    @property
    def reproducible(self) -> bool:
        """True where every number of a run is the same on any CPU: no user's function, no library's quantile."""
        parts = self.diffusion, self.drift, self.initial
        return not self.varying and all(part.reproducible for part in parts)

    @property
    def start(self) -> Law | SpaceLaw:
        """Law of the start: g0, with what lies outside the walls put at them (both kinds of walls)."""
        if self.walls is None or self.size == 1:
            return self.initial if self.walls is None else self.start_law
        assert isinstance(self.initial, Product)  # seen when this was made
        parts = zip(self.initial.components, self.walls, strict=True)
        return Product([Clipped(law, *pair) for law, pair in parts])

    @property
    def law(self) -> Law:
        """`initial` of a model on the line; InputError for any other."""
        if self.size != 1 or not isinstance(self.initial, Law):
            raise InputError(f"a model of dimension {self.size} has no equation on the line: allowed is 1")
        return self.initial

    @property
    def start_law(self) -> Law:
        """`start` of a model on the line; InputError for any other."""
        return self.law if self.walls is None else Clipped(self.law, *self.walls)

    @cached_property
    def _weight(self) -> Parameter:
        return as_parameter(self.weight, (self.size, self.size), "weight")

    @cached_property
    def _bias(self) -> Parameter | None:
        return None if self.mean_coupled else as_parameter(self.bias, (self.dim,), "bias")

    @property
    def parameters(self) -> tuple[Parameter | None, Parameter | None]:
        """Weight and bias as functions of time; None for a bias that follows the mean."""
        return self._weight, self._bias

    def weights(self, times: ArrayLike) -> Floats:
        """Weights with their factor 1/(d N) at `times`, shape (n, D, D).

        In the order of C for every n, as the biases: a kernel would be compiled again for another.
        """
        values = self._weight.sample(np.atleast_1d(np.asarray(times, dtype=np.float64)))
        return np.array(values / self.size if self.is_scaled else values, order="C")

    def biases(self, times: ArrayLike, weights: Floats, mean: Floats | None = None) -> Floats:
        """Biases at `times`, shape (n, D), one copy a neuron; -w m1 from `mean`, shape (D,), when mean-coupled."""
        times = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if self._bias is not None:
            values = self._bias.sample(times)
            return np.array(values, order="C") if self.neurons == 1 else np.tile(values, (1, self.neurons))
        if mean is None:
            raise InputError("a mean-coupled bias needs the mean")
        bias = np.zeros(weights.shape[:2])
        for j in range(self.size):  # a fixed order of sums: no matrix product of a library
            bias = bias - weights[:, :, j] * mean[j]
        return bias

    def speed(self, x: ArrayLike, t: float, mean: float | None = None) -> Floats:
        """Drift at points x on the line at time t, shape of x; d = N = 1."""
        weights = self.weights(t)
        bias = self.biases(t, weights, None if mean is None else np.array([mean]))
        x = np.asarray(x, dtype=np.float64)
        return self.drift(weights[0, 0, 0] * x + bias[0, 0], x)

    def weight_at(self, t: float) -> float:
        """Weight with its factor at time t; d = N = 1."""
        return float(self.weights(t)[0, 0, 0])

    def describe(self) -> dict[str, Any]:
        """What the record of a run says of the model: plain values for JSON."""
        return {
            "drift": self.drift.name,
            "constants": list(self.drift.constants),
            "weight": self._weight.describe(),
            "bias": self.bias.describe() if self._bias is None else self._bias.describe(),
            "scaled": self.is_scaled,
            "initial": describe(self.initial),
            "neurons": self.neurons,
            "walls": None if self.walls is None else {"kind": self.wall, "at": told(self.walls)},
            "diffusion": {"K": self.diffusion.name, "constants": list(self.diffusion.constants)},
            "nu2": self.nu2,
            "identity": identity(self),
        }
