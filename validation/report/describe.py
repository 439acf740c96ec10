"""A case in words and numbers, for people: its model, its horizon and the grid of its equation."""

from __future__ import annotations

from typing import Any

from particles.model import Case, Law


def describe(case: Case) -> list[tuple[str, str]]:
    """Names and values, from `Model.describe` and the case."""
    model = case.model.describe()
    constants = f" with constants {_number(model['constants'])}" if model["constants"] else ""
    scale = "u = w x/(d N) + b" if model["scaled"] else "u = w x + b"
    size = case.model.size
    pairs = [
        ("drift f(u, x)", f"{model['drift']}{constants}, {scale if size > 1 else 'u = w x + b'}"),
        ("weight w", _number(model["weight"])),
        ("bias b", _number(model["bias"])),
        ("initial law", _initial(case, model["initial"])),
    ]
    if model["neurons"] > 1:
        pairs.append(("neurons N", str(model["neurons"])))
    if model["walls"] is not None:
        pairs.append(("walls", f"{model['walls']['kind']}, at {_walls(model['walls']['at'])}"))
    if model["nu2"] > 0.0:
        shape = model["diffusion"]
        constants = f", constants {_number(shape['constants'])}" if shape["constants"] else ""
        pairs.append(("noise", f"K(x) = {shape['K']}{constants}, nu^2 = {model['nu2']:g}"))
    pairs.append(("horizon T", f"{case.until:g}"))
    if case.domain is not None:
        ends = " x ".join(f"[{low:g}, {high:g}]" for low, high in case.rectangle)
        cells = " x ".join([str(case.cells)] * len(case.rectangle))
        pairs.append(("domain of the equation", f"{ends}, {cells} cells"))
    return pairs


def _walls(at: Any) -> str:
    """Walls on the line, or of every feature."""
    return " x ".join(f"({_walls(pair)})" for pair in at) if isinstance(at[0], list) else " and ".join(at)


def _initial(case: Case, text: str) -> str:
    """The initial law with its parameters; one of many measurements by its mean and variance."""
    law = case.model.initial
    if "sha256" not in text or not isinstance(law, Law):
        return text
    return f"{type(law).__name__} of mean {law.mean:.6g} and variance {law.variance:.6g}"


def _number(value: Any) -> str:
    """A number, a vector, a matrix, or these from times on, without needless brackets or negative zeros."""
    if isinstance(value, list) and len(value) == 1:
        return _number(value[0])
    if isinstance(value, list):
        return f"({', '.join(map(_number, value))})"
    if isinstance(value, int | float):
        return f"{value + 0.0:g}"
    if isinstance(value, dict) and set(value) == {"edges", "values"}:
        return f"{_number(value['values'])} from t = {_number(value['edges'])} on"
    return str(value)
