"""The commands of the contest."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from benchmarks.contest.problem import Problem
from benchmarks.contest.problems import PROBLEMS
from particles.base.command import add_replace, duration
from particles.base.errors import InputError


class Run:
    """``run``: let contestants solve problems."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("run", help="let contestants solve problems; the same command goes on where it was")
        one.add_argument("--problem", action="append", default=[], metavar="P", help="as often as wanted; default: all")
        one.add_argument(
            "--contestant", action="append", default=[], metavar="C",
            help="by name, or FILE.py:OBJECT; as often as wanted; default: all that are registered",
        )  # fmt: skip
        one.add_argument(
            "--budget",
            type=duration,
            default=600.0,
            metavar="TIME",
            help="of the run, beside what compiles (default: 10m)",
        )
        one.add_argument("--limit", type=duration, default=120.0, metavar="TIME", help="of a call (default: 2m)")
        one.add_argument("--out", required=True, metavar="DIR", help="folder of results, new or that of an earlier run")
        one.set_defaults(execute=_run)


class Report:
    """``report``: the page of a run."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("report", help="write the page of a run: DIR/index.html")
        one.add_argument("folder", metavar="DIR", help="what run wrote")
        one.add_argument("--markdown", action="store_true", help="print the headline ratios instead, as a table")
        add_replace(one, "DIR/index.html")
        one.set_defaults(execute=_report)


class List:
    """``list``: who takes part, and in what."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("list", help="list problems and contestants")
        one.set_defaults(execute=_list)


PARTS = (Run, Report, List)


def problems_of(names: list[str]) -> tuple[Problem, ...]:
    """Problems by name, all where none is given; InputError if one is unknown."""
    for name in names:
        if name not in PROBLEMS:
            raise InputError(f"problem = {name!r} is unknown: allowed are {', '.join(PROBLEMS)}")
    return tuple(PROBLEMS[name] for name in dict.fromkeys(names or PROBLEMS))


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks.contest.registry import chosen
    from benchmarks.contest.store import Store
    from particles.base.locks import claimed

    problems, entries = problems_of(arguments.problem), chosen(arguments.contestant)
    if not entries:
        raise InputError("no contestant is registered: give one as --contestant FILE.py:OBJECT")
    store = Store(Path(arguments.out))
    store.require_place()
    with claimed(store.folder):  # two at once would mix their calls, and time each other
        store.begin(_provenance())
        kept = sum(len(store.of(p.name, e.name).rungs) for p in problems for e in entries)
        if kept:
            print(f"goes on with {kept} results that {store.folder} holds", file=sys.stderr)

        from benchmarks.contest import judge
        from particles.base.progress import progress_bar

        with progress_bar("contest") as told:
            judge.run(problems, entries, store, budget=arguments.budget, limit=arguments.limit, told=told)
    found = [store.of(p.name, e.name) for p in problems for e in entries]
    states = [one.end.state for one in found if one.end is not None]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))
    print(f"{len(problems)} problems, {len(entries)} contestants: {counted}")
    print(f"the page: python -m benchmarks.contest report {shlex.quote(str(store.folder))}")
    return 0


def _provenance() -> dict[str, Any]:
    from benchmarks import machine
    from particles.base.provenance import provenance

    facts, record = machine.facts(), provenance()
    return {
        "commit": record["commit"], "cpu": facts["cpu"], "cores": os.cpu_count(), "threads": 1, "memory": facts["ram"],
        "created": record["created"], "versions": record["versions"],
    }  # fmt: skip


def _report(arguments: argparse.Namespace) -> int:
    from benchmarks.contest.store import Store
    from particles.base.files import check_output_file, write_text

    store = Store(Path(arguments.folder))
    record, path = store.record(), store.folder / "index.html"
    if arguments.markdown:
        from benchmarks.contest.headline import headline

        every = store.all()
        groups = {name: [one for one in every if one.problem == name] for name in PROBLEMS}
        print(headline({name: group for name, group in groups.items() if group}))
        return 0
    check_output_file(path, ".html", replace=arguments.replace, mark=b"<title>Contest:")
    from benchmarks.contest.page import page
    from benchmarks.contest.references.certificate import certificate

    found = store.all()
    names = {one.problem for one in found}
    certificates = {name: certificate(problem) for name, problem in PROBLEMS.items() if name in names}
    write_text(path, page(record, found, certificates), replace=arguments.replace)
    print(path)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from benchmarks.contest.registry import registered

    for name, problem in PROBLEMS.items():
        print(f"problem     {name:<18} {problem.words}")
    for name, entry in registered().items():
        print(f"contestant  {name:<18} {entry.target}")
    return 0
