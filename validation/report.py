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
    return {**dataclasses.asdict(study), "holds": study.holds}


def print_study(study: Study) -> None:
    """Print the table, the measured rows, the claims and the verdict."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{study.name}: {study.case}, {study.quantity} at t = {study.extra['time']:g}")
    for heading in (study.refinement, "replicates", "mean", "95 % interval", "theory", "mean/theory"):
        table.add_column(heading, justify="right")
    for row in study.rows:
        reference = row.reference
        table.add_row(
            f"{row.level:,.0f}",
            str(row.replicates),
            f"{row.error:.4e}",
            f"+- {row.half_width:.1e}",
            "" if reference is None else f"{reference:.4e}",
            "" if reference is None else f"{row.error / reference:.3f}",
        )
    console = Console(highlight=False, width=110)
    console.print(table)
    for line in remarks(study):
        console.print(line)
    for check in study.checks:
        console.print(f"{'holds' if check.holds else 'FAILS'}: {check.claim}: {check.found}")
    console.print(f"verdict: {'holds' if study.holds else 'DOES NOT HOLD'}", style="bold")


def remarks(study: Study) -> list[str]:
    """Sentences on what stands beside the table: the PDE, measured data, a classification."""
    extra = study.extra
    lines = [f"PDE: {extra['cells']} cells, W1 to the exact law {extra['pde_error']:.2e}"]
    if "measured" in extra:
        row = extra["measured"]
        lines.append(
            f"measured data: {row['count']} points, W1 to the PDE of their smoothed law {row['w1']:.4e}"
            f" (as many draws of that law: {row['floor']:.4e} on average)"
        )
    if "classification" in extra:
        row = extra["classification"]
        lines.append(
            f"classification, {row['what']}: {row['wrong']} of {row['of']} wrong, error rate {row['error_rate']:.3f}"
        )
    return lines


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
    writer.writerow(["level", "replicates", "error", "deviation", "half_width", "reference"])
    writer.writerows(
        [row.level, row.replicates, row.error, row.deviation, row.half_width, row.reference] for row in study.rows
    )
    write_text(folder / CSV, text.getvalue())
    write_json(folder / JSON, to_dict(study))
    draw_study(study, folder / PLOT)
