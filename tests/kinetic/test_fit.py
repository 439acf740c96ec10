"""Claims about fitting steady states (arXiv 2001.04294, 4.1): densities, likelihood, choice, p-values, "none fits".

Oracles: the laws' own pdf, the zero flux of the fitted model, closed forms of maximum likelihood, scipy's Gamma fit.
Rates: an estimate lies beyond three standard errors in 0.27 % of normal samples; the p-values of T samples leave the
band sqrt(ln(2000)/(2T)) around the uniform law once in 1000 (Dvoretzky, Kiefer, Wolfowitz). All seeds are fixed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.stats import gamma, kstest

from kinetic.__main__ import build_parser
from kinetic.fit import Fit, fit, p_value_of_distance
from kinetic.fit.families import FAMILIES
from kinetic.fit.family import log_gamma_peak
from kinetic.fit.likelihood import maximise
from kinetic.fit.target import of_data, rounding_step
from kinetic.moments import moments
from particles.base import command
from particles.base.errors import InputError
from particles.model import Dirac, Empirical, KernelEstimate, Law, Mixture, Model, Normal, Uniform
from particles.model.cases.herty import IRIS_FILE
from particles.model.laws.generalised_gamma import GeneralisedGamma
from particles.model.laws.inverse_gamma import InverseGamma
from particles.model.laws.lognormal import Lognormal
from particles.model.laws.relu_steady import ReluSteady
from particles.model.laws.sech_power import SechPower

IRIS = (str(IRIS_FILE), "--column", "petal_length_cm")

# law of each family, and the parameters of its model
TRUTH: dict[str, tuple[Law, tuple[float, ...]]] = {
    "normal": (Normal(1.0, 0.5), (1.0, 1.0)),
    "inverse-gamma": (InverseGamma(9.0, 8.0), (1.0, 0.25)),
    "generalised-gamma": (GeneralisedGamma(3.0, 0.015625, 0.5), (0.5, 1.0, 1.0)),
    "sech-power": (SechPower(1.0, 1.0, 2.0), (-1.0, 1.0, 1.0)),
    "relu": (ReluSteady(-1.0, 1.0, 1.0), (1.0, 1.0)),
}
THETAS = {
    "normal": [(1.0, 0.3)],
    "inverse-gamma": [(2.2, 0.1), (-0.5, 0.4), (8.0, 0.0)],
    "generalised-gamma": [(0.2, -0.2, 0.4), (0.1, 0.3, 1.7), (0.0, -1.0, 0.05)],
    "sech-power": [(1.0, 0.2, 0.33), (1.0, 0.2, 0.002), (1.0, 0.2, 0.9)],
    "relu": [(0.2, 0.7), (0.0, 5.0), (0.1, -2.0)],
}
CASES = [(name, theta) for name, thetas in THETAS.items() for theta in thetas]


def draw(law: Law, count: int, *key: int) -> np.ndarray:
    return law.sample(np.random.default_rng(key).random(count))


def the(name: str, fits: object) -> Fit:
    return next(one for one in fits.fits if one.family == name)  # type: ignore[attr-defined]


# families ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "theta"), CASES)
def test_a_log_density_is_that_of_its_law(name: str, theta: tuple[float, ...]) -> None:
    family, values = FAMILIES[name], np.array(theta)
    law = family.law(values)
    x = law.quantile(np.array([1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1.0 - 1e-6]))
    np.testing.assert_allclose(np.exp(family.log_density(x, values)), law.pdf(x), rtol=1e-9)


@pytest.mark.parametrize(("name", "theta"), CASES)
def test_the_model_of_a_family_has_that_steady_state(name: str, theta: tuple[float, ...]) -> None:
    """(21): d ln g/dx = 2 sigma/(nu^2 K^2) - 2 K'/K, by differences of ln g, at quantiles across the law."""
    family, values = FAMILIES[name], np.array(theta)
    law = family.law(values)
    model = family.model(values, law)
    x = law.quantile(np.linspace(0.03, 0.97, 40))
    h = 1e-5 * np.abs(x - law.quantile(np.linspace(0.02, 0.96, 40)))
    slope = (family.log_density(x + h, values) - family.log_density(x - h, values)) / ((x + h) - (x - h))
    k2, change = (x * x, 2.0 / x) if model.diffusion.name == "x" else (1.0, 0.0)
    flux = 2.0 * model.speed(x, 0.0) / (model.nu2 * k2) - change
    np.testing.assert_allclose(slope, flux, rtol=2e-6, atol=2e-6 * np.abs(flux).max())


