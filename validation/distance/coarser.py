"""What a solution is off by, where no exact law tells: the same solution on half the cells, an upper estimate.

With noise and a scheme that the record does not hold, implicit diffusion, or Chang and Cooper's scheme, as `suited`
says: the explicit scheme's steps would cost as much as the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import kinetic
from kinetic import Grid, Plane, PlaneSolution
from kinetic.schemes import suited
from particles.base import parallel
from particles.model import Case

_FEWEST = 4  # cells


def on_half_the_cells(solution: Any, case: Case, times: Sequence[float]) -> Any:
    """Solve the equation of a case at increasing times above 0 on half the cells of a record, by its scheme.

    Parameters
    ----------
    solution : Solution or PlaneSolution
    case : Case
    times : sequence of float
    """
    scheme = suited(case.model) if isinstance(solution.scheme, dict) else solution.scheme
    asked: dict[str, Any] = {"until": times[-1]} | ({"times": tuple(times)} if len(times) > 1 else {})
    if isinstance(solution, PlaneSolution):
        sides = (solution.grid.x, solution.grid.y)
        return kinetic.solve(case.model, Plane(*map(_halved, sides)), scheme, comm=parallel.serial(), **asked)
    return kinetic.solve(case.model, _halved(solution.grid), scheme, **asked)


def _halved(grid: Grid) -> Grid:
    return Grid(grid.lo, grid.hi, cells=max(grid.cells // 2, _FEWEST))
