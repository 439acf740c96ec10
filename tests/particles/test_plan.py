"""The forecast of a run: what it says, against what a run needs and gives."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from particles.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError
from particles.forecast import BASE, forecast, w1_error
from particles.model import (
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    TANH,
    Dirac,
    Lognormal,
    Model,
    Normal,
    Pareto,
    Product,
    SechPower,
    cases,
    exact_law,
)
from particles.run import Run
from particles.schemes.collisions import Collisions
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from tests.forks import Fresh, in_forks


def told(fresh: Fresh, folder: Path, *lines: Sequence[object]) -> list[dict[str, Any]]:
    """What `particles plan` tells for each line of options, without numba but where it measures, and without MPI."""
    places = [folder / f"plan-{number}" for number in range(len(lines))]
    for place in places:
        place.mkdir()
    found = []
    rows = [(place, ("plan", *line, "--json")) for place, line in zip(places, lines, strict=True)]
    for line, done in zip(lines, in_forks(fresh, folder, rows), strict=True):
        assert (done.returncode, done.stderr) == (0, "")
        answer, loaded = done.stdout.splitlines()[-2:]
        assert loaded == ("loaded:" if "--measure" not in line else "loaded: numba")
        found.append(dict(json.loads(answer)))
    return found


NOISE = ("--eps", 0.01)


PLANS: list[tuple[object, ...]] = [
    *((name, "--layers", 600) for name in ("regression", "vehicles", "moments-conserved", "iris", "regression-2d")),
    *((name, *NOISE) for name in ("fokker-planck", "fokker-planck-wide", "tanh-noise")),
]


def test_plan_loads_neither_numba_nor_mpi(fresh: Fresh, tmp_path: Path) -> None:
    lines = [(*line, "--count", "1e12", "--ranks", 10_000) for line in PLANS]
    for (case, *_), plan in zip(PLANS, told(fresh, tmp_path, *lines), strict=True):
        assert plan["memory_per_rank"] < plan["memory"]
        assert (plan["w1"] is None) == (case in ("regression-2d", "moments-conserved")), case


def test_plan_of_a_billion_particles_fits_in_twenty_four_gibibytes(fresh: Fresh, tmp_path: Path) -> None:
    (plan,) = told(fresh, tmp_path, ("regression", "--count", "1e9", "--ranks", 2, "--layers", 100, "--no-clouds"))
    assert 8e9 < plan["memory"] < 8e9 * 1.05 + 2 * BASE + 1.0
    assert plan["disk"] == 0.0
    assert 8e9 < plan["checkpoint"] < 8.1e9


def test_disk_and_checkpoint_are_the_sizes_of_the_files(fresh: Fresh, tmp_path: Path) -> None:
    options = ("regression", "--count", "100003", "--layers", "100", "--histogram", "-4", "6", "50")
    (plan,) = told(fresh, tmp_path, options)
    run = ["run", *options, "--out", str(tmp_path / "o"), "--stop-at", "100"]
    assert command.run("particles", build_parser, run) == 75
    held = sum(p.stat().st_size for p in (tmp_path / "o.checkpoints").rglob("*") if p.is_file())
    assert held == pytest.approx(plan["checkpoint"] * 3 / 4, rel=0.02)  # at the end one more cloud has been taken
    assert command.run("particles", build_parser, ["resume", str(tmp_path / "o")]) == 0
    held = sum(p.stat().st_size for p in (tmp_path / "o").iterdir())
    assert held == pytest.approx(plan["disk"], rel=0.02)


def test_a_measured_plan_is_that_of_the_measured_step(fresh: Fresh, tmp_path: Path) -> None:
    (plan,) = told(fresh, tmp_path, ("regression", "--count", "1e7", "--layers", 1000, "--measure"))
    assert plan["measured"]
    assert plan["seconds"] > 1e7 * 1e-9 * 1000 * plan["nanoseconds"] > 0.0  # the first draw and the looks are more


@pytest.mark.parametrize(
    "case", ["regression", "vehicles", "iris", "fokker-planck", "fokker-planck-wide", "tanh-noise"]
)
def test_error_is_the_constant_of_the_exact_law(case: str) -> None:
    """Plain Python on a grid against compiled quadrature on panels."""
    model, until = cases[case].model, cases[case].until
    law = exact_law(model, until)
    assert law is not None
    assert w1_error(model, until, 10**6) == pytest.approx(law.w1_constant() / 1000.0, rel=0.01)


def test_error_of_a_lognormal_law() -> None:
    model = Model(drift=IDENTITY, weight=-0.4, bias=0.0, nu2=1.5, diffusion=LINEAR, initial=Dirac(2.0))
    law = exact_law(model, 2.0)
    assert isinstance(law, Lognormal)
    assert w1_error(model, 2.0, 10**6) == pytest.approx(law.w1_constant() / 1000.0, rel=0.01)


def test_error_of_a_law_without_a_variance_is_not_told() -> None:
    model = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Pareto(1.0))
    assert w1_error(model, 1.0, 10**6) is None


def test_no_error_is_told_where_no_law_is_known() -> None:
    """A cloud whose bias follows its own mean keeps that mean's error for ever: the exact law does not tell of it."""
    plane = Model(drift=TANH, weight=-1.0, bias=0.0, initial=Product([Normal(0.0, 1.0)] * 2))
    coupled = Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(0.0, 1.0))
    for model in (plane, coupled, cases["moments-conserved"].model):
        plan = forecast(model, Euler(layers=10), Run(count=1000, until=1.0))
        assert plan.w1 is None
        assert "no exact law" in plan.text()


def test_a_pilot_run_estimates_the_error_where_no_law_is_known() -> None:
    """tanh with nu^2 = 1/2 ends near its steady law, which is proportional to sech^4(x - 1)."""
    model = dataclasses.replace(cases["tanh-noise"].model, nu2=0.5)
    scheme = Collisions(0.025, "synchronous")
    assert forecast(model, scheme, Run(count=10**6, until=10.0)).w1 is None
    plan = forecast(model, scheme, Run(count=10**6, until=10.0), measure=True)
    assert plan.pilot
    assert "by a pilot run" in plan.text()
    assert plan.w1 == pytest.approx(SechPower(1.0, 1.0, 4.0).w1_constant() / 1000.0, rel=0.05)


@pytest.mark.parametrize(
    "change", [{"times": (3.0,)}, {"until": 0.0}, {"until": float("nan")}, {"histogram": (1.0, 0.0, 5)}], ids=str
)
def test_bad_argument_is_refused(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"count": 1000, "until": 2.0} | change
    with pytest.raises(InputError):
        forecast(cases["regression"].model, ExactFlow(), Run(**arguments))


def test_more_ranks_hold_less_each() -> None:
    model = cases["regression"].model
    run = Run(count=10**9, until=2.0)
    held = [forecast(model, Euler(layers=9), run, ranks=r).memory_per_rank - BASE for r in (1, 10)]
    assert held[1] == pytest.approx(held[0] / 10.0, rel=1e-3)
