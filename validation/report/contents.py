"""The bar and the contents of the report: where everything is, how it ended, and a filter for what does not hold.

The filter is a box to tick and a rule of the style sheet, which hides what bears the class `FINE`: no script.
"""

from __future__ import annotations

from validation.report.html import Html, fine, tag
from validation.report.marks import mark, verdict_mark
from validation.report.record import Report, Status

FILTER = "only-open"
"""Id of the box; page.css knows it."""


def bar(held: bool) -> Html:
    """Link to the contents, and the filter; it stays at the top of the window."""
    box = {"type": "checkbox", "id": FILTER, "autocomplete": "off"}
    told = "Only what does not hold"
    if held:
        box["disabled"] = ""
        told = "Only what does not hold: every verdict holds"
    label = tag("label", tag("input", **box), f" {told}")
    return tag("div", tag("a", "Contents", href="#contents"), label, class_="bar")


def contents(report: Report) -> Html:
    """A link to each case and section, with its verdicts."""
    cases = [_case(report, number) for number in range(len(report.cases))]
    sections = [
        tag("li", tag("a", section.title, href=f"#section-{number}"), " ", verdict_mark(section.holds),
            **fine(section.holds is not False))
        for number, section in enumerate(report.sections, 1)
    ]  # fmt: skip
    ends = [tag("li", tag("a", title, href=f"#{title.lower()}")) for title in ("Summary", "Provenance")]
    return tag("nav", tag("ul", ends[0], *cases, *sections, ends[1]), id="contents", aria_label="Contents")


def _case(report: Report, number: int) -> Html:
    case = report.cases[number]
    statuses = [finding.status for finding in report.of(case.name) if finding.study is not None]
    failing = sum(status.is_open for status in statuses)
    told = f"{len(statuses) - failing} of {len(statuses)}"
    if not statuses:
        shown = mark(Status.NOT_APPLICABLE)
    else:
        shown = mark(Status.FAILS if failing else Status.HOLDS, told)
    return tag("li", tag("a", case.name, href=f"#case-{number + 1}"), " ", shown, **fine(not failing))
