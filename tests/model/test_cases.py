"""The papers' experiments by name."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import (
    MEAN_COUPLED,
    Clipped,
    GeneralisedGamma,
    InverseGamma,
    Law,
    Normal,
    SechPower,
    SpaceLaw,
    TruncatedNormal,
    Uniform,
    cases,
    circulating_state,
    exact_law,
)
from particles.schemes.collisions import Collisions
from particles.schemes.euler import Euler

NAMES = [
    "moments-decay", "moments-conserved", "vehicles", "regression", "regression-2d", "regression-2d-unscaled",
    "regression-2d-printed", "regression-2d-printed-unscaled", "iris",
    "fokker-planck", "fokker-planck-wide", "inverse-gamma", "generalised-gamma", "relu", "tanh-noise",
    "shear", "rotation", "ou-2d", "circulation", "box-2d", "two-clusters", "one-cluster",
]  # fmt: skip
each_case = pytest.mark.parametrize("name", NAMES)


def test_all_cases_are_there() -> None:
    assert list(cases) == NAMES
    assert len(cases) == len(NAMES)


@each_case
def test_case_says_its_figure_and_what_is_ambiguous(name: str) -> None:
    case = cases[name]
    assert case.name == name
    assert case.figure
    assert case.notes
    json.dumps(case.model.describe(), allow_nan=False)


@each_case
def test_case_can_be_run_as_it_stands(name: str) -> None:
    case = cases[name]
    assert all(0.0 <= t <= case.until for t in case.times)
    noisy = case.model.nu2 > 0.0
    scheme = Collisions(0.01) if noisy else Euler(layers=case.layers)
    levels = scheme.levels(case.model, case.until, case.times)
    assert levels[-1] == pytest.approx(case.until)
    assert (case.domain is None) == (name.startswith("regression-2d") or name == "relu")
    assert len(case.rectangle) in (0, case.model.dim)


@pytest.mark.parametrize(
    ("name", "drift", "weight", "bias", "diffusion", "nu2"),
    [
        ("fokker-planck", "identity", -1.0, 0.0, "1", 2.0),
        ("fokker-planck-wide", "identity", -1.0, 0.0, "1", 2.0),
        ("inverse-gamma", "identity", -1.0, 1.0, "x", 0.25),
        ("generalised-gamma", "lognormal-family", 1.0, 0.0, "x", 1.0),
        ("relu", "relu", -1.0, 1.0, "x", 1.0),
        ("tanh-noise", "tanh", -1.0, 1.0, "1", 1.0),
    ],
)
def test_noisy_cases_have_their_numbers(
    name: str, drift: str, weight: float, bias: float, diffusion: str, nu2: float
) -> None:
    model = cases[name].model
    assert (model.drift.name, model.diffusion.name, model.nu2) == (drift, diffusion, nu2)
    weights = model.weights(0.0)
    assert (weights[0, 0, 0], model.biases(0.0, weights)[0, 0]) == (weight, bias)
    assert model.reproducible


def test_both_readings_of_the_start_of_figure_10_are_there() -> None:
    """Theory E30: means -3/4 and -1/4, variances 1/48 and 3/16."""
    starts = [cases[name].model.initial for name in ("fokker-planck", "fokker-planck-wide")]
    assert starts == [Uniform(-1.0, -0.5), Uniform(-1.0, 0.5)]
    assert [(s.mean, s.variance) for s in starts] == [(-0.75, 1.0 / 48.0), (-0.25, 3.0 / 16.0)]


@pytest.mark.parametrize(
    ("name", "steady", "left_out"),
    [
        ("fokker-planck", Normal(0.0, 1.0), 1e-12),
        ("fokker-planck-wide", Normal(0.0, 1.0), 1e-12),
        ("inverse-gamma", InverseGamma(9.0, 8.0), 4e-8),
        ("generalised-gamma", GeneralisedGamma(3.0, 1.0 / 64.0, 0.5), 1e-12),
        ("tanh-noise", SechPower(1.0, 1.0, 2.0), 1e-12),
    ],
)
def test_domain_holds_the_start_and_the_steady_law(name: str, steady: Law, left_out: float) -> None:
    case = cases[name]
    assert case.domain is not None
    assert isinstance(case.model.initial, Law)
    for law in (steady, case.model.initial):
        below, above = law.cdf(np.array(case.domain))
        assert below < 1e-12
        assert 1.0 - above < left_out


def test_clusters_are_the_normal_law_cut_and_moved_and_know_where_to_go() -> None:
    two, one = cases["two-clusters"], cases["one-cluster"]
    assert two.model.reproducible
    x = np.array([-1.3, -1.2, -1.0, -0.8, -0.7, 0.7, 1.0, 1.2])
    inside = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    mass = 0.15851941887820603  # of N(0, 1) within 0.2
    density = np.exp(-0.5 * (np.abs(x) - 1.0) ** 2) / math.sqrt(2.0 * math.pi) / mass
    np.testing.assert_allclose(two.model.law.pdf(x), 0.5 * inside * density, rtol=1e-13)
    assert one.model.initial == TruncatedNormal(0.0, 1.0, -0.2, 0.2)
    assert two.target is not None
    assert one.target is not None
    assert two.target(x).tolist() == [-2.0] * 5 + [2.0] * 3
    assert one.target(np.array([-0.1, 0.1])).tolist() == [-1.0, 1.0]


def test_noise_is_never_dropped_in_silence() -> None:
    with pytest.raises(InputError, match="use Collisions or Milstein"):
        Euler(layers=10).levels(cases["fokker-planck"].model, 1.0, ())


@pytest.mark.parametrize(
    ("name", "drift", "weight", "bias", "initial", "walls"),
    [
        ("moments-decay", "identity", -1.0, 0.0, Normal(1.0, 1.0), None),
        ("vehicles", "tanh", 1.0, -5.0, Uniform(2.0, 8.0), (2.0, 8.0)),
        ("regression", "tanh", -1.0, 1.0, Normal(1.0, 1.0), None),
    ],
)
def test_numbers_are_those_of_theory_5(
    name: str, drift: str, weight: float, bias: float, initial: object, walls: tuple[float, float] | None
) -> None:
    model = cases[name].model
    assert (model.drift.name, model.initial, model.walls) == (drift, initial, walls)
    weights = model.weights(0.0)
    assert (weights[0, 0, 0], model.biases(0.0, weights)[0, 0]) == (weight, bias)


def test_conserved_moments_have_the_right_sign_of_the_bias() -> None:
    model = cases["moments-conserved"].model
    assert model.bias is MEAN_COUPLED
    assert model.biases(0.0, model.weights(0.0), np.array([0.7]))[0, 0] == 0.7


@pytest.mark.parametrize(("name", "rate"), [("regression-2d", 0.5), ("regression-2d-unscaled", 1.0)])
def test_both_planes_rest_at_one_and_zero(name: str, rate: float) -> None:
    model = cases[name].model
    weights = model.weights(0.0)
    np.testing.assert_array_equal(weights[0], -rate * np.eye(2))
    rest = np.linalg.solve(weights[0], -model.biases(0.0, weights)[0])
    np.testing.assert_allclose(rest, [1.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(("name", "zero"), [("regression-2d-printed", 2.0), ("regression-2d-printed-unscaled", 1.0)])
def test_the_printed_signs_repel_x_and_attract_y(name: str, zero: float) -> None:
    model = cases[name].model
    weights = model.weights(0.0)
    rate = 1.0 / zero
    np.testing.assert_array_equal(weights[0], np.diag([rate, -rate]))
    np.testing.assert_allclose(weights[0] @ [zero, 0.0] + model.biases(0.0, weights)[0], 0.0, atol=1e-15)


@pytest.mark.parametrize("name", ["shear", "rotation", "ou-2d"])
def test_linear_cases_in_the_plane_fit_their_domain_at_all_their_times(name: str) -> None:
    """At most 2e-8 of the start, and of the exact normal law at each time, lies beyond either end."""
    case = cases[name]
    for t in case.times:
        law = exact_law(case.model, t)
        assert isinstance(law, SpaceLaw)
        for k, (low, high) in enumerate(case.rectangle):
            side = law.marginal(k)
            assert side.cdf(np.array(low)) + side.sf(np.array(high)) < 2e-8
    assert cases["shear"].model.weights(0.0).tolist() == [[[0.0, 1.0], [1.0, 0.0]]]
    law = exact_law(cases["shear"].model, 0.5)
    assert isinstance(law, SpaceLaw)
    assert law.covariance[0, 1] == pytest.approx(0.5 * math.sinh(1.0), rel=1e-14)


def test_the_case_that_circulates_fits_its_domain_at_rest() -> None:
    case = cases["circulation"]
    rest = circulating_state(case.model)
    assert rest.variance == pytest.approx([1.0171625901] * 2, abs=5e-11)
    side = rest.marginal(0)
    assert side.cdf(np.array(-12.0)) + side.sf(np.array(12.0)) < 2e-10


def test_iris_is_the_smoothed_law_between_sticky_walls() -> None:
    case = cases["iris"]
    assert case.model.walls == (1.0, 7.0)
    assert case.until == 6.0
    assert isinstance(case.model.start, Clipped)
    assert case.samples is not None
    assert (case.samples.what, sum(case.samples.labels)) == ("setosa against the rest", 50)
    # the separating point -b/w = 2.5 lies between the species: setosa is at most 1.9, the rest at least 3.0
    values, low = case.samples.points, case.samples.labels
    assert values[low].max() < 2.5 < values[~low].min()


def test_iris_share_at_the_lower_wall_is_that_of_setosa() -> None:
    law = exact_law(cases["iris"].model, 6.0)
    assert isinstance(law, Law)
    assert float(law.cdf(1.0)) == pytest.approx(1.0 / 3.0, abs=0.02)


def test_unknown_case_is_refused_with_the_names() -> None:
    with pytest.raises(InputError, match="regression-2d"):
        _ = cases["regresion"]
    assert "nothing" not in cases


def test_the_file_of_an_unknown_case_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"or a TOML file$"):  # the control: no such file
        _ = cases["mine"]
    (tmp_path / "mine.toml").touch()
    with pytest.raises(InputError, match=r"; did you mean mine\.toml\?$"):
        _ = cases["mine"]


def test_horizon_is_finite() -> None:
    assert all(math.isfinite(case.until) for case in cases.values())
