"""Claims about `kinetic.pace`: steps are counted before the first one, and follow functions of time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, ChangCooper, Diffusivity, Grid, LinearFlux, Problem, evolve, load, pace, solve
from kinetic.__main__ import build_parser
from kinetic.line import rates
from kinetic.line.chang_cooper import ChangCooperStepper
from kinetic.line.imex import ImexStepper
from kinetic.schemes import SCHEMES
from particles.base import command
from particles.base.errors import InputError
from particles.model import IDENTITY, TANH, Dirac, Model, Normal, cases, piecewise

WIDE = Grid(-9.0, 9.0, cells=400)


def model(weight: Any, nu2: float = 0.0) -> Model:
    return Model(drift=IDENTITY, weight=weight, bias=0.0, nu2=nu2, initial=Normal(0.0, 1.0))


def spread(solution: Any, t: float) -> float:
    return math.sqrt(float(solution.at(t).variance[0]))


def test_an_endless_run_is_refused_in_one_sentence_before_its_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "tanh-noise", "--domain", "0.9999999", "1.0000001", "--cells", "40", "--out", str(tmp_path / "a.nc")]
    assert command.run("kinetic", build_parser, argv) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(
        "kinetic: 1e+17 steps on 40 cells of width 5e-09 take 3.55e+03 years or more: allowed is"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", [name for name, row in SCHEMES.items() if row.on_line])
def test_huge_noise_is_refused_for_every_scheme_and_a_residual_may_end_it(scheme: str) -> None:
    given = Model(drift=TANH, weight=-1.0, bias=0.0, nu2=1e12, initial=Normal(0.0, 1.0))
    with pytest.raises(InputError, match=r"steps on 400 cells of width 0.045 take .* years or more"):
        solve(given, WIDE, until=1e6, scheme=SCHEMES[scheme])
    rests = solve(given, WIDE, ChangCooper(), until=1e6, residual=1e-3)
    assert rests.stopped
    assert "or more" in rests.provenance["cautions"][0]


def test_every_piece_of_the_parameters_is_counted() -> None:
    given = model(piecewise([0.0, 0.5], [0.0, -1e12]))
    with pytest.raises(InputError, match=r"^2\.2e\+14 steps on 400 cells"):
        solve(given, WIDE, until=1.0)


def test_a_conservation_law_is_counted_too() -> None:
    with pytest.raises(InputError, match=r"^4e\+13 steps on 400 cells"):
        evolve(Problem(LinearFlux(np.full(401, 0.81)), "periodic"), np.ones(400), WIDE, until=1e12)


def test_a_narrow_start_does_not_make_an_implicit_run_endless() -> None:
    """Its first steps are as short as explicit ones; the count is that of a state that has spread."""
    grid = Grid(-9.0, 9.0, cells=6000)
    start = grid.averages(Dirac(0.0))
    imex = ImexStepper(LinearFlux(-grid.faces), grid, CWENO3(), "reflecting", start, np.zeros(2), Diffusivity(1.0))
    flow = ChangCooperStepper(rates.equation(model(-1.0, 2.0)), grid, start)
    for state in (imex, flow):
        assert pace.count_steps(state, 0.0, [1.0], 0.45, None) < 0.05 / state.longest_step(0.0, 0.45)


@pytest.mark.parametrize("scheme", [name for name, row in SCHEMES.items() if row.on_line])
def test_a_pulse_in_a_function_of_time_is_met_as_if_its_edges_were_given(scheme: str) -> None:
    """Between the pulse nothing moves the law but weak noise: no speed would end a step there."""
    pulse = piecewise([0.0, 0.525, 0.575], [0.0, -10.0, 0.0])
    nu2 = 0.0 if scheme == "explicit" else 1e-3
    one = solve(model(pulse, nu2), WIDE, until=1.0, scheme=SCHEMES[scheme])
    other = solve(model(lambda t: -10.0 if 0.525 <= t < 0.575 else 0.0, nu2), WIDE, until=1.0, scheme=SCHEMES[scheme])
    assert spread(other, 1.0) == pytest.approx(spread(one, 1.0), abs=1e-5)
    if scheme == "explicit":
        assert spread(other, 1.0) == pytest.approx(0.606531, abs=1e-4)


def test_speeds_that_are_zero_at_the_start_do_not_make_one_step_of_the_run() -> None:
    """w = -pi sin(2 pi t) pulls together and lets go again: the spread at 1/2 is e^-1, at 1 that of the start."""
    given = model(lambda t: -math.pi * math.sin(2.0 * math.pi * t))
    solution = solve(given, WIDE, until=1.0, times=(0.5,))
    assert solution.steps > 500
    assert spread(solution, 0.5) == pytest.approx(math.exp(-1.0), abs=1e-4)
    assert spread(solution, 1.0) == pytest.approx(1.0, abs=3e-4)


def test_what_a_person_was_told_before_a_run_is_in_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.nc")
    argv = ["run", "regression", "--domain", "-1", "3", "--cells", "50", "--until", "0.1", "--out", out]
    assert command.run("kinetic", build_parser, argv) == 0
    (caution,) = load(out).provenance["cautions"]
    assert capsys.readouterr().err.splitlines()[0] == f"kinetic: {caution}"
    assert "outside the grid" in caution
    assert solve(cases["regression"].model, WIDE, until=0.1).provenance["cautions"] == []
