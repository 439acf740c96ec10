"""What `python -m validation all` runs: every kind of study on every case, by the arguments of its own command line.

So there is one route from arguments to a study, and every study of a report can be had alone. What `Kind.prepare`
refuses is not applicable to the case, for the reason that it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from particles.base import command
from particles.base.errors import InputError
from particles.model import Case, load_case
from validation.commands import study as study_command
from validation.studies.study import Study

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Options:
    """Arguments of a study beyond its case: in the whole report, and in the quick one."""

    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


# (kind, case), or (kind, None) for all other cases; nothing: the study's own defaults
OPTIONS: dict[tuple[str, str | None], Options] = {
    ("mean-field", None): Options(quick=("--levels", "100", "1000", "1e4", "1e5", "--replicates", "240")),
    ("grazing", None): Options(quick=("--levels", "0.02", "0.01", "0.005", "--count", "1e4")),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A study of a case, ready to run.

    Parameters
    ----------
    kind, case : str
    words : tuple of str
        Its command line after ``python -m validation``, without ``--out``.
    run : callable, optional
        None where the study is not applicable.
    reason : str
        Why it is not applicable.
    """

    kind: str
    case: str
    words: tuple[str, ...]
    run: Callable[[Progress], Study] | None = None
    reason: str = ""


def plan(names: Sequence[str], *, quick: bool) -> tuple[tuple[Case, ...], tuple[Task, ...]]:
    """Load the cases and prepare their studies, before MPI or numba is loaded.

    Parameters
    ----------
    names : sequence of str
        Names of cases, or TOML files.
    quick : bool
        Take the quick options.

    Raises
    ------
    InputError
        If a name is not known, two cases have the same name, or no study applies to any case.
    """
    cases = tuple(load_case(name) for name in names)
    known = [case.name for case in cases]
    if len(set(known)) < len(known):
        raise InputError(f"cases = {', '.join(known)}: each may be given once")
    parser = _parser()
    tasks = tuple(
        _task(parser, kind, case, name, quick)
        for case, name in zip(cases, names, strict=True)
        for kind in study_command.KINDS
    )
    if all(task.run is None for task in tasks):
        why = "; ".join(f"{task.kind}: {task.reason}" for task in tasks)
        raise InputError(f"no study applies to {', '.join(known)}: {why}")
    return cases, tasks


def _parser() -> command.Parser:
    parser = command.Parser(prog="validation")
    study_command.add_parser(parser.add_subparsers(required=True, parser_class=command.Parser))
    return parser


def _task(parser: command.Parser, kind: study_command.Kind, case: Case, name: str, quick: bool) -> Task:
    options = OPTIONS.get((kind.name, case.name), OPTIONS.get((kind.name, None), Options()))
    words = ("study", kind.name, name, *(options.quick if quick else options.full))
    arguments = parser.parse_args([*words, "--out", "not used"])
    try:
        run = kind.prepare(case, arguments)
    except InputError as error:
        return Task(kind=kind.name, case=case.name, words=words, reason=str(error))
    return Task(kind=kind.name, case=case.name, words=words, run=run)
