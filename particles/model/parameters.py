"""Weight and bias as functions of time, sampled once into arrays: one row a step.

`Constant`, `Piecewise` (the layers of a network: value k on [edges[k], edges[k+1])) and `Varying` (any callable of t).
`MEAN_COUPLED` stands for the bias b = -w m1(t) of Proposition 3 (arXiv 2001.04294; the captions of figures 1 and 2
print the other sign), which needs the particles' own mean at every step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles.base.arrays import Floats, as_floats
from particles.base.checks import LARGEST
from particles.base.errors import InputError


@dataclass(frozen=True, eq=False)
class Constant:
    """The same value at all times."""

    value: Floats

    def sample(self, times: Floats) -> Floats:
        """Values at `times`, shape (n, *shape of the value)."""
        value = np.asarray(self.value, order="C")
        # what numpy.broadcast_to returns, in a tenth of its time
        view = np.ndarray((times.size, *value.shape), value.dtype, value, strides=(0, *value.strides))
        view.flags.writeable = False
        return view

    def describe(self) -> Any:
        """What the record of a run says of it."""
        return self.value.tolist()


@dataclass(frozen=True, eq=False)
class Piecewise:
    """`values[k]` on [edges[k], edges[k+1]); the last value holds after the last edge, `edges[0]` must be 0."""

    edges: tuple[float, ...]
    values: Floats

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in itertools.pairwise(self.edges))  # false for NaN
        if not self.edges or len(self.edges) != len(self.values) or self.edges[0] != 0.0 or not rising:
            raise InputError(f"edges = {self.edges!r} must start at 0, increase, and be as many as the values")

    def sample(self, times: Floats) -> Floats:
        """Values at `times`, shape (n, *shape of a value)."""
        return self.values[self.pieces(times)]

    def pieces(self, times: Floats) -> NDArray[np.intp]:
        """Numbers of the pieces that hold at `times`, shape (n,)."""
        # a level k dt may fall an ulp short of the edge that it stands for
        return np.searchsorted(self.edges, times * (1.0 + 1e-12), side="right") - 1

    def describe(self) -> Any:
        """What the record of a run says of it."""
        return {"edges": list(self.edges), "values": self.values.tolist()}


@dataclass(frozen=True, eq=False)
class Varying:
    """A callable of t that returns a number or an array of `shape`."""

    function: Callable[[float], ArrayLike]
    shape: tuple[int, ...]

    def sample(self, times: Floats) -> Floats:
        """Values at `times`, shape (n, *shape)."""
        values = [self.function(float(t)) for t in times]
        if all(type(value) is float and abs(value) <= LARGEST for value in values):  # at once; false for NaN
            return np.asarray(np.multiply.outer(np.array(values), _unit(self.shape)))
        return np.stack([_shaped(value, self.shape, "the value of a callable") for value in values])

    def describe(self) -> Any:
        """What the record of a run says of it."""
        return f"callable {getattr(self.function, '__qualname__', type(self.function).__name__)}"


class MeanCoupled:
    """The bias b = -w m1(t); use the value `MEAN_COUPLED`."""

    def describe(self) -> str:
        """What the record of a run says of it."""
        return "-w m1(t)"


MEAN_COUPLED = MeanCoupled()
Parameter = Constant | Piecewise | Varying


def piecewise(edges: Sequence[float], values: ArrayLike) -> Piecewise:
    """Layers of a network: `values[k]` holds from time edges[k] on; edges[0] = 0, increasing.

    Parameters
    ----------
    edges : sequence of float, shape (L,)
    values : array_like, shape (L, ...)
        A number, a vector (bias) or a matrix (weight) each.

    Raises
    ------
    InputError
        If the edges do not start at 0, do not increase, or are not as many as the values.

    See Also
    --------
    layers : On equal steps.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import piecewise
    >>> bias = piecewise([0.0, 1.0], [0.0, 2.0])
    >>> print(bias.sample(np.array([0.5, 1.0, 9.0])))
    [0. 2. 2.]
    >>> piecewise([1.0, 2.0], [0.0, 2.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: edges = (1.0, 2.0) must start at 0, increase, and be as many as the values
    """
    return Piecewise(tuple(as_floats(edges, "edges").tolist()), _numbers(values, "values"))


def layers(values: ArrayLike, until: float) -> Piecewise:
    """One value a layer, L = len(values), on equal time steps until/L (E41 of the project's errata: dt = T/L).

    Parameters
    ----------
    values : array_like, shape (L, ...)
    until : float > 0
        T, where the last layer ends.

    Raises
    ------
    InputError
        If the values are no numbers, or `until` makes no increasing edges of them.

    See Also
    --------
    piecewise : From given times on.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import layers
    >>> weights = layers([-1.0, -0.5, 0.5, 1.0], until=2.0)
    >>> print(weights.edges, weights.sample(np.array([0.0, 0.75, 2.0])))
    (0.0, 0.5, 1.0, 1.5) [-1.  -0.5  1. ]
    """
    rows = _numbers(values, "values")
    return Piecewise(tuple(until * k / len(rows) for k in range(len(rows))), rows)


def as_parameter(value: Any, shape: tuple[int, ...], name: str) -> Parameter:
    """Turn a number, an array, a callable of t or a parameter into one with finite values of `shape`, or InputError.

    A number stands for itself times the identity (a weight) or for equal entries (a bias).
    """
    if isinstance(value, Varying | Constant):
        return value
    if isinstance(value, Piecewise):
        return Piecewise(value.edges, np.stack([_shaped(v, shape, name) for v in value.values]))
    if callable(value):
        return Varying(value, shape)
    return Constant(_shaped(value, shape, name))


def _numbers(given: Any, name: str) -> Floats:
    return np.array(as_floats(given, name, ndim=(0, 1, 2, 3)))  # a copy: what the caller does to its own counts no more


def _shaped(given: Any, shape: tuple[int, ...], name: str) -> Floats:
    """Bring a value to `shape`, a number to a multiple of the identity (matrix) or to equal entries (vector)."""
    value = _numbers(given, name)
    if value.size and np.abs(value).max() > LARGEST:
        raise InputError(
            f"{name} = {float(value.flat[np.abs(value).argmax()])!r} must lie in [{-LARGEST:g}, {LARGEST:g}]"
        )
    if value.ndim == 0:
        return value * _unit(shape)
    if value.shape != shape:
        raise InputError(f"{name} of shape {value.shape} does not fit: allowed is a number or shape {shape}")
    return value


def _unit(shape: tuple[int, ...]) -> Floats:
    """What a number is a multiple of."""
    return np.eye(shape[0]) if len(shape) == 2 else np.ones(shape)
