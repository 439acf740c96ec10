"""A picture a case: particles against the density of their equation, from two runs that are kept beside the page.

Particles pass the case's layers, each in parts where they are few, with noise collisions at eps = 0.01; the equation is
solved on the case's own grid, in the plane on 160 cells a side at most. A picture shows three times, in the plane the
first and the last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kinetic import Grid, Plane, domain, solve
from kinetic.plane.domain import rectangle
from kinetic.record import Record
from kinetic.schemes import suited
from particles import Collisions, Euler, Trajectory
from particles.base import parallel
from particles.base.errors import InputError
from particles.model import Case
from validation.report.html import Html
from validation.report.svg import inline
from validation.studies.followed import noise_of
from validation.studies.kind import Progress, run_alone

COUNT = 10_000  # particles
LAYERS = 1000  # at least: their error is then no part of the picture
EPS = 0.01
SIDE = 160  # cells
TIMES = 3
CLOUD, DENSITY = "cloud", "density.nc"
"""Names of the two records in a case's folder."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Two runs of a case and their drawing, or the reason why there is none."""

    case: str
    drawing: Html | None = None
    caption: str = ""
    in_plane: bool = False
    runs: tuple[Trajectory, Record] | None = None
    reason: str = ""

    def save(self, folder: Path) -> None:
        """Write the runs, where there are any, into a folder that exists; StorageError as theirs."""
        if self.runs is not None:
            cloud, density = self.runs
            cloud.save(folder / CLOUD)
            density.save(folder / DENSITY)


def draw(cases: Sequence[Case], progress: Progress) -> tuple[Picture, ...]:
    """Run and draw every case, dealt round the ranks: the same on any number of them. Collective."""
    return tuple(parallel.world().deal(list(enumerate(cases, 1)), _numbered, progress=progress))


def _numbered(task: tuple[int, Case]) -> Picture:
    number, case = task
    try:
        return _picture(case, f"case-{number}-picture")
    except InputError as error:
        return Picture(case=case.name, reason=str(error))


def _picture(case: Case, key: str) -> Picture:
    from validation.distance.pair import pair_of
    from validation.picture import draw_pair
    from validation.plane_picture import draw_plane_pair

    model = case.model
    grid = _grid(case)
    times = tuple(t for t in case.times if t <= case.until)
    scheme = Collisions(EPS, noise=noise_of(model)) if model.nu2 > 0.0 else _layers(case)
    density = solve(model, grid, suited(model), until=case.until, times=times, comm=parallel.serial())
    cloud = run_alone(model, scheme, case.until, count=COUNT, times=times)
    pair = dataclasses.replace(pair_of(cloud, density), case=case)
    line = model.size == 1
    shown = pair.fewer(TIMES if line else 2)
    known = all(shown.law(t) is not None for t, _ in shown.times)
    words = f"{COUNT:,} particles, {scheme!r}, against the equation on {' x '.join(map(str, grid.shape))} cells"
    drawing = inline(partial(draw_pair if line else draw_plane_pair, shown, title=case.name, law=known), key, words)
    return Picture(case=case.name, drawing=drawing, caption=words, in_plane=not line, runs=(cloud, density))


def _layers(case: Case) -> Euler:
    """The case's layers, in as many equal parts as it takes: stored times stay those of steps."""
    return Euler(layers=case.layers * -(-LAYERS // case.layers))


def _grid(case: Case) -> Grid | Plane:
    """Cells of a case; InputError where its tails need too many, or it has more than two features."""
    model = case.model
    if model.size == 1:
        return Grid(*(case.interval or domain(model, case.until)), cells=case.cells)
    ends = case.rectangle or rectangle(model, case.until)
    return Plane(*(Grid(*pair, cells=min(case.cells, SIDE)) for pair in ends))
