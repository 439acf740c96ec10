"""Who takes part: entry points of the group `contestant.GROUP`, of this Python and of the contest's environments.

An environment is a folder ``contest`` beside this Python's own files, or one below it: ``.venv/contest/bin/python``,
``.venv/contest/NAME/bin/python``. A contestant runs in the first Python that has its library; which that is, the
process says that starts there (`process`), since a contestant's module is not imported by who judges.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from benchmarks.contest.contestant import GROUP
from particles.base.errors import InputError

_ASK = (
    "import json; from importlib.metadata import entry_points;"
    f"print(json.dumps([[one.name, one.value] for one in entry_points(group={GROUP!r})]))"
)


@dataclass(frozen=True)
class Entry:
    """A contestant that is known by name.

    Parameters
    ----------
    name : str
    target : str
        ``module:object``, or ``file.py:object``.
    pythons : tuple of str
        Where it may run: the first that has its library.
    """

    name: str
    target: str
    pythons: tuple[str, ...] = (sys.executable,)

    @property
    def python(self) -> str:
        """The first of its Pythons."""
        return self.pythons[0]


def environments() -> tuple[str, ...]:
    """Pythons of the contest's environments, by name."""
    root = Path(sys.prefix) / "contest"
    return tuple(str(path) for pattern in ("bin/python", "*/bin/python") for path in sorted(root.glob(pattern)))


def registered() -> dict[str, Entry]:
    """All contestants by name; one that several Pythons know is one."""
    others = environments()
    found = {one.name: Entry(one.name, one.value, (sys.executable, *others)) for one in entry_points(group=GROUP)}
    for python in others:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=60.0, check=False)
        for name, target in json.loads(done.stdout) if done.returncode == 0 else ():
            found.setdefault(name, Entry(name, target, (python,)))
    return dict(sorted(found.items()))


def chosen(names: Sequence[str]) -> tuple[Entry, ...]:
    """Contestants that are asked for: by name, or as ``file.py:object``; all that are registered where none is.

    One of a file is named ``file.object``.

    Raises
    ------
    InputError
        If a name is none of those registered or two have it, or a file is not there.
    """
    known = registered()
    if not names:
        return tuple(known.values())
    found = [_one(name, known) for name in dict.fromkeys(names)]
    for one in found:
        if [other.name for other in found].count(one.name) > 1:
            raise InputError(f"contestant = {one.name!r} are two: allowed is one of a name")
    return tuple(found)


def _one(name: str, known: dict[str, Entry]) -> Entry:
    place, _, thing = name.rpartition(":")
    if place.endswith(".py"):
        path = Path(place).resolve()
        if not path.is_file():
            raise InputError(f"contestant = {name!r}: there is no file {place!r}")
        return Entry(f"{path.stem}.{thing}", f"{path}:{thing}", (sys.executable, *environments()))
    if name not in known:
        allowed = ", ".join(known) or "none is registered"
        raise InputError(f"contestant = {name!r} is unknown: allowed are {allowed}, or FILE.py:OBJECT")
    return known[name]
