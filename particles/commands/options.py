"""The options of the command line that several commands share: case, scheme, snapshots; and what they choose."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base import command
from particles.base.errors import InputError

if TYPE_CHECKING:
    from particles.model import Case, Samples
    from particles.run import Run
    from particles.schemes.scheme import Scheme
    from particles.training.losses import Loss

LABELLED = ("supervised", "cross-entropy")
"""Losses whose target are the labels of the points given."""
_LOSSES = ("moment", "w2", "w1", "energy", *LABELLED, "l2")


def add_case(parser: argparse.ArgumentParser) -> None:
    """Add the case, its size, its scheme and its snapshots to a parser."""
    command.add_case(parser)
    parser.add_argument("--count", type=command.positive_integer, help="particles over all ranks, such as 1e6")
    add_scheme_options(parser)
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    parser.add_argument(
        "--times", type=command.finite_float, nargs="+", metavar="T", help="snapshots (default: the case's)"
    )
    parser.add_argument("--histogram", nargs=3, metavar=("LOW", "HIGH", "CELLS"), help="count particles in cells")
    parser.add_argument("--no-clouds", action="store_true", help="keep moments and the histogram alone")


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
        help="gaussian, gaussian24, gaussian53, uniform, two-point or exponential"
        " (default: gaussian24; uniform where K = x)",
    )
    noise.add_argument("--tau", type=command.positive_float, help="mean time between collisions (default: eps)")


def scheme_of(arguments: argparse.Namespace, case: Case) -> Scheme:
    """Return the scheme that the options choose for a case; InputError where they do not fit each other or the case."""
    from particles.noise import DEFAULT_NOISE, UNIFORM, noise_named
    from particles.schemes.collisions import Collisions
    from particles.schemes.euler import Euler
    from particles.schemes.flow import ExactFlow
    from particles.schemes.milstein import Milstein

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
    noise = noise_named(arguments.noise) if arguments.noise is not None else (UNIFORM if bounded else DEFAULT_NOISE)
    if arguments.eps is not None:
        clock = arguments.clock or "poisson"
        return Collisions(arguments.eps, clock, noise, dt=arguments.dt, tau=arguments.tau)
    if arguments.dt is None:
        raise InputError("--milstein needs --dt")
    return Milstein(arguments.dt, noise if arguments.noise is not None else DEFAULT_NOISE)


def histogram_of(given: list[str] | None) -> tuple[float, float, int] | None:
    """Read ``--histogram LOW HIGH CELLS``."""
    if given is None:
        return None
    try:
        return command.finite_float(given[0]), command.finite_float(given[1]), command.positive_integer(given[2])
    except argparse.ArgumentTypeError as error:
        raise InputError(f"argument --histogram: {error}") from None


def snapshots_of(case: Case, scheme: Scheme, until: float) -> list[float]:
    """The case's own snapshots, as far as they fall on a step, and the horizon."""
    levels = scheme.levels(case.model, until, ())
    wanted = [t for t in case.times if t < until]
    kept = [t for t in wanted if scheme.order == math.inf or np.abs(levels - t).min() <= 1e-9 * until]
    if kept != wanted and command.launched_rank() == 0:
        left_out = ", ".join(f"{t:g}" for t in wanted if t not in kept)
        print(f"no snapshot at t = {left_out}: no multiple of dt = {levels[1]:g}")
    return sorted({*kept, until})


def run_of(arguments: argparse.Namespace, case: Case, scheme: Scheme) -> Run:
    """The run of the options; what is not given is the case's own."""
    from particles.run import Run

    until = arguments.until or case.until
    count, start = _points(arguments, case, getattr(arguments, "start", "random"))
    return Run(
        count=count,
        until=until,
        times=arguments.times or snapshots_of(case, scheme, until),
        start=start,
        seed=getattr(arguments, "seed", 0),
        histogram=histogram_of(arguments.histogram),
        keep_clouds=not arguments.no_clouds,
    )


def _points(arguments: argparse.Namespace, case: Case, start: str) -> tuple[int, str | Samples]:
    """How many particles, and where they start; those of the case are counted by its points."""
    if start != "given":
        return arguments.count or case.count, start
    if case.samples is None:
        raise InputError(f"start = 'given': case {case.name!r} is not of measurements, so no points are given")
    return arguments.count or case.samples.count, case.samples


