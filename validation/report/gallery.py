"""The gallery of failures as a section of the report: it holds if each failure came as foretold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from particles.model import Case
from validation.report.html import Html, fine, join, paragraph, table, tag
from validation.report.marks import checks, typeset, verdict_mark
from validation.report.record import Section
from validation.studies.kind import Progress

if TYPE_CHECKING:
    from validation.gallery import Exhibit


def gallery(chosen: tuple[Case, ...], quick: bool, progress: Progress) -> Section | None:
    """Run every entry, all ranks together; the quick report has no gallery."""
    if quick:
        return None
    from validation.gallery import entries

    exhibits = []
    for number, (_, run) in enumerate(entries(), 1):
        exhibits.append(run())
        progress(number / len(entries()))
    foretold = sum(exhibit.holds for exhibit in exhibits)
    return Section(
        title="Gallery of failures",
        summary=f"{foretold} of {len(exhibits)} fail as theory foretells",
        body=[_part(exhibit) for exhibit in exhibits],
        holds=foretold == len(exhibits),
        data=[_data(exhibit) for exhibit in exhibits],
    )


def _data(exhibit: Exhibit) -> dict[str, Any]:
    """What was said and measured; a drawing is none."""
    plain = dataclasses.replace(exhibit, draw=None)
    return {name: value for name, value in dataclasses.asdict(plain).items() if name not in ("panels", "draw")}


def _part(exhibit: Exhibit) -> Html:
    rows = [
        [n.what, f"{n.predicted:.6g}", f"{n.measured:.6g}", f"{n.within:.2g}", verdict_mark(n.holds)]
        for n in exhibit.numbers
    ]
    parts = [
        tag("h3", exhibit.name, " ", verdict_mark(exhibit.holds)),
        paragraph(typeset(exhibit.failure)),
        table("Foretold and measured", ["what", "predicted", "measured", "within", "agreement"], rows, class_="words"),
        checks(exhibit.checks),
        paragraph(f"Remedy: {typeset(exhibit.remedy)}"),
    ]
    return tag("section", join(parts), **fine(exhibit.holds))