def test_log_densities_stay_finite_far_out() -> None:
    x = np.array([1e-300, 1e-20, 1.0, 1e20, 1e300])
    for name, theta in CASES:
        points = x if FAMILIES[name].positive else x / 1e150
        assert np.all(np.isfinite(FAMILIES[name].log_density(points, np.array(theta))))


@pytest.mark.parametrize("k", [1e-3, 0.7, 39.9, 40.1, 300.0, 1e9])
def test_the_peak_of_the_gamma_weight_has_no_cancellation(k: float) -> None:
    with mpmath.workdps(40):
        wanted = float(k * mpmath.log(k) - k - mpmath.loggamma(k))
    assert log_gamma_peak(k) == pytest.approx(wanted, rel=1e-13, abs=3e-14)


def test_sech_and_generalised_gamma_end_at_the_normal_and_the_lognormal_law() -> None:
    x = np.linspace(0.3, 3.0, 50)
    near = FAMILIES["sech-power"].log_density(x, np.array([1.0, 0.2, 1e-5]))
    np.testing.assert_allclose(near, FAMILIES["normal"].log_density(x, np.array([1.0, 0.2])), atol=1e-4)
    near = FAMILIES["generalised-gamma"].log_density(x, np.array([0.1, -0.3, 1e-4]))
    np.testing.assert_allclose(near, np.log(Lognormal(0.1, math.exp(-0.6)).pdf(x)), atol=1e-3)


# maximum likelihood --------------------------------------------------------------------------------------------------


