"""Given points as a start: in their order, with their labels, the same bytes on any ranks and after any restart."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import particles
import validation
from particles import Collisions, Euler, ExactFlow
from particles.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError
from particles.model import Dialect, Model, Normal, Product, Samples, cases, exact_law, load_case

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
POINTS = np.random.default_rng(4).normal(1.0, 1.0, 9001)
MODEL = cases["regression"].model


def test_particle_i_starts_at_point_i_and_is_carried_from_there() -> None:
    for model, scheme in ((MODEL, ExactFlow()), (cases["tanh-noise"].model, Collisions(0.0625))):
        run = particles.simulate(model, scheme, until=1.0, times=(0.0, 1.0), start=Samples(POINTS), seed=2)
        assert run.count == POINTS.size
        assert run.state(0.0)[0].tobytes() == POINTS.tobytes()
        carried = particles.carry(model, scheme, POINTS, 1.0, seed=2)
        assert run.state(1.0)[0].tobytes() == carried.tobytes()


def test_points_of_features_are_those_of_all_their_neurons_and_walls_hold_them() -> None:
    points = np.random.default_rng(1).normal(size=(2, 30))
    model = dataclasses.replace(cases["regression-2d"].model, weight=-1.0, neurons=3)
    run = particles.simulate(model, Euler(layers=4), until=1.0, times=(0.0,), start=Samples(points))
    np.testing.assert_array_equal(run.state(0.0), np.tile(points, (3, 1)))
    np.testing.assert_allclose(run.at(0.0).points, points, rtol=1e-15)
    walled = cases["vehicles"].model
    run = particles.simulate(walled, ExactFlow(), until=1.0, times=(0.0,), start=Samples([9.0, 5.0, -1.0]))  # type: ignore[arg-type]
    assert run.state(0.0)[0].tolist() == [8.0, 5.0, 2.0]


def test_labels_go_with_the_particles_into_the_record(tmp_path: Path) -> None:
    case = cases["iris"]
    assert case.samples is not None
    run = particles.simulate(case.model, ExactFlow(), until=case.until, start=case.samples)
    run.save(tmp_path / "out")
    loaded = particles.load(tmp_path / "out")
    assert loaded.labels is not None
    np.testing.assert_array_equal(loaded.labels, case.samples.labels)
    np.testing.assert_array_equal(loaded.state(case.until)[0] < 4.0, loaded.labels)  # setosa goes to the lower wall
    assert loaded.to_xarray().label.values.tolist() == case.samples.labels.tolist()
    assert particles.simulate(MODEL, ExactFlow(), count=3, until=1.0).labels is None


def test_a_cloud_of_given_points_is_their_exact_law() -> None:
    samples = Samples(POINTS[:500])
    model = dataclasses.replace(MODEL, initial=samples.law())
    cloud = particles.simulate(model, ExactFlow(), until=2.0, start=samples)
    law = exact_law(model, 2.0)
    assert law is not None
    assert validation.w1_to_law(cloud.at(2.0), law) < 1e-14


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"points": []}, "at least one"),
        ({"points": [[[1.0]]]}, "points of shape"),
        ({"points": [1.0, np.inf]}, "not finite"),
        ({"points": [1.0, 2.0], "labels": [["a"], ["b", "c"]]}, "truth values, integers or text"),
        ({"points": [1.0, 2.0], "labels": [1]}, "one for each of 2 points"),
        ({"points": [1.0, 2.0], "labels": [1.0, 2.0]}, "truth values, integers or text"),
    ],
)
def test_what_is_no_data_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Samples(**given)


def test_points_of_another_number_or_dimension_are_refused() -> None:
    with pytest.raises(InputError, match="count = 3 must be 2, the number of the points given"):
        particles.simulate(MODEL, ExactFlow(), count=3, until=1.0, start=Samples(POINTS[:2]))
    plane = Model(drift=MODEL.drift, weight=-1.0, bias=[0.0, 0.0], initial=Product([Normal(0.0, 1.0)] * 2))
    with pytest.raises(InputError, match="start of 1 features must have 2"):
        particles.simulate(plane, Euler(layers=2), until=1.0, start=Samples(POINTS))
    with pytest.raises(InputError, match="their law is for one"):
        Samples(np.zeros((2, 3))).law()


TABLE = "length;kind\n1,5;b\n;a\n0,5;a\n"


def test_labels_are_read_beside_their_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the file's order, those of rows left out with their points; whole numbers as such; as a case's file reads."""
    path = tmp_path / "data.csv"
    path.write_text(TABLE)
    found = Samples.read(path, "length", Dialect(missing="drop"), labels="kind")
    assert "1 row (line 3) without a number left out" in capsys.readouterr().err
    assert (found.points.tolist(), found.labels.tolist(), found.what) == ([1.5, 0.5], ["b", "a"], "kind")
    alone = Samples.read(path, "length", Dialect(missing="drop"))
    assert (alone.points.tolist(), alone.labels) == ([1.5, 0.5], None)
    path.write_text("length,kind\n1.5,-2\n0.5,7\n")
    read = Samples.read(path, "length", labels="kind")
    assert read.labels.tolist() == [-2, 7]
    own = tmp_path / "own.toml"
    own.write_text(OWN.replace('"data.npy"', '"data.csv"\ncolumn = "length"\nlabels = "kind"'))
    case = load_case(str(own)).samples
    assert case is not None
    assert (case.points.tolist(), case.labels.tolist(), case.what) == ([1.5, 0.5], [-2, 7], read.what)


