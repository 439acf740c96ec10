"""`python -m validation gallery`: the figures of the papers and the failures, run, drawn, and put on one page."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import Table, add_format, print_tables

if TYPE_CHECKING:
    from validation.gallery import Exhibit, Figure, Pointer
    from validation.gallery.exhibit import Run

PAGE, TEXT = "index.html", "gallery.md"


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    gallery = commands.add_parser("gallery", help="draw the papers' figures on one page", description=execute.__doc__)
    names = "such as herty/7, published/table-1 or failures"
    gallery.add_argument("names", nargs="*", metavar="NAME", help=f"{names} (default: all)")
    gallery.add_argument("--out", required=True, metavar="DIR", help="new or empty folder")
    gallery.add_argument("--only", nargs="+", default=[], metavar="NAME", help=f"more of them, {names}")
    gallery.add_argument("--data", metavar="FOLDER", help="MNIST's four files: ruseckas/7 then takes its first 0")
    command.add_replace(gallery)
    gallery.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(gallery)
    gallery.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run figures and failures and draw them as SVG, PNG and PDF; exit code 0 only if every number holds."""
    from particles.base.files import check_output_folder, new_folder
    from validation.gallery import Pointer, catalogue
    from validation.gallery.ruseckas.stored import SHOWN_BY, images_of, missing, require_stored

    asked = [*arguments.names, *arguments.only]
    require_stored(asked)
    shelf = catalogue(None if arguments.data is None else images_of(arguments.data))
    chosen = with_shown(chosen_of(asked, list(shelf)), shelf)
    if arguments.data is not None and SHOWN_BY[-1] not in chosen:
        raise InputError(f"--data is for {SHOWN_BY[-1]}, which is not asked for")
    ours = _files_of(list(shelf))
    older = set(os.listdir(arguments.out)) if Path(arguments.out).is_dir() else set()
    check_output_folder(arguments.out, older & ours if PAGE in older else ours, replace=arguments.replace)

    from particles.base import parallel

    def publish() -> None:
        with new_folder(arguments.out, ours, replace=arguments.replace) as folder:
            _write(found, folder)

    ranks = parallel.world()  # refuses a wrong launcher before the work
    with ranks.claimed(arguments.out):
        found = {name: _found(name, shelf[name]) for name in chosen}
        ranks.on_first(publish)
    ran = {name: exhibit for name, exhibit in found.items() if not isinstance(exhibit, Pointer)}
    if command.launched_rank() == 0:
        print(f"page: {arguments.out}/{PAGE}")
        if missing():
            print(f"left out, for they need a checkout of the repository: {', '.join(missing())}")
        print_tables(arguments, *(table for name, one in ran.items() for table in tables_of(name, one)))
        if arguments.json:
            command.print_json({name: _plain(exhibit) for name, exhibit in found.items()})
    return 0 if all(exhibit.holds for exhibit in ran.values()) else 1


def chosen_of(asked: Sequence[str], names: Sequence[str]) -> list[str]:
    """Names that are asked for by name or by room, in the order of `names`; all of them by default.

    Raises
    ------
    InputError
        If there is no exhibit and no room of a name.
    """
    rooms = list(dict.fromkeys(name.partition("/")[0] for name in names))
    for word in asked:
        if word not in (*rooms, *names):
            raise InputError(f"{word!r:.40} is no exhibit: allowed are {', '.join((*rooms, *names))}")
    return [name for name in names if not asked or name in asked or name.partition("/")[0] in asked]


def with_shown(chosen: Sequence[str], shelf: Mapping[str, Run | Pointer]) -> list[str]:
    """The names chosen and what pointers among them point to, in the order of the shelf."""
    from validation.gallery import Pointer

    pointers = [entry for name in chosen if isinstance(entry := shelf[name], Pointer)]
    wanted = {*chosen, *(name for pointer in pointers for name in pointer.shown_by)}
    return [name for name in shelf if name in wanted]


def _files_of(names: Sequence[str]) -> set[str]:
    from validation.figures import FORMS
    from validation.gallery.page import key

    return {PAGE, TEXT} | {f"{key(name)}{form}" for name in names for form in FORMS}


def _found(name: str, entry: Run | Pointer) -> Figure | Exhibit | Pointer:
    """Run an exhibit, all ranks together, and tell how it ended; or tell what a pointer points to."""
    from validation.gallery import Pointer

    if isinstance(entry, Pointer):
        if command.launched_rank() == 0:
            print(f"{name}: shown by {' and '.join(entry.shown_by)}")
        return entry
    begun = time.perf_counter()
    exhibit = entry()
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


def _write(found: dict[str, Figure | Exhibit | Pointer], folder: Path) -> None:
    from validation.figures import draw_panels, save_forms
    from validation.gallery import Pointer
    from validation.gallery.markdown import markdown
    from validation.gallery.page import key, page

    drawings: dict[str, Any] = {}
    for name, exhibit in found.items():
        if not isinstance(exhibit, Pointer) and exhibit.draw is not None:
            drawings[name] = draw_panels(exhibit.panels, exhibit.draw)
            save_forms(drawings[name], folder, key(name))
    (folder / PAGE).write_text(page(found, drawings), encoding="utf-8")
    (folder / TEXT).write_text(markdown(found, drawings), encoding="utf-8")


def tables_of(name: str, exhibit: Figure | Exhibit) -> tuple[Table, ...]:
    """Numbers foretold and measured; the claims, where it has some."""
    from validation.report.table import of_checks

    rows = tuple((n.what, n.predicted, n.measured, n.within, n.holds) for n in exhibit.numbers)
    numbers = Table(name, ("what", "predicted", "measured", "within", "holds"), rows)
    return (numbers, of_checks(f"{name}, claims", exhibit.checks)) if exhibit.checks else (numbers,)


def _plain(exhibit: Figure | Exhibit | Pointer) -> dict[str, Any]:
    from validation.gallery import Pointer

    if isinstance(exhibit, Pointer):
        return {"shown_by": list(exhibit.shown_by), "doubts": exhibit.doubts}
    numbers = [
        {"what": n.what, "predicted": n.predicted, "measured": n.measured, "within": n.within, "holds": n.holds}
        for n in exhibit.numbers
    ]
    checks = [{"claim": c.claim, "found": c.found, "holds": c.holds} for c in exhibit.checks]
    return {"numbers": numbers, "checks": checks, "holds": exhibit.holds}
