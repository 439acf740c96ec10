"""The forecast of a run: what it says, against what a run needs and gives."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from particles.base.errors import InputError
from particles.collisions import Collisions
from particles.model import MEAN_COUPLED, TANH, Model, Normal, Product, cases, exact_law
from particles.plan import BASE, forecast, w1_error
from particles.schemes import Euler, ExactFlow

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

TELLING = """
import sys
from particles.__main__ import build_parser
from particles.base import command
code = command.run("particles", build_parser)
print("loaded:", *[name for name in ("numba", "mpi4py", "matplotlib", "ot") if name in sys.modules])
sys.exit(code)
"""


def told(fresh: Fresh, *arguments: object, **options: Any) -> dict[str, Any]:
    done = fresh("-c", TELLING, "plan", *arguments, "--json", **options)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == ("loaded:" if "--measure" not in arguments else "loaded: numba mpi4py")
    return dict(json.loads(lines[-2]))


@pytest.mark.parametrize("case", ["regression", "vehicles", "moments-conserved", "iris", "regression-2d"])
def test_plan_loads_neither_numba_nor_mpi(fresh: Fresh, case: str) -> None:
    plan = told(fresh, case, "--count", "1e12", "--ranks", 10_000, "--layers", 600)
    assert plan["memory_per_rank"] < plan["memory"]
    assert (plan["w1"] is None) == (case in ("regression-2d", "moments-conserved"))


def test_plan_of_a_billion_particles_fits_in_twenty_four_gibibytes(fresh: Fresh) -> None:
    plan = told(fresh, "regression", "--count", "1e9", "--ranks", 2, "--layers", 100, "--no-clouds")
    assert 8e9 < plan["memory"] < 8e9 * 1.05 + 2 * BASE + 1.0
    assert plan["disk"] == 0.0
    assert 8e9 < plan["checkpoint"] < 8.1e9


def test_disk_and_checkpoint_are_the_sizes_of_the_files(fresh: Fresh, tmp_path: Path) -> None:
    options = ("regression", "--count", 100_003, "--layers", 100, "--histogram", -4, 6, 50)
    plan = told(fresh, *options)
    assert fresh("-m", "particles", "run", *options, "--out", tmp_path / "o", "--stop-at", 100).returncode == 75
    held = sum(p.stat().st_size for p in (tmp_path / "o.checkpoints").rglob("*") if p.is_file())
    assert held == pytest.approx(plan["checkpoint"] * 3 / 4, rel=0.02)  # at the end one more cloud has been taken
    assert fresh("-m", "particles", "resume", tmp_path / "o").returncode == 0
    held = sum(p.stat().st_size for p in (tmp_path / "o").iterdir())
    assert held == pytest.approx(plan["disk"], rel=0.02)


def test_measured_time_is_of_the_order_of_the_constant(fresh: Fresh) -> None:
    plan = told(fresh, "regression", "--count", "1e7", "--layers", 1000, "--measure")
    assert plan["measured"]
    assert 0.1 < plan["nanoseconds"] < 20.0
    assert plan["seconds"] == pytest.approx(1e7 * 1e-9 * 1000 * plan["nanoseconds"], rel=0.5)


@pytest.mark.parametrize("case", ["regression", "vehicles", "iris"])
def test_error_is_the_constant_of_the_exact_law(case: str) -> None:
    """Plain Python on a grid against compiled quadrature on panels."""
    model, until = cases[case].model, cases[case].until
    law = exact_law(model, until)
    assert law is not None
    assert w1_error(model, until, 10**6) == pytest.approx(law.w1_constant() / 1000.0, rel=0.01)


def test_no_error_is_told_where_no_law_is_known() -> None:
    """A cloud whose bias follows its own mean keeps that mean's error for ever: the exact law does not tell of it."""
    plane = Model(drift=TANH, weight=-1.0, bias=0.0, initial=Product([Normal(0.0, 1.0)] * 2))
    coupled = Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(0.0, 1.0))
    for model in (plane, coupled, cases["moments-conserved"].model):
        plan = forecast(model, Euler(layers=10), count=1000, until=1.0)
        assert plan.w1 is None
        assert "no exact law" in plan.text()


def test_a_pilot_run_estimates_the_error_of_a_noisy_case() -> None:
    """`tanh-noise` ends near its steady law, sech^2(x - 1)/2, for which int sqrt(F (1 - F)) dx = pi/2."""
    case = cases["tanh-noise"]
    scheme = Collisions(0.05, "synchronous")
    assert forecast(case.model, scheme, count=10**6, until=10.0).w1 is None
    plan = forecast(case.model, scheme, count=10**6, until=10.0, measure=True)
    assert plan.pilot
    assert "by a pilot run" in plan.text()
    assert plan.w1 == pytest.approx(math.sqrt(2.0 / math.pi) * 0.5 * math.pi / 1000.0, rel=0.05)


@pytest.mark.parametrize(
    "change", [{"times": (3.0,)}, {"until": 0.0}, {"until": float("nan")}, {"histogram": (1.0, 0.0, 5)}], ids=str
)
def test_bad_argument_is_refused(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"count": 1000, "until": 2.0} | change
    with pytest.raises(InputError):
        forecast(cases["regression"].model, ExactFlow(), **arguments)


def test_more_ranks_hold_less_each() -> None:
    model = cases["regression"].model
    held = [forecast(model, Euler(layers=9), count=10**9, ranks=r, until=2.0).memory_per_rank - BASE for r in (1, 10)]
    assert held[1] == pytest.approx(held[0] / 10.0, rel=1e-3)
