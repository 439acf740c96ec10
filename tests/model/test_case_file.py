"""Cases from TOML files: what they can say, and that every mistake is told at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model import (
    MEAN_COUPLED,
    Dirac,
    Empirical,
    Histogram,
    KernelEstimate,
    Mixture,
    MultivariateNormal,
    Normal,
    TruncatedNormal,
    Uniform,
    load_case,
)
from tests.tables import PLAIN


def write(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


def with_initial(table: str) -> str:
    start = PLAIN.index("[model.initial]")
    return PLAIN[:start] + "[model.initial]\n" + table + "\n" + PLAIN[PLAIN.index("[run]") :]


def test_name_gives_the_case() -> None:
    assert load_case("regression").name == "regression"


def test_smallest_file_has_the_defaults(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, PLAIN))
    assert (case.name, case.until, case.times, case.count, case.layers) == ("own", 2.0, (0.0, 2.0), 100_000, 1000)
    assert (case.domain, case.model.initial, case.model.drift.name) == (None, Normal(1.0, 1.0), "tanh")


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = """
name = "mine"
[model]
drift = {name = "power-law", gamma = 0.5, mu = 2.5}
weight = {edges = [0.0, 1.0], values = [-1.0, [[2.0]]]}
bias = "mean-coupled"
scaled = true
walls = [0, 7]
[model.initial]
law = "uniform"
low = 1
high = 3.5
[run]
until = 2.0
times = [0.0, 1.0]
count = 12
layers = 4
[grid]
domain = [-7, 9.0]
cells = 99
"""
    case = load_case(write(tmp_path, text.replace("[-1.0, [[2.0]]]", "[[[-1.0]], [[2.0]]]")))
    assert (case.name, case.times, case.count, case.layers) == ("mine", (0.0, 1.0), 12, 4)
    assert (case.domain, case.cells, case.model.walls) == ((-7.0, 9.0), 99, (0.0, 7.0))
    assert case.model.bias is MEAN_COUPLED
    assert case.model.drift.constants == (0.5, 2.5)
    np.testing.assert_array_equal(case.model.weights([0.5, 1.5])[:, 0, 0], [-1.0, 2.0])


@pytest.mark.parametrize("drift", ["identity", "relu", "sigmoid", "tanh"])
def test_each_activation_by_name(tmp_path: Path, drift: str) -> None:
    assert load_case(write(tmp_path, PLAIN.replace("tanh", drift))).model.drift.name == drift


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ('{name = "cubic", gamma = 1.0}', "cubic"),
        ('{name = "power-law", gamma = 1.0, mu = 2.0}', "power-law"),
        ('{name = "lognormal-family", delta = 0.5}', "lognormal-family"),
    ],
)
def test_each_drift_with_constants(tmp_path: Path, table: str, name: str) -> None:
    assert load_case(write(tmp_path, PLAIN.replace('"tanh"', table))).model.drift.name == name


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ('law = "dirac"\npoint = 2.0', Dirac),
        ('law = "uniform"\nlow = 0.0\nhigh = 1.0', Uniform),
        ('law = "truncated-normal"\nm = 0.0\nv = 1.0\nlow = -0.2\nhigh = 0.2', TruncatedNormal),
        (
            'law = "mixture"\nweights = [0.5, 0.5]\ncomponents = [{law = "dirac", point = 0.0},'
            ' {law = "normal", m = 0.0, v = 1.0}]',
            Mixture,
        ),
        ('law = "empirical"\nfile = "data.csv"\ncolumn = "a"', Empirical),
        ('law = "histogram"\nfile = "data.csv"\ncolumn = "a"', Histogram),
        ('law = "kernel"\nfile = "data.csv"', KernelEstimate),
    ],
)
def test_each_law_on_the_line(tmp_path: Path, table: str, kind: type) -> None:
    (tmp_path / "data.csv").write_text("a\n1.0\n2.0\n4.0\n")
    assert isinstance(load_case(write(tmp_path, with_initial(table))).model.initial, kind)


def test_product_law_makes_the_model_a_plane(tmp_path: Path) -> None:
    table = 'law = "product"\ncomponents = [{law = "normal", m = 0.0, v = 1.0}, {law = "dirac", point = 1.0}]'
    assert load_case(write(tmp_path, with_initial(table))).model.dim == 2


PLANE = """
law = "product"
components = [{law = "normal", m = 1.0, v = 1.0}, {law = "uniform", low = 0.0, high = 1.0}]
"""


def on(domain: str) -> str:
    return with_initial(PLANE) + f"[grid]\ndomain = {domain}\n"


def test_two_features_have_four_ends(tmp_path: Path) -> None:
    case = load_case(write(tmp_path, on("[[-7, 9.0], [-1.0, 2.0]]")))
    assert case.domain == case.rectangle == ((-7.0, 9.0), (-1.0, 2.0))
    assert case.interval is None
    line = load_case(write(tmp_path, PLAIN + "[grid]\ndomain = [-7, 9.0]\n"))
    assert (line.interval, line.rectangle) == ((-7.0, 9.0), ((-7.0, 9.0),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (on("[-7.0, 9.0]"), "(-7.0, 9.0) with 2 features: allowed are two increasing numbers, twice: in x and in y"),
        (on("[[-7.0, 9.0], [2.0, -1.0]]"), "with 2 features: allowed are two increasing numbers, twice"),
        (PLAIN + "[grid]\ndomain = [[0, 1], [0, 1]]\n", "with 1 feature: allowed are two increasing numbers"),
        (PLAIN + "[grid]\ndomain = [1.0, 0.0]\n", "domain = (1.0, 0.0) with 1 feature"),
        (on("[[0, 1], [0, 1]]").replace("[{", '[{law = "dirac", point = 0.0}, {'), "with 3 features: allowed is none"),
    ],
)
def test_a_domain_of_another_number_of_features_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        load_case(write(tmp_path, text))
    assert told in str(caught.value)


def test_a_normal_law_in_the_plane_has_a_matrix(tmp_path: Path) -> None:
    tilted = with_initial('law = "multivariate-normal"\nm = [0.5, 0]\ns = [[0.3, 0.1], [0.1, 0.2]]')
    law = load_case(write(tmp_path, tilted)).model.initial
    assert isinstance(law, MultivariateNormal)
    assert (law.m.tolist(), law.s.tolist()) == ([0.5, 0.0], [[0.3, 0.1], [0.1, 0.2]])
    for old, new, told in (
        ("[0.1, 0.2]]", "[0.1]]", "s of lists|no array"), ("0.3", "0.01", "positive definite"),
        ("[0.5, 0]", "[0.5]", "model.initial.m"), ("[0.5, 0]", "[0.5, 0, 1]", "do not fit"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told):
            load_case(write(tmp_path, tilted.replace(old, new)))


MISTAKES = [
    ("until = 2", "until = 2\nsteps = 3", "steps"),
    ("until = 2", "until = -2.0", "until"),
    ("until = 2", "until = nan", "until"),
    ("until = 2", 'until = "2"', "until"),
    ("until = 2", "until = true", "until"),
    ("until = 2", "until = 2\ncount = -5", "count"),
    ("until = 2", "until = 2\ncount = 1.5", "count"),
    ("until = 2", "until = 2\ntimes = [3.0]", "times"),
    ("until = 2", "until = 2\nlayers = 0", "layers"),
    ("until = 2", "", "until"),
    ('drift = "tanh"', 'drift = "tan"', "drift"),
    ('drift = "tanh"', 'drift = {name = "cubic", gamma = -1.0}', "gamma"),
    ('drift = "tanh"', 'drift = {name = "cubic"}', "gamma"),
    ("weight = -1.0", "weight = inf", "weight"),
    ("weight = -1.0", 'weight = "__import__(1)"', "weight"),
    ("weight = -1.0", "weight = [[1.0, 2.0], [3.0, 4.0]]", "weight"),
    ("weight = -1.0", "weight = [[1.0, 2.0], [3.0]]", "weight"),
    ("weight = -1.0", "weight = {edges = [0.0, 1.0], values = [1.0]}", "edges"),
    ("weight = -1.0", "weight = {edges = [], values = []}", "edges"),
    ("weight = -1.0", "weight = {edges = [0.0, 1.0], values = [1.0, [2.0, 3.0]]}", ""),
    ("bias = 1", "bias = [1.0, 2.0]", "bias"),
    ("bias = 1", 'bias = "mean"', "bias"),
    ("bias = 1", "bias = 1\nwalls = [3.0, 1.0]", "walls"),
    ("bias = 1", "bias = 1\nwalls = [3.0]", "walls"),
    ("bias = 1", "bias = 1\nneurons = 0", "neurons"),
    ("v = 1", "v = 0.0", "v"),
    ("v = 1", "v = 1\nw = 1", "w"),
    ('law = "normal"', 'law = "gauss"', "gauss"),
    ("[run]", "[run", ""),
    ("[run]", "[grid]\ndomain = [1.0]\n[run]", "domain"),
]


@pytest.mark.parametrize(("old", "new", "told"), MISTAKES)
def test_mistake_is_refused_and_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert PLAIN.count(old) == 1
    with pytest.raises(InputError) as caught:
        load_case(write(tmp_path, PLAIN.replace(old, new)))
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_a_step_that_does_not_fit_is_told_with_its_file_and_key(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, PLAIN)
    told = rf"\.toml, changed: model\.{name}\.edges = \(0\.0, 1\.0\) must start at 0, increase, and be as many"
    with pytest.raises(InputError, match=told):
        load_case(path, {f"model.{name}": {"edges": [0.0, 1.0], "values": [1.0]}})


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace("v = 1", "v = -1").replace("until = 2", "until = 0\nsteps = 2").replace('"tanh"', '"tan"')
    with pytest.raises(InputError) as caught:
        load_case(write(tmp_path, text))
    for told in ("model.drift", "model.initial", "run.until", "run.steps"):
        assert told in str(caught.value)


@pytest.mark.parametrize("make", ["missing", "folder", "binary"])
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, make: str) -> None:
    path = tmp_path / "own.toml"
    if make == "folder":
        path.mkdir()
    elif make == "binary":
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"own\.toml"):
        load_case(str(path))
