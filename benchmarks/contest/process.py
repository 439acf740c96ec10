"""A contestant's process: one thread, a limit of memory, a clock that is not its own, an end that it can't refuse."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from benchmarks.contest.channel import Channel, Message
from benchmarks.contest.problem import Problem
from benchmarks.contest.registry import Entry
from benchmarks.contest.result import Result
from benchmarks.contest.worker import whole

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"),
    **dict.fromkeys(("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NPROC"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
}
START = 120.0  # seconds that a library may take to import
_PRINTED = 2**28  # bytes that it may write into a file, what it prints among them
_MEMORY = 0.6  # of the machine's
_TAIL = 2000
_C = ctypes.CDLL(None)
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of linux/prctl.h

Kind = Literal["failed", "refused", "hangs", "crashed"]


class Fault(Exception):
    """How a contestant ended: a kind, and a sentence."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(why)
        self.kind: Kind = kind


class Timed(NamedTuple):
    """A call: seconds of the judge's clock, of processors, and of the thread that had most of them."""

    wall: float
    cpu: float
    busiest: float


class Contestant:
    """A started process; `Fault` from every method where it does not answer."""

    def __init__(self, entry: Entry, *, start: float = START) -> None:
        self.entry, self._closed = entry, False
        self._folder = tempfile.TemporaryDirectory(prefix="contest-")
        self._printed = Path(self._folder.name) / ".printed"
        there, back = os.pipe(), os.pipe()
        words = [entry.python, "-m", "benchmarks.contest.worker", str(there[0]), str(back[1]), entry.target]
        with self._printed.open("wb") as printed:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, pass_fds=(there[0], back[1]),
                cwd=self._folder.name, env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)},
                start_new_session=True, preexec_fn=_limits,
            )  # fmt: skip
        os.close(there[0])
        os.close(back[1])
        self._channel = Channel(back[0], there[1])
        try:
            self.about = self._answer(start).words
        except Fault:
            self.close()
            raise

    def ladder(self, problem: Problem, limit: float) -> dict[str, Any]:
        """Settings for a problem, or why there are none."""
        return self._ask("ladder", limit, problem=problem).words

    def prepare(self, problem: Problem, setting: dict[str, Any], limit: float) -> float:
        """Make it ready for a setting; return the seconds."""
        begun = time.perf_counter()
        self._ask("prepare", limit, problem=problem, setting=setting)
        return time.perf_counter() - begun

    def solve(self, starts: Sequence[Any], seed: int, limit: float, kept: int = 0) -> Timed:
        """Let it solve from every start, with seeds that follow: seconds of one, from "go" to "done".

        Its answer to the start number `kept` is what `result` gives.
        """
        self._ask("tell", limit, starts=starts)
        times, before, begun = len(starts), self._cpu(), time.perf_counter()
        self._ask("solve", limit, seed=seed, kept=kept)
        wall = time.perf_counter() - begun
        after = self._cpu()
        busiest = max((used - before.threads.get(name, 0.0) for name, used in after.threads.items()), default=0.0)
        return Timed(wall / times, (after.total - before.total) / times, busiest / times)

    def result(self, limit: float) -> Result:
        """What it found; Fault of kind "refused" where it is none of the four forms."""
        message = self._ask("result", limit)
        try:
            return whole(message)
        except (KeyError, TypeError, ValueError) as error:
            raise Fault("refused", f"what it returned is no result: {error}") from None

    def resident(self, most: bool = False) -> int:
        """Bytes of memory that it holds, or the most that it has held."""
        with suppress(OSError):
            for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:" if most else "VmRSS:"):
                    return 1024 * int(line.split()[1])
        return 0

    def forget_most(self) -> None:
        """Let the most that it has held begin anew."""
        with suppress(OSError):
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5", encoding="utf-8")

    @contextmanager
    def on(self, processor: int) -> Iterator[None]:
        """Let its threads run on another processor in between."""
        self._move(processor)
        try:
            yield
        finally:
            self._move(_processor())

    def _move(self, processor: int) -> None:
        with suppress(OSError):  # it has ended
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {processor})

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._closed

    def close(self) -> None:
        """End it and all that it has started."""
        if self._closed:
            return
        self._closed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its session is its own, and it is not yet waited for
        self._process.wait()
        with suppress(OSError):
            self._channel.close()
        self._folder.cleanup()

    def _ask(self, name: str, limit: float, **given: Any) -> Message:
        packed = np.frombuffer(pickle.dumps(given), dtype=np.uint8)
        with suppress(BrokenPipeError):  # `_answer` says how it ended
            self._channel.send({"ask": name}, [packed])
        return self._answer(limit)

    def _answer(self, limit: float) -> Message:
        try:
            message = self._channel.receive(limit)
        except TimeoutError:
            self.close()
            raise Fault("hangs", f"no answer within {limit:.3g} s: ended") from None
        except EOFError:
            raise self._ended() from None
        for kind in ("failed", "refused"):
            if message.words.get(kind):
                raise Fault(kind, str(message.words[kind]))  # type: ignore[arg-type]
        return message

    def _ended(self) -> Fault:
        """How it ended by itself: the signal or the code, and the last line that it printed."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        code = self._process.poll()  # `close` ends what has closed its pipe and lives
        try:
            last = self._printed.read_bytes()[-_TAIL:].decode(errors="replace").split("\n")
        except OSError:
            last = []
        line = next((one.strip() for one in reversed(last) if one.strip()), "")
        self.close()
        if code is None:
            how = "closed its pipe"
        else:
            how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return Fault("crashed", how + (f"; last printed: {_printable(line)}" if line else ""))

    def _cpu(self) -> _Used:
        """Seconds of processors that all processes of its session have used, with those that they waited for."""
        total, tick, threads = 0.0, os.sysconf("SC_CLK_TCK"), {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError, ValueError, IndexError):
                    if os.getsid(int(folder.name)) == self._process.pid:
                        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                        total += time.clock_gettime((~int(folder.name) << 3) | 2)  # its clock: clock_getcpuclockid
                        total += (int(fields[13]) + int(fields[14])) / tick
                        for thread in (folder / "task").iterdir():
                            used = (thread / "schedstat").read_text(encoding="utf-8").split()
                            threads[thread.name] = 1e-9 * int(used[0])
        return _Used(total, threads)


class _Used(NamedTuple):
    """Seconds of processors: of all, and of the threads that live."""

    total: float
    threads: dict[str, float]


def _processor() -> int:
    """Where contestants are timed."""
    return max(os.sched_getaffinity(0))


def _limits() -> None:
    """In the new process: one processor, memory, files, and an end where the judge comes to one."""
    _C.prctl(_END_WITH_PARENT, signal.SIGKILL)
    os.sched_setaffinity(0, {_processor()})
    most = int(_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_PRINTED, _PRINTED))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in line[:200])
