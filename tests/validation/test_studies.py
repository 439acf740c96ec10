"""The mean-field study: it finds the rate, and it says no when something is wrong."""

import dataclasses
import math
import re
from collections.abc import Callable

import numpy as np
import pytest

import kinetic
from particles.base.errors import InputError
from particles.model import Case, Measure, Normal, cases, piecewise
from particles.model.exact.transients import PushForward
from particles.noise import NOISES
from validation import GrazingStudy, GridStudy, LayersStudy, MeanFieldStudy
from validation.__main__ import build_parser
from validation.studies import line_sides, propagation
from validation.studies.kind import Kind, of_arguments, words_of
from validation.studies.mean_field import classify
from validation.studies.sides import Sides

SMALL = {"levels": (100, 1000, 10_000, 100_000), "replicates": 100}


def test_regression_has_the_rate_and_the_exact_constant() -> None:
    """False alarm of the two 95 % intervals for a fresh seed: one in ten."""
    study = MeanFieldStudy(cases["regression"], **SMALL).run()
    assert study.holds, study.checks
    assert study.slope is not None
    assert study.constant is not None
    assert study.slope.contains(-0.5)
    assert study.constant.contains(1.0)
    assert study.slope.half_width <= 0.02
    assert study.constant.half_width <= 0.05
    assert study.verdict == "holds"
    assert study.extra["pde_error"] < 0.1 * 0.339967 / np.sqrt(1e5)


def test_quantile_starts_are_not_taken_for_sampling() -> None:
    """The control: 1/M instead of M^(-1/2). A deterministic start has no spread, so stratified ones stand in."""
    study = MeanFieldStudy(
        cases["vehicles"], levels=(100, 1000, 10_000), replicates=20, start="stratified", until=1.0
    ).run()
    assert study.slope is not None
    assert -1.1 < study.slope.estimate < -0.9
    assert not study.holds


def test_a_wrong_drift_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The particles' w off by 1 %: invisible at M = 100, the leading error at 10^5."""
    whole = MeanFieldStudy._distance
    case = cases["regression"]
    wrong = dataclasses.replace(case, model=dataclasses.replace(case.model, weight=-0.99))

    def distance(study, *rest):  # type: ignore[no-untyped-def]
        return whole(dataclasses.replace(study, case=wrong), *rest)

    monkeypatch.setattr(MeanFieldStudy, "_distance", distance)
    study = MeanFieldStudy(cases["regression"], **SMALL).run()
    assert study.verdict == "DOES NOT HOLD"


def test_few_replicates_are_a_refusal_that_says_how_many_it_takes() -> None:
    """With as many as it says, the intervals are as narrow as a study needs them (their spread is an estimate too)."""
    few = {"levels": (100, 300, 1000), "seed": 1}
    study = MeanFieldStudy(cases["regression"], replicates=20, **few).run()
    assert not study.holds
    assert all(check.holds for check in study.checks)
    found = re.fullmatch(
        r"none: order (-0\.\d\d) \[(-\d\.\d\d), (-?\d\.\d\d)\]: too few replicates, needs at least R = (\d+) a level",
        study.verdict,
    )
    assert found is not None, study.verdict
    assert float(found[2]) < float(found[1]) < float(found[3])
    enough = MeanFieldStudy(cases["regression"], replicates=math.ceil(1.2 * int(found[4])), **few).run()
    assert enough.verdict == "holds", enough.verdict
    assert enough.slope is not None
    assert 0.01 < enough.slope.half_width <= 0.02


def test_a_wrong_theory_does_not_hold_however_wide_the_intervals() -> None:
    """1/M for M^(-1/2), from intervals of half width above 0.02."""
    study = MeanFieldStudy(cases["vehicles"], levels=(100, 150, 225), replicates=4, start="stratified", until=1.0).run()
    assert study.slope is not None
    assert study.slope.half_width > 0.02
    assert study.refusal is None
    assert study.verdict == "DOES NOT HOLD"


def test_levels_too_close_for_any_number_of_replicates_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sides, "work", 20_000)
    study = MeanFieldStudy(cases["regression"], levels=(1000, 1100, 1200), replicates=10, seed=3).run()
    assert "levels further apart" in study.verdict


