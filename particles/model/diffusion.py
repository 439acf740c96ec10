"""Noise shapes K(x) of a noisy layer, x' = x + eps f + sqrt(eps) K(x) eta: value and derivative, as formulas.

K = 1 and K = x are those of arXiv 2001.04294, (17) and 4.1.1. For d > 1 the shape acts on each component, and the
components of eta are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from particles.base.checks import require_type
from particles.base.jit import Formula, formula
from particles.base.shown import Shown

Constants = tuple[float, ...]


@dataclass(frozen=True, repr=False)
class Diffusion(Shown):
    """A noise shape.

    Parameters
    ----------
    name : str
    value, derivative : formula (x, c) -> float
        K and K', plain scalar functions that numba can compile.
    constants : tuple of float, default ()
    half_line : bool, default False
        K vanishes at 0, so that the limiting equation never crosses it; a collision with unbounded noise may.
    power : int, optional
        K = x^power, where it is one of at least 0: with 0 and 1 moments close.
    reproducible : bool, default False
        As a drift's.

    Raises
    ------
    InputError
        If the name is no text, or `value` or `derivative` no function.

    Examples
    --------
    >>> from particles.model import DIFFUSIONS, LINEAR
    >>> [(name, shape.half_line, shape.power) for name, shape in DIFFUSIONS.items()]
    [('1', False, 0), ('x', True, 1)]
    >>> LINEAR.value(2.0, ()), LINEAR.derivative(2.0, ())
    (2.0, 1.0)
    """

    name: str
    value: Formula
    derivative: Formula
    constants: Constants = ()
    half_line: bool = False
    power: int | None = None
    reproducible: bool = False

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "name", self.name
        if self.constants:
            yield "constants", self.constants

    def __post_init__(self) -> None:
        require_type("name", self.name, str, "a text")
        for name in ("value", "derivative"):
            require_type(name, getattr(self, name), Callable, "a function (x, c)")  # type: ignore[arg-type]


@formula
def _one(x: float, c: Constants) -> float:
    return 1.0


@formula
def _zero(x: float, c: Constants) -> float:
    return 0.0


@formula
def _identity(x: float, c: Constants) -> float:
    return x


CONSTANT = Diffusion("1", _one, _zero, power=0, reproducible=True)
LINEAR = Diffusion("x", _identity, _one, half_line=True, power=1, reproducible=True)

DIFFUSIONS = {diffusion.name: diffusion for diffusion in (CONSTANT, LINEAR)}
