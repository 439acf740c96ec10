"""What a control costs, and how fast it may change: integrals over time of learnt weights and biases theta(t).

    lam int_0^T abs(theta)^2 dt                   control cost (Bonnet et al.)
    (lam/2) int_0^T abs(dtheta/dt)^2 dt           smoothness (Ruseckas, (81), (82))

of the learnt numbers, a constant as one piece that holds up to T. A piece of length s costs lam s theta^2, two that
follow each other (lam/2) (difference)^2/(distance of their middles). Both are in the units of continuous time, so that
lam means the same for any number of pieces; in the layer's units of the source, (82) with dt theta, it is lam/dt^3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from particles.base.arrays import Floats
from particles.base.checks import require_at_least
from particles.base.errors import InputError
from particles.model.parameters import Piecewise
from particles.training.parameters import Parameters

Share = float | Mapping[str, float]
"""One lam for all, or one by the name "weight" and "bias", 0 where a name is missing."""


@dataclass(frozen=True, eq=False)
class Penalty:
    """sum_k mass_k theta_k^2/2 + sum_j stiffness_j (theta_second_j - theta_first_j)^2/2.

    Parameters
    ----------
    mass : ndarray, shape (n,)
    first, second : ndarray of int, shape (m,)
    stiffness : ndarray, shape (m,)

    Notes
    -----
    ::

        lam int_0^T abs(theta)^2 dt   and   (lam/2) int_0^T abs(dtheta/dt)^2 dt

    (Bonnet et al.; (81) of arXiv 1909.03767) of pieces that last, and follow each other by their middles.

    Examples
    --------
    >>> from particles.model import TANH, Model, Normal, piecewise
    >>> from particles.training import Parameters, Penalty
    >>> weight = piecewise([0.0, 1.0], [-1.0, -0.5])
    >>> model = Model(drift=TANH, weight=weight, bias=1.0, initial=Normal(1.0, 1.0))
    >>> theta = Parameters(model, ("weight",))
    >>> print(f"{Penalty.of(theta, 2.0, control=0.1).value(theta.values):.6f}")  # 0.1 (1 + 1/4)
    0.125000
    >>> print(f"{Penalty.of(theta, 2.0, smoothness=0.1).value(theta.values):.6f}")  # 0.05 (1/2)^2
    0.012500
    """

    mass: Floats
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    stiffness: Floats

    @classmethod
    def of(cls, parameters: Parameters, until: float, *, control: Share = 0.0, smoothness: Share = 0.0) -> Penalty:
        """Of learnt weights and biases up to the horizon.

        Parameters
        ----------
        parameters : Parameters
        until : float > 0
        control, smoothness : float >= 0, or mapping of "weight" and "bias" to such, default 0
            lam of the two integrals.

        Raises
        ------
        InputError
            If a lam is out of range, of what is not learnt, or asks for smoothness of what has no pieces.
        """
        costs, stiffs = _shares("control", control, parameters), _shares("smoothness", smoothness, parameters)
        mass, pairs = np.zeros(len(parameters.names)), []
        for name, part in parameters.parts().items():
            if name not in costs:
                continue
            given: Any = getattr(parameters.model, name)
            edges = [*given.edges, math.inf] if isinstance(given, Piecewise) else [0.0, math.inf]
            ends = np.minimum(edges, until)
            spans, middles = np.diff(ends), 0.5 * (ends[1:] + ends[:-1])
            places = np.arange(part.start, part.stop).reshape(len(spans), -1)
            mass[places] = 2.0 * costs[name] * spans[:, None]
            if stiffs[name] > 0.0:
                among = spans[1:] > 0.0  # a piece from the horizon on is no part of the integral
                if not among.any():
                    raise InputError(f"smoothness = {stiffs[name]!r} of {name}: allowed is 0, as it has no pieces")
                rows = [(a, b, stiffs[name] / gap) for a, b, gap in
                        zip(places[:-1][among], places[1:][among], np.diff(middles)[among], strict=True)]  # fmt: skip
                pairs += [(i, j, weight) for a, b, weight in rows for i, j in zip(a, b, strict=True)]
        first, second, stiffness = (np.array(column) for column in zip(*pairs, strict=True)) if pairs else _none()
        return cls(mass, first.astype(np.intp), second.astype(np.intp), stiffness.astype(np.float64))

    def value(self, theta: Floats) -> float:
        """The penalty at theta, shape (n,), added exactly."""
        off = theta[self.second] - theta[self.first]
        return 0.5 * math.fsum([*(self.mass * theta * theta).tolist(), *(self.stiffness * off * off).tolist()])

    def slope(self, theta: Floats) -> Floats:
        """Its derivatives, shape (n,)."""
        slope, pull = self.mass * theta, self.stiffness * (theta[self.second] - theta[self.first])
        np.add.at(slope, self.second, pull)
        np.subtract.at(slope, self.first, pull)
        return np.asarray(slope)

    def matrix(self) -> Floats:
        """Its second derivatives, shape (n, n)."""
        matrix = np.diag(self.mass)
        for i, j, weight in zip(self.first, self.second, self.stiffness, strict=True):
            matrix[i, i] += weight
            matrix[j, j] += weight
            matrix[i, j] -= weight
            matrix[j, i] -= weight
        return matrix


def _none() -> tuple[Floats, Floats, Floats]:
    return np.empty(0), np.empty(0), np.empty(0)


def _shares(what: str, given: Share, parameters: Parameters) -> dict[str, float]:
    """lam by the names of what is learnt of weight and bias."""
    known = [name for name in parameters.parts() if name in ("weight", "bias")]
    shares = given if isinstance(given, Mapping) else dict.fromkeys(known, given)
    for name, share in shares.items():
        require_at_least(f"{what} of {name}", share)
        if name not in known:
            raise InputError(f"{what} of {name!r}: allowed are {', '.join(known)}, as learnt")
    if not known and not isinstance(given, Mapping):
        require_at_least(what, given)
        if given > 0.0:
            raise InputError(f"{what} = {given!r}: neither weight nor bias is learnt")
    return {name: float(shares.get(name, 0.0)) for name in known}
