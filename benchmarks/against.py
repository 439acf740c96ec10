"""``python -m benchmarks.against COMMIT``: the ratios of this checkout to another commit and to peers, as Markdown.

    .venv/bin/python -m benchmarks.against 39b92a0 [ROW ...] [--turns 7] [--peers-turns 2]

The commit's files are laid into a temporary folder. A process of each side carries out the same work in turns
(`against_works`); the shortest processor time of each counts: a disturbance can only add. Whole commands are those
of `benchmarks.commands`. Memory is what is new at the peak over the bytes of one cloud.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import commands

HERE = Path(__file__).resolve().parents[1]
Found = dict[str, float]


class Row(NamedTuple):
    """A work, the least ratio base/this, peers with the least ratio peer/this, and the most memory, in clouds."""

    title: str
    work: str
    least: float
    peers: tuple[tuple[str, str, str], ...] = ()
    memory: float = 0.0


ROWS = (
    Row("Philox, a 32-bit word", "word", 1.4),
    Row("a normal of the default law", "normal", 2.8),
    Row(
        "tanh step with a Gaussian", "step", 1.7,
        (("NumPy", "step NumPy", ">= 7.5"), ("JAX", "step JAX", ">= 12")),
    ),
    Row("Poisson clock, a collision", "clock", 1.5),
    Row("`w1`, a cloud of 10^7 and a solution", "to solution", 2.4, (("np.sort", "sort", ">= 0.5"),), 1.1),
    Row("`w1`, two clouds of 10^7", "to cloud", 2.4, (("POT", "to cloud POT", ">= 22"),), 2.2),
    Row("enclosure, counting", "tally", 1.5),
)  # fmt: skip
COMMANDS = {"run": ("`particles run`, 1000 particles", 0.65), "solve": ("`kinetic run`, 400 cells", 0.65),
            "study": ("`study mean-field regression`", 0.5)}  # fmt: skip
NINE = "nine digits"
NAMES = (*(row.work for row in ROWS), NINE, *COMMANDS)


class Side:
    """A process that carries out works in one checkout."""

    def __init__(self, root: Path, size: str, cache: Path) -> None:
        variables = {"PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(cache), "OMP_NUM_THREADS": "1"}
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.process = subprocess.Popen(
            [sys.executable, "-P", HERE / "benchmarks" / "against_works.py", size],
            cwd=root, env=os.environ | variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, order: str) -> Found | None:
        """The answer to an order; None where a peer is not installed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(order, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{order!r} ended with exit code {self.process.wait()}")
        found: Found | None = json.loads(line)
        return found

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def shortest(sides: Sequence[Side], order: str, turns: int) -> list[float]:
    """Nanoseconds a unit of each side, in turns; nan where it cannot be had."""
    best = [float("inf")] * len(sides)
    for _ in range(turns):
        for k, side in enumerate(sides):
            found = side.ask(f"time {order}")
            best[k] = min(best[k], 1e9 * found["seconds"] / found["units"]) if found else float("nan")
    return best


def kernel_row(row: Row, this: Side, base: Side, turns: int, peer_turns: int) -> Iterator[str]:
    """Lines of the table: base/this, every peer/this, and the memory of both."""
    ours, other = shortest((this, base), row.work, turns)
    yield line(row.title, f"{ours:.2f} ns", f"{other:.2f} ns", other / ours, f">= {row.least}")
    for name, work, least in row.peers:
        again, peer = ours, float("nan")
        for _ in range(peer_turns):  # ours and the peer in turns, in one process
            (peer_now,) = shortest((this,), work, 1)
            (ours_now,) = shortest((this,), row.work, 1)
            again, peer = min(again, ours_now), peer_now if peer != peer else min(peer, peer_now)
        yield line(f"- {name} / ours", f"{again:.2f} ns", f"{peer:.2f} ns", peer / again, least)
    if row.memory:
        bytes_ = [side.ask(f"memory {row.work}") for side in (this, base)]
        clouds = [found["bytes"] / found["units"] / 8.0 if found else float("nan") for found in bytes_]
        sizes = (f"{clouds[0]:.2f} clouds", f"{clouds[1]:.2f} clouds")
        yield line("- new memory", *sizes, clouds[1] / clouds[0], f"<= {row.memory} clouds")


def line(title: str, this: str, other: str, ratio: float, target: str) -> str:
    """A line of the table; a number that is none is a peer that is not installed."""
    if ratio != ratio:
        return f"| {title} | {this} | not installed | | {target} |"
    return f"| {title} | {this} | {other} | {ratio:.2f} | {target} |"


def nine_digits() -> Iterator[str]:
    """Third order over fifth, both of this checkout, to an L1 error of 1e-9."""
    from benchmarks import bench_accuracy

    for problem in bench_accuracy.NINE:
        seconds = {}
        for scheme in ("third order", "explicit5", "explicit7"):
            task = bench_accuracy.TimeToNineDigits()
            task.turns = 1
            task.setup(problem, scheme)
            seconds[scheme] = task.measure(problem, scheme)
        for scheme in ("explicit5", "explicit7"):
            times = [f"{1e3 * seconds[name]:.1f} ms" for name in (scheme, "third order")]
            title = f"L1 error 1e-9, {problem}: third order / {scheme}"
            yield line(title, *times, seconds["third order"] / seconds[scheme], ">= 10")


def command_row(name: str, base: Path, turns: int, folder: Path) -> str:
    """Processor time of a whole command, warm."""
    title, most = COMMANDS[name]
    best = [float("inf"), float("inf")]
    for turn in range(turns + 1):
        for k, root in enumerate((HERE, base)):
            seconds, _ = commands.once(root, commands.COMMANDS[name], folder / f"commands{k}")
            best[k] = min(best[k], seconds) if turn else best[k]  # the first compiles
    target = f"this / other <= {most}: {best[0] / best[1]:.2f}"
    return line(title, f"{best[0]:.2f} s", f"{best[1]:.2f} s", best[1] / best[0], target)


@contextmanager
def files_of(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit, and this checkout's environment."""
    with tempfile.TemporaryDirectory() as folder:
        files = subprocess.run(["git", "archive", commit], cwd=HERE, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=files.stdout, check=True)
        if not Path(folder, ".venv").exists():
            Path(folder, ".venv").symlink_to(Path(sys.prefix))
        yield Path(folder)


def main() -> None:
    """Measure, and print a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--turns", type=int, default=7, help="at least 1")
    parser.add_argument("--peers-turns", type=int, default=2, help="at least 1")
    parser.add_argument("--size", choices=("large", "small"), default="large", help="small: to see that it runs")
    given = parser.parse_intermixed_args()
    chosen = given.rows or NAMES
    if unknown := set(chosen) - set(NAMES):
        parser.error(f"ROW = {', '.join(sorted(unknown))} must be of {', '.join(NAMES)}")
    for option, number in (("--turns", given.turns), ("--peers-turns", given.peers_turns)):
        if number < 1:
            parser.error(f"{option} = {number} must be at least 1")
    known = ["git", "rev-parse", "--quiet", "--verify", f"{given.commit}^{{commit}}"]
    if subprocess.run(known, cwd=HERE, capture_output=True, check=False).returncode:
        parser.error(f"commit = {given.commit!r} must be one that git knows")
    with ExitStack() as stack:
        base = stack.enter_context(files_of(given.commit))
        cache = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(
            f"| work | this | {given.commit} or peer | ratio | to reach |\n| --- | --- | --- | --- | --- |", flush=True
        )
        sides = [Side(root, given.size, cache / name) for root, name in ((HERE, "this"), (base, "base"))]
        for row in ROWS:
            if row.work in chosen:
                for text in kernel_row(row, *sides, given.turns, given.peers_turns):
                    print(text, flush=True)
        for side in sides:
            side.close()
        for text in nine_digits() if NINE in chosen else ():
            print(text, flush=True)
        for name in COMMANDS:
            if name in chosen:
                print(command_row(name, base, 2 if name == "study" else given.turns, cache), flush=True)


if __name__ == "__main__":
    main()
