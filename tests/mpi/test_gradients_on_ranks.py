"""Gradients, and what is learnt by them, are the same bytes on any number of ranks."""

from __future__ import annotations

import subprocess

RANKS = (1, 2, 3, 4)
SCRIPT = """
import hashlib
from particles import Collisions, Euler, ExactFlow
from particles.base.parallel import world
import numpy as np
from particles.model import IDENTITY, MEAN_COUPLED, TANH, Model, Normal, Product, Samples, cases, cubic
from particles.training import CrossEntropy
from particles.training.of_particles import gradient
from particles.training.control import control
from particles.training.learn import fit
from particles.training.losses import EnergyDistance, Moment
regression = cases["regression"].model
coupled = Model(drift=TANH, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1.0, 1.0))
plane = Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])
turning = Model(drift=IDENTITY, weight=[[-1.0, 0.4], [0.2, -0.5]], bias=[0.3, 0.1], initial=plane)
gamma = Model(drift=cubic(0.2), weight=0.5, bias=0.1, initial=Normal(1.0, 1.0))
softmax = CrossEntropy(np.arange(12_347) % 2)
energy, many, few = EnergyDistance(Normal(2.0, 0.5)), 12_347, 3  # few: ranks without a particle
for model, scheme, loss, count in (
    (regression, Euler(layers=20), Moment(2.0), many),
    (regression, Euler(layers=20), energy, many),
    (cases["tanh-noise"].model, Collisions(0.05), Moment(2.0), many),
    (coupled, Euler(layers=5), Moment(2.0), many),
    (regression, Euler(layers=20), Moment(2.0), few),
    (regression, Euler(layers=20), energy, few),
    (regression, ExactFlow(), Moment(2.0), few),
    (cases["tanh-noise"].model, Collisions(0.05), Moment(2.0), few),
    (coupled, Euler(layers=5), Moment(2.0), few),
    (turning, ExactFlow(), softmax, many),
    (gamma, Euler(layers=20), Moment(2.0), many),
):
    found = gradient(model, scheme, loss, count=count, until=1.0)
    parts = found.weights, found.biases, found.mean, found.std, found.slope
    numbers = [found.loss, found.nu2, found.constant, found.horizon]
    told = repr([hashlib.sha256(part.tobytes()).hexdigest() for part in parts] + numbers)
    assert all(other == told for other in world().gather(told))
    if world().rank == 0:
        print(told, flush=True)
for count in (many, few):
    learnt = fit(regression, Euler(layers=20), Moment(2.0), count=count, until=1.0, ridge=1e-2)
    told = repr([point.theta.tolist() for point in learnt.curve])
    assert all(other == told for other in world().gather(told))
    if world().rank == 0:
        print(told, flush=True)
    case = cases["two-clusters"]
    found = control(case.model, case.target, until=1.0, cost=0.1, layers=6, count=count)
    told = repr([found.theta.tolist(), found.hamiltonian.tolist(), found.value])
    assert all(other == told for other in world().gather(told))
    if world().rank == 0:
        print(told, flush=True)
"""


def test_gradients_are_independent_of_rank_count(told: dict[int, subprocess.CompletedProcess[str]]) -> None:
    alone, *more = (told[ranks].stdout for ranks in RANKS)
    assert len(set(alone.splitlines())) == 15  # control
    assert all(other == alone for other in more)
