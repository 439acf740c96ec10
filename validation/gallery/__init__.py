"""Gallery: figures of the papers, and rare and failing cases, run in seconds and compared with what theory foretells.

    for name, run in gallery.entries():
        exhibit = run()
        print(exhibit.table, exhibit.holds)

`entries` are the failures, and `holds` says that one came as foretold. docs/gallery.md shows them with their reasons;
`python -m validation.gallery` prints their tables. `exhibits` are they and the figures of the papers, by names such as
"herty/7" and "failures/walls"; `python -m validation gallery` draws them.
"""

from __future__ import annotations

from collections.abc import Callable

from validation.gallery import herty as _herty
from validation.gallery.exhibit import Exhibit, Figure, Number
from validation.gallery.failures.explosion import explosion as _explosion
from validation.gallery.failures.narrow import narrow as _narrow
from validation.gallery.failures.positivity import positivity as _positivity
from validation.gallery.failures.repelling import repelling as _repelling
from validation.gallery.failures.reuse import reuse as _reuse
from validation.gallery.failures.sigmoid import sigmoid as _sigmoid
from validation.gallery.failures.steps import steps as _steps
from validation.gallery.failures.sweeps import sweeps as _sweeps
from validation.gallery.failures.tails import tails as _tails
from validation.gallery.failures.walls import walls as _walls

__all__ = ["Exhibit", "Figure", "Number", "entries", "exhibits"]


def entries() -> tuple[tuple[str, Callable[[], Exhibit]], ...]:
    """Names and functions, in the order of docs/gallery.md; a function takes nothing and is deterministic."""
    runs = (_narrow, _walls, _tails, _steps, _sigmoid, _repelling, _positivity, _explosion, _reuse, _sweeps)
    return tuple((run.__name__, run) for run in runs)


def exhibits() -> dict[str, Callable[[], Figure | Exhibit]]:
    """Functions of all exhibits by name, figures first; a function takes nothing and is deterministic."""
    figures = {f"herty/{number}": run for number, run in _herty.FIGURES.items()}
    return figures | {f"failures/{name}": run for name, run in entries()}
