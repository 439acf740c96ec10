"""The one compilation policy of the project, and the one factory that specialises kernels.

Policy, each with its reason:

* ``fastmath`` off: it would change bits from one CPU target to the next, and drop NaN checks.
* ``error_model="numpy"``: a division by zero gives inf or NaN, which the caller reports; no branch in the loop.
* machine code is kept on disk by `kernel_cache`, keyed by the content of a kernel and of all that it reaches: numba's
  own cache returns stale code after an edit of a formula in another file, and mixes up what several processes write.
* formulas are inlined by force: a scalar function of a few dozen instructions left as a call keeps its loop scalar.
* no wrapper for callers in C is made, of kernels and of formulas: nobody asks for one.

numba is loaded by the first call of a kernel and never by an import, so that ``--help`` and bad input stay fast; what
compiles is loaded by the first kernel that is not on the disk.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from particles.base import signals
from particles.base.code_digest import code_digest
from particles.base.garbage import unwatched
from particles.base.kernel_cache import KernelCache, number_symbols_anew
from particles.base.terminal import say

F = TypeVar("F", bound=Callable[..., Any])
Formula = Callable[..., Any]

POLICY: dict[str, Any] = {"error_model": "numpy", "fastmath": False, "nogil": True, "no_cfunc_wrapper": True}

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("particles", "kinetic", "validation")

compiled_kernels: list[Any] = []
"""Every kernel of this process, in the order of their first use; numba counts in each what came from the cache."""

_waiting: list[Formula] = []
_registered: set[Formula] = set()


def formula(function: F) -> F:
    """Mark a plain scalar function as a formula: callable from Python, and inlined into every kernel that uses it.

    Parameters
    ----------
    function : callable
        Of numbers and tuples of numbers; it may call other formulas, and nothing of numpy.

    Examples
    --------
    >>> from particles import formula, vmath
    >>> @formula
    ... def swish(u: float) -> float:
    ...     return u * vmath.sigmoid(u)
    >>> swish(0.0), round(swish(1.0), 6)
    (0.0, 0.731059)
    """
    _waiting.append(function)
    return function


def kernel(factory: Callable[..., Formula]) -> Callable[..., Any]:
    """Turn `factory(*formulas) -> loop` into a function that returns the compiled loop for these formulas.

    The loop may call the formulas that the factory was given, and anything marked by `formula`. One compilation
    for each tuple of formulas and argument types, kept on disk; numbers and arrays never compile anything new.
    A loop that reaches something whose content cannot be told is compiled in every process.
    """

    @functools.wraps(factory)
    @functools.cache
    def specialise(*formulas: Formula) -> Any:
        _waiting.extend(formulas)
        with unwatched():
            import numba

        loop = factory(*formulas)
        compiled = numba.njit(loop, **POLICY)
        folder, content = cache_folder(), code_digest(loop)
        if folder is None or content is None:
            _prepare_to_compile()
        else:
            name = f"{factory.__module__}.{factory.__qualname__}"
            compiled._cache = KernelCache(folder, name, content, _prepare_to_compile)
        compiled_kernels.append(compiled)
        return compiled

    return specialise


def _prepare_to_compile() -> None:
    """Tell numba of the shims and of every formula; a kernel that comes from the cache needs none of it."""
    from numba.extending import register_jitable

    from particles.base import intrinsics, lane_intrinsics, word_intrinsics  # noqa: F401  these register the shims

    if signals.heard.in_command:
        _spare_blas()

    number_symbols_anew()
    while _waiting:
        function = _waiting.pop()
        if function not in _registered:
            _registered.add(function)
            register_jitable(**intrinsics.INLINED)(function)


@functools.cache
def _spare_blas() -> None:
    """Load numba's array functions without scipy's BLAS, which they look for: 0.1 s, for no kernel.

    Commands alone do so: in another program there may be kernels that multiply matrices.
    """
    name = "scipy.linalg.cython_blas"
    if name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # is as if it were not installed
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            del sys.modules[name]


@functools.cache
def has_long_vectors() -> bool:
    """Whether this process compiles for registers of 512 bits, of which there are 32: no byte may depend on it."""
    import llvmlite.binding
    import numba

    given = numba.config.CPU_FEATURES
    return "+avx512f" in (llvmlite.binding.get_host_cpu_features().flatten() if given is None else given)


@functools.cache
def cache_folder() -> Path | None:
    """Folder of compiled kernels, or None when no place can be written (then every process compiles anew, and says so).

    The first that can be written of ``$NUMBA_CACHE_DIR``, ``$XDG_CACHE_HOME/simresnet``, ``~/.cache/simresnet`` and
    a folder of this user in the system's temporary directory.
    """
    for base in _bases():
        folder = base / "kernels"
        try:
            base.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    say("simresnet", "no folder for compiled kernels can be written: every process compiles anew")
    return None


def _bases() -> Iterator[Path]:
    given, home = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    if given:
        yield Path(given)
    with suppress(RuntimeError):  # nobody's home
        yield Path(home) / "simresnet" if home else Path.home() / ".cache" / "simresnet"
    with suppress(FileNotFoundError):  # no temporary directory
        yield Path(tempfile.gettempdir()) / f"simresnet-{os.getuid()}"


@functools.cache
def fingerprint() -> str:
    """Hash of every source file of the three packages, as 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for source in sorted((_ROOT / package).rglob("*.py")):
            digest.update(source.relative_to(_ROOT).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
