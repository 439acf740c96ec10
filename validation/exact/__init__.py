"""Laws of one particle to many digits, by deterministic computation: collisions at finite eps, their limit, layers.

A law that was computed states its `accuracy`.
"""

from validation.exact.between import kolmogorov_between, w1_between
from validation.exact.boltzmann import boltzmann_law, collision_counts
from validation.exact.first_term import FirstTerm, first_term
from validation.exact.fokker_planck import limit_law
from validation.exact.lattice import LatticeSum
from validation.exact.layers import EulerLaw, euler_law
from validation.exact.tabulated import TabulatedLaw

__all__ = [
    "EulerLaw",
    "FirstTerm",
    "LatticeSum",
    "TabulatedLaw",
    "boltzmann_law",
    "collision_counts",
    "euler_law",
    "first_term",
    "kolmogorov_between",
    "limit_law",
    "w1_between",
]