def test_the_normal_fit_is_mean_and_variance_with_their_errors() -> None:
    x = draw(Normal(3.0, 4.0), 500, 1)
    one = fit(x, families=["normal"], bootstrap=0).best
    assert one.parameters == pytest.approx({"bias": x.mean(), "nu2": 2.0 * x.var()}, rel=1e-9)
    errors = {"bias": math.sqrt(x.var() / 500), "nu2": 2.0 * x.var() * math.sqrt(2.0 / 500)}
    assert one.errors == pytest.approx(errors, rel=1e-5)
    assert one.log_likelihood == pytest.approx(-250.0 * (math.log(2.0 * math.pi * x.var()) + 1.0), rel=1e-12)
    assert one.bic == pytest.approx(2.0 * math.log(500.0) - 2.0 * one.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("shape", [0.6, 4.0])
def test_the_inverse_gamma_fit_is_scipys_gamma_fit_of_the_reciprocals(shape: float) -> None:
    """A mean exists for shapes above 1, where w = -1; below w = 1, and 1 - shape = 2/nu^2."""
    x = draw(InverseGamma(shape, 2.0), 500, 2)
    one = fit(x, families=["inverse-gamma"], bootstrap=0).best
    a, _, scale = gamma.fit(1.0 / x, floc=0.0)
    assert isinstance(one.law, InverseGamma)
    assert (one.law.shape, one.law.scale) == pytest.approx((a, 1.0 / scale), rel=1e-4)
    assert one.model.weight == (-1.0 if shape > 1.0 else 1.0)
    wanted = {"bias": 1.0 / scale / abs(a - 1.0), "nu2": 2.0 / abs(a - 1.0)}
    assert one.parameters == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("name", TRUTH)
def test_a_maximum_is_the_same_from_any_start_and_higher_than_at_the_truth(name: str) -> None:
    family, (law, _) = FAMILIES[name], TRUTH[name]
    target = of_data(draw(law, 2000, 3), 0.0)
    first = maximise(family, target)
    shifted = first.theta + 0.3 * family.scales(first.theta)
    again = maximise(family, target, first=np.minimum(shifted, np.array(family.bounds(first.theta))[:, 1]))
    assert again.log_likelihood == pytest.approx(first.log_likelihood, abs=1e-5)
    assert first.log_likelihood > np.log(law.pdf(target.values)).sum()


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_a_change_of_unit_changes_the_model_as_it_must(factor: float) -> None:
    """x -> c x: b -> c b everywhere; nu^2 -> c^2 nu^2 for K = 1, and w -> w/c for tanh; nu^2 stays for K = x."""
    powers = {"normal": (1, 2), "inverse-gamma": (1, 0), "generalised-gamma": (0, 1, 0), "relu": (1, 0)}
    powers["sech-power"] = (-1, 0, 1)  # sigma = tanh is a velocity: with w c^-1 and b as they were, nu^2 goes like c
    for name, power in powers.items():
        x = draw(TRUTH[name][0], 400, 4)
        plain, scaled = (fit(y, families=[name], step=0.0, bootstrap=0).best for y in (x, factor * x))
        for key, p in zip(plain.parameters, power, strict=True):
            assert scaled.parameters[key] == pytest.approx(factor**p * plain.parameters[key], rel=2e-3)


def acceptance(name: str, trials: range) -> tuple[int, np.ndarray]:
    """How often the right family is best in samples of 20000, and scores of its parameters."""
    law, truth = TRUTH[name]
    right, scores = 0, []
    for trial in trials:
        found = fit(draw(law, 20_000, 7, list(TRUTH).index(name), trial), bootstrap=0)
        own = the(name, found)
        right += found.best is own
        scores.append([(own.parameters[p] - v) / own.errors[p] for p, v in zip(own.parameters, truth, strict=True)])
    return right, np.array(scores)


@pytest.mark.parametrize("name", TRUTH)
def test_the_right_family_and_its_parameters_are_found(name: str) -> None:
    """Ten samples: all right at this rate of error, 20 or 30 scores of which one in 370 is beyond 3."""
    right, scores = acceptance(name, range(10))
    assert right == 10
    assert np.abs(scores).max() < 3.3


@pytest.mark.long
@pytest.mark.parametrize("name", TRUTH)
def test_the_right_family_is_found_in_95_and_its_parameters_in_99_of_100_samples(name: str) -> None:
    right, scores = acceptance(name, range(100))
    assert right >= 95
    assert (np.abs(scores) > 3.0).sum() <= 0.01 * scores.size
    np.testing.assert_allclose(scores.std(axis=0), 1.0, atol=0.2)


# rounded measurements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "step"),
    [
        (np.arange(30.0) % 7 / 10.0, 0.1),
        (np.arange(30.0) % 7 / 10.0 + 0.05, 0.1),
        (np.arange(30.0) % 7 * 250.0, 250.0),
        (np.arange(30.0) % 7 / 8.0, 0.125),
        (np.arange(30.0) % 7 * 1e-9, 1e-9),
        (np.random.default_rng(1).normal(size=50), 0.0),
        (np.round(np.random.default_rng(1).normal(size=50), 7), 0.0),
        (np.round(np.random.default_rng(1).normal(size=50), 2), 0.01),
    ],
)  # fmt: skip
def test_the_rounding_step_is_found_where_it_matters(data: np.ndarray, step: float) -> None:
    assert rounding_step(data) == pytest.approx(step, rel=1e-12)


