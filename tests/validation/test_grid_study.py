"""The study of the grid: the order that the model lets one expect, found or refused."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

import kinetic
import validation.__main__
from kinetic.line.reconstruction import Three
from kinetic.schemes import SCHEMES
from particles.base import command
from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.base.jit import Formula, formula
from particles.model import IDENTITY, RELU, TANH, Case, Dirac, Mixture, Model, Normal, Uniform, cases
from validation.studies import grid as study_module
from validation.studies.expected_order import scale
from validation.studies.grid import GridStudy
from validation.studies.study import fit_order, successive_orders

LEVELS = (100, 200, 400, 800)


def case(domain: tuple[float, float] | None, until: float = 1.0, **changes: Any) -> Case:
    model = Model(**{"drift": IDENTITY, "weight": -1.0, "bias": 0.0, "initial": Normal(0.0, 1.0), **changes})
    return dataclasses.replace(cases["regression"], name="made", model=model, domain=domain, until=until)


@pytest.mark.parametrize("name", ["regression", "vehicles", "iris", "moments-conserved"])
def test_cweno_is_third_order_walls_included(name: str) -> None:
    study = GridStudy(cases[name], levels=LEVELS).run()
    assert study.holds, study.checks
    assert abs(fit_order(study.rows).estimate + 3.0) < 0.3
    assert study.rows[-1].error < 3e-5
    assert study.rows[-1].also["L1"] < 4e-4


@pytest.mark.parametrize(("scheme", "order"), [("explicit", 3.0), ("imex", 3.0), ("chang-cooper", 2.0)])
def test_with_noise_the_order_is_that_of_the_scheme(scheme: str, order: float) -> None:
    study = GridStudy(cases["tanh-noise"], scheme=SCHEMES[scheme], levels=(50, 100, 200, 400)).run()
    assert study.holds, study.checks
    assert study.expected_slope == -order
    assert abs(fit_order(study.rows).estimate + order) < 0.2


def test_cweno_is_faster_before_where_the_linear_scheme_is_not() -> None:
    """Why a slope steeper than -3 is no failure: N(0, 1) drawn together to 1/7 of its width."""
    orders = [
        successive_orders(GridStudy(cases["moments-decay"], scheme=kinetic.Explicit(kind)).run().rows)[-1]
        for kind in (kinetic.CWENO3(), kinetic.Linear())
    ]
    assert orders[0] < -3.3
    assert abs(orders[1] + 3.0) < 0.05


@pytest.mark.parametrize("scheme", ["explicit", "imex", "chang-cooper"])
def test_a_jump_of_the_start_costs_an_order_and_levels_are_chosen_for_it(scheme: str) -> None:
    """Reference: jumps at 7/16 and 15/32 of the domain; at t = 1/2 second order from N = 256 on."""
    study = GridStudy(cases["fokker-planck"], scheme=SCHEMES[scheme], until=0.5).run()
    assert [row.level for row in study.rows] == [64, 128, 256, 512, 1024]
    assert study.holds, study.checks
    assert "initial density jumps" in study.remarks[1]
    assert 1.8 <= -fit_order(study.rows[-4:]).estimate <= 2.25


def test_a_jump_inside_a_cell_is_refused() -> None:
    study = GridStudy(cases["fokker-planck"], levels=(100, 200, 400)).run()
    assert not study.holds
    assert study.refusal is not None
    assert "jumps at x = -1 inside a cell" in study.refusal


def test_a_jump_without_noise_goes_with_three_halves() -> None:
    study = GridStudy(case((-2.03, 2.09), initial=Uniform(-1.0, 1.0)), levels=LEVELS).run()
    assert study.holds, study.checks
    assert study.expected_slope == -1.5
    assert abs(fit_order(study.rows).estimate + 1.5) < 0.2


def test_the_edge_of_a_density_that_leaves_its_wall_is_a_jump() -> None:
    """The control of the model's word: at the walls at the start, inside later."""
    inward = case((2.0, 8.0), drift=TANH, bias=5.0, initial=Uniform(2.0, 8.0), walls=(2.0, 8.0))
    study = GridStudy(inward, levels=LEVELS).run()
    assert study.expected_slope == -1.5
    assert study.holds, study.checks


