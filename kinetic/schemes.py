"""The words of command lines and records for schemes, which one suits a model, and which may step an equation.

The schemes themselves are values, `kinetic.scheme_values` and `kinetic.positive_schemes`; they are imported from here
too.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from kinetic.line.cweno import CWENO5, CWENO7, require_three_cells
from kinetic.line.reconstruction import CWENO3, Linear
from kinetic.positive_schemes import ChangCooper as ChangCooper
from kinetic.positive_schemes import WellBalanced as WellBalanced
from kinetic.scheme_values import Explicit as Explicit
from kinetic.scheme_values import Imex as Imex
from kinetic.scheme_values import Scheme as Scheme
from kinetic.scheme_values import described as described
from particles.base.checks import require_one_of
from particles.base.errors import InputError
from particles.model import Model

SCHEMES: dict[str, Scheme] = {row.name: row for row in (Explicit(), Imex(), ChangCooper(), WellBalanced())}
"""A scheme of each kind, with its fields' default values."""
WORDS: dict[str, Scheme] = {
    **SCHEMES,
    "explicit5": Explicit(CWENO5(), cfl=0.9),
    "explicit7": Explicit(CWENO7(), cfl=1.8, fourier=0.9),
}
"""The words of command lines, and what each stands for."""
_RECONSTRUCTIONS = {kind.__name__: kind for kind in (CWENO3, CWENO5, CWENO7, Linear)}
_KINDS: dict[str, Any] = {**_RECONSTRUCTIONS, **{word: type(row) for word, row in SCHEMES.items()}}


def named(word: str, option: str = "scheme") -> Scheme:
    """Return the scheme that a word of a command line stands for, or raise InputError."""
    require_one_of(option, word, WORDS)
    return WORDS[word]


def suited(model: Model) -> Scheme:
    """Return the scheme for a model where nobody chose one.

    In the plane a step of `Imex` costs as much as ten of `Explicit`, which on usual grids are not ten times as short.
    """
    return Imex() if model.nu2 > 0.0 and model.size == 1 else Explicit()


def require_scheme(scheme: Scheme, *, noisy: bool, in_plane: bool = False, ranks: int = 1) -> None:
    """Refuse what is no scheme, one that needs noise where there is none, one of the line in the plane or on ranks."""
    if isinstance(scheme, type) or not callable(getattr(scheme, "stepper", None)):
        raise InputError(f"scheme = {scheme!r:.60} must be a value: Explicit(), Imex(), ChangCooper() or one's own")
    if in_plane:
        require_three_cells(scheme.reconstruction, "the plane")
    if in_plane and not scheme.in_plane:
        raise InputError(f"scheme = {scheme.name!r} in the plane: allowed is {_those('in_plane')}")
    if not in_plane and not getattr(scheme, "on_line", True):
        raise InputError(f"scheme = {scheme.name!r} on the line: allowed is {_those('on_line')}")
    if in_plane and ranks > 1 and not getattr(scheme, "on_ranks", False):
        told = f"scheme = {scheme.name!r} on {ranks} ranks: allowed is {_those('on_ranks')}"
        raise InputError(told, on_all_ranks=True)
    if scheme.needs_noise and not noisy:
        raise InputError(f"scheme = {scheme.name!r} needs noise: nu2 = 0.0 must be above 0")


def _those(what: str) -> str:
    """Names of the schemes that can do it."""
    return " or ".join(repr(name) for name, row in SCHEMES.items() if getattr(row, what))


def restored(told: dict[str, Any]) -> Any:
    """Return the value that `described` told of."""
    given = {key: restored(one) if isinstance(one, dict) else one for key, one in told.items() if key != "name"}
    return _KINDS[told["name"]](**given)


def of_record(told: dict[str, Any]) -> Any:
    """Return the scheme of a record: its value, or what it told of itself where it is a user's own.

    Older records tell of it without a name, field by field.
    """
    if "name" in told:
        return restored(told) if told["name"] in SCHEMES else told
    own: dict[str, Any] = {key: told[key] for key in ("time", "quadrature", "fourier", "cfl", "steps") if key in told}
    if "flux" in told:
        return ChangCooper(**own)
    kind = _KINDS[told["reconstruction"]]
    own["reconstruction"] = kind(**{field.name: told[field.name] for field in fields(kind) if field.name in told})
    del own["time"]
    return Imex(**own) if told.get("diffusion") == "implicit" else Explicit(**own)
