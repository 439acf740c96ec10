"""A drift of one's own is tried when it is made: its mistakes are one sentence, not pages of numba."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import Drift


def sine(u: float, x: float, c: tuple[float, ...]) -> float:
    return math.sin(u)


def cosine(u: float, x: float, c: tuple[float, ...]) -> float:
    return math.cos(u)


def zero(u: float, x: float, c: tuple[float, ...]) -> float:
    return 0.0


def make(value: Any = sine, **changed: Any) -> Drift:
    given = {"f_u": cosine, "f_x": zero, "f_uu": lambda u, x, c: -math.sin(u), "lipschitz_u": 1.0}
    return Drift("sine", value, **{**given, **changed})


def test_a_drift_without_a_mistake_is_made() -> None:
    """The control of all below; a formula may be undefined at a point that is tried."""
    assert make().lipschitz_u == 1.0
    assert make(lipschitz_u=math.inf, lipschitz_x=math.inf, f_x=lambda u, x, c: math.log(u)).lipschitz_x == math.inf


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"value": lambda u, x: math.sin(u)}, r"value\(-30, 0\.5, \(\)\) ends in TypeError: .*allowed is a function"),
        ({"value": lambda u, x, c: sinn(u)}, r"ends in NameError: name 'sinn' is not defined"),  # type: ignore[name-defined]  # noqa: F821
        ({"value": math.sin}, r"ends in TypeError: .*exactly one argument"),
        ({"f_u": lambda u, x, c: c[0] * u}, r"f_u\(-30, 0\.5, \(\)\) ends in IndexError: tuple index out of range"),
        ({"value": lambda u, x, c: np.sin(np.array([u]))}, r"value\(-30, 0\.5, \(\)\) = array\(.*must be a number$"),
        ({"constants": 2.0}, r"constants = 2\.0 must be a tuple of numbers"),
        ({"constants": (math.nan,)}, r"constants = nan must be a finite number"),
        ({"lipschitz_u": "1"}, r"lipschitz_u = '1' must be a number"),
        ({"lipschitz_u": -1.0}, r"lipschitz_u = -1\.0 must be a number of at least 0, or inf"),
        (
            {"lipschitz_u": 0.5},
            r"lipschitz_u = 0\.5 must be the supremum of abs\(f_u\), which is 0\.877583 at u",
        ),
        ({"f_x": lambda u, x, c: 1.0}, r"lipschitz_x = 0\.0 must be the supremum of abs\(f_x\), which is 1 at"),
        ({"contracts": True}, r"contracts = True needs 0 < f/u <= 1, and f/u = -0\.0329344 at u = -30"),
        ({"sign": 1}, r"sign = 1, and f = -0\.909297 at u = -2, x = 0\.5$"),
        ({"flow": lambda x, w, b, t, p, q, c: x}, r"propagator = None: flow is given, and an exact flow needs both$"),
        (
            {"propagator": lambda w, t, c: (0.0, 0.0)},
            r"flow = None: propagator is given, and an exact flow needs both",
        ),
    ],
)
def test_a_mistake_is_told_when_the_drift_is_made(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        make(**changed)
