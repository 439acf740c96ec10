"""The problems, siblings of them that no stored answer fits, other starts. NumPy and SciPy alone."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from benchmarks.contest.problem import Problem
from benchmarks.contest.problems import mean_field, noise, plane, rest

_SPREAD = 0.04
_MOVED = 0.4, 0.5  # of the start's deviation: so far that an answer to another start is wrong

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


def at_rest(problem: Problem) -> bool:
    """Whether the law at its time is that of rest, which does not tell from where it came."""
    return bool(problem.features & {"long", "no mean"})


def started(problem: Problem, key: str, side: int) -> Problem:
    """Return the problem from another start, moved by .4 to .5 of its deviation, how far drawn from a key.

    Between walls, where it cannot be moved, a uniform law is tilted. A problem `at_rest` keeps its start.

    Parameters
    ----------
    problem : Problem
        One of PROBLEMS.
    key : str
        What a contestant cannot know.
    side : {1, -1}
        To which.
    """
    share = side * random.Random(f"{problem.name}/{key}").uniform(*_MOVED)
    if at_rest(problem):
        return problem
    return replace(problem, start=problem.start.tilted(share) if problem.walls else problem.start.moved(share))
