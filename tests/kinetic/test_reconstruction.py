"""Claims about `kinetic.line.reconstruction`."""

from typing import Any

import numpy as np
import pytest

from kinetic import CWENO3, Grid, Linear
from kinetic.line.reconstruction import parabolas
from particles.base.errors import InputError

ALL = [
    CWENO3(),
    CWENO3(weights="CW"),
    CWENO3(eps="h^2"),
    CWENO3(c0=0.5, eps="h", weights="CW"),
    CWENO3(p=1),
    CWENO3(p=3, eps=1e-6),
    Linear(),
]


def test_the_unit_value_of_the_levy_puppo_russo_weights() -> None:
    """Data (0, 1, 0), h = 0.1, eps = 0.01, C_0 = 1/2: P = 1.00056332 - 0.675985268 (x - x_j)^2."""
    scheme = CWENO3(c0=0.5, eps=0.01, weights="CW")
    p0, p1, p2 = scheme.polynomial(0.0, 1.0, 0.0, scheme.constants(0.1, np.ones(10)))
    assert abs(p0 - 1.00056332) < 5e-9
    assert p1 == 0.0
    assert abs(p2 / 0.1**2 + 0.675985268) < 5e-10


@pytest.mark.parametrize("scheme", ALL, ids=repr)
def test_every_parabola_keeps_its_cell_average(scheme: Any) -> None:
    u = np.random.default_rng(3).normal(size=50)
    p0, _, p2 = parabolas(scheme, u, 0.02, periodic=True)
    np.testing.assert_allclose(p0 + p2 / 12.0, u, rtol=0.0, atol=1e-15)


@pytest.mark.parametrize("scheme", ALL, ids=repr)
def test_straight_lines_are_reproduced_at_the_ends_too(scheme: Any) -> None:
    grid = Grid(-1.0, 2.0, cells=9)
    p0, p1, p2 = parabolas(scheme, 3.0 - 2.0 * grid.centres, grid.h, periodic=False)
    np.testing.assert_allclose(p0, 3.0 - 2.0 * grid.centres, atol=1e-14)
    np.testing.assert_allclose(p1, -2.0 * grid.h, atol=1e-13)
    np.testing.assert_allclose(p2, 0.0, atol=1e-13)


def test_the_linear_scheme_reproduces_parabolas_at_the_ends_too() -> None:
    grid = Grid(-1.0, 2.0, cells=9)
    u = np.diff(grid.faces**3) / (3.0 * grid.h)
    p0, p1, p2 = parabolas(Linear(), u, grid.h, periodic=False)
    np.testing.assert_allclose(p0, grid.centres**2, atol=1e-14)
    np.testing.assert_allclose(p1, 2.0 * grid.centres * grid.h, atol=1e-14)
    np.testing.assert_allclose(p2, grid.h**2, atol=1e-14)


@pytest.mark.parametrize("weights", ["CW", "CWZ"])
def test_a_jump_is_not_smeared_into_the_smooth_side(weights: Any) -> None:
    """The cell before a jump takes the parabola of its smooth side; the linear scheme takes a sixth of the jump."""
    scheme = CWENO3(weights=weights)
    assert abs(scheme.polynomial(1.0, 1.0, 0.0, scheme.constants(1e-3, np.ones(1000)))[1]) < 1e-4
    assert abs(Linear().polynomial(1.0, 1.0, 0.0, Linear().constants(1e-3, np.ones(1000)))[1]) == 0.5


@pytest.mark.parametrize("scheme", ALL, ids=repr)
def test_the_compiled_formula_is_the_plain_one_bit_for_bit(scheme: Any) -> None:
    u = np.random.default_rng(5).normal(size=30)
    plain = [scheme.polynomial(u[j - 1], u[j], u[(j + 1) % 30], scheme.constants(0.1, u)) for j in range(30)]
    assert np.array_equal(parabolas(scheme, u, 0.1, periodic=True).T, plain)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"c0": 0.0}, "c0 = 0.0"),
        ({"c0": 1.0}, "c0 = 1.0"),
        ({"eps": "h^3"}, r"eps = 'h\^3'"),
        ({"eps": 0.0}, "eps = 0.0"),
        ({"eps": float("nan")}, "eps = nan"),
        ({"p": 4}, "p = 4"),
        ({"weights": "WENO"}, "weights = 'WENO'"),
    ],
)
def test_a_bad_parameter_set_is_refused_by_name(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        CWENO3(**options)