def test_jumps_that_have_met_a_wall_are_refused() -> None:
    walled = case((2.0, 8.0), 3.0, drift=TANH, weight=1.0, bias=-5.0, initial=Uniform(3.0, 7.0), walls=(2.0, 8.0))
    assert "met a wall" in GridStudy(walled, levels=LEVELS).run().verdict


def test_relu_is_third_order_with_its_kink_on_a_face_only() -> None:
    relu = {"drift": RELU, "bias": 1.0, "initial": Normal(1.0, 1.0)}
    study = GridStudy(case((-7.0, 9.0), **relu), levels=LEVELS).run()
    assert study.holds, study.checks
    assert abs(fit_order(study.rows).estimate + 3.0) < 0.2
    repelled = {"drift": RELU, "weight": 1.0, "bias": -1.0, "initial": Normal(1.0, 1.0)}
    assert GridStudy(case((-15.0, 17.0), **repelled), levels=LEVELS).run().holds
    assert "kink of relu at x = 1" in GridStudy(case((-7.03, 9.0), **relu), levels=LEVELS).run().verdict


@dataclasses.dataclass(frozen=True)
class Constant:
    """A control that claims third order: the density is constant in a cell."""

    positive: bool = False
    order = 3

    def constants(self, h: float, averages: Floats) -> tuple[float, float, float, float]:
        return 0.0, 1.0, 1.0, 0.0

    @property
    def polynomial(self) -> Formula:
        return constant


@formula
def constant(before: float, u: float, after: float, constants: tuple[float, ...]) -> Three:
    return u, 0.0, 0.0


def test_a_reconstruction_of_first_order_turns_the_verdict() -> None:
    study = GridStudy(cases["regression"], levels=LEVELS, scheme=kinetic.Explicit(Constant())).run()  # type: ignore[arg-type]
    assert [check.holds for check in study.checks] == [False, False]
    assert abs(fit_order(study.rows[-3:]).estimate + 1.0) < 0.3


def test_another_law_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the law of a drift whose w is 1 % off; the error stops falling."""
    whole = study_module.limit_law

    def exact_law(model: Model, time: float) -> Any:
        return whole(dataclasses.replace(model, weight=1.01 * model.weight), time)

    monkeypatch.setattr(study_module, "limit_law", exact_law)
    study = GridStudy(cases["regression"], levels=LEVELS).run()
    assert [check.holds for check in study.checks] == [False, False]


@pytest.mark.parametrize(
    ("name", "scheme", "variable", "order", "band"),
    [
        ("inverse-gamma", "imex", "x", 3.0, 0.6),
        ("inverse-gamma", "chang-cooper", "ln x", 2.0, 0.1),
        ("generalised-gamma", "imex", "ln x", 3.0, 0.1),
        ("relu", "imex", "ln x", 2.0, 0.2),
    ],
)
def test_the_half_line_has_the_order_of_the_scheme_but_for_a_kink(
    name: str, scheme: str, variable: str, order: float, band: float
) -> None:
    """Laws by computation, from T/8 on; in x where that resolves them. With noise the kink of relu costs one order."""
    asked = None if variable == "x" else "ln-x"
    study = GridStudy(cases[name], scheme=SCHEMES[scheme], variable=asked, until=2.0).run()
    assert study.holds, study.checks
    assert (study.extra["variable"], study.extra["since"]) == (variable, 0.25)
    assert abs(fit_order(study.rows[-3:]).estimate + order) < band


def test_what_x_does_not_resolve_is_studied_in_ln_x_and_refused_in_x() -> None:
    """The density x^2 exp(-8 sqrt(x)) bends within .2, of 28."""
    study = GridStudy(cases["generalised-gamma"])
    assert study._posed().chart.name == "ln x"
    assert study.used == kinetic.Imex()
    refused = GridStudy(cases["generalised-gamma"], variable="x").run()
    assert refused.refusal is not None
    assert "the density bends within" in refused.refusal


def test_a_computed_law_that_is_too_rough_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the law of a table that would be right to 1e-3."""
    whole = study_module.limit_law

    def limit_law(*given: Any, **how: Any) -> Any:
        return dataclasses.replace(whole(*given, **how), accuracy=1e-3)

    monkeypatch.setattr(study_module, "limit_law", limit_law)
    study = GridStudy(cases["inverse-gamma"], variable="x").run()
    assert study.refusal is not None
    assert study.refusal.startswith("the law is known to 1.0e-03 only")


