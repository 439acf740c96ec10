"""Sliced W1 in R^d: the mean over directions theta on the sphere of W1 between the projections on theta.

SW1 = (1/K) sum_k W1(theta_k . mu, theta_k . nu), the theta_k fixed. In the plane theta_k has the angle (k + 1/2) pi/K:
the mean over them is that over all to 1e-3, 4e-6, 2e-10 for K = 4, 8, 16, for the spread of a normal law. Beyond they
are normal numbers by the counter-based generator, at the address (seed, direction, component), over their length. So
the first n of them are the same in every run. SW1 is a distance of its own, not an estimate of W1: a shift by a gives
E abs(theta . a), (2/pi) abs(a) in R^2. But it bounds W1, as each direction does: W1 >= max_theta W1(theta), and in the
plane W1 >= (pi/2) SW1 over all directions, since E abs(theta . v) = (2/pi) abs(v) (`lower_bound`).

A density is projected exactly (`projection`). Two clouds are too, though every projection is rounded: it is the
unevaluated sum of a number and of what its rounding lost (products after Dekker and Veltkamp, sums after Knuth; Ogita,
Rump and Oishi, SIAM J. Sci. Comput. 26, 2005). So neither a common shift nor single points far away cost a digit of
the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_type
from particles.base.errors import InputError
from particles.model import Law, Measure, Normal
from particles.philox import start_uniforms
from validation.distance import w1, w1_to_law
from validation.distance.checks import check_probability
from validation.distance.coupling import coupling, levels
from validation.distance.law_on_line import w1_by_cells
from validation.distance.projection import Projector

_SPLIT = 2.0**27 + 1.0
_MANY_FACES, _MANY_POINTS = 1000, 2**16  # each asks for ten values of F: far more than the cells of a law do
PLANE_SLICES, SPACE_SLICES = 16, 64


class Projected(Protocol):
    """A law in R^d whose projections on directions are known."""

    @property
    def dim(self) -> int:
        """Dimension d."""
        ...

    def projection(self, direction: Floats, /) -> Law:
        """Law of theta . X for a direction theta, shape (d,)."""
        ...


def directions(dim: int, count: int | None = None, *, seed: int | None = None) -> Floats:
    """Directions theta_0, ..., theta_(count - 1) on the unit sphere of R^dim, shape (dim, count).

    Parameters
    ----------
    dim : int >= 2
    count : int >= 1, default 16 in the plane and 64 beyond
    seed : int, default 0
        Beyond the plane; in it the angles are equispaced.

    Raises
    ------
    InputError
        If dim is 1, there is no direction, or a seed is given in the plane.
    """
    count = (PLANE_SLICES if dim == 2 else SPACE_SLICES) if count is None else count
    require_count("slices", count, most=10**9)
    if dim == 1:
        raise InputError("dimension 1 has one direction: allowed are 2 and more; on the line use validation.w1")
    if dim > 2:
        uniforms = [start_uniforms(0, count, component=j, seed=seed or 0) for j in range(dim)]
        normals = np.stack([Normal(0.0, 1.0).quantile(u) for u in uniforms])
        return np.asarray(normals / np.sqrt((normals * normals).sum(axis=0)))
    if seed is not None:
        raise InputError(f"seed = {seed!r} in the plane: its directions are equispaced angles, none is allowed")
    angles = (np.arange(count) + 0.5) * (math.pi / count)
    return np.stack([np.cos(angles), np.sin(angles)])


def sliced_w1(
    a: Measure, b: Measure | Projected, *, slices: int | None = None, seed: int | None = None, sharpened: bool = True
) -> float:
    """Sliced Wasserstein distance SW1 in R^d, d > 1: between clouds of any size, densities of the plane, and laws.

    Parameters
    ----------
    a : Measure
        Of mass 1 within 1e-9.
    b : Measure or law
        Of the same dimension; a law whose projections are known.
    slices : int >= 1, default 16 in the plane and 64 beyond
        Number of directions, see `directions`.
    seed : int, default 0
        Beyond the plane.
    sharpened : bool, default True
        False takes averages of cells for a density that is constant in each, a control: it costs (h^2/12) TV.

    Raises
    ------
    InputError
        If the dimensions differ or are 1, a measure is no probability, or there is no direction.

    See Also
    --------
    max_sliced_w1 : The largest of the directions.
    expected_sliced_w1 : What sampling alone makes.

    Notes
    -----
    To a law whose projections are quadratures, a product of two that are not normal, a density on more than 1000 faces
    and a cloud of more than 65 536 points are compared by parabolas, within 1e-9 of its standard deviation.

    ::

        SW1(mu, nu) = (1/K) sum_k W1(theta_k . mu, theta_k . nu),   in the plane theta_k of the angle (k + 1/2) pi/K

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Measure
    >>> from validation import sliced_w1
    >>> cloud, moved = (Measure.of_points(np.array([[0.0, 1.0], [y, y]])) for y in (0.0, 1.0))
    >>> [f"{sliced_w1(cloud, moved, slices=slices):.5f}" for slices in (4, 16, 64)]  # to 2/pi
    ['0.65328', '0.63764', '0.63668']
    >>> sliced_w1(cloud, Measure.of_points([0.0, 1.0]))
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: dimensions 2 and 1 must be equal and above 1; on the line use validation.w1
    """
    parts = sliced_distances(a, b, slices=slices, seed=seed, sharpened=sharpened)
    return math.fsum(parts) / parts.size


def max_sliced_w1(
    a: Measure, b: Measure | Projected, *, slices: int | None = None, seed: int | None = None, sharpened: bool = True
) -> float:
    """Largest W1 of the projections on the same directions, a lower bound of W1; parameters as of `sliced_w1`.

    Parameters
    ----------
    a : Measure
    b : Measure, or a law in R^d whose projections are known
    slices, seed, sharpened
        As in `sliced_w1`.

    Raises
    ------
    InputError
        As `sliced_w1`.

    Examples
    --------
    >>> import numpy as np
    >>> from particles.model import Measure
    >>> from validation import max_sliced_w1, w1
    >>> cloud, moved = (Measure.of_points(np.array([[0.0, 1.0], [y, y]])) for y in (0.0, 1.0))
    >>> print(f"{max_sliced_w1(cloud, moved):.3f} {w1(cloud, moved):.3f}")
    0.995 1.000
    """
    return float(sliced_distances(a, b, slices=slices, seed=seed, sharpened=sharpened).max())


def sliced_distances(
    a: Measure, b: Measure | Projected, *, slices: int | None = None, seed: int | None = None, sharpened: bool = True
) -> Floats:
    """W1 of the projections on every direction, shape (slices,); parameters and errors as of `sliced_w1`."""
    require_type("a", a, Measure, "a Measure")
    require_projected("b", b)
    if a.dim != b.dim or a.dim == 1:
        raise InputError(f"dimensions {a.dim} and {b.dim} must be equal and above 1; on the line use validation.w1")
    along = directions(a.dim, slices, seed=seed).T
    for measure in (a, b):
        if isinstance(measure, Measure):
            check_probability(measure)
    distance = _way(a, b, sharpened)
    return np.array([distance(theta) for theta in along])


def require_projected(name: str, given: Any) -> None:
    """Refuse what is neither a measure nor a law in R^d."""
    if not isinstance(given, Measure) and not hasattr(given, "projection"):
        raise InputError(f"{name} = {given!r:.60} must be a Measure, or a law in R^d whose projections are known")


def lower_bound(distances: Floats, dim: int) -> float:
    """Lower bound of W1 from the distances along `directions`: the largest, in the plane also a multiple of the mean.

    W1(theta) <= E abs(theta . (X - Y)) for the best coupling, and (1/K) sum_k abs(cos(phi - theta_k)) is at most
    1/(K sin(pi/(2 K))) for K equispaced angles, 2/pi for all.
    """
    largest, count = float(distances.max()), distances.size
    return largest if dim > 2 else max(largest, math.sin(0.5 * math.pi / count) * math.fsum(distances))


def _way(a: Measure, b: Measure | Projected, sharpened: bool) -> Callable[[Floats], float]:
    """How W1 along a direction is found."""
    if not isinstance(b, Measure):
        to_law, from_a = b, Projector(a, sharpened=sharpened)
        return lambda theta: _w1_to_projection(from_a(theta), to_law.projection(theta))
    if a.plane is None and b.plane is None:
        size = math.frexp(max(float(np.abs(measure.points).max()) for measure in (a, b)))[1]
        x, y = (Measure(np.ldexp(measure.points, -size), measure.masses) for measure in (a, b))
        return lambda theta: math.ldexp(_w1_along(theta, x, y), size)
    first, second = (Projector(measure, sharpened=sharpened) for measure in (a, b))
    return lambda theta: w1(first(theta), second(theta))


def _w1_to_projection(measure: Measure, law: Law) -> float:
    """W1 on the line to a law, by `w1_by_cells` where F would be asked for too often."""
    many = measure.faces.size > _MANY_FACES or measure.masses.size > _MANY_POINTS
    return w1_by_cells(measure, law) if law.costly and many else w1_to_law(measure, law)


def _w1_along(theta: Floats, a: Measure, b: Measure) -> float:
    (x, x_rest, x_masses), (y, y_rest, y_masses) = (_projected(measure, theta) for measure in (a, b))
    masses, i, j = coupling(levels(x_masses), levels(y_masses))
    return float((masses * np.abs((x[i] - y[j]) + (x_rest[i] - y_rest[j]))).sum())


def _projected(measure: Measure, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Projections in their order, what their rounding lost, and the masses."""
    total, rest = np.zeros(measure.masses.size), np.zeros(measure.masses.size)
    for weight, row in zip(theta, measure.points, strict=True):
        product = weight * row
        (w, w_low), (x, x_low) = _halves(weight), _halves(row)
        rest += ((w * x - product) + w * x_low + w_low * x) + w_low * x_low
        before, total = total, total + product
        back = total - before
        rest += (before - (total - back)) + (product - back)
    order = np.argsort(total, kind="stable")
    if np.any(total[order[1:]] == total[order[:-1]]):
        order = np.lexsort((rest, total))
    return total[order], rest[order], measure.masses[order]


def _halves(x: Floats) -> tuple[Floats, Floats]:
    """A number as a sum of two of 26 bits, so that their products are exact."""
    high = _SPLIT * x
    high = high - (high - x)
    return high, x - high
