"""``python benchmarks/commands.py OTHER [--turns N] [COMMAND ...]``: whole commands of this checkout and another one.

OTHER is a folder with another commit and its .venv, made there by ``make .venv/ready``. Each command runs as a user
runs it, one process on one rank with its kernels compiled before, in turns on both sides, each side with a cache of
its own. Of user and system time together, which other work on the machine hardly touches, and of the clock the
shortest count; a row tells both sides and their ratio.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parents[1]
COMMANDS = {
    "run": "particles run regression --count 1000 --layers 1000 --out OUT",
    "solve": "kinetic run regression --cells 400 --out OUT.nc",
    "study": "validation study mean-field regression --out OUT",
}
UNSET = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")  # byte code is kept, as it is for a user


def once(root: Path, command: str, cache: Path) -> tuple[float, float]:
    """Processor time and time by the clock of one process, in seconds."""
    variables = {name: value for name, value in os.environ.items() if name not in UNSET}
    with tempfile.TemporaryDirectory() as folder:
        words = command.replace("OUT", f"{folder}/out").split()
        began = perf_counter()
        process = subprocess.Popen(
            [root / ".venv" / "bin" / "python", "-m", *words],
            cwd=root, env=variables | {"NUMBA_CACHE_DIR": str(cache)}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{root}: {command} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, seconds


def main() -> None:
    """Measure, and print a row a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=f"of {', '.join(COMMANDS)} (default: all)")
    parser.add_argument("--turns", type=int, default=10)
    given = parser.parse_intermixed_args()
    sides = {"this": HERE, "other": given.other.resolve()}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.commands or COMMANDS:
            found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
            for turn in range(given.turns + 1):
                for side, root in sides.items():
                    measured = once(root, COMMANDS[name], Path(folder, side))
                    if turn:  # the first compiles
                        found[side].append(measured)
            least = [tuple(map(min, zip(*found[side], strict=True))) for side in sides]
            (work, clock), (other_work, other_clock) = least
            print(
                f"{name:6} processor {work:.3f} s, other {other_work:.3f} s, ratio {work / other_work:.3f};"
                f" clock {clock:.3f} s, other {other_clock:.3f} s, ratio {clock / other_clock:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
