"""Further sections of the report, beside the studies of the cases; one entry of `PARTS` a section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from particles.model import Case
from validation.report.budgets import budgets
from validation.report.gallery import gallery
from validation.report.record import Section
from validation.studies.kind import Progress


@dataclass(frozen=True)
class Part:
    """A further section.

    Parameters
    ----------
    name : str
    build : callable
        Gets the cases, whether the quick form is wanted, and the progress; called on every rank, which may share the
        work out. What the first rank returns is shown; None: nothing to show for these cases.
    """

    name: str
    build: Callable[[tuple[Case, ...], bool, Progress], Section | None]


PARTS: tuple[Part, ...] = (Part("budgets", budgets), Part("gallery", gallery))
