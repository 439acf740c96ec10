"""Which model a record is of: a hash of every field of a `Model`, down to the last digit of every parameter.

Numbers, parameters and laws count in full, measurements by all their values; functions of this project by name, those
of a user by what they compute (`particles.base.code_digest`, which knows one version of Python). What cannot be told
(a function written in C, an object with a state) is None: "unknown" is an answer, "equal" would be a guess.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.code_digest import current_digest

if TYPE_CHECKING:
    from particles.model.rule import Model

_OURS = ("particles", "kinetic", "validation")
_PYTHON = f"python {sys.version_info.major}.{sys.version_info.minor} "
_LONG = ("(long)", "callable ")  # what older records say of laws and of functions
# modules -> the names under which records know them: a class may move, the model of a record stays the same
_RECORDED = {
    **dict.fromkeys(("elementary", "combined"), "particles.model.laws"),
    **dict.fromkeys(
        ("lognormal", "inverse_gamma", "generalised_gamma", "sech_power", "relu_steady", "pareto"),
        "particles.model.families",
    ),
    **dict.fromkeys(("empirical", "histogram"), "particles.model.empirical"),
    "smoothed": "particles.model.smoothed",
    "drift": "particles.model.drifts",
    **{name: f"particles.model.{name}" for name in ("transients", "transitions", "linear", "benes")},
}
_MOVED = ("validation.exact", "validation.exact")
_ROOMS = ("particles.model.laws", "particles.model.drifts", "particles.model.exact")


class _UnknownError(Exception):
    """The content of a value cannot be told."""


def identity(model: Model) -> dict[str, str | None]:
    """Hash of every field of a model, None where its content cannot be told; equal in every process and on any CPU."""
    told = {
        "drift": model.drift,
        "weight": model._weight,
        "bias": model.bias if model._bias is None else model._bias,
        "initial": model.initial,
        "neurons": model.neurons,
        "walls": None if model.walls is None else (model.wall, *(model.box if model.dim > 1 else model.box[0])),
        "scaled": model.is_scaled,
        "diffusion": model.diffusion,
        "nu2": float(model.nu2),
    }
    return {name: _hash(value) for name, value in told.items()}


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Fields in which the models of two records differ, and those of which that is not known.

    Either is what `Model.describe` said, without identities where an older version wrote it.
    """
    if not (isinstance(one.get("identity"), Mapping) and isinstance(other.get("identity"), Mapping)):
        names = sorted(({*one} | {*other}) - {"identity"})
        unknown = [name for name in names if any(word in str(one.get(name)) for word in _LONG)]
        return [name for name in names if one.get(name) != other.get(name)], unknown or ["initial"]
    pairs = {name: (one["identity"].get(name), other["identity"].get(name)) for name in one["identity"]}
    unknown = [name for name, (a, b) in pairs.items() if a is None or b is None or _of_two_pythons(str(a), str(b))]
    return [name for name, (a, b) in pairs.items() if a != b and name not in unknown], unknown


def _of_two_pythons(one: str, other: str) -> bool:
    """Whether both hold byte code, of two versions: equal functions differ then."""
    versions = [text.rpartition(" ")[0] for text in (one, other)]
    return all(versions) and versions[0] != versions[1]


def describe(value: Any) -> str:
    """A law and its parameters in one line; measurements by their number and the start of their hash."""
    if not dataclasses.is_dataclass(value):
        return repr(value)
    parts = []
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        parts.append(f"{field.name}={_shown(held)}")
    return f"{type(value).__name__}({', '.join(parts)})"


def _shown(held: Any) -> str:
    if isinstance(held, np.ndarray) and held.size > 8:
        return f"{held.size} values, sha256 {_array_hash(held)[:12]}"
    if isinstance(held, np.ndarray):
        return str(held.tolist())
    if isinstance(held, tuple | list):
        return f"[{', '.join(map(_shown, held))}]"
    return describe(held)


def _hash(value: Any) -> str | None:
    user_code: list[str] = []
    try:
        content = _content(value, user_code)
    except _UnknownError:
        return None
    digest = hashlib.sha256(repr(content).encode()).hexdigest()
    return _PYTHON + digest if user_code else digest


def _array_hash(array: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype="<f8").tobytes()).hexdigest()


def _content(value: Any, user_code: list[str]) -> Any:
    """Plain nested tuples and text that hold all of a value; `user_code` collects digests of byte code."""
    if isinstance(value, bool | np.bool_ | str | type(None)):
        return (type(value).__name__, value)
    if isinstance(value, int | float | np.integer | np.floating):
        return ("number", float(value).hex() if float(value) == value or value != value else str(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return ("array", value.shape, _array_hash(value))
    if isinstance(value, tuple | list):
        return tuple(_content(item, user_code) for item in value)
    if isinstance(value, FunctionType):
        return _function(value, user_code)
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    if not fields and (getattr(value, "__dict__", True) or not _is_ours(type(value))):
        raise _UnknownError  # a state that nobody declares
    found: list[str] = []
    held = tuple((field.name, _content(getattr(value, field.name), found)) for field in fields)
    user_code += found
    if not found and {"name", "constants"} <= {name for name, _ in held}:  # a drift or shape of ours
        held = tuple(pair for pair in held if pair[0] in ("name", "constants"))
    return (_class(type(value), user_code), held)


def _function(function: Callable[..., Any], user_code: list[str]) -> str:
    if _is_ours(function) and not getattr(function, "__closure__", None):
        return _name(function)
    digest = current_digest(function)
    if digest is None:
        raise _UnknownError
    user_code.append(digest)
    return digest


def _name(thing: Any) -> str:
    """Name of a class or function of ours, under the module by which records know it."""
    room, _, leaf = thing.__module__.rpartition(".")
    module = _RECORDED.get(leaf, thing.__module__) if room in _ROOMS else thing.__module__.replace(*_MOVED)
    return f"{module}.{thing.__qualname__}"


def _class(kind: type, user_code: list[str]) -> Any:
    """Name of a class of ours, and of a user's also what its methods compute."""
    if _is_ours(kind):
        return _name(kind)
    told = tuple(
        (name, _member(held, user_code))
        for name, held in sorted(vars(kind).items())
        if not name.startswith(("__", "_abc"))
    )
    return (kind.__qualname__, told, tuple(_class(base, user_code) for base in kind.__bases__ if base is not object))


def _member(held: Any, user_code: list[str]) -> Any:
    """A method, a property or a constant of a user's class."""
    if isinstance(held, property):
        return tuple(_content(part, user_code) for part in (held.fget, held.fset))
    if isinstance(held, staticmethod | classmethod):
        return _content(held.__func__, user_code)
    return _content(held.func if isinstance(held, cached_property) else held, user_code)


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).partition(".")[0] in _OURS
