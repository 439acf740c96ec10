"""What a user waits for before anything is computed: imports and small runs, each in a fresh process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.measure import fresh_python, named, repeats

IMPORT = """
import sys, time
began = time.perf_counter()
import {package}
print(time.perf_counter() - began, int("numba" in sys.modules or "mpi4py" in sys.modules))
"""


class Import:
    """Import of a package, the start of Python left out; numpy is part of it."""

    turns = 7
    params = (("particles", "kinetic", "validation"),)
    param_names = ("package",)
    smallest = {"turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, package: str) -> None:
        """Import once, so that byte code is there; neither numba nor MPI may come with it."""
        seconds, heavy = self._import(package)
        assert seconds > 0.0
        assert not heavy, f"import {package} loads numba or MPI"

    def _import(self, package: str) -> tuple[float, bool]:
        seconds, heavy = fresh_python("-c", IMPORT.format(package=package)).split()
        return float(seconds), heavy == "1"

    @named("import of a package", "seconds")
    def track_import(self, package: str) -> float:
        return min(self._import(package)[0] for _ in range(repeats(self.turns)))


class Mistake:
    """A command with a wrong value, the whole process: one sentence and code 2."""

    turns = 7
    params = (("particles", "kinetic"),)
    param_names = ("package",)
    smallest = {"turns": 1}  # noqa: RUF012
    timeout = 120.0

    def setup(self, package: str) -> None:
        """Make it once, so that byte code is there."""
        self._make(package)

    def _make(self, package: str) -> float:
        began = perf_counter()
        fresh_python("-m", package, "run", "regression", "--until", "-1", "--out", "none.nc", code=2)
        return perf_counter() - began

    @named("a wrong value is refused", "seconds")
    def track_refused(self, package: str) -> float:
        return min(self._make(package) for _ in range(repeats(self.turns)))


class FirstRun:
    """`python -m particles run regression --count 1000`, the whole process: with its compiled kernels, and without."""

    turns = {"warm": 5, "cold": 2}  # noqa: RUF012
    smallest = {"turns": {"warm": 1, "cold": 1}}  # noqa: RUF012
    timeout = 300.0

    def setup(self) -> None:
        """Fill a cache of compiled kernels; see that the particles were carried: their mean is 1 +- 1/sqrt(1000)."""
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.runs = 0
        self.cache = self.folder / "cache"
        self._run(self.cache)
        assert list(self.cache.rglob("*.kernel")), "nothing was compiled"

    def teardown(self) -> None:
        """Remove what the runs stored."""
        self._folder.cleanup()

    def _run(self, cache: Path) -> float:
        self.runs += 1
        out = self.folder / f"cloud-{self.runs}"
        command = ("-m", "particles", "run", "regression", "--count", "1000", "--json", "--out", str(out))
        began = perf_counter()
        answer = fresh_python(*command, env={"NUMBA_CACHE_DIR": str(cache)})
        seconds = perf_counter() - began
        result = json.loads(answer.splitlines()[-1])
        assert result["count"] == 1000
        assert abs(result["moments"][-1][0][0] - 1.0) < 0.15
        return seconds

    @named("run of 1000 particles, kernels compiled", "seconds")
    def track_warm(self) -> float:
        return min(self._run(self.cache) for _ in range(repeats(self.turns["warm"])))

    @named("run of 1000 particles, nothing compiled", "seconds")
    def track_cold(self) -> float:
        return min(self._run(self.folder / f"empty-{self.runs}") for _ in range(repeats(self.turns["cold"])))
