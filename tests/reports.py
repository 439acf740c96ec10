"""A report with every status in it, made by hand: no study runs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from particles.model import cases, load_case
from validation.report.html import Html, paragraph
from validation.report.html import table as html_table
from validation.report.pictures import Picture
from validation.report.plan import Task
from validation.report.record import Finding, Report, Section
from validation.report.svg import inline
from validation.studies.study import Check, Row, Study, fit_constant, fit_slope
from validation.study_figures import draw_study

NASTY = '<script>fetch("http://example.org/x")</script> & "quotes" $\\nothing$ url(#p1)'


def sampled(case: str, *, refusal: str | None = None, holds: bool = True) -> Study:
    """A study like that of the mean field, with a slope of -1/2 and replicates."""
    rows = tuple(
        Row(10.0**k, 100, 1.01 * 10.0 ** (-0.5 * k), 0.36 * 10.0 ** (-0.5 * k), 10.0 ** (-0.5 * k)) for k in range(2, 7)
    )
    checks = (Check("the slope is -1/2", "-0.5000 +- 0.0100", True), Check(f"a claim, {NASTY}", NASTY, holds))
    return Study(
        name="mean-field", case=case, refinement="particles M", quantity=f"W1(cloud, PDE) {NASTY}", rows=rows,
        slope=fit_slope(rows), constant=fit_constant(rows), expected_slope=-0.5, checks=checks,
        reference="exact mean", refusal=refusal, remarks=(f"a remark, {NASTY}",), extra={"bound": float("inf")},
    )  # fmt: skip


def exact(case: str) -> Study:
    """A study of deterministic errors with further columns and a missing reference."""
    rows = tuple(
        Row(cells, 1, 20.0 * cells**-3.0, 0.0, None if cells < 200 else 20.0 * cells**-3.0,
            {"lowest average": -1e-9 / cells, "steps": 2.0 * cells})
        for cells in (100, 200, 400, 800)
    )  # fmt: skip
    return Study(
        name="grid", case=case, refinement="cells", quantity="W1(PDE, exact law)", rows=rows, slope=None,
        constant=None, expected_slope=-3.0, checks=(Check("order 3 within 0.2", "-3.0000", True),),
    )  # fmt: skip


def empty(case: str) -> Study:
    """A study without a single level."""
    return dataclasses.replace(exact(case), name="layers", rows=(), checks=(), refusal="the grid cannot resolve it")


def every_status(folder: Path) -> Report:
    """Holds, fails, cannot tell, does not apply; a case whose name is markup; a further section of each kind."""
    path = folder / "nasty.toml"
    path.write_text(
        f"name = {json.dumps(NASTY)}\n[model]\ndrift = 'tanh'\nweight = -1.0\nbias = 1.0\n"
        "[model.initial]\nlaw = 'normal'\nm = 0.0\nv = 1.0\n[run]\nuntil = 1.0\n[grid]\ndomain = [-7.0, 7.0]\n"
    )
    chosen = (cases["regression"], cases["iris"], cases["regression-2d"], load_case(str(path)))
    words = ("study", "mean-field", "regression")

    def finding(kind: str, number: int, study: Study | None = None, reason: str = "") -> Finding:
        return Finding(kind=kind, case=chosen[number].name, words=words, study=study, reason=reason)

    why = f"this case has no exact law: {NASTY}"
    findings = (
        finding("mean-field", 0, sampled("regression")),
        finding("grid", 0, exact("regression")),
        finding("layers", 0, empty("regression")),
        finding("mean-field", 1, sampled("iris", holds=False)),
        finding("grid", 1, exact("iris")),
        finding("layers", 1, None, why),
        *(finding(kind, 2, None, why) for kind in ("mean-field", "grid", "layers")),
        finding("mean-field", 3, sampled(NASTY, refusal=f"two levels are not enough, {NASTY}")),
        finding("grid", 3, None, why),
        finding("layers", 3, None, why),
    )
    body = [paragraph(NASTY), html_table("Costs", ["part", "error"], [["sampling", "1e-3"], ["steps", "2e-4"]])]
    sections = (
        Section(title="Error budget", summary="every part below a tenth", body=body, holds=True, data={"parts": 2}),
        Section(title="Gallery", summary="laws at rest", body=[Html("<p>pictures</p>")]),
        Section(title="Costs", summary=f"too dear, {NASTY}", body=body, holds=False),
    )
    provenance = {"versions": {"numpy": "2"}, "commit": "abc", "ranks": 1, "seconds": {"grid of regression": 1.25}}
    drawn = inline(partial(draw_study, exact("regression")), "case-1-picture", NASTY)
    pictures = (
        Picture(case="regression", drawing=drawn, caption=f"particles, {NASTY}", in_plane=True),
        *(Picture(case=case.name, reason=f"its tails reach too far, {NASTY}") for case in chosen[1:]),
    )
    return Report(cases=chosen, findings=findings, sections=sections, pictures=pictures, provenance=provenance)


def tasks_of(*runs: Callable[[object], Study] | None) -> list[Task]:
    """Tasks of one kind of study, a case each; None: it does not apply."""
    return [
        Task(kind="grid", case=f"case-{n}", words=(), run=run, reason="" if run else "no") for n, run in enumerate(runs)
    ]
