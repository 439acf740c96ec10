"""The compilation policy: a warm cache hits, an edited formula is noticed wherever it stands, nothing needs a home."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from particles.base.jit import Formula
from particles.kernels.line import euler_line
from particles.kernels.walls import free, sticky
from particles.model.drifts.activations import ACTIVATIONS
from tests.assembly import CALL, PACKED_FMA, assembly, needs_vectors
from tests.forks import Forks
from tests.paths import ROOT

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

SWEEP = """
import numpy as np
from particles.base.jit import kernel
from particles.kernels.line import euler_line
from particles.kernels.walls import free
from particles.model import TANH
x = np.linspace(-1.0, 1.0, 64)
sweep = euler_line(TANH.value, free)
sweep(x, np.ones(3), np.zeros(3), 0.125, TANH.constants, 0.0, 0.0)
hits = sum(sweep.stats.cache_hits.values())
misses = sum(sweep.stats.cache_misses.values())
print(hits, misses, x[-1].hex())
"""
SWEEPS = """
import json
import numpy as np
from particles.base import jit
from particles.kernels.line import euler_line
from particles.kernels.walls import free
from particles.model.drifts.activations import ACTIVATIONS
bytes_of = {}
for name in ("tanh", "relu", "identity"):
    drift, x = ACTIVATIONS[name], np.linspace(-1.0, 1.0, 64)
    sweep = euler_line(drift.value, free)
    sweep(x, np.ones(3), np.zeros(3), 0.125, drift.constants, 0.0, 0.0)
    bytes_of[name] = x.tobytes().hex()
compiled = [name for name, one in zip(bytes_of, jit.compiled_kernels) if sum(one.stats.cache_misses.values())]
print(json.dumps([compiled, sum(sum(one.stats.cache_hits.values()) for one in jit.compiled_kernels), bytes_of]))
"""
EDITS = [  # file, old, new, and what is compiled: all at first, then the kernels that reach the formula and no other
    ("particles/kernels/line.py", "", "", ["tanh", "relu", "identity"]),
    ("particles/kernels/line.py", "", "# a remark\n", []),
    ("particles/forecast.py", "", "'another file without a kernel'\n", []),
    ("particles/vmath.py", "332640.0)", "332641.0)", ["tanh"]),
    ("particles/model/drifts/activations.py", "return 0.0 if u < 0.0 else u", "return 0.0 if u < 0.5 else u", ["relu"]),
]


def test_an_edit_compiles_the_kernels_that_reach_it_and_no_other(forks: Forks, tmp_path: Path) -> None:
    """An edit of a formula is noticed wherever it stands; one that no kernel reaches compiles nothing."""
    for package in ("particles", "kinetic", "validation"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    env, last = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}, {}
    for name, old, new, wanted in EDITS:
        path = tmp_path / name
        text = path.read_text()
        assert old == "" or text.count(old) == 1
        path.write_text(text.replace(old, new) if old else new + text)
        done = forks(SWEEPS, env=env, root=tmp_path, cwd=tmp_path)
        assert done.stderr == ""
        compiled, loaded, bytes_of = json.loads(done.stdout)
        assert (compiled, loaded) == (wanted, 3 - len(wanted)), name
        assert [kernel for kernel in last if last[kernel] != bytes_of[kernel]] == (wanted if last else [])
        last = bytes_of


OWN_DRIFT = """
from particles.base.jit import formula
@formula
def helper(u):
    return FACTOR * u
def value(u, x, c):
    return helper(u)
"""
RUN_OWN_DRIFT = """
import numpy as np
from own import value
from particles.kernels.line import euler_line
from particles.kernels.walls import free
x = np.ones(4)
euler_line(value, free)(x, np.ones(1), np.zeros(1), 1.0, (), 0.0, 0.0)
print(x[0])
"""


def test_edited_drift_of_a_user_is_noticed(forks: Forks, tmp_path: Path) -> None:
    """A user's module lies outside the packages: its edits must count as well."""
    env = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    found = []
    for factor in ("2.0", "3.0"):
        (tmp_path / "own.py").write_text(OWN_DRIFT.replace("FACTOR", factor))
        done = forks(RUN_OWN_DRIFT, env=env, cwd=tmp_path)
        assert done.stderr == ""
        found.append(float(done.stdout))
    assert found == [3.0, 4.0]


def test_run_needs_no_home(fresh: Fresh, tmp_path: Path) -> None:
    below_a_file = tmp_path / "file"
    below_a_file.write_text("no folder can be made below this")
    env = {"HOME": str(below_a_file / "home"), "XDG_CACHE_HOME": str(below_a_file / "cache"), "NUMBA_CACHE_DIR": ""}
    arguments = ("-m", "particles", "run", "regression", "--count", 100, "--layers", 4, "--out", tmp_path / "out")
    done = fresh(*arguments, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_run_needs_no_writable_folder_at_all(forks: Forks, tmp_path: Path) -> None:
    """Without any place for the cache every process compiles anew, and says so in one line."""
    (tmp_path / "file").write_text("no folder can be made below this")
    nowhere = str(tmp_path / "file" / "cache")
    env = {"NUMBA_CACHE_DIR": nowhere, "XDG_CACHE_HOME": nowhere, "HOME": nowhere}
    script = "import tempfile\ntempfile._candidate_tempdir_list = lambda: []\n" + SWEEP
    done = forks(script, env=env)
    assert done.stdout.split()[0] == "0"
    assert done.stderr == "simresnet: no folder for compiled kernels can be written: every process compiles anew\n"


def machine_code(drift: Formula, constants: tuple[float, ...], wall: Formula) -> str:
    """Assembly of Euler's sweep."""
    return assembly(euler_line(drift, wall), np.zeros(64), np.ones(3), np.zeros(3), 0.125, constants, 0.0, 0.0)


@needs_vectors
@pytest.mark.parametrize(("drift", "wall"), [("tanh", free), ("tanh", sticky), ("sigmoid", free), ("relu", free)])
def test_euler_sweep_is_vector_code(drift: str, wall: Formula) -> None:
    code = machine_code(ACTIVATIONS[drift].value, ACTIVATIONS[drift].constants, wall)
    assert len(PACKED_FMA.findall(code)) >= (10 if drift in ("tanh", "sigmoid") else 1)
    assert not CALL.findall(code)


def _libm(u: float, x: float, c: tuple[float, ...]) -> float:
    return math.tanh(u)


@needs_vectors
def test_a_libm_call_keeps_the_sweep_scalar() -> None:
    """Control: the same count sees no vector instruction of the formula when it calls the C library."""
    code = machine_code(_libm, (), free)
    assert len(PACKED_FMA.findall(code)) < 10
    assert CALL.findall(code)


def test_policy_is_strict_arithmetic() -> None:
    from particles.base.jit import POLICY

    assert POLICY["fastmath"] is False
    assert POLICY["error_model"] == "numpy"
