"""The derivative of a loss at the horizon by everything a model is made of, by the adjoint of its scheme.

With p_0 = dl/dx_0 of a particle, that the adjoint ends with, a start of mean m and deviation s has dL/dm = E p_0,
dL/ds = E[p_0 (x_0 - m)/s]; without noise the horizon has dL/dT = E[p(T) f(T)] (Ruseckas, (16)). A bias that follows the
mean, b = -w m1, couples the particles: every step adds -w^T E[c] to the adjoint of each, c = dt f_u a.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from particles.base import parallel
from particles.base.arrays import Floats, ordered_product
from particles.base.checks import require_type
from particles.base.datasets import Axes
from particles.base.errors import NotFiniteError
from particles.base.shown import Shown
from particles.base.sums import exact_sums, ordered_sum
from particles.ensemble import BLOCK, Ensemble
from particles.kernels.reductions import block_sums
from particles.model import Model, Samples
from particles.philox import Address
from particles.run import Run
from particles.schemes.scheme import Scheme
from particles.training.losses import Loss

_BLOCKS = 256
"""Most blocks of particles whose sums are kept apart: a number of the count alone, so that all ranks add alike."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Gradient(Shown):
    """A loss and its derivatives.

    Parameters
    ----------
    loss : float
    levels : ndarray, shape (K + 1,)
        Time levels of the scheme.
    weights : ndarray, shape (K, D, D)
        By the weights of each step, with their factor 1/(d N).
    biases : ndarray, shape (K, D)
        By the biases of each step, a copy a neuron.
    nu2 : float
        By the noise's variance; 0 without noise.
    constant : float
        By the drift's first constant, `Drift.constant`; 0 where it has none.
    mean, std : ndarray, shape (d,)
        By mean and standard deviation of the start, a feature; `std` is NaN where the start has no width.
    horizon : float
        By the horizon; NaN with noise.
    slope : ndarray, shape (d,)
        Mean derivative by the readouts at the end: that by the target of a `Moment` is minus their sum.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Moment, gradient
    >>> task = {"count": 1000, "until": 5.0, "start": "quantile"}
    >>> found = gradient(cases["regression"].model, Euler(layers=50), Moment(2.0), **task)
    >>> found.levels.shape, found.weights.shape, found.biases.shape
    ((51,), (50, 1, 1), (50, 1))
    >>> print(f"{found.biases[0, 0]:.2e} {found.biases[-1, 0]:.2e}")  # first layer, last
    -4.23e-04 -1.00e-01
    """

    loss: float
    levels: Floats
    weights: Floats
    biases: Floats
    nu2: float
    constant: float
    mean: Floats
    std: Floats
    horizon: float
    slope: Floats

    _axes: ClassVar[Axes] = {
        "levels": ("level",), "weights": ("step", "row", "column"), "biases": ("step", "row"), "mean": ("feature",),
        "std": ("feature",),
    }  # fmt: skip


def gradient(
    model: Model,
    scheme: Scheme,
    loss: Loss,
    *,
    count: int | None = None,
    until: float,
    start: str | Samples = "random",
    seed: int = 0,
    replicate: int = 0,
    comm: Any = None,
) -> Gradient:
    """Differentiate a loss of the particles of `simulate`, exactly for the scheme; pathwise where there is noise.

    Collective; the same bytes on any number of ranks.

    Parameters
    ----------
    model, scheme, count, until, start, seed, replicate, comm
        As of `particles.simulate`.
    loss : Loss

    Raises
    ------
    InputError
        If an argument is out of range, or the scheme has no adjoint for the model.
    NotFiniteError
        If a particle or a derivative stops being finite.

    See Also
    --------
    gradient_by_quadrature : Without sampling.
    kinetic.gradient : By the equation.

    Notes
    -----
    ::

        a = a+ (1 + dt (s w f_u + f_x)),   dL/dw_k = s dt E[a+ f_u x],   dL/db_k = dt E[a+ f_u],   s = 1 or 1/(d N)

    backwards over the layers of Euler's scheme, a+ the adjoint after the layer; (112) of arXiv 1909.03767.

    Examples
    --------
    >>> from particles import Euler
    >>> from particles.model import cases
    >>> from particles.training import Moment, gradient
    >>> task = {"count": 1000, "until": 5.0, "start": "quantile"}
    >>> found = gradient(cases["regression"].model, Euler(layers=50), Moment(2.0), **task)
    >>> print(f"{found.loss:.6f} {found.weights.sum():.6f} {found.biases.sum():.6f}")
    0.500047 -0.990553 -0.990941
    """
    many: Any = start.count if count is None and isinstance(start, Samples) else count
    run = Run(count=many, until=until, start=start, seed=seed, replicate=replicate)
    return Sweep.prepared(model, scheme, loss, run, comm).gradient()


