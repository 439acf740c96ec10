"""Walls of a model: a pair of ends on the line, a box of such pairs in R^d."""

from __future__ import annotations

import math
from typing import Any

from particles.base.checks import require_finite
from particles.base.errors import InputError

Pair = tuple[float, float]


def checked_walls(walls: Any, dim: int, *, sticky: bool) -> Any:
    """Return the walls of a model of `dim` features as a pair, or for more than one as a tuple of pairs.

    Parameters
    ----------
    walls : sequence
    dim : int
    sticky : bool
        Whether they must be finite.

    Raises
    ------
    InputError
        If they are not one pair of increasing numbers a feature.
    """
    if dim == 1:
        _check(walls, sticky)
        return walls
    if len(walls) != dim or not all(isinstance(pair, tuple | list) for pair in walls):
        raise InputError(f"walls = {walls!r} must be {dim} pairs of increasing numbers, one a feature")
    for pair in walls:
        _check(pair, sticky)
    return tuple((low, high) for low, high in walls)


def _check(pair: Any, sticky: bool) -> None:
    for wall in pair:
        if not (isinstance(wall, float) and math.isinf(wall)):
            require_finite("walls", wall)
    if not (len(pair) == 2 and pair[0] < pair[1]):
        raise InputError(f"walls = {pair!r} must be two increasing numbers")
    if sticky and not all(map(math.isfinite, pair)):
        raise InputError(f"walls = {pair!r} must be finite where they are sticky")


def told(walls: Any) -> Any:
    """Walls as text, down to the last digit: infinite ones are no numbers of JSON."""
    return [told(wall) if isinstance(wall, tuple) else repr(wall) for wall in walls]