def test_a_law_narrower_than_the_cells_is_refused_with_its_last_time() -> None:
    """The start N(1, 1) bends within sigma = 1: 1.5 cells of 16/400 until t = ln(1/.06) = 2.8."""
    study = GridStudy(cases["regression"], levels=(400, 800, 1600), until=5.0).run()
    assert study.refusal is not None
    assert f"until t = {math.log(1.0 / 0.06):.2g}" in study.refusal
    assert "less than 1.5 of 400 cells" in study.refusal


def test_ends_that_cut_off_mass_are_refused() -> None:
    study = GridStudy(case((-3.0, 3.0), weight=1.0, until=0.1), levels=LEVELS[:3]).run()
    assert study.refusal is not None
    assert "cut off a mass" in study.refusal


def test_errors_of_rounding_are_refused() -> None:
    """At t = 20 all but e^(-20) of the vehicles stick to the walls."""
    assert "is rounding" in GridStudy(cases["vehicles"], levels=LEVELS[:3], until=20.0).run().verdict


def test_a_narrow_start_is_refused_too() -> None:
    study = GridStudy(case((-8.0, 8.0), nu2=2.0, initial=Normal(0.0, 1e-4)), levels=(50, 100, 200)).run()
    assert study.refusal is not None
    assert study.refusal.startswith("at t = 0 the density bends")


def test_narrow_parts_of_a_mixture_are_seen() -> None:
    pair = Mixture([Normal(-3.0, 0.01), Normal(3.0, 0.01)], [0.5, 0.5])
    assert math.isclose(scale(pair, kinetic.Grid(-6.0, 6.0, cells=4000)), 0.1, rel_tol=1e-3)


def test_a_case_without_ends_takes_those_of_the_tails() -> None:
    lo, hi = kinetic.domain(cases["regression"].model, 1.0)
    study = GridStudy(dataclasses.replace(cases["regression"], domain=None), levels=LEVELS, until=1.0).run()
    assert study.extra["domain"] == [lo, hi]
    assert study.holds, study.checks


@pytest.mark.parametrize(
    ("given", "arguments", "said"),
    [
        (cases["regression"], {"levels": (100, 200)}, "at least three"),
        (cases["regression"], {"levels": (2, 4, 8)}, "cells = 2"),
        (cases["regression"], {"scheme": kinetic.Imex()}, "needs noise"),
        (cases["regression"], {"scheme": "best"}, "'best' must be a value"),
        (cases["regression"], {"variable": "ln-x"}, "'ln-x' without noise"),
        (cases["relu"], {"variable": "y"}, "variable = 'y' must be one of x, ln-x"),
        (case((-2.0, 2.0), initial=Dirac(0.5)), {}, r"an atom at x = 0\.5"),
    ],
)
def test_what_cannot_be_studied_is_refused(given: Case, arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        GridStudy(given, **arguments).run()


def test_the_command_line_writes_table_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("study", "grid", "tanh-noise", "--scheme", "chang-cooper", "--levels", "60", "120", "240", "--json")
    assert command.run("validation", validation.__main__.build_parser, (*words, "--out", str(tmp_path / "s"))) == 0
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert found["holds"]
    assert found["expected_slope"] == -2.0
    assert (tmp_path / "s" / "study.csv").read_text().count("\n") == 4
    assert (tmp_path / "s" / "study.png").read_bytes().startswith(b"\x89PNG")
