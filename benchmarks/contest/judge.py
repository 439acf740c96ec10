"""A run: contestants in turns, each on one problem after the other, all of them on the same or on neighbouring ones.

What compiles and what judges is done side by side, a processor each, while nobody is timed. That who compiles for
minutes is not waited for by all, the others may do the next problem meanwhile, and no more than that, so that the
contestants on a problem are timed within minutes of each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from benchmarks.contest.aside import Aside, Turns
from benchmarks.contest.climb import Climb, Starts
from benchmarks.contest.problem import Problem
from benchmarks.contest.process import Fault
from benchmarks.contest.registry import Entry
from benchmarks.contest.seat import Seat
from benchmarks.contest.store import Store

LIMIT = 120.0  # seconds that a call may take before it is ended
IN_CALLS = 0.5  # of the budget; the rest is starting and judging
SHORTEST = 0.05  # seconds of calls that everyone has on a problem
OPEN = 2  # problems that may be worked on at a time

Told = Callable[[float], None]


def run(
    problems: Sequence[Problem],
    entries: Sequence[Entry],
    store: Store,
    *,
    budget: float,
    limit: float = LIMIT,
    told: Told = lambda share: None,
) -> None:
    """Let contestants solve problems, and keep what they return in a store; what is there already is not done again.

    Parameters
    ----------
    problems, entries
    store : Store
    budget : float
        Seconds of calls, shared out equally among who can. What compiles comes on top, up to `climb.COMPILING`: first
        calls count against nobody's share, and a cheapest setting is done in any case.
    limit : float, default 120
        Seconds after which a call that has not answered is ended.
    told : callable
        Takes the finished share.
    """
    with ExitStack() as stack:
        aside = stack.enter_context(Aside())
        seats = [Seat(entry, limit) for entry in entries]
        for seat in seats:
            stack.callback(seat.leave)
        able = sum(_takes_part(problem, seat, store) for problem in problems for seat in seats)
        programme = _Programme(problems, seats, store, max(SHORTEST, IN_CALLS * budget / max(1, able)))

        def joining(ended: Turns[None]) -> list[Turns[None]]:
            found = programme.next_of(ended)
            told(programme.done)
            return found

        told(programme.done)
        aside.play(programme.begin(), joining)


def _is_finished(problem: Problem, seat: Seat, store: Store) -> bool:
    end = store.of(problem.name, seat.entry.name).end
    return end is not None and end.state != "missing"


def _takes_part(problem: Problem, seat: Seat, store: Store) -> bool:
    """Whether a contestant has work to do on a problem, so that it gets a share of the seconds."""
    process = seat.sit()
    if process is None or _is_finished(problem, seat, store):
        return False
    try:
        return not process.ladder(problem, seat.limit)["cannot"]
    except Fault:
        return True  # it will be asked again, and what ails it shown


class _Programme:
    """Who climbs next: a contestant on its next problem, if that is not too far beyond the first unfinished one."""

    def __init__(self, problems: Sequence[Problem], seats: Sequence[Seat], store: Store, share: float) -> None:
        self._problems, self._starts = problems, [Starts(problem) for problem in problems]
        self._store, self._share = store, share
        self._climbs: dict[Turns[None], Seat] = {}
        self._to_do = {
            seat: deque(k for k, problem in enumerate(problems) if not _is_finished(problem, seat, store))
            for seat in seats
        }

    @property
    def done(self) -> float:
        """The finished share."""
        left = sum(map(len, self._to_do.values()))
        return 1.0 - left / max(1, len(self._problems) * len(self._to_do))

    def begin(self) -> list[Turns[None]]:
        """The climbs that may begin, and have not."""
        first = min((numbers[0] for numbers in self._to_do.values() if numbers), default=0)
        busy, found = set(self._climbs.values()), list[Turns[None]]()
        for seat, numbers in self._to_do.items():
            if seat not in busy and numbers and numbers[0] < first + OPEN:
                k = numbers[0]
                climb = Climb(self._problems[k], self._starts[k], seat, self._store, self._share).turns()
                self._climbs[climb] = seat
                found.append(climb)
        return found

    def next_of(self, climb: Turns[None]) -> list[Turns[None]]:
        """Those that may begin now that one has ended."""
        self._to_do[self._climbs.pop(climb)].popleft()
        return self.begin()
