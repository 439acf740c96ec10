"""Where a result comes from: versions, commit, machine, time."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from particles.base.jit import fingerprint

_PACKAGES = ("simresnet", "numpy", "numba", "llvmlite", "mpi4py", "scipy", "POT")


def provenance() -> dict[str, Any]:
    """Return versions, commit (None outside a checkout), source fingerprint, processor and UTC time of this run."""
    return {
        "versions": _versions(),
        "commit": _commit(),
        "sources": fingerprint(),
        "machine": platform.machine(),
        "command": " ".join([_program(), *sys.argv[1:]]),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def promise(reproducible: bool) -> str:
    """What a record says of a run's bytes."""
    if reproducible:
        return "same bytes for any number of ranks, any restart and any CPU"
    return "same bytes for any number of ranks and any restart, on one kind of CPU"


def _program() -> str:
    """`particles` of ``python -m particles``, `simresnet` of the command of that name."""
    folder, name = os.path.split(sys.argv[0])
    return (os.path.basename(folder) if name == "__main__.py" else name) or "python"


@functools.cache
def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


@functools.cache
def _commit() -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            # without a look at tags: the commit itself, the same words whether a clone has them or not
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
