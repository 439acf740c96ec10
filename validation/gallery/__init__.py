"""Gallery: figures of the papers, and rare and failing cases, run in seconds and compared with what theory foretells.

    for name, run in gallery.entries():
        exhibit = run()
        print(exhibit.table, exhibit.holds)

`entries` are the failures, and `holds` says that one came as foretold. docs/gallery.md shows them with their reasons;
`python -m validation.gallery` prints their tables. `catalogue` has them and the figures of the papers by names such as
"herty/7" and "failures/walls", and pointers where a figure is shown by another; `python -m validation gallery` draws
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from particles.networks.images import Images
from validation.gallery import herty as _herty
from validation.gallery import published as _published
from validation.gallery import ruseckas as _ruseckas
from validation.gallery.exhibit import Exhibit, Figure, Number, Pointer, Run
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

__all__ = ["ROOMS", "Exhibit", "Figure", "Number", "Pointer", "catalogue", "entries", "exhibits"]

ROOMS = {
    "herty": "Herty, Trimborn, Visconti: Kinetic Theory for Residual Neural Networks, arXiv 2001.04294, version 1",
    "published": "Herty, Trimborn, Visconti: Mean-field and kinetic descriptions of neural differential equations",
    "ruseckas": "Ruseckas: Differential equations as models of deep neural networks, arXiv 1909.03767",
    "failures": "What fails, and when theory says so",
}
"""First part of an exhibit's name -> what stands there."""


def entries() -> tuple[tuple[str, Callable[[], Exhibit]], ...]:
    """Names and functions, in the order of docs/gallery.md; a function takes nothing and is deterministic."""
    runs = (_narrow, _walls, _tails, _steps, _sigmoid, _repelling, _positivity, _explosion, _reuse, _sweeps)
    return tuple((run.__name__, run) for run in runs)


def catalogue(test: Images | None = None) -> dict[str, Run | Pointer]:
    """All that has a name, in the order of `ROOMS`: what runs an exhibit, or what points to others.

    `test`: MNIST's test images, for the figure of an image; by default it takes one that is drawn by a formula.
    """
    figures: dict[str, Mapping[str, Run | Pointer]] = {"herty": _herty.FIGURES, "published": _published.FIGURES}
    figures["ruseckas"] = _ruseckas.figures(test)
    found: dict[str, Run | Pointer] = {
        f"{room}/{number}": run for room, numbers in figures.items() for number, run in numbers.items()
    }
    return found | {f"failures/{name}": run for name, run in entries()}


def exhibits() -> dict[str, Run]:
    """Functions of all exhibits by name, figures first, without pointers."""
    return {name: run for name, run in catalogue().items() if not isinstance(run, Pointer)}
