"""The gallery as a section of the report: it holds if every figure and failure came as foretold."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from particles.model import Case
from validation.report.record import Section
from validation.studies.kind import Progress

if TYPE_CHECKING:
    from validation.gallery import Exhibit, Figure, Pointer


def gallery(chosen: tuple[Case, ...], quick: bool, progress: Progress) -> Section | None:
    """Run every exhibit, all ranks together; the quick report has no gallery."""
    if quick:
        return None
    from validation.gallery import Pointer, catalogue
    from validation.gallery.page import TITLE, section, verdict

    shelf = catalogue()
    found: dict[str, Figure | Exhibit | Pointer] = {}
    for number, (name, entry) in enumerate(shelf.items(), 1):
        found[name] = entry if isinstance(entry, Pointer) else entry()
        progress(number / len(shelf))
    held, told = verdict(found)
    return Section(
        title=TITLE,
        summary=told,
        body=[section(name, found, _drawn(exhibit), files=False) for name, exhibit in found.items()],
        holds=held,
        data={name: _data(exhibit) for name, exhibit in found.items()},
    )


def _drawn(exhibit: Figure | Exhibit | Pointer) -> Any:
    """The drawing of an exhibit, if it has one; the page closes it, so that few are open at a time."""
    from validation.figures import draw_panels
    from validation.gallery import Pointer

    if isinstance(exhibit, Pointer) or exhibit.draw is None:
        return None
    return draw_panels(exhibit.panels, exhibit.draw)


def _data(exhibit: Figure | Exhibit | Pointer) -> dict[str, Any]:
    """What was said and measured; a drawing is none."""
    plain = {name: value for name, value in vars(exhibit).items() if name not in ("panels", "draw")}
    parts = {name: [asdict(part) for part in plain[name]] for name in ("numbers", "checks") if name in plain}
    return plain | parts
