"""Fixed blocks, the three starts, block sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from particles.base import parallel
from particles.base.errors import InputError, NotFiniteError
from particles.base.sums import exact_parts
from particles.ensemble import BLOCK, CHUNK, STARTS, Bins, CountError, Ensemble
from particles.model import TANH, Law, Mixture, Model, Normal, Product, Uniform
from particles.run import Run
from particles.schemes.euler import Euler


@dataclass
class Part:
    """A rank of so many, without MPI: enough to ask who owns what."""

    rank: int
    size: int

    def concatenate(self, local: Any) -> Any:
        return local


def parts(count: int, size: int) -> list[Ensemble]:
    return [Ensemble(count, Part(rank, size)) for rank in range(size)]  # type: ignore[arg-type]


def model(law: Any, **changes: Any) -> Model:
    return Model(**({"drift": TANH, "weight": -1.0, "bias": 0.0, "initial": law} | changes))


@pytest.mark.parametrize("count", [1, 7, BLOCK, BLOCK + 1, 12347, 100003])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 40])
def test_ranks_own_consecutive_whole_blocks_in_balance(count: int, size: int) -> None:
    ranges = [part.local for part in parts(count, size)]
    assert [i for r in ranges for i in (r.start, r.stop)][1:-1:2] == [r.start for r in ranges[1:]]
    assert (ranges[0].start, ranges[-1].stop) == (0, count)
    assert all(r.start % BLOCK == 0 or r.start == count for r in ranges)
    blocks = [-(-len(r) // BLOCK) for r in ranges]
    assert max(blocks) - min(blocks) <= 1


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize(
    "law",
    [Normal(1.0, 1.0), Uniform(2.0, 8.0), Mixture([Normal(0.0, 1.0), Uniform(3.0, 4.0)], [0.3, 0.7])],
    ids=["normal", "uniform", "mixture"],
)
def test_starts_are_the_same_bytes_however_they_are_split(start: str, size: int, law: Law) -> None:
    whole = parts(12347, 1)[0].start(model(law), start, 5, 2)
    split = [part.start(model(law), start, 5, 2) for part in parts(12347, size)]
    assert np.concatenate(split, axis=1).tobytes() == whole.tobytes()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_moments_are_the_same_bytes_however_they_are_split(size: int) -> None:
    state = np.random.default_rng(1).normal(size=(2, 12347))
    serial = Ensemble(12347, parallel.serial()).moments(state)
    sums = []
    for part in parts(12347, size):
        gathered: list[Any] = []
        part.ranks.concatenate = lambda local, keep=gathered: keep.append(local) or local  # type: ignore[method-assign]
        part.moments(state[:, part.local.start : part.local.stop])
        sums.append(gathered[0])
    joined = np.concatenate(sums, axis=-1)
    again = np.array([[math.fsum(p) / 12347 for p in component] for component in joined]).T
    assert again.tobytes() == serial.tobytes()
    np.testing.assert_allclose(serial, [state.mean(axis=1), (state**2).mean(axis=1)], rtol=1e-12, atol=1e-13)


def test_variances_are_about_the_clouds_own_mean() -> None:
    """numpy's two passes; control: m2 - m1^2 of the same cloud is off by more than the variance."""
    state = 1e9 + np.random.default_rng(1).normal(size=(2, 12347))
    ensemble = Ensemble(12347, parallel.serial())
    first, second = ensemble.moments(state)
    np.testing.assert_allclose(ensemble.variances(state, first), state.var(axis=1), rtol=1e-13)
    np.testing.assert_allclose(ensemble.variances(state, first + 0.25), state.var(axis=1), rtol=1e-13)
    assert np.all(np.abs(second - first**2 - state.var(axis=1)) > 1.0)


