"""`python -m validation gallery`: the figures of the papers and the failures, run, drawn, and put on one page."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError

if TYPE_CHECKING:
    from validation.gallery import Exhibit, Figure

PAGE = "index.html"


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    gallery = commands.add_parser("gallery", help="draw the papers' figures on one page", description=execute.__doc__)
    gallery.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    gallery.add_argument(
        "--only", nargs="+", metavar="NAME", help="such as herty/7, herty or failures/walls (default: all)"
    )
    command.add_replace(gallery)
    gallery.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    gallery.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run figures and failures and draw them as SVG, PNG and PDF; exit code 0 only if every number holds."""
    from particles.base.files import check_output_folder, new_folder
    from validation.gallery import exhibits

    chosen = chosen_of(arguments.only, list(exhibits()))
    ours = _files_of(list(exhibits()))
    older = set(os.listdir(arguments.out)) if Path(arguments.out).is_dir() else set()
    check_output_folder(arguments.out, older & ours if PAGE in older else ours, replace=arguments.replace)

    from particles.base import parallel

    def publish() -> None:
        with new_folder(arguments.out, ours, replace=arguments.replace) as folder:
            _write(found, folder)

    ranks = parallel.world()  # refuses a wrong launcher before the work
    with ranks.claimed(arguments.out):
        found = {name: _run(name) for name in chosen}
        ranks.on_first(publish)
    if command.launched_rank() == 0:
        print(f"page: {arguments.out}/{PAGE}")
        if arguments.json:
            command.print_json({name: _plain(exhibit) for name, exhibit in found.items()})
    return 0 if all(exhibit.holds for exhibit in found.values()) else 1


def chosen_of(asked: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """Names that are asked for by name or by room, in the order of `names`; all of them by default.

    Raises
    ------
    InputError
        If there is no exhibit and no room of a name.
    """
    rooms = list(dict.fromkeys(name.partition("/")[0] for name in names))
    for word in asked or ():
        if word not in (*rooms, *names):
            raise InputError(f"--only {word!r:.40} is no exhibit: allowed are {', '.join((*rooms, *names))}")
    return [name for name in names if not asked or name in asked or name.partition("/")[0] in asked]


def _files_of(names: Sequence[str]) -> set[str]:
    from validation.figures import FORMS
    from validation.gallery.page import key

    return {PAGE} | {f"{key(name)}{form}" for name in names for form in FORMS}


def _run(name: str) -> Figure | Exhibit:
    """Run an exhibit, all ranks together, and tell how it ended."""
    from validation.gallery import exhibits

    begun = time.perf_counter()
    exhibit = exhibits()[name]()
    if command.launched_rank() == 0:
        ended = "as foretold" if exhibit.holds else "NOT AS FORETOLD"
        print(f"{name}: {time.perf_counter() - begun:.1f} s, {ended}")
        for number in exhibit.numbers:
            if not number.holds:
                print(f"  {number.what}: foretold {number.predicted:.6g}, measured {number.measured:.6g}")
        for check in exhibit.checks:
            if not check.holds:
                print(f"  {check.claim}: {check.found}")
    return exhibit


def _write(found: dict[str, Figure | Exhibit], folder: Path) -> None:
    from validation.figures import draw_panels, save_forms
    from validation.gallery.page import key, page

    drawn: dict[str, tuple[Figure | Exhibit, Any]] = {}
    for name, exhibit in found.items():
        drawing = None if exhibit.draw is None else draw_panels(exhibit.panels, exhibit.draw)
        if drawing is not None:
            save_forms(drawing, folder, key(name))
        drawn[name] = (exhibit, drawing)
    (folder / PAGE).write_text(page(drawn), encoding="utf-8")


def _plain(exhibit: Figure | Exhibit) -> dict[str, Any]:
    numbers = [
        {"what": n.what, "predicted": n.predicted, "measured": n.measured, "within": n.within, "holds": n.holds}
        for n in exhibit.numbers
    ]
    checks = [{"claim": c.claim, "found": c.found, "holds": c.holds} for c in exhibit.checks]
    return {"numbers": numbers, "checks": checks, "holds": exhibit.holds}
