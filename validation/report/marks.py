"""Parts of the page that tell how something ended: a sign and words each, so that the colour is never alone."""

from __future__ import annotations

from collections.abc import Sequence

from validation.report.html import Html, tag
from validation.report.record import Status
from validation.studies.study import Check

_MARKS = {
    Status.HOLDS: ("holds", "\N{CHECK MARK}"),
    Status.FAILS: ("fails", "\N{BALLOT X}"),
    Status.UNDECIDED: ("undecided", "?"),
    Status.NOT_APPLICABLE: ("absent", "\N{EN DASH}"),
}


def mark(status: Status, words: str | None = None) -> Html:
    """Sign and words of a status; by default its own words."""
    class_, sign = _MARKS[status]
    said = str(status) if words is None else words
    return tag("span", tag("span", sign, aria_hidden="true"), f" {typeset(said)}" if said else "", class_=class_)


def verdict_mark(holds: bool | None) -> Html:
    """Mark of a verdict; nothing where there is none."""
    return Html("") if holds is None else mark(Status.HOLDS if holds else Status.FAILS)


def checks(claims: Sequence[Check]) -> Html:
    """List of claims with what was found."""
    lines = (
        tag("li", verdict_mark(check.holds), f" {check.claim}: ", tag("strong", typeset(check.found)))
        for check in claims
    )
    return tag("ul", *lines, class_="checks")


def typeset(text: str) -> str:
    """Signs that the terminal writes in ASCII."""
    sign, thin, fixed = "\N{PLUS-MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
    return text.replace(" +- ", f"{fixed}{sign}{thin}").replace("+- ", f"{sign}{thin}").replace("+-", sign)
