"""The time loop: what it returns, what it refuses, what it says of a state that is not finite."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
import pytest

import particles
from particles.base.errors import InputError, NotFiniteError
from particles.carry import drawn
from particles.model import IDENTITY, TANH, Model, Normal, Product, Uniform, cases, cubic, exact_law
from particles.run import Run
from particles.schemes.collisions import Collisions
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow
from particles.simulate import SHORT_SWEEP, SWEEP, simulate, sweep

REGRESSION = cases["regression"].model


def test_public_names_can_be_used_twice() -> None:
    """The function `simulate` must not be hidden by the module of the same name once that is loaded."""
    for _ in range(2):
        assert callable(particles.simulate)
        assert callable(particles.load)
    assert particles.Euler(layers=3) == Euler(layers=3)
    with pytest.raises(AttributeError):
        _ = particles.nothing


def test_record_holds_the_requested_times_in_order() -> None:
    run = simulate(REGRESSION, Euler(layers=20), count=100, until=2.0, times=(2.0, 0.0, 1.0, 1.0))
    assert run.times == (0.0, 1.0, 2.0)
    assert [state.shape for state in run.states] == [(1, 100)] * 3
    assert run.moments.shape == (3, 2, 1)
    for time, state, moments in zip(run.times, run.states, run.moments, strict=True):
        np.testing.assert_array_equal(run.state(time), state)
        np.testing.assert_allclose(moments[:, 0], [state.mean(), (state**2).mean()], rtol=1e-12)
        np.testing.assert_array_equal(run.at(time).points, state)
        assert run.at(time).masses.sum() == pytest.approx(1.0)
    assert not np.shares_memory(run.states[0], run.states[1])


def test_default_time_is_the_horizon() -> None:
    assert simulate(REGRESSION, ExactFlow(), count=10, until=1.5).times == (1.5,)


def test_record_says_where_it_comes_from() -> None:
    info = simulate(REGRESSION, Euler(dt=0.5), count=10, until=1.0, seed=7, replicate=3, start="stratified").info
    json.dumps(info, allow_nan=False)
    assert (info["count"], info["seed"], info["replicate"], info["start"], info["ranks"]) == (10, 7, 3, "stratified", 1)
    assert info["model"]["drift"] == "tanh"
    assert {"versions", "commit", "created"} <= set(info["provenance"])


@pytest.mark.parametrize("scheme", [Euler(layers=SWEEP + 3), ExactFlow()], ids=["euler", "exact"])
def test_same_arguments_give_the_same_bytes(scheme: Any) -> None:
    first, second = (simulate(REGRESSION, scheme, count=5000, until=1.0, seed=4) for _ in range(2))
    assert first.digests() == second.digests()
    other = simulate(REGRESSION, scheme, count=5000, until=1.0, seed=5)
    assert first.digests() != other.digests()
    assert simulate(REGRESSION, scheme, count=5000, until=1.0, seed=4, replicate=1).digests() != first.digests()


def test_smaller_cloud_is_the_head_of_a_larger_one() -> None:
    small, large = (simulate(REGRESSION, ExactFlow(), count=n, until=1.0).states[-1] for n in (1000, 9000))
    np.testing.assert_array_equal(small, large[:, :1000])


def test_cloud_follows_the_exact_law() -> None:
    """Kolmogorov's distance of 10^5 particles at t = 2 for the cases with a closed form: false alarm below 1e-5."""
    for name in ("moments-decay", "vehicles", "regression"):
        model = cases[name].model
        law = exact_law(model, 2.0)
        assert law is not None
        x = np.sort(simulate(model, ExactFlow(), count=100_000, until=2.0, seed=1).states[-1][0])
        values, counts = np.unique(x, return_counts=True)
        right = np.cumsum(counts) / x.size
        left = right - counts / x.size
        off = max(np.abs(right - law.cdf(values)).max(), np.abs(left - law.cdf(np.nextafter(values, -9e9))).max())
        assert math.sqrt(x.size) * off < 2.47, name


def test_sticky_particles_end_at_the_walls() -> None:
    """50 vehicles (figure 3): the number that goes to 8 is binomial; all have arrived at t = 40."""
    run = simulate(cases["vehicles"].model, ExactFlow(), count=50, until=40.0, times=(0.0, 40.0))
    start, end = run.states
    np.testing.assert_array_equal(end, np.where(start > 5.0, 8.0, 2.0))


