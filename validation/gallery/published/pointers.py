"""Figures of the published version that version 1 on arXiv has too: which exhibit shows each, and what differs."""

from __future__ import annotations

from validation.gallery.exhibit import Pointer

PAPER = "Foundations of Data Science 4 (2022), 271-298"


def _pointer(number: str, shown_by: tuple[str, ...], shows: str, doubts: str) -> Pointer:
    part = f"Fig. {number}" if number.isdigit() else number.replace("table-", "Table ")
    return Pointer(name=f"published/{number}", source=f"{PAPER}, {part}", shows=shows, doubts=doubts, shown_by=shown_by)


POINTERS = {
    "1": _pointer(
        "1",
        ("herty/1",),
        "Moments of the linear model with w = -1, on the left with b = 0, on the right with a bias that follows the"
        " mean.",
        "The same parameters as Fig. 1 on arXiv, the sign of the bias (E27) included.",
    ),
    "2": _pointer(
        "2",
        ("herty/2",),
        "The levels wanted of energy and variance and what it takes to reach them, for the two models of Fig. 1.",
        "The same parameters as Fig. 2 on arXiv, the sign of the bias (E27) included.",
    ),
    "3": _pointer(
        "3",
        ("herty/3", "herty/4"),
        "On the left the histogram of 50 measured lengths between 2 and 8, on the right their trajectories through the"
        " network.",
        "It joins the right half of Fig. 3 on arXiv with Fig. 4; the lengths over their numbers are left out. E47: the"
        " clusters are the walls.",
    ),
    "4": _pointer(
        "4",
        ("herty/5",),
        "The mean-field equation of the vehicles at several times, from U[2, 8] with w = 1 and b = -5.",
        "The same parameters as Fig. 5 on arXiv; E47: the walls at 2 and 8, to which the clusters belong, are not"
        " named.",
    ),
    "7": _pointer(
        "7",
        ("herty/8",),
        "The regression on the line at the times 0, 1 and 5.",
        "The times are given here, on arXiv they are not: herty/8 has all three, and 2. E28: with the printed w = 1 and"
        " b = -1 the law leaves the target; the text on arXiv has w = -1 and b = 1.",
    ),
    "8": _pointer(
        "8",
        ("herty/9",),
        "The mean-field equation with weights and biases learnt anew for another target.",
        "Neither target nor steps are given: those of Fig. 9 on arXiv are taken, the target 2 and gamma = 2. E10: the"
        " distance to a Dirac mass that it lessens there is infinite.",
    ),
    "9": _pointer(
        "9",
        ("herty/11", "herty/10"),
        "The Fokker-Planck equation at several times, for the identity with w = -1, b = 0 and K = 1.",
        "The same parameters as Fig. 11 on arXiv, whose two starts herty/10 draws. E31: nu is not given; nu^2 = 2"
        " leads to N(0, 1). Neither start nor times are given (E30).",
    ),
    "table-1": _pointer(
        "table-1",
        ("herty/3",),
        "Measured lengths and the class of each, car or truck.",
        "The six rows of Table 1 on arXiv, and dots after them. E47: the classes are the walls.",
    ),
}
"""Number of a figure -> its pointer."""
