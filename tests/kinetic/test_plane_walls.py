"""Claims about the edge of a rectangle: what sticks there, in its corners too, is of third order; no mass is lost."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from kinetic import CWENO3, Explicit, Grid, Plane, PlaneProblem, PlaneSolution, Solution, evolve, load, solve
from kinetic.schemes import Scheme
from particles.base.arrays import Floats
from particles.base.errors import InputError, NotFiniteError
from particles.model import IDENTITY, MEAN_COUPLED, Model, Normal, Product, cases
from tests.kinetic.planes import EXAMPLES, averages, normal

UNTIL, SPREAD = 2.0, 0.6
THIRD = CWENO3(eps="h^2")


def box(cells: int) -> Plane:
    return Plane(Grid(2.0, 8.0, cells=cells), Grid(2.0, 8.0, cells=cells))


def outwards(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return np.tanh(x - 5.0), np.tanh(y - 5.0)


def coupled(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    return np.tanh((x - 5.0) + 0.3 * (y - 5.0)), np.tanh(-0.2 * (x - 5.0) + 0.8 * (y - 5.0) - 0.2)


def sticky(field: Any, cells: int) -> PlaneSolution:
    start = box(cells).averages_of(normal(np.array([5.0, 5.0]), SPREAD**2 * np.eye(2)), nodes=5)
    return evolve(PlaneProblem(field, "wall"), start, box(cells), Explicit(THIRD), until=UNTIL)


def product_errors(cells: int) -> tuple[float, float, float]:
    """L1 inside, the largest L1 of a wall, the largest error of a corner: products of F(x) = Phi(X_-t(x)/sigma)."""
    solution, grid = sticky(outwards, cells), box(cells).x
    cdf = ndtr(np.arcsinh(math.exp(-UNTIL) * np.sinh(grid.faces - 5.0)) / SPREAD)
    cell, beyond = np.diff(cdf), 1.0 - cdf[-1]
    edge = solution.edge(UNTIL)
    walls = [np.abs(edge[name] - beyond * cell).sum() for name in ("x_low", "x_high", "y_low", "y_high")]
    inside = np.abs(solution.averages[-1] * grid.h**2 - np.outer(cell, cell)).sum()
    return float(inside), float(max(walls)), float(np.abs(edge["corners"] - beyond**2).max())


def test_density_walls_and_corners_of_a_product_are_of_third_order() -> None:
    """Against the independent implementation of test_plane.py too."""
    found = np.array([product_errors(cells) for cells in (30, 60, 120)])
    wanted = [
        [7.8564e-3, 7.6694e-4, 5.4334e-5], [1.0409e-3, 1.0198e-4, 7.0960e-6], [1.3268e-4, 1.2339e-5, 8.5512e-7]
    ]  # fmt: skip
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    assert np.all(np.log2(found[1] / found[2]) > 2.8)


def parts(solution: PlaneSolution) -> Floats:
    edge = solution.edge(UNTIL)
    inside = solution.averages[-1].sum() * solution.grid.size
    return np.array([inside, *(edge[k].sum() for k in ("x_low", "x_high", "y_low", "y_high")), *edge["corners"]])


def test_a_coupled_field_fills_the_nine_parts_as_clamped_particles_do() -> None:
    """1e5 particles by Heun's midpoint rule in 200 steps; z of nine masses below 4, a false alarm of 6e-4 a key."""
    rng, count, dt = np.random.default_rng(3), 100_000, UNTIL / 200
    x = 5.0 + SPREAD * rng.normal(size=(2, count))
    for _ in range(200):
        middle = np.clip(x + 0.5 * dt * np.array(coupled(x[0], x[1], 0.0, None)), 2.0, 8.0)
        x = np.clip(x + dt * np.array(coupled(middle[0], middle[1], 0.0, None)), 2.0, 8.0)
    low, high = x <= 2.0, x >= 8.0
    free = ~low & ~high
    seen = [free[0] & free[1], low[0] & free[1], high[0] & free[1], free[0] & low[1], free[0] & high[1]]
    seen += [low[0] & low[1], high[0] & low[1], low[0] & high[1], high[0] & high[1]]
    share, wanted = np.array([part.mean() for part in seen]), parts(sticky(coupled, 60))
    assert np.all(np.abs(share - wanted) < 4.0 * np.sqrt(np.maximum(wanted * (1.0 - wanted), 1e-6) / count) + 1e-4)