@dataclass(frozen=True, eq=False)
class Sweep:
    """A gradient, ready to be carried out: its particles are drawn.

    Parameters
    ----------
    model, scheme, loss, run
        As of `gradient`.
    levels : ndarray, shape (K + 1,)
    ensemble : Ensemble
    begin : ndarray, shape (D, m)
        This rank's particles at the start.
    """

    model: Model
    scheme: Scheme
    loss: Loss
    run: Run
    levels: Floats
    ensemble: Ensemble
    begin: Floats

    @classmethod
    def prepared(cls, model: Model, scheme: Scheme, loss: Loss, run: Run, comm: Any) -> Sweep:
        """Check what is asked, and draw the particles; errors as `gradient`."""
        require_type("model", model, Model, "a Model")
        levels = run.check(model, scheme)
        scheme.require_adjoint(model)
        loss.given(model.dim, 0, 0)
        block = -(-run.count // (_BLOCKS * BLOCK)) * BLOCK
        ensemble = Ensemble(run.count, parallel.of(comm), block)
        return cls(
            model, scheme, loss, run, levels, ensemble, ensemble.start(model, run.start, run.seed, run.replicate)
        )

    def of(self, model: Model) -> Sweep:
        """The same particles, of a model that differs in learnt numbers alone."""
        return dataclasses.replace(self, model=model, levels=self.scheme.levels(model, self.run.until, self.run.times))

    def gradient(self) -> Gradient:
        """Sweep forwards and back, and add up."""
        model, size = self.model, self.model.size
        state = self.begin.copy()
        sums, slopes = self._coupled(state) if model.mean_coupled else self._free(state)
        values, at_end = self._terms(state)
        rows = sums.reshape(len(sums), math.prod(sums.shape[1:]))  # no -1: a rank without particles has no block
        total = ordered_sum(rows, self.ensemble.ranks).reshape(sums.shape[1:]) / self.ensemble.count
        found = Gradient(
            loss=self._means(values[None])[0],
            levels=self.levels,
            weights=total[:, : size * size].reshape(-1, size, size),
            biases=total[:, size * size : size * (size + 1)],
            nu2=float(total[:, -2].sum()),
            constant=float(total[:, -1].sum()),
            horizon=self._horizon(state, at_end),
            slope=np.array(self._means(at_end[: model.dim])) * model.neurons,
            **self._start(slopes),
        )
        if not np.isfinite([found.loss, *total.reshape(-1)]).all():
            raise NotFiniteError(f"the loss {self.loss.name!r} or a derivative of it is not finite")
        return found

    def _free(self, state: Floats) -> tuple[Floats, Floats]:
        """Sums of blocks and p_0 where the parameters of all steps are known beforehand."""
        rows = self.scheme.parameters(self.model, self.levels, 0, len(self.levels) - 1, None)
        address, block = self._address(0), self.ensemble.block
        given = self.loss.given(self.model.dim, self.ensemble.local.start, state.shape[1])
        if given is not None and self.model.neurons == 1:  # forwards and backwards in one go
            return self.scheme.retrace(self.model, state, given, rows, address, block, self.loss.start), given
        at_end = state.copy()
        self.scheme.advance(self.model, at_end, rows, address)
        slopes = self._terms(at_end)[1]
        return self.scheme.retrace(self.model, state, slopes, rows, address, block), slopes

    def _coupled(self, state: Floats) -> tuple[Floats, Floats]:
        """The same step by step, with the means of all particles: the state of every step is kept."""
        model, size, block = self.model, self.model.size, self.ensemble.block
        before, means, rows, sums = [], [], [], []
        for k in range(len(self.levels) - 1):
            before.append(state.copy())
            means.append(self.ensemble.moments(state)[0])
            rows.append(self.scheme.parameters(model, self.levels, k, k + 1, means[k]))
            self.scheme.advance(model, state, rows[k], self._address(k))
        slopes = self._terms(state)[1]
        for k in range(len(rows) - 1, -1, -1):
            found = self.scheme.retrace(model, before.pop(), slopes, rows[k], self._address(k), block)
            by_bias = found[:, 0, size * size : size * (size + 1)]
            all_of_it = ordered_sum(by_bias, self.ensemble.ranks) / self.ensemble.count
            for i, row in enumerate(model.weights(self.levels[k])[0]):  # a fixed order: no product of a library
                slopes -= (row * all_of_it[i])[:, None]
            found[:, 0, : size * size] -= (by_bias[:, :, None] * means[k]).reshape(len(found), size * size)
            sums.append(found)
        return np.concatenate(sums[::-1], axis=1), slopes

    def _address(self, step: int) -> Address:
        return Address(self.ensemble.local.start, self.run.seed, self.run.replicate, step)

    def _terms(self, state: Floats) -> tuple[Floats, Floats]:
        """Terms of the loss and their derivatives by the state at the end: a readout is the mean over neurons."""
        model, local = self.model, self.ensemble.local
        copies = state.reshape(model.neurons, model.dim, -1)
        ends = copies[0]
        for copy in copies[1:]:
            ends = ends + copy
        ends = ends / model.neurons
        values, slopes = self.loss.terms(ends, self._levels(ends[0]), local.start)
        return values, np.tile(slopes / model.neurons, (model.neurons, 1))

    def _levels(self, x: Floats) -> Floats:
        """(rank + 1/2)/M of this rank's particles in the whole cloud; not asked by every loss."""
        if not self.loss.ordered:
            return np.empty(0)
        whole = self.ensemble.ranks.concatenate(x)
        places = np.empty(whole.size)
        places[np.argsort(whole, kind="stable")] = np.arange(whole.size)
        local = self.ensemble.local
        return np.asarray((places[local.start : local.stop] + 0.5) / whole.size)

    def _means(self, rows: Floats) -> list[float]:
        """Means over all particles of all ranks, of rows of this rank's: sums of blocks, added exactly.

        A line search near a minimum lives on the last digits of the loss.
        """
        sums = np.stack([block_sums(row, self.ensemble.block) for row in np.ascontiguousarray(rows)])
        parts = exact_sums(sums, self.ensemble.ranks)
        return [math.fsum(row) / self.ensemble.count for row in parts.tolist()]

    def _start(self, slopes: Floats) -> dict[str, Floats]:
        model = self.model
        per_feature = slopes.reshape(model.neurons, model.dim, -1)
        rows = per_feature[0]
        for copy in per_feature[1:]:
            rows = rows + copy
        if model.walls is not None:  # a start that is put at a wall does not move with the law
            low, high = np.array(model.box).T[:, :, None]
            rows = np.where((self.begin > low) & (self.begin < high), rows, 0.0)
        means, stds = np.atleast_1d(model.initial.mean), np.sqrt(np.atleast_1d(model.initial.variance))
        by_std = [
            self._means((row * (x - mean))[None])[0] / std if 0.0 < std < math.inf else math.nan
            for row, x, mean, std in zip(rows, self.begin[: model.dim], means.tolist(), stds.tolist(), strict=True)
        ]
        return {"mean": np.array(self._means(rows)), "std": np.array(by_std)}

    def _horizon(self, state: Floats, slopes: Floats) -> float:
        model = self.model
        if model.nu2 > 0.0:
            return math.nan
        weights = model.weights(self.run.until)
        mean = self.ensemble.moments(state)[0] if model.mean_coupled else None
        biases = model.biases(self.run.until, weights, mean)[0]
        u = ordered_product(weights[0], state) + biases[:, None]
        speed = model.drift(u, state)
        if model.walls is not None and model.wall == "sticky":  # what a wall holds moves no more
            low, high = np.array(model.box).T
            speed = np.where((state > low[:, None]) & (state < high[:, None]), speed, 0.0)
        return self._means((slopes * speed).sum(axis=0)[None])[0]
