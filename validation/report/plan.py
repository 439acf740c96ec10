"""What `python -m validation all` runs: every kind of study on every case.

What a study's `check` refuses is not applicable to the case, for the reason that it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from particles.base.errors import InputError
from particles.model import Case, load_case
from particles.model.cases.changed import settings_of
from validation.studies.kind import Kind, Progress, words_of
from validation.studies.kinds import KINDS
from validation.studies.study import Study

QUICK: dict[str, dict[str, Any]] = {
    "mean-field": {"levels": (100, 1000, 10_000, 100_000), "replicates": 240},
    "grazing": {"levels": (0.02, 0.01, 0.005), "count": 10_000},
    "control": {"levels": (250, 1_000, 4_000), "replicates": 100},
}
"""Fields of the studies in the quick report; in the whole one they have their own defaults."""
QUICK_COSTLY: dict[str, dict[str, Any]] = {
    "mean-field": {"levels": (100, 1000, 10_000), "replicates": 240},
    "layers": {"levels": (25, 50, 100, 200, 400), "count": 20_000},
    "grazing": QUICK["grazing"],
}
"""The same where a particle takes some hundred steps, with noise, and where its distance does, in R^d."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A study of a case, ready to run; `run` is None where it is not applicable, the other fields are a `Finding`'s."""

    kind: str
    case: str
    words: tuple[str, ...]
    run: Callable[[Progress], Study] | None = None
    reason: str = ""


def plan(
    names: Sequence[str], changes: Sequence[str] = (), *, quick: bool
) -> tuple[tuple[Case, ...], tuple[Task, ...]]:
    """Load the cases, names or TOML files, and check their studies, `quick` or whole, before MPI or numba is loaded.

    `changes` are words of ``--set``, each of every case. InputError if a name is not known, two cases have the same
    name, or no study applies to any case.
    """
    cases = tuple(load_case(name, settings_of(changes)) for name in names)
    known = [case.name for case in cases]
    if len(set(known)) < len(known):
        raise InputError(f"cases = {', '.join(known)}: each may be given once")
    tasks = tuple(
        _task(kind(case, **(_quick(kind.name, case) if quick else {})), name, changes)
        for case, name in zip(cases, names, strict=True)
        for kind in KINDS
    )
    if all(task.run is None for task in tasks):
        why = "; ".join(f"{task.kind}: {task.reason}" for task in tasks)
        raise InputError(f"no study applies to {', '.join(known)}: {why}")
    return cases, tasks


def _quick(kind: str, case: Case) -> dict[str, Any]:
    costly = QUICK_COSTLY if case.model.nu2 > 0.0 or case.model.size > 1 else {}
    return costly.get(kind, QUICK.get(kind, {}))


def _task(study: Kind, name: str, changes: Sequence[str]) -> Task:
    words = (*words_of(study, name), *(word for change in changes for word in ("--set", change)))
    try:
        study.check()
    except InputError as error:
        return Task(kind=study.name, case=study.case.name, words=words, reason=str(error))
    return Task(kind=study.name, case=study.case.name, words=words, run=lambda progress: study.run(progress=progress))
