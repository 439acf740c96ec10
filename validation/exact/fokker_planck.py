"""The law of the Fokker-Planck limit, dX = f dt + nu K dW (Ito), by its distribution function.

    F_t = -f F_x + D F_xx + D' F_x,   D = (nu^2/2) K(x)^2

(the integral over x of g_t = -(f g)_x + (D g)_xx). In a chart x = c(y), with F_x = F_y/c' and
F_xx = (F_yy - (c''/c') F_y)/c'^2,

    F_t = (D/c'^2) F_yy + ((D' - f)/c' - D c''/c'^3) F_y,

by central differences of order 8 on a uniform grid in y. A step in time takes e^z as its Pade approximation of degree 3
over 4 (order 7 and, by Ehle, L-stable), r(z) = sum_j r_j/(z - p_j), a banded solve for each pole; 32 steps on the first
grid, and twice as many whenever the grid is halved.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from particles.base.arrays import Floats, over_arrays
from particles.base.checks import require_positive
from particles.base.errors import InputError
from particles.model import Law, Model, exact_law
from validation.exact.interpolation import UniformGrid
from validation.exact.refine import tabulate
from validation.exact.tabulated import Chart, TabulatedLaw

_FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0.0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
_SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
_MOST = 8193
_STEPS = 32


def limit_law(model: Model, time: float, *, tolerance: float = 1e-9) -> Law:
    """Law at `time` of the limit of a model on the line: a closed form where there is one, else computed.

    Parameters
    ----------
    model : Model
        No walls; constant weight and bias unless a closed form is known; K = x needs a start on x > 0.
    time : float >= 0
    tolerance : float > 0, default 1e-9
        The table is refined until two agree to this in W1, in standard deviations, or it has 8193 points.

    Returns
    -------
    Law
        A closed form, or a `TabulatedLaw` that states its accuracy.

    Raises
    ------
    InputError
        If the model is another, or its law too rough.
    """
    known = exact_law(model, time)
    return known if isinstance(known, Law) else computed_law(model, time, tolerance=tolerance)


def computed_law(model: Model, time: float, *, tolerance: float = 1e-9) -> TabulatedLaw:
    """`limit_law` without the closed forms."""
    require_positive("time", time)
    if not model.nu2 > 0.0:
        raise InputError(f"nu2 = {model.nu2!r}: without noise only the models with an exact flow have a limit law")

    def solve(chart: Chart, grid: UniformGrid, values: Floats, level: int) -> Floats:
        steps = _STEPS * 2**level
        return exponential(time / steps * generator(model, chart, grid), values, steps)

    return tabulate(model, time, solve, tolerance=tolerance, most=_MOST)


def exponential(matrix: Any, values: Floats, steps: int) -> Floats:
    """r(matrix)^steps values, an approximation of e^(steps matrix) values."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    one = eye_array(matrix.shape[0])
    pairs = [(r, splu((matrix - pole * one).tocsc())) for pole, r in zip(*_pade(3, 4), strict=True)]
    for _ in range(steps):
        complex_values = values.astype(np.complex128)
        values = sum((r * solver.solve(complex_values)).real for r, solver in pairs)
    return values


def _pade(k: int, m: int) -> tuple[Any, Any]:
    """Poles and residues of the Pade approximation of e^z of degree k over m, m even; one of each pair of poles."""
    numerator = [math.comb(k, j) * math.factorial(k + m - j) for j in range(k + 1)]
    denominator = [(-1) ** j * math.comb(m, j) * math.factorial(k + m - j) for j in range(m + 1)]
    top, bottom = np.polynomial.Polynomial(numerator), np.polynomial.Polynomial(denominator)
    poles = bottom.roots()
    poles = poles[poles.imag > 0.0]  # m is even: no pole is real
    residues = 2.0 * top(poles) / bottom.deriv()(poles)
    return poles, residues / (residues / -poles).sum().real  # r(0) = 1 to the last bit


def generator(model: Model, chart: Chart, grid: UniformGrid) -> Any:
    """Sparse matrix of the right-hand side on the size + 2 values of a grid; its last two rows are zero."""
    y = grid.points
    x, c1, c2 = chart.back(y), chart.slope(y), chart.bend(y)
    constants = model.diffusion.constants
    k = over_arrays(model.diffusion.value, x, constants=constants)
    dk = over_arrays(model.diffusion.derivative, x, constants=constants)
    second = 0.5 * model.nu2 * (k / c1) ** 2
    first = (model.nu2 * k * dk - model.speed(x, 0.0)) / c1 - second * c2 / c1
    weights = _FIRST[:, None] * first / grid.step + _SECOND[:, None] * second / grid.step**2
    return _differences(weights)


def slope_matrix(grid: UniformGrid) -> Any:
    """Sparse matrix of d/dy on the size + 2 values of a grid; its last two rows are zero."""
    return _differences(np.repeat(_FIRST[:, None] / grid.step, grid.size, axis=1))


def _differences(weights: Floats) -> Any:
    """Matrix with weights[k, i] at the point i + k - 4 of row i, shape (size + 2, size + 2)."""
    from scipy.sparse import coo_array

    size = weights.shape[1]
    rows = np.broadcast_to(np.arange(size), weights.shape)
    columns = rows + np.arange(-4, 5)[:, None]
    columns = np.where(columns < 0, size, np.where(columns >= size, size + 1, columns))
    return coo_array((weights.ravel(), (rows.ravel(), columns.ravel())), shape=(size + 2, size + 2)).tocsr()
