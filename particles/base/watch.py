"""When to write a checkpoint: wall clock, SIGUSR1, SIGTERM, a step named beforehand, or the end of the job near.

A signal's handler only sets a flag. The loop looks at it, and at the clock of rank 0, once a sweep, in the collective
that the finite check needs anyway, so that all ranks stop at the same step.

The end of a job is what `max_wall` says, else Slurm's SLURM_JOB_END_TIME where it is set. The last checkpoint begins
while there is still time for two of them and two sweeps.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from particles.base import signals
from particles.base.checks import require_count, require_positive
from particles.base.errors import SimresnetError
from particles.base.status import Status
from particles.base.terminal import say

if TYPE_CHECKING:
    from particles.base.parallel import Ranks

NOTHING, DUE, ASKED, LEAVE = 0, 1, 2, 3  # requests; the largest of all ranks counts
RATE = 1e8  # bytes a second and rank that a first checkpoint is taken to write, until one has been timed
MARGIN = 2.0  # seconds
END = "SLURM_JOB_END_TIME"  # seconds since 1970
FAR = 10 * 365 * 86400.0  # a job that ends later has no end


class Stopped(SimresnetError):
    """The run has written a checkpoint and left, as it was asked to.

    Examples
    --------
    >>> from particles import Stopped
    >>> Stopped.exit_code  # a batch system reads it as: run me again
    75
    """

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
        Write one after this step, or at the first look at the state after it, and end the run by `Stopped`.
    resume : bool, default False
        Start from the newest whole checkpoint of the same run. Without it, a folder that holds one is refused.
    or_begin : bool, default False
        With `resume`, start anew where the folder holds none.
    max_wall : float > 0, optional
        Seconds since the process began after which the job may end: write one in time and end the run by `Stopped`. By
        default the end that Slurm tells in SLURM_JOB_END_TIME, if it does.
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

    Examples
    --------
    >>> from particles import Checkpoints, Euler, Stopped, simulate
    >>> from particles.model import cases
    >>> model = cases["regression"].model
    >>> run = {"model": model, "scheme": Euler(layers=10), "count": 1000, "until": 1.0}
    >>> try:
    ...     simulate(**run, checkpoints=Checkpoints("kept", stop_at=5))
    ... except Stopped as told:
    ...     print(told)
    stopped after step 5 of 10; the checkpoint is in kept
    >>> resumed = simulate(**run, checkpoints=Checkpoints("kept", resume=True))
    >>> resumed.digests() == simulate(**run).digests()  # the same bytes
    True
    """

    folder: str | Path
    every: float | None = None
    leave: bool = False
    stop_at: int | None = None
    resume: bool = False
    or_begin: bool = False
    max_wall: float | None = None
    announce: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of_options(
        cls, folder: str | Path, options: Any, *, resume: bool, or_begin: bool, arguments: dict[str, Any],
        files: dict[str, bytes],
    ) -> Checkpoints:  # fmt: skip
        """Those of a command line, see `particles.base.command.add_checkpoints`; the rest as of the class."""
        wanted = (options.checkpoint_every, options.stop_at, options.max_wall)
        return cls(
            folder, every=options.checkpoint_every, leave=options.exit_on_signal, stop_at=options.stop_at,
            resume=resume, or_begin=or_begin, max_wall=options.max_wall, arguments=arguments, files=files,
            announce=options.exit_on_signal or resume or any(value is not None for value in wanted),
        )  # fmt: skip

    def __post_init__(self) -> None:
        for name in ("every", "max_wall"):
            if (seconds := getattr(self, name)) is not None:
                require_positive(name, seconds, low=0.0, high=math.inf)
        if self.stop_at is not None:
            require_count("stop_at", self.stop_at)


