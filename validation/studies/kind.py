"""What the kinds of studies share: frozen values, their command-line options, and the words that repeat one alone."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, Field, dataclass, field, fields
from typing import Any, ClassVar, TypeVar

import particles
from particles import Scheme, Trajectory
from particles.base import command, parallel
from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive, require_type
from particles.base.errors import InputError
from particles.base.provenance import provenance
from particles.base.shown import Shown
from particles.carry import drawn
from particles.model import Case, Model
from particles.run import Run
from validation.studies.study import Study

Progress = Callable[[float], None]
K = TypeVar("K", bound="Kind")


def option(default: Any, *, arrange: Callable[[Any], Any] = lambda given: given, **how: Any) -> Any:
    """A field that is an option of the command line too: `how` goes to argparse, what it reads through `arrange`."""
    return field(default=default, metadata={"how": how, "arrange": arrange})


def ascending(levels: Sequence[float]) -> list[float]:
    """Levels as a person gives them, in their order, each once."""
    return sorted(set(levels))


def descending(levels: Sequence[float]) -> list[float]:
    """The same for levels that decrease."""
    return sorted(set(levels), reverse=True)


@dataclass(frozen=True, eq=False, repr=False)
class Kind(Shown, ABC):
    """A study of a case, ready to be checked and run; `name` and `help` are those of its command line.

    `until` is the time of the comparison, by default the case's horizon. A case that does not fit, and a field out of
    range, are an InputError of `check` and `run`.
    """

    name: ClassVar[str]
    help: ClassVar[str]

    case: Case
    _: KW_ONLY
    until: float | None = option(None, type=command.positive_float, metavar="T", help="time of the comparison")

    def __post_init__(self) -> None:
        require_type("case", self.case, Case, "a Case")
        if self.until is not None:
            require_positive("until", self.until)

    @property
    def time(self) -> float:
        """Time of the comparison."""
        return self.until or self.case.until

    @abstractmethod
    def check(self) -> Any:
        """Refuse by `InputError` what `run` could not do, before MPI or numba is loaded."""

    @abstractmethod
    def run(self, *, comm: Any = None, progress: Progress = lambda share: None) -> Study:
        """Carry the study out; collective over the ranks of `comm`, on whose number the result does not depend."""

    def study(self, **found: Any) -> Study:
        """What was found as a record, with its name, its case and where it comes from."""
        return Study(name=self.name, case=self.case.name, provenance=provenance(), **found)


def run_alone(model: Model, scheme: Scheme, until: float, **asked: Any) -> Trajectory:
    """A run of this rank alone, as `particles.simulate`: replicates are shared out whole."""
    return particles.simulate(model, scheme, until=until, comm=parallel.serial(), **asked)


def cloud_alone(model: Model, scheme: Scheme, until: float, **asked: Any) -> Floats:
    """The cloud of `run_alone` at `until`, shape (D, M), without a record."""
    return drawn(model, scheme, Run(until=until, **asked))


def require_levels(levels: Sequence[float], allowed: str, *, least: int = 1, decreasing: bool = False) -> None:
    """Refuse levels that are fewer than three or out of order: integers from `least` on, or positive ones that fall."""
    for level in levels:
        if decreasing:
            require_positive("levels", level)
        else:
            require_count("levels", level, least=least)
    if len(levels) < 3 or list(levels) != sorted(set(levels), reverse=decreasing):
        raise InputError(f"levels = {list(levels)!r} must be at least three {allowed}")


def _options(kind: type[Kind]) -> list[Field[Any]]:
    return [one for one in fields(kind) if "how" in one.metadata]


def _flag(one: Field[Any]) -> str:
    return f"--{one.name.replace('_', '-')}"


def add_options(parser: argparse.ArgumentParser, kind: type[Kind]) -> None:
    """Add the options of a kind to its parser."""
    for one in _options(kind):
        parser.add_argument(_flag(one), **one.metadata["how"])


def of_arguments(kind: type[K], case: Case, arguments: argparse.Namespace) -> K:
    """The study that a command line asks for; what it leaves out has the value's own default."""
    given = {one: getattr(arguments, one.name) for one in _options(kind)}
    return kind(case, **{one.name: one.metadata["arrange"](value) for one, value in given.items() if value is not None})


def words_of(study: Kind, case: str) -> tuple[str, ...]:
    """The command line after ``python -m validation`` that runs this study alone, without ``--out``."""
    words = ["study", study.name, case]
    for one in _options(type(study)):
        value = getattr(study, one.name)
        if value is True:
            words.append(_flag(one))
        elif value is not one.default:
            given = value if isinstance(value, tuple | list) else [value]
            words += [_flag(one), *(str(getattr(part, "name", part)) for part in given)]
    return tuple(words)
