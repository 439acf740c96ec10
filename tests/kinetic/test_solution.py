"""Claims about `kinetic.solution`: the record of a run, and its file."""

import dataclasses
import json
import random
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from kinetic import CWENO3, Explicit, Grid, Linear, LinearFlux, Problem, Solution, evolve, load, solve
from particles.base.errors import InputError, StorageError
from particles.model import cases


@pytest.fixture(scope="module")
def record() -> Solution:
    return solve(cases["vehicles"].model, Grid(2.0, 8.0, cells=60), until=2.0, times=(0.0, 1.0))


def test_the_measure_holds_density_and_atoms_and_all_the_mass(record: Solution) -> None:
    measure = record.at(2.0)
    assert np.array_equal(measure.points, [[2.0, 8.0]])
    assert np.array_equal(measure.masses, record.atoms[2])
    assert abs(measure.mass - 1.0) < 1e-13
    np.testing.assert_allclose(measure.cell_masses / record.grid.h, record.averages[2], rtol=1e-13)


def test_the_cdf_runs_from_the_low_atom_to_the_high_one(record: Solution) -> None:
    cdf = record.cdf(2.0)
    low, high = record.atoms[2]
    assert cdf[0] == low
    assert abs(cdf[-1] + high - 1.0) < 1e-13
    assert np.all(np.diff(cdf) > 0.0)
    np.testing.assert_allclose(record.at(2.0).cdf(record.grid.faces)[:-1], cdf[:-1], rtol=1e-13)


def test_the_density_between_centres_is_third_order() -> None:
    cells, errors = (40, 80, 160), []
    for n in cells:
        grid = Grid(-7.0, 9.0, cells=n)
        p0, p1, p2 = solve(cases["regression"].model, grid, until=0.0).at(0.0).polynomials
        x = grid.centres + 0.3 * grid.h
        exact = (ndtr(x - 1.0 + 1e-5) - ndtr(x - 1.0 - 1e-5)) / 2e-5
        errors.append(np.abs(p0 + 0.3 * p1 + 0.09 * p2 - exact).max())
    assert 2.7 <= -np.polyfit(np.log(cells), np.log(errors), 1)[0] <= 4.0
    assert errors[-1] < 5e-4


def test_a_time_that_is_not_stored_is_refused(record: Solution) -> None:
    with pytest.raises(InputError, match=r"t = 1.5 is not stored: allowed are 0, 1, 2"):
        record.at(1.5)
    assert record.mass(1.0 + 1e-14) == record.mass(1.0)


def test_a_record_cannot_be_changed(record: Solution) -> None:
    with pytest.raises(FrozenInstanceError):
        record.steps = 1  # type: ignore[misc]


def test_shapes_that_do_not_fit_are_refused(record: Solution) -> None:
    with pytest.raises(InputError, match="do not fit 3 times and 60 cells"):
        replace(record, averages=record.averages[:2])


@pytest.mark.parametrize("scheme", [CWENO3(c0=0.5, eps=1e-6, p=1, weights="CW"), CWENO3(), Linear()], ids=repr)
def test_a_record_survives_its_file_bit_for_bit(scheme: CWENO3 | Linear, tmp_path: Path) -> None:
    grid = Grid(0.1, 0.7, cells=31)
    flux = LinearFlux(np.ones(32))
    record = evolve(
        Problem(flux, "periodic"), np.linspace(0.0, 1.0, 31), grid, Explicit(scheme), until=0.3, times=(0.1,)
    )
    record.save(tmp_path / "density.nc")
    again = load(tmp_path / "density.nc")
    for name in (
        "times",
        "grid",
        "scheme",
        "reconstruction",
        "boundary",
        "steps",
        "lowest",
        "lowest_at",
        "stopped",
        "provenance",
    ):
        assert getattr(again, name) == getattr(record, name), name
    assert np.array_equal(again.averages, record.averages)
    assert np.array_equal(again.atoms, record.atoms)
    assert np.array_equal(again.at(0.3).polynomials, record.at(0.3).polynomials)
    assert [file.name for file in tmp_path.iterdir()] == ["density.nc"]


