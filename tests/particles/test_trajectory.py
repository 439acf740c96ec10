"""The record of a run on disk: whole or not at all."""

from __future__ import annotations

import json
import math
import os
import random
import resource
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from particles import trajectory
from particles.base import parallel
from particles.base.errors import InputError, StorageError
from particles.model import TANH, Model, Normal, cases
from particles.schemes.flow import ExactFlow
from particles.simulate import simulate
from particles.trajectory import COUNTS, FIELD, META, Trajectory, load

MODEL = cases["regression"].model


def run(seed: int = 0, count: int = 5000) -> Trajectory:
    return simulate(MODEL, ExactFlow(), count=count, until=2.0, times=(0.0, 1.0, 2.0), seed=seed)


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    saved = run()
    saved.save(tmp_path / "out")
    loaded = load(tmp_path / "out")
    assert loaded.times == saved.times
    assert loaded.digests() == saved.digests()
    assert loaded.moments.tobytes() == saved.moments.tobytes()
    assert (loaded.count, loaded.info["seed"]) == (5000, 0)
    np.testing.assert_array_equal(loaded.at(1.0).points, saved.at(1.0).points)
    assert listing(tmp_path) == {"out", "out/x.npy", "out/meta.json"}


def test_variances_are_stored_and_those_of_an_older_record_come_from_its_clouds(tmp_path: Path) -> None:
    saved = run()
    saved.save(tmp_path / "out")
    assert load(tmp_path / "out").variances.tobytes() == saved.variances.tobytes()
    break_meta(tmp_path / "out", variances=None)
    np.testing.assert_allclose(load(tmp_path / "out").variances, saved.variances, rtol=1e-13)


def test_variances_of_an_older_record_without_clouds_are_unknown_and_stay_so(tmp_path: Path) -> None:
    simulate(MODEL, ExactFlow(), count=100, until=2.0, keep_clouds=False).save(tmp_path / "out")
    break_meta(tmp_path / "out", variances=None)
    loaded = load(tmp_path / "out")
    assert np.isnan(loaded.variances).all()
    loaded.save(tmp_path / "again")
    assert np.isnan(load(tmp_path / "again").variances).all()


def test_field_is_a_plain_numpy_file(tmp_path: Path) -> None:
    saved = run()
    saved.save(tmp_path / "out")
    field = np.load(tmp_path / "out" / "x.npy", allow_pickle=False)
    assert (field.shape, field.dtype) == ((3, 1, 5000), np.dtype("<f8"))
    np.testing.assert_array_equal(field, np.array(saved.states))


def test_a_run_is_a_dataset_of_xarray(tmp_path: Path) -> None:
    options = {"count": 50, "until": 2.0, "times": (1.0, 2.0), "histogram": (-1.0, 3.0, 8)}
    simulate(MODEL, ExactFlow(), **options).save(tmp_path / "out")
    loaded = load(tmp_path / "out")
    data = loaded.to_xarray()
    assert dict(data.sizes) == {"time": 2, "component": 1, "particle": 50, "cell": 10}
    assert data.x.sel(time=2.0, component=0).values.tobytes() == np.asarray(loaded.state(2.0)[0]).tobytes()
    np.testing.assert_allclose(data["mean"], data.x.mean("particle"), rtol=1e-12)
    np.testing.assert_allclose(data.energy, (data.x**2).mean("particle"), rtol=1e-12)
    np.testing.assert_allclose(data.variance, data.x.var("particle"), rtol=1e-12)
    cells = np.digitize(loaded.state(1.0)[0], data.cell[1:])
    np.testing.assert_array_equal(data.counts[0, 0], np.bincount(cells, minlength=10))
    assert json.loads(data.attrs["record"])["seed"] == 0
    assert set(simulate(MODEL, ExactFlow(), count=5, until=1.0, keep_clouds=False).to_xarray()) == {
        "mean", "energy", "variance",
    }  # fmt: skip


def test_loaded_run_can_be_saved_again(tmp_path: Path) -> None:
    run().save(tmp_path / "one")
    load(tmp_path / "one").save(tmp_path / "two")
    assert load(tmp_path / "two").digests() == load(tmp_path / "one").digests()


def test_loaded_run_can_be_saved_onto_itself(tmp_path: Path) -> None:
    run().save(tmp_path / "one")
    digests = load(tmp_path / "one").digests()
    load(tmp_path / "one").save(tmp_path / "one")
    assert load(tmp_path / "one").digests() == digests


