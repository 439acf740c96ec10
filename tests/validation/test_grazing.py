"""The grazing study: its constants are the theory's, its orders those of the noise, and it says no when it should."""

import csv
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

import validation.__main__
from particles import Collisions
from particles.base import command, parallel
from particles.base.errors import InputError
from particles.model import IDENTITY, Dirac, Model, Normal, Uniform, cases, exact_law
from particles.noise import EXPONENTIAL, GAUSSIAN, NOISES, TWO_POINT, UNIFORM
from validation.exact import boltzmann_law, first_term, limit_law, w1_between
from validation.studies import grazing as study_module
from validation.studies.common_numbers import common_numbers
from validation.studies.grazing import GrazingStudy

OU = Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=Normal(1.0, 0.5))
FREE = dataclasses.replace(OU, weight=0.0)
CASE = dataclasses.replace(cases["fokker-planck"], model=OU, until=1.0)
SMALL = {"levels": (0.05, 0.025, 0.0125, 0.00625), "count": 2000}
SYMMETRIC = [GAUSSIAN, UNIFORM, TWO_POINT]


def distance(model: Model, scheme: Collisions, time: float) -> float:
    exact = exact_law(model, time)
    assert exact is not None
    return w1_between(boltzmann_law(model, scheme, time), exact)


# the first term against closed forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", SYMMETRIC, ids=lambda noise: noise.name)
def test_pure_diffusion_has_the_constant_of_the_fourth_moment(noise: NOISES) -> None:  # type: ignore[valid-type]
    """(a) t kappa_4 nu^4/(24 s^3) (2 + 8 e^(-3/2))/sqrt(2 pi): Gaussian : uniform : two points = 3 : 1.8 : 1."""
    kappa = {"gaussian": 3.0, "uniform": 1.8, "two-point": 1.0}[noise.name]
    constant = kappa * 4.0 / (24.0 * 2.5**1.5) * (2.0 + 8.0 * math.exp(-1.5)) / math.sqrt(2.0 * math.pi)
    term = first_term(FREE, noise, 1.0)
    assert (term.order, term.constant) == (1.0, pytest.approx(constant, rel=1e-6))
    assert distance(FREE, Collisions(0.0025, noise=noise), 1.0) / 0.0025 == pytest.approx(constant, rel=2e-3)


