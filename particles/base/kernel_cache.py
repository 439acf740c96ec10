"""Compiled kernels on disk: one file a kernel, which says what it is and is used only if that and its sum fit.

numba's own cache keeps an index beside its data files, written one after the other without a lock, and hands out a data
file without looking whether it is the one that was asked for (numba 0.68.1); and it names functions by a counter of the
process, so that objects which two processes compiled may define one symbol differently (numba#10486). Here:

* a file's name is the hash of its key: the content of the kernel and its formulas (`code_digest`), the types of its
  arguments, the processor, the versions. There is no index; a file is complete when it gets its name.
* the key stands in the file, in front of the code, under one sum; a file with another key or sum is dropped.
* symbols are numbered from a random start at each compilation, so that no two processes use a number twice.

Whatever the disk does, the cache never decides a result: what cannot be read is compiled, what cannot be kept is not.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import pickle
import platform
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from particles.base.garbage import unwatched
from particles.base.terminal import say

FORMAT = b"simresnet kernel 1\n"
_SUM = hashlib.sha256().digest_size
_FIRST = 8  # bytes that hold the length of the key

_spoken_of: set[Path] = set()  # one sentence a process and folder


class KernelCache:
    """Where one kernel's machine code is kept, a file for each tuple of argument types; numba's interface of a cache.

    `name` is what a person calls the kernel, `content` the digest of what it computes; `prepare` is called before one
    is compiled. numba's registries of all that can be compiled are loaded then too: a kernel that is read does without
    them, which is a quarter of a short run.
    """

    def __init__(self, folder: Path, name: str, content: str, prepare: Callable[[], None]) -> None:
        self.cache_path = str(folder)
        self._folder, self._name, self._content, self._prepare = folder, name, content, prepare

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled kernel, or None where it must be compiled."""
        from numba.core.compiler import CompileResult
        from numba.core.runtime import rtsys

        rtsys.initialize(target)  # what machine code calls
        key = self._key(signature, target.codegen())
        path = self._path(key)
        try:
            with unwatched():
                return CompileResult._rebuild(target, *pickle.loads(unpack(read_ours(path), key)))
        except FileNotFoundError:
            pass
        except Exception as error:  # whatever a damaged file makes of itself: it is compiled anew
            self._say(f"{path.name} is not used and compiled anew: {error}")
            with suppress(OSError):
                path.unlink()
        self._prepare()
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled kernel, if the disk lets us."""
        from numba.core.serialize import dumps

        if compiled.library.has_dynamic_globals or compiled.lifted:
            return  # it holds addresses of this process
        key = self._key(signature, compiled.codegen)
        path = self._path(key)
        try:
            write_whole(path, pack(dumps(compiled._reduce()), key))
        except OSError as error:
            self._say(f"what is compiled now cannot be kept: {error.strerror or error}")

    def enable(self) -> None:
        """It always is."""

    disable = flush = enable

    def _say(self, sentence: str) -> None:
        if self._folder not in _spoken_of:
            _spoken_of.add(self._folder)
            say("simresnet", f"compiled kernels in {self._folder}: {sentence}")

    def _key(self, signature: Any, codegen: Any) -> bytes:
        told = (self._name, self._content, str(signature), *codegen.magic_tuple(), *_versions())
        return "\n".join(map(str, told)).encode()

    def _path(self, key: bytes) -> Path:
        return self._folder / f"{self._name.rpartition('.')[2]}-{hashlib.sha256(key).hexdigest()[:32]}.kernel"


@cache
def _versions() -> tuple[str, ...]:
    """What else decides the machine code: versions, numba's switches, our own instructions and policy."""
    import llvmlite
    import numba
    import numpy

    names = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "ENABLE_AVX")
    switches = [f"{name}={getattr(numba.config, name, None)}" for name in names]
    files = ("intrinsics.py", "lane_intrinsics.py", "word_intrinsics.py", "jit.py")
    own = [hashlib.sha256(Path(__file__).with_name(name).read_bytes()).hexdigest() for name in files]
    libraries = [numba.__version__, llvmlite.__version__, numpy.__version__]
    return (platform.python_implementation(), platform.python_version(), *libraries, *switches, *own)


def pack(code: bytes, key: bytes) -> bytes:
    """What a file holds: format, sum of all that follows, length of the key, key, code."""
    body = len(key).to_bytes(_FIRST, "little") + key + code
    return FORMAT + hashlib.sha256(body).digest() + body


def unpack(content: bytes, key: bytes) -> bytes:
    """The code in a file, if the file is whole and of this key, or ValueError."""
    start = len(FORMAT) + _SUM
    body = content[start:]
    if content[: len(FORMAT)] != FORMAT or hashlib.sha256(body).digest() != content[len(FORMAT) : start]:
        raise ValueError("it is damaged")
    if body[:_FIRST] != len(key).to_bytes(_FIRST, "little") or body[_FIRST : _FIRST + len(key)] != key:
        raise ValueError("it holds another kernel")
    return body[_FIRST + len(key) :]


def read_ours(path: Path) -> bytes:
    """Read a file that this user or root wrote, or ValueError: what it holds is run."""
    with path.open("rb") as stream:
        if os.fstat(stream.fileno()).st_uid not in (0, os.getuid()):
            raise ValueError("another user wrote it")
        return stream.read()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all; what a writer leaves that is killed is no kernel's name."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".draft")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def number_symbols_anew() -> None:
    """Let numba count the functions that it compiles next from a random number on; they carry it in their symbols."""
    from numba.core.bytecode import FunctionIdentity

    FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(7), "little"))
