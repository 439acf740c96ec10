"""Mean-field control of layers on the line: cost, gradient and second derivatives, all exact for Euler's scheme.

Weights and biases c_k = (w_k, b_k), k = 0, ..., K - 1, or one of the two, are sought that make least

    J = E (x_K - y)^2 + sum_k dt (lam_w w_k^2 + lam_b b_k^2),     x_{k+1} = x_k + dt f(u_k),   u_k = w_k x_k + b_k,

y a function of the start (Bonnet, Cipriani, Fornasier and Huang, 2023: f = tanh). Of J/2, with e = (x_k, 1) and
A_k = 1 + dt w_k f_u, for every particle

    p_K = x_K - y,   p_k = A_k p_{k+1};      V_K = 1,   V_k = A_k^2 V_{k+1} + dt p_{k+1} f_uu w_k^2   (d^2/dx_k^2),
    by c_k:           E[dt p_{k+1} f_u e],
    by c_k twice:     E[dt^2 V_{k+1} f_u^2 e e' + dt p_{k+1} f_uu e e'],
    by c_i and c_k:   E[xi q'],   xi = dx_k/dc_i, i < k,
                      q = dt (A_k V_{k+1} f_u e + p_{k+1} (f_uu w_k e + f_u (1, 0))).

With dt -> 0, Pontryagin's principle: 2 p f_u e in the mean and 2 lam c vanish together at every time, and the
Hamiltonian 2 E[p f] + lam c^2 is the same at all times.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from particles.base.arrays import Floats, over_arrays
from particles.base.errors import NotFiniteError
from particles.base.parallel import Ranks
from particles.base.sums import ordered_sum
from particles.kernels.reductions import block_sums
from particles.model import Model
from particles.training.objective import solved
from particles.training.penalty import Penalty

Target = float | Callable[[Floats], Floats]
"""Where a particle that starts at x is to end: a number, or a function of x, shape (m,)."""


class Path(NamedTuple):
    """States of this rank's points, shape (K + 1, m), and the adjoints p of J/2 there."""

    states: Floats
    adjoints: Floats


