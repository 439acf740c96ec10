"""The lowest and the newest versions that pyproject.toml admits, on every Python that it names: the same bytes.

Minutes an environment, and a package index: run by `make test-versions`, and with the other long tests. A Python that
is not found is said and skipped; SIMRESNET_PYTHONS="3.11 3.13" names those that must be there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PYTHONS = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
REQUIRED = os.environ.get("SIMRESNET_PYTHONS", "").split()

CASE = """
[model]
drift = "tanh"
weight = -1.0
bias = 1.0
initial = {law = "normal", m = 1.0, v = 1.0}
[run]
until = 2.0
[grid]
domain = [-7.0, 9.0]
cells = 200
"""
# the last cloud of 12 347 particles, seed 1: what numpy 2.4.6, numba 0.68.1 and Python 3.11 give
DIGESTS = {
    "case.toml --layers 100": "ff59d907c85a9cc8a84a9010f53097b3a325f4123725a3347558d950e5f8aaf9",
    "iris --exact": "a89c09969dfff4332a40c16fef2a30555ff8720557d5fe31a51c90d4b4bf2cd5",
    "fokker-planck --eps 0.05": "e28558518d1ee24f5355b394161ad96c5b2557f9b5adbde6e46b610eb168a8ac",
    "inverse-gamma --milstein --dt 0.05 --noise uniform": (
        "88b2b96bb507fb83ebe58b1b04ca01dd158ca5ae0293e2605c1a2657f021781b"
    ),
}


def works(python: Path, version: str) -> bool:
    """Whether this is that Python; a shim may lie on the PATH without an interpreter behind it."""
    script = "import sys, venv; print('{}.{}'.format(*sys.version_info))"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return (done.returncode, done.stdout.strip()) == (0, version)


def interpreter(version: str) -> Path:
    """Python of this version from the PATH or from pyenv; without one the test is skipped, or fails where required."""
    on_path = shutil.which(f"python{version}")
    candidates = [Path(on_path)] if on_path else []
    if "PYENV_ROOT" in os.environ:
        candidates += Path(os.environ["PYENV_ROOT"]).glob(f"versions/{version}.*/bin/python")
    for candidate in candidates:
        if works(candidate, version):
            return candidate
    told = f"no Python {version} on the PATH nor below PYENV_ROOT"
    if version in REQUIRED:
        pytest.fail(told)
    pytest.skip(told)


def uv(*arguments: object) -> None:
    command = [Path(sys.executable).with_name("uv"), "--quiet", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made from the source distribution, so that both are whole."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--out-dir", folder)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module", params=["lowest-direct", "highest"])
def resolution(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=PYTHONS)
def environment(request: pytest.FixtureRequest, resolution: str, wheel: Path) -> Iterator[Path]:
    """Folder of the commands of an environment with the wheel and the versions wanted, all from wheels.

    It is removed after its tests, half a gigabyte with its kernels.
    """
    python = interpreter(request.param)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = folder / "versions.txt"
        choice = ["--resolution", resolution, "--only-binary", ":all:", "--python-version", request.param]
        uv("pip", "compile", "pyproject.toml", "--extra", "mpich", *choice, "--output-file", wanted)
        uv("venv", "--python", python, folder / "venv")
        # compiled as pip does: else POT warns of its escape sequences in the first process
        uv("pip", "install", "--compile-bytecode", "--python", folder / "venv", "--requirement", wanted, wheel)
        yield folder / "venv" / "bin"


@pytest.fixture(scope="module")
def place(environment: Path) -> Path:
    """A folder far from the sources, with the case; kernels are compiled anew for each environment."""
    folder = environment.parents[1] / "work"
    folder.mkdir()
    (folder / "case.toml").write_text(CASE, encoding="utf-8")
    return folder


def run(environment: Path, place: Path, *words: object, ranks: int = 1) -> str:
    """Output of `simresnet` in that environment, which must warn of nothing."""
    command = [environment / "python", environment / "simresnet", *words]
    if ranks > 1:
        command = [environment / "mpirun", "-n", str(ranks), *command]
    settings = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}
    settings |= {"XDG_CACHE_HOME": str(place / "cache"), "SIMRESNET_LOG_EVERY": "never"}
    done = subprocess.run(
        list(map(str, command)), cwd=place, env=settings, capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize("words", DIGESTS, ids=lambda words: words.split()[0])
def test_clouds_are_the_same_bytes(environment: Path, place: Path, words: str) -> None:
    case, *options = words.split()
    out = place / Path(case).stem
    run(
        environment, place, "particles", "run", case, *options, "--count", "12347", "--seed", "1", "--out", out, ranks=2
    )
    told = json.loads(run(environment, place, "particles", "info", out, "--json").splitlines()[-1])
    assert told["sha256"][-1] == DIGESTS[words]


@pytest.mark.long
def test_every_command_works(environment: Path, place: Path) -> None:
    assert run(environment, place, "--version").startswith(f"simresnet {PROJECT['version']}")
    assert "regression" in run(environment, place, "validation", "cases")
    assert "particles" in run(environment, place, "completion", "bash")
    run(environment, place, "particles", "run", "case.toml", "--exact", "--count", "1e4", "--out", "cloud", ranks=2)
    run(environment, place, "kinetic", "run", "case.toml", "--out", "density.nc")
    told = json.loads(
        run(environment, place, "validation", "compare", "cloud", "density.nc", "--json").splitlines()[-1]
    )
    assert told["w1"] > 0.0
    for result in ("cloud", "density.nc"):
        run(environment, place, "validation", "plot", result, "--out", f"{result}.png")
        assert (place / f"{result}.png").read_bytes().startswith(b"\x89PNG")
