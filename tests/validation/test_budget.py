"""Budgets: every term has an experiment of its own, the sum closes, and the term that was blown up is named.

Statistical checks use fixed keys. A budget's own sampling check fails by chance once in a thousand, its two closure
checks hardly ever: they leave the intervals of all terms as slack.
"""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

import kinetic
from particles import TWO_POINT, UNIFORM, Collisions, Euler
from particles.base import command
from particles.base.errors import InputError
from particles.model import TANH, Case, Normal, cases
from validation.__main__ import build_parser
from validation.advice.budget import Budget, Term, budget, settings_of
from validation.advice.budget.measure import check, widened
from validation.advice.budget.record import sentences
from validation.advice.budget.rounding import rounding

REPLICATES = 16


def drawn(name: str, scheme: Euler | Collisions, **given: object) -> Budget:
    settings = settings_of(cases[name], replicates=REPLICATES, **given)
    return budget(cases[name], scheme, settings)


CLOSING = [
    ("regression", Euler(layers=50), {"count": 20_000, "cells": 100}),
    ("regression", Euler(layers=200), {"count": 50_000, "cells": 400}),
    ("regression", Euler(layers=100), {"count": 5_000, "cells": 200, "until": 1.0, "domain": (-3.0, 5.0)}),
    ("fokker-planck", Collisions(0.05), {"count": 20_000, "cells": 100, "until": 1.0}),
    ("fokker-planck", Collisions(0.02, "synchronous", TWO_POINT), {"count": 50_000, "cells": 200, "until": 1.0}),
    ("fokker-planck", Collisions(0.1, "nanbu", UNIFORM, dt=0.05), {"count": 10_000, "cells": 160, "until": 1.0}),
    ("tanh-noise", Collisions(0.05), {"count": 20_000, "cells": 150, "until": 1.0}),
    ("tanh-noise", Collisions(0.02, "synchronous", UNIFORM), {"count": 50_000, "cells": 300, "until": 1.0}),
    ("tanh-noise", Collisions(0.1, "nanbu", TWO_POINT, dt=0.025), {"count": 10_000, "cells": 200, "until": 2.0}),
    ("generalised-gamma", Collisions(0.0125, noise=UNIFORM), {"count": 20_000, "cells": 280, "until": 1.0}),
    ("generalised-gamma", Collisions(0.02, "synchronous", TWO_POINT), {"count": 20_000, "cells": 560, "until": 1.0}),
    (
        "generalised-gamma",
        Collisions(0.025, "nanbu", UNIFORM, dt=0.0125),
        {"count": 10_000, "cells": 280, "until": 2.0},
    ),
]


@pytest.mark.parametrize(("name", "scheme", "given"), CLOSING)
def test_a_budget_closes(name: str, scheme: Euler | Collisions, given: dict[str, object]) -> None:
    found = drawn(name, scheme, **given)
    assert found.holds, [(one.claim, one.found) for one in found.checks]
    assert found.terms[0].name == "sampling"
    assert all(term.value >= 0.0 for term in found.terms)
    assert found.total.value < found.sum + found.total.half_width


BLOWN_UP = [
    ("sampling", "regression", Euler(layers=400), {"count": 400, "cells": 400}),
    ("time step", "regression", Euler(layers=8), {"count": 20_000, "cells": 400}),
    ("grid", "regression", Euler(layers=100), {"count": 20_000, "cells": 24}),
    ("eps", "tanh-noise", Collisions(0.4), {"count": 40_000, "cells": 300}),
    ("domain", "tanh-noise", Collisions(0.02), {"count": 20_000, "cells": 200, "domain": (-0.5, 2.5)}),
]


@pytest.mark.parametrize(("guilty", "name", "scheme", "given"), BLOWN_UP)
def test_the_term_that_was_blown_up_is_named(
    guilty: str, name: str, scheme: Euler | Collisions, given: dict[str, object]
) -> None:
    found = drawn(name, scheme, **given)
    assert found.holds, [(one.claim, one.found) for one in found.checks]
    assert found.dominating.name == guilty
    assert guilty in sentences(found)[0]


def made(total: float, *values: float) -> Budget:
    terms = tuple(Term(name, v, 0.0, "") for name, v in zip(("sampling", "eps", "grid"), values, strict=True))
    return Budget(
        case="made", scheme="", settings={}, terms=terms, total=Term("total", total, 0.01, ""), floor=values[0]
    )


def test_a_total_outside_the_triangle_does_not_close() -> None:
    assert made(1.5, 1.0, 0.5, 0.1).holds
    assert made(0.5, 1.0, 0.5, 0.1).holds
    assert not made(1.7, 1.0, 0.5, 0.1).holds  # above the sum
    assert not made(0.3, 1.0, 0.5, 0.1).holds  # below largest - rest


def test_sampling_off_its_exact_mean_does_not_close() -> None:
    good = made(1.5, 1.0, 0.5, 0.1)
    assert not dataclasses.replace(good, floor=1.02).holds


