"""Laws whose numbers are as large as numbers can be: the moments that are numbers, inf, or one sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from particles.base.errors import InputError
from particles.model import Empirical, Histogram, Law, Uniform, exact_law, load_case, weighted_sum

HUGE = 1e200


def grown(weight: float) -> Law:
    """x' = weight x from N(1, 1) at t = 2: N(e^(2 weight), e^(4 weight))."""
    law = exact_law(load_case("moments-decay", {"model.weight": weight}).model, 2.0)
    assert isinstance(law, Law)
    return law


@pytest.mark.parametrize("weight", [5.0, 20.0, 100.0])
def test_a_flow_that_expands_keeps_the_digits_of_its_law(weight: float) -> None:
    """The control, the way back by x + u (e^(-wt) - 1)/w, keeps none beyond e^36."""
    law, unit, at = grown(weight), math.exp(2.0 * weight), np.array([-1.0, 0.0, 1.0, 3.0])
    np.testing.assert_allclose(law.cdf(at * unit), ndtr(at - 1.0), rtol=1e-12)
    np.testing.assert_allclose(law.pdf(at * unit) * unit, np.exp(-0.5 * (at - 1.0) ** 2) / math.sqrt(2.0 * math.pi))
    assert law.mean == pytest.approx(unit, rel=1e-12)
    assert law.moment(2) == pytest.approx(2.0 * unit * unit, rel=1e-12)
    control = at * unit * (1.0 + math.expm1(-2.0 * weight))
    assert (np.abs(ndtr(control - 1.0) - ndtr(at - 1.0)).max() > 0.1) == (weight > 18.0)


def test_a_variance_beyond_all_numbers_is_infinite() -> None:
    laws = [
        grown(300.0),
        Empirical([-HUGE, HUGE]),
        Histogram(np.array([-HUGE, HUGE]), np.array([1.0])),
        weighted_sum([Uniform(0.0, 1.0)] * 2, [HUGE, HUGE]),
    ]
    assert [law.variance for law in laws] == [math.inf] * 4
    assert grown(300.0).mean == pytest.approx(math.exp(600.0), rel=1e-12)
    for law in laws[1:]:
        with pytest.raises(InputError, match=r"moment of order 2 of .* is infinite"):
            law.raw_moments(2)


@pytest.mark.parametrize("weight", [354.5, 400.0])
def test_a_law_beyond_all_numbers_says_so(weight: float) -> None:
    law = grown(weight)
    for ask in (lambda: law.mean, lambda: law.variance, lambda: law.moment(1), lambda: law.raw_moments(1)):
        with pytest.raises(InputError, match=r"reaches beyond the largest number, 1.8e308: no moments of it are"):
            ask()
