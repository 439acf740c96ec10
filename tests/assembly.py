"""The machine code of compiled kernels, for tests that look for vector instructions in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PACKED_FMA = re.compile(r"vfn?m(?:add|sub)[0-9]+pd[^\n]*[yz]mm")
PACKED_PRODUCT = re.compile(r"vpmuludq[^\n]*[yz]mm")
CALL = re.compile(r"[$](?:log|exp|sin|cos|tanh|fma)\b|call[a-z]*[ \t]+(?:log|exp|sin|cos|tanh|fma)\b")

_FLAGS = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
needs_vectors = pytest.mark.skipif(
    " fma " not in _FLAGS or " avx2 " not in _FLAGS, reason="this processor has no vector fma to look for"
)


def assembly(kernel: Any, *arguments: Any) -> str:
    """Text of the machine code that a call with these arguments runs, compiled now or by another process.

    numba shows none for what came from a file, which holds the optimised module beside its machine code: the same
    target makes the same instructions of it again.
    """
    from numba import typeof

    kernel(*arguments)
    library = kernel.overloads[tuple(map(typeof, arguments))].library
    return str(library.codegen._tm.emit_assembly(library._get_module_for_linking()))
