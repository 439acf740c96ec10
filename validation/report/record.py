"""Report: what every study found on every case, a frozen value; the page, the files and the terminal only show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from particles.model import Case
from validation.report.html import Html
from validation.studies.study import Study

if TYPE_CHECKING:
    from validation.report.pictures import Picture

DATA = "data"
"""Folder of the cases' data beside the page."""
_LONGEST = 40  # letters of a case's name in a folder's


class Status(StrEnum):
    """How a study of a case ended."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "no verdict"  # the data cannot tell
    NOT_APPLICABLE = "not applicable"  # the case cannot be studied so, as its refusal says

    @property
    def is_open(self) -> bool:
        """Whether there should be a verdict that holds, and is none."""
        return self in (Status.FAILS, Status.UNDECIDED)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a kind of study found on a case.

    `words` are the command line that runs this study alone, after the program's name and without `--out`; `study` is
    None where it is not applicable, for the `reason` told in a sentence.
    """

    kind: str
    case: str
    words: tuple[str, ...]
    study: Study | None = None
    reason: str = ""

    @property
    def status(self) -> Status:
        """How it ended."""
        if self.study is None:
            return Status.NOT_APPLICABLE
        if self.study.refusal is not None:
            return Status.UNDECIDED
        return Status.HOLDS if self.study.holds else Status.FAILS

    @property
    def result(self) -> str:
        """The measured rate beside its theory, or why there is none; empty where the status says all."""
        if self.study is None:
            return self.reason
        if self.study.refusal is not None:
            return self.study.refusal
        return self.study.measured


@dataclass(frozen=True, kw_only=True)
class Section:
    """A further section of the page, beside those of the cases; `summary` is its line in that of the page.

    `body` are parts of the page, made by `validation.report.html` and `validation.report.svg`; `holds` is its verdict,
    None where it only shows something, `data` its numbers for the JSON file.
    """

    title: str
    summary: str
    body: Sequence[Html]
    holds: bool | None = None
    data: Any = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """All findings, case by case in the order of `cases`, every kind of study on each; `quick` of the short form.

    `pictures` has one a case, in their order, or none at all.
    """

    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]
    sections: tuple[Section, ...] = ()
    pictures: tuple[Picture, ...] = ()
    quick: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the studies, in their order."""
        return tuple(dict.fromkeys(finding.kind for finding in self.findings))

    def of(self, case: str) -> tuple[Finding, ...]:
        """Findings of one case."""
        return tuple(finding for finding in self.findings if finding.case == case)

    def folder(self, number: int) -> str:
        """Folder of a case's data beside the page, by its number in `cases`."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.cases[number].name.lower())[:_LONGEST].strip("-")
        return f"{DATA}/{number + 1:02d}-{plain}"

    @property
    def holds(self) -> bool:
        """True if there are verdicts and every one holds.

        A study whose data cannot tell does not hold; one that is not applicable has no verdict.
        """
        return self._verdicts > 0 and not self._open

    @property
    def verdict(self) -> str:
        """One line: how many verdicts hold, and which do not."""
        line = f"{self._verdicts - len(self._open)} of {self._verdicts} verdicts hold"
        return f"{line}; not: {', '.join(self._open)}" if self._open else line

    @property
    def _verdicts(self) -> int:
        studies = sum(finding.study is not None for finding in self.findings)
        return studies + sum(section.holds is not None for section in self.sections)

    @property
    def _open(self) -> list[str]:
        """Studies and sections whose verdict does not hold or could not be reached."""
        studies = [f"{f.kind} of {f.case}" for f in self.findings if f.status.is_open]
        return studies + [s.title for s in self.sections if s.holds is False]

    def line_of(self, case: str) -> str:
        """One line on a case: each study that applies, how it ended and its rate; then those that do not apply."""
        found = self.of(case)
        parts = [f"{f.kind} {f.status}" + (f" ({f.result})" if f.result else "") for f in found if f.study is not None]
        absent = [f.kind for f in found if f.study is None]
        if absent:
            parts.append(f"not applicable: {', '.join(absent)}")
        return "; ".join(parts)
