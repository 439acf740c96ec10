"""Claims about `kinetic.loop`: any stepper is driven, and what a run notices on its way."""

import math

import numpy as np
import pytest

from kinetic import Grid
from kinetic.loop import CHUNK, Run, Stepper, drive
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError

GRID = Grid(0.0, 2.0, cells=4)


class Decay:
    """u' = -u in two cells, exactly; remembers its calls."""

    def __init__(self, steady: bool = True, start: Floats | None = None) -> None:
        self.averages = np.array([1.0, 3.0]) if start is None else start
        self.atoms = np.zeros(2)
        self.steady = steady
        self.calls: list[tuple[float, float, int, float]] = []

    def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
        return cfl * 0.01

    def advance(self, t: float, dt: float, count: int, latest: float) -> None:
        self.calls.append((t, dt, count, latest))
        self.averages = self.averages * math.exp(-count * dt)


def run(stepper: Stepper, *stored: float, **options: object) -> Run:
    return drive(stepper, 0.0, stored, grid=GRID, cfl=1.0, steps="equal", **options)  # type: ignore[arg-type]


def test_any_stepper_is_driven_to_the_stored_times() -> None:
    record = run(Decay(), 0.0, 0.255, 1.0)
    assert record.times == (0.0, 0.255, 1.0)
    np.testing.assert_allclose(record.averages, np.exp([[0.0], [-0.255], [-1.0]]) * [1.0, 3.0], rtol=1e-12)
    assert (record.steps, record.stopped) == (26 + 75, False)


def test_the_first_steps_are_looked_at_one_by_one_and_later_ones_a_hundred_at_a_time() -> None:
    stepper = Decay()
    run(stepper, 5.0)
    assert [count for _, _, count, _ in stepper.calls] == [1, 2, 4, 8, 16, 32, 64, CHUNK, CHUNK, CHUNK, 73]
    single = Decay(steady=False)
    run(single, 0.1)
    assert [count for _, _, count, _ in single.calls] == [1] * 10


def test_steps_end_at_jumps_and_take_their_data_before_them() -> None:
    stepper = Decay(steady=False)
    run(stepper, 0.05, jumps=(0.025,))
    ends = [t + dt for t, dt, _, _ in stepper.calls]
    assert any(abs(end - 0.025) < 1e-15 for end in ends)
    assert {latest for _, _, _, latest in stepper.calls} == {0.025 * (1.0 - 1e-11), 0.05}


def test_the_lowest_average_and_its_time_are_kept_though_no_stored_time_shows_it() -> None:
    class Dip(Decay):
        def advance(self, t: float, dt: float, count: int, latest: float) -> None:
            self.averages = np.array([1.0, -0.5 if 0.02 < t < 0.04 else 1.0])

    record = run(Dip(steady=False), 0.0, 1.0)
    assert record.averages.min() == 1.0
    assert record.lowest == -0.5
    assert 0.03 < record.lowest_at < 0.05


def test_a_run_ends_where_its_rate_of_change_falls_below_the_residual() -> None:
    """The rate is 0.5 (1 + 3) e^(-t), as a mean between two looks."""
    record = run(Decay(steady=False), 1.0, 100.0, residual=1e-3)
    assert record.stopped
    assert record.times == (1.0, record.times[-1])
    assert record.times[-1] == pytest.approx(math.log(2.0 / 1e-3), abs=0.02)
    assert record.steps == round(record.times[-1] / 0.01)


def test_a_run_that_reaches_its_end_is_not_stopped() -> None:
    assert not run(Decay(start=np.zeros(2)), 0.01, residual=0.0).stopped
    assert run(Decay(start=np.zeros(2)), 1.0, residual=0.0).times == (0.01,)


def test_a_run_goes_on_until_the_last_jump_is_behind_it() -> None:
    record = run(Decay(start=np.zeros(2)), 10.0, residual=0.0, jumps=(0.3, 0.5))
    assert 0.5 < record.times[0] < 1.1
    assert record.stopped


def test_a_step_that_no_longer_advances_is_reported() -> None:
    class Stuck(Decay):
        def longest_step(self, t: float, cfl: float, *, settled: bool = False) -> float:
            return 1e-30

    with pytest.raises(NotFiniteError, match="no longer advances t = 1"):
        drive(Stuck(), 1.0, (2.0,), grid=GRID, cfl=1.0, steps="cut")


@pytest.mark.parametrize(
    ("cells", "named"), [((1.0, math.nan, math.inf), "cell 1 .* is nan"), ((-math.inf,), "cell 0")]
)
def test_a_cell_that_stops_being_finite_is_named_whatever_the_stepper(cells: tuple[float, ...], named: str) -> None:
    class Bursting(Decay):
        def advance(self, t: float, dt: float, count: int, latest: float) -> None:
            self.averages = np.array(cells) if t > 0.5 else self.averages

    with pytest.raises(NotFiniteError, match=rf"{named}.* at t = 1$"):
        run(Bursting(), 1.0)
