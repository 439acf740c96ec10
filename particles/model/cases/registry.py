"""The experiments by name, built when asked for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from functools import cache

from particles.base.errors import InputError
from particles.model.cases import clusters, herty, plane
from particles.model.cases.case import Case

EXPERIMENTS = {**herty.EXPERIMENTS, **plane.EXPERIMENTS, **clusters.EXPERIMENTS}


@cache
def _built(name: str) -> Case:
    return EXPERIMENTS[name]()


class _Cases(Mapping[str, Case]):
    """The cases by name, built when asked for."""

    def __getitem__(self, name: str) -> Case:
        if name not in EXPERIMENTS:
            file = f"{name}.toml"
            close = [file] if os.path.isfile(file) else difflib.get_close_matches(name, EXPERIMENTS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"case {name!r} is not known: allowed are {', '.join(EXPERIMENTS)}, or a TOML file{hint}")
        return _built(name)

    def __contains__(self, name: object) -> bool:
        return name in EXPERIMENTS

    def __iter__(self) -> Iterator[str]:
        return iter(EXPERIMENTS)

    def __len__(self) -> int:
        return len(EXPERIMENTS)


cases = _Cases()
