"""Axes of a sweep, as a command line names them: ``model.weight=-2:-0.2:20``, ``model.nu2=0.01:1:5:log``,
``model.drift=relu,tanh``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from particles.base.checks import DECIMAL
from particles.base.errors import InputError
from particles.model.cases.changed import settings_of

MOST = 10_000
"""Points of a sweep."""
_ALLOWED = "allowed is LOW:HIGH:COUNT, LOW:HIGH:COUNT:log, or values with commas between them"


@dataclass(frozen=True)
class Axis:
    """A value of a case's file and what it takes.

    Parameters
    ----------
    key : str
        Its path, as ``--set`` has it.
    values : tuple of float or of str
        Two at least, each once.
    log : bool, default False
        Whether they are equidistant in the logarithm.
    """

    key: str
    values: tuple[float, ...] | tuple[str, ...]
    log: bool = False

    @property
    def words(self) -> bool:
        """Whether the values are words, not numbers."""
        return isinstance(self.values[0], str)


def axes_of(words: Sequence[str]) -> tuple[Axis, ...]:
    """Read the axes of a command line.

    Raises
    ------
    InputError
        If a word is no axis, a key is there twice, or there are more than `MOST` points.
    """
    axes = tuple(map(_axis, words))
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise InputError(f"{key} is swept twice: allowed is once")
    points = math.prod(len(axis.values) for axis in axes)
    if points > MOST:
        raise InputError(f"a sweep of {points} points: allowed are {MOST}")
    return axes


def points_of(axes: Sequence[Axis]) -> list[dict[str, float | str]]:
    """Settings of all points, the last axis the fastest."""
    keys = [axis.key for axis in axes]
    values: list[Sequence[float | str]] = [axis.values for axis in axes]
    return [dict(zip(keys, place, strict=True)) for place in itertools.product(*values)]


def _axis(word: str) -> Axis:
    key, mark, text = word.partition("=")
    if not mark or not text:
        raise InputError(f"{word!r:.80}: allowed is KEY=VALUES, such as model.weight=-2:-0.2:20")
    settings_of([f"{key}=0"])  # refuses what is no key
    parts = text.split(":")
    if len(parts) > 1:
        return _range(word, key, parts)
    values = [_value(word, part.strip()) for part in text.split(",")]
    if len({type(value) for value in values}) > 1:
        raise InputError(f"{word!r:.80}: numbers and words on one axis: allowed is one kind")
    if len(set(values)) < max(2, len(values)):
        raise InputError(f"{word!r:.80}: allowed are at least two values, each once")
    return Axis(key, tuple(values))  # type: ignore[arg-type]


def _range(word: str, key: str, parts: list[str]) -> Axis:
    """Equidistant values, both ends among them."""
    log = parts[-1] == "log"
    numbers = parts[:-1] if log else parts
    if len(numbers) != 3 or not all(map(DECIMAL.fullmatch, numbers)):
        raise InputError(f"{word!r:.80}: {_ALLOWED}")
    low, high, many = map(float, numbers)
    if not (math.isfinite(low) and math.isfinite(high) and low != high and many == int(many) and 2 <= many <= MOST):
        raise InputError(f"{word!r:.80}: LOW and HIGH are two finite numbers, COUNT an integer from 2 to {MOST}")
    if log and not min(low, high) > 0.0:
        raise InputError(f"{word!r:.80}: with log both ends are positive")
    values = np.geomspace(low, high, int(many)) if log else np.linspace(low, high, int(many))
    return Axis(key, tuple(values.tolist()), log)


def _value(word: str, text: str) -> float | str:
    if DECIMAL.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if text and text[0].isalpha() and text.replace("-", "").replace("_", "").isalnum() and text.isascii():
        return text
    raise InputError(f"{word!r:.80}: {text!r:.40} is no number and no word; {_ALLOWED}")
