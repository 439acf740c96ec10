"""`python -m validation plan CASE --tolerance W1`: the cheapest run that is that exact."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from particles.base import command
from particles.base.errors import InputError
from particles.base.tables import Cell, Table, add_format, print_tables

if TYPE_CHECKING:
    from validation.advice.planner.plan import Outcome, Plan


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    plan = commands.add_parser("plan", help="the cheapest run that meets a tolerance", description=execute.__doc__)
    command.add_case(plan)
    plan.add_argument(
        "--tolerance", type=command.positive_float, required=True, metavar="W1", help="of W1(particles, PDE)"
    )
    plan.add_argument("--until", type=command.positive_float, metavar="T", help="time of the comparison")
    plan.add_argument("--clock", choices=("poisson", "synchronous"), help="by default the cheaper one")
    plan.add_argument(
        "--noise",
        choices=("gaussian", "gaussian24", "uniform", "two-point", "exponential"),
        help="by default the cheapest one",
    )
    plan.add_argument(
        "--ranks", type=command.positive_integer, help="of the run that is planned (default: those of this job)"
    )
    plan.add_argument("--run", action="store_true", help="carry it out, and tell forecast and achievement")
    plan.add_argument("--seed", type=command.seed, default=0, help="0 to 2**32 - 1 (default: 0)")
    plan.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(plan)
    plan.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Find the cheapest particles, eps or layers, and cells for a W1 tolerance; with --run, exit code 0 only if met.

    The forecast measures this machine's speed, so it is not the same twice.
    """
    from particles.base import parallel
    from particles.base.memory import require_memory
    from particles.base.progress import progress_bar
    from particles.model.cases.asked import case_asked
    from validation.advice.planner import carry_out, cheapest

    case = case_asked(arguments)
    if arguments.run and arguments.ranks not in (None, command.launched_size()):
        raise InputError(f"--ranks {arguments.ranks}: this job has {command.launched_size()}, which --run uses")
    ranks = command.launched_size() if arguments.ranks is None else arguments.ranks
    plan = parallel.world().on_first(
        lambda: cheapest(
            case, arguments.tolerance, until=arguments.until, noise=arguments.noise, clock=arguments.clock, ranks=ranks
        )
    )
    first = command.launched_rank() == 0
    if first:
        _show(plan, ranks)
    outcome = None
    if arguments.run:
        require_memory(f"count = {plan.count}", plan.particles.memory)
        with progress_bar(f"plan: {case.name}") as progress:
            outcome = carry_out(plan, seed=arguments.seed, progress=progress)
        if first:
            _show_outcome(plan, outcome)
    if first:
        print_tables(arguments, *_tables(plan, outcome, ranks))
    if first and arguments.json:
        command.print_json(_to_dict(plan, outcome))
    return 0 if outcome is None or outcome.upper <= plan.tolerance else 1


def _show(plan: Plan, ranks: int) -> None:
    lo, hi = plan.domain
    print(f"{plan.case.name}, t = {plan.until:g}: W1 below {plan.tolerance:g} in 95 of 100 keys")
    print(f"particles  {plan.count:,} by {plan.scheme!r}, {plan.steps} steps ({plan.way})")
    print(f"equation   {plan.cells} cells on [{lo:.6g}, {hi:.6g}], {plan.pde.name}")
    print("errors     " + ", ".join(f"{name} {value:.2e}" for name, value in plan.errors.items()))
    print(f"time       {plan.seconds:.3g} s on {ranks} rank{'s' * (ranks > 1)}: particles {plan.particles.seconds:.3g},"
          f" equation {plan.pde_seconds:.2g}")  # fmt: skip
    print(f"memory     {plan.particles.memory / 2**30:.3g} GiB in all")
    for name, seconds in sorted(plan.tried.items(), key=lambda one: one[1])[1:]:
        print(f"           instead {seconds:.3g} s: {name}")


def _tables(plan: Plan, outcome: Outcome | None, ranks: int) -> tuple[Table, Table]:
    """The plan, with what it reached, and the ways that were weighed."""
    rows: list[tuple[str, Cell]] = [
        ("particles", plan.count), ("scheme", repr(plan.scheme)), ("steps", plan.steps), ("cells", plan.cells),
        ("lower end", plan.domain[0]), ("upper end", plan.domain[1]), ("scheme of the equation", plan.pde.name),
        *((f"error: {name}", value) for name, value in plan.errors.items()), ("ranks", ranks),
        ("seconds", plan.seconds), ("bytes", plan.particles.memory),
    ]  # fmt: skip
    if outcome is not None:
        rows += [("W1 at least", outcome.lower), ("W1 at most", outcome.upper), ("seconds taken", outcome.seconds)]
    title = f"{plan.case.name}, t = {plan.until:g}: W1 below {plan.tolerance:g} in 95 of 100 keys"
    tried = tuple(sorted(plan.tried.items(), key=lambda one: one[1]))
    return Table(title, ("what", "value"), tuple(rows)), Table(f"{title}, ways", ("way", "seconds"), tried)


def _show_outcome(plan: Plan, outcome: Outcome) -> None:
    met = "met" if outcome.upper <= plan.tolerance else "NOT met"
    bounds = f"{outcome.upper:.3e}" if outcome.lower == outcome.upper else f"{outcome.lower:.4e} to {outcome.upper:.4e}"
    print(f"achieved   W1 {bounds}: the tolerance is {met}")
    print(f"took       {outcome.seconds:.3g} s, {outcome.seconds / plan.seconds:.2f} of the forecast")


def _to_dict(plan: Plan, outcome: Outcome | None) -> dict[str, Any]:
    told = {field.name: getattr(plan, field.name) for field in dataclasses.fields(plan)}
    told |= {"case": plan.case.name, "scheme": repr(plan.scheme), "particles": dataclasses.asdict(plan.particles)}
    told["pde"] = plan.pde.name
    return {**told, "seconds": plan.seconds, "outcome": None if outcome is None else dataclasses.asdict(outcome)}
