"""A study on the terminal and on disk: table, CSV, JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

from particles.base.files import write_json, write_text
from validation.study import Study

JSON = "study.json"
CSV = "study.csv"
PLOT = "study.png"


def to_dict(study: Study) -> dict[str, Any]:
    """Plain values of a study, for JSON."""
    return {**dataclasses.asdict(study), "holds": study.holds, "verdict": study.verdict}


def print_study(study: Study) -> None:
    """Print the table, the measured rows, the claims and the verdict."""
    from rich.console import Console
    from rich.table import Table

    title = f"{study.name}: {study.case}, {study.quantity}"
    table = Table(title=title, min_width=len(title))
    columns = list(study.rows[0].also) if study.rows else []
    sampled = any(row.replicates > 1 for row in study.rows)
    referred = any(row.reference is not None for row in study.rows)
    headings = [study.refinement, *(("replicates", "mean", "95 % interval") if sampled else ("error",))]
    headings += [*((study.reference, "ratio") if referred else ()), *columns]
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in study.rows:
        cells = [f"{row.level:,.6g}" if row.level < 1.0 else f"{row.level:,.0f}"]
        cells += [str(row.replicates)] if sampled else []
        cells += [f"{row.error:.4e}", *([f"+- {row.half_width:.1e}"] if sampled else [])]
        if referred:
            reference = row.reference
            cells += ["", ""] if reference is None else [f"{reference:.4e}", f"{row.error / reference:.3f}"]
        table.add_row(*cells, *(f"{row.also[column]:.4g}" for column in columns))
    console = Console(highlight=False, width=110)
    console.print(table)
    for line in study.remarks:
        console.print(line)
    for check in study.checks:
        console.print(f"{'holds' if check.holds else 'FAILS'}: {check.claim}: {check.found}")
    console.print(f"verdict: {study.verdict}", style="bold")


def write_study(study: Study, folder: Path) -> None:
    """Write `study.csv`, `study.json` and the plot `study.png` into an existing folder, each whole or not at all.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    from validation.figures import draw_study

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(study.rows[0].also) if study.rows else []
    writer.writerow(["level", "replicates", "error", "deviation", "half_width", "reference", *columns])
    writer.writerows(
        [row.level, row.replicates, row.error, row.deviation, row.half_width, row.reference, *row.also.values()]
        for row in study.rows
    )
    write_text(folder / CSV, text.getvalue())
    write_json(folder / JSON, to_dict(study))
    draw_study(study, folder / PLOT)
