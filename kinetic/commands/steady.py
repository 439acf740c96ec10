"""`python -m kinetic steady CASE`: what a case comes to rest at, or why it does not."""

from __future__ import annotations

import argparse
import math
from typing import Any

from particles.base import command
from particles.base.tables import Cell, Table, add_format, print_tables

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOMENTS = 4


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m kinetic`."""
    steady = commands.add_parser("steady", help="steady state of a case", description=execute.__doc__)
    command.add_case(steady)
    steady.add_argument(
        "--quadrature", action="store_true", help="by quadrature where a closed law is known too: its oracle"
    )
    steady.add_argument("--json", action="store_true", help="print one JSON object last on stdout")
    add_format(steady)
    steady.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Tell the law that a case comes to rest at, its moments, tails and spectral gap, or why there is none."""
    from kinetic.steady import steady_state
    from particles.model.cases.asked import case_asked

    case = case_asked(arguments)
    state = steady_state(case.model, closed=not arguments.quadrature)
    print(f"{case.name}: {state.reason}")
    rows: list[tuple[str, Cell]] = [("family", state.family)]
    told: dict[str, Any] = {"case": case.name, "family": state.family, "reason": state.reason}
    if state.law is not None:
        moments = {k: state.moment(k) for k in range(1, MOMENTS + 1)}
        quantiles = {p: float(state.law.quantile(p)) for p in QUANTILES}
        print(f"law        {state.family}: {described(state.law)}")
        print("moments    " + ", ".join(f"E x^{k} = {value:.9g}" for k, value in moments.items()))
        print("quantiles  " + ", ".join(f"{100 * p:g} %: {x:.9g}" for p, x in quantiles.items()))
        print(f"tails      below {_tail(state.tail[0])}, above {_tail(state.tail[1])}")
        if state.gap_from:
            print(f"gap        {'unknown' if state.gap is None else f'{state.gap:.9g}'} ({state.gap_from})")
        told |= {"law": described(state.law), "quantiles": quantiles, "gap": state.gap, "gap_from": state.gap_from}
        told |= {"moments": {k: _finite(v) for k, v in moments.items()}, "tails": [_finite(mu) for mu in state.tail]}
    if state.law is not None:
        rows += [(f"E x^{k}", value) for k, value in moments.items()]
        rows += [(f"{100 * p:g} % quantile", x) for p, x in quantiles.items()]
        rows += [("tail below, exponent", state.tail[0]), ("tail above, exponent", state.tail[1])]
        rows += [(f"gap, {state.gap_from}", state.gap)] if state.gap_from else []
    print_tables(arguments, Table(f"{case.name}: {state.reason}", ("what", "value"), tuple(rows)))
    if arguments.json:
        command.print_json(told)
    return 0


def _finite(value: float) -> float | None:
    """JSON knows no infinity: null."""
    return value if math.isfinite(value) else None


def _tail(mu: float) -> str:
    return f"like abs(x)^(-{mu:g})" if math.isfinite(mu) else "faster than any power"


def described(law: Any) -> str:
    """The law as it would be written in Python; a law by quadrature by its name."""
    text = repr(law)
    return text if len(text) < 200 else type(law).__name__
