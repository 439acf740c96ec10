"""The gallery as one HTML page: every figure within, beside it the same as files, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from validation.gallery.exhibit import Evidence, Exhibit, Figure
from validation.report.document import document
from validation.report.html import Html, figure, join, paragraph, table, tag
from validation.report.marks import checks, typeset, verdict_mark
from validation.report.svg import inline

TITLE = "Figures and failures"


def page(shown: Mapping[str, tuple[Figure | Exhibit, Any]]) -> str:
    """Return the page of exhibits by name, each with its drawing, None for one without."""
    held = sum(exhibit.holds for exhibit, _ in shown.values())
    told = f"{held} of {len(shown)} are as theory foretells"
    links = [tag("li", tag("a", name, href=f"#{key(name)}")) for name in shown]
    parts = [_section(name, exhibit, drawing) for name, (exhibit, drawing) in shown.items()]
    lead = tag("p", verdict_mark(held == len(shown)), f" {told}", class_="verdict")
    body = tag("body", tag("header", tag("h1", TITLE), lead, tag("ul", *links)), tag("main", join(parts)))
    return document(f"{TITLE}: {told}", body)


def key(name: str) -> str:
    """Name as a part of file names and addresses: "herty/7" as herty-07."""
    room, _, part = name.partition("/")
    return f"{room}-{part:0>2}" if part.isdigit() else f"{room}-{part}"


def _section(name: str, exhibit: Figure | Exhibit, drawing: Any) -> Html:
    parts: list[Html] = [tag("h2", name, " ", verdict_mark(exhibit.holds))]
    if isinstance(exhibit, Figure):
        parts.append(paragraph(f"{exhibit.source}. {typeset(exhibit.shows)}"))
        parts += _picture(name, exhibit.source, exhibit.shows, drawing)
        if exhibit.doubts:
            parts.append(paragraph(f"What is open or wrong there: {typeset(exhibit.doubts)}"))
        parts.append(paragraph(f"Cases: {', '.join(exhibit.cases) or 'none'}.", class_="line"))
    else:
        parts.append(paragraph(typeset(exhibit.failure)))
        parts += _picture(name, name, exhibit.failure, drawing)
    parts.append(_numbers(exhibit))
    if isinstance(exhibit, Exhibit):
        parts.append(paragraph(f"Remedy: {typeset(exhibit.remedy)}"))
    return tag("section", join(parts), id=key(name))


def _picture(name: str, caption: str, words: str, drawing: Any) -> list[Html]:
    if drawing is None:
        return []
    from validation.figures import FORMS, save_figure

    stem = key(name)
    svg = inline(partial(save_figure, drawing), stem, f"{caption}: {words}")
    links = [tag("a", form[1:].upper(), href=f"{stem}{form}") for form in FORMS]
    return [figure(svg, join([f"{caption}:", *links]))]


def _numbers(exhibit: Evidence) -> Html:
    rows = [
        [n.what, f"{n.predicted:.6g}", f"{n.measured:.6g}", f"{n.within:.2g}", verdict_mark(n.holds)]
        for n in exhibit.numbers
    ]
    heads = ["what", "foretold", "measured", "within", "agreement"]
    return join([table("Foretold and measured", heads, rows, class_="words"), checks(exhibit.checks)])
