"""The budgets of the report: for some cases, the terms of the distance between particles and PDE."""

from __future__ import annotations

from typing import Any

from particles import UNIFORM, Collisions, Euler
from particles.model import Case
from validation.advice.budget import Budget, budget, settings_of
from validation.advice.budget.record import heads, lines, sentences, to_dict
from validation.report.html import Html, paragraph, table, tag
from validation.report.record import Section
from validation.studies.kind import Progress

SCHEMES: dict[str, Euler | Collisions] = {
    "regression": Euler(layers=200),
    "regression-2d": Euler(layers=200),
    "fokker-planck": Collisions(0.02),
    "tanh-noise": Collisions(0.02),
    "generalised-gamma": Collisions(0.02, noise=UNIFORM),
}
COUNT, QUICK = 50_000, 5_000  # particles
CELLS = 240
REPLICATES = 24


def budgets(cases: tuple[Case, ...], quick: bool, progress: Progress) -> Section | None:
    """Draw up the budgets of those cases that have one; collective."""
    chosen = [case for case in cases if case.name in SCHEMES]
    if not chosen:
        return None
    found = []
    for number, case in enumerate(chosen):
        settings = settings_of(
            case, count=QUICK if quick else COUNT, cells=CELLS, until=min(case.until, 2.0), replicates=REPLICATES
        )
        found.append(budget(case, SCHEMES[case.name], settings))
        progress((number + 1) / len(chosen))
    closed = [one for one in found if one.holds]
    parts = "; ".join(f"{one.case}: {sentences(one)[0]}" for one in found)
    return Section(
        title="Error budgets",
        summary=f"{len(closed)} of {len(found)} close; {parts}",
        body=[part for one in found for part in _parts(one)],
        holds=len(closed) == len(found),
        data=[_data(one) for one in found],
    )


def _parts(found: Budget) -> list[Html]:
    settings = found.settings
    rows = [[text.replace("+-", "±") for text in line] for line in lines(found)]
    caption = f"{found.case} at t = {settings['until']:g}: {settings['count']:,} particles by {found.scheme}"
    return [
        tag("h3", found.case),
        table(caption, heads(found), rows),
        paragraph(sentences(found)[0]),
        tag("ul", *(tag("li", str(check)) for check in found.checks)),
    ]


def _data(found: Budget) -> dict[str, Any]:
    """What does not change with the machine: no seconds, and so no cheapest refinement."""
    told = to_dict(found)
    del told["provenance"], told["refinement"]
    for term in (*told["terms"], told["total"]):
        del term["seconds"]
    return told
