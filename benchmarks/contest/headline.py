"""The run in a table of Markdown: for each problem our fastest beside the fastest peer, at two errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.contest.standings import NAMES, Time, best_of_ours, standing, targets_of
from benchmarks.contest.store import Entered

AT = (("w1", 1e-3), ("kolmogorov", 1e-2), ("l1", 1e-5))


def headline(groups: Mapping[str, Sequence[Entered]]) -> str:
    """Return the table: seconds of ours, of the fastest peer, and its over ours; "-" where nobody gets there."""
    lines = ["| problem | error | ours | fastest peer | its seconds over ours |", "| --- | --- | --- | --- | --- |"]
    for problem, group in groups.items():
        asked = {name for name, _ in targets_of(group)}
        for quantity, target in AT:
            if quantity in asked:
                times = standing(group, quantity, target)
                ours, peer = best_of_ours(times), next((one for one in times if not one.ours), None)
                ratio = f"{peer.seconds / ours.seconds:.2g}" if ours and peer else "-"
                error = f"{NAMES[quantity]} = {target:.0e}".replace("e-0", "e-")
                lines.append(f"| `{problem}` | {error} | {_told(ours)} | {_told(peer)} | {ratio} |")
    return "\n".join(lines)


def _told(time: Time | None) -> str:
    if time is None:
        return "-"
    return f"{'<= ' if time.bound else ''}{1e3 * time.seconds:.3g} ms, `{time.contestant}`"
