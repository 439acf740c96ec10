"""Progress of long work: a bar on the terminal of rank 0, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from particles.base.command import launched_rank

Report = Callable[[float], None]


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Yield a function that takes the finished share in [0, 1]; it draws only on a terminal and on rank 0."""
    if launched_rank() != 0 or not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share: bar.update(task, completed=share)
