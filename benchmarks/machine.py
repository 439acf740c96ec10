"""What a result must say of the machine that it was measured on, and the neutral name that the machine goes by."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

VECTORS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl")
SAME = ("arch", "cpu", "cpu_flags", "num_cpu")
"""Two results with these in common are of one kind of machine."""


def facts() -> dict[str, str]:
    """Processor, memory, and the versions that decide the speed; all become parameters of the charts."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    lines = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    lines = {key.strip(): value.strip() for key, value in lines.items()}
    flags = lines.get("flags", "").split()
    return {
        "arch": platform.machine(),
        "cpu": lines.get("model name", platform.processor() or "unknown"),
        "cpu_flags": " ".join(flag for flag in VECTORS if flag in flags),
        "num_cpu": str(os.cpu_count()),
        "ram": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "os": platform.system(),
        "numba": version("numba"),
        "numpy": version("numpy"),
        "mpi": mpi(),
    }


def mpi() -> str:
    """Name and version of the MPI library, asked in a process of its own since asking starts MPI."""
    script = "from mpi4py import MPI; print(MPI.Get_library_version())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split("\n")[0].split(",")[0].replace("Version:", "").split()) or "none"


def named(results: Path, found: dict[str, str]) -> dict[str, str]:
    """`found` with a name: that of a machine in `results` of the same kind, or the next free letter."""
    taken = []
    for path in sorted(results.glob("*/machine.json")):
        known = json.loads(path.read_text(encoding="utf-8"))
        if all(known.get(key) == found[key] for key in SAME):
            return {"machine": str(known["machine"]), **found}
        taken.append(known["machine"])
    free = (f"machine-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    return {"machine": next(name for name in free if name not in taken), **found}
