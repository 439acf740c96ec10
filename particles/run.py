"""What is asked of a run beside its model and its scheme: how many particles, how long, which draws, what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count, require_positive, require_type
from particles.base.errors import InputError
from particles.base.memory import require_memory
from particles.ensemble import STARTS, Bins
from particles.model.rule import Model
from particles.model.samples import Samples
from particles.philox import check_key
from particles.schemes.scheme import Scheme, require_scheme


@dataclass(frozen=True, kw_only=True)
class Run:
    """What `simulate` is asked for; parameters as there. InputError names the argument, its value, what is allowed."""

    count: int
    until: float
    times: Sequence[float] = ()
    start: str | Samples = "random"
    seed: int = 0
    replicate: int = 0
    histogram: tuple[float, float, int] | None = None
    keep_clouds: bool = True

    def __post_init__(self) -> None:
        require_count("count", self.count)
        require_positive("until", self.until)
        for time in self.times:
            if not 0.0 <= time <= self.until:
                raise InputError(f"times: {time!r} must lie in [0, {self.until!r}]")
        if isinstance(self.start, Samples):
            if self.count != self.start.count:
                raise InputError(f"count = {self.count!r} must be {self.start.count}, the number of the points given")
        elif self.start not in STARTS:
            raise InputError(f"start = {self.start!r} must be one of {', '.join(STARTS)}, or Samples")
        check_key(self.seed, self.replicate)
        _ = self.bins

    @property
    def bins(self) -> Bins | None:
        """Cells of the histogram."""
        return None if self.histogram is None else Bins(*self.histogram)

    @property
    def stops(self) -> list[float]:
        """Times of the snapshots, increasing."""
        return sorted(set(self.times)) or [self.until]

    @property
    def clouds(self) -> int:
        """Number of clouds kept."""
        return len(self.stops) if self.keep_clouds else 0

    def memory(self, model: Model, count: int | None = None) -> float:
        """Bytes over all ranks, or of so many particles: clouds, the state among them, with 5 % for all else."""
        return 1.05 * 8.0 * (self.count if count is None else count) * model.size * max(self.clouds, 1)

    def levels(self, model: Model, scheme: Scheme) -> Floats:
        """Time levels of the scheme; InputError if the start or the scheme does not suit the model and the times."""
        if isinstance(self.start, Samples):
            if self.start.dim != model.dim:
                raise InputError(f"start of {self.start.dim} features must have {model.dim}, as the model has")
        elif self.start != "random" and model.dim > 1:
            raise InputError(f"start = {self.start!r} needs one feature, not {model.dim}: use 'random'")
        return scheme.levels(model, self.until, self.times)

    def check(self, model: Model, scheme: Scheme) -> Floats:
        """Refuse what `simulate` could not do here, before MPI or numba is loaded; return the time levels."""
        require_type("model", model, Model, "a Model")
        require_scheme(scheme)
        require_memory(f"count = {self.count!r} with {len(self.stops)} snapshots", self.memory(model))
        return self.levels(model, scheme)

    def describe(self, model: Model, scheme: Scheme) -> dict[str, Any]:
        """What tells this run from others, plain values for JSON."""
        plain = {name: getattr(self, name) for name in ("count", "until", "start", "seed", "replicate", "histogram")}
        if self.histogram is not None:
            low, high, cells = self.histogram
            plain["histogram"] = [float(low), float(high), int(cells)]
        if isinstance(self.start, Samples):
            plain |= {"start": "given", "points": self.start.digest}
        return {
            "model": model.describe(),
            "scheme": repr(scheme),
            "dim": model.dim,
            "neurons": model.neurons,
            "times": [float(stop) for stop in self.stops],
            "clouds": bool(self.keep_clouds),
            **{name: value.item() if isinstance(value, np.generic) else value for name, value in plain.items()},
        }
