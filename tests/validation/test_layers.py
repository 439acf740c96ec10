"""The study of the layers: the exact bias of Euler's layers, its order and constant, and what sampling hides."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

import validation.__main__
from particles.base import command
from particles.base.errors import InputError
from particles.model import (
    IDENTITY,
    RELU,
    TANH,
    Dirac,
    Law,
    Model,
    Normal,
    Uniform,
    cases,
    cubic,
    exact_law,
    piecewise,
)
from validation.exact import euler_law, w1_between
from validation.exact import network as bias_module
from validation.exact.network import euler_bias, first_order
from validation.studies import layers as study_module
from validation.studies.layers import LayersStudy, needed_count
from validation.studies.study import fit_order

LEVELS = (25, 50, 100, 200, 400)
HALF_NORMAL = math.sqrt(2.0 / math.pi)  # E abs(Z)


def model(**changes: object) -> Model:
    return Model(**{"drift": IDENTITY, "weight": -1.0, "bias": 0.0, "initial": Normal(0.0, 1.0), **changes})  # type: ignore[arg-type]


def test_the_bias_of_the_identity_is_its_closed_form() -> None:
    """x_L = (1 + w dt)^L x0 against e^(w T) x0; the tails beyond 1e-17 are what is missing."""
    for weight in (-1.0, 0.7):
        for number in (2, 10, 80, 1000):
            wanted = abs((1.0 + weight / number) ** number - math.exp(weight)) * HALF_NORMAL
            assert math.isclose(euler_bias(model(weight=weight), 1.0, number), wanted, rel_tol=1e-9)


def test_the_first_term_is_the_papers_and_the_references() -> None:
    """(dt/2) w^2 T e^(w T) E abs(x0 - a); theory for tanh: .0845 dt, measured at L = 80."""
    shifted = model(weight=-2.0, bias=3.0, initial=Normal(0.5, 0.25))
    a, m, s = 1.5, 0.5, 0.5
    spread = (m - a) * (1.0 - 2.0 * norm.cdf((a - m) / s)) + 2.0 * s * norm.pdf((a - m) / s)
    wanted = 0.5 * 4.0 * 1.5 * math.exp(-3.0) * spread
    assert math.isclose(first_order(shifted, 1.5), wanted, rel_tol=1e-9)
    assert math.isclose(first_order(model(), 1.0), 0.5 * math.exp(-1.0) * HALF_NORMAL, rel_tol=1e-9)
    assert f"{80.0 * euler_bias(model(), 1.0, 80):.5f}" == "0.14753"
    assert f"{80.0 * euler_bias(model(drift=TANH), 1.0, 80):.4f}" == "0.0845"


def test_the_bias_is_the_distance_of_the_two_laws_by_their_distribution_functions() -> None:
    """The second route: int abs(F_L - F_T) dx on a fine grid of quantiles carried by hand, sticky walls included."""
    case = cases["vehicles"]
    p = (np.arange(400_000) + 0.5) / 400_000
    x = 2.0 + 6.0 * p
    for _ in range(40):
        x = np.where((x <= 2.0) | (x >= 8.0), x, np.clip(x + 3.0 / 40.0 * np.tanh(x - 5.0), 2.0, 8.0))
    exact = np.clip(5.0 + np.arcsinh(math.exp(3.0) * np.sinh(6.0 * p - 3.0)), 2.0, 8.0)
    points = np.sort(np.concatenate([x, exact]))
    below = [np.searchsorted(np.sort(part), points[:-1], side="right") / p.size for part in (x, exact)]
    wanted = float((np.abs(below[0] - below[1]) * np.diff(points)).sum())
    assert math.isclose(euler_bias(case.model, 3.0, 40), wanted, rel_tol=1e-6)


@pytest.mark.parametrize("name", ["moments-decay", "moments-conserved", "regression", "vehicles", "iris"])
def test_a_layer_is_of_first_order_with_the_constant_of_theory(name: str) -> None:
    """Walls and a bias that follows the mean included. One cloud of a fixed seed at the 99.9 % level."""
    study = LayersStudy(cases[name], levels=LEVELS, count=20_000).run()
    assert study.holds, study.checks
    assert abs(fit_order(study.rows[-4:]).estimate + 1.0) < 0.02
    for row in study.rows:
        assert abs(row.also["sampled"] - row.error) <= 1.7 * row.also["95 % +-"]
        assert row.reference is not None
    assert abs(study.rows[-1].error / study.rows[-1].reference - 1.0) < 0.005  # type: ignore[operator]


def test_what_the_particles_scatter_is_in_proportion_to_the_bias() -> None:
    study = LayersStudy(cases["regression"], levels=LEVELS, count=20_000).run()
    relative = [row.also["95 % +-"] / row.error for row in study.rows]
    assert max(relative) < 1.05 * min(relative) < 0.02


def test_parameters_that_jump_between_layers_compose() -> None:
    """w jumps from -1 to 1/2 at t = 1/2: on a layer at all levels, or refused."""
    jumping = model(drift=TANH, weight=piecewise([0.0, 0.5], [-1.0, 0.5]), bias=1.0)
    case = dataclasses.replace(cases["regression"], model=jumping)
    study = LayersStudy(case, levels=(20, 40, 80, 160), until=1.0, count=5000).run()
    assert study.holds, study.checks
    with pytest.raises(InputError, match=r"25 layers the jump of a parameter at t = 0\.5"):
        LayersStudy(case, levels=(25, 50, 100), until=1.0).run()


def test_relu_and_a_point_are_supported() -> None:
    half = model(drift=RELU, bias=0.5)
    active = 0.5 * norm.cdf(0.5) + norm.pdf(0.5)  # E (a - x0)^+ with the kink at a = 1/2
    number = 100
    wanted = abs((1.0 - 1.0 / number) ** number - math.exp(-1.0)) * active
    assert math.isclose(euler_bias(half, 1.0, number), wanted, rel_tol=1e-9)
    point = dataclasses.replace(cases["regression"], model=model(drift=TANH, initial=Dirac(1.0)))
    assert LayersStudy(point, levels=LEVELS, count=10, until=1.0).run().holds


def test_a_wrong_constant_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a constant that is 2 % off."""
    whole = study_module.first_order
    monkeypatch.setattr(study_module, "first_order", lambda *given: 1.02 * whole(*given))
    study = LayersStudy(cases["regression"], levels=LEVELS, count=1000).run()
    assert [check.holds for check in study.checks] == [True, True, False, True]
    assert not study.holds


