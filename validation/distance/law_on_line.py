"""A law on the line as parabolas in cells, where its distribution function F is itself a quadrature.

F is looked at in four points of a cell, its ends and (1 -+ 1/sqrt 5)/2 between them (Lobatto's), and interpolated by a
cubic: the density is its derivative, and the distance to other parabolas exact (`line`). Halfway between these points
F itself says what the cubic is off by, and cells are halved until the sum of that, times their widths, is below
`ACCURACY` standard deviations: so much a W1 may be off.
"""

from __future__ import annotations

import numpy as np

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Law, Measure
from validation.distance import w1
from validation.distance.checks import require_mean
from validation.distance.distribution import OfLaw

ACCURACY = 1e-9
"""Of a W1 by these cells, in standard deviations of the law, or where it has none between its quartiles."""
_MOST = 2**18  # cells
_ROUNDING = 1e-12  # of F: what jumps by no more does not jump
_NODES = np.array([0.0, 0.5 - 0.5 / np.sqrt(5.0), 0.5 + 0.5 / np.sqrt(5.0), 1.0])
_BETWEEN = 0.5 * (_NODES[1:] + _NODES[:-1])
_COEFFICIENTS = np.linalg.inv(np.vander(_NODES, 4, increasing=True))  # of 1, t, t^2, t^3 from the four values


def w1_by_cells(measure: Measure, law: Law) -> float:
    """W1 on the line between a measure and a law, within `ACCURACY`; errors as of `w1_to_law`, and of `on_line`."""
    require_mean(law)
    cells = on_line(law)
    end = max(float(part.max(initial=-np.inf)) for part in (measure.points, measure.faces, cells.faces))
    return w1(measure, cells) + (OfLaw(law).beyond(end) if law.tail < np.inf else 0.0)


def on_line(law: Law) -> Measure:
    """Return a law as a measure of mass 1: parabolas between its breakpoints, and atoms, what is beyond them included.

    Raises
    ------
    InputError
        If it takes more than 2^18 cells.
    """
    faces = law.breakpoints()
    scale = law.std if law.std < np.inf else float(np.diff(law.quantile(np.array([0.25, 0.75])))[0])
    allowed, found = ACCURACY * scale, list[tuple[Floats, Floats, Floats]]()
    left, right, count, spent = faces[:-1], faces[1:], 0, 0.0
    while left.size:
        values, off = _look(law, left, right)
        miss = off * (right - left)
        fine = miss <= (allowed - spent) / (4.0 * left.size)
        fine |= ~((left < 0.5 * (left + right)) & (0.5 * (left + right) < right))
        found.append((left[fine], right[fine], values[:, fine]))
        spent += float(miss[fine].sum())
        middle = 0.5 * (left[~fine] + right[~fine])
        left, right = np.concatenate([left[~fine], middle]), np.concatenate([middle, right[~fine]])
        count += int(fine.sum())
        if count + left.size > _MOST:
            raise InputError(f"{law!r:.200} takes more than {_MOST} cells: compare with its averages on cells")
    return _measure(*(np.concatenate(parts, axis=-1) for parts in zip(*found, strict=True)))


def _look(law: Law, left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Values of F at the four points of each cell, shape (4, n), and what the cubic through them is off by between."""
    width = right - left
    x = left + width * _NODES[:, None]
    x[-1] = np.nextafter(right, left)  # at its end F may jump
    values = law.cdf(x)
    cubic = np.vander(_BETWEEN, 4, increasing=True) @ (_COEFFICIENTS @ values)
    return values, np.abs(cubic - law.cdf(left + width * _BETWEEN[:, None])).max(axis=0)


def _measure(left: Floats, right: Floats, values: Floats) -> Measure:
    order = np.argsort(left)
    faces, values = np.append(left[order], right.max()), values[:, order]
    jumps = np.append(values[0], 1.0) - np.append(0.0, values[-1])  # all that is beyond either end too
    held = np.abs(jumps) > _ROUNDING
    values[0, 1:] = np.where(held[1:-1], values[0, 1:], values[-1, :-1])
    _, a, b, c = _COEFFICIENTS @ values / np.diff(faces)
    density = np.stack([a + b + 0.75 * c, 2.0 * b + 3.0 * c, 3.0 * c])  # in s = t - 1/2
    return Measure(faces[None, held], jumps[held], faces, density)
