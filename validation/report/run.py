"""Run the planned studies, all ranks of the job together: each study shares its own work out over them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from particles.base.errors import InputError, SimresnetError
from particles.base.progress import part_of
from validation.report.plan import Task
from validation.report.record import Finding
from validation.studies.kind import Progress


def run(tasks: Sequence[Task], progress: Progress) -> tuple[tuple[Finding, ...], dict[str, float]]:
    """Run every task; return the findings in the order of the tasks, and the seconds of each study. Collective.

    A study that finds out on its way that it cannot be made of the case raises `InputError` on all ranks
    (`Ranks.together`): then it is not applicable. Any other error ends the run, the study's name in front.
    """
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    total = sum(task.run is not None for task in tasks)
    for task in tasks:
        study, reason = None, task.reason
        if task.run is not None:
            begin = time.perf_counter()
            try:
                study = task.run(part_of(progress, len(seconds), total))
            except SimresnetError as error:
                if not (isinstance(error, InputError) and error.on_all_ranks):
                    error.args = (f"{task.kind} of {task.case}: {error}",)
                    raise
                reason = str(error)
            seconds[f"{task.kind} of {task.case}"] = round(time.perf_counter() - begin, 2)
        findings.append(Finding(kind=task.kind, case=task.case, words=task.words, study=study, reason=reason))
    return tuple(findings), seconds