@pytest.mark.parametrize(
    ("noise", "known", "at_002"),
    [(GAUSSIAN, 0.19947, 0.20098), (UNIFORM, 0.24229, 0.2449), (TWO_POINT, 0.27920, 0.28325)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_stationary_ou_has_its_constants(noise: NOISES, known: float, at_002: float) -> None:  # type: ignore[valid-type]
    """(b) W1/(s eps abs(w)) -> int abs(z/4 + (k4/24)(z^3 - 3 z)) phi dz, k4 = 0, -1.2, -2, and at eps = .02."""
    z = np.linspace(-12.0, 12.0, 200_001)
    phi = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    exact = float(np.trapezoid(np.abs(z / 4.0 + (noise.fourth - 3.0) / 24.0 * (z**3 - 3.0 * z)) * phi, z))
    assert exact == pytest.approx(known, abs=6e-6)
    rest = dataclasses.replace(OU, initial=Normal(0.0, 1.0))
    assert first_term(rest, noise, 10.0).constant == pytest.approx(exact, rel=1e-6)
    assert distance(rest, Collisions(0.02, noise=noise), 10.0) / 0.02 == pytest.approx(at_002, rel=2e-4)


@pytest.mark.parametrize(
    ("name", "known"),
    [("gaussian", 0.002062), ("uniform", 0.002535), ("two-point", 0.002946), ("exponential", 0.030737)],
)
def test_ou_transient_at_one_hundredth(name: str, known: float) -> None:
    """(c) w = -1, nu^2 = 2, N(1, .5), t = 1: values of an independent computation, to all their digits."""
    assert distance(OU, Collisions(0.01, noise=NOISES[name]), 1.0) == pytest.approx(known, abs=6e-7)


def test_skewed_noise_has_the_constant_of_the_third_moment() -> None:
    """kappa_3 nu^3 t/(6 s^2) int abs(z^2 - 1) phi dz = kappa_3 nu^3 t/(6 s^2) 4 phi(1), times sqrt(eps)."""
    term = first_term(FREE, EXPONENTIAL, 1.0)
    exact = 2.0 * 2.0**1.5 / (6.0 * 2.5) * 4.0 * math.exp(-0.5) / math.sqrt(2.0 * math.pi)
    assert (term.order, term.constant) == (0.5, pytest.approx(exact, rel=1e-6))


@pytest.mark.parametrize(("clock", "share"), [("poisson", 0.0), ("nanbu", 0.5), ("synchronous", 1.0)])
def test_each_clock_has_a_constant_of_its_own(clock: str, share: float) -> None:
    """dt = eps is Euler and Maruyama's scheme: its own bias, -(dt/2) L^2, comes on top. The error left is O(eps)."""
    term = first_term(OU, UNIFORM, 1.0, share=share)
    scheme = GrazingStudy(CASE, clock=clock, noise=UNIFORM).scheme
    ratio = [distance(OU, scheme(eps), 1.0) / (eps * term.constant) for eps in (0.02, 0.01)]
    assert 2.0 * ratio[1] - ratio[0] == pytest.approx(1.0, abs=1e-4)
    assert abs(ratio[1] - 1.0) > 1e-3  # the control: at eps = .01 the constant alone is not that good
    others = [first_term(OU, UNIFORM, 1.0, share=s).constant for s in (0.0, 0.5, 1.0) if s != share]
    assert all(abs(term.constant / other - 1.0) > 0.02 for other in others)


@pytest.mark.long
def test_a_kink_and_a_heavy_tail_keep_their_constant() -> None:
    """ReLU with K = x: the tail reaches to x = 1e6, where F_1 must come from 1 - F and not from F."""
    model, time = cases["relu"].model, 4.0
    term = first_term(model, UNIFORM, time)
    assert term.accuracy < 1e-3
    error = w1_between(boltzmann_law(model, Collisions(0.01, noise=UNIFORM), time), limit_law(model, time))
    assert error / 0.01 == pytest.approx(term.constant, rel=0.02)


# the study -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gaussian", "two-point"])
def test_symmetric_noise_is_of_first_order(name: str) -> None:
    """The clouds' check fails for a fresh key less often than once in 1000."""
    study = GrazingStudy(CASE, noise=NOISES[name], **SMALL).run()
    assert study.holds, study.checks
    assert study.slope is not None
    assert 0.98 < study.slope.estimate < 1.02  # at eps = .05 the next term is 1 to 3 %
    assert [row.reference for row in study.rows] == [
        pytest.approx(study.extra["constant"] * row.level) for row in study.rows
    ]
    assert abs(study.rows[-1].error / study.rows[-1].reference - 1.0) < 0.01  # type: ignore[operator]


def test_skewed_noise_loses_half_an_order() -> None:
    study = GrazingStudy(CASE, noise=EXPONENTIAL, **SMALL).run()
    assert study.holds, study.checks
    assert study.expected_slope == 0.5
    assert study.slope is not None
    assert abs(study.slope.estimate - 0.5) < 0.05


@pytest.mark.parametrize(("clock", "step"), [("poisson", 1.0), ("nanbu", 1.0), ("synchronous", 2.0)])
def test_two_points_from_a_point_lose_half_an_order(clock: str, step: float) -> None:
    """A quarter of the lattice's step: sqrt(eps) nu/4, twice that where all particles collide as often."""
    model = dataclasses.replace(FREE, initial=Dirac(0.0), nu2=1.0)
    study = GrazingStudy(dataclasses.replace(CASE, model=model), noise=TWO_POINT, clock=clock, **SMALL).run()
    assert study.holds, study.checks
    assert study.extra["constant"] == 0.25 * step
    assert study.rows[-1].error == pytest.approx(0.25 * step * math.sqrt(0.00625), rel=5e-3)


def test_the_half_line_is_studied_with_bounded_noise() -> None:
    case = cases["generalised-gamma"]
    assert GrazingStudy(case).drawn is UNIFORM
    study = GrazingStudy(case, levels=(0.02, 0.01, 0.005), count=2000, until=1.0).run()
    assert study.holds, study.checks
    with pytest.raises(InputError, match="preserve order"):
        GrazingStudy(case, levels=(0.04, 0.02, 0.01), noise=GAUSSIAN, until=1.0).run()


def test_a_variance_off_by_one_per_cent_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The collisions with 1.01 nu^2: an error that does not vanish with eps."""
    exact = study_module.boltzmann_law

    def law(model, *rest):  # type: ignore[no-untyped-def]
        return exact(dataclasses.replace(model, nu2=1.01 * model.nu2), *rest)

    monkeypatch.setattr(study_module, "boltzmann_law", law)
    study = GrazingStudy(CASE, **SMALL).run()
    assert not study.holds
    assert not study.checks[0].holds


def test_skewed_noise_taken_for_symmetric_turns_the_verdict() -> None:
    wrong = dataclasses.replace(EXPONENTIAL, third=0.0)
    study = GrazingStudy(CASE, noise=wrong, **SMALL).run()
    assert not study.holds


def test_particles_of_another_law_turn_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = GrazingStudy._distance
    other = dataclasses.replace(CASE, model=dataclasses.replace(OU, weight=-0.9))
    monkeypatch.setattr(
        GrazingStudy, "_distance", lambda study, *rest: whole(dataclasses.replace(study, case=other), *rest)
    )
    study = GrazingStudy(CASE, **SMALL).run()
    assert [check.holds for check in study.checks] == [True, True, True, False, True]


def test_laws_that_are_not_known_well_enough_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    vague = lambda *given: dataclasses.replace(boltzmann_law(*given), accuracy=2e-4)  # noqa: E731
    monkeypatch.setattr(study_module, "boltzmann_law", vague)
    study = GrazingStudy(CASE, **SMALL).run()
    assert study.verdict.startswith("none: the laws are known to 2.0e-04 only")
    assert not study.holds


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"levels": (0.02, 0.01)}, "at least three"),
        ({"levels": (0.01, 0.02, 0.04)}, "decreasing"),
        ({"levels": (0.3, 0.2, 0.1), "clock": "synchronous"}, "multiple of the step"),
        ({"clock": "nowhere"}, "clock = 'nowhere'"),
        ({"count": 1}, "count = 1"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        GrazingStudy(CASE, **arguments).run()


def test_other_cases_are_refused() -> None:
    with pytest.raises(InputError, match="nu2 = 0"):
        GrazingStudy(cases["moments-decay"]).run()
    walled = dataclasses.replace(OU, walls=(-3.0, 3.0), wall="reflecting")
    with pytest.raises(InputError, match="walls"):
        GrazingStudy(dataclasses.replace(CASE, model=walled)).run()
    with pytest.raises(InputError, match="smooth start or a point"):
        GrazingStudy(
            dataclasses.replace(CASE, model=dataclasses.replace(FREE, initial=Uniform(0.0, 1.0))), noise=TWO_POINT
        ).run()


def test_the_command_writes_table_and_plot(tmp_path: Path) -> None:
    out = tmp_path / "report"
    words = ("study", "grazing", "fokker-planck", "--levels", "0.01", "0.04", "0.02", "--until", "1",
             "--clock", "synchronous", "--noise", "two-point", "--count", "2000", "--out", str(out))  # fmt: skip
    assert command.run("validation", validation.__main__.build_parser, words) == 0
    with (out / "study.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["level"]) for row in rows] == [0.04, 0.02, 0.01]
    assert (out / "study.png").stat().st_size > 10_000
    words = ("study", "grazing", "regression", "--out", str(tmp_path / "none"))
    assert command.run("validation", validation.__main__.build_parser, words) == 2


def test_common_random_numbers_see_the_exact_change_from_eps_to_half_of_it() -> None:
    """False alarm 1e-3, fixed key; the control: no change at all is not what they see."""
    model = cases["tanh-noise"].model
    paired = common_numbers(model, 1.0, 0.1, 50_000, 0, parallel.serial())
    assert paired is not None
    assert paired.check.holds
    assert paired.saved > 100.0
    assert not dataclasses.replace(paired, exact=0.0).check.holds
    assert common_numbers(cases["inverse-gamma"].model, 1.0, 0.1, 1000, 0, parallel.serial()) is None
    assert common_numbers(model, 1.0, 0.3, 1000, 0, parallel.serial()) is None
