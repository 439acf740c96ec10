"""Rows of docs/errata.md can be linked to: each row has a place in its page, and "E12" or "R3" elsewhere leads there.

Words in code and in links stay as they are, and so does what is called like a row that does not exist.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PAGE = "docs/errata"
NUMBER = re.compile(r"\b([ER]\d{1,2})\b")
KEPT = (nodes.literal, nodes.literal_block, nodes.reference, nodes.title, nodes.math, nodes.math_block)


def places(app: Sphinx, doctree: nodes.document) -> None:
    """On the page of the errata, give each row that begins with a number a place of its name."""
    if app.env.docname != PAGE:
        return
    rows = {row[0].astext(): row for row in doctree.findall(nodes.row)}
    for name, row in rows.items():
        if NUMBER.fullmatch(name):
            row["ids"].append(name.lower())
    app.env.errata_rows = {name for name in rows if NUMBER.fullmatch(name)}  # type: ignore[attr-defined]


def links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """On every other page, turn numbers of rows into links."""
    rows = getattr(app.env, "errata_rows", set())
    if docname == PAGE or not rows:
        return
    page = app.builder.get_relative_uri(docname, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        parts = NUMBER.split(str(text))
        if len(parts) == 1 or within(text):
            continue
        found = [link(part, page) if part in rows else nodes.Text(part) for part in parts if part]
        text.parent.replace(text, found)


def link(name: str, page: str) -> nodes.reference:
    """A link to the row of a name."""
    return nodes.reference("", name, refuri=f"{page}#{name.lower()}", internal=True)


def within(text: nodes.Text) -> bool:
    """Whether a text stands in code, in a link or in a heading."""
    node = text.parent
    while node is not None:
        if isinstance(node, KEPT):
            return True
        node = node.parent
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("doctree-read", places)
    app.connect("doctree-resolved", links)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
