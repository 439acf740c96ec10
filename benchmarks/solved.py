"""Solutions by the name of a scheme, on commits where it is a value and on those where it was a word."""

from __future__ import annotations

import dataclasses
from typing import Any

import kinetic


def solved(model: Any, grid: Any, scheme: str, *, until: float, cfl: float = 0.45) -> Any:
    """Return `kinetic.solve` of a model by the scheme of this name."""
    if hasattr(kinetic, "Explicit"):
        chosen = dataclasses.replace(kinetic.schemes.SCHEMES[scheme], cfl=cfl)
        return kinetic.solve(model, grid, chosen, until=until)
    return kinetic.solve(model, grid, until=until, scheme=scheme, cfl=cfl)
