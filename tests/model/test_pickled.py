"""Cases go to other processes, of MPI, `multiprocessing` or a queue, and are there what they were."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from particles.model import cases, cubic, lognormal_family, power_law
from particles.model.cases.case import Case
from particles.model.drifts.activations import ACTIVATIONS

DRIFTS = {**ACTIVATIONS, "lognormal": lognormal_family(0.5), "power": power_law(1.0, 2.0), "cubic": cubic(1.0)}


def sent(case: Case) -> Case:
    """A case as another process has it."""
    found = pickle.loads(pickle.dumps(case))
    assert isinstance(found, Case)
    return found


@pytest.mark.parametrize("name", cases)
def test_a_case_is_sent_whole(name: str) -> None:
    """Identities of drift, parameters, law, walls and diffusion are hashes of their content."""
    case, there = cases[name], sent(cases[name])
    assert there.model.describe() == case.model.describe()
    assert (there.name, there.until, there.times) == (case.name, case.until, case.times)
    if case.target is not None:
        assert there.target is not None
        assert np.array_equal(there.target(np.linspace(-1.0, 1.0, 5)), case.target(np.linspace(-1.0, 1.0, 5)))


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_is_sent_with_all_its_formulas(name: str) -> None:
    """The control: one with a formula that no module holds cannot be."""
    assert pickle.loads(pickle.dumps(DRIFTS[name])) == DRIFTS[name]
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(dataclasses.replace(DRIFTS[name], extended=lambda u, x, c: u))
