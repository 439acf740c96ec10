"""Results of pages that run, kept between builds: a folder a page, named by the hash of all that decides what is in it.

What decides: the page's own text, the project's code and data, and the versions of the packages below it. Comments and
docstrings of the code do not count, since no page prints one. A folder without its mark is of a build that was broken
off, and is made anew; of several folders of one page the newest alone stays.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLACE = "out/pages"  # below the root, ignored by git
MARK = "done.json"
KEY = 16  # digits of a hash in a name
SOURCES = ("particles", "kinetic", "validation")
EXTENSIONS = ("docs/site/live.py", "docs/site/exhibits.py")
LIBRARIES = ("numpy", "numba", "scipy", "POT", "matplotlib", "mpi4py", "xarray")


class Kept:
    """The folder of a page or of a part of one, and what is in it."""

    def __init__(self, name: str, text: str) -> None:
        name = name.replace("/", "-")
        key = hashlib.sha256("\n".join((name, text, code())).encode()).hexdigest()[:KEY]
        self.name, self.folder = name, ROOT / PLACE / f"{name}.{key}"
        self.whole = (self.folder / MARK).is_file()
        self.told: Any = json.loads((self.folder / MARK).read_text(encoding="utf-8")) if self.whole else None
        if not self.whole:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)

    def finish(self, told: Any) -> None:
        """Mark the folder as whole, with what a later build needs beside its files; older ones of this name go."""
        (self.folder / MARK).write_text(json.dumps(told), encoding="utf-8")
        self.whole, self.told = True, told
        for other in self.folder.parent.glob(f"{self.name}.{'?' * KEY}"):
            if other != self.folder:
                shutil.rmtree(other)

    def address(self, name: str) -> str:
        """A file of the folder as Sphinx names it, from the root of its sources."""
        return "/" + (self.folder / name).relative_to(ROOT).as_posix()


@functools.cache
def code() -> str:
    """Hash of the project's code without comments and docstrings, of its data, and of what lies below both."""
    digest = hashlib.sha256(f"{platform.machine()} {platform.python_version()}".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {version(name)}".encode())
    for file in sorted(files()):
        digest.update(file.relative_to(ROOT).as_posix().encode())
        data = file.read_bytes()
        digest.update(bare(data.decode()).encode() if file.suffix == ".py" else data)
    return digest.hexdigest()


def files() -> Iterator[Path]:
    """Code and data of the project, and the extensions that run them."""
    for source in SOURCES:
        yield from (file for kind in ("*.py", "*.csv", "*.css") for file in (ROOT / source).rglob(kind))
    yield from (ROOT / name for name in EXTENSIONS)


def bare(text: str) -> str:
    """Python code as its syntax tree, so that neither layout, comments nor docstrings are in it."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and first.value.value.__class__ is str
            ):
                node.body = node.body[1:]
    return ast.dump(tree)
