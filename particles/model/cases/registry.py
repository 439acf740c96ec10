"""The experiments by name, built when asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache

from particles.base.errors import InputError
from particles.model.cases.case import Case
from particles.model.cases.herty import (
    fokker_planck,
    generalised_gamma,
    inverse_gamma,
    iris,
    moments_conserved,
    moments_decay,
    regression,
    regression_2d,
    relu,
    tanh_noise,
    vehicles,
)
from particles.model.laws.elementary import Uniform

_BUILDERS = {
    "moments-decay": moments_decay,
    "moments-conserved": moments_conserved,
    "vehicles": vehicles,
    "regression": regression,
    "regression-2d": lambda: regression_2d(
        "regression-2d", bias=0.5, scaled=True, notes="with the 1/d of (3), so b_x is one half"
    ),
    "regression-2d-unscaled": lambda: regression_2d(
        "regression-2d-unscaled", bias=1.0, scaled=False, notes="without the 1/d of (3), as the caption's numbers want"
    ),
    "iris": iris,
    "fokker-planck": lambda: fokker_planck(
        "fokker-planck", start=Uniform(-1.0, -0.5), notes="U[-1, -1/2] (the text; figure 10 says [-1, 1/2])"
    ),
    "fokker-planck-wide": lambda: fokker_planck(
        "fokker-planck-wide", start=Uniform(-1.0, 0.5), notes="U[-1, 1/2] (figure 10; the text says [-1, -1/2])"
    ),
    "inverse-gamma": inverse_gamma,
    "generalised-gamma": generalised_gamma,
    "relu": relu,
    "tanh-noise": tanh_noise,
}


@cache
def _built(name: str) -> Case:
    return _BUILDERS[name]()


class _Cases(Mapping[str, Case]):
    """The cases by name, built when asked for."""

    def __getitem__(self, name: str) -> Case:
        if name not in _BUILDERS:
            close = difflib.get_close_matches(name, _BUILDERS, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise InputError(f"case {name!r} is not known: allowed are {', '.join(_BUILDERS)}, or a TOML file{hint}")
        return _built(name)

    def __contains__(self, name: object) -> bool:
        return name in _BUILDERS

    def __iter__(self) -> Iterator[str]:
        return iter(_BUILDERS)

    def __len__(self) -> int:
        return len(_BUILDERS)


cases = _Cases()