class Watch:
    """Listens for SIGUSR1 and SIGTERM, and looks at the clock, while a run lasts; without checkpoints it does nothing.

    SIGTERM writes a checkpoint and ends the run by `Stopped`; not after the last step, since storing takes no longer.
    `size` is the bytes that this rank writes to a checkpoint, `program` the one that speaks.
    """

    def __init__(
        self, checkpoints: Checkpoints | None, ranks: Ranks, size: float = 0.0, program: str = "particles"
    ) -> None:
        self._checkpoints, self._program = checkpoints, program
        self._ranks = ranks
        self._first = ranks.rank == 0
        self._before: dict[Any, Any] = {}
        self._status = Status(checkpoints.folder, ranks.size) if checkpoints is not None and self._first else None
        self._end = _end(checkpoints) if checkpoints is not None and self._first else math.inf
        self._last = self._looked = monotonic()
        self._sweep = 0.0  # the longest so far
        self._cost = size / RATE  # seconds of a checkpoint
        self._step, self._stops = 0, False

    def __enter__(self) -> Watch:
        if self._checkpoints is not None:
            self._before = signals.listen()
        return self

    def __exit__(self, *error: object) -> None:
        signals.stop_listening(self._before)
        if self._status is not None:
            self._status.remove()

    def ready(self, step: int = 0) -> None:
        """Say that the step after `step` is about to be taken, once all ranks are there; SIGTERM waits for the loop."""
        self._step = step
        if self._checkpoints is not None:
            signals.heard.deferred = True
            if self._checkpoints.announce:
                self._ranks.barrier()
                if self._first:
                    where = f"on from step {step}; " if step else ""
                    told = (
                        f"running, pid {os.getpid()}; {where}SIGUSR1 writes a checkpoint to {self._checkpoints.folder}"
                    )
                    say(self._program, told)
        self._last = self._looked = monotonic()

    def request(self) -> int:
        """What this rank asks for: NOTHING, DUE, ASKED or LEAVE."""
        if self._checkpoints is None:
            return NOTHING
        now = monotonic()
        self._sweep, self._looked = max(self._sweep, now - self._looked), now
        if signals.heard.end or self._end - now < MARGIN + 2.0 * (self._cost + self._sweep):
            return LEAVE
        if signals.heard.checkpoint:
            signals.heard.checkpoint = False
            return ASKED
        every = self._checkpoints.every if self._first else None
        return DUE if every is not None and now - self._last >= every else NOTHING

    def end_of_sweep(self, k: int, n: int) -> int:
        """Step in (k, n] at which a sweep from step k to step n must end."""
        stop = self._checkpoints.stop_at if self._checkpoints is not None else None
        return stop if stop is not None and k < stop < n else n

    def wants(self, request: int, k: int, steps: int | None) -> bool:
        """Whether a checkpoint is to be written after step k of so many, None where nobody knows of how many."""
        if self._status is not None:
            self._status.tell(k, steps)
        asked = request in (DUE, ASKED) or (request == LEAVE and (steps is None or k < steps))
        stop = self._checkpoints.stop_at if self._checkpoints is not None else None
        self._stops = stop is not None and self._step < stop <= k
        self._step = k
        return self._checkpoints is not None and (asked or self._stops)

    def written(self, request: int, k: int, steps: int | None) -> None:
        """Start the clock anew, or leave by `Stopped` where the run is to end after this checkpoint."""
        now = monotonic()
        self._cost, self._last, self._looked = now - self._looked, now, now
        assert self._checkpoints is not None  # one was written
        leaves = request == LEAVE or (request == ASKED and self._checkpoints.leave)
        if self._stops or leaves:
            folder = self._checkpoints.folder
            told = f"step {k}" if steps is None else f"step {k} of {steps}"
            raise Stopped(f"stopped after {told}; the checkpoint is in {folder}", on_all_ranks=True)


def _end(checkpoints: Checkpoints) -> float:
    """When the job ends, on the clock of `monotonic`; infinity where nobody says so."""
    if checkpoints.max_wall is not None:
        return signals.began + checkpoints.max_wall
    told = os.environ.get(END, "")
    left = int(told) - time.time() if told.isdigit() else math.inf
    return monotonic() + left if 0.0 < left < FAR else math.inf
