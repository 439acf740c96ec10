"""Losses of the equation's solution g at the horizon, each with its first variation phi = dPhi/dg, by its slope phi'.

==========  ====================================  =======================
loss        Phi                                   phi'(x)
==========  ====================================  =======================
`Moment`    int abs(x - y)^2 dg/2                 x - y
`Squares`   int (g - h)^2 dx/2                    (g - h)'(x), signed (E8)
others      int l(x, F(x)) dg                     as they state it
==========  ====================================  =======================

Any loss of `particles.training` is one too: a value with `terms(x, levels, first)`, which gives l and phi' at points x,
shape (1, m), of levels F(x). `Squares` is the equation's alone: of a cloud it is infinite, and to a point too (E10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kinetic.grid import Grid
from kinetic.line.smooth import face_values
from particles.base.arrays import Floats
from particles.base.checks import require_finite, require_type
from particles.base.errors import InputError
from particles.base.quadrature import gauss
from particles.model import Law, Measure

_NODES = 4  # Gauss nodes a cell
_LEAST = 1e-15


@dataclass(frozen=True)
class Moment:
    """Half the mean squared distance from a target.

    Parameters
    ----------
    target : float

    Raises
    ------
    InputError
        If the target is not finite.
    """

    target: float
    name = "moment"

    def __post_init__(self) -> None:
        require_finite("target", self.target)

    def value(self, measure: Measure) -> float:
        """Phi of a measure on the line."""
        return 0.5 * float(measure.moment(2, self.target)[0])

    def slopes(self, measure: Measure, grid: Grid) -> Floats:
        """Cell averages of phi', shape (N,)."""
        return np.asarray(grid.centres - self.target)


@dataclass(frozen=True)
class Squares:
    """Half the squared distance in L2 of the density from that of a law.

    Parameters
    ----------
    law : Law
        With a density.

    Raises
    ------
    InputError
        If the law holds a point: to that the distance is infinite (E10 of docs/errata.md).

    Notes
    -----
    ::

        Phi = int (g(T, x) - h(x))^2 dx/2

    for the density h of the law: the loss of 3.4 of arXiv 2001.04294.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import Normal, cases
    >>> grid = kinetic.Grid(-7.0, 9.0, cells=200)
    >>> end = kinetic.solve(cases["regression"].model, grid, until=1.0).at(1.0)
    >>> print(f"{kinetic.Squares(Normal(2.0, 0.49)).value(end):.4f}")
    0.3029
    """

    law: Law
    name = "l2"

    def __post_init__(self) -> None:
        require_type("law", self.law, Law, "a Law")
        if self.law.atoms()[0].size:
            raise InputError(
                f"law = {self.law!r:.60} is no density, loss 'l2' infinite: allowed are moment, w2, w1, energy"
            )

    def value(self, measure: Measure) -> float:
        """Phi of the density of a measure, by Gauss quadrature of its parabolas."""
        x, weights, levels = _points(measure)
        return 0.5 * float((weights * (levels - self.law.pdf(x)) ** 2).sum())

    def slopes(self, measure: Measure, grid: Grid) -> Floats:
        """Cell averages of phi', shape (N,): differences between faces."""
        density = face_values(measure.cell_masses / grid.h)
        return np.asarray(np.diff(density - self.law.pdf(grid.faces)) / grid.h)


@dataclass(frozen=True)
class _OfTerms:
    """A loss that states its terms."""

    terms: Any
    name: str

    def value(self, measure: Measure) -> float:
        x, weights, density = _points(measure)
        at = np.concatenate([x.reshape(-1), measure.points[0]])
        masses = np.concatenate([(weights * density).reshape(-1), measure.masses])
        return float((self.terms(at[None], _levels(measure, at), 0)[0] * masses).sum())

    def slopes(self, measure: Measure, grid: Grid) -> Floats:
        def slope(x: Floats) -> Floats:
            flat = x.reshape(1, -1)
            return np.asarray(self.terms(flat, _levels(measure, flat[0]), 0)[1]).reshape(x.shape)

        return grid.averages_of(slope)


Loss = Moment | Squares | _OfTerms


def loss_of(given: Any) -> Loss:
    """Return a loss of the equation.

    Raises
    ------
    InputError
        If it is none, or not one for the line.
    """
    if isinstance(given, Moment | Squares):
        return given
    if not hasattr(given, "terms"):
        raise InputError(f"loss = {given!r:.60} must be kinetic.Squares, or a loss of particles.training")
    given.given(1, 0, 0)
    return _OfTerms(given.terms, given.name)


def _levels(measure: Measure, x: Floats) -> Floats:
    """F, off 0 and 1 by as much as no mass tells: there quantiles are infinite."""
    return np.clip(measure.cdf(x), _LEAST, 1.0 - _LEAST)


def _points(measure: Measure) -> tuple[Floats, Floats, Floats]:
    """Gauss nodes in the cells, weights and densities there, each of shape (nodes, N)."""
    nodes, weights = gauss(_NODES)
    t, (q0, q1, q2) = 0.5 * (1.0 + nodes[:, None]), measure.polynomials_from_left
    return measure.faces[:-1] + t * measure.widths, 0.5 * weights[:, None] * measure.widths, q0 + t * (q1 + t * q2)
