"""The gallery as one HTML page: every figure within, beside it the same as files, nothing fetched from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from validation.gallery import ROOMS
from validation.gallery.exhibit import Evidence, Exhibit, Figure, Pointer
from validation.report.contents import bar
from validation.report.document import document
from validation.report.html import Html, figure, fine, join, paragraph, table, tag
from validation.report.marks import checks, mark, typeset, verdict_mark
from validation.report.record import Status
from validation.report.svg import inline

TITLE = "Figures and failures"
Found = Mapping[str, Figure | Exhibit | Pointer]
"""What was run, by name, and pointers to it."""
_CLASSES = {1: {}, 2: {"class_": "double"}}  # by panels; with more of them a figure is wider than the page's column
_WIDE = {"class_": "wide"}


def page(found: Found, drawings: Mapping[str, Any]) -> str:
    """Return the page of exhibits and pointers; `drawings` by name, for those that have one."""
    held, told = verdict(found)
    lead = tag("p", verdict_mark(held), f" {told}", class_="verdict")
    parts = [
        tag(
            "section",
            tag("h2", heading),
            join([section(name, found, drawings.get(name)) for name in names]),
            id=room,
            **fine(all(holds(found[name], found) for name in names)),
        )
        for room, heading, names in rooms(found)
    ]
    contents = [part for room, heading, names in rooms(found) for part in _contents(room, heading, names, found)]
    header = tag("header", tag("h1", TITLE), lead, tag("nav", *contents, id="contents", aria_label="Contents"))
    body = tag("body", header, bar(held), tag("main", join(parts)))
    return document(f"{TITLE}: {told}", body)


def verdict(found: Found) -> tuple[bool, str]:
    """Whether every exhibit is as theory foretells, and how many are."""
    ran = [exhibit.holds for exhibit in found.values() if not isinstance(exhibit, Pointer)]
    return all(ran), f"{sum(ran)} of {len(ran)} are as theory foretells"


def rooms(found: Found) -> Iterator[tuple[str, str, list[str]]]:
    """Room, its heading, and its names, in their order."""
    for room, names in groupby(found, lambda name: name.partition("/")[0]):
        yield room, ROOMS[room], list(names)


def key(name: str) -> str:
    """Name as a part of file names and addresses: "herty/7" as herty-07."""
    room, _, part = name.partition("/")
    return f"{room}-{part:0>2}" if part.isdigit() else f"{room}-{part}"


def words(exhibit: Figure | Exhibit | Pointer) -> str:
    """What it shows, or how it fails."""
    return exhibit.failure if isinstance(exhibit, Exhibit) else exhibit.shows


def brief(exhibit: Figure | Exhibit | Pointer) -> str:
    """The first sentence of that."""
    return re.split(r"(?<!Fig)\. ", words(exhibit))[0].rstrip(".")


def holds(exhibit: Figure | Exhibit | Pointer, found: Found) -> bool:
    """Whether it is as theory foretells; a pointer if what it points to is."""
    if isinstance(exhibit, Pointer):
        return all(holds(found[name], found) for name in exhibit.shown_by)
    return exhibit.holds


def _contents(room: str, heading: str, names: list[str], found: Found) -> list[Html]:
    lines = []
    for name in names:
        held = holds(found[name], found)
        sign = mark(Status.HOLDS, "") if held else mark(Status.FAILS)
        words_of = tag("span", typeset(brief(found[name])))
        lines.append(tag("li", sign, tag("a", name, href=f"#{key(name)}"), words_of, **fine(held)))
    return [tag("p", tag("a", heading, href=f"#{room}")), tag("ul", *lines, class_="contents")]


def section(name: str, found: Found, drawing: Any, *, files: bool = True) -> Html:
    """All about an exhibit or a pointer; `files`: whether the drawing lies beside the page in every form."""
    exhibit, held = found[name], holds(found[name], found)
    parts: list[Html] = [tag("h3", name, " ", verdict_mark(held))]
    if isinstance(exhibit, Pointer):
        links = [tag("a", other, href=f"#{key(other)}") for other in exhibit.shown_by]
        parts += [
            paragraph(f"{exhibit.source}. {typeset(exhibit.shows)}"),
            tag("p", "Shown by ", links[0], *(part for link in links[1:] for part in (" and ", link)), "."),
            paragraph(f"What differs or is open: {typeset(exhibit.doubts)}"),
        ]
    elif isinstance(exhibit, Figure):
        parts.append(paragraph(f"{exhibit.source}. {typeset(exhibit.shows)}"))
        parts += _picture(name, exhibit.source, exhibit, drawing, files)
        if exhibit.doubts:
            parts.append(paragraph(f"What is open or wrong there: {typeset(exhibit.doubts)}"))
        parts += [paragraph(f"Cases: {', '.join(exhibit.cases) or 'none'}.", class_="line"), _numbers(exhibit)]
    else:
        parts.append(paragraph(typeset(exhibit.failure)))
        parts += _picture(name, name, exhibit, drawing, files)
        parts += [_numbers(exhibit), paragraph(f"Remedy: {typeset(exhibit.remedy)}")]
    return tag("section", join(parts), id=key(name), **fine(held))


def _picture(name: str, caption: str, exhibit: Figure | Exhibit, drawing: Any, files: bool) -> list[Html]:
    if drawing is None:
        return []
    from validation.figures import FORMS, save_figure

    stem = key(name)
    svg = inline(partial(save_figure, drawing), stem, f"{caption}: {words(exhibit)}")
    links = [tag("a", form[1:].upper(), href=f"{stem}{form}") for form in FORMS]
    return [
        figure(svg, join([f"{caption}:", *links]) if files else f"{caption}.", **_CLASSES.get(exhibit.panels, _WIDE))
    ]


def _numbers(exhibit: Evidence) -> Html:
    rows = [
        [n.what, f"{n.predicted:.6g}", f"{n.measured:.6g}", f"{n.within:.2g}", verdict_mark(n.holds)]
        for n in exhibit.numbers
    ]
    heads = ["what", "foretold", "measured", "within", "agreement"]
    return join([table("Foretold and measured", heads, rows, class_="words"), checks(exhibit.checks)])