def test_newer_run_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    run(seed=0).save(tmp_path / "out")
    newer = run(seed=1)
    newer.save(tmp_path / "out")
    assert load(tmp_path / "out").digests() == newer.digests()
    assert listing(tmp_path) == {"out", "out/x.npy", "out/meta.json"}


def test_time_that_is_not_stored_is_refused() -> None:
    saved = run(count=10)
    with pytest.raises(InputError, match="stored are 0, 1, 2"):
        saved.at(0.5)


@pytest.mark.parametrize("where", ["_write", "_finish", "replace_folder", "write_json"])
def test_disk_error_leaves_the_older_run_whole(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    older = run(seed=0)
    older.save(tmp_path / "out")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Trajectory if where.startswith("_") else trajectory, where, fail)
    with pytest.raises(StorageError, match="No space left"):
        run(seed=1).save(tmp_path / "out")
    monkeypatch.undo()
    assert load(tmp_path / "out").digests() == older.digests()
    assert listing(tmp_path) == {"out", "out/x.npy", "out/meta.json"}


def test_failing_rename_leaves_the_older_run_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = run(seed=0)
    older.save(tmp_path / "out")
    rename = os.rename

    def fail_for_the_draft(source: object, target: object) -> None:
        if "draft" in str(source):
            raise OSError(5, "Input/output error")
        rename(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "rename", fail_for_the_draft)
    with pytest.raises(StorageError):
        run(seed=1).save(tmp_path / "out")
    monkeypatch.undo()
    assert load(tmp_path / "out").digests() == older.digests()