def w1_normal(x: np.ndarray) -> float:
    """int abs(F_M - Phi) exactly: between two points F_M is constant and Psi(z) = z Phi + phi integrates Phi."""

    def psi(z: np.ndarray) -> np.ndarray:
        return z * ndtr(z) + np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)

    x = np.sort(x)
    total = psi(x[0]) + psi(-x[-1])
    for k in range(1, x.size):
        level, a, b = k / x.size, x[k - 1], x[k]
        c = min(max(float(ndtri(level)), a), b)
        total += level * (c - a) - (psi(c) - psi(a)) + (psi(b) - psi(c)) - level * (b - c)
    return float(total)


@pytest.mark.parametrize(("count", "scaled"), [(10, 1.2523), (100, 1.6136), (1000, 1.9172), (10_000, 2.1832)])
def test_quantile_start_of_a_normal_law_has_theorys_distance(count: int, scaled: float) -> None:
    """Theory 3.3: M W1 grows like a logarithm."""
    x = parts(count, 1)[0].start(model(Normal(0.0, 1.0)), "quantile", 0, 0)[0]
    assert count * w1_normal(x) == pytest.approx(scaled, abs=1e-4)


def w1_uniform(u: np.ndarray) -> float:
    """int_0^1 abs(F_M - x) dx exactly, from sorted points of [0, 1]."""
    u = np.sort(u)
    edges = np.concatenate([[0.0], u, [1.0]])
    level = np.arange(u.size + 1) / u.size
    a, b = edges[:-1], edges[1:]
    c = np.clip(level, a, b)
    return float((0.5 * ((c - a) * np.abs(2 * level - a - c) + (b - c) * np.abs(b + c - 2 * level))).sum())


@pytest.mark.parametrize("count", [1, 7, 1000, 12347])
@pytest.mark.parametrize("law", [Uniform(0.0, 1.0), Uniform(2.0, 8.0)], ids=repr)
def test_quantile_start_of_a_uniform_law_is_a_quarter_of_the_range_over_m(law: Uniform, count: int) -> None:
    x = parts(count, 1)[0].start(model(law), "quantile", 0, 0)[0]
    width = law.high - law.low
    assert count * w1_uniform((x - law.low) / width) * width == pytest.approx(width / 4.0, rel=1e-9)


def test_stratified_start_of_a_uniform_law_is_a_third_of_the_range_over_m() -> None:
    """E W1 = range/(3 M), one term of mean 1/3 and variance 7/180 a cell; false alarm 1e-6."""
    count = 100_003
    x = parts(count, 1)[0].start(model(Uniform(0.0, 1.0)), "stratified", 1, 0)[0]
    np.testing.assert_array_equal(np.floor(x * count), np.arange(count))  # one draw in each cell
    assert abs(count * w1_uniform(x) - 1.0 / 3.0) < 4.9 * math.sqrt(7.0 / 180.0 / count)


def test_random_start_is_neither_stratified_nor_quantile() -> None:
    """Control: sqrt(M) W1 is 0.3133 on average with a spread of 0.136; M W1 is far from 1/3."""
    x = parts(100_003, 1)[0].start(model(Uniform(0.0, 1.0)), "random", 1, 0)[0]
    assert 100_003 * w1_uniform(x) > 10.0


def test_all_neurons_start_at_the_input_of_their_feature() -> None:
    law = Product([Normal(0.0, 1.0), Uniform(5.0, 6.0)])
    state = parts(100, 1)[0].start(model(law, neurons=3), "random", 0, 0)
    assert state.shape == (6, 100)
    for j in range(3):
        np.testing.assert_array_equal(state[2 * j : 2 * j + 2], state[:2])
    assert state[1].min() >= 5.0


def test_start_outside_the_walls_is_put_at_them() -> None:
    x = parts(1000, 1)[0].start(model(Normal(0.0, 1.0), walls=(-0.5, 1.0)), "random", 0, 0)[0]
    assert (x.min(), x.max()) == (-0.5, 1.0)