def test_coupled_walls_converge_at_third_order() -> None:
    coarse, middle, fine = (parts(sticky(coupled, cells)) for cells in (30, 60, 120))
    assert np.all(np.log2(np.abs(coarse - middle) / np.abs(middle - fine))[[0, 1, 2, 3, 4]] > 2.5)


def test_mass_is_kept_to_rounding_over_a_thousand_steps() -> None:
    plane, start = Plane(Grid(2.0, 8.0, cells=24), Grid(2.0, 8.0, cells=20)), np.full((20, 24), 1.0 / 36.0)
    solution = evolve(PlaneProblem(coupled, "wall"), start, plane, Explicit(cfl=0.02), until=6.0, times=(0.0, 1.0, 3.0))
    assert solution.steps > 1000
    for t in solution.times:
        assert abs(solution.mass(t) - 1.0) < 1e-13


@pytest.mark.parametrize("boundary", ["periodic", "reflecting"])
def test_nothing_leaves_where_nothing_may(boundary: Any) -> None:
    grid = box(32)
    start = grid.averages_of(normal(np.array([5.0, 4.0]), np.eye(2)))
    solution = evolve(PlaneProblem(outwards, boundary, 0.1), start, grid, until=0.5)
    assert solution.mass(0.5) == pytest.approx(start.sum() * grid.size, rel=1e-13)
    assert not solution.atoms.any()


def test_masses_at_an_edge_where_nothing_sticks_stay_there() -> None:
    given = np.zeros(36)
    given[[3, 33]] = 0.25, 0.5
    solution = evolve(PlaneProblem(outwards, "reflecting", 0.1), np.ones((8, 8)), box(8), atoms=given, until=0.2)
    np.testing.assert_array_equal(solution.atoms[-1], given)
    assert solution.mass(0.2) == pytest.approx(36.75, rel=1e-13)


def test_a_periodic_field_carries_a_wave_once_around() -> None:
    """Speeds (1, 2) on the unit square for the time 1: every wave is back, at third order."""
    errors = []
    for cells in (20, 40, 80):
        grid = Plane(Grid(0.0, 1.0, cells=cells), Grid(0.0, 1.0, cells=cells))
        start = grid.averages_of(lambda x, y: 1.0 + 0.5 * np.sin(2.0 * np.pi * (x + y)))
        problem = PlaneProblem(lambda x, y, t, mean: (1.0 + 0.0 * x, 2.0 + 0.0 * y), "periodic")
        errors.append(np.abs(evolve(problem, start, grid, until=1.0).averages[-1] - start).mean())
    assert math.log2(errors[1] / errors[2]) > 2.8


