"""When to write a checkpoint: wall clock, SIGUSR1, or a step named beforehand.

The signal's handler only sets a flag. The loop looks at it, and at the clock of rank 0, once a sweep, in the collective
that the finite check needs anyway, so that all ranks stop at the same step.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.errors import InputError, SimresnetError

if TYPE_CHECKING:
    from particles.parallel import Ranks

NOTHING, DUE, ASKED = 0, 1, 2  # requests; the largest of all ranks counts


class Stopped(SimresnetError):
    """The run has written a checkpoint and left, as it was asked to."""

    exit_code = 75


@dataclass(frozen=True)
class Checkpoints:
    """Where and when a run writes checkpoints.

    Parameters
    ----------
    folder : path
        Holds the newest two; made when the first is written, in a folder that exists.
    every : float > 0, optional
        Seconds of rank 0's clock between two.
    leave : bool, default False
        After one that SIGUSR1 asked for, end the run by `Stopped` on all ranks, exit code 75.
    stop_at : int >= 1, optional
        Write one after this step and end the run by `Stopped`.
    resume : bool, default False
        Start from the newest whole checkpoint of the same run. Without it, a folder that holds one is refused.
    announce : bool, default False
        Print a line on stderr when the first step is about to be taken; SIGUSR1 is heard on all ranks from then on.
    arguments : dict, optional
        Plain values to keep with each checkpoint: what a command line needs to rebuild the run.
    files : mapping of name to bytes, optional
        Files to keep with each checkpoint.

    Raises
    ------
    InputError
        If a number is out of range.
    """

    folder: str | Path
    every: float | None = None
    leave: bool = False
    stop_at: int | None = None
    resume: bool = False
    announce: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.every is not None and not 0.0 < self.every < math.inf:
            raise InputError(f"every = {self.every!r} must be a positive finite number of seconds")
        if self.stop_at is not None and not (isinstance(self.stop_at, int | np.integer) and self.stop_at >= 1):
            raise InputError(f"stop_at = {self.stop_at!r} must be an integer of at least 1")


class Watch:
    """Listens for SIGUSR1 while a run lasts; `None` listens for nothing.

    Parameters
    ----------
    checkpoints : Checkpoints, optional
    ranks : Ranks
    """

    def __init__(self, checkpoints: Checkpoints | None, ranks: Ranks) -> None:
        self._checkpoints = checkpoints
        self._ranks = ranks
        self._asked = False
        self._last = 0.0
        self._before: Any = None

    def __enter__(self) -> Watch:
        if self._checkpoints is not None and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGUSR1, self._hear)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGUSR1, self._before)

    def _hear(self, *signal_and_frame: object) -> None:
        self._asked = True

    def ready(self) -> None:
        """Say that the first step is about to be taken, once all ranks are there."""
        self._last = monotonic()
        if self._checkpoints is not None and self._checkpoints.announce:
            self._ranks.barrier()
            if self._ranks.rank == 0:
                told = f"running, pid {os.getpid()}; SIGUSR1 writes a checkpoint to {self._checkpoints.folder}"
                print(f"particles: {told}", file=sys.stderr, flush=True)

    def request(self) -> int:
        """What this rank asks for: NOTHING, DUE or ASKED."""
        if self._checkpoints is None:
            return NOTHING
        if self._asked:
            self._asked = False
            return ASKED
        every = self._checkpoints.every if self._ranks.rank == 0 else None
        if every is not None and monotonic() - self._last >= every:
            return DUE
        return NOTHING

    def end_of_sweep(self, k: int, n: int) -> int:
        """Step in (k, n] at which a sweep from step k to step n must end."""
        stop = self._checkpoints.stop_at if self._checkpoints is not None else None
        return stop if stop is not None and k < stop < n else n

    def wants(self, request: int, k: int) -> bool:
        """Whether a checkpoint is to be written after step k."""
        return self._checkpoints is not None and (request != NOTHING or k == self._checkpoints.stop_at)

    def written(self, request: int, k: int, steps: int) -> None:
        """Start the clock anew, or leave.

        Raises
        ------
        Stopped
            If the run is to end after this checkpoint.
        """
        self._last = monotonic()
        assert self._checkpoints is not None  # one was written
        if k == self._checkpoints.stop_at or (request == ASKED and self._checkpoints.leave):
            folder = self._checkpoints.folder
            raise Stopped(f"stopped after step {k} of {steps}; the checkpoint is in {folder}", on_all_ranks=True)
