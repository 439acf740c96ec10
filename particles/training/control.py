"""Mean-field control: the weights of layers that carry a law to its targets at the least cost.

    J = E (x_T - y)^2 + lam int_0^T theta^2 dt,   x' = f(theta x + b),   y a function of the start

on the line (Bonnet, Cipriani, Fornasier and Huang, 2023), by Newton's method on the layers of Euler's scheme, whose
second derivatives are exact (`control_problem`), over particles or by quadrature over the law of the start. What layers
solve converges to the continuous problem at first order in dt, in powers of dt: `continuous_control` extrapolates.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_count
from particles.base.provenance import provenance
from particles.base.shown import Shown
from particles.model import Model
from particles.training.control_problem import ControlProblem, Target
from particles.training.control_setup import in_pieces, problem_of
from particles.training.method import Point, Stop
from particles.training.methods import LM
from particles.training.penalty import Share

if TYPE_CHECKING:
    from xarray import Dataset

_STOP = Stop(gradient=1e-14, iterations=200)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Control(Shown):
    """A control and what it reaches.

    Parameters
    ----------
    model : Model
        With the control in it.
    names : tuple of str
        "weight", "bias": what is controlled.
    times : ndarray, shape (K,), or (K + 1,) of the continuous problem
    theta : ndarray, shape (names, times)
    value, terminal, cost : float
        J, the mean square distance from the targets in it, and what the control costs.
    hamiltonian : ndarray, shape of `times`
        E[2 p f] + lam theta^2, p half the derivative of J by the state.
    error : float
        Of the continuous problem, by how much the last extrapolation moved any number; 0 for layers.
    slope : float
        Largest derivative of J/2 by a number of theta where the search ended.
    reason : str
        Why it ended.
    info : dict

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import control
    >>> case = cases["two-clusters"]
    >>> found = control(case.model, case.target, until=1.0, cost=0.1, layers=10)
    >>> found.theta.shape, found.times.shape, found.hamiltonian.shape
    ((1, 10), (10,), (10,))
    >>> print(f"{found.value:.4f} {found.terminal + found.cost:.4f}")
    0.1336 0.1336
    """

    model: Model
    names: tuple[str, ...]
    times: Floats
    theta: Floats
    value: float
    terminal: float
    cost: float
    hamiltonian: Floats
    error: float
    slope: float
    reason: str
    info: dict[str, Any]

    def _facts(self) -> Iterator[tuple[str, Any]]:
        numbers = ("names", "value", "terminal", "cost", "reason")
        yield from {"layers": self.times.size, **{name: getattr(self, name) for name in numbers}}.items()

    def to_xarray(self) -> Dataset:
        """Return "theta" over (name, time) and "hamiltonian" over (time,); the rest is ``attrs["record"]``, JSON."""
        import xarray

        data: dict[str, Any] = {"theta": (("name", "time"), self.theta), "hamiltonian": ("time", self.hamiltonian)}
        whole = ("times", "theta", "hamiltonian")
        told = {name: value for name, value in self.to_dict().items() if name not in whole}
        return xarray.Dataset(data, {"name": list(self.names), "time": self.times}, {"record": json.dumps(told)})

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON."""
        told = {"names": list(self.names), "times": self.times.tolist(), "theta": self.theta.tolist()}
        numbers = {name: getattr(self, name) for name in ("value", "terminal", "cost", "error", "slope", "reason")}
        return told | numbers | {"hamiltonian": self.hamiltonian.tolist(), **self.info}


def control(
    model: Model,
    target: Target,
    *,
    until: float,
    cost: Share,
    layers: int,
    learn: tuple[str, ...] = ("weight",),
    count: int | None = None,
    start: str = "random",
    seed: int = 0,
    replicate: int = 0,
    comm: Any = None,
    stop: Stop = _STOP,
    tell: Callable[[Point], None] = lambda point: None,
) -> Control:
    """Find the control of so many layers, from the model's own numbers on.

    Collective; the same bytes on any number of ranks.

    Parameters
    ----------
    model : Model
        On the line, one neuron, without noise, walls and bias that follows the mean; f depends on u alone.
    target : float or callable
        Where a particle that starts at x is to end.
    until : float > 0
    cost : float > 0, or mapping of "weight" and "bias" to such
        lam.
    layers : int >= 1
    learn : tuple of str, default ("weight",)
        Of "weight" and "bias".
    count : int, optional
        Particles, drawn as by `particles.simulate` with `start`, `seed`, `replicate`; by default none, but quadrature
        over the law of the start, whose density must be smooth between its kinks and 0, where targets may jump.
    stop : Stop, optional
    tell : callable (Point), optional
        Is told of every iterate, of J/2.

    Raises
    ------
    InputError
        If the model is another, or an argument out of range.

    See Also
    --------
    continuous_control : As the layers grow in number.

    Notes
    -----
    ::

        J = E (x_T - y)^2 + lam int_0^T theta^2 dt,   x' = f(theta x + b)          (Bonnet, Cipriani, Fornasier, Huang)

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import control
    >>> case = cases["two-clusters"]  # at -1 and 1, to be carried to -2 and 2
    >>> for layers in (10, 20, 40):  # first order: 0.1285 as the layers grow
    ...     found = control(case.model, case.target, until=1.0, cost=0.1, layers=layers)
    ...     print(f"{found.value:.4f}")
    0.1336
    0.1310
    0.1298
    >>> control(case.model, case.target, until=1.0, cost=0.1, layers=0)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: layers = 0 must be an integer of at least 1
    """
    problem = problem_of(
        model, target, until=until, cost=cost, layers=layers, learn=learn, count=count, start=start, seed=seed,
        replicate=replicate, comm=comm,
    )  # fmt: skip
    theta, slope, reason = _solved(problem, problem.start(), stop, tell)
    terminal, paid = problem.parts(theta)
    info = {"until": until, "cost": _plain(cost), "layers": layers, "count": count, "provenance": provenance()}
    info |= {"start": start, "seed": seed} if count is not None else {}
    return Control(
        model=_controlled(problem, theta, until), names=tuple(learn), times=problem.times,
        theta=theta.reshape(len(learn), -1), value=terminal + paid, terminal=terminal, cost=paid,
        hamiltonian=problem.hamiltonian(theta, problem.path(theta)), error=0.0, slope=slope, reason=reason,
        info=info | {"evaluations": problem.evaluations},
    )  # fmt: skip


