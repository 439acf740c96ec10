"""When the process looks for cyclic garbage: never while modules are loaded, which leave none.

Python looks through all young objects whenever 700 more were made than freed, and through all objects whenever a
quarter more are old. Loading numba makes some 10^5 that stay for good, so that looking took a third of a short run,
and the interpreter's end, which looks once more, another fifth.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unwatched() -> Iterator[None]:
    """Look for none inside."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


_held = False


def hold() -> None:
    """Look for none in a command line from here on until `release`, nor at its end, where all memory goes anyway."""
    global _held
    _held = True
    gc.disable()
    atexit.register(gc.freeze)


def release() -> None:
    """Look for garbage again after `hold`, but never among what is there now: modules, and the values in them."""
    global _held
    if _held:
        _held = False
        gc.freeze()
        gc.enable()
