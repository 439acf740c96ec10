"""Is a cloud in R^d as close to a law as M independent draws of it are? Null laws of sliced and of max-sliced W1.

Both depend on all directions together, and are simulated: M draws of the law, projected on every direction, and

    W1(theta) = sum_k width_k abs(R_k/M - S(x_k)),   R_k the number of draws right of x_k, S = 1 - F_theta,

with the nodes of the null law on the line (`null`). Simulated are at most 1024 draws at a time: for larger M the
distances are those of 1024 times the ratio of the exact means (`sliced_floor`), since sqrt(M) SW1 has a limit law and
sd/mean moves by some 1 % from there on. The same factor takes away what the nodes cost, so that the mean of the null
law is the exact one up to the noise of 4000 clouds, 0.4 %. A density is drawn from its sharpened cells, evenly in each.
One case costs one to two seconds, whatever M.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.jit import Formula, kernel
from particles.base.shown import Shown
from particles.model import Law, Measure
from particles.philox import start_uniforms
from validation.distance.distribution import distribution_of
from validation.distance.floor import mean_absolute_deviation
from validation.distance.null import NULL, NullLaw, panels
from validation.distance.projection import on_direction
from validation.distance.sliced import Projected, directions, require_projected
from validation.distance.sliced_floor import expected_sliced_w1, projections

CLOUDS, MOST = 4000, 1024
_CHUNK = 2**20  # draws at a time
_BUCKETS = 4096


class Sampled(Projected, Protocol):
    """A law in R^d whose projections are known, and that can be drawn from."""

    def sample(self, u: Floats, /) -> Floats:
        """Draws, shape (d, n), from uniform numbers of shape (d, n)."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class SlicedNull(Shown):
    """What sliced and max-sliced W1 between `count` independent draws of a law and the law are by chance.

    Parameters
    ----------
    sliced, largest : NullLaw
        Of `sliced_w1` and of `max_sliced_w1`; the mean of the former is `expected_sliced_w1`, of the latter simulated.

    Examples
    --------
    >>> from particles.model import Normal, Product
    >>> from validation import sliced_null_law
    >>> law = sliced_null_law(Product([Normal(0.0, 1.0), Normal(0.0, 1.0)]), 100)
    >>> print(f"{law.sliced.mean:.3f} {law.largest.mean:.2f}")
    0.127 0.17
    """

    sliced: NullLaw
    largest: NullLaw