@dataclass(eq=False)
class ControlProblem:
    """The control problem of points with masses; what `LM` is handed as an objective, J/2 its value.

    Parameters
    ----------
    model : Model
        Its drift f(u), and what of weight and bias is not learnt.
    learn : tuple of str
        Of "weight" and "bias".
    times : ndarray, shape (K,)
        Where the layers begin.
    step : float
        dt.
    points, masses, labels : ndarray, shape (m,)
        This rank's points, the mass of each, where each is to end.
    penalty : Penalty
        Of J/2, over the numbers theta: all weights, then all biases, as far as they are learnt.
    block : int
        Points whose parts are added before they are added to others.
    ranks : Ranks
    """

    model: Model
    learn: tuple[str, ...]
    times: Floats
    step: float
    points: Floats
    masses: Floats
    labels: Floats
    penalty: Penalty
    block: int
    ranks: Ranks
    evaluations: int = field(default=0, init=False)

    @cached_property
    def _own(self) -> dict[str, Floats]:
        """Weights and biases of the model itself, shape (K,) each."""
        weights = self.model.weights(self.times)
        return {"weight": weights[:, 0, 0], "bias": self.model.biases(self.times, weights)[:, 0]}

    def start(self) -> Floats:
        """The model's own numbers, shape (n,)."""
        return np.concatenate([self._own[name] for name in self.learn])

    def controls(self, theta: Floats) -> tuple[Floats, Floats]:
        """Weights and biases of the layers, shape (K,) each."""
        both = self._own | dict(zip(self.learn, theta.reshape(len(self.learn), -1), strict=True))
        return both["weight"], both["bias"]

    def path(self, theta: Floats) -> Path:
        """Forwards and back."""
        x, p = self._forwards(theta), np.empty((len(self.times) + 1, self.points.size))
        p[-1] = x[-1] - self.labels
        for k, (w, b) in reversed(list(enumerate(zip(*self.controls(theta), strict=True)))):
            p[k] = p[k + 1] + self.step * w * self.model.drift.derivative_u(w * x[k] + b, x[k]) * p[k + 1]
        return Path(x, p)

    def parts(self, theta: Floats) -> tuple[float, float]:
        """The terminal part of J and what the control costs."""
        off = self._forwards(theta)[-1] - self.labels
        return self._means([off * off])[0], 2.0 * self.penalty.value(theta)

    def hamiltonian(self, theta: Floats, path: Path) -> Floats:
        """Of every layer, by the adjoint at its end, shape (K,): constant but for O(dt)."""
        each = zip(path.states, path.adjoints[1:], theta.reshape(len(self.learn), -1).T, strict=False)
        return np.array([self.energy(k, x, p, found) for k, (x, p, found) in enumerate(each)])

    def energy(self, k: int, x: Floats, p: Floats, found: Floats) -> float:
        """2 E[p f(u)] + lam c^2 of controls c, shape (q,), for layer k."""
        w, b = self._with(k, found)
        return self._means([2.0 * p * self.model.drift(w * x + b, x)])[0] + math.fsum(self._rates(k) * found * found)

    def pointwise(self, k: int, x: Floats, p: Floats, begin: Floats) -> Floats:
        """The controls of layer k that make the Hamiltonian stationary where x and p are held, shape (q,).

        Newton's method on lam c + E[p f_u e] = 0 from `begin` on.

        Raises
        ------
        NotFiniteError
            If it does not converge.
        """
        found, rate = begin.copy(), self._rates(k)
        for _ in range(60):
            w, b = self._with(k, found)
            u, e = w * x + b, self._directions(x)
            by_u, twice = self.model.drift.derivative_u(u, x) * p, self._curvature(u, x) * p
            slope = rate * found + np.array(self._means([by_u * row for row in e]))
            pairs = np.array(self._means([twice * a * c for a in e for c in e])).reshape(len(e), len(e))
            step = solved(pairs + np.diag(rate), slope)
            if np.abs(step).max() <= 1e-15 * np.abs(found).max():
                if np.abs(slope).max() <= 1e-10 * np.abs(rate * found).max():
                    return found
                break  # no minimum is near
            found = found - step
        raise NotFiniteError(f"no control makes the Hamiltonian of layer {k} stationary", on_all_ranks=True)

    def curvatures(self, theta: Floats) -> Floats:
        """Second derivatives of `pointwise`'s Hamiltonian, times dt: blocks on the diagonals of a matrix, (n, n)."""
        path, many, q = self.path(theta), len(self.times), len(self.learn)
        matrix = np.diag(self.penalty.mass)
        for k, (w, b) in enumerate(zip(*self.controls(theta), strict=True)):
            x, e = path.states[k], self._directions(path.states[k])
            twice = self.step * self._curvature(w * x + b, x) * path.adjoints[k + 1]
            sums = np.array(self._means([twice * a * c for a in e for c in e])).reshape(q, q)
            matrix[k::many, k::many] += sums
        return matrix

    def linearised(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """The same as `derivatives`; far from a minimum, with as much on the diagonal as makes the matrix definite."""
        self.evaluations += 1
        value, slope, matrix = self.derivatives(theta)
        if not _is_definite(matrix):
            size = np.abs(matrix)
            matrix = matrix + np.eye(theta.size) * float((size.sum(axis=0) - np.diag(size) - np.diag(matrix)).max())
        return value, slope, matrix

    def derivatives(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Value, gradient and second derivatives of J/2: shapes (n,) and (n, n)."""
        x = self._forwards(theta)
        off = x[-1] - self.labels
        if self.ranks.minimum(int(np.isfinite(off).all())) == 0:
            return math.inf, np.zeros(theta.size), np.eye(theta.size)
        n = theta.size
        sums = np.zeros((-(-off.size // self.block), n * n + n + 1))  # of blocks: a triangle, the gradient, the squares
        sums[:, -1] = self._blocks(off * off)
        pairs = sums[:, : n * n].reshape(len(sums), n, n)
        mixed = self._backwards(theta, x, pairs, sums[:, n * n : -1])
        self._across(theta, x, mixed, pairs)
        total = ordered_sum(sums, self.ranks)
        triangle = total[: n * n].reshape(n, n)
        matrix = self.penalty.matrix() + triangle + triangle.T - np.diag(np.diag(triangle))
        value = 0.5 * float(total[-1]) + self.penalty.value(theta)
        return value, total[n * n : -1] + self.penalty.slope(theta), matrix

    def _backwards(self, theta: Floats, x: Floats, pairs: Floats, slopes: Floats) -> Floats:
        """Fill in sums of the gradient, and of second derivatives within a layer; q of every number, shape (n, m)."""
        many, dt, last = len(self.times), self.step, x[-1]
        mixed = np.empty((theta.size, last.size))
        p, second = last - self.labels, np.ones_like(last)
        for k, (w, b) in reversed(list(enumerate(zip(*self.controls(theta), strict=True)))):
            u, e = w * x[k] + b, self._directions(x[k])
            f_u, bent = dt * self.model.drift.derivative_u(u, x[k]), dt * self._curvature(u, x[k]) * p
            grown = 1.0 + w * f_u
            for i, row in enumerate(e):
                slopes[:, k + i * many] = self._blocks(p * f_u * row)
                mixed[k + i * many] = (grown * second * f_u + bent * w) * row
                if self.learn[i] == "weight":
                    mixed[k + i * many] += p * f_u
                for j in range(i + 1):
                    pairs[:, k + j * many, k + i * many] = self._blocks((second * f_u * f_u + bent) * row * e[j])
            second = grown * grown * second + bent * w * w
            p = grown * p
        return mixed

    def _across(self, theta: Floats, x: Floats, mixed: Floats, pairs: Floats) -> None:
        """Fill in sums of the second derivatives by two layers."""
        q, many = len(self.learn), len(self.times)
        moved = np.empty((q, many, self.points.size))  # dx_k/dc of the layers before k
        places = np.arange(q * many).reshape(q, many)
        for k, (w, b) in enumerate(zip(*self.controls(theta), strict=True)):
            f_u = self.step * self.model.drift.derivative_u(w * x[k] + b, x[k])
            before = moved[:, :k]
            for i in range(q):
                products = (before * mixed[k + i * many]).reshape(q * k, f_u.size)
                pairs[:, places[:, :k].reshape(-1), k + i * many] = self._rows(products)
            before *= 1.0 + w * f_u
            for i, direction in enumerate(self._directions(x[k])):
                moved[i, k] = f_u * direction

    def _forwards(self, theta: Floats) -> Floats:
        x = np.empty((len(self.times) + 1, self.points.size))
        x[0] = self.points
        for k, (w, b) in enumerate(zip(*self.controls(theta), strict=True)):
            x[k + 1] = x[k] + self.step * self.model.drift(w * x[k] + b, x[k])
        return x

    def _with(self, k: int, found: Floats) -> tuple[float, float]:
        """Weight and bias of layer k with these controls, shape (q,)."""
        given = dict(zip(self.learn, found.tolist(), strict=True))
        return given.get("weight", float(self._own["weight"][k])), given.get("bias", float(self._own["bias"][k]))

    def _rates(self, k: int) -> Floats:
        """lam of each control."""
        return np.asarray(self.penalty.mass.reshape(len(self.learn), -1)[:, k] / self.step)

    def _directions(self, x: Floats) -> list[Floats]:
        return [x if name == "weight" else np.ones_like(x) for name in self.learn]

    def _curvature(self, u: Floats, x: Floats) -> Floats:
        return over_arrays(self.model.drift.f_uu, u, x, constants=self.model.drift.constants)

    def _blocks(self, row: Floats) -> Floats:
        return block_sums(row * self.masses, self.block)

    def _rows(self, rows: Floats) -> Floats:
        """The same of several rows, shape (blocks, rows)."""
        if 0 < rows.shape[1] <= self.block and len(rows):  # a block each: one call
            return block_sums((rows * self.masses).reshape(-1), rows.shape[1])[None]
        return np.array([self._blocks(row) for row in rows]).reshape(len(rows), -(-rows.shape[1] // self.block)).T

    def _means(self, rows: list[Floats]) -> list[float]:
        found: list[float] = ordered_sum(np.stack([self._blocks(row) for row in rows], axis=1), self.ranks).tolist()
        return found


def _is_definite(matrix: Floats) -> bool:
    """Whether elimination meets positive pivots alone."""
    rest = matrix.copy()
    for k in range(len(rest)):
        if not rest[k, k] > 0.0:
            return False
        rest[k + 1 :, k + 1 :] -= rest[k + 1 :, k, None] * rest[k, k + 1 :] / rest[k, k]
    return True
