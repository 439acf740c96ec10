"""What a run has found: a file a setting, written whole, so that a run that was stopped goes on where it was.

::

    DIR/run.json                        commit, processor, versions of who judged
    DIR/PROBLEM/CONTESTANT/00.json ...  a setting each, from the cheapest
    DIR/PROBLEM/CONTESTANT/end.json     how it ended, and how it did on the sibling problem
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from particles.base.errors import InputError
from particles.base.files import write_json

RUN, END = "run.json", "end.json"
SAME = ("commit", "cpu")  # what all results of a folder have in common
_RUNG = re.compile(r"\d\d\.json")


@dataclass(frozen=True)
class Rung:
    """One setting of one contestant on one problem.

    Parameters
    ----------
    setting : dict
    seconds : float
        Shortest call, by the judge's clock, one thread.
    cpu, threads : float
        Processor seconds of all timed calls over their seconds, and over those of the thread that had most of them.
    first, prepare : float
        Seconds of the first call, which may compile, and of what came before it.
    memory : int
        Bytes, the most that it held above what it held when its library was loaded.
    calls : int
        Timed ones.
    errors : dict
        Of `score`, root mean squares over timed calls, each from a start that was not known; None where there is none.
    samples, floor : int, float, optional
        Particles, where the answer is that, and the mean W1 of as many independent draws.
    published : dict, optional
        Errors of the first call, from the start that is published.
    """

    setting: dict[str, Any]
    seconds: float
    cpu: float
    threads: float
    first: float
    prepare: float
    memory: int
    calls: int
    errors: dict[str, float | None]
    samples: int | None = None
    floor: float | None = None
    published: dict[str, float | None] | None = None


@dataclass(frozen=True)
class End:
    """How a contestant ended on a problem.

    Parameters
    ----------
    state : str
        "finished", "cannot", "missing", "failed", "refused", "hangs" or "crashed".
    why : str
    about : dict
        Title, library, its version, source, whether its answer is random.
    sibling : dict, optional
        Number of the setting that it solved a sibling of the problem with, and the errors there.
    """

    state: str
    why: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    sibling: dict[str, Any] | None = None


@dataclass(frozen=True)
class Entered:
    """All that is known of a contestant on a problem; `end` is None where the run was stopped before."""

    problem: str
    contestant: str
    rungs: tuple[Rung, ...]
    end: End | None


class Store:
    """A folder of results.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def require_place(self) -> None:
        """Refuse what can be no folder of a run: InputError."""
        if self.folder.is_file():
            raise InputError(f"out = {str(self.folder)!r} is a file: give a new folder, or that of an earlier run")
        if not self.folder.parent.is_dir():
            raise InputError(f"out = {str(self.folder)!r} must be in a folder that exists")

    def begin(self, record: dict[str, Any]) -> None:
        """Make the folder; InputError if it holds something else, or results of another commit or machine."""
        self.require_place()
        if self.folder.is_dir() and any(self.folder.iterdir()):
            told = self.record("out")
            for name in SAME:
                if told.get(name) != record[name]:
                    raise InputError(
                        f"out = {str(self.folder)!r} holds results of {name} {told.get(name)!r}, this is"
                        f" {record[name]!r}: give a new folder"
                    )
            return
        self.folder.mkdir(exist_ok=True)
        write_json(self.folder / RUN, record)

    def record(self, what: str = "DIR") -> dict[str, Any]:
        """What stands in `RUN`; InputError if the folder is none of a run."""
        try:
            return dict(json.loads((self.folder / RUN).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            raise InputError(f"{what} = {str(self.folder)!r} is no folder of a contest: it has no {RUN}") from None

    def of(self, problem: str, contestant: str) -> Entered:
        """What is known of a contestant on a problem."""
        folder = self.folder / problem / contestant
        rungs = [Rung(**_read(path)) for path in sorted(folder.glob("*.json")) if _RUNG.fullmatch(path.name)]
        end = folder / END
        return Entered(problem, contestant, tuple(rungs), End(**_read(end)) if end.is_file() else None)

    def all(self) -> tuple[Entered, ...]:
        """All that is known."""
        folders = sorted(path for path in self.folder.glob("*/*") if path.is_dir())
        return tuple(self.of(path.parent.name, path.name) for path in folders)

    def add(self, problem: str, contestant: str, number: int, rung: Rung) -> None:
        """Keep a setting."""
        write_json(self._made(problem, contestant) / f"{number:02d}.json", asdict(rung))

    def finish(self, problem: str, contestant: str, end: End) -> None:
        """Keep an end."""
        write_json(self._made(problem, contestant) / END, asdict(end))

    def _made(self, problem: str, contestant: str) -> Path:
        folder = self.folder / problem / contestant
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no result of a contest: {error}") from None