def test_the_flow_of_another_model_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a flow whose w is 1 % off; the order falls to 0, and the particles disagree."""
    whole = bias_module.carry

    def carry(given, scheme, points, until, **options):  # type: ignore[no-untyped-def]
        wrong = dataclasses.replace(given, weight=-1.01) if type(scheme).__name__ == "ExactFlow" else given
        return whole(wrong, scheme, points, until, **options)

    monkeypatch.setattr(bias_module, "carry", carry)
    study = LayersStudy(cases["regression"], levels=LEVELS, count=20_000).run()
    assert not study.checks[0].holds
    assert not study.checks[3].holds


def test_without_common_numbers_sampling_is_named_and_what_it_would_take() -> None:
    study = LayersStudy(cases["regression"], levels=LEVELS, count=10_000, replicates=5, independent=True).run()
    assert not study.holds
    assert study.checks == ()
    assert study.refusal is not None
    assert study.refusal.startswith("order 0.")
    needed = 0.339967**2 / (0.1 * study.rows[-1].reference) ** 2  # type: ignore[operator]
    assert f"limited by sampling, needs M >= {needed:.1g}" in study.refusal
    assert study.rows[-1].error > 3.0 * study.rows[-1].reference  # type: ignore[operator]


def test_with_enough_particles_clouds_see_the_order_too() -> None:
    """Three coarse levels, floor below a tenth of the smallest bias; the slope's spread is .01, the band .05."""
    case = cases["regression"]
    law = exact_law(case.model, case.until)
    assert isinstance(law, Law)
    count = round(needed_count(law, euler_bias(case.model, 2.0, 16)))
    assert 50_000 < count < 200_000
    study = LayersStudy(case, levels=(4, 8, 16), count=count + 1, replicates=8, independent=True).run()
    assert study.refusal is None
    assert study.slope is not None
    assert (
        abs(study.slope.estimate - fit_order(LayersStudy(case, levels=(4, 8, 16), count=10).run().rows).estimate) < 0.03
    )


@pytest.mark.parametrize(
    ("changes", "arguments", "said"),
    [
        ({}, {"levels": (10, 20)}, "at least three"),
        ({}, {"levels": (20, 10, 40)}, "increasing"),
        ({}, {"levels": (2, 4, 8)}, r"2 layers are too few, dt Lip = 1 must"),
        ({}, {"count": 1}, "count = 1"),
        ({"nu2": 1.0}, {}, r"nu2 = 1\.0"),
        ({"weight": lambda t: -1.0}, {}, "no exact flow"),
        ({"initial": Uniform(-9.0, 9.0), "drift": cubic(1.0), "weight": 1.0, "bias": 0.0}, {}, "cross particles"),
    ],
)
def test_what_cannot_be_studied_is_refused(changes: dict, arguments: dict, said: str) -> None:
    case = cases["regression"]
    case = dataclasses.replace(case, model=dataclasses.replace(case.model, **changes))
    with pytest.raises(InputError, match=said):
        LayersStudy(case, **{"levels": (20, 40, 80), "count": 100, **arguments}).run()


def test_clouds_of_a_mean_coupled_bias_have_no_floor() -> None:
    with pytest.raises(InputError, match="mean-coupled"):
        LayersStudy(cases["moments-conserved"], levels=LEVELS, count=100, independent=True).run()


def test_the_command_line_writes_table_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("study", "layers", "vehicles", "--levels", "20", "40", "80", "--count", "5000", "--json")
    build = validation.__main__.build_parser
    assert command.run("validation", build, (*words, "--out", str(tmp_path / "a"))) == 0
    printed = capsys.readouterr().out
    found = json.loads(printed.strip().splitlines()[-1])
    assert found["holds"]
    assert "C dt" in printed
    assert "replicates" not in printed.splitlines()[2]
    assert (tmp_path / "a" / "study.csv").read_text().splitlines()[0].endswith("reference,dt,sampled,95 % +-")
    assert (tmp_path / "a" / "study.png").read_bytes().startswith(b"\x89PNG")
    words = (*words, "--independent", "--replicates", "3", "--out", str(tmp_path / "b"))
    assert command.run("validation", build, words) == 1
    assert "limited by sampling" in json.loads(capsys.readouterr().out.strip().splitlines()[-1])["verdict"]


@pytest.mark.parametrize("name", ["regression", "vehicles", "moments-decay"])
def test_the_bias_is_the_distance_between_two_laws(name: str) -> None:
    """A second route: the law of the layers, inverted and compared with the law of the flow on the line."""
    model = cases[name].model
    law = exact_law(model, 2.0)
    assert law is not None
    assert euler_bias(model, 2.0, 40) == pytest.approx(w1_between(euler_law(model, 40, 2.0), law), rel=1e-7)