def test_the_cheapest_refinement_takes_most_off_the_sum_a_second() -> None:
    terms = (
        Term("sampling", 1.0, 0.0, "", "particles x 4", 0.5, 3.0),
        Term("eps", 0.8, 0.0, "", "eps / 2", 0.4, 1.0),
        Term("grid", 0.01, 0.0, "", "cells x 2", 0.001, 1e-6),  # cheap, and worth nothing
    )
    found = dataclasses.replace(made(1.0, 1.0, 0.8, 0.01), terms=terms)
    assert found.dominating.name == "sampling"
    assert found.refinement is terms[1]
    assert "eps / 2" in sentences(found)[1]


def test_a_widened_grid_keeps_its_faces_and_its_walls() -> None:
    grid = kinetic.Grid(-0.5, 2.5, cells=30)
    wide = widened(grid, cases["tanh-noise"].model, 1.0)
    assert wide.lo < -5.0
    assert wide.hi > 7.0
    assert np.abs(wide.faces[:, None] - grid.faces).min(axis=0).max() < 1e-12
    vehicles = kinetic.Grid(2.0, 8.0, cells=30)
    assert widened(vehicles, cases["vehicles"].model, 1.0) == vehicles
    gamma = widened(kinetic.Grid(0.0, 3.0, cells=30), cases["generalised-gamma"].model, 1.0)
    assert gamma.lo == 0.0
    assert gamma.hi > 10.0


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("regression", Euler(layers=100)),
        ("vehicles", Euler(dt=0.01)),
        ("tanh-noise", Collisions(0.01)),
        ("generalised-gamma", Collisions(0.01, noise=UNIFORM)),
        ("inverse-gamma", Collisions(0.01, "nanbu", TWO_POINT)),
    ],
)
def test_rounding_is_of_the_size_of_the_last_digit(name: str, scheme: Euler | Collisions) -> None:
    """The second route has other formulas: if it followed other steps or draws, the difference would be of order 1."""
    assert 1e-17 < rounding(cases[name].model, scheme, 1.0) < 1e-13


def test_rounding_over_many_steps_is_told_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    model, scheme = cases["tanh-noise"].model, Collisions(0.01)
    whole = rounding(model, scheme, 2.0)
    monkeypatch.setattr("validation.advice.budget.rounding.MOST_STEPS", 50)
    part = rounding(model, scheme, 2.0)
    assert 0.2 < part / whole < 5.0


@pytest.mark.parametrize(
    ("name", "scheme", "given", "sentence"),
    [
        ("ou-2d", Collisions(0.1), {}, "nu2 = 1.0 in the plane"),
        ("regression-2d", Euler(layers=10), {"domain": (-7.0, 9.0)}, "allowed are two ends in x and two in y"),
        ("moments-conserved", Euler(layers=10), {}, "follows the mean"),
        ("regression", Collisions(0.1), {}, "does not suit nu2"),
        ("tanh-noise", Euler(layers=10), {}, "does not suit nu2"),
        ("regression", Euler(layers=10), {"replicates": 1}, "replicates = 1"),
        ("regression", Euler(layers=10), {"cells": 4}, "cells = 4"),
        ("regression", Euler(layers=10), {"pde": "upwind"}, "scheme = 'upwind' must be a value"),
        ("regression", Euler(dt=0.3), {}, "multiple of the step"),
    ],
)
def test_what_has_no_budget_is_refused(
    name: str, scheme: Euler | Collisions, given: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        check(cases[name], scheme, settings_of(cases[name], **given))


def test_the_budget_of_a_case_in_the_plane_closes_in_sliced_w1() -> None:
    """The ends of the second are 4 standard deviations off: the mass beyond is a term; false alarm 1e-3."""
    case = cases["shear"]
    for domain in (None, ((-2.5, 2.5), (-2.5, 2.5))):
        settings = settings_of(case, count=500, cells=40, domain=domain, replicates=12)
        found = budget(case, Euler(layers=20), settings)
        assert found.holds, found.checks
        terms = {term.name: term.value for term in found.terms}
        assert (terms["domain"] > 1e-3) == (domain is not None)
        assert terms["time step"] == pytest.approx(4.14e-3, rel=0.02)  # C dt, C = .166 of the layers
        assert 0.0 < terms["rounding"] < 1e-14
    assert found.distance == "SW1"


def test_the_command_prints_the_table_and_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "budget",
        "regression",
        "--count",
        "2000",
        "--layers",
        "40",
        "--cells",
        "60",
        "--replicates",
        "8",
        "--json",
    ]
    assert command.run("validation", build_parser, words) == 0
    out = capsys.readouterr().out
    told = json.loads(out.splitlines()[-1])
    assert told["holds"]
    assert math.isclose(told["sum"], sum(term["value"] for term in told["terms"]))
    assert [term["name"] for term in told["terms"]] == ["sampling", "time step", "grid", "domain", "rounding"]
    for word in ("dominating", "cheapest next refinement", "the budget closes"):
        assert word in out


def test_a_case_of_ones_own_has_a_budget() -> None:
    from particles.model import Model

    model = Model(drift=TANH, weight=-2.0, bias=0.5, initial=Normal(0.0, 0.5))
    case = Case(name="own", model=model, until=1.0, times=(1.0,), domain=None)
    found = budget(case, Euler(layers=20), settings_of(case, count=2000, cells=80, replicates=REPLICATES))
    assert found.holds
