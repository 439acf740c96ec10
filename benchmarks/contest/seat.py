"""A contestant's place in a run."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.contest.process import Contestant, Fault
from benchmarks.contest.registry import Entry
from benchmarks.contest.store import End


class Seat:
    """Where a contestant sits: its process, which stays from problem to problem as long as it answers."""

    def __init__(self, entry: Entry, limit: float) -> None:
        self.entry, self.limit = entry, limit
        self.absent: End | None = None
        self.compiled = 0.0  # seconds of its last preparations and first call
        self._process: Contestant | None = None

    def sit(self) -> Contestant | None:
        """Its process, started where there is none; None where it is `absent`, which no further try changes."""
        if self._process is not None and self._process.ended:
            self._process = None
        if self._process is None and self.absent is None:
            self._settle()
        return self._process

    def leave(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.close()

    def _settle(self) -> None:
        """Start it in the first Python that has its library."""
        for python in self.entry.pythons:
            try:
                process = Contestant(replace(self.entry, pythons=(python,)))
            except Fault as fault:
                self.absent = self.absent or End(fault.kind, str(fault))
                continue
            if process.about["version"] is not None:
                self.entry, self._process, self.absent = process.entry, process, None
                return
            process.close()
            self.absent = End("missing", f"{process.about['library']} is not installed", process.about)
