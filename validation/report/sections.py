"""Further sections of the report, beside the studies of the cases: names, and the functions that build them.

A function gets the cases, whether the quick form is wanted, and the progress; it is called on every rank, which may
share the work out. What the first rank returns is shown; None: nothing to show for these cases.
"""

from __future__ import annotations

from collections.abc import Callable

from particles.model import Case
from validation.report.budgets import budgets
from validation.report.gallery import gallery
from validation.report.record import Section
from validation.studies.kind import Progress

Build = Callable[[tuple[Case, ...], bool, Progress], Section | None]

PARTS: tuple[tuple[str, Build], ...] = (("budgets", budgets), ("gallery", gallery))