def test_progress_ends_at_one() -> None:
    seen: list[float] = []
    simulate(REGRESSION, Euler(layers=300), count=10, until=1.0, times=(0.5, 1.0), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


BAD: list[dict[str, Any]] = [
    {"count": 0},
    {"count": -1},
    {"count": 2.5},
    {"count": math.nan},
    {"count": 10**15},
    {"until": 0.0},
    {"until": -1.0},
    {"until": math.nan},
    {"until": math.inf},
    {"times": (3.0,)},
    {"times": (-0.5,)},
    {"times": (math.nan,)},
    {"times": (0.3,)},
    {"start": "sobol"},
    {"seed": -1},
    {"seed": 2**32},
    {"seed": -1, "start": "quantile"},
    {"replicate": 2**30},
    {"histogram": (1.0, 1.0, 5)},
    {"histogram": (0.0, math.inf, 5)},
    {"histogram": (0.0, 1.0, 0)},
    {"histogram": (0.0, 1.0, 2.5)},
    {"replicate": -1, "start": "quantile"},
]


@pytest.mark.parametrize("change", BAD, ids=str)
def test_bad_argument_is_refused(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"count": 10, "until": 2.0} | change
    with pytest.raises(InputError):
        simulate(REGRESSION, Euler(layers=10), **arguments)


def test_state_that_is_not_finite_is_named() -> None:
    """x -> x - dt x^3 explodes where dt x^2 > 2: the largest particles go first."""
    model = Model(drift=cubic(1.0), weight=0.0, bias=0.0, initial=Uniform(0.0, 10.0))
    with pytest.raises(NotFiniteError, match=r"particle \d+ .* time") as caught:
        simulate(model, Euler(dt=0.1), count=100, until=20.0, start="quantile")
    first = int(str(caught.value).split()[1])
    x = (np.arange(100) + 0.5) / 10.0
    assert x[first] == pytest.approx(math.sqrt(20.0), abs=0.11)  # the first beyond the threshold
    with pytest.raises(NotFiniteError) as without_a_record:
        drawn(model, Euler(dt=0.1), Run(count=100, until=20.0, start="quantile"))
    assert str(without_a_record.value) == str(caught.value)


def test_moments_beyond_the_largest_number_are_not_a_result() -> None:
    """The particles are finite, their energy is not: said in one sentence, not by a traceback of the file writer."""
    model = Model(drift=IDENTITY, weight=400.0, bias=0.0, initial=Normal(0.0, 1.0))
    with pytest.raises(NotFiniteError):
        simulate(model, ExactFlow(), count=10, until=1.0)


def test_drift_of_a_user_works() -> None:
    def value(u: float, x: float, c: tuple[float, ...]) -> float:
        return c[0] * u

    def slope(u: float, x: float, c: tuple[float, ...]) -> float:
        return c[0]

    def zero(u: float, x: float, c: tuple[float, ...]) -> float:
        return 0.0

    own = particles.model.Drift("own", value, slope, zero, zero, 2.0, constants=(2.0,))
    model = Model(drift=own, weight=1.0, bias=0.0, initial=Normal(0.0, 1.0))
    start, end = simulate(model, Euler(layers=1), count=10, until=0.5, times=(0.0, 0.5)).states
    np.testing.assert_allclose(end, 2.0 * start, rtol=1e-15)
    assert TANH.name == "tanh"


def test_histogram_counts_every_particle_and_component() -> None:
    """Against numpy's own, with what lies below and above; the cloud need not be kept."""
    plane = Product([Normal(0.0, 1.0), Uniform(-5.0, 5.0)])
    model = Model(drift=TANH, weight=-1.0, bias=0.0, initial=plane)
    options: dict[str, Any] = {"count": 70_001, "until": 1.0, "times": (0.0, 1.0), "histogram": (-2.0, 2.0, 16)}
    full = simulate(model, Euler(layers=10), **options)
    bare = simulate(model, Euler(layers=10), keep_clouds=False, **options)
    for time in (0.0, 1.0):
        counts, edges = full.histogram(time)
        assert counts.shape == (2, 18)
        for row, told in zip(full.state(time), counts, strict=True):
            np.testing.assert_array_equal(told[1:-1], np.histogram(row, edges)[0])
            assert (told[0], told[-1]) == ((row < -2.0).sum(), (row >= 2.0).sum())
        np.testing.assert_array_equal(bare.histogram(time)[0], counts)
    assert bare.moments.tobytes() == full.moments.tobytes()
    assert bare.states == ()
    with pytest.raises(InputError, match="not its clouds"):
        bare.at(1.0)
    with pytest.raises(InputError, match="no histogram"):
        simulate(REGRESSION, ExactFlow(), count=10, until=1.0).histogram(1.0)


MEMORY = """
import sys
from pathlib import Path
from particles import Euler, simulate
from particles.model import cases
options = {"keep_clouds": False, "histogram": (-4.0, 6.0, 100), "times": (0.0, 1.0, 2.0)}
simulate(cases["regression"].model, Euler(layers=20), count=int(sys.argv[1]), until=2.0, **options)
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def test_run_without_clouds_needs_eight_bytes_a_particle(fresh: Any) -> None:
    """Peak of a fresh process with 10^7 particles against one with a block; 5 % and 2 MiB are allowed."""
    counts = (4096, 4096, 10**7)  # the first compiles, where nobody has before
    _, base, full = (int(fresh("-c", MEMORY, count).stdout) * 1024 for count in counts)
    assert 8.0 * 10**7 < full - base < 1.05 * 8.0 * 10**7 + 2 * 2**20


@pytest.mark.parametrize("steps", [1, 7, 127])
def test_length_of_a_sweep_changes_no_byte(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"count": 5000, "until": 1.0, "times": (0.5, 1.0)}
    usual = simulate(REGRESSION, Euler(layers=300), **options).digests()
    monkeypatch.setattr(sys.modules[simulate.__module__], "sweep", lambda model, count, passes: steps)
    assert simulate(REGRESSION, Euler(layers=300), **options).digests() == usual


def test_large_clouds_are_looked_at_more_often() -> None:
    assert sweep(REGRESSION, 10**6) == SWEEP
    assert SHORT_SWEEP == sweep(REGRESSION, 10**9) < SWEEP
    collisions = Collisions(eps=0.01, dt=0.5)
    levels = collisions.levels(cases["fokker-planck"].model, 2.0, ())
    assert collisions.passes(levels) == pytest.approx(50.0)
    assert [sweep(REGRESSION, count, 50.0) for count in (10**6, 10**9)] == [2, 1]
    assert Euler(layers=4).passes(levels) == 1.0


def test_bad_particle_is_told_with_step_time_and_state() -> None:
    model = Model(drift=cubic(1.0), weight=0.0, bias=0.0, initial=Uniform(0.0, 10.0))
    with pytest.raises(NotFiniteError, match=r"after step 128, at time 12.8: its state is -?(nan|inf)") as caught:
        simulate(model, Euler(dt=0.1), count=100, until=20.0, start="quantile")
    assert caught.value.on_all_ranks
