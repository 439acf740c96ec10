"""Many command lines in one fresh process: each in a fork of its own, before anything but the parser is loaded."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

# (folder, arguments) from a file; the last line on stdout tells which heavy libraries the command has loaded
ROWS = """
import importlib, json, os, sys
from pathlib import Path
from particles.base import command
name = sys.argv[2]
build_parser = importlib.import_module(f"{name}.__main__").build_parser
codes = []
for folder, arguments in json.loads(Path(sys.argv[1]).read_text()):
    if os.fork() == 0:
        os.chdir(folder)
        for stream, ending in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(folder + ending, os.O_WRONLY | os.O_CREAT), stream)
        try:
            code = command.run(name, build_parser, arguments)
        except SystemExit as leave:
            code = leave.code or 0
        print("loaded:", *(heavy for heavy in ("numba", "mpi4py", "matplotlib", "ot") if heavy in sys.modules))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    codes.append(os.waitstatus_to_exitcode(os.wait()[1]))
print(json.dumps(codes))
"""


def in_forks(
    fresh: Fresh, base: Path, rows: Sequence[tuple[Path, Sequence[object]]], name: str = "particles"
) -> list[subprocess.CompletedProcess[str]]:
    """How ``python -m NAME ARGUMENTS`` ends for each (folder, arguments), run in that folder."""
    (base / "rows.json").write_text(json.dumps([(str(folder), list(map(str, words))) for folder, words in rows]))
    done = fresh("-c", ROWS, base / "rows.json", name, env={"OPENBLAS_NUM_THREADS": "1"}, timeout=280)
    assert (done.returncode, done.stderr) == (0, "")
    return [
        subprocess.CompletedProcess(words, code, Path(f"{folder}.out").read_text(), Path(f"{folder}.err").read_text())
        for (folder, words), code in zip(rows, json.loads(done.stdout), strict=True)
    ]