def test_each_row_shows_one_cloud_carried_from_its_start() -> None:
    """Sticky walls; the columns are those of `propagation`, of the first cloud of the level."""
    case = cases["vehicles"]
    study = MeanFieldStudy(case, levels=(100, 300, 1000), replicates=4).run()
    for level, row in enumerate(study.rows):
        assert list(row.also) == ["one cloud", "identity", "Dobrushin"]
        assert row.also["identity"] <= 1e-9
        assert 0.0 < row.also["Dobrushin"] <= 1.0
        asked = MeanFieldStudy(case)
        first = asked._distance(asked._sides(), _pde(case), int(row.level), 1000 * level)
        assert row.also["one cloud"] == pytest.approx(first, rel=1e-3)
    claims = [check.claim for check in study.checks if check.holds]
    assert any("X_t'" in claim for claim in claims)
    assert any("Dobrushin" in claim for claim in claims)


def _pde(case: Case) -> Measure:
    assert case.domain is not None
    return kinetic.solve(case.model, kinetic.Grid(*case.domain, cells=600), until=case.until).at(case.until)


def test_a_wrong_identity_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the integral at the start for another weight."""
    whole = propagation.transported

    def wrong(law, points):  # type: ignore[no-untyped-def]
        return whole(PushForward(dataclasses.replace(law.model, weight=-0.999), law.time), points)

    monkeypatch.setattr(propagation, "transported", wrong)
    study = MeanFieldStudy(cases["regression"], levels=(100, 300, 1000), replicates=4).run()
    assert study.verdict == "DOES NOT HOLD"
    assert [check.holds for check in study.checks if "X_t'" in check.claim] == [False]


def test_a_pde_that_cannot_be_resolved_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_sides, "MOST_CELLS", 100)
    study = MeanFieldStudy(cases["regression"], **SMALL).run()
    assert not study.holds
    assert study.rows == ()
    assert "below a tenth" in study.checks[0].claim
    assert study.verdict.startswith("none: W1(PDE, exact law) = ")
    assert "fewer particles" in study.verdict


def test_cells_are_raised_until_the_pde_does_not_show() -> None:
    coarse = dataclasses.replace(cases["regression"], cells=50)
    study = MeanFieldStudy(coarse, levels=(100, 1000, 10_000), replicates=20).run()
    assert study.extra["cells"] > 50
    assert study.extra["pde_error"] < study.extra["pde_error_allowed"]


def test_iris_carries_its_data_and_its_error_rate() -> None:
    case = cases["iris"]
    study = MeanFieldStudy(case, levels=(100, 300, 1000), replicates=20).run()
    assert study.extra["measured"]["count"] == 150
    assert 0.0 < study.extra["measured"]["w1"] < 1.0
    assert study.extra["classification"] == {
        "what": "setosa against the rest", "wrong": 0, "of": 150, "error_rate": 0.0,
    }  # fmt: skip


def test_a_shifted_threshold_misclassifies_as_counting_says() -> None:
    """With the zero of u at 4.85 cm, 96 flowers end low; 50 of them are setosa."""
    case = cases["iris"]
    shifted = dataclasses.replace(case, model=dataclasses.replace(case.model, bias=-4.85))
    assert case.samples is not None
    values, low = case.samples.points, case.samples.labels
    wrong = int(((values < 4.85) != low).sum())
    assert classify(shifted, 6.0)["wrong"] == wrong > 0


def test_a_mean_coupled_model_has_no_formula_for_its_constant() -> None:
    study = MeanFieldStudy(cases["moments-conserved"], levels=(100, 1000, 10_000), replicates=100).run()
    assert study.constant is None
    assert study.slope is not None
    assert study.slope.allows(-0.5)
    ratio = [row.error * np.sqrt(row.level) for row in study.rows]
    assert all(row.also == {} for row in study.rows)  # no flow of its own: nothing to be carried
    assert 0.7 < np.mean(ratio) < 0.95  # .822 at t = 2; the transported formula would say .174


def test_replicates_use_keys_of_their_own() -> None:
    case, until = cases["regression"], 1.0
    pde = kinetic.solve(case.model, kinetic.Grid(-7.0, 9.0, cells=400), until=until).at(until)
    asked = MeanFieldStudy(case, until=until)
    found = {asked._distance(asked._sides(), pde, 100, r) for r in range(20)}
    assert len(found) == 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"levels": (10, 100)}, "at least three"),
        ({"levels": (100, 10, 1000)}, "increasing"),
        ({"replicates": 1}, "replicates = 1"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        MeanFieldStudy(cases["regression"], **arguments).run()


def test_a_case_without_an_exact_law_is_refused() -> None:
    varying = dataclasses.replace(cases["regression"].model, weight=lambda t: -1.0)
    with pytest.raises(InputError, match="no exact law"):
        MeanFieldStudy(dataclasses.replace(cases["regression"], model=varying)).run()


def test_layers_of_weights_are_studied_too() -> None:
    model = dataclasses.replace(
        cases["regression"].model, weight=piecewise([0.0, 0.5], [-1.0, 0.5]), initial=Normal(0.0, 0.5)
    )
    study = MeanFieldStudy(
        dataclasses.replace(cases["regression"], model=model), levels=(100, 1000, 10_000), replicates=50, until=1.0
    ).run()
    assert study.slope is not None
    assert study.constant is not None
    assert study.slope.allows(-0.5)
    assert study.constant.allows(1.0)


ASKED = [
    MeanFieldStudy(cases["regression"], levels=[10, 20, 40], replicates=7, until=1.5, seed=3, data="a.csv", column="b"),
    LayersStudy(cases["regression"], levels=[2, 4, 8], count=50, independent=True, replicates=4),
    GridStudy(cases["fokker-planck"], scheme=kinetic.Imex(), levels=[50, 100, 200]),
    GrazingStudy(cases["fokker-planck"], clock="nanbu", noise=NOISES["uniform"], levels=[0.04, 0.02, 0.01]),
]


@pytest.mark.parametrize("study", [*ASKED, *(type(study)(study.case) for study in ASKED)])
def test_the_words_of_a_study_ask_for_the_same_study(study: Kind) -> None:
    words = words_of(study, study.case.name)
    arguments = build_parser().parse_args([*words, "--out", "x"])
    again = of_arguments(arguments.kind, study.case, arguments)
    assert type(again) is type(study)
    for field in dataclasses.fields(study):
        assert getattr(again, field.name) == getattr(study, field.name), field.name


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: MeanFieldStudy("regression"), "case = 'regression' must be a Case"),
        (lambda: MeanFieldStudy(cases["regression"], until=-1.0), "until = -1.0 must be a positive finite number"),
        (lambda: MeanFieldStudy(cases["regression"], start="all"), "start = 'all' must be one of random"),
        (lambda: MeanFieldStudy(cases["regression"], levels=("a", "b", "c")), "levels = 'a' must be an integer"),
        (lambda: MeanFieldStudy(cases["regression"], data=np.ma.masked_array([1.0, 2.0], [1, 0])), "1 masked of 2"),
        (lambda: LayersStudy(cases["regression"], levels=(2.5, 5, 10)), "levels = 2.5 must be an integer"),
        (lambda: LayersStudy(cases["regression"], count="7"), "count = '7' must be an integer of at least 2"),
        (lambda: GridStudy(cases["regression"], scheme="explicit"), "scheme = 'explicit' must be a value"),
        (lambda: GrazingStudy(cases["fokker-planck"], noise="gaussian"), "noise = 'gaussian' must be a Noise"),
        (
            lambda: GrazingStudy(cases["fokker-planck"], levels=(0.04, math.nan, 0.01)),
            "levels = nan must be a positive",
        ),
    ],
)
def test_fields_of_a_wrong_type_or_range_are_refused(made: Callable[[], Kind], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        made().check()


def test_measured_data_may_be_a_list_of_numbers() -> None:
    study = MeanFieldStudy(cases["regression"], data=[1.0, 2.0, 4.0], levels=(10, 20, 40), replicates=3).run()
    assert study.extra["measured"]["count"] == 3
