"""A problem: the stochastic equation, its start and its time as plain data.

    dX = sigma(w X + b) dt + nu K(X) dW,    or at finite eps, at the rate 1 / eps,
    X' = X + eps sigma(w X + b) + sqrt(eps) nu K(X) eta

(Herty, Trimborn, Visconti, arXiv 2001.04294, (1), (11), (15)). In the plane w is a matrix, sigma acts on each
component, and so do K and W; the paper's w/d is called w here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Activation = Literal["identity", "relu", "sigmoid", "tanh"]
Noise = Literal["none", "brownian", "collisions"]


@dataclass(frozen=True)
class Problem:
    """What is to be solved.

    Parameters
    ----------
    name : str
        Lower case, words joined by hyphens.
    words, symbols : str
        The equation in a sentence, and in LaTeX.
    source : str
        Where it is from, and what is special about it.
    activation : {"identity", "relu", "sigmoid", "tanh"}
    weight, bias : float, or for the plane a tuple of two rows and a pair
    start : starts.Start, or starts.PlaneNormal in the plane
        Law at time 0.
    until : float
        Time at which the law is asked for.
    noise : {"none", "brownian", "collisions"}
        No noise (mean field), a Brownian motion (Fokker-Planck), or collisions at finite `eps` (Boltzmann).
    nu : float
        Deviation of the noise.
    multiplicative : bool
        Whether K(x) = x; else K = 1.
    eps : float
        Of the collisions, which come at the times of a Poisson process of rate 1 / eps with Gaussian eta; else 0.
    walls : tuple of float, optional
        Ends at which a particle is held while the drift points outward.
    domain : tuple of float, or a pair of such
        Where a solver on a grid may cut: less than 1e-12 of the mass is ever outside.
    features : frozenset of str
        What a contestant may be unable to do: "walls", "atoms", "jumps" (of the density, at the start or later),
        "half line" (x > 0), "no mean", "collisions", "long" (a time at which the law rests), "plane".
    """

    name: str
    words: str
    symbols: str
    source: str
    activation: Activation
    weight: Any
    bias: Any
    start: Any
    until: float
    domain: Any
    noise: Noise = "none"
    nu: float = 0.0
    multiplicative: bool = False
    eps: float = 0.0
    walls: tuple[float, float] | None = None
    features: frozenset[str] = frozenset()

    @property
    def dimension(self) -> int:
        """1 on the line, 2 in the plane."""
        return 1 if np.ndim(self.weight) == 0 else 2

    def drift(self, x: Floats) -> Floats:
        """Return sigma(w x + b) at points of shape (M,), or (M, 2) in the plane, without regard to walls."""
        if self.dimension == 1:
            u = self.weight * x + self.bias
        else:
            u = x @ np.asarray(self.weight).T + np.asarray(self.bias)
        return np.asarray(SIGMA[self.activation](u))

    def deviation(self, x: Floats) -> Floats:
        """Return nu K(x), the factor before dW, at points."""
        return self.nu * (x if self.multiplicative else np.ones_like(x))


def _sigmoid(u: Floats) -> Floats:
    return 0.5 + 0.5 * np.tanh(0.5 * u)


SIGMA: dict[str, Any] = {
    "identity": lambda u: u,
    "relu": lambda u: np.maximum(u, 0.0),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}
