"""Figures of the published version: M. Herty, T. Trimborn, G. Visconti, Mean-field and kinetic descriptions of neural
differential equations, Foundations of Data Science 4 (2022), 271-298.

Of it only the abstract, the captions and Table 1 were read: what stands here follows the captions, and `doubts` says
what they leave open. A figure that version 1 on arXiv has too is a pointer to the exhibit of that one.
"""

from __future__ import annotations

from validation.gallery.exhibit import Pointer, Run
from validation.gallery.published.figure_05_lines import fitted_lines as _fitted_lines
from validation.gallery.published.figure_06_plane import plane as _plane
from validation.gallery.published.pointers import POINTERS as _POINTERS

_OWN: dict[str, Run | Pointer] = {"5": _fitted_lines, "6": _plane}
_ALL: dict[str, Run | Pointer] = {**_POINTERS, **_OWN}

FIGURES: dict[str, Run | Pointer] = {number: _ALL[number] for number in sorted(_ALL)}
"""Number of the figure -> what runs it, or the pointer to the exhibits that show it."""
