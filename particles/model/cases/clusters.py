"""Clusters that a network is to part: Bonnet, Cipriani, Fornasier and Huang, "A measure theoretical approach to the
mean-field maximum principle for training NeurODEs", Nonlinear Analysis 227 (2023), the experiments in one dimension.

The weight is what is learnt; the cases hold the constant one from which that begins.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from particles.model.cases.case import Case
from particles.model.drifts.activations import TANH
from particles.model.laws.combined import Mixture
from particles.model.laws.law import Law
from particles.model.laws.truncated_normal import TruncatedNormal
from particles.model.rule import Model

_REACH = 0.2  # of a cluster, about its middle


def _cluster(middle: float) -> TruncatedNormal:
    return TruncatedNormal(middle, 1.0, middle - _REACH, middle + _REACH)


def _case(name: str, start: Law, far: float, reach: float, notes: str) -> Case:
    return Case(
        name=name,
        figure="the one-dimensional experiments of Bonnet, Cipriani, Fornasier and Huang (2023)",
        notes=f"tanh, b = 0, w = 1 where learning begins, {notes}; the code of that paper makes nine steps of 0.1, so"
        " its horizon is 0.9",
        model=Model(drift=TANH, weight=1.0, bias=0.0, initial=start),
        until=1.0,
        times=(0.0, 0.5, 1.0),
        domain=(-reach, reach),
        layers=10,
        target=functools.partial(np.copysign, far),  # -far for what starts below 0, far for the others
    )


def _two_clusters() -> Case:
    start = Mixture([_cluster(-1.0), _cluster(1.0)], [0.5, 0.5])
    return _case("two-clusters", start, 2.0, 3.2, "N(0, 1) cut at 0.2 and moved to -1 and 1; targets -2 and 2")


def _one_cluster() -> Case:
    return _case("one-cluster", _cluster(0.0), 1.0, 2.0, "N(0, 1) cut at 0.2; targets -1 and 1 by the sign of x")


EXPERIMENTS: dict[str, Callable[[], Case]] = {"two-clusters": _two_clusters, "one-cluster": _one_cluster}