@pytest.mark.parametrize(
    ("name", "labels", "told"),
    [
        ("data.csv", "knid", r"has no column 'knid'.*did you mean 'kind'"),
        ("data.csv", "kind", "line 2, column 'kind' is empty, where a label must stand"),
        ("data.npy", "kind", r"labels = 'kind': .* is a row of numbers, allowed is a table with such a column"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, name: str, labels: str, told: str) -> None:
    (tmp_path / "data.csv").write_text("length,kind\n1.5,\n")
    np.save(tmp_path / "data.npy", POINTS)
    with pytest.raises(InputError, match=told):
        Samples.read(tmp_path / name, "length", labels=labels)


OWN = """
[model]
drift = "tanh"
weight = -1.0
bias = 1.0
[model.initial]
law = "empirical"
file = "data.npy"
[run]
until = 2.0
"""


def test_a_command_line_starts_from_the_file_in_its_order_on_any_ranks(
    fresh: Fresh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes of one rank are those of two, and of a run that was stopped and went on; without measurements: refused."""
    np.save(tmp_path / "data.npy", POINTS)
    (tmp_path / "own.toml").write_text(OWN)
    case = load_case(str(tmp_path / "own.toml"))
    words = ("-m", "particles", "run", tmp_path / "own.toml", "--start", "given", "--layers", 40, "--times", 0, 2)
    for ranks, out in ((1, "one"), (2, "two")):
        assert fresh(*words, "--out", tmp_path / out, ranks=ranks).returncode == 0
    assert fresh(*words, "--out", tmp_path / "cut", "--stop-at", 10, ranks=2).returncode == 75
    assert command.run("particles", build_parser, ["resume", str(tmp_path / "cut")]) == 0
    runs = [particles.load(tmp_path / out) for out in ("one", "two", "cut")]
    assert runs[0].state(0.0)[0].tobytes() == POINTS.tobytes()
    assert runs[0].digests() == runs[1].digests() == runs[2].digests()
    straight = particles.simulate(case.model, Euler(layers=40), until=2.0, times=(0.0, 2.0), start=Samples(POINTS))
    assert runs[0].digests() == straight.digests()
    capsys.readouterr()
    given = ["run", "regression", "--start", "given", "--exact", "--out", str(tmp_path / "no")]
    assert command.run("particles", build_parser, given) == 2
    assert "case 'regression' is not of measurements" in capsys.readouterr().err


def test_a_restart_from_other_points_is_refused(tmp_path: Path) -> None:
    options: dict[str, Any] = {"until": 1.0, "start": Samples(POINTS)}
    folder = tmp_path / "points"
    with pytest.raises(particles.Stopped):
        particles.simulate(MODEL, Euler(layers=20), **options, checkpoints=particles.Checkpoints(folder, stop_at=10))
    again = particles.Checkpoints(folder, resume=True)
    with pytest.raises(InputError, match="another run: it differs in points"):
        particles.simulate(MODEL, Euler(layers=20), until=1.0, start=Samples(POINTS[::-1]), checkpoints=again)
    whole = particles.simulate(MODEL, Euler(layers=20), **options)
    assert particles.simulate(MODEL, Euler(layers=20), **options, checkpoints=again).digests() == whole.digests()
