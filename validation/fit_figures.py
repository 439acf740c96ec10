"""Figure of a training: how the objective fell, and the law at the horizon before and after, over its target.

The second is what Fig. 9 of arXiv 2001.04294 (published: Fig. 8) shows, with a loss that is finite (docs/errata.md,
E10). Densities on the line are those of the equation; clouds stand for several features or neurons.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kinetic import Explicit, Grid, Imex, Linear, domain, solve
from kinetic.solution import measure
from particles import GAUSSIAN, Collisions, Euler, simulate
from particles.base.errors import InputError
from particles.base.readers import parse_json
from particles.model import Law, Measure, Model, Normal, exact_law, load_case
from particles.training import Parameters
from validation.figures import draw_cloud, draw_density, new_figure, save_figure, window_of

RECORD = "fit.json"
_CELLS, _LAYERS, _COUNT = 800, 400, 20_000
_TAIL = 1e-6


def draw_fit(folder: Path, path: Path, *, replace: bool = True) -> None:
    """Draw a training that `python -m particles train` keeps in a folder.

    Raises
    ------
    InputError
        If the folder is none, or damaged.
    """
    record, case = _read(folder), load_case(str(folder / "case.toml"))
    learnt, until = case.model, record["until"]
    parameters = Parameters(learnt, tuple(dict.fromkeys(name.split("[")[0].split(" ")[0] for name in record["names"])))
    if list(parameters.names) != record["names"]:
        raise InputError(f"{folder}: case.toml holds {parameters.names}, {RECORD} {record['names']}: they are no pair")
    before = parameters.with_values(np.array(record["curve"][0]["theta"]))
    figure, (left, right) = new_figure(1, 2, figsize=(10.0, 4.2))
    _draw_curve(left, record)
    _draw_laws(right, [("before", before), ("after", learnt)], until, str(record["target"]))
    told = f"{record['loss']} to {record['target']}, {len(record['names'])} numbers by {record['method']}"
    figure.suptitle(f"{record['case']}: {told}", parse_math=False)
    save_figure(figure, path, replace=replace)


def _read(folder: Path) -> dict[str, Any]:
    try:
        record = parse_json((folder / RECORD).read_text(encoding="utf-8"))
        _ = [(row["evaluations"], row["value"], row["slope"], row["theta"]) for row in record["curve"]]
        _ = [record[name] for name in ("names", "target", "case", "loss", "method")], record["curve"][0]
        record["until"] = float(record["until"])
        np.reshape(record["curve"][0]["theta"], len(record["names"]))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{folder / RECORD} is no whole record of a training: {error}") from None
    return dict(record)


def _draw_curve(axes: Any, record: dict[str, Any]) -> None:
    """Objective and largest derivative over the evaluations, both as they are where they are above 0."""
    rows = record["curve"]
    spent = [row["evaluations"] for row in rows]
    for name, label, style in (("value", "objective", "C0.-"), ("slope", "largest derivative", "C1.--")):
        axes.plot(spent, [row[name] if row[name] > 0.0 else np.nan for row in rows], style, lw=1.2, ms=4, label=label)
    axes.set_yscale("log")
    axes.set_xlabel("evaluations")
    axes.set_ylabel("objective, and its derivative")
    axes.legend(frameon=False)


def _draw_laws(axes: Any, models: list[tuple[str, Model]], until: float, target: str) -> None:
    measures = [(label, _measure(model, until)) for label, model in models]
    if measures[0][1].dim > 1:
        for number, (label, measure) in enumerate(measures):
            axes.plot(
                *measure.points[:2, ::5], ".", ms=1.5, alpha=0.4, color=f"C{number}", label=label, rasterized=True
            )
        _mark(axes, target)
        axes.set_xlabel("x, first component")
        axes.set_ylabel("x, second component")
    else:
        window = window_of([found for _, found in measures])
        for number, (label, found) in enumerate(measures):
            draw = draw_density if found.has_density else draw_cloud
            draw(axes, label, found, f"C{number}", window)
        top = axes.get_ylim()[1]
        axes.set_xlim(window)
        _mark_line(axes, target, window)
        axes.set_ylim(0.0, top)
        axes.set_xlabel("x")
        axes.set_ylabel(f"density at t = {until:g}")
    axes.legend(frameon=False)


def _measure(model: Model, until: float) -> Measure:
    """The law at the horizon: on the line the exact one, or the equation's; else a cloud of readouts."""
    if model.size == 1 and not model.mean_coupled:
        if (known := _exact(model, until)) is not None:
            return known
        low, high = domain(model, until)
        return solve(model, Grid(low, high, cells=_CELLS), Imex() if model.nu2 > 0.0 else Explicit(), until=until).at(
            until
        )
    layers: Any = Euler(layers=_LAYERS)
    if model.nu2 > 0.0:
        layers = Collisions(until / _LAYERS, "synchronous", GAUSSIAN)
    return simulate(model, layers, count=_COUNT, until=until).at(until)


def _exact(model: Model, until: float) -> Measure | None:
    try:
        law = exact_law(model, until)
    except InputError:
        return None
    if not isinstance(law, Law) or law.atoms()[0].size:
        return None
    low, high = (float(law.quantile(np.array(p))) for p in (_TAIL, 1.0 - _TAIL))
    grid = Grid(low, high, cells=_CELLS)
    return measure(grid, grid.averages(law), np.zeros(2), Linear(), "wall")


def _numbers(target: str) -> list[float] | None:
    try:
        return [float(part) for part in target.split(",")]
    except ValueError:
        return None


def _mark(axes: Any, target: str) -> None:
    point = _numbers(target)
    if point is not None:
        x, y = (point * 2)[:2] if len(point) == 1 else point[:2]
        axes.plot([x], [y], "k*", ms=11, label="target")


def _mark_line(axes: Any, target: str, window: tuple[float, float]) -> None:
    kind, *rest = target.split(":")
    if kind == "normal" and len(rest) == 2:
        x = np.linspace(*window, 401)
        axes.plot(x, Normal(float(rest[0]), float(rest[1]) ** 2).pdf(x), "k--", lw=1.0, label="target")
    elif (point := _numbers(target)) is not None:
        axes.axvline(point[0], color="k", ls="--", lw=1.0, label="target")