def test_coarsely_rounded_data_are_fitted_by_the_likelihood_of_their_cells() -> None:
    """N(1, 0.09) rounded to 1/2: as exact numbers the variance would be larger by about h^2/12 = 0.021 (Sheppard)."""
    law = Normal(1.0, 0.09)
    x = 0.5 * np.rint(2.0 * draw(law, 20_000, 5))
    cells = fit(x, families=["normal"], bootstrap=0)
    assert cells.step == 0.5
    one = cells.best
    assert abs(one.parameters["nu2"] - 0.18) < 3.0 * one.errors["nu2"]
    assert abs(one.parameters["bias"] - 1.0) < 3.0 * one.errors["bias"]
    exact = fit(x, families=["normal"], step=0.0, bootstrap=0).best  # the control
    assert exact.parameters["nu2"] - 0.18 > 10.0 * exact.errors["nu2"]


def test_a_cell_at_zero_belongs_to_a_positive_law() -> None:
    law = GeneralisedGamma(1.5, 0.4, 1.0)
    x = 0.2 * np.rint(5.0 * draw(law, 5000, 6))
    assert x.min() == 0.0
    found = fit(x, families=["generalised-gamma", "inverse-gamma"], bootstrap=0)
    assert found.best.family == "generalised-gamma"
    delta, error = found.best.parameters["delta"], found.best.errors["delta"]
    assert abs(delta - 1.0) < 3.0 * error
    assert fit(np.append(x, -0.2), bootstrap=0).refused.keys() == {"generalised-gamma", "inverse-gamma", "relu"}


# p-values ------------------------------------------------------------------------------------------------------------


def band(trials: int) -> float:
    return math.sqrt(math.log(2000.0) / (2.0 * trials))


