"""How far a run is: a small file beside its checkpoints, written by rank 0 now and then, read by `particles info`.

It is there while a run of more than a few seconds lasts, and after a kill; a run that leaves in order removes it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from pathlib import Path
from time import monotonic
from typing import Any

from particles.base.errors import InputError, SimresnetError
from particles.base.files import write_json
from particles.base.readers import read_json

NAME = "status.json"
EVERY = 10.0  # seconds between two, and before the first


class Status:
    """The file of a run that lasts, in the folder of its checkpoints, which is made where it is missing.

    Nothing that goes wrong with it stops the run.
    """

    def __init__(self, folder: str | Path, ranks: int) -> None:
        self._folder, self._ranks = Path(folder), ranks
        self._started, self._last = time.time(), monotonic()

    def tell(self, step: int, steps: int) -> None:
        """Write the file, if the last one is old enough."""
        if monotonic() - self._last < EVERY:
            return
        self._last = monotonic()
        told = {"step": step, "steps": steps, "ranks": self._ranks, "pid": os.getpid(), "host": platform.node()}
        with contextlib.suppress(OSError, SimresnetError):
            self._folder.mkdir(exist_ok=True)
            write_json(self._folder / NAME, {**told, "started": self._started, "written": time.time()})

    def remove(self) -> None:
        """Remove the file, and the folder if nothing else is in it."""
        with contextlib.suppress(OSError):
            (self._folder / NAME).unlink(missing_ok=True)
            self._folder.rmdir()


def read(folder: Path) -> dict[str, Any] | None:
    """What the file says, with ``running``: whether that process lives, None where it is another machine's; or None."""
    try:
        told = read_json(folder / NAME)
        numbers = {name: int(told[name]) for name in ("step", "steps", "ranks", "pid")}
        told = {**numbers, "host": str(told["host"]), **{name: float(told[name]) for name in ("started", "written")}}
    except (InputError, KeyError, TypeError, ValueError, OverflowError):
        return None
    if told["host"] != platform.node():
        return told | {"running": None}
    return told | {"running": Path("/proc", str(told["pid"])).exists()}
