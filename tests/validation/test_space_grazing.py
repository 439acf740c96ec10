"""The grazing study in R^d: normal laws of collisions, first order with a constant from the expansion in eps."""

import dataclasses

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import IDENTITY, Case, Model, Normal, Product, cases
from particles.noise import GAUSSIAN, UNIFORM
from validation import GrazingStudy
from validation.exact import first_term
from validation.studies import space_grazing
from validation.studies.space_grazing import first_term_constant

SMALL = {"levels": (0.02, 0.01, 0.005), "count": 2000}


def test_linear_noise_in_the_plane_is_of_first_order_with_its_constant() -> None:
    study = GrazingStudy(cases["ou-2d"], **SMALL).run()
    assert study.holds, study.checks
    assert study.rows[-1].error / study.rows[-1].reference == pytest.approx(1.0, abs=5e-3)  # type: ignore[operator]


def test_the_constant_of_independent_components_along_an_axis_is_that_of_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By tables of the distribution function, synchronous Gaussian collisions."""
    line = Model(drift=IDENTITY, weight=-1.0, bias=0.3, nu2=0.8, initial=Normal(1.0, 0.5))
    both = dataclasses.replace(
        line, weight=np.diag([-2.0, -2.0]), bias=np.array([0.3, 0.3]), initial=Product([Normal(1.0, 0.5)] * 2)
    )
    monkeypatch.setattr(space_grazing, "directions", lambda dim: np.array([[1.0], [0.0]]))
    assert first_term_constant(both, 1.0) == pytest.approx(
        first_term(line, GAUSSIAN, 1.0, share=1.0).constant, rel=1e-5
    )


def test_levels_divide_the_horizon_where_nobody_chose_them() -> None:
    study = GrazingStudy(cases["ou-2d"], until=0.3)
    study.check()
    assert study.values[0] * 25 == pytest.approx(0.3)


def test_another_law_turns_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: collisions with 1 % more variance, an error that does not fall with eps."""
    whole = space_grazing.linear_collisions_law

    def law(model: Model, *rest: float) -> object:
        return whole(dataclasses.replace(model, nu2=1.01 * model.nu2), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(space_grazing, "linear_collisions_law", law)
    assert not GrazingStudy(cases["ou-2d"], **SMALL).run().checks[0].holds


def test_beyond_the_plane_too() -> None:
    model = Model(
        drift=IDENTITY, weight=-1.0, bias=0.0, nu2=1.0, initial=Product([Normal(float(k), 1.0) for k in (0, 1, 2)])
    )
    case = Case(name="made", model=model, until=0.5, times=(0.5,), domain=None)
    assert GrazingStudy(case, levels=(0.05, 0.025, 0.0125), count=200).run().holds


@pytest.mark.parametrize(
    ("case", "arguments", "said"),
    [
        ("circulation", {}, "the law of its collisions"),
        ("shear", {}, "needs noise"),
        ("ou-2d", {"clock": "poisson"}, "known of synchronous collisions"),
        ("ou-2d", {"noise": UNIFORM}, "known of synchronous collisions"),
    ],
)
def test_what_has_no_known_law_is_refused(case: str, arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        GrazingStudy(cases[case], **arguments).check()
