"""A digest stands for what a function computes: equal in every process, another one after any edit that counts."""

from __future__ import annotations

import math
import subprocess
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from particles.base.code_digest import code_digest
from particles.model.drifts.activations import ACTIVATIONS
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.drifts.power_law import cubic, power_law
from particles.noise import NOISES

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

HELPER = """
FACTOR = 2.0
TABLE = (1.0, 2.0)
def helper(u):
    return FACTOR * u + TABLE[1]
"""
VALUE = """
def value(u, x, c):
    return helper(u) + (1.5 if u > 0.0 else c[0])
"""


def compiled(text: str, **names: Any) -> Callable[..., Any]:
    """The function `value` of a text, in a module of its own."""
    module = types.ModuleType("own")
    module.__dict__.update(names)
    exec(compile(text, "own.py", "exec"), module.__dict__)
    return module.__dict__["value"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("old", "new"), [("FACTOR * u", "FACTOR / u"), ("FACTOR = 2.0", "FACTOR = 2.5"), ("(1.0, 2.0)", "(1.0, 2)"),
                     ("1.5", "-1.5"), ("u > 0.0", "u < 0.0"), ("c[0]", "c[1]"), ("helper(u) +", "helper(x) +")],
)  # fmt: skip
def test_an_edit_is_another_digest(old: str, new: str) -> None:
    text = HELPER + VALUE
    assert text.count(old) == 1
    assert code_digest(compiled(text)) != code_digest(compiled(text.replace(old, new)))


def test_names_lines_and_remarks_do_not_count() -> None:
    moved = "\n\n# a remark\n" + (HELPER + VALUE).replace("(u, x, c)", "(v, y, c)").replace(
        "helper(u) + (1.5 if u", "helper(v) + (1.5 if v"
    )
    assert code_digest(compiled(HELPER + VALUE)) == code_digest(compiled(moved)) is not None


def test_a_helper_in_another_module_counts() -> None:
    found = set()
    for factor in ("2.0", "3.0"):
        module = types.ModuleType("helpers")
        exec(HELPER.replace("FACTOR = 2.0", f"FACTOR = {factor}"), module.__dict__)
        text = VALUE.replace("helper(u)", "helpers.helper(u)")
        found.add(code_digest(compiled(text, helpers=module)))
    assert len(found) == 2
    assert None not in found


def test_arrays_and_closures_count() -> None:
    def scaled(factor: Any) -> Callable[..., Any]:
        return lambda u: factor * u

    given = [1.0, -1.0, 1, True, np.float32(1.0), np.arange(3.0), np.arange(3), np.zeros((3, 1)), 0.0, -0.0]
    digests = [code_digest(scaled(value)) for value in given]
    assert len(set(digests)) == len(given)
    assert None not in digests


def test_what_cannot_be_told_is_unknown() -> None:
    class Stateful:
        def __call__(self, u: float) -> float:
            return u

    for reached in (Stateful(), object(), {"a": 1.0}):
        assert code_digest(compiled("def value(u):\n    return f(u)", f=reached)) is None
    assert code_digest(compiled("def value(u):\n    return math.exp(u)", math=math)) is not None


def test_a_function_that_calls_itself_has_a_digest() -> None:
    text = "def value(u):\n    return value(u - 1.0) if u > STOP else u\n"
    one, other = (code_digest(compiled(f"STOP = {stop}\n{text}")) for stop in (1.0, 2.0))
    assert None is not one != other is not None


SCRIPT = """
from particles.base.code_digest import code_digest
from particles.model.drifts.activations import ACTIVATIONS
from particles.noise import NOISES
text = "def value(u):\\n    return u in {'a', 'b', 'c', 'd'}"
exec(text)
ours = [*(d.value for d in ACTIVATIONS.values()), *(n.variates for n in NOISES.values())]
print([code_digest(f) for f in (value, *ours)])
"""


def test_every_process_finds_the_same_digests(fresh: Fresh) -> None:
    told = {fresh("-c", SCRIPT, env={"PYTHONHASHSEED": seed}).stdout for seed in ("0", "1", "2")}
    assert len(told) == 1
    assert "None" not in told.pop()


def test_formulas_of_the_project_have_digests_of_their_own() -> None:
    drifts = [*ACTIVATIONS.values(), cubic(0.5), power_law(0.3, 1.7), lognormal_family(0.5)]
    formulas = [f for drift in drifts for f in (drift.value, drift.f_u, drift.f_x)]
    formulas += [noise.variates for noise in NOISES.values()]
    digests = {f: code_digest(f) for f in formulas}
    assert None not in digests.values()
    assert len(set(digests.values())) >= 20
