"""What a cloud and a solution must share to be compared, and how several p-values become one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kinetic.record import Record
from particles.base.errors import InputError
from particles.base.times import index_of
from particles.model.identity import differences
from particles.trajectory import Trajectory
from validation.distance.null import sentence

CLOUD_AND_SOLUTION = "the cloud", "the solution"


def load_record(path: str | Path) -> Any:
    """Read a particle run, which is a folder, or a solution, a file .nc; errors as of the two."""
    from kinetic.record import load as load_solution
    from particles.trajectory import load as load_cloud

    return load_solution(path) if Path(path).suffix == ".nc" else load_cloud(path)


def told_of(record: Any) -> str:
    """What a record is, in a few words for a title."""
    return record.grid.told if isinstance(record, Record) else f"{record.count:,} particles"


def judged(p_values: Mapping[str, tuple[float, float]], count: int) -> tuple[bool, str]:
    """Judge by all p-values together; each comes with what it would be without the equation's own error."""
    holds, verdict = sentence({name: p for name, (p, _) in p_values.items()}, count)
    if not holds and sentence({name: p for name, (_, p) in p_values.items()}, count)[0]:
        holds, verdict = True, f"{verdict}; but by no more than the equation's own error explains"
    return holds, verdict


def require_one_dimension(cloud: Trajectory, solution: Record) -> None:
    """Refuse a cloud and a solution of different dimensions."""
    dims = cloud.moments.shape[-1], len(solution.grid.shape)
    if dims[0] != dims[1]:
        told = " and ".join(f"one of {dim} component{'s' * (dim > 1)}" for dim in dims)
        raise InputError(f"a cloud and a solution, {told}: allowed are records of the same dimension")


def require_clouds(cloud: Trajectory) -> None:
    """Refuse a run that kept none."""
    if not cloud.states:
        more = (
            "bounds of W1 are in validation.enclose_at" if cloud.moments.shape[-1] == 1 else "allowed is one with them"
        )
        raise InputError(f"the run kept moments and histograms, not its clouds: {more}")


def require_one_model(
    run: Mapping[str, Any], solution: Mapping[str, Any], names: tuple[str, str] = CLOUD_AND_SOLUTION
) -> tuple[str, ...]:
    """Refuse records of different models; what cannot be known is returned as a remark."""
    one, other = run.get("model"), solution.get("model")
    if one is None or other is None:
        return (f"{names[0] if one is None else names[1]} does not say of which model it is",)
    different, unknown = differences(one, other)
    if different:
        name, (first, second) = different[0], names
        told = f"{name} is {str(one.get(name))[:90]} of {first} and {str(other.get(name))[:90]} of {second}"
        raise InputError(f"{first} and {second} belong to different models, in {', '.join(different)}: {told}")
    return (f"whether both are of the same {' and '.join(unknown)} is not known",) if unknown else ()


def common_time(cloud: Trajectory, solution: Record, time: float | None) -> tuple[float, float]:
    """A time that both hold, as the cloud and as the solution writes it, by default the last."""
    return common_times(cloud, solution, time)[-1]


def common_times(
    cloud: Any, solution: Any, time: float | None = None, names: tuple[str, str] = CLOUD_AND_SOLUTION
) -> list[tuple[float, float]]:
    """All such times, or the one that is asked for; InputError where there is none."""
    rows = ((t, index_of(solution.times, t)) for t in cloud.times)
    common = [(t, solution.times[row]) for t, row in rows if row is not None]
    if time is not None:
        row = index_of([t for t, _ in common], time)
        common = [] if row is None else [common[row]]
    if not common:
        held = [", ".join(f"{t:g}" for t in times) for times in (cloud.times, solution.times)]
        missing = "they have no common time" if time is None else f"time = {time:g} is not stored in both"
        raise InputError(f"{missing}: {names[0]} holds t = {held[0]}, {names[1]} t = {held[1]}")
    return common


def chosen_times(stored: Sequence[float], asked: Sequence[float], where: str = "") -> tuple[float, ...]:
    """Stored times that are asked for, increasing; InputError for one that is not stored, `where` says in what."""
    found = set()
    for time in asked:
        row = index_of(stored, time)
        if row is None:
            known = ", ".join(f"{t:g}" for t in stored)
            raise InputError(
                f"time = {time:g} is not stored{where}: allowed are {known}; a run keeps others by --times"
            )
        found.add(stored[row])
    return tuple(sorted(found))


def dependence(run: Mapping[str, Any]) -> str | None:
    """Why the particles of a run are no independent draws of a law, or None where they are."""
    if mean_coupled(run):
        return "no p-value: the bias follows the cloud's own mean, so its particles are no independent draws of a law"
    if run["start"] != "random":
        return f"no p-value: particles of the start {run['start']!r} are no independent draws"
    return None


def start_is_known(run: Mapping[str, Any]) -> bool:
    """Whether the floor of the start still holds: not for a cloud that acts on itself, nor where noise blurred it."""
    known = run["start"] == "random" or (run["start"] != "given" and run["model"]["nu2"] == 0.0)
    return known and not mean_coupled(run)


def mean_coupled(run: Mapping[str, Any]) -> bool:
    """Whether the bias of a record's model follows the mean."""
    return bool(run["model"]["bias"] == "-w m1(t)")
