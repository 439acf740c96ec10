"""The table of a study: as texts, the same on the terminal and on the page, and as values for other formats."""

from __future__ import annotations

from collections.abc import Sequence

from particles.base.tables import Cell, Table
from validation.studies.study import Check, Row, Study


def headings(study: Study) -> list[str]:
    """Heads of the columns."""
    spread = ["replicates", "mean", "95 % interval"] if _repeated(study) else ["error"]
    known = [study.reference, "ratio"] if _referenced(study) else []
    return [study.refinement, *spread, *known, *also(study)]


def cells(study: Study) -> list[list[str]]:
    """One list of texts a level, as many as there are headings."""
    return [_cells(study, row) for row in study.rows]


def tables(study: Study) -> tuple[Table, ...]:
    """The levels, and the claims."""
    levels = Table(f"{study.name}: {study.case}, {study.quantity}", tuple(headings(study)),
                   tuple(_values(study, row) for row in study.rows))  # fmt: skip
    return levels, of_checks(f"{study.name}: {study.case}, verdict: {study.verdict}", study.checks)


def of_checks(title: str, checks: Sequence[Check]) -> Table:
    """Claims, what was found, and whether they hold."""
    return Table(title, ("claim", "found", "holds"), tuple((one.claim, one.found, one.holds) for one in checks))


def also(study: Study) -> list[str]:
    """Names of the further columns, `Row.also`."""
    return list(study.rows[0].also) if study.rows else []


def _cells(study: Study, row: Row) -> list[str]:
    texts = [f"{row.level:,.6g}" if row.level < 1.0 else f"{row.level:,.0f}"]
    if _repeated(study):
        texts += [str(row.replicates), f"{row.error:.4e}", f"+- {row.half_width:.1e}"]
    else:
        texts.append(f"{row.error:.4e}")
    if _referenced(study):
        known = row.reference
        texts += ["", ""] if known is None else [f"{known:.4e}", f"{row.error / known:.3f}" if known else ""]
    return [*texts, *(f"{row.also[column]:.4g}" for column in also(study))]


def _values(study: Study, row: Row) -> tuple[Cell, ...]:
    """What `_cells` tells, as numbers."""
    level = int(row.level) if float(row.level).is_integer() else row.level
    spread = (row.replicates, row.error, row.half_width) if _repeated(study) else (row.error,)
    known: tuple[Cell, ...] = ()
    if _referenced(study):
        known = (row.reference, row.error / row.reference if row.reference else None)
    return (level, *spread, *known, *(row.also[column] for column in also(study)))


def _repeated(study: Study) -> bool:
    """False where every error is deterministic: one run a level, no spread."""
    return any(row.replicates > 1 or row.deviation > 0.0 for row in study.rows)


def _referenced(study: Study) -> bool:
    return any(row.reference is not None for row in study.rows)
