"""Where particles end, and how that moves with the numbers that are learnt: tangents forwards, one a number.

Levenberg and Marquardt's method asks for them, which take a pass a number where the adjoint takes two for all.
"""

from __future__ import annotations

from particles.base.arrays import Floats
from particles.base.errors import InputError
from particles.model import Model
from particles.schemes.scheme import Scheme
from particles.training.parameters import Parameters


def carries_tangents(model: Model) -> bool:
    """Whether ends have tangents that schemes carry: without noise, walls and a bias that follows the mean."""
    return model.nu2 == 0.0 and model.walls is None and not model.mean_coupled


def ends_and_tangents(parameters: Parameters, scheme: Scheme, begin: Floats, until: float) -> tuple[Floats, Floats]:
    """Carry points and their tangents by the numbers of `Parameters`.

    Parameters
    ----------
    parameters : Parameters
        Of a model without noise, walls and a bias that follows the mean.
    scheme : Scheme
        One that carries tangents: Euler or ExactFlow.
    begin : ndarray, shape (D, m)
    until : float > 0

    Returns
    -------
    ends : ndarray, shape (D, m)
    tangents : ndarray, shape (n, D, m)

    Raises
    ------
    InputError
        If the model is another, or the scheme carries none.
    """
    model = parameters.model
    if not carries_tangents(model):
        raise InputError("tangents of ends: allowed is a model without noise, walls and a bias that follows the mean")
    levels = scheme.levels(model, until, [])
    return scheme.tangents(model, begin, levels, *parameters.directions(levels[:-1]))