def continuous_control(
    model: Model,
    target: Target,
    *,
    until: float,
    cost: Share,
    layers: int = 8,
    doublings: int = 5,
    learn: tuple[str, ...] = ("weight",),
    comm: Any = None,
) -> Control:
    """The control of the differential equation, at the times of `layers` layers and at T, by quadrature.

    Richardson's extrapolation of what layers, twice as many, ... find: all of it has an expansion in powers of dt. At T
    a control is what makes the Hamiltonian stationary there. `model` has the control of the most layers.

    Parameters
    ----------
    model, target, until, cost, learn, comm
        As of `control`.
    layers : int >= 1, default 8
    doublings : int >= 1, default 5

    Raises
    ------
    InputError
        As `control`.

    See Also
    --------
    control : Of so many layers.

    Examples
    --------
    >>> from particles.model import cases
    >>> from particles.training import continuous_control
    >>> case = cases["two-clusters"]
    >>> task = {"until": 1.0, "cost": 0.1, "layers": 4, "doublings": 3}
    >>> found = continuous_control(case.model, case.target, **task)
    >>> print(found.times, found.theta[0].round(3), f"{found.value:.4f}")
    [0.   0.25 0.5  0.75 1.  ] [1.01  0.934 0.868 0.81  0.759] 0.1285
    >>> continuous_control(case.model, case.target, until=1.0, cost=-0.1)
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: cost = -0.1 must be a positive finite number
    """
    require_count("doublings", doublings, most=8)
    rows, theta, slope, reason = [], None, math.inf, ""
    for level in range(doublings + 1):
        many = layers * 2**level
        problem = problem_of(model, target, until=until, cost=cost, layers=many, learn=learn, comm=comm)
        begin = problem.start() if theta is None else np.repeat(theta.reshape(len(learn), -1), 2, axis=1).reshape(-1)
        theta, slope, reason = _solved(problem, begin, _STOP, lambda point: None)
        rows.append(_at_times(problem, theta, 2**level))
    assert theta is not None
    best, before = _extrapolated(rows), _extrapolated(rows[1:])
    terminal, paid, *rest = best.tolist()
    many = layers + 1
    info = {"until": until, "cost": _plain(cost), "layers": layers, "doublings": doublings, "provenance": provenance()}
    return Control(
        model=_controlled(problem, theta, until), names=tuple(learn),
        times=np.array([until * k / layers for k in range(many)]),
        theta=np.array(rest[:-many]).reshape(len(learn), many), value=terminal + paid, terminal=terminal, cost=paid,
        hamiltonian=np.array(rest[-many:]), error=float(np.abs(best - before).max()), slope=slope,
        reason=reason, info=info,
    )  # fmt: skip


def _solved(
    problem: ControlProblem, theta: Floats, stop: Stop, tell: Callable[[Point], None]
) -> tuple[Floats, float, str]:
    last: list[Point] = []

    def keep(point: Point) -> None:
        last[:] = [point]
        tell(point)

    free = np.full(theta.size, math.inf)
    reason = LM().minimise(problem, theta, (-free, free), stop, keep)  # type: ignore[arg-type]
    steepest = last[0].slope
    assert steepest is not None
    return last[0].theta, steepest, reason


def _at_times(problem: ControlProblem, theta: Floats, each: int) -> Floats:
    """Terminal part, cost, controls and Hamiltonian at the times of every `each`-th layer and at T, in one row."""
    path, last = problem.path(theta), len(problem.times) - 1
    by_name = theta.reshape(len(problem.learn), -1)
    x, p = path.states[-1], path.adjoints[-1]
    end = problem.pointwise(last, x, p, by_name[:, -1])
    controls = np.concatenate([by_name[:, ::each], end[:, None]], axis=1)
    energies = [*problem.hamiltonian(theta, path)[::each].tolist(), problem.energy(last, x, p, end)]
    return np.concatenate([problem.parts(theta), controls.reshape(-1), energies])


def _extrapolated(rows: list[Floats]) -> Floats:
    """The value at dt = 0 of the polynomial in dt through rows at dt, dt/2, dt/4, ... (Neville)."""
    found = rows
    for order in range(1, len(rows)):
        found = [fine + (fine - coarse) / (2.0**order - 1.0) for coarse, fine in itertools.pairwise(found)]
    return found[0]


def _controlled(problem: ControlProblem, theta: Floats, until: float) -> Model:
    parts = zip(problem.learn, theta.reshape(len(problem.learn), -1), strict=True)
    return dataclasses.replace(problem.model, **{name: in_pieces(row, until) for name, row in parts})


def _plain(cost: Share) -> Any:
    return dict(cost) if isinstance(cost, Mapping) else float(cost)
