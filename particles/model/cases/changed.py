"""A case with some values of its file changed, ``--set model.weight=-2``: what a file with these values would be.

A key is the path of a value in the TOML file, tables joined by dots, items of a list by their number from 1 on in
brackets, as in the sentences about mistakes: ``model.initial.components[2].m``. A value is written as in the file; a
single word needs no quotes. Tables that are not there are begun. The case that comes of it is checked as any other.
A horizon that is set without the stored times ends them too, as the option ``--until`` does.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from particles.base.errors import InputError
from particles.model.cases.registry import cases
from particles.model.cases.write import files_of, toml_value

_KEY = re.compile(r"[A-Za-z0-9_-]+(\[[0-9]+\])*(\.[A-Za-z0-9_-]+(\[[0-9]+\])*)*")
_PART = re.compile(r"\[([0-9]+)\]|([A-Za-z0-9_-]+)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
LONGEST_NAME = 200
"""Letters of a case's name."""


def settings_of(words: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` words of a command line.

    Parameters
    ----------
    words : sequence of str
        Such as ``model.weight=-2``, ``model.drift=relu`` or ``grid.domain=[-5, 5]``.

    Returns
    -------
    dict
        Values by key.

    Raises
    ------
    InputError
        If a word is no such pair, its value none of TOML, or a key is there twice.
    """
    settings: dict[str, Any] = {}
    for word in words:
        key, mark, text = word.partition("=")
        if not mark or not _KEY.fullmatch(key):
            raise InputError(f"--set {word!r:.80}: allowed is KEY=VALUE, such as model.weight=-2")
        if key in settings:
            raise InputError(f"--set {key} is given twice: allowed is once")
        settings[key] = value_of(key, text)
    return settings


def value_of(key: str, text: str) -> Any:
    """Read a value as a TOML file has it, or a single word; InputError for what is none."""
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        found = {}
    if list(found) == ["value"]:
        return found["value"]
    if _WORD.fullmatch(text):
        return text
    raise InputError(f"--set {key}={text:.60}: {text!r:.60} is no value of TOML, such as -2, [0.0, 1.0] or a word")


def changed(content: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a case's file with other values; InputError where a key leads through what is no table."""
    table = copy.deepcopy(dict(content))
    for key, value in settings.items():
        parts = [int(number) if number else name for number, name in _PART.findall(key)]
        inside: Any = table
        for k, part in enumerate(parts):
            _require_holder(inside, part, key, parts[:k])
            place = part - 1 if isinstance(part, int) else part
            if k == len(parts) - 1:
                inside[place] = copy.deepcopy(value)
            else:
                inside = inside.setdefault(place, {}) if isinstance(inside, dict) else inside[place]
    if "run.until" in settings and not any(key == "run" or key.startswith("run.times") for key in settings):
        _end_times(table["run"])
    return table


def _end_times(run: dict[str, Any]) -> None:
    """Let the horizon take the place of stored times after it; what is no number is told of by whoever checks it."""
    times, until = run.get("times"), run["until"]
    if isinstance(times, list) and all(isinstance(t, int | float) for t in [*times, until]) and until > 0.0:
        kept = [t for t in times if t < until]
        if len(kept) < len(times):
            run["times"] = [*kept, until]


def _require_holder(inside: Any, part: str | int, key: str, above: Sequence[str | int]) -> None:
    """Refuse a key whose next part the value `inside`, which lies at `above`, cannot have."""
    name = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in above).lstrip(".")
    if isinstance(part, int):
        if not isinstance(inside, list):
            raise InputError(f"{key}: {name} = {inside!r:.60} is no list")
        if not 1 <= part <= len(inside):
            raise InputError(f"{key}: {name} has {len(inside)} items: allowed are 1 to {len(inside)}")
    elif not isinstance(inside, dict):
        raise InputError(f"{key}: {name} = {inside!r:.60} is no table: set {name} as a whole")


def changed_table(content: dict[str, Any], settings: Mapping[str, Any] | None, stem: str) -> dict[str, Any]:
    """Return the content of a case's file with other values, and a name that tells them; as it is without any.

    `stem` is the name of a case that has none of its own. InputError as `changed`.
    """
    if not settings:
        return content
    table, base = changed(content, settings), content.get("name", stem)
    if "name" in settings:
        return table
    told = ", ".join([str(base), *(f"{key}={toml_value(value)}" for key, value in settings.items())])
    return {**table, "name": told if len(told) <= LONGEST_NAME and told.isprintable() else f"{base:.180}, changed"}


def changed_case(name: str, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the file of a changed case holds, whose base has a name, and the texts of files beside it by name.

    InputError if the name is not known, and as `changed`.
    """
    files = files_of(cases[name])
    content = changed_table(tomllib.loads(files.pop("case.toml")), settings, name)
    return content, {file: text for file, text in files.items() if file in set(files_named(content))}


def files_named(table: Any) -> Iterator[str]:
    """Values of every key ``file`` in a table, at any depth."""
    if isinstance(table, dict):
        for key, value in table.items():
            if key == "file" and isinstance(value, str):
                yield value
            else:
                yield from files_named(value)
    elif isinstance(table, list):
        for item in table:
            yield from files_named(item)
