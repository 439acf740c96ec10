"""What Ruseckas' theory says along the layers of a network: energy and powers, Hamiltonian, stretch and entropy.

    E = x^2/2,   dE/dt = P_w + P_b - P_gamma,   P_w = x^T w_sym x,   P_b = b^T x,   P_gamma = gamma sum x_i^4  (103-108)
    a F(x, t) with a = dl/dx is constant where w and b are, and dL/dT = E[a(T) F(T)]                         (16), (24)
    H(t) - H(0) = E log abs(det dx_t/dx_0),   dH/dt = E tr dF/dx = tr w - 3 gamma E sum x_i^2                (28), (32)

d/dt is along a trajectory (errata R5), and P_gamma holds the sum of x_i^4, not the square of x^2 (R3). a and dx_t/dx_0
are those of the layers, exact for them; F is that of the differential equation, in its own units of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.networks.dense import DenseLearner, Ready
from particles.networks.layers import Kind, Rows


@dataclass(frozen=True, eq=False)
class Along:
    """Values at the L + 1 ends of the layers of a stage, each of shape (L + 1, m), for m samples.

    Parameters
    ----------
    times : ndarray, shape (L + 1,)
    energy, gain, work, friction : ndarray
        E, P_w, P_b and P_gamma; behind the last layer with its weights.
    hamiltonian : ndarray
        a F.
    stretch : ndarray
        log abs(det dx_t/dx_0), whose mean is what the entropy has grown by.
    spread : ndarray
        tr dF/dx, whose mean is the slope of the entropy in time.
    """

    times: Floats
    energy: Floats
    gain: Floats
    work: Floats
    friction: Floats
    hamiltonian: Floats
    stretch: Floats
    spread: Floats

    @property
    def horizon(self) -> float:
        """dL/dT of the mean loss, weights held."""
        return float(self.hamiltonian[-1].mean())

    def to_dict(self) -> dict[str, Any]:
        """Means over the samples, plain values for JSON."""
        names = ("energy", "gain", "work", "friction", "hamiltonian", "stretch", "spread")
        means = {name: getattr(self, name).mean(axis=1).tolist() for name in names}
        return {"times": self.times.tolist(), **means, "horizon": self.horizon}


def along(learner: DenseLearner, theta: Floats, points: Floats, labels: Any, stage: int = -1) -> Along:
    """Follow samples through the layers of a stage, and the derivative of their loss back.

    Parameters
    ----------
    learner : DenseLearner
    theta : ndarray, shape (size,)
    points : ndarray, shape (inputs, m)
    labels : ndarray of int, shape (m,)
    stage : int, default -1
        The last stage is the one that the loss is known at.

    Raises
    ------
    InputError
        If a layer takes two steps back: its adjoint is no single vector.
    """
    states = learner.states(theta, points)
    ready = learner.ready(theta)
    last = learner.network.stages[-1].width
    slopes = np.zeros(states[-1].shape[1:])
    slopes[:last] = states[-1][-1, :last]
    learner.network.readout.read(slopes[:last], np.asarray(labels, dtype=np.int64))
    if len(ready) != 1 and stage not in (-1, len(ready) - 1):
        raise InputError(f"stage = {stage} must be the last: {len(ready) - 1}")
    return _along(ready[-1], states[-1], slopes)


def _along(ready: Ready, x: Floats, end: Floats) -> Along:
    stage, rows = ready.part.stage, ready.rows
    adjoint = adjoints(stage.kind, x, end, ready.maps, rows)
    at = np.minimum(np.arange(len(x)), stage.layers - 1)  # whose weights hold behind each end
    w, b, gamma = rows.weights[at] / stage.dt, rows.biases[at] / stage.dt, rows.gamma / stage.dt
    sym, _ = parts_of(w)
    gain = np.einsum("lim,lij,ljm->lm", x, sym, x)
    force = np.einsum("lij,ljm->lim", w, x) + b[:, :, None] - gamma * x**3
    trace = np.trace(w, axis1=1, axis2=2)[:, None] - 3.0 * gamma * (x * x).sum(axis=1)
    grown = np.log(np.abs(np.linalg.det(np.moveaxis(jacobians(stage.kind, x, ready.maps, rows), 3, 1))))
    stretch = np.concatenate([np.zeros((1, x.shape[2])), np.cumsum(grown, axis=0)])
    return Along(
        times=np.arange(float(len(x))) * stage.dt, energy=0.5 * (x * x).sum(axis=1), gain=gain,
        work=np.einsum("li,lim->lm", b, x), friction=gamma * (x**4).sum(axis=1),
        hamiltonian=(adjoint * force).sum(axis=1), stretch=stretch, spread=trace,
    )  # fmt: skip


def parts_of(weights: Floats) -> tuple[Floats, Floats]:
    """Symmetric and antisymmetric parts of matrices (..., n, n), (96) and (97): growth, and rotation."""
    turned = np.swapaxes(weights, -1, -2)
    return 0.5 * (weights + turned), 0.5 * (weights - turned)


def adjoints(kind: Kind, x: Floats, end: Floats, maps: Floats, rows: Rows) -> Floats:
    """dl/dx at all ends of the layers, shape (L + 1, n, m), from that at the last, `end`."""
    _require_one_step(kind)
    found = np.empty(x.shape)
    found[-1] = end
    for layer in range(len(x) - 2, -1, -1):
        found[layer] = _back(kind, x, found[layer + 1], maps, rows, layer)
    return found


def jacobians(kind: Kind, x: Floats, maps: Floats, rows: Rows) -> Floats:
    """dx_{l+1}/dx_l of every layer, shape (L, n, n, m)."""
    _require_one_step(kind)
    layers, n = len(x) - 1, x.shape[1]
    found = np.empty((layers, n, n, x.shape[2]))
    for layer in range(layers):
        for unit in range(n):
            one = np.zeros(x.shape[1:])
            one[unit] = 1.0
            found[layer, unit] = _back(kind, x, one, maps, rows, layer)
    return found


def _back(kind: Kind, x: Floats, slopes: Floats, maps: Floats, rows: Rows, layer: int) -> Floats:
    """One layer of the backward sweep."""
    here = slice(layer, layer + 1)
    given = slopes.copy()
    alone = Rows(rows.weights[here], rows.biases[here], rows.gamma, rows.rates)
    kind.retrace(np.ascontiguousarray(x[layer : layer + 2]), given, maps[here], alone)
    return given


def _require_one_step(kind: Kind) -> None:
    if kind.rates(2):
        raise InputError(f"layer = {kind.name!r}: allowed are those of one step, whose adjoint is one vector")