def points_of(arguments: argparse.Namespace, case: Case) -> tuple[int, str | Samples]:
    """The same for a loss: where labels are its target, the particles start at the points that have them."""
    if arguments.loss not in LABELLED:
        return _points(arguments, case, arguments.start or "random")
    if (arguments.start or "given") != "given":
        raise InputError(f"start = {arguments.start!r} with loss {arguments.loss!r}: allowed is 'given', as labels are")
    return _points(arguments, case, "given")


def add_loss(parser: argparse.ArgumentParser) -> None:
    """Add a case, its particles and scheme, and the loss at the horizon with its target."""
    command.add_case(parser)
    parser.add_argument("--count", type=command.positive_integer, help="particles over all ranks, such as 1e6")
    add_scheme_options(parser)
    parser.add_argument("--until", type=command.positive_float, metavar="T", help="horizon")
    parser.add_argument(
        "--start", help="random, stratified, quantile, or given of a case of measurements (default: random)"
    )
    parser.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    parser.add_argument(
        "--loss", choices=_LOSSES, default="moment",
        help="moment: E abs(x - y)^2/2; w2, w1, energy: to a law; supervised, cross-entropy: to the case's labels",
    )  # fmt: skip
    parser.add_argument(
        "--target", metavar="Y",
        help="a number, for w2, w1 and energy normal:MEAN:STD too, for a moment in R^d d numbers such as 2,0.5",
    )  # fmt: skip


def loss_of(arguments: argparse.Namespace, case: Case) -> Loss:
    """The loss of the options; InputError where the target does not suit it."""
    from particles.model import Dirac, Normal
    from particles.training.cross_entropy import CrossEntropy
    from particles.training.losses import EnergyDistance, FirstTransport, Moment, Supervised, Transport

    if arguments.loss == "l2":
        allowed = ", ".join(_LOSSES[:-1])
        raise InputError(f"loss = 'l2' of a cloud, or to a point, is infinite: allowed are {allowed}")
    if arguments.loss in LABELLED:
        if arguments.target is not None:
            raise InputError(f"target = {arguments.target!r}: loss {arguments.loss!r} takes the labels of the case")
        if case.samples is None or case.samples.labels is None:
            raise InputError(f"loss = {arguments.loss!r}: case {case.name!r} has no labels, which are its target")
        return (Supervised if arguments.loss == "supervised" else CrossEntropy).of(case.samples)
    if arguments.target is None:
        raise InputError(f"loss = {arguments.loss!r} needs a target: give --target")
    if arguments.loss == "moment" and "," in arguments.target:
        return Moment([_coordinate(text) for text in arguments.target.split(",")])
    kind, *numbers = arguments.target.split(":")
    try:
        law: Any = Normal(*_normal(numbers)) if kind == "normal" else Dirac(command.finite_float(kind))
    except argparse.ArgumentTypeError as error:
        raise InputError(f"argument --target: {error}, or normal:MEAN:STD") from None
    if arguments.loss == "moment":
        if kind == "normal":
            raise InputError(f"target = {arguments.target!r} of loss 'moment': allowed is a number")
        return Moment(float(law.mean))
    kinds: dict[str, Any] = {kind.name: kind for kind in (Transport, FirstTransport, EnergyDistance)}
    loss: Loss = kinds[arguments.loss](law)
    return loss


def _coordinate(text: str) -> float:
    try:
        return command.finite_float(text)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"argument --target: {error}, or several such as 2,0.5") from None


def _normal(numbers: list[str]) -> tuple[float, float]:
    if len(numbers) != 2:
        raise argparse.ArgumentTypeError("normal wants a mean and a standard deviation")
    return command.finite_float(numbers[0]), command.positive_float(numbers[1]) ** 2


def shares_of(option: str, given: list[str]) -> Any:
    """One number, or numbers by name."""
    try:
        if len(given) == 1 and "=" not in given[0]:
            return command.finite_float(given[0])
        pairs = [text.partition("=") for text in given]
        return {name: command.finite_float(value) for name, _, value in pairs} if given else 0.0
    except argparse.ArgumentTypeError:
        raise InputError(f"argument --{option}: {' '.join(given)!r} must be LAM, or weight=LAM bias=LAM") from None
