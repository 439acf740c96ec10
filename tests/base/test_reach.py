"""All that a kernel can reach stands in the key of its file, so that no edit leaves stale machine code."""

from __future__ import annotations

import ast
import builtins
import dis
import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from particles.base import intrinsics, lane_intrinsics, word_intrinsics
from particles.base.code_digest import current_digest

PACKAGES = ("particles", "kinetic", "validation")
VERSIONED = sys.stdlib_module_names | {"numpy", "numba"}  # their versions, and Python's, are in every key
Names = dict[str, Any]


def stand_in(*given: Any) -> Any:
    return given


def another(*given: Any) -> Any:
    return given[0]


def modules() -> Iterator[ModuleType]:
    for package in map(importlib.import_module, PACKAGES):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def marked(tree: ast.AST, mark: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and mark in map(ast.unparse, node.decorator_list):
            yield node


def compiled_lines(tree: ast.AST) -> set[tuple[str, int]]:
    """Name and line of every formula, and of every function inside one that makes a kernel or returns a formula."""
    made = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns is not None]
    factories = [*marked(tree, "kernel"), *(node for node in made if ast.unparse(node.returns or node) == "Formula")]
    inner = [node for factory in factories for node in ast.walk(factory) if node is not factory]
    wanted = [*marked(tree, "formula"), *(node for node in inner if isinstance(node, ast.FunctionDef))]
    return {(node.name, min(n.lineno for n in (node, *node.decorator_list))) for node in wanted}


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def made(code: CodeType, names: Names) -> FunctionType:
    """A function of this code; what its factory gives it, a formula of its own, is another one of those looked at."""
    return FunctionType(code, names, code.co_name, None, tuple(CellType(stand_in) for _ in code.co_freevars))


def roots() -> list[FunctionType]:
    """Every loop and every formula of the project."""
    found = []
    for module in modules():
        path = Path(str(module.__file__))
        text = path.read_text()
        lines = compiled_lines(ast.parse(text))
        codes = nested(compile(text, str(path), "exec", dont_inherit=True)) if lines else ()
        found += [made(code, vars(module)) for code in codes if (code.co_name, code.co_firstlineno) in lines]
    return found


def reached(function: FunctionType) -> Iterator[tuple[Names, str]]:
    """Where the byte code takes a value from: each global name, and each attribute of a module, with its namespace."""
    for code in nested(function.__code__):
        value: Any = None
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and step.argval in function.__globals__:
                place = function.__globals__
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(value, ModuleType):
                place = vars(value)
            else:
                value = None
                continue
            value = place[step.argval]
            yield place, step.argval


def versioned(value: Any) -> bool:
    """Whether versions decide it: something of Python's, numpy's or numba's."""
    if isinstance(value, np.ufunc):
        return getattr(np, value.__name__, None) is value
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(home, str) and home.partition(".")[0] in VERSIONED


def counts(function: FunctionType, place: Names, name: str) -> bool:
    """Whether another value under a name gives the function another digest."""
    value, before = place[name], current_digest(function)
    place[name] = (value, 1.0) if not callable(value) else another
    try:
        return before is not None is not current_digest(function) != before
    finally:
        place[name] = value


def uncovered(starts: list[FunctionType]) -> tuple[list[str], int]:
    """What is reached from these functions and not in their digest; and how many functions were looked at."""
    found, seen, waiting = [], set(), list(starts)
    while waiting:
        function = waiting.pop()
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        if current_digest(function) is None:
            found.append(f"{function.__module__}.{function.__qualname__} has no digest")
        for place, name in reached(function):
            value = place[name]
            value = getattr(value, "py_func", value)
            inside = str(place.get("__name__")).partition(".")[0] in VERSIONED  # math.inf
            module = value.__name__.partition(".")[0] if isinstance(value, ModuleType) else None
            if inside or versioned(value) or module in PACKAGES:
                continue
            if module is not None or not counts(function, place, name):
                found.append(f"{function.__module__}.{function.__qualname__} reaches {name}")
            if isinstance(value, FunctionType):
                held = [cell.cell_contents for cell in value.__closure__ or ()]
                waiting += [value, *(one for one in held if isinstance(one, FunctionType))]
    return found, len(seen)


def test_a_key_covers_all_that_a_kernel_reaches() -> None:
    """Loops and formulas, whatever is made of them: what one is given by another is content of its closure."""
    found, many = uncovered(roots())
    assert found == []
    assert many > 130


TABLE = {"a": 1.0}


def test_what_a_key_does_not_cover_is_found() -> None:
    """Control: a table, an object, and a function of a library whose version is in no key."""
    import scipy.special

    names: Names = {"table": TABLE, "thing": object(), "special": scipy.special, "__builtins__": builtins}
    for body, told in (("table", "table"), ("thing", "thing"), ("special.erf(u)", "special")):
        exec(f"def value(u):\n    return {body}", names)
        found, _ = uncovered([names["value"]])
        assert any(told in sentence for sentence in found)


@pytest.mark.parametrize(
    ("module", "shims"), [(intrinsics, "shims"), (lane_intrinsics, "lanes"), (word_intrinsics, "words")]
)
def test_what_gives_machine_instructions_needs_nothing_of_the_project_but_the_shims(
    module: ModuleType, shims: str
) -> None:
    """The bytes of these files are in every key, and the shims' formulas in the digest of what calls them."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [(n.module, [a.name for a in n.names]) for n in imports if str(n.module).partition(".")[0] in PACKAGES]
    lanes = ["particles.base.lane_intrinsics"] if module is word_intrinsics else []
    assert ours[0] == ("particles.base", [shims])
    assert [name for name, _ in ours[1:]] == lanes  # whose bytes are in every key too
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
