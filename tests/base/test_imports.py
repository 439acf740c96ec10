"""Imports run one way, heavy libraries are imported in one place each, and no import loads them."""

from __future__ import annotations

import ast
import functools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGES = ("particles", "kinetic", "validation")

# module prefix -> what it may import of this project; the longest prefix counts
DIRECTIONS = {
    "particles.base": ("particles.base",),
    "particles.vmath": ("particles.base",),
    "particles.model": ("particles.base", "particles.vmath", "particles.model"),
    "particles": ("particles",),
    "kinetic": ("kinetic", "particles.base", "particles.vmath", "particles.model"),
    "validation": ("validation", "particles", "kinetic"),
}
# library -> the only places (module prefixes) that may import it
HOMES = {
    "mpi4py": ("particles.base.parallel",),
    "ot": ("validation.distance",),
    "matplotlib": ("validation.figures",),
    "numba": ("particles.base",),
    "llvmlite": ("particles.base",),
}
# room -> what no file in it may import
APART = {"validation.exact": "validation.studies", "validation.distance": "validation.studies"}


def below(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


@functools.cache
def imported(text: str, package: str) -> tuple[str, ...]:
    """Full names of all that a file of this package imports; a text that was parsed before is not parsed again."""
    return tuple(_imported(text, package))


def _imported(text: str, package: str) -> Iterator[str]:
    """At any depth, by statement or by `import_module` of a constant."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            if not (node.args and isinstance(node.args[0], ast.Constant)):
                yield "an import by a computed name"
            else:
                yield str(node.args[0].value)


def command_room(module: str) -> bool:
    """A file that adds a sub-command, or what one is imported from; `particles.base.command` is their common tool."""
    parts = module.split(".")
    return parts[0] in PACKAGES and not below(module, "particles.base") and bool({"command", "commands"} & set(parts))


def violations(root: Path) -> list[str]:
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            owner = max((prefix for prefix in DIRECTIONS if below(module, prefix)), key=len)
            package_of = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for name in imported(path.read_text(encoding="utf-8"), package_of):
                if name.split(".")[0] in ("tests", "benchmarks", "an import by a computed name"):
                    found.append(f"{module} imports {name}")
                if name.split(".")[0] in PACKAGES and not any(below(name, allowed) for allowed in DIRECTIONS[owner]):
                    found.append(f"{module} imports {name}")
                if command_room(name) and not (command_room(module) or module.endswith(".__main__")):
                    found.append(f"{module} imports {name}")
                if any(below(module, room) and below(name, other) for room, other in APART.items()):
                    found.append(f"{module} imports {name}")
                home = HOMES.get(name.split(".")[0])
                if home is not None and not any(below(module, place) for place in home):
                    found.append(f"{module} imports {name}")
    return found


def test_imports_run_one_way() -> None:
    assert violations(ROOT) == []


FORBIDDEN = [
    ("particles/base/errors.py", "from particles.model import Model"),
    ("particles/base/errors.py", "from particles import vmath"),
    ("particles/base/shims.py", "from .. import vmath"),
    ("particles/vmath.py", "import particles.model.laws"),
    ("particles/model/laws/elementary.py", "from particles import simulate"),
    ("particles/model/laws/elementary.py", "from particles.philox import start_uniforms"),
    ("particles/kernels/line.py", "import kinetic"),
    ("particles/simulate.py", "from validation import w1"),
    ("particles/simulate.py", "def f():\n    from mpi4py import MPI"),
    ("particles/simulate.py", "import importlib\nimportlib.import_module('mpi4py')"),
    ("particles/simulate.py", "import importlib\nimportlib.import_module('mpi' + '4py')"),
    ("particles/vmath.py", "import numba"),
    ("particles/schemes/euler.py", "from numba import njit"),
    ("particles/trajectory.py", "from matplotlib import pyplot"),
    ("kinetic/__init__.py", "from particles import simulate"),
    ("kinetic/__init__.py", "from particles.ensemble import Ensemble"),
    ("kinetic/__init__.py", "import validation"),
    ("kinetic/__init__.py", "import ot"),
    ("validation/report/run.py", "from validation.commands import study"),
    ("validation/report/run.py", "from validation.commands.budget import show"),
    ("validation/console.py", "import particles.commands.run"),
    ("validation/exact/__init__.py", "from validation.studies.study import Study"),
    ("validation/distance/line.py", "from validation import studies"),
]


@pytest.mark.parametrize(("file", "line"), FORBIDDEN)
def test_forbidden_import_is_noticed(tmp_path: Path, file: str, line: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = violations(tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    assert len(violations(tmp_path)) == len(before) + 1


HEAVY = ("numba", "llvmlite", "mpi4py", "matplotlib", "ot")


def all_modules() -> list[str]:
    """Every module but the command lines' entry points and the one whose purpose is to load numba."""
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    return [name for name in names if not name.endswith("intrinsics")]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_loads_a_heavy_library(fresh: Callable[..., subprocess.CompletedProcess[str]], package: str) -> None:
    names = [name for name in all_modules() if below(name, package)]
    script = (
        f"import importlib, sys\n"
        f"for name in {names!r}:\n"
        f"    importlib.import_module(name)\n"
        f"    for heavy in {HEAVY!r}:\n"
        f"        assert heavy not in sys.modules, (name, heavy)\n"
    )
    done = fresh("-c", script)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_module_is_hidden_by_a_function_of_its_name() -> None:
    """`import package.name` and `package.name` must not mean two things, unless the function is bound last."""
    import importlib

    for package in PACKAGES:
        made = importlib.import_module(package)
        for name in getattr(made, "__all__", []):
            assert not isinstance(getattr(made, name), type(ast)) or name == "model"


COMPILED = """
import sys
from particles.base import jit, signals
from particles.base.jit import kernel
@kernel
def twice():
    return lambda x: 2.0 * x
signals.heard.in_command = COMMAND
assert twice()(1.5) == 3.0
assert sum(jit.compiled_kernels[0].stats.cache_misses.values()) == 1
assert ("scipy.linalg" in sys.modules) is not COMMAND
import scipy.linalg.cython_blas
"""


@pytest.mark.parametrize("command", [True, False])
def test_a_command_loads_no_linear_algebra_of_scipy_and_hides_none(
    fresh: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, command: bool
) -> None:
    """numba looks for BLAS there to compile. A script is left what it may need, and so is the rest."""
    done = fresh("-c", COMPILED.replace("COMMAND", str(command)), env={"NUMBA_CACHE_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
