"""Particles: Monte Carlo runs of residual networks as interacting or independent particles, on any number of ranks.

>>> import particles
>>> from particles.model import cases
>>> cloud = particles.simulate(cases["regression"].model, particles.ExactFlow(), count=10**6, until=2.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from particles.schemes import Euler, ExactFlow
    from particles.simulate import simulate
    from particles.trajectory import Trajectory, load

__all__ = ["Euler", "ExactFlow", "Trajectory", "load", "simulate"]

_HOMES = {
    "Euler": "particles.schemes",
    "ExactFlow": "particles.schemes",
    "Trajectory": "particles.trajectory",
    "load": "particles.trajectory",
    "simulate": "particles.simulate",
}


def __getattr__(name: str) -> Any:
    """Load a public name on its first use: ``--help`` and bad input stay fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
