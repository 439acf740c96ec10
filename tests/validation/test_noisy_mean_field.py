"""Mean field with noise: clouds against the Fokker-Planck equation, in W1 or, without a mean, by Kolmogorov in ln x."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import kstwo, kstwobign

import kinetic
from particles import Collisions
from particles.base.errors import InputError
from particles.model import Lognormal, Measure, Normal, cases, exact_law
from validation import MeanFieldStudy, kolmogorov, w1_to_law
from validation.distance.floor import expected_kolmogorov
from validation.distance.supremum import furthest
from validation.exact import boltzmann_law, kolmogorov_between, limit_law, w1_between
from validation.studies import followed
from validation.studies.chart import HALF_LINE, LINE, chart_for, ends_in, law_in, solve_in

SMALL = {"levels": (30, 100, 300), "replicates": 150}


def test_the_floor_of_the_kolmogorov_distance() -> None:
    """E D = 3/4 and 13/24 for one and two draws, scipy's mean for ten, the limit law's mean for very many."""
    assert expected_kolmogorov(1) == pytest.approx(0.75, abs=1e-12)
    assert expected_kolmogorov(2) == pytest.approx(13.0 / 24.0, abs=1e-12)
    assert expected_kolmogorov(10) == pytest.approx(kstwo.mean(10), rel=1e-7)
    assert 1e6 * expected_kolmogorov(10**12) == pytest.approx(kstwobign.mean(), rel=1e-6)
    below, above = expected_kolmogorov(100), expected_kolmogorov(101)
    assert above / below == pytest.approx((100.0 / 101.0) ** 0.5, rel=1e-4)  # the two routes meet
    with pytest.raises(InputError, match="count = 0"):
        expected_kolmogorov(0)


def test_the_kolmogorov_distance_of_two_normal_laws_is_that_of_their_shift() -> None:
    found = kolmogorov_between(Normal(0.0, 1.0), Normal(0.3, 1.0))
    assert found == pytest.approx(math.erf(0.15 / math.sqrt(2.0)), rel=1e-4)


def test_the_distance_of_a_density_to_a_law_is_that_to_very_many_of_its_quantiles() -> None:
    grid = kinetic.Grid(-7.0, 9.0, cells=200)
    density = kinetic.solve(cases["regression"].model, grid, until=1.0).at(1.0)
    law = Normal(1.0, 0.3)
    cloud = Measure.of_points(law.quantile((np.arange(20_000) + 0.5) / 20_000))
    assert furthest(density, law) == pytest.approx(kolmogorov(cloud, density), abs=1e-4)


def test_in_ln_x_the_equation_is_third_order() -> None:
    """K = x without bias: a lognormal law stays one, known in closed form."""
    model = dataclasses.replace(cases["inverse-gamma"].model, bias=0.0, initial=Lognormal(0.0, 0.25))
    law = exact_law(model, 1.0)
    assert law is not None
    errors = []
    for cells in (80, 160, 320):
        grid = kinetic.Grid(-6.0, 4.0, cells=cells)
        density = solve_in(HALF_LINE, model, grid, kinetic.Imex(), 1.0).at(1.0)
        errors.append(w1_to_law(density, law_in(HALF_LINE, law)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all((orders > 2.7) & (orders < 4.2)), orders
    assert errors[-1] < 2e-5


def test_ln_x_is_taken_where_the_law_at_rest_has_no_mean() -> None:
    """And its grids have the kink of relu, x = 1, on a face."""
    assert chart_for(cases["relu"].model) is HALF_LINE
    assert all(chart_for(cases[name].model) is LINE for name in ("inverse-gamma", "fokker-planck", "regression"))
    law = law_in(HALF_LINE, cases["relu"].model.start_law)
    low, high = ends_in(HALF_LINE, cases["relu"], 8.0, law)
    assert low == round(low) <= math.log(0.5)
    assert high == round(high) >= math.log(1.5)
    x = np.linspace(0.4, 1.6, 25)
    np.testing.assert_allclose(law.cdf(np.log(x)), cases["relu"].model.start_law.cdf(x), atol=1e-15)
    assert law.quantile(np.array(0.5)) == pytest.approx(0.0, abs=1e-15)
    middles = math.log(0.5) + (np.arange(2000) + 0.5) * math.log(3.0) / 2000
    assert law.pdf(middles).sum() * math.log(3.0) / 2000 == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["tanh-noise", "inverse-gamma"])
def test_noisy_particles_have_the_rate_and_the_constant_of_their_own_law(name: str) -> None:
    """K = 1 and K = x, closed and computed laws; the key is fixed, and another fails once in 500."""
    study = MeanFieldStudy(cases[name], until=1.0, **SMALL).run()
    assert study.constant is not None
    assert study.verdict.startswith("none: order"), study.checks  # few replicates, and no claim fails
    assert study.constant.allows(1.0)
    assert study.constant.half_width < 0.06
    assert 0.0 < study.extra["bias"] < 0.1 * min(row.reference for row in study.rows)  # type: ignore[type-var]
    model, eps = cases[name].model, study.extra["eps"]
    own = boltzmann_law(model, Collisions(eps, noise=followed.noise_of(model)), 1.0)
    assert study.extra["bias"] == pytest.approx(w1_between(own, limit_law(model, 1.0)), rel=1e-9)


def test_relu_is_measured_by_the_kolmogorov_distance() -> None:
    study = MeanFieldStudy(cases["relu"], until=0.5, **SMALL).run()
    assert study.quantity == "sup abs(F - G)(cloud, PDE) of ln x at t = 0.5"
    assert study.constant is not None
    assert study.constant.allows(1.0)
    assert study.constant.half_width < 0.06
    assert [row.reference for row in study.rows] == [expected_kolmogorov(count) for count in SMALL["levels"]]  # type: ignore[attr-defined]


def test_another_noise_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: particles with a third of the variance, whose law the study does not look at."""
    whole = MeanFieldStudy._distance
    case = cases["tanh-noise"]
    wrong = dataclasses.replace(case, model=dataclasses.replace(case.model, nu2=0.3))
    monkeypatch.setattr(
        MeanFieldStudy, "_distance", lambda study, *rest: whole(dataclasses.replace(study, case=wrong), *rest)
    )
    study = MeanFieldStudy(case, until=1.0, **SMALL).run()
    assert study.verdict == "DOES NOT HOLD"


