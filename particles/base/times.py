"""Times of a record: found by a number that rounding has moved, in no unit but the record's own."""

from __future__ import annotations

from collections.abc import Sequence

SHARE = 1e-9
"""Of the latest stored time."""


def index_of(times: Sequence[float], t: float) -> int | None:
    """Return which of the stored times is next to `t`, None where none is within 1e-9 of the latest one."""
    nearest = min(range(len(times)), key=lambda k: abs(times[k] - t), default=None)
    if nearest is None or not abs(times[nearest] - t) <= SHARE * max(abs(time) for time in times):
        return None
    return nearest