def test_features_are_drawn_independently() -> None:
    """Correlation of 10^5 pairs within 4.9 standard errors: false alarm 1e-6."""
    law = Product([Normal(0.0, 1.0), Normal(0.0, 1.0)])
    state = parts(100_000, 1)[0].start(model(law), "random", 0, 0)
    assert abs(np.corrcoef(state)[0, 1]) < 4.9 / math.sqrt(100_000)


def test_first_bad_particle_has_its_number_in_the_whole_cloud() -> None:
    state = np.zeros((1, 10))
    ensemble = Ensemble(10, parallel.serial())
    assert ensemble.first_not_finite(state) is None
    state[0, 7:] = math.nan
    assert ensemble.first_not_finite(state) == 7


@pytest.mark.parametrize("start", ["Random", "", "sobol"])
def test_unknown_start_is_refused(start: str) -> None:
    with pytest.raises(InputError):
        Run(count=1, until=1.0, start=start)


@pytest.mark.parametrize("start", ["quantile", "stratified"])
def test_start_on_the_line_is_refused_in_the_plane(start: str) -> None:
    with pytest.raises(InputError):
        Run(count=1, until=1.0, start=start).check(model(Product([Normal(0.0, 1.0)] * 2)), Euler(layers=1))


def test_start_does_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parts(CHUNK + 12347, 1)[0].start(model(Normal(1.0, 1.0)), "stratified", 5, 2)
    monkeypatch.setattr("particles.ensemble.CHUNK", BLOCK)
    assert parts(CHUNK + 12347, 1)[0].start(model(Normal(1.0, 1.0)), "stratified", 5, 2).tobytes() == whole.tobytes()


@pytest.mark.parametrize("spread", [0, 20, 300])
def test_parts_hold_the_exact_sum(spread: int) -> None:
    """However the values are split, the parts add up to the same rounded sum; exact rationals are the oracle."""
    rng = np.random.default_rng(3)
    values = (rng.normal(size=400) * 10.0 ** rng.integers(-spread, spread + 1, size=400)).tolist()
    values += [-value for value in values[:100]]  # cancellation
    exact = float(sum(map(Fraction, values)))
    for size in (1, 3, 40):
        split = [exact_parts(values[k::size]) for k in range(size)]
        assert math.fsum(part for group in split for part in group) == exact


@pytest.mark.parametrize(
    ("values", "held"), [([], []), ([0.0, -0.0], []), ([1e308] * 9, [math.inf]), ([math.inf, -math.inf], [math.inf])]
)
def test_parts_of_what_has_no_sum(values: list[float], held: list[float]) -> None:
    assert exact_parts(values) == held
    assert exact_parts([math.nan]) == [math.inf]


def test_cells_are_half_open() -> None:
    x = np.array([-math.inf, -1.0, np.nextafter(0.0, -1.0), 0.0, 0.25, 0.5, np.nextafter(1.0, 0.0), 1.0, math.inf])
    np.testing.assert_array_equal(Bins(0.0, 1.0, 4).count(x), [3, 1, 1, 1, 1, 2])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_look_names_particle_step_time_and_state(bad: float) -> None:
    state, ensemble = np.zeros((2, 9000)), Ensemble(9000, parallel.serial())
    assert [ensemble.look(state, 3, 0.5, request) for request in (0, 1, 2)] == [0, 1, 2]
    state[1, 5000] = bad
    with pytest.raises(NotFiniteError, match=f"particle 5000 .* step 3, at time 0.5: its state is 0, {bad:g};"):
        ensemble.look(state, 3, 0.5, 2)


def test_count_that_is_not_that_of_the_run_is_an_error() -> None:
    Ensemble(10, parallel.serial()).require_count(np.zeros((1, 10)))
    with pytest.raises(CountError, match="9 particles instead of 10") as caught:
        Ensemble(10, parallel.serial()).require_count(np.zeros((1, 9)))
    assert caught.value.exit_code == 3
