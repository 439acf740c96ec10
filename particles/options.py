"""The options of the command line that choose a scheme, and the scheme that they choose."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from particles.base import command
from particles.base.errors import InputError

if TYPE_CHECKING:
    from particles.model import Case
    from particles.schemes import Scheme


def add_scheme_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    time = parser.add_mutually_exclusive_group()
    time.add_argument("--layers", type=command.positive_integer, help="Euler with so many steps up to the horizon")
    time.add_argument("--dt", type=command.positive_float, help="step of Euler, of --milstein or of the clock")
    time.add_argument("--exact", action="store_true", help="exact flow: no time error")
    noise = parser.add_argument_group("noisy cases")
    kind = noise.add_mutually_exclusive_group()
    kind.add_argument("--eps", type=command.positive_float, help="Boltzmann collisions at this scaling")
    kind.add_argument("--milstein", action="store_true", help="Milstein's scheme for the limit eps -> 0, with --dt")
    noise.add_argument("--clock", help="poisson, nanbu or synchronous (default: poisson)")
    noise.add_argument(
        "--noise",
        help="gaussian, gaussian53, uniform, two-point or exponential (default: gaussian; uniform where K = x)",
    )
    noise.add_argument("--tau", type=command.positive_float, help="mean time between collisions (default: eps)")


def scheme_of(arguments: argparse.Namespace, case: Case) -> Scheme:
    """Return the scheme that the options choose for a case.

    Raises
    ------
    InputError
        If the options do not fit each other or the case.
    """
    from particles.collisions import Collisions, Milstein
    from particles.noise import GAUSSIAN, UNIFORM, noise_named
    from particles.schemes import Euler, ExactFlow

    noisy = arguments.eps is not None or arguments.milstein
    for name in ("clock", "tau"):
        if getattr(arguments, name) is not None and arguments.eps is None:
            raise InputError(f"--{name} {getattr(arguments, name)} needs --eps")
    if not noisy:
        if arguments.noise is not None:
            raise InputError(f"--noise {arguments.noise} needs --eps or --milstein")
        if case.model.nu2 > 0.0:
            raise InputError(
                f"case {case.name!r} has noise, nu2 = {case.model.nu2!r}: give --eps, or --milstein with --dt"
            )
        if arguments.exact:
            return ExactFlow()
        return Euler(dt=arguments.dt) if arguments.dt is not None else Euler(layers=arguments.layers or case.layers)
    if arguments.exact or arguments.layers is not None:
        raise InputError("--exact and --layers are for cases without noise: give --dt")
    bounded = case.model.diffusion.half_line
    noise = noise_named(arguments.noise) if arguments.noise is not None else (UNIFORM if bounded else GAUSSIAN)
    if arguments.eps is not None:
        clock = arguments.clock or "poisson"
        return Collisions(arguments.eps, clock, noise, dt=arguments.dt, tau=arguments.tau)
    if arguments.dt is None:
        raise InputError("--milstein needs --dt")
    return Milstein(arguments.dt, noise if arguments.noise is not None else GAUSSIAN)
