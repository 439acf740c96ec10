"""What every scheme of the equation promises, those of kinetic and one of a user's own: one row a scheme."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kinetic import (
    CWENO3,
    ChangCooper,
    Diffusivity,
    Explicit,
    Grid,
    Imex,
    Linear,
    LinearFlux,
    Problem,
    Source,
    evolve,
    load,
    solve,
)
from kinetic.schemes import SCHEMES, Scheme, named, of_record, suited
from particles.base.errors import InputError
from particles.model import IDENTITY, Model, Normal, cases, exact_law
from tests.paths import ROOT

PAGE = ROOT / "docs" / "extending.md"


def upwind() -> Scheme:
    """The scheme of docs/extending.md: first-order upwind fluxes, forward Euler."""
    found: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE.read_text().partition("## A scheme for")[2], re.S)[0], found)
    return found["Upwind"]()  # type: ignore[no-any-return]


UPWIND = upwind()
ROWS = [
    *(row for row in SCHEMES.values() if row.on_line),
    Explicit(CWENO3(positive=True), 1.0 / 6.0),
    Explicit(Linear(), 0.3, 0.3, "cut"),
    Imex(Linear(), 0.6),
    ChangCooper("ssprk2", "milne"),
    ChangCooper("implicit-euler", "midpoint", cfl=1.0),
    UPWIND,
]
GRID = Grid(-6.0, 6.0, cells=64)


def model(scheme: Scheme) -> Model:
    """Identity, w = -1, with noise where the scheme takes it; its law stays normal."""
    return Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=0.0 if scheme is UPWIND else 2.0, initial=Normal(0.5, 0.5))


def measured(scheme: Scheme) -> float:
    """Order in L1 of the cell averages at t = 1/4, over three grids."""
    errors, given = [], model(scheme)
    law = exact_law(given, 0.25)
    for cells in (128, 256, 512):
        grid = Grid(-8.0, 8.0, cells=cells)
        found = solve(given, grid, scheme, until=0.25).averages[-1]
        errors.append(grid.h * np.abs(found - grid.averages(law)).sum())  # type: ignore[arg-type]
    return float(-np.polyfit(np.log((128.0, 256.0, 512.0)), np.log(errors), 1)[0])


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_the_order_stated_is_the_order_measured(scheme: Scheme) -> None:
    """CWENO3 may be faster before, up to one order: what its weights differ from the linear ones by dies out sooner."""
    assert scheme.order - 0.25 <= measured(scheme) <= scheme.order + (1.0 if scheme.order == 3 else 0.25)


def test_a_scheme_that_states_a_higher_order_than_it_has_is_found_out() -> None:
    assert measured(UPWIND) < 3.0 - 0.25
    assert measured(ChangCooper()) < 3.0 - 0.25


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_mass_is_kept_to_rounding(scheme: Scheme) -> None:
    record = solve(model(scheme), GRID, scheme, until=2.0, times=(0.5,))
    assert [record.mass(t) for t in record.times] == pytest.approx([1.0, 1.0], abs=1e-13)


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_a_record_keeps_its_scheme_and_reads_it_back(scheme: Scheme, tmp_path: Path) -> None:
    record = solve(model(scheme), GRID, scheme, until=0.1)
    assert record.scheme is scheme
    record.save(tmp_path / "density.nc")
    again = load(tmp_path / "density.nc")
    assert again.scheme == ({"name": "upwind", "cfl": 0.9} if scheme is UPWIND else scheme)
    again.save(tmp_path / "again.nc")
    assert (tmp_path / "again.nc").read_bytes() == (tmp_path / "density.nc").read_bytes()


@pytest.mark.parametrize("scheme", ROWS, ids=repr)
def test_solve_is_evolve_of_the_problem_of_the_model(scheme: Scheme) -> None:
    given, start = model(scheme), np.full(64, 1.0 / 12.0)
    one = solve(given, GRID, scheme, until=0.2, averages=start)
    other = evolve(Problem.of(given, GRID), start, GRID, scheme, until=0.2)
    assert one.averages.tobytes() == other.averages.tobytes()
    assert one.steps == other.steps


def test_a_scheme_that_derives_from_nothing_is_one() -> None:
    stated = {"cfl": 0.9, "steps": "equal", "needs_noise": False, "reconstruction": CWENO3()}
    alone: Any = SimpleNamespace(**stated, describe=lambda: {"name": "alone"}, stepper=UPWIND.stepper)
    found, wanted = (solve(model(UPWIND), GRID, scheme, until=0.3) for scheme in (alone, UPWIND))
    assert np.array_equal(found.averages, wanted.averages)
    assert json.loads(found.to_xarray().attrs["scheme"]) == {"name": "alone"}


OLDER: list[tuple[Scheme, dict[str, Any]]] = [
    (Explicit(cfl=0.3), {"fourier": 0.4, "diffusion": "averages", "time": "SSPRK3"}),
    (Explicit(cfl=0.3, steps="cut"), {"time": "SSPRK3", "steps": "cut"}),
    (Imex(cfl=0.3), {"time": "ARK3(2)4L[2]SA", "diffusion": "implicit"}),
    (ChangCooper("ssprk2", "milne", 0.3), {"flux": "Chang-Cooper", "time": "ssprk2", "quadrature": "milne"}),
]


@pytest.mark.parametrize(("scheme", "told"), OLDER, ids=repr)
def test_the_scheme_of_an_older_record_is_read(scheme: Scheme, told: dict[str, Any]) -> None:
    kind = {"reconstruction": "CWENO3", "c0": 0.75, "eps": "relative", "p": 2, "weights": "CWZ", "positive": False}
    assert of_record({**({} if "flux" in told else kind), "cfl": 0.3, "steps": "equal", **told}) == scheme


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: Explicit(cfl=0.0), r"cfl = 0\.0 must lie in \(0, 1\]"),
    (lambda: Imex(cfl=1.5), r"cfl = 1\.5 must lie in \(0, 1\]"),
    (lambda: ChangCooper(cfl="much"), "cfl = 'much' must be a number"),  # type: ignore[arg-type]
    (lambda: Explicit(CWENO3(positive=True)), r"cfl = 0\.45 must be at most 1/6"),
    (lambda: Imex("weno"), "reconstruction = 'weno' must be a value such as"),  # type: ignore[arg-type]
    (lambda: Explicit(fourier=-3.0), r"fourier = -3\.0 must be a positive finite number"),
    (lambda: Imex(steps="big"), "steps = 'big' must be one of equal, cut"),  # type: ignore[arg-type]
    (lambda: ChangCooper("euler"), "time = 'euler' must be one of ssprk2"),  # type: ignore[arg-type]
    (lambda: ChangCooper(quadrature="simpson"), "quadrature = 'simpson' must be one"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("build", "said"), REFUSED)
def test_a_field_out_of_its_range_is_refused(build: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build()


def test_what_a_scheme_does_not_read_it_does_not_take() -> None:
    for kind, field in ((Imex, "fourier"), (ChangCooper, "fourier"), (ChangCooper, "reconstruction")):
        with pytest.raises(TypeError, match=field):
            kind(**{field: 0.4})  # type: ignore[operator]


@pytest.mark.parametrize("wrong", ["imex", Imex, None])
def test_what_is_no_scheme_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"must be a value: Explicit\(\), Imex\(\), ChangCooper\(\) or one's own"):
        solve(model(Imex()), GRID, wrong, until=1.0)


@pytest.mark.parametrize("scheme", [Imex(), ChangCooper()])
def test_schemes_for_noise_are_refused_without(scheme: Scheme) -> None:
    with pytest.raises(InputError, match=f"scheme = '{scheme.name}' needs noise: nu2 = 0.0 must be above 0"):
        solve(cases["regression"].model, GRID, scheme, until=1.0)


FLUX, SMOOTH, POINTS = LinearFlux(np.ones(65)), Diffusivity(1.0), Diffusivity(np.ones(64), "points")
GROWTH = Source(lambda u: u, 1.0, 1.0)


@pytest.mark.parametrize(
    ("scheme", "problem", "said"),
    [
        (Imex(), Problem(FLUX, "periodic", SMOOTH, GROWTH), "scheme imex: allowed .* no source"),
        (Imex(), Problem(FLUX, "periodic", POINTS), "scheme imex: allowed .* not of points"),
        (Imex(), Problem(FLUX, "wall", SMOOTH), "boundary = 'wall'"),
        (ChangCooper(), Problem(FLUX, "reflecting", SMOOTH), "scheme chang-cooper: allowed .* equation"),
        (UPWIND, Problem(FLUX, "outflow"), "scheme upwind"),
    ],
)
def test_a_problem_that_a_scheme_cannot_do_is_refused(scheme: Scheme, problem: Problem, said: str) -> None:
    with pytest.raises(InputError, match=said):
        evolve(problem, np.ones(64), GRID, scheme, until=0.1)


def test_words_of_command_lines_stand_for_schemes() -> None:
    assert [named(word) for word in ("explicit", "imex", "chang-cooper")] == [Explicit(), Imex(), ChangCooper()]
    with pytest.raises(InputError, match="pde = 'crank' must be one of explicit, imex, chang-cooper"):
        named("crank", "pde")
    assert [suited(cases[name].model) for name in ("regression", "tanh-noise", "ou-2d")] == [
        Explicit(),
        Imex(),
        Explicit(),
    ]


@pytest.mark.parametrize("scheme", [Explicit(), Imex(), ChangCooper(), ChangCooper("ssprk2")], ids=repr)
def test_the_power_stated_is_that_of_the_steps(scheme: Scheme) -> None:
    """Twice the cells take 2^power times the work: as many cells a step, the rest in steps."""
    few, many = (solve(model(scheme), Grid(-6.0, 6.0, cells=n), scheme, until=0.5).steps for n in (400, 800))
    assert 2.0 * many / few == pytest.approx(2.0 ** scheme.power(True), rel=0.1)
