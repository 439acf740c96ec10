"""Directive `{exhibits} ROOM`: the figures of a room of the gallery, each run, drawn, and told with its numbers.

The same objects are tests (their numbers), commands (`python -m validation gallery`) and sections of this page, so that
none of the three can say something else. An exhibit is kept like a page that ran (`kept.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docutils import nodes
from kept import Kept
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

LOG = getLogger(__name__)
FIGURE = ("source", "shows", "doubts", "failure", "remedy")
POINTER = ("source", "shows", "doubts", "shown_by")


def look(name: str) -> Kept:
    """Run and draw an exhibit, or take it as it was kept: words and numbers in `told`, files beside them."""
    from validation.gallery import Pointer, catalogue

    kept, found = Kept(f"gallery/{name}", ""), catalogue()[name]
    if kept.whole:
        return kept
    LOG.info("gallery: %s", name)
    if isinstance(found, Pointer):
        kept.finish({"drawn": False, "numbers": [], "checks": []} | {key: getattr(found, key) for key in POINTER})
        return kept
    found = found()
    if not found.holds:
        raise ExtensionError(f"gallery {name} is not as foretold:\n{found.table}")
    if found.draw is not None:
        from validation.figures import draw_panels, save_forms

        save_forms(draw_panels(found.panels, found.draw), kept.folder, "figure")
    told = {key: getattr(found, key, "") for key in FIGURE}
    told["drawn"] = found.draw is not None
    told["numbers"] = [[n.what, f"{n.predicted:.6g}", f"{n.measured:.6g}", f"{n.within:.2g}"] for n in found.numbers]
    told["checks"] = [[check.claim, check.found] for check in found.checks]
    kept.finish(told)
    return kept


def paragraph(text: str, lead: str = "") -> list[nodes.Node]:
    """A paragraph with a bold beginning; nothing for no text."""
    start = [nodes.strong("", lead), nodes.Text(" ")] if lead else []
    return [nodes.paragraph("", "", *start, *words(text))] if text else []


def words(text: str) -> list[nodes.Node]:
    """Text, with what stands between backticks as code."""
    return [nodes.literal("", part) if k % 2 else nodes.Text(part) for k, part in enumerate(text.split("`"))]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[nodes.Node]:
    """A table of plain text; nothing for no rows."""
    if not rows:
        return []
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in heads), cols=len(heads))
    for kind, lines in ((nodes.thead, [heads]), (nodes.tbody, rows)):
        cells = [[nodes.entry("", nodes.paragraph("", "", *words(word))) for word in line] for line in lines]
        group += kind("", *(nodes.row("", *line) for line in cells))
    return [nodes.table("", group, classes=["numbers"])]


class Exhibits(SphinxDirective):
    """One section for each exhibit of the room."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        from validation.gallery import catalogue

        room = self.arguments[0]
        names = [name for name in catalogue() if name.partition("/")[0] == room]
        if not names:
            raise self.error(f"the gallery has no room {room!r}")
        return [self.section(name, look(name)) for name in names]

    def section(self, name: str, kept: Kept) -> nodes.section:
        """What the figure shows, the picture with its files, what is open, and the numbers."""
        told = kept.told
        shown = told["shows"] or told.get("failure", "")
        title = told["source"].rpartition(", ")[2].replace("Fig. ", "Figure ") or name.partition("/")[2]
        section = nodes.section("", nodes.title("", title), ids=[name.replace("/", "-")])
        self.state.document.note_explicit_target(section, section)
        section += paragraph(shown)
        if told["drawn"]:
            picture = nodes.image(uri=kept.address("figure.svg"), alt=shown)
            section += nodes.figure("", picture, nodes.caption("", "", *self.forms(name, kept)), classes=["exhibit"])
        section += self.pointed(told.get("shown_by", ()))
        section += paragraph(told["doubts"], "What is open or wrong there.")
        section += paragraph(told.get("remedy", ""), "What to do instead.")
        section += table(["what", "foretold", "measured", "within"], told["numbers"])
        section += table(["claim", "found"], told["checks"])
        return section

    def pointed(self, names: Sequence[str]) -> list[nodes.Node]:
        """Links to the exhibits that show a figure, where others do."""
        if not names:
            return []
        found = paragraph("by ", "Shown")
        for number, name in enumerate(names):
            target = f"{name.partition('/')[0]}.html#{name.replace('/', '-')}"
            found[0] += [nodes.Text(", " if number else ""), nodes.reference("", name, refuri=target, internal=True)]
        return found

    def forms(self, name: str, kept: Kept) -> list[nodes.Node]:
        """The command that draws this figure, and links to its files."""
        from sphinx.addnodes import download_reference

        found: list[nodes.Node] = [nodes.literal("", f"python -m validation gallery {name} --out figures")]
        for kind in ("svg", "png", "pdf"):
            target = kept.address(f"figure.{kind}")
            link = download_reference("", "", nodes.Text(kind.upper()), reftarget=target, refdoc=self.env.docname)
            found += [nodes.Text(" \N{MIDDLE DOT} "), link]
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("exhibits", Exhibits)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
