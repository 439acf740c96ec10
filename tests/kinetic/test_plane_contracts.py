"""What every scheme of the plane promises: mass, records, units, and no favourite among the axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, ChangCooper, Grid, Imex, Plane, Scheme, load, solve
from kinetic.schemes import SCHEMES
from particles.model import IDENTITY, Model, Normal, Product

ROWS = [
    *(row for row in SCHEMES.values() if row.in_plane),
    Imex(CWENO3(positive=True), cfl=1.0 / 6.0),
    ChangCooper("ssprk2", "milne"),
    ChangCooper("implicit-euler", "midpoint", cfl=1.0),
]
WEIGHT, BIAS = np.array([[-2.0, 1.2], [-0.8, -1.0]]), np.array([0.2, 0.1])
ENDS = np.array([[-4.0, 5.0], [-6.0, 5.0]])
CELLS = (32, 40)


def of(weight: Any = WEIGHT, bias: Any = BIAS, nu2: float = 1.0, starts: Any = ((0.5, 0.5), (0.0, 1.0))) -> Model:
    start = Product([Normal(mean, variance) for mean, variance in starts])
    return Model(drift=IDENTITY, weight=np.array(weight), bias=list(bias), nu2=nu2, initial=start)


def on(ends: Any = ENDS, cells: tuple[int, int] = CELLS) -> Plane:
    return Plane(*(Grid(float(lo), float(hi), cells=n) for (lo, hi), n in zip(ends, cells, strict=True)))


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_mass_is_kept_and_a_record_keeps_its_scheme(scheme: Scheme, tmp_path: Path) -> None:
    record = solve(of(), on(), scheme, until=0.5, times=(0.2,))
    assert [record.mass(t) for t in record.times] == pytest.approx([1.0, 1.0], abs=1e-13)
    record.save(tmp_path / "plane.nc")
    assert load(tmp_path / "plane.nc").scheme == scheme


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_a_problem_scaled_in_length_and_time_has_the_scaled_answer(scheme: Scheme) -> None:
    s, tau = 2.0, 0.5
    starts = ((0.5 * s, 0.5 * s * s), (0.0, s * s))
    scaled = of(WEIGHT / tau, BIAS * s / tau, s * s / tau, starts)
    one = solve(of(), on(), scheme, until=0.5)
    other = solve(scaled, on(s * ENDS), scheme, until=0.5 * tau)
    assert one.steps == other.steps
    np.testing.assert_allclose(s * s * other.averages[-1], one.averages[-1], atol=1e-14)


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_axes_may_be_exchanged(scheme: Scheme) -> None:
    turned = of(WEIGHT[::-1, ::-1], BIAS[::-1], 1.0, ((0.0, 1.0), (0.5, 0.5)))
    one = solve(of(), on(), scheme, until=0.3)
    other = solve(turned, on(ENDS[::-1], CELLS[::-1]), scheme, until=0.3)
    assert one.steps == other.steps
    np.testing.assert_allclose(other.averages[-1].T, one.averages[-1], atol=1e-14)
