"""Formulas as MathML, which every browser sets by itself: no script, no font, nothing fetched.

A part is markup of these functions, or plain text, which becomes a variable, a number or a sign by its look.
"""

from __future__ import annotations

from validation.report.html import Html, tag

THIN, WIDE = (tag("mspace", width=width) for width in ("0.17em", "1.5em"))
_TALL = ("<mfrac", "<msqrt")  # what brackets grow with


def name(text: str) -> Html:
    """A variable, in italics where it is one letter, or the name of a function."""
    return tag("mi", text)


def upright(text: str) -> Html:
    """A variable of one letter that is no number, as the mean E."""
    return tag("mi", text, mathvariant="normal")


def row(*parts: str) -> Html:
    """Parts side by side."""
    return tag("mrow", *map(_part, parts))


def below(base: str, index: str) -> Html:
    """Base with a subscript."""
    return tag("msub", _part(base), _part(index))


def above(base: str, exponent: str) -> Html:
    """Base with a superscript."""
    return tag("msup", _part(base), _part(exponent))


def both(base: str, index: str, exponent: str) -> Html:
    """Base with a subscript and a superscript."""
    return tag("msubsup", _part(base), _part(index), _part(exponent))


def fraction(top: str, bottom: str) -> Html:
    """One over the other."""
    return tag("mfrac", _part(top), _part(bottom))


def root(*parts: str) -> Html:
    """Square root."""
    return tag("msqrt", *map(_part, parts))


def bar() -> Html:
    """A bar of an absolute value."""
    return tag("mo", "|", stretchy="false", lspace="0.1em", rspace="0.1em")


def bracketed(*parts: str, by: str = "()") -> Html:
    """Parts between brackets, which grow with fractions and roots alone."""
    inner = [_part(part) for part in parts]
    grow = "true" if any(mark in part for mark in _TALL for part in inner) else "false"
    return row(tag("mo", by[0], stretchy=grow), *inner, tag("mo", by[1], stretchy=grow))


def display(*formulas: Html) -> Html:
    """Formulas in lines of their own, in a box that scrolls where they are wider than the page."""
    lines = (tag("div", tag("math", one, displaystyle="true")) for one in formulas)
    return tag("div", *lines, class_="formula scroll", tabindex="0", role="group", aria_label="formulas")


def _part(text: str) -> Html:
    if isinstance(text, Html):
        return text
    if text.isdigit():
        return tag("mn", text)
    return name(text) if text.isalpha() or text == "∞" else tag("mo", text)
