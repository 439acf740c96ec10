"""The gallery in the report: failures that were run, and what theory foretold of them."""

from __future__ import annotations

from particles import parallel
from particles.model import Case
from validation.gallery import Exhibit, entries
from validation.report.html import Html, paragraph, table, tag
from validation.report.plan import Progress
from validation.report.record import Section


def build(cases: tuple[Case, ...], quick: bool, progress: Progress) -> Section | None:
    """Run the gallery, its entries dealt round the ranks; not in the quick report. Collective."""
    if quick:
        return None
    ranks = parallel.world()
    mine = entries()[ranks.rank :: ranks.size]
    run = {}
    for number, (name, entry) in enumerate(mine):
        run[name] = entry()
        progress((number + 1) / len(mine))
    merged = {name: exhibit for part in ranks.gather(run) for name, exhibit in part.items()}
    found = [merged[name] for name, _ in entries()]
    as_foretold = [exhibit for exhibit in found if exhibit.holds]
    return Section(
        title="Gallery of rare and failing cases",
        summary=f"{len(as_foretold)} of {len(found)} fail as foretold",
        body=[part for exhibit in found for part in _parts(exhibit)],
        holds=len(as_foretold) == len(found),
        data=[{"name": exhibit.name, "holds": exhibit.holds, "table": exhibit.table} for exhibit in found],
    )


def _parts(exhibit: Exhibit) -> list[Html]:
    rows = [
        [number.what, f"{number.predicted:.6g}", f"{number.measured:.6g}", f"{number.within:.2g}"]
        for number in exhibit.numbers
    ]
    claims = [
        tag("li", f"{'holds' if check.holds else 'FAILS'}: {check.claim}: {check.found}") for check in exhibit.checks
    ]
    return [
        tag("h3", exhibit.name),
        paragraph(exhibit.failure),
        table(exhibit.name, ["what", "predicted", "measured", "within"], rows),
        *([tag("ul", *claims)] if claims else []),
        paragraph(f"Remedy: {exhibit.remedy}"),
    ]
