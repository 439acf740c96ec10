"""Equations as MathML, written while the site is built by the converter that docutils brings: no page loads a renderer.

Sphinx calls a pair of functions for each `math` node; the second is None since nothing is left to do after the first.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator


def mathml(tex: str, *, block: bool) -> str:
    r"""An equation of TeX as MathML; `\\` and `&` make rows and columns of a block.

    Raises
    ------
    ExtensionError
        If the converter does not know a command, which ends the build.
    """
    try:
        return str(tex2mathml(tex, as_block=block))
    except MathError as error:
        raise ExtensionError(f"equation {tex!r}: {error}") from error


def inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write an equation within a line."""
    writer.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write an equation on a line of its own, with its number and a place to link to where it has a label."""
    number = ""
    if node["number"]:
        number = f'<span class="eqno">({node["number"]})</span>'
    place = f' id="{escape(node["ids"][0])}"' if node["ids"] else ""
    writer.body.append(f'<div class="equation"{place}>{mathml(node.astext(), block=True)}{number}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
