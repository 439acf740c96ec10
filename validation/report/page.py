"""The report as one HTML page: styles and figures within, its data beside it, no script, nothing fetched."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from typing import Any

from particles.trajectory import META
from validation.report import table
from validation.report.contents import bar, contents
from validation.report.describe import describe
from validation.report.document import document
from validation.report.equations import of_distance, of_model
from validation.report.files import TABLES
from validation.report.html import Html, definitions, figure, fine, join, paragraph, tag
from validation.report.html import table as html_table
from validation.report.marks import checks, mark, typeset, verdict_mark
from validation.report.pictures import CLOUD, DENSITY, Picture
from validation.report.record import Finding, Report, Section, Status
from validation.report.svg import inline
from validation.studies.study import Study

_TITLE = "Particles against kinetic equations"


def page(report: Report) -> str:
    """Return the page: a summary, a section a case, the further sections, where the numbers come from."""
    cases = [_case(report, number) for number in range(len(report.cases))]
    further = [_further(section, f"section-{number}") for number, section in enumerate(report.sections, 1)]
    main = tag("main", join([_summary(report), *cases, *further, _provenance(report.provenance)]))
    header = tag("header", tag("h1", _TITLE), _lead(report), contents(report))
    body = tag("body", header, bar(report.holds), main)
    return document(f"{_TITLE}: {report.verdict}", body)


def _lead(report: Report) -> Html:
    form = "The quick form: fewer and coarser levels than the whole report." if report.quick else "The whole report."
    status = Status.HOLDS if report.holds else Status.FAILS
    text = (
        "Each study measures the distance between particles, their kinetic equation and exact laws against one"
        " refinement, and ends in a verdict that rests on 99.9 % intervals or on orders. A study that cannot be made"
        " of a case is not applicable; one whose data cannot tell has no verdict, and counts as one that does not hold."
        " A and P stand for arXiv 2001.04294v1 and its published version, Foundations of Data Science 4 (2022)."
    )
    return join([tag("p", mark(status, ""), f" {report.verdict}", class_="verdict"), paragraph(f"{form} {text}")])


def _summary(report: Report) -> Html:
    rows, held = [], []
    for number, case in enumerate(report.cases):
        found = report.of(case.name)
        rows.append([tag("a", case.name, href=f"#case-{number + 1}"), *(_cell(finding, number) for finding in found)])
        held.append(not any(finding.status.is_open for finding in found))
    verdicts = html_table("Verdicts", ["case", *report.kinds], rows, class_="verdicts", held=held)
    parts = [tag("h2", "Summary"), verdicts]
    if report.sections:
        lines = [
            [tag("a", section.title, href=f"#section-{number}"), verdict_mark(section.holds), typeset(section.summary)]
            for number, section in enumerate(report.sections, 1)
        ]
        held = [section.holds is not False for section in report.sections]
        heads = ["section", "verdict", "summary"]
        parts.append(html_table("Further sections", heads, lines, class_="sections", held=held))
    parts += [_links("All numbers of this page", TABLES), _measured()]
    return tag("section", join(parts), id="summary")


def _measured() -> Html:
    """What the distance is, and what it should be."""
    words = (
        "F_M and F are the distribution functions of M particles and of their law. The tables give the mean of W1 for"
        " the M at hand, which comes close to this limit; in the plane W1 is averaged over directions."
    )
    return tag("div", tag("h3", "What is measured"), of_distance(), paragraph(words), **fine(True))


def _links(told: str, names: Sequence[str], folder: str = "") -> Html:
    """Where data are, beside the page."""
    links = [part for name in names for part in (", ", tag("a", name, href=f"{folder}{name}"))][1:]
    return tag("p", f"{told}: ", *links, ".", class_="command")


def _cell(finding: Finding, case: int) -> Html:
    if finding.study is None:
        return mark(finding.status)
    rate = finding.study.slope
    parts = [tag("a", mark(finding.status), href=f"#{_key(finding, case)}")]
    if rate is not None:
        least, theory = "at least " * finding.study.one_sided, finding.study.expected_slope
        told = f"order {least}{abs(theory):g}" if least else f"{theory:g}"
        parts.append(tag("span", f"slope {rate.estimate:.3f}, theory {told}", class_="rate"))
    return join(parts)


def _case(report: Report, number: int) -> Html:
    case = report.cases[number]
    found = report.of(case.name)
    parts = [
        tag("h2", case.name),
        paragraph(typeset(report.line_of(case.name)), class_="line"),
        paragraph(f"{case.figure}: {case.notes}." if case.figure else case.notes),
        tag("h3", "Model"),
        of_model(case.model),
        definitions([(name, typeset(value)) for name, value in describe(case)]),
    ]
    place = f"{report.folder(number)}/"
    parts += _picture(report.pictures[number], place) if report.pictures else []
    parts += [_study(f, f.study, _key(f, number), place) for f in found if f.study is not None]
    absent = [finding for finding in found if finding.study is None]
    if absent:
        told = [tag("h3", "Not applicable"), definitions([(f.kind, f.reason) for f in absent])]
        parts.append(tag("div", *told, **fine(True)))
    held = not any(finding.status.is_open for finding in found)
    return tag("section", join(parts), id=f"case-{number + 1}", **fine(held))


def _picture(picture: Picture, place: str) -> list[Html]:
    """The drawing with its runs and the command that draws them, or the reason why there is none."""
    title = tag("h3", "Particles and their density")
    if picture.drawing is None:
        return [tag("div", title, paragraph(f"No picture: {picture.reason}."), **fine(True))]
    parts = [
        title,
        figure(picture.drawing, f"{picture.caption}.", **({"class_": "wide plate"} if picture.in_plane else {})),
    ]
    if picture.runs is not None:
        command = f"python -m validation plot {place}{CLOUD} {place}{DENSITY} --out picture.svg"
        parts.append(tag("p", "Drawn anew, in this folder: ", tag("code", command), class_="command"))
        parts.append(_links("Its runs", [DENSITY, f"{CLOUD}/{META}"], place))
    return parts


def _key(finding: Finding, case: int) -> str:
    """Anchor of a study, and start of its figure's ids."""
    return f"case-{case + 1}-{finding.kind}"


