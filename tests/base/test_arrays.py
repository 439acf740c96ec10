"""The gate for arrays: plain float64 with the same numbers, or one sentence."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import kinetic
import validation
from particles.base.arrays import as_floats
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    Empirical,
    Histogram,
    KernelEstimate,
    Measure,
    Model,
    Normal,
    histogram,
    kernel_estimate,
    layers,
    piecewise,
)

MODEL = Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0))
GRID = kinetic.Grid(0.0, 4.0, cells=4)
GOOD = np.array([1.0, 2.5, -3.0])
MASKED = np.ma.masked_equal([1.0, -999.0, 2.0, 3.0], -999.0)


class WithUnit(np.ndarray):
    """An array that means more than its numbers, as those of astropy do."""


REFUSED: dict[str, tuple[Any, str]] = {
    "masked": (MASKED, "1 masked of 4"),
    "masked inside a list": ([1.0, np.ma.masked], "masked"),
    "list of masked": ([MASKED[:2], MASKED[:2]], "masked"),
    "masked integers": (np.ma.array([1, 2], mask=[True, False]), "masked"),
    "unit": (GOOD.view(WithUnit), "WithUnit"),
    "object": (np.array([1.0, None], dtype=object), "object"),
    "fractions": ([Fraction(1, 3), Fraction(1, 2)], "object"),
    "decimals": ([Decimal("0.1")], "object"),
    "complex": (GOOD + 0j, "complex128"),
    "text": (["1", "2"], "<U1"),
    "bytes": (np.array([b"1"]), "S1"),
    "dates": (np.array(["2020-01-01"], dtype="M8[D]"), "datetime64"),
    "spans": (np.array([1], dtype="m8[s]"), "timedelta64"),
    "records": (np.zeros(2, dtype=[("a", float)]), "type"),
    "ragged": ([[1.0, 2.0], [3.0]], "inhomogeneous"),
    "nothing": (None, "object"),
    "set": ({1.0, 2.0}, "object"),
    "dictionary": ({"a": 1.0}, "object"),
    "generator": ((x for x in (1.0, 2.0)), "object"),
    "integers that round": (np.array([2**53 + 1]), "9007199254740993"),
    "unsigned that round": (np.array([2**64 - 1], dtype=np.uint64), "18446744073709551615"),
    "an integer that rounds among floats": ([0.5, 2**53 + 1], "9007199254740993"),
    "beyond all": ([0.5, 10**400], "too large"),
    "long floats that round": (np.array([1.0]).astype(np.longdouble) / 3, "round"),
    "long floats beyond all": (np.array([1e300]).astype(np.longdouble) ** 2, "not finite"),
    "nan": ([1.0, np.nan], "nan 1 times"),
    "infinity": (np.array([np.inf, 1.0, np.inf], dtype=np.float32), "inf 2 times"),
    "missing in pandas": (pd.Series([1, None], dtype="Int64"), "nan"),
    "text in pandas": (pd.Series(["a"]), "object"),
    "missing in xarray": (xr.DataArray([1.0, np.nan]), "nan"),
    "number": (1.0, "shape ()"),
    "table": (np.eye(2), "shape (2, 2)"),
    "column": (GOOD[:, None], "shape (3, 1)"),
    "frame": (pd.DataFrame({"a": GOOD}), "shape (3, 1)"),
}
TAKEN: dict[str, Any] = {
    "list": [1.0, 2.5, -3.0],
    "floats of 16 bits": GOOD.astype(np.float16),
    "floats of 32 bits": GOOD.astype(np.float32),
    "long floats": GOOD.astype(np.longdouble),
    "other byte order": GOOD.astype(">f8"),
    "every other": np.repeat(GOOD, 2)[::2],
    "masked without a masked one": np.ma.array(GOOD, mask=[False] * 3),
    "pandas": pd.Series(GOOD, index=[7, 8, 9]),
    "pandas that may miss": pd.Series(GOOD, dtype="Float64"),
    "xarray": xr.DataArray(GOOD, dims="x"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_plain_row_of_float64_is_refused_in_one_sentence(kind: str) -> None:
    given, told = REFUSED[kind]
    with pytest.raises(InputError) as caught:
        as_floats(given, "lengths")
    assert str(caught.value).startswith("lengths ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", TAKEN)
def test_what_holds_the_same_numbers_is_converted(kind: str) -> None:
    taken = as_floats(TAKEN[kind], "lengths")
    assert type(taken) is np.ndarray
    assert taken.dtype == np.float64
    assert taken.tolist() == GOOD.tolist()


def test_integers_and_truth_values_are_converted_exactly() -> None:
    assert as_floats([2**53, -(2**53), 2**60], "x").tolist() == [2.0**53, -(2.0**53), 2.0**60]
    assert as_floats(np.array([-(2**63)]), "x").tolist() == [-(2.0**63)]
    assert as_floats(np.array([True, False]), "x").tolist() == [1.0, 0.0]


def test_a_float64_array_is_neither_copied_nor_changed() -> None:
    assert as_floats(GOOD, "x") is GOOD


def test_shapes_types_and_finiteness_are_what_the_caller_allows() -> None:
    assert as_floats(1.0, "x", ndim=(0, 1)).shape == ()
    assert np.isnan(as_floats([np.nan], "x", finite=False)).all()
    with pytest.raises(InputError, match="a number or a table"):
        as_floats(GOOD, "x", ndim=(0, 2))
    with pytest.raises(InputError, match="type int64 must be float64"):
        as_floats(np.array([1]), "x", convert=False)


TAKERS = {
    "Empirical": Empirical,
    "histogram": histogram,
    "kernel_estimate": kernel_estimate,
    "Measure.of_points": Measure.of_points,
    "Measure": lambda given: Measure(np.zeros((1, 3)), given),
    "Histogram": lambda given: Histogram([0.0, 1.0, 2.0, 3.0], given),
    "KernelEstimate": lambda given: KernelEstimate(given, 0.1),
    "fit": kinetic.fit,
    "moments": lambda given: kinetic.moments(MODEL, given),
    "solve": lambda given: kinetic.solve(MODEL, GRID, until=1.0, averages=given),
    "solve, atoms": lambda given: kinetic.solve(MODEL, GRID, until=1.0, averages=np.full(4, 0.25), atoms=given),
    "speeds": lambda given: kinetic.LinearFlux(given).data(GRID, 0.0, None),
    "diffusivity": lambda given: kinetic.Diffusivity(given, "conservative"),
    "weight": lambda given: Model(drift=IDENTITY, weight=0.0, bias=given, initial=Normal(0.0, 1.0)),
    "wasserstein": lambda given: validation.wasserstein(given, GOOD),
    "masses": lambda given: validation.wasserstein(GOOD, GOOD, given),
    "enclose": lambda given: validation.enclose(given, Normal(0.0, 1.0)),
    "layers": lambda given: layers(given, 1.0),
    "piecewise": lambda given: piecewise([0.0, 1.0, 2.0, 3.0], given),
}


@pytest.mark.parametrize("kind", ["masked", "complex", "text", "object", "integers that round", "nan", "unit"])
@pytest.mark.parametrize("taker", TAKERS)
def test_every_taker_of_arrays_asks_the_gate(taker: str, kind: str) -> None:
    with pytest.raises(InputError):
        TAKERS[taker](REFUSED[kind][0])
