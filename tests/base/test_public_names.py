"""Every public name is documented, with an example: where it is written, and once in the reference of the site."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from particles import vmath
from particles.base.errors import InputError, SimresnetError
from tests.paths import ROOT

FACES = ("particles", "particles.model", "particles.training", "kinetic", "validation")
REFERENCE = ROOT / "docs" / "site" / "reference"
ENTRY = re.compile(r"^\.\. (?:autoclass|autofunction|data):: (\w+)$", re.MULTILINE)
REFUSES = re.compile(r"\braise InputError\b|\brequire_\w+\(|\bchecked?_\w+\(")


def public(face: str) -> dict[str, Any]:
    """The public values of a package by their names."""
    module = importlib.import_module(face)
    return {name: getattr(module, name) for name in module.__all__}


def elementary() -> dict[str, Any]:
    """The functions that `particles.vmath` defines itself."""
    found = vars(vmath).items()
    return {name: f for name, f in found if name[0] != "_" and getattr(f, "__module__", "") == vmath.__name__}


WRITTEN = [  # constants have no docstring of their own: the reference tells of them
    pytest.param(value, id=f"{face}.{name}")
    for face in FACES
    for name, value in public(face).items()
    if inspect.isclass(value) or inspect.isfunction(value)
]


def takes(value: Any) -> bool:
    """Whether a user gives it anything: protocols and abstract bases take nothing, errors what their base does."""
    if inspect.isclass(value) and (inspect.isabstract(value) or getattr(value, "_is_protocol", False)):
        return False
    if inspect.isclass(value) and issubclass(value, SimresnetError):
        return value is SimresnetError
    return bool(inspect.signature(value).parameters)


def refuses(value: Any) -> bool:
    """Whether its own lines raise InputError: those of a function, or those that make an object."""
    if inspect.isfunction(value):
        return bool(REFUSES.search(inspect.getsource(value)))
    made = [vars(value).get(name) for name in ("__init__", "__post_init__")]
    return any(inspect.isfunction(f) and "string>" not in f.__code__.co_filename and refuses(f) for f in made)


def faults(value: Any) -> list[str]:
    """What a docstring lacks, in words."""
    text = inspect.cleandoc(value.__doc__ or "")
    sections = dict(re.findall(r"^([A-Z]\w+)\n-+\n(.*?)(?=^[A-Z]\w+\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL))
    found = []
    if not re.match(r"\S[^\n]+[.;:]", text) or text.startswith(f"{getattr(value, '__name__', '')}("):
        found.append("no sentence")
    if takes(value) and not sections.get("Parameters", "").strip():
        found.append("no Parameters")
    if refuses(value) and "InputError" not in sections.get("Raises", ""):
        found.append("no Raises")
    if ">>> " not in sections.get("Examples", ""):
        found.append("no Examples")
    return found


def listed(page: Path) -> Counter[str]:
    """How often a page of the reference names each name."""
    return Counter(ENTRY.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("value", WRITTEN)
def test_public_names_have_docstrings(value: Any) -> None:
    assert faults(value) == []


@pytest.mark.parametrize("value", elementary().values(), ids=elementary())
def test_elementary_functions_say_what_they_are(value: Any) -> None:
    assert set(faults(value)) <= {"no Parameters"}  # each takes one number


def test_what_a_docstring_lacks_is_noticed() -> None:
    def bare(x):
        raise InputError(x)

    def told(x):
        """Refuse.

        Parameters
        ----------
        x : str

        Raises
        ------
        InputError
            Always.

        Examples
        --------
        >>> refuse("it")
        """
        raise InputError(x)

    assert faults(bare) == ["no sentence", "no Parameters", "no Raises", "no Examples"]
    assert faults(told) == []


@pytest.mark.parametrize("face", FACES)
def test_the_reference_names_each_public_name_once(face: str) -> None:
    assert listed(REFERENCE / f"{face.split('.')[-1]}.rst") == Counter(list(public(face)))


def test_the_reference_names_each_elementary_function_once() -> None:
    assert listed(REFERENCE / "vmath.rst") == Counter(list(elementary()))


def test_a_name_that_is_missing_or_twice_in_the_reference_is_noticed(tmp_path: Path) -> None:
    text = (REFERENCE / "validation.rst").read_text(encoding="utf-8")
    page = tmp_path / "validation.rst"
    for changed in (text.replace(".. autofunction:: sliced_w1\n", ""), text + "\n.. autofunction:: sliced_w1\n"):
        page.write_text(changed, encoding="utf-8")
        assert listed(page) != Counter(list(public("validation")))
