"""A part with a heavy tail keeps it, whatever it is mixed with or clipped below; far from the origin nothing jumps."""

import math

import numpy as np
import pytest

import validation
from particles.base.errors import InputError
from particles.model import Clipped, Empirical, InverseGamma, Lognormal, Measure, Mixture, Normal, Pareto

POINTS = np.linspace(-1.0, 3.0, 9)
CLOUD = Measure.of_points(POINTS)


@pytest.mark.parametrize(
    ("heavy", "right"),  # scipy.integrate.quad of abs(F_M - F), the upper tail from sf in pieces to x = 1e68
    [(InverseGamma(1.2, 1.0), 2.1050251407021), (Lognormal(0.0, 30.0), 1634508.35196874)],
)
def test_w1_and_its_enclosure_hold_the_tail_of_one_part_of_a_mixture(heavy, right):
    law = Mixture([Normal(0.0, 1.0), heavy], [0.5, 0.5])
    assert validation.w1_to_law(CLOUD, law) == pytest.approx(right, rel=1e-10)
    found = validation.enclose(POINTS, law, tolerance=1e-4)
    assert found.lower <= right <= found.upper <= 1.001 * found.lower


def test_a_mixture_with_itself_has_the_constants_of_its_law():
    law = InverseGamma(3.0, 1.0)
    twice = Mixture([law, Mixture([law, law], [0.5, 0.5])], [0.25, 0.75])
    assert twice.w1_constant() == pytest.approx(law.w1_constant(), rel=1e-12)
    assert validation.expected_w1(twice, 50) == pytest.approx(validation.expected_w1(law, 50), rel=1e-12)
    assert validation.w2(CLOUD, twice) == pytest.approx(validation.w2(CLOUD, law), rel=1e-12)


def test_a_mixture_with_a_part_without_mean_has_no_mean_sampling_error():
    law = Mixture([Normal(0.0, 1.0), Pareto(1.0)], [0.5, 0.5])
    assert law.mean == law.variance == math.inf
    for refused in (lambda: validation.expected_w1(law, 10), law.w1_constant, lambda: validation.w1_to_law(CLOUD, law)):
        with pytest.raises(InputError, match="tail exponent"):
            refused()


def test_a_law_clipped_below_alone_keeps_its_tail():
    clipped = Clipped(InverseGamma(1.2, 1.0), -1.0, math.inf)  # mean scale/(shape - 1)
    assert clipped.mean == pytest.approx(5.0, rel=1e-10)
    assert clipped.variance == math.inf
    thrice = Clipped(InverseGamma(2.5, 1.0), -1.0, math.inf)
    assert thrice.variance == pytest.approx(InverseGamma(2.5, 1.0).variance, rel=1e-8)
    assert Clipped(Pareto(1.5), -1.0, math.inf).mean == math.inf
    right = validation.w1_to_law(CLOUD, InverseGamma(1.2, 1.0))
    assert validation.w1_to_law(CLOUD, Clipped(InverseGamma(1.2, 1.0), -1.0, math.inf)) == pytest.approx(right)


def test_w2_between_clouds_and_a_variance_do_not_depend_on_an_origin_far_off():
    near = np.random.default_rng(0).integers(-256, 256, 1000) / 64.0
    far = near - 1e12
    assert validation.w2(Measure.of_points(far), Measure.of_points(far + 0.5)) == pytest.approx(0.5, rel=1e-12)
    assert Empirical(far).variance == pytest.approx(near.var(), rel=1e-12)
