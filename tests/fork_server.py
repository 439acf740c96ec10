"""Python scripts in forks of one process that holds numpy and a numba that has compiled, but nothing of the project.

A line on stdin names a file with what is to run; `tests.forks.Forks` writes it and reads how the script ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import numba


def run(row: dict[str, Any], place: str) -> None:
    """Run a script as ``python -c SCRIPT WORDS`` would, and end this process with it."""
    code = 1
    try:
        for stream, name in ((0, os.devnull), (1, place + ".out"), (2, place + ".err")):
            os.dup2(os.open(name, os.O_CREAT | (os.O_WRONLY if stream else os.O_RDONLY)), stream)
        os.chdir(row["cwd"])
        os.environ.clear()
        os.environ.update(row["env"])
        sys.path[:1], sys.argv = ["", row["root"]], ["-c", *row["words"]]
        signal.setitimer(signal.ITIMER_REAL, row["seconds"])  # nobody handles it: it ends the process
        code_of = compile(row["script"], "<script>", "exec", dont_inherit=True)
        exec(code_of, {"__name__": "__main__"})
        code = 0
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def watch(place: str) -> None:
    """Fork the script and tell how it ended."""
    row = json.loads(Path(place + ".json").read_text())
    if os.fork() == 0:
        run(row, place)
    Path(place + ".code").write_text(str(os.waitstatus_to_exitcode(os.wait()[1])))  # a pipe, which the asker reads
    os._exit(0)


def main() -> None:
    """Fork for each line, without waiting for its end."""
    sys.dont_write_bytecode = True  # a source may be edited within the second
    numba.njit(lambda x: x + 1.0)(1.0)  # loads what the first compilation of a process loads
    watchers = [os.fork() or watch(line.strip()) for line in sys.stdin]
    for _ in watchers:
        os.wait()


if __name__ == "__main__":
    main()
