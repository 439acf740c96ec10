"""What a compiled function computes, as a hash: its byte code, its constants, and all that it can reach.

Two functions with equal digests are compiled to the same machine code, wherever they stand and whatever their names.
Files, lines and names of variables do not count; a formula in another file that is called on the way does.
"""

from __future__ import annotations

import builtins
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_LIBRARIES = sys.stdlib_module_names | {"numpy", "numba", "llvmlite", "scipy"}  # known by their versions and names
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.generic)


class _UnknownError(Exception):
    """Something is reached whose content cannot be told."""


def code_digest(function: Callable[..., Any]) -> str | None:
    """Hash, 64 digits, equal in every process, of all that decides what a function, compiled or not, computes.

    None where it reaches something whose content cannot be told: an object with a state, a function of a library
    written in C.
    """
    return _digest(function)


def current_digest(function: Callable[..., Any]) -> str | None:
    """`code_digest` of what a function reaches now: a global or a closure's variable may have changed since."""
    return _digest.__wrapped__(function)


@functools.cache
def _digest(function: Callable[..., Any]) -> str | None:
    digest = hashlib.sha256()
    try:
        for part in _parts(function, set()):
            digest.update(f"{len(part)}:".encode() + part)
    except (_UnknownError, AttributeError, ValueError):  # also of an object of a library, or an empty closure
        return None
    return digest.hexdigest()


def _parts(value: Any, seen: set[int]) -> Iterator[bytes]:
    """The content of a value, part by part."""
    function = (
        value if isinstance(value, FunctionType) else getattr(value, "py_func", getattr(value, "__wrapped__", None))
    )
    if isinstance(value, _PLAIN):
        yield f"{type(value).__name__} {value!r}".encode()
    elif isinstance(value, tuple | list):
        yield f"{type(value).__name__} of {len(value)}".encode()
        for item in value:
            yield from _parts(item, seen)
    elif isinstance(value, frozenset):  # its order depends on the process
        yield b"set " + b",".join(sorted(b" ".join(_parts(item, seen)) for item in value))
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"array {value.dtype.str} {value.shape}".encode() + np.ascontiguousarray(value).tobytes()
    elif isinstance(value, ModuleType | type | BuiltinFunctionType | np.ufunc) or _in_library(value):
        yield _name(value)
    elif isinstance(function, FunctionType):
        yield from _function(function, seen)
    else:
        raise _UnknownError


def _function(function: FunctionType, seen: set[int]) -> Iterator[bytes]:
    if id(function) in seen:
        yield b"again"
        return
    seen.add(id(function))
    yield from _code(function.__code__, function.__globals__, seen)
    yield from _parts((function.__defaults__, *sorted((function.__kwdefaults__ or {}).items())), seen)
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, seen)


def _code(code: CodeType, names: dict[str, Any], seen: set[int]) -> Iterator[bytes]:
    yield code.co_code + code.co_exceptiontable
    yield f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount} {code.co_flags}".encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant, names, seen)
        else:
            yield from _parts(constant, seen)
    reached = [(name, names[name]) for name in code.co_names if name in names]
    modules = [value for _, value in reached if isinstance(value, ModuleType) and not _in_library(value)]
    for name in code.co_names:  # modules in modules
        inner = [vars(module)[name] for module in modules if isinstance(vars(module).get(name), ModuleType)]
        modules += [module for module in inner if not _in_library(module)]
    for name in code.co_names:
        yield name.encode()
        yield from (part for module in modules if hasattr(module, name) for part in _parts(getattr(module, name), seen))
    for _, value in reached:
        yield from _parts(value, seen)


def _name(value: Any) -> bytes:
    """Name of what a library's version, or the name alone, decides; a class or a C function of others is unknown."""
    known = isinstance(value, ModuleType) or _in_library(value) or getattr(builtins, value.__name__, None) is value
    bound = getattr(value, "__self__", None)  # a method of an object depends on the object
    if not known or not (bound is None or isinstance(bound, ModuleType | type)):
        raise _UnknownError
    return f"{getattr(value, '__module__', '')} {getattr(value, '__qualname__', value.__name__)}".encode()


def _in_library(value: Any) -> bool:
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(value, np.ufunc) or (isinstance(module, str) and module.partition(".")[0] in _LIBRARIES)
