"""A record says which model it is of: equal, different or unknown, and carries its case with it."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinetic
import particles
from kinetic.__main__ import build_parser as kinetic_parser
from particles.__main__ import build_parser as particles_parser
from particles.base import command
from particles.base.errors import InputError
from particles.model import (
    MEAN_COUPLED,
    TANH,
    Dirac,
    Empirical,
    InverseGamma,
    Law,
    Lognormal,
    Mixture,
    Model,
    Normal,
    Pareto,
    SechPower,
    Uniform,
    exact_law,
    histogram,
    kernel_estimate,
    piecewise,
)
from particles.model.cases.copy import case_of, packed
from particles.model.cases.registry import cases
from particles.model.identity import differences, identity
from validation import compare
from validation.__main__ import build_parser as validation_parser

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
DATA = np.random.default_rng(3).normal(0.0, 1.0, 40)
FACTOR = 1.0


def model(**options: Any) -> Model:
    return Model(**{"drift": TANH, "weight": -1.0, "bias": 1.0, "initial": Normal(1.0, 1.0)} | options)


def components(last: float) -> Mixture:
    return Mixture([*(Normal(float(k), 1.0) for k in range(29)), Normal(29.0, last)], [1.0 / 30.0] * 30)


def scaled(factor: float) -> Callable[[float], float]:
    return lambda t: factor * t


class Stateful:
    """A callable whose state nobody can tell."""

    def __call__(self, t: float) -> float:
        return t


def steep(u: float, x: float, c: tuple[float, ...]) -> float:
    return 2.0 * u


def flat(u: float, x: float, c: tuple[float, ...]) -> float:
    return 0.5 * u


PAIRS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "last of 30 components": ("initial", {"initial": components(1.0)}, {"initial": components(1.0 + 1e-15)}),
    "one measurement": ("initial", {"initial": Empirical(DATA)}, {"initial": Empirical([*DATA[:-1], 9.0])}),
    "data of equal size": ("initial", {"initial": kernel_estimate(DATA)}, {"initial": kernel_estimate(2.0 * DATA)}),
    "law from the same data": ("initial", {"initial": kernel_estimate(DATA)}, {"initial": histogram(DATA)}),
    "two lambdas": ("weight", {"weight": lambda t: -t}, {"weight": lambda t: -2.0 * t}),
    "one lambda, two closures": ("weight", {"weight": scaled(1.0)}, {"weight": scaled(2.0)}),
    "two drifts of one name": (
        "drift",
        {"drift": dataclasses.replace(TANH, name="own", value=steep, contracts=False)},
        {"drift": dataclasses.replace(TANH, name="own", value=flat, contracts=False)},
    ),
    "edges": ("weight", {"weight": piecewise([0.0, 1.0], [1.0, 2.0])}, {"weight": piecewise([0.0, 1.5], [1.0, 2.0])}),
    "bias": ("bias", {"bias": 1.0}, {"bias": MEAN_COUPLED}),
    "noise": ("nu2", {"nu2": 1.0}, {"nu2": math.nextafter(1.0, 2.0)}),
    "walls": ("walls", {"walls": (0.0, 2.0)}, {"walls": (0.0, 3.0)}),
    "constants": ("drift", {"drift": particles.model.cubic(1.0)}, {"drift": particles.model.cubic(2.0)}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_models_that_differ_are_told_apart_by_field(name: str) -> None:
    field, one, other = PAIRS[name]
    assert differences(model(**one).describe(), model(**other).describe()) == ([field], [])
    again = json.loads(json.dumps(model(**one).describe()))
    assert differences(model(**one).describe(), again) == ([], [])


def test_equal_models_are_equal_however_they_are_written() -> None:
    one = model(weight=-1, bias=[1], initial=Normal(1, 1))
    assert differences(one.describe(), model(weight=[[-1.0]], bias=1.0).describe()) == ([], [])


@pytest.mark.parametrize(
    "function", [Stateful(), math.sin, np.sin, np.vectorize(math.cos)], ids=["state", "C", "ufunc", "object"]
)
def test_what_cannot_be_told_is_unknown(function: Any) -> None:
    told = model(weight=function).describe()
    assert identity(model(weight=function))["weight"] is None
    assert differences(told, told) == ([], ["weight"])


def test_code_of_two_pythons_is_unknown() -> None:
    one = model(weight=scaled(1.0)).describe()
    other = json.loads(json.dumps(one).replace("python 3.", "python 4."))
    assert differences(one, other) == ([], ["weight"])


def test_a_law_of_a_user_counts_with_its_methods() -> None:
    @dataclasses.dataclass(frozen=True)
    class Own(Dirac):
        def pdf(self, x: Any) -> Any:
            return np.zeros(np.shape(x))

    mine = Own

    @dataclasses.dataclass(frozen=True)
    class Own(Dirac):  # type: ignore[no-redef]
        def pdf(self, x: Any) -> Any:
            return np.ones(np.shape(x))

    found = [identity(model(initial=kind(1.0)))["initial"] for kind in (Dirac, mine, Own)]
    assert len(set(found)) == 3
    assert None not in found


def test_identities_are_the_same_in_every_process(fresh: Fresh) -> None:
    script = (
        "import json\nfrom particles.model import *\nfrom particles.model.identity import identity\n"
        "own = Model(drift=TANH, weight=lambda t: -t if t in {1.0, 2.0} else t, bias=1.0, initial=Uniform(0.0, 1.0))\n"
        "print(json.dumps([identity(m) for m in (own, *(cases[name].model for name in cases))]))"
    )
    told = {fresh("-c", script, env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")}
    assert len(told) == 1
    assert "null" not in told.pop()


def test_older_records_say_what_they_know() -> None:
    old = {key: value for key, value in model().describe().items() if key != "identity"}
    assert differences(old, model().describe())[0] == []
    assert differences({**old, "nu2": 1.0}, model().describe())[0] == ["nu2"]
    assert differences({**old, "initial": "Mixture (long)"}, {**old, "initial": "Mixture (long)"}) == ([], ["initial"])


OWN = """
[model]
drift = "tanh"
weight = -1.0
bias = 1.0
[model.initial]
law = "kernel"
file = "FILE"
column = "a"
[run]
until = 1.0
[grid]
domain = [-8.0, 10.0]
cells = 100
"""


def do(*words: object) -> int:
    name, *rest = map(str, words)
    parsers = {"particles": particles_parser, "kinetic": kinetic_parser, "validation": validation_parser}
    return command.run(name, parsers[name], rest)


def write_case(folder: Path, data: np.ndarray, file: str = "a.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "own.toml").write_text(OWN.replace("FILE", file))
    (folder / os.path.basename(file)).write_text("a\n" + "\n".join(map(repr, data.tolist())) + "\n")
    return folder / "own.toml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a case, its cloud and its solution."""
    folder = tmp_path_factory.mktemp("home")
    case = write_case(folder, DATA)
    assert do("particles", "run", case, "--count", 500, "--exact", "--out", folder / "cloud") == 0
    assert do("kinetic", "run", case, "--out", folder / "density.nc") == 0
    return folder


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = do(*words)
    out = capsys.readouterr()
    return code, out.out + out.err


