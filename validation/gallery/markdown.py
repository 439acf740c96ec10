"""The gallery in Markdown, for a site or a repository's pages: the pictures lie beside it as SVG, PNG and PDF."""

from __future__ import annotations

import re
from collections.abc import Collection

from validation.gallery.exhibit import Exhibit, Figure, Pointer
from validation.gallery.page import TITLE, Found, brief, holds, key, rooms, verdict, words


def markdown(found: Found, drawn: Collection[str]) -> str:
    """Return the text of exhibits and pointers; `drawn` are the names of those that have a drawing beside it."""
    parts = [f"# {TITLE}", f"{verdict(found)[1]}."]
    for _, heading, names in rooms(found):
        lines = [f"* [{name}](#{anchor(name)}) {plain(brief(found[name]))}{_mark(name, found)}" for name in names]
        parts += [f"**{plain(heading)}**", "\n".join(lines)]
    for _, heading, names in rooms(found):
        parts.append(f"## {plain(heading)}")
        parts += [part for name in names for part in _section(name, found, name in drawn)]
    return "\n\n".join(parts) + "\n"


def anchor(name: str) -> str:
    """Address of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


def plain(text: str) -> str:
    """Text whose signs mean nothing to Markdown."""
    return re.sub(r"([\\`*_\[\]<>|~$])", r"\\\1", text)


def _mark(name: str, found: Found) -> str:
    return "" if holds(found[name], found) else ": **does not hold**"


def _section(name: str, found: Found, drawn: bool) -> list[str]:
    exhibit = found[name]
    parts = [f"### {name}"]
    if isinstance(exhibit, Exhibit):
        parts.append(plain(exhibit.failure))
    else:
        parts.append(f"{plain(exhibit.source)}. {plain(exhibit.shows)}")
    if drawn:
        stem = key(name)
        forms = " ".join(f"[{form.upper()}]({stem}.{form})" for form in ("svg", "png", "pdf"))
        parts += [f"![{plain(words(exhibit))}]({stem}.svg)", forms]
    if isinstance(exhibit, Pointer):
        links = " and ".join(f"[{other}](#{anchor(other)})" for other in exhibit.shown_by)
        return [*parts, f"Shown by {links}.", f"What differs or is open: {plain(exhibit.doubts)}"]
    if isinstance(exhibit, Figure):
        parts += [f"What is open or wrong there: {plain(exhibit.doubts)}"] if exhibit.doubts else []
        return [*parts, f"Cases: {', '.join(exhibit.cases) or 'none'}.", exhibit.table]
    return [*parts, exhibit.table, f"Remedy: {plain(exhibit.remedy)}"]
