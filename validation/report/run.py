"""Run the planned studies over the ranks of a job; what they find does not depend on the number of ranks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from particles.base.errors import SimresnetError
from particles.parallel import Ranks
from validation.report.plan import Progress, Task
from validation.report.record import Finding
from validation.study import Study

Timed = tuple[Study, float]


def run(tasks: Sequence[Task], ranks: Ranks, progress: Progress) -> tuple[tuple[Finding, ...], dict[str, float]]:
    """Run every task; return the findings in the order of the tasks, and the seconds of each study.

    All ranks run a shared study together; those that each rank would do alone are dealt round them. Collective.

    Raises
    ------
    SimresnetError
        Of the first study that fails, its name in front.
    """
    applicable = [(number, task) for number, task in enumerate(tasks) if task.run is not None]
    shared = [(number, task) for number, task in applicable if not task.alone]
    dealt = [(number, task) for number, task in applicable if task.alone][ranks.rank :: ranks.size]
    total, own = len(shared) + len(dealt), {}
    for done, (number, task) in enumerate([*shared, *dealt]):
        own[number] = _timed(task, _part(progress, done, total))
    found: dict[int, Timed] = {}
    for part in reversed(ranks.gather(own)):  # the clock of the first rank counts for shared studies
        found.update(part)
    findings = tuple(
        Finding(
            kind=task.kind,
            case=task.case,
            words=task.words,
            study=found[number][0] if number in found else None,
            reason=task.reason,
        )
        for number, task in enumerate(tasks)
    )
    return findings, {f"{task.kind} of {task.case}": round(found[number][1], 2) for number, task in applicable}


def _timed(task: Task, progress: Progress) -> Timed:
    assert task.run is not None
    begin = time.perf_counter()
    try:
        study = task.run(progress)
    except SimresnetError as error:
        error.args = (f"{task.kind} of {task.case}: {error}",)
        raise
    return study, time.perf_counter() - begin


def _part(progress: Progress, done: int, total: int) -> Callable[[float], None]:
    """Share of the whole, from the share of one study of `total`."""
    return lambda share: progress((done + share) / total)
