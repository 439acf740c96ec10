"""The drift, the law and the noise of docs/extending.md: their blocks run, and what they make keeps the contract."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from kinetic.moments import moments
from particles import Collisions, ExactFlow, simulate
from particles.base.errors import InputError
from particles.model import Model, Normal
from tests.model.test_contracts import (
    BOTH,
    check_derivatives,
    check_flow,
    check_isf,
    check_moments,
    check_noise,
    check_quantile,
    check_sampling,
    check_statements,
)
from tests.paths import ROOT
from validation.advice.budget.rounding import rounding
from validation.distance import w1_to_law
from validation.distance.floor import expected_w1

PAGE = (ROOT / "docs" / "extending.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


@cache
def made(heading: str) -> dict[str, Any]:
    """Names that the blocks of this section leave behind."""
    names: dict[str, Any] = {"__name__": "extending"}
    for block in re.findall(r"^```python\n(.*?)^```", SECTIONS[heading], flags=re.DOTALL | re.MULTILINE):
        exec(compile(block, f"docs/extending.md, {heading}", "exec", dont_inherit=True), names)
    return names


def test_the_drift_keeps_the_contract() -> None:
    for check in (check_derivatives, check_statements, check_flow):
        check(made("A drift")["leaky"], BOTH)


def test_the_drift_works_everywhere_that_it_states_enough_for_and_is_refused_in_words_elsewhere() -> None:
    names = made("A drift")
    model, law, cloud = names["model"], names["law"], names["cloud"]
    assert w1_to_law(cloud.at(1.0), law) < 3.0 * expected_w1(law, 10_000)
    np.testing.assert_allclose(law.kinks(), [1.0])  # where u = 0 rests
    assert 0.0 < rounding(model, names["particles"].Euler(layers=16), 1.0) < 1e-14
    with pytest.raises(InputError, match=r"drift 'leaky-relu' has no closed moments: .*`linear` and `rectified`"):
        moments(model, [0.0])


def test_the_law_keeps_the_contract() -> None:
    law = made("A law")["law"]
    p = np.array([1e-9, 0.01, 0.3, 0.5, 0.99])
    for check in (check_quantile, check_isf):
        check(law, p)
    check_sampling(law)
    check_moments(law)
    with pytest.raises(InputError, match="a start of type Logistic has no closed form with noise of shape K = 1"):
        law.smoothed(1.0, 0.0, 1.0)


def test_the_noise_keeps_the_contract() -> None:
    names = made("A noise")
    check_noise(names["noise"], fifth=0.0, sixth=9.0)
    assert w1_to_law(names["cloud"].at(1.0), names["law"]) < 3.0 * expected_w1(names["law"], 10_000)
    model = Model(drift=made("A drift")["leaky"], weight=-1.0, bias=0.0, initial=Normal(0.0, 1.0), nu2=1.0)
    simulate(model, Collisions(0.1, noise=names["noise"]), count=100, until=1.0)
    with pytest.raises(InputError, match="has no noise"):
        simulate(model, ExactFlow(), count=100, until=1.0)
