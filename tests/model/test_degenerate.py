"""Empty, one-point, massless, constant and extreme data: a value that is right, or one sentence; never a NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinetic
import validation
from particles.base.errors import InputError
from particles.model import Dirac, Empirical, Law, Measure, Normal, histogram, kernel_estimate
from validation.distance.null import kolmogorov_p_value
from validation.distance.transport import w1_by_pot

NOTHING = np.empty(0)
NO_POINTS = Measure(np.empty((1, 0)), NOTHING)
BAD = {
    "no points": NO_POINTS,
    "no mass": Measure(np.array([[1.0, 2.0]]), np.zeros(2)),
    "no density": Measure(np.empty((1, 0)), NOTHING, np.array([0.0, 1.0, 2.0]), np.zeros((3, 2))),
    "a negative mass": Measure(np.array([[1.0, 2.0]]), np.array([2.0, -1.0])),
    "mass 2": Measure(np.array([[1.0, 2.0]]), np.ones(2)),
}
ONE, CONSTANT = Measure.of_points([1.0]), Measure.of_points(np.ones(20))
BETWEEN: dict[str, Callable[[Measure, Any], float]] = {
    "w1": validation.w1,
    "w2": validation.w2,
    "kolmogorov": validation.kolmogorov,
    "by POT": w1_by_pot,
}
OF_ONE: dict[str, Callable[[Measure], object]] = {
    "w1_to_law": lambda measure: validation.w1_to_law(measure, Normal(0.0, 1.0)),
    "w2 to a law": lambda measure: validation.w2(measure, Normal(0.0, 1.0)),
    "kolmogorov to a law": lambda measure: validation.kolmogorov(measure, Normal(0.0, 1.0)),
    "expected_w1": lambda measure: validation.expected_w1(measure, 10),
    "null_law": lambda measure: validation.null_law(measure, 10),
    "detectable": lambda measure: validation.detectable(measure, 10),
    "count_for": lambda measure: validation.count_for(0.5, measure),
    "sliced": lambda measure: validation.sliced_w1(measure, measure),
    "enclose": lambda measure: validation.enclose(np.zeros(3), measure),
}


@pytest.mark.parametrize(
    "points", [NOTHING, np.empty((1, 0)), np.empty((3, 0)), [], np.empty((0, 0)), np.empty((0, 5))]
)
def test_a_cloud_of_no_points_is_refused(points: Any) -> None:
    with pytest.raises(InputError, match="must hold at least one"):
        Measure.of_points(points)


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("function", [*BETWEEN, *OF_ONE])
def test_what_is_no_probability_is_refused_everywhere(function: str, name: str) -> None:
    calls = [lambda: OF_ONE[function](BAD[name])]
    if function in BETWEEN:
        calls = [lambda: BETWEEN[function](BAD[name], ONE), lambda: BETWEEN[function](ONE, BAD[name])]
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", BETWEEN)
def test_a_point_and_constant_data_have_their_distances(name: str) -> None:
    assert BETWEEN[name](ONE, CONSTANT) == 0.0
    assert BETWEEN[name](ONE, Measure.of_points(np.full(7, 3.0))) == pytest.approx(1.0 if name == "kolmogorov" else 2.0)


@pytest.mark.parametrize("law", [Dirac(1.0), Empirical([1.0]), Empirical(np.ones(5))], ids=["dirac", "one", "constant"])
def test_a_law_at_one_point_is_no_fault(law: Law) -> None:
    assert (law.mean, law.variance, law.w1_constant(), validation.expected_w1(law, 10)) == (1.0, 0.0, 0.0, 0.0)
    assert validation.w1_to_law(CONSTANT, law) == validation.w2(CONSTANT, law) == validation.kolmogorov(ONE, law) == 0.0
    assert validation.count_for(0.5, law) == 1


@pytest.mark.parametrize("take", [Empirical, histogram, kernel_estimate, kinetic.fit], ids=lambda take: take.__name__)
@pytest.mark.parametrize("data", [[], [np.nan] * 9, np.eye(3), [np.inf, 1.0]], ids=["none", "nan", "table", "inf"])
def test_data_that_are_none_are_refused(take: Callable[[Any], object], data: Any) -> None:
    with pytest.raises(InputError):
        take(data)


@pytest.mark.parametrize("data", [[1.0], [1.0, 2.0], [2.0] * 20, [1.4] * 8 + [np.nextafter(1.4, 2.0)] * 8])
def test_too_few_different_data_are_not_fitted(data: list[float]) -> None:
    with pytest.raises(InputError, match="a fit needs 8 and 4"):
        kinetic.fit(data)


@pytest.mark.parametrize("count", [0, -1, 1.5, np.nan, True])
def test_a_count_is_a_positive_integer(count: Any) -> None:
    plane = Measure.of_points(np.zeros((2, 3)))
    for call in (
        lambda: validation.expected_w1(Normal(0.0, 1.0), count),
        lambda: validation.null_law(Normal(0.0, 1.0), count),
        lambda: kolmogorov_p_value(0.1, count),
        lambda: validation.sliced_w1(plane, plane, slices=count),
    ):
        with pytest.raises(InputError, match="must be an integer of at least 1"):
            call()


def test_a_distance_that_is_no_number_has_no_p_value() -> None:
    null = validation.null_law(Normal(0.0, 1.0), 10)
    for call in (lambda: null.p_value(np.nan), lambda: kolmogorov_p_value(np.nan, 10)):
        with pytest.raises(InputError, match="must be a number"):
            call()
    assert null.p_value(-0.1) == 1.0  # a distance less an error


def test_squares_beyond_the_largest_number_are_infinite_without_a_warning() -> None:
    for found in (Measure.of_points([1e300, -1e300]), Empirical([1e300, -1e300])):
        assert np.all(np.isinf(found.variance))
        assert np.all(found.mean == 0.0)
    assert Empirical([1.7e308, 1.7e308]).mean == 1.7e308