def p_values(name: str, trials: int, count: int, samples: int, step: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Bootstrap p-values of samples of a family's own law, and Kolmogorov's, which take the fit for the truth."""
    family, (law, _) = FAMILIES[name], TRUTH[name]
    found, naive = [], []
    for trial in range(trials):
        random = np.random.default_rng([11, list(TRUTH).index(name), trial])
        x = law.sample(random.random(count))
        target = of_data(step * np.rint(x / step) if step else x, step)
        maximum = maximise(family, target)
        found.append(p_value_of_distance(family, target, maximum, samples, random))
        naive.append(kstest(x, family.law(maximum.theta).cdf).pvalue)
    return np.array(found), np.array(naive)


def distance_to_uniform(p: np.ndarray, samples: int) -> float:
    """The p-values are multiples of 1/(B + 1), uniform over them."""
    levels = np.arange(1, samples + 2) / (samples + 1)
    return float(np.abs((p[:, None] <= levels + 1e-9).mean(axis=0) - levels).max())


@pytest.mark.parametrize(("name", "step"), [("normal", 0.0), ("normal", 0.5), ("inverse-gamma", 0.0)])
def test_p_values_are_uniform_where_the_family_is_right(name: str, step: float) -> None:
    found, naive = p_values(name, 80, 40, 39, step)
    assert distance_to_uniform(found, 39) < band(80)
    if not step:
        assert distance_to_uniform(naive, 39) > band(80)  # the control: Kolmogorov's own p-values are too large


@pytest.mark.long
@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize("step", [0.0, 0.25])
def test_p_values_are_uniform_for_every_family(name: str, step: float) -> None:
    found, naive = p_values(name, 200, 100, 99, step)
    assert distance_to_uniform(found, 99) < band(200)
    if not step:
        assert distance_to_uniform(naive, 99) > band(200)


def test_rounded_normal_data_are_accepted_and_two_clusters_are_not() -> None:
    """The control of the petal lengths: as many, rounded to the same step."""
    x = 0.1 * np.rint(10.0 * draw(Normal(20.0, 3.0), 150, 8))
    good = fit(x, families=["normal", "relu"], bootstrap=39, seed=1)
    assert good.chosen is good.best is the("normal", good)
    assert good.step == pytest.approx(0.1)
    p_value = the("relu", good).p_value
    assert p_value is not None
    assert p_value <= good.level == 0.025
    two = fit(np.concatenate([x, x + 20.0]), families=["normal", "relu"], bootstrap=39, seed=1)
    assert two.chosen is None


def test_the_seed_decides_the_p_values() -> None:
    x = draw(Normal(0.0, 1.0), 50, 9)
    runs = [fit(x, families=["normal"], bootstrap=49, seed=seed).best.p_value for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


# laws as targets, models ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRUTH)
def test_a_steady_law_gives_back_its_model(name: str) -> None:
    law, truth = TRUTH[name]
    found = fit(law)
    assert found.best.family == name
    assert tuple(found.best.parameters.values()) == pytest.approx(truth, rel=1e-5)
    assert found.best.bic == pytest.approx(0.0, abs=1e-9)  # twice the divergence
    assert found.best.distance < 1e-5
    assert (found.count, found.best.p_value, dict(found.best.errors)) == (0, None, {})
    assert all(one.bic > 1e-8 for one in found.fits[1:])


def test_the_divergence_of_a_law_from_the_normal_family_is_the_closed_form() -> None:
    """int h ln(h/g): for U[-1, 2] and the normal law of its moments (1/2) ln(2 pi e v) - ln 3."""
    found = fit(Uniform(-1.0, 2.0), families=["normal"]).best
    assert found.parameters == pytest.approx({"bias": 0.5, "nu2": 1.5}, rel=1e-6)
    assert 0.5 * found.bic == pytest.approx(0.5 * math.log(2.0 * math.pi * math.e * 0.75) - math.log(3.0), rel=1e-6)


def test_the_fitted_model_stands_still_unless_it_is_started_elsewhere() -> None:
    x = draw(InverseGamma(9.0, 8.0), 500, 10)
    for name, order in (("normal", 4), ("inverse-gamma", 4)):
        one = fit(x, families=[name], bootstrap=0).best
        assert one.model.initial is one.law
        rows = moments(one.model, [0.0, 0.5, 3.0], order)
        np.testing.assert_allclose(rows[1:], rows[:1].repeat(2, axis=0), rtol=1e-9)
    elsewhere = fit(x, families=["normal"], bootstrap=0, initial=Normal(0.0, 1.0)).best.model
    assert isinstance(elsewhere, Model)
    assert elsewhere.initial == Normal(0.0, 1.0)


def test_only_ratios_of_weight_bias_and_noise_are_identified_but_for_tanh() -> None:
    """(w, b, nu^2) -> 2 (w, b, nu^2) leaves the steady law of identity alone, and moves that of tanh."""
    assert InverseGamma(1.0 + 2.0 / 0.25, 2.0 / 0.25) == InverseGamma(1.0 + 4.0 / 0.5, 4.0 / 0.5)
    w, b, nu2 = -1.0, 1.0, 1.0
    one, two = (SechPower(-b / w, -c * w, -2.0 / (c * w * c * nu2)) for c in (1.0, 2.0))
    assert abs(one.variance / two.variance - 1.0) > 0.1
    assert fit(two, families=["sech-power"]).best.parameters["weight"] == pytest.approx(-2.0, rel=1e-5)


@pytest.mark.parametrize(
    ("law", "named", "limit"),
    [
        (Normal(1.0, 0.5), "sech-power", "w, nu^2 -> 0: a normal law"),
        (Lognormal(0.0, 0.25), "generalised-gamma", "delta -> 0: a lognormal law"),
    ],
)
def test_a_fit_that_ends_at_a_limit_says_so(law: Law, named: str, limit: str) -> None:
    assert the(named, fit(law)).limit == limit
    own = the(named, fit(draw(law, 3000, 12), families=[named], bootstrap=0))
    assert (own.limit == limit) == (set(own.errors.values()) == {math.inf})


# bad input, command --------------------------------------------------------------------------------------------------


def test_what_cannot_be_fitted_is_refused() -> None:
    x = draw(Normal(0.0, 1.0), 20, 13)
    for data, told in (
        (x[:7], "data of 7 values, 7 distinct: a fit needs 8 and 4"),
        (np.ones(20), "20 values, 1 distinct"),
        (np.append(x, np.nan), "only finite ones"),
        (x.reshape(4, 5), r"data of shape \(4, 5\) must be one row"),
        (Dirac(1.0), "holds 0 of its mass: give its data instead"),
        (Empirical(x), "holds 0 of its mass: give its data instead"),
    ):
        with pytest.raises(InputError, match=told):
            fit(data, bootstrap=0)
    with pytest.raises(InputError, match="allowed are normal, inverse-gamma"):
        fit(x, families=["gaussian"])
    with pytest.raises(InputError, match="bootstrap = 50 must be 0 or an integer of at least 99"):
        fit(x, bootstrap=50)
    with pytest.raises(InputError, match="seed = -1 must be an integer of at least 0"):
        fit(x, seed=-1)
    with pytest.raises(InputError, match=r"step = 0\.1 does not fit the data"):
        fit(x, step=0.1)
    with pytest.raises(InputError, match=r"step = -1\.0 must be"):
        fit(x, step=-1.0)
    with pytest.raises(InputError, match="no family can be fitted: relu needs positive data"):
        fit(x, families=["relu"])
    assert fit(KernelEstimate(np.array([1.0, 2.0]), 0.3)).best.family == "normal"
    assert fit(Mixture([Normal(-1.0, 0.2), Normal(1.0, 0.3)], [0.5, 0.5])).best.bic > 0.3


def run(*words: str) -> int:
    return command.run("kinetic", build_parser, ("fit", *words))


def test_no_family_fits_the_petal_lengths(capsys: pytest.CaptureFixture[str]) -> None:
    """Three species, two clusters, rounded to 0.1 cm."""
    assert run(*IRIS, "--bootstrap", "99", "--json") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("150 measurements, rounded to 0.1")
    assert "none fits: every p-value is at most 0.01" in told
    answer = json.loads(told[-1])
    assert answer["chosen"] is None
    assert (answer["step"], answer["count"]) == (pytest.approx(0.1), 150)
    assert sorted(one["family"] for one in answer["fits"]) == sorted(FAMILIES)
    assert all(one["p_value"] <= 0.01 for one in answer["fits"])
    assert next(one for one in answer["fits"] if one["family"] == "sech-power")["errors"]["nu2"] is None


def test_the_command_tells_the_chosen_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.npy"
    np.save(path, draw(SechPower(0.0, 1.0, 2.0), 3000, 14))
    assert run(str(path), "--bootstrap", "0", "--json") == 0
    told = capsys.readouterr().out.splitlines()
    answer = json.loads(told[-1])
    assert "chosen: sech-power, by BIC alone" in told
    assert "relu: needs positive data" in told
    best = answer["fits"][0]
    assert best["model"]["drift"] == "tanh"
    assert best["parameters"]["weight"] == pytest.approx(-1.0, abs=4.0 * best["errors"]["weight"])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("nothing.csv",), "nothing.csv cannot be read"),
        ((str(IRIS_FILE),), "more than one column"),
        ((*IRIS, "--bootstrap", "10"), "bootstrap = 10 must be 0 or an integer of at least 99"),
        ((*IRIS, "--step", "0.3"), "step = 0.3 does not fit the data"),
    ],
)  # fmt: skip
def test_bad_input_of_the_command_is_one_sentence(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert named in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(("family", "limit"), [("inverse-gamma", "a normal law"), ("relu", "the law of Pareto")])
def test_a_fit_at_the_bound_of_its_search_says_which_law_lies_there(family: str, limit: str) -> None:
    x = (
        np.random.default_rng(0).normal(1e5, 1.0, 300)
        if family == "inverse-gamma"
        else 1.0 / np.linspace(0.01, 1.0, 300)
    )
    (found,) = fit(x, bootstrap=0, families=(family,)).fits
    assert limit in found.limit
    assert all(math.isinf(error) for error in found.errors.values())


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_data_whose_squares_are_no_numbers_are_refused(unit: float) -> None:
    with pytest.raises(InputError, match="choose another unit"):
        fit(unit * np.linspace(1.0, 2.0, 50), bootstrap=0)
