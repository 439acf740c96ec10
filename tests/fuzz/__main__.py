"""`python -m tests.fuzz NAME NUMBER`: try one input again; `python -m tests.fuzz all EACH LINES`: a campaign."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import campaign, files, lines
from tests.fuzz.targets import TARGETS, prepare

with tempfile.TemporaryDirectory() as folder:
    name, number = sys.argv[1], int(sys.argv[2])
    originals = prepare(Path(folder))
    tasks = {target.name: files(target, originals[target.name], Path(folder, "x")) for target in TARGETS}
    tasks["line"] = lines(originals, Path(folder, "x"))
    print(*campaign(name, tasks[name], range(number, number + 1), 60.0))