def test_two_models_from_two_files_of_one_name_are_not_compared(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = write_case(tmp_path / "other", DATA + 2.0)
    assert do("kinetic", "run", case, "--out", tmp_path / "other.nc") == 0
    code, said = told(capsys, "validation", "compare", home / "cloud", tmp_path / "other.nc")
    assert code == 2
    assert "different models, in initial: initial is KernelEstimate(data=40 values, sha256 " in said


def test_compare_says_the_same_in_every_folder(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record's own case counts: neither none nor another file of its name changes anything."""
    words = ("validation", "compare", home / "cloud", home / "density.nc", "--json")
    monkeypatch.chdir(home)
    here = told(capsys, *words)
    assert here[0] == 0
    assert json.loads(here[1].splitlines()[-1])["pde_error"] is not None
    moved = tmp_path / "moved"
    shutil.copytree(home / "cloud", moved / "cloud")
    shutil.copy(home / "density.nc", moved)
    for folder in (moved, write_case(moved, 100.0 + DATA).parent):
        monkeypatch.chdir(folder)
        there = told(capsys, "validation", "compare", "cloud", "density.nc", "--json")
        assert there == here


def test_measurements_with_an_absolute_path_are_carried_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = write_case(tmp_path, DATA, str(tmp_path / "b.csv"))
    assert do("kinetic", "run", case, "--out", tmp_path / "b.nc") == 0
    (tmp_path / "b.csv").unlink()
    case.unlink()
    record = kinetic.load(tmp_path / "b.nc").provenance
    carried = case_of(record)
    assert carried is not None
    np.testing.assert_array_equal(carried.model.initial.data, np.sort(DATA))  # type: ignore[union-attr]


def test_a_copy_writes_nowhere_else(tmp_path: Path) -> None:
    for name in ("../own.toml", "/tmp/own.toml", "case/../../own.toml", "own.toml"):
        assert case_of({"copy": {"place": name, "files": {name: "W21vZGVsXQ=="}}, "model": {}}) is None
    assert case_of({"copy": {"place": "case/a.toml", "files": {"case/a.toml": "no base64"}}}) is None
    assert case_of({"copy": 3}) is None
    assert packed("case/a.toml", {"case/a.toml": bytes(2**24 + 1)}) is None


def test_info_names_the_files_of_a_case_and_does_not_print_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, "particles", "info", home / "cloud", "--json")
    assert code == 0
    assert json.loads(said.splitlines()[-1])["info"]["copy"]["files"] == ["case/a.csv", "case/own.toml"]


def test_compare_ends_with_1_where_a_verdict_does_not_hold(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("particles", "run", home / "own.toml", "--count", 20_000, "--layers", 2, "--out", tmp_path / "coarse")
    assert do(*words) == 0
    code, said = told(capsys, "validation", "compare", tmp_path / "coarse", home / "density.nc")
    assert code == 1
    assert "verdict: does not hold: differs from sampling, as seen by W1 and the Kolmogorov distance" in said


def test_two_layers_are_seen_by_one_of_two_distances() -> None:
    """200 Euler layers at M = 10^6: W1 alone does not see them, both together do."""
    case = particles.model.cases["regression"]
    solution = kinetic.solve(case.model, kinetic.Grid(-7.0, 9.0, cells=800), until=2.0)
    cloud = particles.simulate(case.model, particles.Euler(layers=200), count=10**6, until=2.0, seed=0)
    found = compare(cloud, solution)
    assert found.p_value is not None
    assert found.kolmogorov_p is not None
    assert found.holds == (min(found.p_value, found.kolmogorov_p) >= 0.025)
    assert found.holds is False


def test_unknown_identities_are_said_and_resumed_runs_must_be_of_one_model(tmp_path: Path) -> None:
    state = Stateful()
    unknown = model(weight=state, bias=0.0)
    cloud = particles.simulate(unknown, particles.Euler(layers=10), count=1000, until=1.0)
    solution = kinetic.solve(unknown, kinetic.Grid(-7.0, 9.0, cells=100), until=1.0)
    assert "whether both are of the same weight is not known" in compare(cloud, solution).remarks
    stop = particles.Checkpoints(tmp_path / "checkpoints", stop_at=5)
    go_on = dataclasses.replace(stop, stop_at=None, resume=True)
    run: dict[str, Any] = {"count": 1000, "until": 1.0}
    with pytest.raises(particles.Stopped):
        particles.simulate(model(weight=scaled(1.0)), particles.Euler(layers=10), **run, checkpoints=stop)
    with pytest.raises(InputError, match="another run: it differs in model"):
        particles.simulate(model(weight=scaled(2.0)), particles.Euler(layers=10), **run, checkpoints=go_on)


def test_a_closure_that_changed_and_an_object_of_a_library_are_not_taken_for_equal() -> None:
    rate, grid = 1.0, np.poly1d([1.0, 2.0])
    base = cases["regression"].model

    def told(function: Any) -> Any:
        return dataclasses.replace(base, weight=function).describe()["identity"]["weight"]

    def own(t: float) -> float:
        return rate * t

    before = told(own)
    rate = 2.0
    assert None not in (before, told(own))
    assert before != told(own)
    for function in (lambda t: grid(t), np.random.default_rng(0).normal):
        assert told(function) is None


RECORDED = [
    (Normal(0.0, 1.0), "8c2a8f2568e9df2d"),
    (Dirac(1.0), "278ababe40088bfe"),
    (Mixture([Normal(0.0, 1.0), Dirac(1.0)], [0.5, 0.5]), "5670c5acc6fa7fe7"),
    (Lognormal(0.0, 1.0), "25ec55aa66c48f28"),
    (InverseGamma(3.0, 1.0), "35474f26009aab1d"),
    (SechPower(1.0, 1.0, 2.0), "c383954ba187fbf2"),
    (Pareto(1.0, 2.0), "0a09e3de31f41099"),
    (Empirical([1.0, 2.0, 3.0]), "32802035d8789667"),
    (histogram([1.0, 2.0, 3.0, 4.0]), "a6aa7e9ce0fee7f3"),
    (kernel_estimate([1.0, 2.0, 3.0]), "99afdb48e977b067"),
    (Uniform(0.0, 1.0).smoothed(1.0, 0.0, 1.0), "de71f62618649874"),
    (exact_law(cases["regression"].model, 1.0), "c3e826ce82c11759"),
]
"""Laws and the beginnings of their hashes in records of commit ca31f97, where they stood in other modules."""


@pytest.mark.parametrize(("law", "told"), RECORDED, ids=lambda value: type(value).__name__)
def test_a_class_that_moved_is_the_one_of_older_records(law: Law, told: str) -> None:
    assert str(identity(model(initial=law))["initial"]).startswith(told)