def test_widths_may_differ() -> None:
    """Length in y in another unit, by a power of two: the same bits, in the units of the density."""
    example, cells = EXAMPLES["lin"], 40
    start, _ = averages(example, cells)
    plane = example.plane(cells)
    long = Plane(plane.x, Grid(4.0 * plane.y.lo, 4.0 * plane.y.hi, cells=cells))

    def stretched(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
        first, second = example.speeds(x, 0.25 * y, t, mean)
        return first, 4.0 * second

    one = evolve(PlaneProblem(example.speeds, "wall"), start, plane, until=0.5)
    other = evolve(PlaneProblem(stretched, "wall"), 0.25 * start, long, until=0.5)
    np.testing.assert_array_equal(4.0 * other.averages[-1], one.averages[-1])
    np.testing.assert_array_equal(other.atoms[-1], one.atoms[-1])


def test_axes_may_be_exchanged() -> None:
    example, cells = EXAMPLES["tanhfull"], 40
    start, _ = averages(example, cells)

    def exchanged(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
        first, second = example.speeds(y, x, t, mean)
        return second, first

    one = evolve(PlaneProblem(example.speeds, "wall"), start, example.plane(cells), until=0.5)
    other = evolve(PlaneProblem(exchanged, "wall"), start.T, example.plane(cells), until=0.5)
    np.testing.assert_allclose(other.averages[-1].T, one.averages[-1], atol=1e-15)


# models --------------------------------------------------------------------------------------------------------------


def test_regression_contracts_as_its_exact_flow_does() -> None:
    """Mean 1 and 0; standard deviations .64851870 and .40757063 at t = 1 and 2, by the flow map of tanh."""
    errors = []
    for cells in (80, 160):
        plane = Plane(Grid(-7.0, 9.0, cells=cells), Grid(-8.0, 8.0, cells=cells))
        solution = solve(cases["regression-2d"].model, plane, until=2.0, times=(1.0,))
        for t, std in ((1.0, 0.64851870), (2.0, 0.40757063)):
            np.testing.assert_allclose(solution.mean(t), [1.0, 0.0], atol=1e-12)
            spread = np.sqrt(np.diag(solution.covariance(t)))
            np.testing.assert_allclose(spread, std, rtol=4e-3)
            errors.append(abs(spread[0] - std))
    assert math.log2(errors[0] / errors[2]) > 2.7
    assert math.log2(errors[1] / errors[3]) > 1.9


def test_a_bias_that_follows_the_mean_keeps_it_and_spreads_by_the_exponential() -> None:
    """x' = w (x - m1)/2, w = [[0, 2], [2, 0]]: from S = I/2 the covariance is cosh 2t and sinh 2t, halved."""
    start = Product([Normal(0.5, 0.5), Normal(-0.25, 0.5)])
    model = Model(drift=IDENTITY, weight=np.array([[0.0, 2.0], [2.0, 0.0]]), bias=MEAN_COUPLED, initial=start)
    solution = solve(model, Plane(Grid(-6.0, 6.0, cells=96), Grid(-6.0, 6.0, cells=80)), until=0.5)
    np.testing.assert_allclose(solution.mean(0.5), [0.5, -0.25], atol=1e-6)
    c, s = math.cosh(1.0) / 2.0, math.sinh(1.0) / 2.0
    np.testing.assert_allclose(solution.covariance(0.5), [[c, s], [s, c]], rtol=2e-4)


def test_parameters_that_are_functions_of_time_are_taken_at_the_stages() -> None:
    """Rotation at the rate (pi/2) cos t to t = pi/2 turns by a quarter."""
    turn = np.pi * np.array([[0.0, -1.0], [1.0, 0.0]])
    start = Product([Normal(1.0, 0.25), Normal(0.0, 0.1)])
    model = Model(drift=IDENTITY, weight=lambda t: math.cos(t) * turn, bias=0.0, initial=start)
    solution = solve(model, Plane(Grid(-4.0, 4.0, cells=100), Grid(-4.0, 4.0, cells=100)), until=math.pi / 2.0)
    np.testing.assert_allclose(solution.mean(math.pi / 2.0), [0.0, 1.0], atol=1e-4)
    np.testing.assert_allclose(solution.covariance(math.pi / 2.0), [[0.1, 0.0], [0.0, 0.25]], atol=2e-3)


def downwards(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    """Out of the wall x high above y = 5, into it below, and down along it."""
    return y - 5.0 + 0.0 * x, -1.0 + 0.0 * y + 0.0 * x


def exchanged(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
    second, first = downwards(y, x, t, mean)
    return first, second


@pytest.mark.parametrize(("field", "wall"), [(downwards, "x_high"), (exchanged, "y_high")])
def test_mass_that_a_wall_holds_back_is_told_of(field: Any, wall: str) -> None:
    solution = sticky(field, 30)
    release, masses, middles = solution.release, solution.edge(UNTIL)[wall], box(30).x.centres
    assert release is not None
    assert (release.wall, release.time) == (wall.replace("_", " "), UNTIL)
    assert release.mass == pytest.approx(masses[(middles < 5.0) & (masses > 0.0)].sum(), rel=1e-12)
    assert release.mass > 1e-5
    assert release.at == middles[middles < 5.0][masses[middles < 5.0].argmax()]
    assert release.sentence == solution.provenance["cautions"][-1]
    assert "it stays, as particles at a sticky wall do" in release.sentence


@pytest.mark.parametrize("until", [0.9, 1.5])
def test_a_field_that_turns_releases_what_stuck(until: float) -> None:
    """Outwards until t = 1, inwards then; the control ends before."""

    def turns(x: Floats, y: Floats, t: float, mean: Floats | None) -> tuple[Floats, Floats]:
        return (1.0 - t) * np.tanh(x - 5.0) + 0.0 * y, 0.0 * x + 0.0 * y

    start = box(16).averages_of(normal(np.array([5.0, 5.0]), np.eye(2)))
    problem = PlaneProblem(turns, "wall", steady=False, varying=True)
    solution = evolve(problem, start, box(16), until=until)
    assert (solution.release is not None) == (until > 1.0)
    if solution.release is not None:
        assert solution.release.mass == pytest.approx(solution.edge(until)["x_low"].sum(), rel=1e-6)


def test_walls_that_release_nothing_are_not_told_of(tmp_path: Path) -> None:
    """The control: fields that point outwards wherever mass has come."""
    solution = sticky(outwards, 24)
    assert solution.release is None
    assert solution.provenance["cautions"] == []
    told = sticky(downwards, 24)
    told.save(tmp_path / "plane.nc")
    assert load(tmp_path / "plane.nc").release == told.release


def test_what_a_file_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the plane every stored time fills a variable of its own; on the line all of them share one."""
    big = Plane(Grid(0.0, 1.0, cells=16384), Grid(0.0, 1.0, cells=16383))
    PlaneSolution.require_room(big, 8)
    with pytest.raises(InputError, match=r"9 stored times of 18 GiB: a record .* holds 16 GiB"):
        PlaneSolution.require_room(big, 9)
    with pytest.raises(InputError, match=r"a stored time of 2 GiB: a record .* holds 2 GiB"):
        PlaneSolution.require_room(Plane(big.x, big.x), 1)
    Solution.require_room(Grid(0.0, 1.0, cells=10**8), 2)
    with pytest.raises(InputError, match=r"3 stored times of 2\.24 GiB"):
        Solution.require_room(Grid(0.0, 1.0, cells=10**8), 3)
    solution = sticky(outwards, 12)
    monkeypatch.setattr("kinetic.record.LARGEST_PART", 8 * 143)
    with pytest.raises(InputError, match=r"12 x 12 cells .*: a stored time of"):
        solution.save(tmp_path / "plane.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_file_holds_one_stored_time_after_the_other(tmp_path: Path) -> None:
    from scipy.io import netcdf_file

    solution = evolve(WALL, EVEN, box(8), until=0.5, times=(0.1, 0.2))
    solution.save(tmp_path / "plane.nc")
    with netcdf_file(tmp_path / "plane.nc", mmap=False) as file:
        assert file.dimensions["time"] is None
        assert file.version_byte == 2
        np.testing.assert_array_equal(file.variables["average"][:], solution.averages)
    assert load(tmp_path / "plane.nc").digests() == solution.digests()


def test_marginals_are_measures_of_the_line() -> None:
    solution = sticky(outwards, 60)
    for axis in (0, 1):
        marginal = solution.marginal(UNTIL, axis)
        assert marginal.mass == pytest.approx(solution.mass(UNTIL), abs=1e-13)
        beyond = 1.0 - ndtr(np.arcsinh(math.exp(-UNTIL) * math.sinh(3.0)) / SPREAD)
        np.testing.assert_allclose(marginal.masses, beyond, atol=2e-4)


def test_a_record_of_walls_that_undershoot_comes_back(tmp_path: Path) -> None:
    """Averages along a wall go below 0 as those of the density do: that is no damage."""
    solution = sticky(lambda x, y, t, mean: (np.tanh(9.0 * (x - 5.0)), np.sin(2.0 * (y + x))), 24)
    assert solution.atoms.min() < -1e-6
    solution.save(tmp_path / "plane.nc")
    np.testing.assert_array_equal(load(tmp_path / "plane.nc").atoms, solution.atoms)


def test_marginals_of_next_to_nothing_are_measures_too() -> None:
    """The relative eps of the weights is out of reach of what is left inside: linear weights take over."""
    grown = PlaneProblem(lambda x, y, t, mean: (40.0 * (x - 5.0), 40.0 * (y - 5.0)), "wall")
    start = np.zeros((12, 12))
    start[2, 3] = 16.0 / 4.0
    solution = evolve(grown, start, box(12), until=2.0)
    assert np.abs(solution.averages[-1]).max() < 1e-10
    assert solution.marginal(2.0, 0).mass == pytest.approx(1.0, abs=1e-12)


def test_a_field_may_work_in_place() -> None:
    def shifts(x: Any, y: Any, t: float, mean: Any) -> tuple[Any, Any]:
        x -= 5.0
        y -= 5.0
        return x, y

    assert np.array_equal(sticky(shifts, 12).averages, sticky(lambda x, y, t, m: (x - 5.0, y - 5.0), 12).averages)


WALL, EVEN = PlaneProblem(outwards, "wall"), np.ones((8, 8))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Plane(Grid(0.0, 1.0, cells=9), 3), "y = 3 must be a Grid"),
        (lambda: solve(cases["regression"].model, box(8), until=1.0), "allowed are two features and one neuron"),
        (lambda: solve(cases["regression-2d"].model, Grid(0.0, 1.0, cells=9), until=1.0), "a model of dimension 2"),
        (lambda: PlaneProblem(outwards, "outflow"), "boundary = 'outflow' must be one of periodic, wall"),
        (lambda: PlaneProblem(outwards, "wall", 1.0), "boundary = 'wall' with diffusion"),
        (lambda: PlaneProblem(outwards, "wall", -1.0), "diffusivity = -1.0 must be a finite number of at least 0"),
        (lambda: PlaneProblem(3.0, "wall"), "field = 3.0 must be a function (x, y, t, mean)"),
        (lambda: PlaneProblem(outwards, "periodic", "a"), "diffusivity = 'a' must be a number"),
        (
            lambda: evolve(PlaneProblem(lambda x, y, t, m: (np.ones(3), y), "wall"), EVEN, box(8), until=1.0),
            "must broadcast to (",
        ),
        (lambda: evolve(PlaneProblem(lambda x, y, t, m: x, "wall"), EVEN, box(8), until=1.0), "must be two arrays"),
        (lambda: evolve(PlaneProblem(lambda x, y, t, m: 3 * (x,), "wall"), EVEN, box(8), until=1.0), "be two arrays"),
        (lambda: evolve(PlaneProblem(lambda x, y, t, m: (1j * x, y), "wall"), EVEN, box(8), until=1.0), "complex128"),
        (
            lambda: evolve(PlaneProblem(outwards, "wall", breakpoints=0.1), EVEN, box(8), until=1.0),  # type: ignore[arg-type]
            "breakpoints of shape () must be one row of numbers",
        ),
        (lambda: evolve(WALL, np.ma.masked_array(EVEN, mask=np.eye(8)), box(8), until=1.0), "averages hold 8 masked"),
        (lambda: evolve(WALL, np.ones(8), box(8), until=1.0), "averages of shape (8,) must be"),
        (lambda: evolve(WALL, np.ones((8, 7)), box(8), until=1.0), "allowed is (N_y, N_x) = (8, 8)"),
        (lambda: evolve(WALL, EVEN, box(8), atoms=np.zeros(2), until=1.0), "must be 36 finite masses"),
        (lambda: evolve(WALL, EVEN, Grid(0.0, 1.0, cells=8), until=1.0), "must be a Problem"),
        (
            lambda: evolve(PlaneProblem(outwards, "periodic", 1.0), EVEN, box(8), Explicit(fourier=0.48), until=1.0),
            "fourier = 0.48 must lie in",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence(make: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cell_or_a_speed_that_is_not_finite_is_named() -> None:
    start = EVEN.copy()
    start[3, 5] = np.inf
    with pytest.raises(InputError, match=r"averages\[3, 5\] = inf \(x = 6.125, y = 4.625\) must be finite"):
        evolve(WALL, start, box(8), until=1.0)
    with pytest.raises(NotFiniteError, match="a speed at a face of the plane is not finite at t = 0"):
        evolve(PlaneProblem(lambda x, y, t, mean: (np.inf + x, y), "wall"), EVEN, box(8), until=1.0)


class Own(Scheme):
    name = "own"
    cfl = 0.5


def test_a_scheme_of_the_line_is_refused() -> None:
    with pytest.raises(InputError, match="scheme = 'own' in the plane: allowed is 'explicit' or 'imex' or"):
        evolve(PlaneProblem(outwards, "reflecting", 0.1), EVEN, box(8), Own(), until=1.0)
    with pytest.raises(InputError, match=r"scheme = 'own' must state its stepper"):
        Own().stepper(PlaneProblem(outwards, "reflecting", 0.1), EVEN, box(8), np.zeros(36))