def test_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of a file stands for the full disk: a real error of the system, not a patched one."""
    result, limits = run(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        with pytest.raises(StorageError):
            result.save(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert listing(tmp_path) == set()


def break_meta(folder: Path, **changes: object) -> None:
    """Change the description of a run as an older version would have stored it, without sums."""
    meta = json.loads((folder / META).read_text())
    for key in ("format", "sums", "sha256"):
        meta.pop(key, None)
    for key, value in changes.items():
        if value is None:
            del meta[key]
        else:
            meta[key] = value
    (folder / META).write_text(json.dumps(meta))


def cut(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])


TORN = {
    "no-folder": shutil.rmtree,
    "no-meta": lambda folder: (folder / META).unlink(),
    "no-field": lambda folder: (folder / "x.npy").unlink(),
    "cut-meta": lambda folder: cut(folder / META, 100),
    "empty-meta": lambda folder: cut(folder / META, 0),
    "meta-is-a-list": lambda folder: (folder / META).write_text("[]"),
    "cut-field": lambda folder: cut(folder / "x.npy", 5000),
    "cut-by-a-byte": lambda folder: cut(folder / "x.npy", (folder / "x.npy").stat().st_size - 1),
    "cut-header": lambda folder: cut(folder / "x.npy", 40),
    "empty-field": lambda folder: cut(folder / "x.npy", 0),
    "other-shape": lambda folder: np.save(folder / "x.npy", np.zeros((3, 1, 4999))),
    "other-type": lambda folder: np.save(folder / "x.npy", np.zeros((3, 1, 5000), dtype=np.float32)),
    "objects": lambda folder: np.save(folder / "x.npy", np.full((3, 1, 5000), None)),
    "no-times": lambda folder: break_meta(folder, times=None),
    "no-count": lambda folder: break_meta(folder, count=None),
    "no-neurons": lambda folder: break_meta(folder, neurons=None),
    "no-scheme": lambda folder: break_meta(folder, scheme=None),
    "fewer-times": lambda folder: break_meta(folder, times=[0.0, 1.0]),
    "words-as-times": lambda folder: break_meta(folder, times=["a", "b", "c"]),
    "fewer-moments": lambda folder: break_meta(folder, moments=[[[0.0], [1.0]]]),
    "ragged-moments": lambda folder: break_meta(folder, moments=[[0.0], [1.0, 2.0], []]),
    "count-is-a-word": lambda folder: break_meta(folder, count="many"),
    "count-is-a-truth-value": lambda folder: break_meta(folder, count=True),
    "times-that-fall": lambda folder: break_meta(folder, times=[0.0, 2.0, 1.0]),
    "times-below-0": lambda folder: break_meta(folder, times=[-1.0, 1.0, 2.0]),
    "moments-of-others": lambda folder: break_meta(folder, moments=[[[1.0], [3.0]]] * 3),
    "variances-of-others": lambda folder: break_meta(folder, variances=[[1.0]] * 3),
    "negative-variances": lambda folder: break_meta(folder, variances=[[-1.0]] * 3),
}


@pytest.mark.parametrize("how", TORN)
def test_torn_folder_is_refused(tmp_path: Path, how: str) -> None:
    run().save(tmp_path / "out")
    TORN[how](tmp_path / "out")
    with pytest.raises(InputError):
        load(tmp_path / "out")


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("name", [META, FIELD, COUNTS])
def test_no_bit_of_a_record_can_change_unseen(tmp_path: Path, name: str) -> None:
    """Of bits drawn at random; white space of the description alone may become other white space."""
    out = tmp_path / "out"
    simulate(MODEL, ExactFlow(), count=200, until=2.0, times=(0.0, 2.0), histogram=(-4.0, 6.0, 8)).save(out)
    right, before = load(out), (out / name).read_bytes()
    for bit in random.Random(1).sample(range(8 * len(before)), 100):
        flip(out / name, bit)
        try:
            found = load(out)
        except InputError:
            pass
        else:
            assert name == META
            assert found.info == right.info
            assert found.times == right.times
            assert found.moments.tobytes() == right.moments.tobytes()
        (out / name).write_bytes(before)
    assert load(out).digests() == right.digests()


def test_record_without_sums_is_read_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run().save(tmp_path / "out")
    assert (load(tmp_path / "out").digests(), capsys.readouterr().err) == (run().digests(), "")
    break_meta(tmp_path / "out")
    assert load(tmp_path / "out").digests() == run().digests()
    assert capsys.readouterr().err.count("without sums") == 1


def test_histogram_without_sums_must_count_all_particles(tmp_path: Path) -> None:
    simulate(MODEL, ExactFlow(), count=200, until=2.0, histogram=(-4.0, 6.0, 8)).save(tmp_path / "out")
    break_meta(tmp_path / "out")
    load(tmp_path / "out")
    counts = np.load(tmp_path / "out" / COUNTS)
    counts[0, 0, 3] += 1
    np.save(tmp_path / "out" / COUNTS, counts)
    with pytest.raises(InputError, match="does not count 200 particles"):
        load(tmp_path / "out")


def test_neurons_are_stored_and_read_out(tmp_path: Path) -> None:
    model = Model(drift=TANH, weight=-np.ones((2, 2)), bias=0.0, initial=Normal(0.0, 1.0), neurons=2)
    from particles.schemes.euler import Euler

    saved = simulate(model, Euler(layers=4), count=20, until=1.0, comm=parallel.serial())
    saved.save(tmp_path / "out")
    loaded = load(tmp_path / "out")
    assert loaded.states[0].shape == (2, 20)
    assert loaded.at(1.0).points.shape == (1, 20)
    assert math.isclose(loaded.at(1.0).mass, 1.0)


def test_record_cannot_be_changed() -> None:
    """Immutable down to its arrays."""
    result = run(count=10)
    with pytest.raises(AttributeError):
        result.times = ()  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        result.states[0][0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        result.moments[0] = 1.0


@pytest.mark.parametrize("keep", [True, False])
def test_histogram_is_stored(tmp_path: Path, keep: bool) -> None:
    saved = simulate(
        MODEL, ExactFlow(), count=5000, until=2.0, times=(0.0, 2.0), histogram=(-4.0, 6.0, 30), keep_clouds=keep
    )
    saved.save(tmp_path / "out")
    loaded = load(tmp_path / "out")
    assert listing(tmp_path / "out") == {"meta.json", "histogram.npy"} | ({"x.npy"} if keep else set())
    assert loaded.counts_digest() == saved.counts_digest() is not None
    np.testing.assert_array_equal(loaded.histogram(2.0)[0], saved.histogram(2.0)[0])
    np.testing.assert_allclose(loaded.histogram(2.0)[1], np.linspace(-4.0, 6.0, 31), atol=1e-14)
    assert loaded.digests() == saved.digests()
    assert len(loaded.digests()) == (2 if keep else 0)
    loaded.save(tmp_path / "again")
    assert load(tmp_path / "again").counts_digest() == saved.counts_digest()
    (tmp_path / "out" / "histogram.npy").unlink()
    with pytest.raises(InputError):
        load(tmp_path / "out")


@pytest.mark.parametrize("name", ["", "missing", "file"])
def test_what_is_no_run_is_called_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"holds no particle run: there is no meta\.json in it"):
        load(tmp_path / name)