def test_the_file_labels_its_fields(record: Solution, tmp_path: Path) -> None:
    import xarray

    record.save(tmp_path / "density.nc")
    data = xarray.load_dataset(tmp_path / "density.nc", engine="scipy")
    assert data.identical(record.to_xarray())
    assert json.loads(data.attrs["scheme"])["name"] == "explicit"
    assert data["average"].dims == ("time", "x")
    assert all("long_name" in data[name].attrs and "units" in data[name].attrs for name in data.variables)


def test_a_damaged_file_is_refused(record: Solution, tmp_path: Path) -> None:
    record.save(tmp_path / "density.nc")
    whole = (tmp_path / "density.nc").read_bytes()
    damaged = {
        "empty": b"",
        "text": b"not a netCDF file",
        "noise": bytes(range(256)) * 20,
        "header only": whole[:40],
        "half": whole[: len(whole) // 2],
        "cut": whole[:-100],
        "renamed field": whole.replace(b"average", b"averagf"),
        "other format": whole.replace(b"simresnet-kinetic-3", b"simresnet-kinetic-9"),
    }
    for name, content in damaged.items():
        path = tmp_path / f"{name}.nc"
        path.write_bytes(content)
        with pytest.raises(InputError, match=f"{name}.nc cannot be read as a density record: it") as caught:
            load(path)
        unreadable = name in ("empty", "text", "noise", "header only", "half", "cut")
        assert ("no netCDF file of version 3, or damaged" in str(caught.value)) == unreadable, name
    with pytest.raises(InputError, match=r"missing.nc cannot be read"):
        load(tmp_path / "missing.nc")


def test_no_bit_of_a_record_can_change_unseen(record: Solution, tmp_path: Path) -> None:
    """Of bits drawn at random; what loads, a bit of the padding, is the record."""
    path = tmp_path / "density.nc"
    record = dataclasses.replace(record, provenance={})  # the same file whatever the command line of these tests is
    record.save(path)
    whole, seen = path.read_bytes(), 0
    for bit in random.Random(1).sample(range(8 * len(whole)), 100):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            again = load(path)
        except InputError:
            seen += 1
        else:
            assert np.array_equal(again.averages, record.averages)
            assert np.array_equal(again.atoms, record.atoms)
            assert (again.times, again.grid, again.provenance) == (record.times, record.grid, record.provenance)
    assert seen >= 95


def without_sum(path: Path, **changes: object) -> None:
    """Change a record as an older version would have stored it."""
    import xarray

    data = xarray.load_dataset(path, engine="scipy").assign(**changes)
    del data.attrs["sha256"]
    data.assign_attrs(format="simresnet-kinetic-2").to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")


def test_a_record_without_a_sum_is_read_and_told(
    record: Solution, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "density.nc"
    record.save(path)
    assert (load(path).mass(1.0), capsys.readouterr().err) == (record.mass(1.0), "")
    without_sum(path)
    assert load(path).mass(1.0) == record.mass(1.0)
    assert capsys.readouterr().err.count("without a sum") == 1


@pytest.mark.parametrize("how", ["averages", "atom", "times"])
def test_what_is_no_solution_is_refused_without_a_sum(record: Solution, tmp_path: Path, how: str) -> None:
    path = tmp_path / "density.nc"
    record.save(path)
    changes = {
        "averages": {"average": (("time", "x"), 2.0 * record.averages)},
        "atom": {"atom": (("time", "end"), record.atoms - [[1.0, -1.0]])},
        "times": {"time": ("time", [0.0, 2.0, 1.0])},
    }
    without_sum(path, **changes[how])
    with pytest.raises(InputError, match={"averages": "mass", "atom": "atom", "times": "times"}[how]):
        load(path)


def test_a_disk_that_refuses_leaves_nothing(record: Solution, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        record.save(tmp_path / "no folder" / "density.nc")
    assert list(tmp_path.iterdir()) == []
