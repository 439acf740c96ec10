"""A figure's SVG text as a part of a page: ids of its own, the page's colours and fonts, words for who cannot see it.

matplotlib names its groups figure_1, axes_1, ... in every figure; on one page ids must differ, so each gets the
figure's key in front, and so does what refers to it. Black becomes the colour of the page's text, and the colours of
matplotlib's cycle become variables of the style sheet, so that a dark page needs no second figure.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TextIO
from xml.etree import ElementTree

from validation.report.html import Html

# matplotlib's colours, and those of Okabe and Ito -> variables of page.css
COLOURS = {
    "#1f77b4": "var(--c0)", "#ff7f0e": "var(--c1)", "#2ca02c": "var(--c2)", "#d62728": "var(--c3)",
    "#9467bd": "var(--c4)", "#8c564b": "var(--c5)", "#e377c2": "var(--c6)", "#7f7f7f": "var(--c7)",
    "#bcbd22": "var(--c8)", "#17becf": "var(--c9)", "#000000": "currentColor", "#b0b0b0": "var(--grid)",
    "#0072b2": "var(--o0)", "#d55e00": "var(--o1)", "#009e73": "var(--o2)", "#cc79a7": "var(--o3)",
    "#e69f00": "var(--o4)", "#56b4e9": "var(--o5)", "#595959": "var(--soft)",
}  # fmt: skip


def inline(draw: Callable[[TextIO], None], key: str, label: str) -> Html:
    """Return a figure as markup for a page; `label` says in words what it shows.

    `draw` writes it as SVG into a stream, as the functions of `validation.figures` do; `key`, of letters, digits and
    hyphens, is another one for every figure of a page.
    """
    stream = io.StringIO()
    draw(stream)
    root = ElementTree.fromstring(stream.getvalue())
    for element in list(root.iter()):
        for child in list(element):
            if _local(child.tag) in ("metadata", "style"):  # the page has both
                element.remove(child)
        element.tag = _local(element.tag)
        if element.tag == "image":  # its id is a hash of its dots, so that two of the same dots share one
            element.attrib.pop("id", None)
        element.attrib = {_local(name): _value(_local(name), value, key) for name, value in element.items()}
        element.text = element.text if element.text and element.text.strip() else None
        element.tail = None
    root.attrib = {"class": "figure", "viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return Html(ElementTree.tostring(root, encoding="unicode"))


def _local(name: str) -> str:
    """Name without its namespace: HTML knows an inline SVG without one."""
    return name.rpartition("}")[2]


def _value(name: str, value: str, key: str) -> str:
    if name == "id":
        return f"{key}-{value}"
    if name == "href" and value.startswith("#"):
        return f"#{key}-{value[1:]}"
    if name == "style":
        return re.sub(r"#[0-9a-f]{6}\b", lambda found: COLOURS.get(found[0], found[0]), value)
    if name == "d":
        return " ".join(value.split())
    return value.replace("url(#", f"url(#{key}-")
