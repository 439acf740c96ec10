"""Sweeps of Pontryagin's principle that hardly converge, or not at all.

The published way to a mean-field control (Bonnet, Cipriani, Fornasier and Huang, 2023): states x_k by the old control,
adjoints p_k back along them, and then in every layer the control that makes the Hamiltonian stationary,

    lam theta_k + E[p_{k+1} f_u(theta_k x_k) x_k] = 0,   x and p held.

Let H be the second derivatives of the cost and D those with x and p held, a diagonal. A sweep multiplies a small error
by I - D^(-1) H, whose spectral radius is the factor a sweep. Its largest eigenvalue is negative: sweeps overshoot, and
theta + s (new - theta) with s = 1/2 has the factors of 1 - s D^(-1) H.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.model import cases
from particles.training import control
from particles.training.control_problem import ControlProblem
from particles.training.control_setup import problem_of
from validation.gallery.exhibit import Exhibit, Number
from validation.studies.study import Check

CASE, LAYERS, UNTIL = cases["two-clusters"], 10, 1.0
TARGET: Any = CASE.target
DEFAULT = 10  # sweeps of the published code
CHEAP, HALF = 0.1, 0.5
FROM, TO = 1e-3, 1e-7  # errors between which sweeps are counted


def problem(cost: float) -> ControlProblem:
    """The control of ten layers, by quadrature over the law."""
    return problem_of(CASE.model, TARGET, until=UNTIL, cost=cost, layers=LAYERS)


def factor(cost: float, best: Floats, share: float = 1.0) -> float:
    """Largest factor of an error in a sweep of which a share is taken."""
    asked = problem(cost)
    ratio = np.linalg.solve(asked.curvatures(best), asked.linearised(best)[2])
    return float(np.abs(np.linalg.eigvals(np.eye(LAYERS) - share * ratio)).max())


def errors(cost: float, best: Floats, sweeps: int, share: float = 1.0) -> Floats:
    """Largest error of a control after every sweep, the first of the start."""
    asked = problem(cost)
    theta = asked.start()
    found = [theta]
    for _ in range(sweeps):
        path = asked.path(theta)
        each = zip(path.states, path.adjoints[1:], theta[:, None], strict=False)
        new = np.concatenate([asked.pointwise(k, x, p, old) for k, (x, p, old) in enumerate(each)])
        theta = theta + share * (new - theta)
        found.append(theta)
    return np.asarray(np.abs(np.array(found) - best).max(axis=1))


def sweeps() -> Exhibit:
    """The factor of a sweep at two costs and of half steps, and how many it takes."""
    newton = {cost: control(CASE.model, TARGET, until=UNTIL, cost=cost, layers=LAYERS) for cost in (1.0, CHEAP)}
    best = {cost: found.theta[0] for cost, found in newton.items()}
    dear, cheap = errors(1.0, best[1.0], 30), errors(CHEAP, best[CHEAP], 160)
    halved = errors(CHEAP, best[CHEAP], 20, HALF)
    slow = factor(CHEAP, best[CHEAP])
    expected, between = math.log(TO / FROM) / math.log(slow), int((cheap > TO).sum() - (cheap > FROM).sum())
    spent = newton[CHEAP].info["evaluations"]
    curves = {"lam = 1": dear, "lam = 0.1": cheap, "lam = 0.1, half steps": halved}
    factors = (factor(1.0, best[1.0]), slow, factor(CHEAP, best[CHEAP], HALF))
    return Exhibit(
        name="sweeps",
        failure="Sweeps of Pontryagin's principle overshoot: with a cheap control each takes back most of the last.",
        numbers=(
            Number("lam = 1: factor of a sweep", factors[0], _last(dear), 1e-3),
            Number("lam = 0.1: factor of a sweep", slow, _last(cheap), 1e-3),
            Number("lam = 0.1: sweeps from an error of 1e-3 to 1e-7", expected, between, 1.0),
            Number("lam = 0.1, half steps: factor", factors[2], _last(halved), 1e-3),
        ),
        checks=(
            Check(
                "lam = 0.1: ten sweeps, the default of the published code, leave theta off by more than 0.01",
                f"{cheap[DEFAULT]:.3g}", bool(cheap[DEFAULT] > 0.01),
            ),
            Check("Newton's method on the layers needs at most ten evaluations", f"{spent}", spent <= 10),
        ),
        remedy="Take `particles.training.control`, Newton's method on the layers, or half of each step.",
        draw=lambda axes: _draw(axes[0], curves, factors),
    )  # fmt: skip


def _draw(axes: Any, curves: dict[str, Floats], factors: tuple[float, ...]) -> None:
    """Errors of the control over the sweeps, and the factors that theory foretells."""
    for k, ((name, found), each) in enumerate(zip(curves.items(), factors, strict=True)):
        n = np.arange(min(found.size, 81))
        middle = n.size // 2
        axes.plot(n, found[: n.size], "os^"[k], ms=3, color=f"C{k}", label=name)
        axes.plot(n, found[middle] * each ** (n - middle), "k--", lw=0.9, label=None if k else "theory's factor")
    axes.axvline(DEFAULT, color="0.5", ls=":", lw=1.2, label="sweeps of the published code")
    axes.set_yscale("log")
    axes.set_ylim(1e-8, 1e3)
    axes.set_xlabel("sweeps")
    axes.set_ylabel("largest error of theta")
    axes.set_title("two clusters, ten layers")
    axes.legend(loc="upper right", ncols=2)


def _last(found: Floats) -> float:
    return float(found[-1] / found[-2])
