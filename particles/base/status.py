"""How far a run is: a small file beside its checkpoints, written by rank 0 now and then, read by `particles info`.

It is there while a run of more than a few seconds lasts, and after a kill; a run that leaves in order removes it.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import time
from pathlib import Path
from time import monotonic
from typing import Any

from particles.base.errors import InputError, SimresnetError
from particles.base.files import write_json
from particles.base.progress import spoken
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

    def tell(self, step: int, steps: int | None) -> None:
        """Write the file, if the last one is old enough; without `steps` where nobody knows of how many."""
        if monotonic() - self._last < EVERY:
            return
        self._last = monotonic()
        told = {"step": step, "ranks": self._ranks, "pid": os.getpid(), "host": platform.node()}
        told |= {} if steps is None else {"steps": steps}
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
        names = ("step", *(["steps"] if "steps" in told else []), "ranks", "pid")
        numbers = {name: int(told[name]) for name in names}
        told = {**numbers, "host": str(told["host"]), **{name: float(told[name]) for name in ("started", "written")}}
    except (InputError, KeyError, TypeError, ValueError, OverflowError):
        return None
    if told["host"] != platform.node():
        return told | {"running": None}
    return told | {"running": Path("/proc", str(told["pid"])).exists()}


def unfinished(status: dict[str, Any] | None, checkpoint: Path | None, kept: dict[str, Any]) -> dict[str, Any]:
    """What a status file and the newest checkpoint, one of which there is, say of a run that is not finished.

    `kept` is what the checkpoint says: its "step", the "steps" of the whole run where they are known, and more.
    """
    told: dict[str, Any] = status or {"running": False}
    if checkpoint is not None:
        place = {"checkpoint": str(checkpoint), "checkpoint_step": kept["step"]}
        told = kept | told | place | {"checkpoint_written": checkpoint.stat().st_mtime}
    return told | ({"share": told["step"] / told["steps"]} if "steps" in told else {})


def sentences(program: str, run: str, told: dict[str, Any], what: str) -> list[str]:
    """The same in a few lines for people; `what` it is, by its checkpoint."""
    step = f"step {told['step']}"
    if "steps" in told:
        step += f" of {told['steps']}, {math.floor(100.0 * told['share'])} %"
    if "pid" in told:
        where = f"pid {told['pid']} on {told['host']}, {told['ranks']} rank{'s' * (told['ranks'] > 1)}"
        heard = f"heard of {spoken(time.time() - told['written'])} ago"
        state = {True: "running", False: "no longer running", None: "on another machine"}[told["running"]]
        lines = [f"{run}: {state}: {step}; {where}, {heard}"]
    else:
        lines = [f"{run}: stopped after {step}"]
    if "checkpoint" in told:
        ago = spoken(time.time() - told["checkpoint_written"])
        lines.append(f"checkpoint  {told['checkpoint']}, {what}, {ago} ago")
    if told["running"]:
        lines.append(f"to have one written: kill -USR1 {told['pid']}")
    else:
        go_on = f"python -m {program} resume {run}" if "checkpoint" in told else "no checkpoint: start it again"
        lines.append(f"to go on    {go_on}")
    return lines
