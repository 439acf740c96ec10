"""Figure of a study: errors over the refinement, and below them error over theory."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from particles.base.arrays import Floats
from validation.figures import new_figure, save_figure
from validation.studies.study import Z999, Study


def draw_study(study: Study, path: Path | TextIO) -> None:
    """Draw the errors over the refinement with their 95 % band, the fitted line and the reference.

    Below, where theory knows the errors and not their order alone, error over theory: 1 where both are right. A bar is
    the 99.9 % interval that a verdict rests on, of the mean of a level; the band that of the mean over the levels.
    """
    referred = any(row.reference for row in study.rows)
    shape: dict[str, Any] = {"height_ratios": [2.6, 1.0]} if referred else {}
    figure, panels = new_figure(
        1 + referred, 1, squeeze=False, sharex=True, figsize=(7.0, 6.0 if referred else 4.6), gridspec_kw=shape
    )
    axes = panels[0, 0]
    level = np.array([row.level for row in study.rows])
    if level.size:
        error = np.array([row.error for row in study.rows])
        if any(row.replicates > 1 for row in study.rows):
            half = np.array([row.half_width for row in study.rows])
            spread = np.array([row.deviation for row in study.rows])
            low = np.maximum(error - spread, 0.2 * error)
            axes.fill_between(level, low, error + spread, color="C0", alpha=0.15, lw=0, label="one run (+- 1 sd)")
            axes.errorbar(
                level, error, half, fmt="o", ms=4, capsize=3, color="C0", label="mean of the replicates, 95 %"
            )
        else:
            axes.plot(level, error, "o", ms=4, color="C0", label="error")
        _draw_reference(axes, study, level, error)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(frameon=False)
    else:
        told = [f"{check.claim}:\n{check.found}" for check in study.checks[:1]] or [study.verdict]
        axes.text(0.5, 0.5, told[0], ha="center", wrap=True, transform=axes.transAxes, parse_math=False)
    if referred:
        _draw_ratio(panels[1, 0], study)
        figure.align_ylabels(panels)
    panels[-1, 0].set_xlabel(study.refinement, parse_math=False)
    axes.set_ylabel(study.quantity, parse_math=False)
    verdict = "verdict holds" if study.holds else "no verdict" if study.refusal else "verdict does not hold"
    axes.set_title(f"{study.name}, {study.case}: {verdict}", parse_math=False)
    save_figure(figure, path)


def _draw_reference(axes: Any, study: Study, level: Floats, error: Floats) -> None:
    known = [(row.level, row.reference) for row in study.rows if row.reference is not None]
    if known:
        axes.plot(*zip(*known, strict=True), "k--", lw=1, label=study.reference)
    else:
        middle = np.exp(np.log(error).mean() - study.expected_slope * np.log(level).mean())
        axes.plot(level, middle * level**study.expected_slope, "k--", lw=1, label=f"slope {study.expected_slope:g}")
    if study.slope is not None:
        centre = np.exp(np.log(level).mean())
        height = np.exp(np.log(error).mean())
        fitted = height * (level / centre) ** study.slope.estimate
        axes.plot(level, fitted, color="C3", lw=1, label=f"fitted slope {study.slope}")
        edges = [height * (level / centre) ** (study.slope.estimate + s * study.slope.half_width) for s in (-1.0, 1.0)]
        axes.fill_between(level, np.minimum(*edges), np.maximum(*edges), color="C3", alpha=0.12, lw=0)


def _draw_ratio(axes: Any, study: Study) -> None:
    """Error over theory at each level where it is known, with 99.9 % intervals, and the line at 1."""
    known = [(row, row.reference) for row in study.rows if row.reference]
    level = [row.level for row, _ in known]
    ratio = [row.error / theory for row, theory in known]
    half = [Z999 * row.deviation / math.sqrt(row.replicates) / theory for row, theory in known]
    axes.axhline(1.0, color="k", ls="--", lw=1)
    if any(half):
        axes.errorbar(level, ratio, half, fmt="o", ms=4, capsize=3, color="C0", label="99.9 % of each level")
    else:
        axes.plot(level, ratio, "o", ms=4, color="C0")
    if study.constant is not None:
        low, high = (study.constant.estimate + sign * study.constant.wide for sign in (-1.0, 1.0))
        axes.axhspan(low, high, color="C3", alpha=0.12, lw=0, label="99.9 % of their mean")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, ncols=2)
    axes.set_ylabel("error / theory")
