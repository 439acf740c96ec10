"""A study and a report on disk: CSV, JSON, plot, page; each whole or not at all."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.files import new_folder, write_json, write_text
from validation.report.record import DATA
from validation.report.table import also
from validation.studies.study import Study

if TYPE_CHECKING:
    from validation.report.record import Report

JSON = "study.json"
CSV = "study.csv"
PLOT = "study.png"
STUDY = (CSV, JSON, PLOT)

PAGE = "index.html"
RECORD = "report.json"
SUMMARY = "summary.csv"
ROWS = "rows.csv"
TABLES = (RECORD, SUMMARY, ROWS)
REPORT = (PAGE, *TABLES, DATA)
OLDER = (PAGE, *TABLES)
"""What reports without data of the cases hold."""

_ROW = ("level", "replicates", "error", "deviation", "half_width", "reference")
_SUMMARY = ("case", "study", "status", "slope", "half_width", "expected_slope", "reason")


def to_dict(study: Study) -> dict[str, Any]:
    """Plain values of a study, for JSON."""
    return {**_plain(dataclasses.asdict(study)), "holds": study.holds, "verdict": study.verdict}


def report_to_dict(report: Report) -> dict[str, Any]:
    """Plain values of a report, for JSON."""
    findings = [
        {
            "case": f.case,
            "study": f.kind,
            "status": str(f.status),
            "reason": f.reason or None,
            "arguments": list(f.words),
            "result": None if f.study is None else to_dict(f.study),
        }
        for f in report.findings
    ]
    sections = [
        {"title": s.title, "summary": s.summary, "holds": s.holds, "data": _plain(s.data)} for s in report.sections
    ]
    return {
        "holds": report.holds,
        "verdict": report.verdict,
        "quick": report.quick,
        "cases": {case.name: _plain(case.model.describe()) for case in report.cases},
        "findings": findings,
        "sections": sections,
        "provenance": _plain(report.provenance),
    }


def write_study(study: Study, folder: Path) -> None:
    """Write `study.csv`, `study.json`, `study.png` into an existing folder, each whole or not at all (StorageError)."""
    from validation.study_figures import draw_study

    _write_tables(study, folder / CSV, folder / JSON)
    draw_study(study, folder / PLOT)


def write_report(report: Report, folder: Path, *, replace: bool = True) -> None:
    """Write page, tables and record as one folder, whole or not at all: OSError, and an older report is untouched."""
    from validation.report.page import page

    with new_folder(folder, REPORT, replace=replace) as draft:
        write_text(draft / PAGE, page(report))
        write_json(draft / RECORD, report_to_dict(report))
        write_text(draft / SUMMARY, _table(_SUMMARY, _summary_lines(report)))
        write_text(draft / ROWS, _rows_table(report))
        _write_data(report, draft)


def _write_tables(study: Study, table: Path, record: Path) -> None:
    write_text(table, _table([*_ROW, *also(study)], ([*_row(row), *row.also.values()] for row in study.rows)))
    write_json(record, to_dict(study))


def _write_data(report: Report, folder: Path) -> None:
    """A folder a case: a table and a record of each of its studies, and the runs of its picture."""
    (folder / DATA).mkdir()
    for number, case in enumerate(report.cases):
        place = folder / report.folder(number)
        place.mkdir()
        for finding in report.of(case.name):
            if finding.study is not None:
                _write_tables(finding.study, place / f"{finding.kind}.csv", place / f"{finding.kind}.json")
        if report.pictures:
            report.pictures[number].save(place)


def _summary_lines(report: Report) -> Iterable[list[Any]]:
    for f in report.findings:
        slope = None if f.study is None else f.study.slope
        rate = [None, None] if slope is None else [slope.estimate, slope.half_width]
        expected = None if f.study is None else f.study.expected_slope
        yield [f.case, f.kind, f.status, *rate, expected, f.reason if f.study is None else f.study.refusal]


def _rows_table(report: Report) -> str:
    """Every row of every study; a further column stands empty where a study has none of its name."""
    studies = [(f.kind, f.study) for f in report.findings if f.study is not None]
    columns = list(dict.fromkeys(name for _, study in studies for name in also(study)))
    lines = (
        [study.case, kind, study.refinement, *_row(row), *(row.also.get(name) for name in columns)]
        for kind, study in studies
        for row in study.rows
    )
    return _table(["case", "study", "refinement", *_ROW, *columns], lines)


def _row(row: Any) -> list[Any]:
    return [getattr(row, name) for name in _ROW]


def _table(headings: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(lines)
    return text.getvalue()


def _plain(value: Any) -> Any:
    """A value that JSON can hold: numpy's numbers as Python's, null for what is not finite."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
