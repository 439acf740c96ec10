"""The law at rest in the plane where it is known, with the current that circulates in it.

    J = a g_oo - (nu^2/2) grad g_oo = (-q d_y g_oo, q d_x g_oo) = (d_y psi, -d_x psi),   psi = -q g_oo

================================================  =================================================  =================
model, K = 1, constant weight and bias             g_oo                                               q
================================================  =================================================  =================
identity, A = w/d stable                           N(-A^-1 b, S), A S + S A^T + nu^2 I = 0 (Lyapunov)  (A S)_12
tanh, w/d = -(c I + Q)^-1, Q antisymmetric         `circulating_state`, beta = 2 c/nu^2               Q_12/beta
diagonal weight, reflecting walls or none          product of the states at rest of the components    0
================================================  =================================================  =================

A S + (nu^2/2) I is antisymmetric by Lyapunov's equation: q is its entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kinetic.steady import steady_state
from particles.base.arrays import Floats
from particles.base.checks import require_finite
from particles.base.errors import InputError
from particles.model import Law, Model, MultivariateNormal, Normal, Product, SpaceLaw
from particles.model.diffusion import CONSTANT
from particles.model.drifts.activations import IDENTITY
from particles.model.exact.circulation import circulating_state
from particles.model.exact.components import components

Found = tuple[SpaceLaw, float]


@dataclass(frozen=True, eq=False)
class Rest:
    """A density at rest, and its circulation.

    Parameters
    ----------
    log_density : callable (x, y) -> array
        ln g_oo up to a constant at points that broadcast; -inf where it is too small for a number.
    circulation : float, default 0
        q of the current above, length^2/time; 0 for the drift of a gradient.

    Raises
    ------
    InputError
        If the density is no function, or the circulation no finite number.
    """

    log_density: Callable[[Floats, Floats], Floats]
    circulation: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.log_density):
            raise InputError(f"log_density = {self.log_density!r:.60} must be a function (x, y)")
        require_finite("circulation", self.circulation)

    @classmethod
    def of_law(cls, law: SpaceLaw, circulation: float = 0.0) -> Rest:
        """That of a law on R^2 with a density."""

        def log_density(x: Floats, y: Floats) -> Floats:
            with np.errstate(divide="ignore"):
                return np.log(law.pdf(np.stack(np.broadcast_arrays(x, y))))

        return cls(log_density, circulation)


def rest_of(model: Model) -> Rest | None:
    """The law at rest of a model of two features, or None where none of the above is known."""
    if model.size != 2 or model.nu2 == 0.0 or model.diffusion != CONSTANT or not model.autonomous:
        return None
    for way in (_of_components, _linear, _turning):
        try:
            return Rest.of_law(*way(model))
        except InputError:
            continue
    return None


def require_rest(model: Model) -> Rest:
    """Return the law at rest of a model, or raise InputError where it is not known."""
    found = rest_of(model)
    if found is None:
        raise InputError(
            f"the law at rest of drift {model.drift.name!r} with these parameters is not known: allowed with K = 1 are"
            " a stable identity, tanh with w/d = -(c I + Q)^-1, and a diagonal weight whose components rest"
        )
    return found


def _of_components(model: Model) -> Found:
    start = Product([Normal(0.0, 1.0)] * 2) if model.walls is None else model.initial
    laws = [steady_state(one).law for one in components(replace(model, initial=start))]
    known = [law for law in laws if isinstance(law, Law)]
    if len(known) < 2:
        raise InputError("a component does not rest")
    return Product(known), 0.0


def _linear(model: Model) -> Found:
    if model.drift != IDENTITY or model.walls is not None:
        raise InputError("no linear model")
    weights = model.weights(0.0)
    a, b, unit = weights[0], model.biases(0.0, weights)[0], np.eye(2)
    if not np.linalg.eigvals(a).real.max() < 0.0:
        raise InputError("nothing rests")
    s = np.linalg.solve(np.kron(a, unit) + np.kron(unit, a), -model.nu2 * unit.reshape(-1)).reshape(2, 2)
    s = 0.5 * (s + s.T)
    return MultivariateNormal(-np.linalg.solve(a, b), s), float((a @ s)[0, 1] - (a @ s)[1, 0]) / 2.0


def _turning(model: Model) -> Found:
    law, inverse = circulating_state(model), np.linalg.inv(model.weights(0.0)[0])
    return law, float(-inverse[0, 1] * model.nu2 / -np.trace(inverse))
