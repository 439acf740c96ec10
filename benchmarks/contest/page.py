"""The page of a run: where a peer is faster, diagrams, seconds to an error, what failed; nothing fetched, no script."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from benchmarks.contest.chart import draw_problem
from benchmarks.contest.model import model_of
from benchmarks.contest.problem import Problem
from benchmarks.contest.problems import PROBLEMS
from benchmarks.contest.references.certificate import Certificate
from benchmarks.contest.standings import NAMES, Time, best_of_ours, is_ours, reached, standing, targets_of
from benchmarks.contest.store import Entered
from benchmarks.contest.verdicts import error_of, remarks, suspicions
from validation.report.document import document
from validation.report.equations import of_law
from validation.report.html import Html, definitions, figure, join, paragraph, table, tag
from validation.report.marks import mark
from validation.report.record import Status
from validation.report.svg import inline

TITLE = "Contest: errors against seconds"
_STATES = {"failed", "refused", "hangs", "crashed"}


def page(record: Mapping[str, Any], found: Sequence[Entered], certificates: Mapping[str, Certificate]) -> str:
    """Return the page.

    Parameters
    ----------
    record
        What `Store.record` gives.
    found
        What `Store.all` gives.
    certificates
        Two routes to each reference, by the name of the problem.
    """
    groups = {name: [one for one in found if one.problem == name] for name in PROBLEMS}
    groups = {name: group for name, group in groups.items() if group}
    order = list(dict.fromkeys(one.contestant for one in found))
    links = [tag("li", tag("a", name, href=f"#{name}")) for name in groups]
    nav = tag("nav", tag("ul", *links), aria_label="Problems", id="contents")
    sections = [_problem(PROBLEMS[name], group, order, certificates.get(name)) for name, group in groups.items()]
    header = tag("header", tag("h1", TITLE), _lead(groups), nav)
    main = tag("main", join([*sections, _references(certificates), _contestants(found), _provenance(record)]))
    return document(TITLE, tag("body", header, main))


def _lead(groups: Mapping[str, Sequence[Entered]]) -> Html:
    """Where a peer wins comes first."""
    lost, count = [], 0
    for name, group in groups.items():
        for quantity, target in targets_of(group):
            times = standing(group, quantity, target)
            count += bool(times)
            if times and not times[0].ours:
                lost.append(_lost(name, _asked(quantity, target), times[0], best_of_ours(times)))
    how = (
        "Each contestant ran in a process of its own on one thread, timed by the process that judges; the shortest of"
        " several calls counts, compilation apart. Seconds to an error are read on a line between two settings and"
        " never beyond them."
    )
    if not lost:
        words = f"No peer is faster than ours at any of the {count} errors that somebody reaches."
        return join([paragraph(words, class_="verdict"), paragraph(how)])
    words = f"A peer is faster than ours at {len(lost)} of the {count} errors that somebody reaches:"
    return join([paragraph(words, class_="verdict"), tag("ul", *lost), paragraph(how)])


def _lost(problem: str, error: str, first: Time, ours: Time | None) -> Html:
    told = f", to {error}: {first.contestant} in {_seconds(first)}; "
    if ours is None:
        told += "none of ours gets there"
    else:
        told += f"ours, {ours.contestant}, in {_seconds(ours)}, {_factor(ours.seconds / first.seconds)} times as long"
    return tag("li", tag("a", problem, href=f"#{problem}"), f"{_unbroken(told)}.")


def _problem(problem: Problem, group: Sequence[Entered], order: Sequence[str], certified: Certificate | None) -> Html:
    equation = of_law(model_of(problem), collisions=problem.noise == "collisions")
    source = paragraph(f"{problem.source}.", class_="line")
    parts = [tag("h2", problem.name), paragraph(problem.words), equation, source]
    solved = [one for one in group if one.rungs]
    if solved:
        without = targets_of(group)[0][0] == "kolmogorov"
        bound = None if certified is None else certified.error if without else certified.error_w1
        drawing = inline(
            partial(draw_problem, solved, order, bound), problem.name, f"errors of {problem.name} over seconds"
        )
        caption = (
            "Ours in bold. Broken lines: errors asked for in the table. Dotted, in a contestant's colour: the sampling"
            " floor, the mean W1 of as many independent draws. Grey: below the bound of the reference's own error."
        )
        parts += [figure(drawing, caption, class_="double"), _times(solved), _ratios(solved)]
    return tag("section", join([*parts, *_others(group)]), id=problem.name)


def _sorted(group: Sequence[Entered]) -> list[Entered]:
    """Best error first."""
    return sorted(group, key=lambda one: min(error_of(rung.errors) for rung in one.rungs))


def _times(group: Sequence[Entered]) -> Html:
    targets = targets_of(group)
    heads = ["contestant", *(_asked(name, target) for name, target in targets),
             "smallest error", "first call", "memory"]  # fmt: skip
    rows = []
    for one in _sorted(group):
        last = min(one.rungs, key=lambda rung: error_of(rung.errors))
        first = max(rung.prepare + rung.first for rung in one.rungs)
        memory = max(rung.memory for rung in one.rungs)
        times = (reached(one, name, target) for name, target in targets)
        cells = ["–" if time is None else _seconds(time) for time in times]
        rows.append([_name(one), *cells, f"{error_of(last.errors):.1e}", _plain(first), f"{memory / 2**20:.0f} MiB"])
    caption = (
        "Seconds to an error, ours in bold; ≤: the cheapest setting is better already. First call: the longest, with"
        " preparing."
    )
    return table(caption, heads, rows, class_="numbers named")


def _ratios(group: Sequence[Entered]) -> Html:
    targets = targets_of(group)
    rows = []
    for one in _sorted(group):
        if is_ours(one) or suspicions(one):
            continue
        cells = []
        for name, target in targets:
            ours, theirs = best_of_ours(standing(group, name, target)), reached(one, name, target)
            if ours is None or theirs is None:
                cells.append("–" if theirs is None else "ours –")
            else:
                about = "≈ " if ours.bound or theirs.bound else ""
                ratio = theirs.seconds / ours.seconds
                cells.append(f"{about}{_factor(ratio)} | {_factor(1.0 / ratio)}")
        rows.append([_name(one), *cells])
    if not rows:
        return Html("")
    heads = ["contestant", *(_asked(name, target) for name, target in targets)]
    return table("Its seconds over those of our fastest | ours over its", heads, rows, class_="numbers named")


def _name(one: Entered) -> str:
    """In bold where it is ours, as in the diagram."""
    if is_ours(one):
        return tag("strong", one.contestant)
    return f"{one.contestant} (no solver)" if suspicions(one) else one.contestant


def _unbroken(text: str) -> str:
    """Text whose numbers are not broken after the hyphen of their exponent."""
    return re.sub(r"(?<=\de)-(?=\d)", "\N{NON-BREAKING HYPHEN}", text)


def _others(group: Sequence[Entered]) -> list[Html]:
    """Who is no solver, who failed, what else is to be known, and who cannot."""
    lines = [(one, said, Status.FAILS) for one in group for said in suspicions(one)]
    lines += [(one, said, Status.UNDECIDED) for one in group for said in remarks(one)]
    ends = [(one, one.end) for one in group if one.end is not None]
    lines += [(one, f"{end.state}: {end.why}", Status.FAILS) for one, end in ends if end.state in _STATES]
    lines += [(one, "stopped before its end", Status.UNDECIDED) for one in group if one.end is None]
    parts = []
    if lines:
        items = (tag("li", mark(status, _unbroken(f"{one.contestant}: {said}"))) for one, said, status in lines)
        parts += [tag("h3", "What is not as it should be"), tag("ul", *items, class_="checks")]
    absent = [(one.contestant, end.why) for one, end in ends if end.state in ("cannot", "missing")]
    if absent:
        parts.append(tag("details", tag("summary", f"Not taking part: {len(absent)}"), definitions(absent)))
    return parts


def _references(certificates: Mapping[str, Certificate]) -> Html:
    rows = [
        [
            name,
            f"{one.error:.0e}",
            f"{one.gap:.1e}",
            f"{one.error_w1:.0e}",
            f"{one.gap_w1:.1e}",
            one.route,
            one.second_route,
        ]
        for name, one in certificates.items()
    ]
    heads = ["problem", "bound of F", "found", "bound of W1", "found", "route", "second route"]
    caption = "Two routes to each reference: the bound that is stated, and how far they are apart"
    return tag("section", tag("h2", "References"), table(caption, heads, rows, class_="sections"), id="references")


def _contestants(found: Sequence[Entered]) -> Html:
    about = {one.contestant: one.end.about for one in found if one.end and one.end.about}
    rows = [
        [name, told["title"], told["library"], str(told["version"] or "not installed"), told["source"]]
        for name, told in about.items()
    ]
    heads = ["name", "title", "library", "version", "source of its settings"]
    return tag("section", tag("h2", "Contestants"), table("Who took part", heads, rows, class_="sections"), id="who")


def _provenance(record: Mapping[str, Any]) -> Html:
    plain = [(name, str(value)) for name, value in record.items() if not isinstance(value, dict)]
    versions = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items() if version)
    parts = [tag("h2", "Provenance"), definitions([*plain, ("versions of the judge", versions)])]
    return tag("section", *parts, id="provenance")


def _asked(quantity: str, target: float) -> str:
    """An error that is asked for, such as ``W1 = 1e-3``."""
    return f"{NAMES[quantity]} = 1e{round(math.log10(target))}"


def _seconds(time: Time) -> str:
    return f"≤ {_plain(time.seconds)}" if time.bound else _plain(time.seconds)


def _plain(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}" if seconds < 999.5 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _factor(ratio: float) -> str:
    digits = 3 if 0.95 < ratio < 1.05 else 2  # 1.03, where "1 times as long" would be no more
    return f"{ratio:.{digits}g}" if ratio < 99.5 else f"{ratio:,.0f}"
