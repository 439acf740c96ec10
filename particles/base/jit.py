"""The one compilation policy of the project, and the one factory that specialises kernels.

Policy, each with its reason:

* ``fastmath`` off: it would change bits from one CPU target to the next, and drop NaN checks.
* ``error_model="numpy"``: a division by zero gives inf or NaN, which the caller reports; no branch in the loop.
* ``cache=True`` in a folder keyed by a hash of the project's sources: numba's own check looks only at the file
  that holds the kernel, and would return stale code after an edit of a formula in another file.
* formulas are inlined by force: a scalar function of a few dozen instructions left as a call keeps its loop scalar.

numba is loaded by the first call of a kernel and never by an import, so that ``--help`` and bad input stay fast.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Formula = Callable[..., Any]

POLICY: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True}

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("particles", "kinetic", "validation")

_waiting: list[Formula] = []
_registered: set[Formula] = set()


def formula(function: F) -> F:
    """Mark a plain scalar function as a formula: callable from Python, and inlined into every kernel that uses it."""
    _waiting.append(function)
    return function


def kernel(factory: Callable[..., Formula]) -> Callable[..., Any]:
    """Turn `factory(*formulas) -> loop` into a function that returns the compiled loop for these formulas.

    The loop may call the formulas that the factory was given, and anything marked by `formula`. One compilation
    for each tuple of formulas and argument types, kept on disk; numbers and arrays never compile anything new.
    """

    @functools.wraps(factory)
    @functools.cache
    def specialise(*formulas: Formula) -> Any:
        _waiting.extend(formulas)
        njit = _load_numba()
        keep = cache_folder() is not None and all(map(_is_ours, formulas))
        return njit(factory(*formulas), cache=keep, **POLICY)

    return specialise


def _is_ours(function: Formula) -> bool:
    """Whether the sources that `fingerprint` covers hold a formula and all that it closes over.

    A formula of a user is compiled anew in every process: numba's index knows it by its name alone, and would return
    the code of yesterday's text.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    source = Path(code.co_filename).resolve()
    within = [cell.cell_contents for cell in function.__closure__ or ()]
    inside = any(source.is_relative_to(_ROOT / package) for package in _PACKAGES)
    return inside and all(_is_ours(part) for part in within if callable(part))


def _load_numba() -> Callable[..., Any]:
    import numba
    from numba.extending import register_jitable

    from particles.base import intrinsics  # noqa: F401  (registers the shims)

    folder = cache_folder()
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)
    while _waiting:
        function = _waiting.pop()
        if function not in _registered:
            _registered.add(function)
            register_jitable(forceinline=True)(function)
    return numba.njit  # type: ignore[no-any-return]


@functools.cache
def cache_folder() -> Path | None:
    """Folder of compiled kernels, or None when no place can be written (then every process compiles anew).

    The first that can be written of ``$NUMBA_CACHE_DIR``, ``$XDG_CACHE_HOME/simresnet``, ``~/.cache/simresnet`` and
    a folder of this user in the system's temporary directory; below it, one folder for each state of the sources.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    private = Path(tempfile.gettempdir()) / f"simresnet-{os.getuid()}"
    for base in ([Path(given)] if given else []) + [Path(home) / "simresnet", private]:
        folder = base / fingerprint()
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            if base == private and (base.stat().st_uid != os.getuid() or base.stat().st_mode & 0o022):
                continue  # anybody may write to the temporary folder, and a cache is code
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


@functools.cache
def fingerprint() -> str:
    """Hash of every source file of the three packages, as 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for source in sorted((_ROOT / package).rglob("*.py")):
            digest.update(source.relative_to(_ROOT).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
