"""One job a number of ranks for the scripts of all files here: a rank takes most of a second to start.

A file states its SCRIPT and, if not all, the RANKS that it wants. Its ``given(folder, asked)`` says what the script
finds under the name `given`; `asked` holds the parameters of the tests that were chosen. The fixture `told` is what
the script printed on each number of ranks.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.tables import RANKS

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
Told = dict[int, "subprocess.CompletedProcess[str]"]

# a command line finds the abort of the job in place, as the first of a process does
JOB = """
import importlib, json, runpy, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from particles.base import command
from particles.base.parallel import world
ranks, abort = world(), command.abort_job
def run(package, words):
    command.abort_job = abort
    return command.run(package, importlib.import_module(f"{package}.__main__").build_parser, words)
for script, given in json.loads(Path(sys.argv[1]).read_text()):
    told = f"{script}-{ranks.size}-{ranks.rank}"
    with open(told + ".out", "w") as out, open(told + ".err", "w") as err:
        with redirect_stdout(out), redirect_stderr(err):
            runpy.run_path(script, {"given": given, "run": run})
"""
# a script that fails shows its traceback; nobody has said how many threads a rank may have
VARIABLES = {"SIMRESNET_DEBUG": "1", "OMP_NUM_THREADS": None, "OPENBLAS_NUM_THREADS": None}


@pytest.fixture(scope="session")
def on_ranks(
    fresh: Fresh, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[ModuleType, Told]:
    """What the scripts of the chosen files print, all ranks in their order, on each number of ranks."""
    asked: dict[ModuleType, list[dict[str, Any]]] = {}
    for item in request.session.items:
        if item.path.parent == Path(__file__).parent and hasattr(module := item.module, "SCRIPT"):
            asked.setdefault(module, []).append(item.callspec.params if hasattr(item, "callspec") else {})
    scripts, given = {}, {}
    for module, chosen in asked.items():
        folder = tmp_path_factory.mktemp(module.__name__)
        scripts[module] = folder / "script.py"
        scripts[module].write_text(module.SCRIPT)
        given[module] = module.given(folder, chosen) if hasattr(module, "given") else None
    told: dict[ModuleType, Told] = {module: {} for module in asked}
    table = tmp_path_factory.mktemp("jobs") / "table.json"
    for ranks in RANKS:
        modules = [module for module in asked if ranks in getattr(module, "RANKS", RANKS)]
        table.write_text(json.dumps([(str(scripts[module]), given[module]) for module in modules]))
        done = fresh("-c", JOB, table, ranks=ranks, env=VARIABLES)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        for module in modules:
            told[module][ranks] = _printed(scripts[module], ranks)
    return told


def _printed(script: Path, ranks: int) -> subprocess.CompletedProcess[str]:
    """What a script printed, one rank after the other."""
    out, err = (
        "".join(Path(f"{script}-{ranks}-{rank}.{stream}").read_text() for rank in range(ranks))
        for stream in ("out", "err")
    )
    return subprocess.CompletedProcess(script, 0, out, err)


@pytest.fixture(scope="module")
def told(on_ranks: dict[ModuleType, Told], request: pytest.FixtureRequest) -> Told:
    """What the script of this file prints on each number of ranks."""
    return on_ranks[request.module]
