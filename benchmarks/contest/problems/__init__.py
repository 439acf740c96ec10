"""The problems, and siblings of them that no stored answer fits. NumPy and SciPy alone."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping

from benchmarks.contest.problem import Problem
from benchmarks.contest.problems import mean_field, noise, plane, rest

_SPREAD = 0.04

_MAKERS: tuple[Callable[..., Problem], ...] = (
    mean_field.tanh,
    mean_field.sigmoid,
    mean_field.relu,
    mean_field.vehicles,
    noise.ou,
    noise.ou_uniform,
    noise.lognormal,
    noise.tanh_attracted,
    noise.tanh_repelled,
    rest.inverse_gamma,
    rest.relu_rest,
    noise.boltzmann,
    noise.boltzmann_tanh,
    plane.linear,
    plane.ou,
    plane.regression,
)
_MAKER_OF = {make().name: make for make in _MAKERS}

PROBLEMS: Mapping[str, Problem] = {name: make() for name, make in _MAKER_OF.items()}


def varied(problem: Problem, key: str) -> Problem:
    """Return a sibling whose parameters, time included, differ by up to 4 %, drawn from a key; its name is the same.

    The reference of a sibling is computed like that of any problem. Who solves it as well as the problem itself has
    not looked its answer up.

    Parameters
    ----------
    problem : Problem
        One of PROBLEMS, by name.
    key : str
        What a contestant cannot know.
    """
    make, draw = _MAKER_OF[problem.name], random.Random(f"{problem.name}/{key}")
    changed = {
        name: parameter.default * (1.0 + draw.uniform(-_SPREAD, _SPREAD))
        for name, parameter in inspect.signature(make).parameters.items()
    }
    return make(**changed)
