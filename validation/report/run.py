"""Run the planned studies, all ranks of the job together: each study shares its own work out over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from particles.base.errors import SimresnetError
from validation.report.plan import Progress, Task
from validation.report.record import Finding


def run(tasks: Sequence[Task], progress: Progress) -> tuple[tuple[Finding, ...], dict[str, float]]:
    """Run every task; return the findings in the order of the tasks, and the seconds of each study. Collective.

    Raises
    ------
    SimresnetError
        Of the first study that fails, its name in front.
    """
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    total = sum(task.run is not None for task in tasks)
    for task in tasks:
        study = None
        if task.run is not None:
            begin = time.perf_counter()
            try:
                study = task.run(_part(progress, len(seconds), total))
            except SimresnetError as error:
                error.args = (f"{task.kind} of {task.case}: {error}",)
                raise
            seconds[f"{task.kind} of {task.case}"] = round(time.perf_counter() - begin, 2)
        findings.append(Finding(kind=task.kind, case=task.case, words=task.words, study=study, reason=task.reason))
    return tuple(findings), seconds


def _part(progress: Progress, done: int, total: int) -> Callable[[float], None]:
    """Share of the whole, from the share of one study of `total`."""
    return lambda share: progress((done + share) / total)