def sliced_null_law(
    law: Sampled | Measure, count: int, *, slices: int | None = None, seed: int | None = None
) -> SlicedNull:
    """Simulate sliced W1 between `count` independent draws of a law in R^d and the law itself.

    Parameters
    ----------
    law : law or Measure
        A law that can be drawn from and whose projections are known; a measure of the plane with a density, mass 1.
    count : int >= 1
    slices, seed
        Directions, those of `sliced_w1`.

    Raises
    ------
    InputError
        As `expected_sliced_w1`.

    Examples
    --------
    >>> from particles.model import Normal, Product
    >>> from validation import expected_sliced_w1, sliced_null_law
    >>> law = Product([Normal(0.0, 1.0), Normal(0.0, 1.0)])
    >>> null = sliced_null_law(law, 100)
    >>> print(f"{null.sliced.mean:.3f} {expected_sliced_w1(law, 100):.3f}")
    0.127 0.127
    >>> print(f"{null.sliced.p_value(0.2):.2f}")
    0.02
    """
    require_count("count", count)
    require_projected("law", law)
    along, size = directions(law.dim, slices, seed=seed), min(count, MOST)
    rules = [_Rule.of(part) for part in projections(law, along)]
    distances = np.empty((len(rules), CLOUDS))
    each = max(1, _CHUNK // size)
    draw = _Drawing(law)
    for first in range(0, CLOUDS, each):
        clouds = min(each, CLOUDS - first)
        points = draw(first * size, clouds * size)
        for theta, rule, row in zip(along.T, rules, distances, strict=True):
            rule.fill(on_direction(theta, points), size, row[first : first + clouds])
    mean = expected_sliced_w1(law, count, slices=slices, seed=seed)
    by_nodes = float(np.mean([rule.mean(size) for rule in rules]))
    distances *= mean / by_nodes if by_nodes > 0.0 else 1.0
    sliced, largest = np.sort(distances.mean(axis=0)), np.sort(distances.max(axis=0))
    return SlicedNull(NullLaw(count, sliced, mean), NullLaw(count, largest, float(largest.mean())))


@dataclass(frozen=True)
class _Rule:
    """W1 to one projection from counts between nodes."""

    nodes: Floats
    widths: Floats
    survival: Floats

    @staticmethod
    def of(part: Law | Measure) -> _Rule:
        return _Rule(*panels(distribution_of(part)))

    def mean(self, size: int) -> float:
        """Exact mean of what `fill` gives."""
        return float((self.widths * mean_absolute_deviation(self.survival, size)).sum())

    def fill(self, values: Floats, size: int, out: Floats) -> None:
        """W1 of clouds of `size` values each."""
        if self.nodes.size == 0:
            out[:] = 0.0
            return
        low, high = float(self.nodes[0]), float(self.nodes[-1])
        scale = (_BUCKETS - 1) / (high - low) if high > low else 0.0
        places = ((self.nodes - low) * scale).astype(np.int64)
        first = np.searchsorted(places, np.arange(_BUCKETS))
        _distances()(values, size, self.nodes, first, low, scale, self.widths, self.survival, out)


class _Drawing:
    """Draws of a law or of a measure, at addresses that no run uses."""

    def __init__(self, law: Sampled | Measure) -> None:
        self._law = law
        if isinstance(law, Measure):
            self._pieces = _pieces(law)
            self._sums = np.cumsum(self._pieces[0])

    def __call__(self, first: int, count: int) -> Floats:
        u = np.stack(
            [start_uniforms(first, count, component=k, replicate=1, purpose=NULL) for k in range(self._law.dim)]
        )
        if not isinstance(self._law, Measure):
            return self._law.sample(u)
        masses, corners, sides = self._pieces
        at = u[0] * self._sums[-1]
        piece = np.minimum(np.searchsorted(self._sums, at, side="right"), masses.size - 1)
        u[0] = np.clip((at - (self._sums[piece] - masses[piece])) / masses[piece], 0.0, 1.0)
        return np.asarray(corners[:, piece] + sides[:, piece] * u)


def _pieces(measure: Measure) -> tuple[Floats, Floats, Floats]:
    """Masses, shape (n,), low corners and sides, (d, n), of boxes that hold the mass of a measure evenly."""
    masses, corners, sides = [measure.masses], [measure.points], [np.zeros_like(measure.points)]
    plane = measure.plane
    if plane is not None:
        x, y = (faces[:-1] for faces in plane.faces)
        lengths = np.array(plane.widths)[:, None]
        masses.append(plane.sharpened.reshape(-1))
        corners.append(np.stack([part.reshape(-1) for part in np.broadcast_arrays(x, y[:, None])]))
        sides.append(np.broadcast_to(lengths, corners[-1].shape))
        for k, wall in enumerate(plane.walls):
            across, at = plane.wall_at(k)
            masses.append(wall.cell_masses)
            low = np.full((2, wall.cell_masses.size), at)
            low[1 - across] = wall.faces[:-1]
            corners.append(low)
            sides.append(np.where(np.arange(2)[:, None] == across, 0.0, lengths) * np.ones(low.shape))
    found, low, side = np.concatenate(masses), np.concatenate(corners, axis=1), np.concatenate(sides, axis=1)
    held = found > 0.0
    return found[held], low[:, held], side[:, held]


@kernel
def _distances() -> Formula:
    """sum_k width_k abs(R_k/M - S_k) of clouds that lie one after the other; first[b]: nodes in buckets below b."""

    def loop(
        values: Any, size: int, nodes: Any, first: Any, low: float, scale: float, widths: Any, survival: Any, out: Any
    ) -> None:
        n, last = nodes.size, first.size - 1
        counts = np.empty(n + 1, dtype=np.int64)
        for cloud in range(out.size):
            counts[:] = 0
            for i in range(cloud * size, (cloud + 1) * size):
                bucket = (values[i] - low) * scale
                k = 0
                if bucket >= last:
                    k = first[last]
                elif bucket > 0.0:
                    k = first[int(bucket)]
                while k < n and nodes[k] < values[i]:
                    k += 1
                counts[k] += 1
            right, total = size, 0.0
            for k in range(n):
                right -= counts[k]
                total += widths[k] * abs(right / size - survival[k])
            out[cloud] = total

    return loop
