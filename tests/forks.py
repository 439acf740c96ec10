"""Many processes for little: forks of one that has loaded what they share.

`in_forks` runs command lines before anything but the parser is loaded, `Forks` runs scripts after numba is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.paths import ROOT, TESTS

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
PATIENCE = (
    560.0  # seconds after which what should have ended hangs: no claim, machines are loaded; pytest's limit is 600
)

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
    done = fresh("-c", ROWS, base / "rows.json", name, env={"OPENBLAS_NUM_THREADS": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    return [
        subprocess.CompletedProcess(words, code, Path(f"{folder}.out").read_text(), Path(f"{folder}.err").read_text())
        for (folder, words), code in zip(rows, json.loads(done.stdout), strict=True)
    ]


class Forks:
    """Processes that run scripts, each a fork of one that has loaded numba and compiled, but nothing of the project.

    Start-up is nine tenths of a short script. What an environment variable decides when numpy or numba is loaded needs
    a process of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        command = [sys.executable, "-W", "error", str(TESTS / "fork_server.py")]
        alone = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # a process with threads must not fork
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=alone)

    def start(
        self,
        script: str,
        *words: object,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        root: Path = ROOT,
        timeout: float = PATIENCE,
    ) -> Callable[[], subprocess.CompletedProcess[str]]:
        """Start ``python -c SCRIPT WORDS`` with the packages in `root`; the answer waits for its end and gives it.

        What is not done after `timeout` seconds is killed, with the code of SIGALRM.
        """
        self._count += 1
        place = self._folder / str(self._count)
        row = {
            "script": script, "words": list(map(str, words)), "env": {**os.environ, **(env or {})},
            "cwd": str(cwd or self._folder), "root": str(root), "seconds": timeout,
        }  # fmt: skip
        place.with_suffix(".json").write_text(json.dumps(row))
        os.mkfifo(place.with_suffix(".code"))
        assert self._server.stdin is not None
        print(place, file=self._server.stdin, flush=True)

        def answer() -> subprocess.CompletedProcess[str]:
            code, out, err = (place.with_suffix(suffix).read_text() for suffix in (".code", ".out", ".err"))
            return subprocess.CompletedProcess(words, int(code), out, err)

        return answer

    def __call__(self, script: str, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return self.start(script, *words, **options)()

    def close(self) -> None:
        """End the process that forks."""
        self._server.communicate()
