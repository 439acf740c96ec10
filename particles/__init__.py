"""Particles: Monte Carlo runs of residual networks as interacting or independent particles, on any number of ranks.

>>> import particles
>>> from particles.model import cases
>>> model = cases["regression"].model
>>> cloud = particles.simulate(model, particles.ExactFlow(), count=1000, until=2.0)
>>> print(f"{cloud.at(2.0).variance[0]:.3f}")  # 0.048 as count grows
0.047

Importing it loads neither numba nor MPI.
"""

from particles.base.signals import hold

hold()  # a command line must survive a signal that comes while the rest is loaded

from particles.base.launch import one_thread_a_rank  # noqa: E402

one_thread_a_rank()  # before numpy starts the threads of its linear algebra

from particles.base.errors import InputError, NotFiniteError, SimresnetError, StorageError  # noqa: E402
from particles.base.jit import formula  # noqa: E402
from particles.base.shims import fma, sqrt  # noqa: E402
from particles.base.watch import Checkpoints, Stopped  # noqa: E402
from particles.carry import carry  # noqa: E402
from particles.noise import EXPONENTIAL, GAUSSIAN, GAUSSIAN24, GAUSSIAN53, TWO_POINT, UNIFORM, Noise  # noqa: E402
from particles.schemes.collisions import Collisions  # noqa: E402
from particles.schemes.euler import Euler  # noqa: E402
from particles.schemes.flow import ExactFlow  # noqa: E402
from particles.schemes.milstein import Milstein  # noqa: E402
from particles.schemes.scheme import Scheme  # noqa: E402
from particles.simulate import simulate  # noqa: E402
from particles.trajectory import Trajectory, load  # noqa: E402

__all__ = [
    "EXPONENTIAL",
    "GAUSSIAN",
    "GAUSSIAN24",
    "GAUSSIAN53",
    "TWO_POINT",
    "UNIFORM",
    "Checkpoints",
    "Collisions",
    "Euler",
    "ExactFlow",
    "InputError",
    "Milstein",
    "Noise",
    "NotFiniteError",
    "Scheme",
    "SimresnetError",
    "Stopped",
    "StorageError",
    "Trajectory",
    "carry",
    "fma",
    "formula",
    "load",
    "simulate",
    "sqrt",
]
