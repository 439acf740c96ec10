"""Cosine and sine of a word of 32 bits as a share of a turn, with their signs: what `particles.vmath32.turned` says."""

from __future__ import annotations

from typing import Any

from particles.base import words
from particles.base.jit import formula
from particles.vmath32 import turned


@formula
def cosine(word: Any) -> Any:
    even, _, back = turned(word)
    return words.float_of_bits(words.unsigned(even) ^ back)


@formula
def sine(word: Any) -> Any:
    _, odd, back = turned(word)
    return words.float_of_bits(words.unsigned(odd) ^ back)