def _study(finding: Finding, study: Study, key: str, place: str) -> Html:
    from validation.study_figures import draw_study

    title = f"{study.name}: {study.quantity} over {study.refinement}"
    parts = [tag("h3", title), tag("p", mark(finding.status, _verdict(study)), class_="verdict")]
    if study.rows:
        rows = [[typeset(text) for text in row] for row in table.cells(study)]
        parts.append(html_table(study.quantity, list(map(typeset, table.headings(study))), rows))
        label = f"{study.quantity} over {study.refinement} on logarithmic axes, the numbers of the table above"
        referred = any(row.reference is not None for row in study.rows)
        line = study.reference if referred else f"slope {study.expected_slope:g}"
        caption = f"{study.quantity} over {study.refinement}; broken line: {line}."
        parts.append(figure(inline(partial(draw_study, study), key, label), caption))
    parts.append(checks(study.checks))
    parts += [paragraph(typeset(_sentence(remark))) for remark in study.remarks]
    command = f"python -m validation {shlex.join(finding.words)} --out DIR"
    parts.append(tag("p", "This study alone: ", tag("code", command), class_="command"))
    parts.append(_links("Its numbers", [f"{finding.kind}.csv", f"{finding.kind}.json"], place))
    return tag("section", join(parts), id=key, **fine(not finding.status.is_open))


def _verdict(study: Study) -> str:
    if study.refusal is not None:
        return f"no verdict: {study.refusal}"
    return "holds" if study.holds else "does not hold"


def _further(section: Section, key: str) -> Html:
    line = tag("p", verdict_mark(section.holds), f" {typeset(section.summary)}", class_="line")
    parts = [tag("h2", section.title), line, join(section.body)]
    return tag("section", *parts, id=key, **fine(section.holds is not False))


def _provenance(record: dict[str, Any]) -> Html:
    plain = [(name, str(value)) for name, value in record.items() if not isinstance(value, dict)]
    versions = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items() if version)
    seconds = [[name, f"{value:.1f}"] for name, value in record.get("seconds", {}).items()]
    parts = [tag("h2", "Provenance"), definitions([*plain, ("versions", versions)])]
    if seconds:
        times = html_table("Wall clock on the first rank", ["study", "seconds"], seconds)
        parts.append(tag("details", tag("summary", "Time a study"), times))
    return tag("section", join(parts), id="provenance")


def _sentence(text: str) -> str:
    """A remark as a sentence: a word at its start gets a capital, a symbol keeps its letter."""
    start = text[:1].upper() if text[:2].isalpha() and text[:2].islower() else text[:1]
    return f"{start}{text[1:].rstrip('.')}."
