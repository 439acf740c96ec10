"""Commands about problems alone: ``export`` writes them, ``score`` judges a file, ``certify`` checks references."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from benchmarks.contest.commands import problems_of
from benchmarks.contest.problems import PROBLEMS
from particles.base.command import add_replace, print_json
from particles.base.files import check_output_folder, new_folder
from particles.base.tables import Table, add_format, print_tables


class Export:
    """``export``: the problems as files."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("export", help="write problems as TOML, their references as CSV and netCDF")
        one.add_argument("--problem", action="append", default=[], metavar="P", help="as often as wanted; default: all")
        one.add_argument("folder", metavar="DIR", help="a new folder")
        add_replace(one, "DIR")
        one.set_defaults(execute=_export)


class Score:
    """``score``: errors of a result of any program."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("score", help="judge a result in a file; prints JSON")
        one.add_argument("problem", metavar="PROBLEM", help="name of a problem")
        one.add_argument("file", metavar="FILE", help="CSV with a header, npy or netCDF: see docs/contest.md")
        one.add_argument("--as", dest="kind", choices=("samples", "cdf", "density"), help="what an npy file holds")
        one.set_defaults(execute=_score)


class Certify:
    """``certify``: both routes to every reference."""

    @staticmethod
    def add_parser(commands: Any) -> None:
        """Add its parser."""
        one = commands.add_parser("certify", help="compute every reference by two routes and compare them")
        one.add_argument("--problem", action="append", default=[], metavar="P", help="as often as wanted; default: all")
        add_format(one)
        one.set_defaults(execute=_certify)


PARTS = (Export, Score, Certify)


def _export(arguments: argparse.Namespace) -> int:
    problems = problems_of(arguments.problem)
    folder = Path(arguments.folder)
    ours = {f"{name}.{ending}" for name in PROBLEMS for ending in ("toml", "csv", "nc")}
    written = {f"{one.name}.{ending}" for one in problems for ending in ("toml", "csv", "nc")}
    check_output_folder(folder, written, ours, replace=arguments.replace)

    from benchmarks.contest.export import write

    with new_folder(folder, ours, replace=arguments.replace) as draft:
        for problem in problems:
            write(problem, draft)
    print(f"{len(problems)} problems in {folder}")
    return 0


def _score(arguments: argparse.Namespace) -> int:
    (problem,) = problems_of([arguments.problem])
    from benchmarks.contest.given import read
    from benchmarks.contest.result import Samples

    result = read(arguments.file, arguments.kind)

    from benchmarks.contest.references import reference
    from benchmarks.contest.score import scores

    known = reference(problem)
    found = {"problem": problem.name, "read_as": type(result).__name__} | vars(scores(problem, known, result))
    if isinstance(result, Samples):
        floor = known.floor(len(result.points))
        found |= {"particles": len(result.points), "floor": floor if math.isfinite(floor) else None}
    print_json(found | {"error_of_reference": known.error})
    return 0


def _certify(arguments: argparse.Namespace) -> int:
    problems = problems_of(arguments.problem)
    from benchmarks.contest.references.certificate import certificate

    found = []
    for problem in problems:
        found.append(one := certificate(problem))
        verdict = "within" if one.holds else "BEYOND"
        print(f"{one.name:<18} two routes differ by {one.gap:.1e}, {verdict} the stated {one.error:.0e}")
    heads = ("problem", "route", "second route", "stated error of F", "difference", "holds")
    rows = tuple((one.name, one.route, one.second_route, one.error, one.gap, one.holds) for one in found)
    print_tables(arguments, Table("references by two routes", heads, rows))
    return 0 if all(one.holds for one in found) else 1