def test_collisions_too_coarse_are_a_refusal_that_says_what_it_takes() -> None:
    """With the eps that it names the bias is below a tenth of the floor."""
    study = MeanFieldStudy(cases["tanh-noise"], until=1.0, eps=0.25, levels=(100, 1000, 10_000)).run()
    assert study.rows == ()
    assert study.refusal is not None
    assert study.refusal.startswith("the bias of the collisions at eps = 0.25, 3.")
    told = float(study.refusal.split("needs eps = ")[1].split(",")[0])
    limit = exact_law(cases["tanh-noise"].model, 1.0)
    assert limit is not None
    found = followed.by_collisions(cases["tanh-noise"].model, 1.0, told, lambda law: w1_between(law, limit), 0.0)
    assert found.bias < study.extra["bias_allowed"]


@pytest.mark.parametrize(
    ("case", "arguments", "said"),
    [
        ("fokker-planck", {"start": "stratified"}, "start = 'stratified' with noise"),
        ("regression", {"eps": 0.1}, r"eps = 0\.1 without noise"),
        ("fokker-planck", {"eps": -1.0}, r"eps = -1\.0 must be a positive"),
        ("fokker-planck", {"distance": "w3"}, "distance = 'w3' must be one of w1"),
        ("regression", {"distance": "kolmogorov", "start": "quantile"}, "start = 'quantile'"),
    ],
)
def test_what_cannot_be_asked_is_refused(case: str, arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        MeanFieldStudy(cases[case], **arguments).run()


def test_noise_between_walls_and_a_bias_that_changes_have_no_computed_law() -> None:
    walled = dataclasses.replace(cases["tanh-noise"].model, walls=(-3.0, 5.0), wall="reflecting")
    with pytest.raises(InputError, match="knows no walls"):
        MeanFieldStudy(dataclasses.replace(cases["tanh-noise"], model=walled)).check()
    varying = dataclasses.replace(cases["tanh-noise"].model, bias=lambda t: t)
    with pytest.raises(InputError, match="constant weight and a constant bias"):
        MeanFieldStudy(dataclasses.replace(cases["tanh-noise"], model=varying)).check()


def test_the_kolmogorov_distance_serves_any_case() -> None:
    study = MeanFieldStudy(cases["regression"], distance="kolmogorov", levels=(100, 300, 1000), replicates=100).run()
    assert study.constant is not None
    assert study.constant.allows(1.0)
    assert study.quantity.startswith("sup abs(F - G)")
