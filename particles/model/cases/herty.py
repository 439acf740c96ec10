"""The experiments of arXiv 2001.04294 (A) and of its published version (P): Herty, Trimborn, Visconti."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from particles.model.cases.case import Case
from particles.model.diffusion import LINEAR
from particles.model.drifts.activations import IDENTITY, RELU, TANH
from particles.model.drifts.lognormal_family import lognormal_family
from particles.model.laws.combined import Product
from particles.model.laws.elementary import Normal, Uniform
from particles.model.laws.empirical import kernel_estimate
from particles.model.parameters import MEAN_COUPLED
from particles.model.rule import Model
from particles.model.samples import Samples

IRIS_FILE = Path(__file__).parents[1] / "data" / "iris_petal_length.csv"


def _moments_decay() -> Case:
    return Case(
        name="moments-decay",
        figure="A Fig. 1 and 2 left, P Fig. 1 and 2 left",
        notes="identity, w = -1, b = 0, N(1, 1) (the exponent of 5.1 is misprinted); the horizon is not given",
        model=Model(drift=IDENTITY, weight=-1.0, bias=0.0, initial=Normal(1.0, 1.0)),
        until=2.0,
        times=(0.0, 1.0, 2.0),
        domain=(-7.0, 9.0),
    )


def _moments_conserved() -> Case:
    return Case(
        name="moments-conserved",
        figure="A Fig. 1 and 2 right, P Fig. 1 and 2 right",
        notes="as moments-decay with b = -w m1 = +m1(t); the captions print b = -m1, which does not conserve m1",
        model=Model(drift=IDENTITY, weight=-1.0, bias=MEAN_COUPLED, initial=Normal(1.0, 1.0)),
        until=2.0,
        times=(0.0, 1.0, 2.0),
        domain=(-7.0, 9.0),
    )


def _vehicles() -> Case:
    return Case(
        name="vehicles",
        figure="A Fig. 3 to 5 and Table 1, P Fig. 3 and 4",
        notes="tanh, w = 1, b = -5, U[2, 8]; zero flux at 2 and 8 means sticky walls for particles: without them no"
        " clusters form. The figures' 50 vehicles are a sample of the law",
        model=Model(drift=TANH, weight=1.0, bias=-5.0, initial=Uniform(2.0, 8.0), walls=(2.0, 8.0)),
        until=3.0,
        times=(0.0, 1.0, 2.0, 3.0),
        domain=(2.0, 8.0),
        cells=600,
        layers=1200,
    )


def _regression() -> Case:
    return Case(
        name="regression",
        figure="A Fig. 7 and 8, P Fig. 7",
        notes="tanh, w = -1, b = 1, N(1, 1): the text's signs (the captions' w = 1, b = -1 repels from x = 1). P shows"
        " t = 0, 1, 5; the horizon here is 2, since at t = 5 the density is narrower than any affordable cell",
        model=Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0)),
        until=2.0,
        times=(0.0, 1.0, 2.0),
        domain=(-7.0, 9.0),
    )


def _regression_2d(name: str, *, bias: float, scaled: bool, notes: str, weight: float = -1.0) -> Case:
    start = Product([Normal(1.0, 1.0), Normal(0.0, 1.0)])
    return Case(
        name=name,
        figure="P Fig. 6",
        notes=f"tanh, w = diag({weight:g}, -1), b = ({bias:g}, 0), {notes}. The caption's signs contradict each other"
        " and the initial law is not given: N(1, 1) x N(0, 1) here",
        model=Model(
            drift=TANH,
            weight=-1.0 if weight == -1.0 else np.diag([weight, -1.0]),
            bias=np.array([bias, 0.0]),
            initial=start,
            scaled=scaled,
        ),
        until=2.0,
        times=(0.0, 1.0, 2.0),
        domain=None,
        cells=400,
    )


def _iris() -> Case:
    with IRIS_FILE.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    values = [float(row["petal_length_cm"]) for row in rows]
    return Case(
        name="iris",
        figure="the clustering of A 5.2.1 on measured data",
        notes="tanh, w = 1, b = -2.5, sticky walls at 1 and 7, T = 6, from the 150 petal lengths (cm) of Fisher (1936)"
        " by a Gaussian kernel estimate (Silverman's bandwidth); setosa goes to 1, the rest to 7",
        model=Model(drift=TANH, weight=1.0, bias=-2.5, initial=kernel_estimate(values), walls=(1.0, 7.0)),
        until=6.0,
        times=(0.0, 1.0, 3.0, 6.0),
        domain=(1.0, 7.0),
        cells=600,
        layers=1200,
        samples=Samples(np.array(values), [row["species"] == "setosa" for row in rows], "setosa against the rest"),
    )


def _fokker_planck(name: str, *, start: Uniform, notes: str) -> Case:
    return Case(
        name=name,
        figure="A Fig. 10 and 11, P Fig. 9",
        notes=f"identity, w = -1, b = 0, K = 1, start {notes}; nu^2 is not given: 2 makes N(0, 1) stationary",
        model=Model(drift=IDENTITY, weight=-1.0, bias=0.0, nu2=2.0, initial=start),
        until=2.0,
        times=(0.5, 1.0, 2.0),
        domain=(-8.0, 8.0),
        cells=400,
    )


def _inverse_gamma() -> Case:
    return Case(
        name="inverse-gamma",
        figure="A 4.1.1, identity with K = x",
        notes="w = -1, b = 1, K = x, nu^2 = 1/4: inverse Gamma with mu = 1 - 2 w/nu^2 = 9 (printed: 1 + 2 w/nu^2) and"
        " beta = 2 b/nu^2 = 8; start and parameters are this project's. Of the steady mass 3.9e-8 lies beyond 12",
        model=Model(drift=IDENTITY, weight=-1.0, bias=1.0, diffusion=LINEAR, nu2=0.25, initial=Uniform(0.5, 1.5)),
        until=4.0,
        times=(1.0, 2.0, 4.0),
        domain=(0.0, 12.0),
        cells=480,
    )


def _generalised_gamma() -> Case:
    drift = lognormal_family(0.5)
    return Case(
        name="generalised-gamma",
        figure="A 4.1.1, sigma_N with K = x",
        notes="sigma_N with its sign and parenthesis corrected (the printed one explodes), delta = 1/2, lambda = c = 1,"
        " nu^2 = 1; start and parameters are this project's. Of the steady mass 1e-12 lies beyond 27",
        model=Model(drift=drift, weight=1.0, bias=0.0, diffusion=LINEAR, nu2=1.0, initial=Uniform(0.5, 1.5)),
        until=4.0,
        times=(1.0, 2.0, 4.0),
        domain=(0.0, 28.0),
        cells=1120,
    )


def _relu() -> Case:
    return Case(
        name="relu",
        figure="A 4.1.1, ReLU with K = x",
        notes="w = -1, b = 1, K = x, nu = 1: 5/9 of the steady mass lies left of 1; the printed Pareto law is"
        " stationary only with a reflecting wall at -b/w. The steady mean is infinite: no W1, and no domain, since a"
        " tail like 1/x leaves 1 % of the mass beyond 44",
        model=Model(drift=RELU, weight=-1.0, bias=1.0, diffusion=LINEAR, nu2=1.0, initial=Uniform(0.5, 1.5)),
        until=8.0,
        times=(2.0, 4.0, 8.0),
        domain=None,
    )


def _tanh_noise() -> Case:
    return Case(
        name="tanh-noise",
        figure="the regression of A Fig. 8 with noise, K = 1",
        notes="tanh, w = -1, b = 1, nu = 1, N(1, 1): abs(w) nu^2 = 1, where the transient has a closed form",
        model=Model(drift=TANH, weight=-1.0, bias=1.0, nu2=1.0, initial=Normal(1.0, 1.0)),
        until=2.0,
        times=(0.5, 1.0, 2.0),
        domain=(-14.0, 16.0),
        cells=600,
    )


EXPERIMENTS: dict[str, Callable[[], Case]] = {
    "moments-decay": _moments_decay,
    "moments-conserved": _moments_conserved,
    "vehicles": _vehicles,
    "regression": _regression,
    "regression-2d": lambda: _regression_2d(
        "regression-2d", bias=0.5, scaled=True, notes="rest point (1, 0); with the 1/d of (3), so b_x is one half"
    ),
    "regression-2d-unscaled": lambda: _regression_2d(
        "regression-2d-unscaled",
        bias=1.0,
        scaled=False,
        notes="rest point (1, 0); without the 1/d of (3), as the caption's numbers want",
    ),
    "regression-2d-printed": lambda: _regression_2d(
        "regression-2d-printed",
        weight=1.0,
        bias=-1.0,
        scaled=True,
        notes="as printed, with the 1/d of (3): x is repelled from 2, y drawn to 0",
    ),
    "regression-2d-printed-unscaled": lambda: _regression_2d(
        "regression-2d-printed-unscaled",
        weight=1.0,
        bias=-1.0,
        scaled=False,
        notes="as printed, without the 1/d of (3): x is repelled from 1, y drawn to 0",
    ),
    "iris": _iris,
    "fokker-planck": lambda: _fokker_planck(
        "fokker-planck", start=Uniform(-1.0, -0.5), notes="U[-1, -1/2] (the text; figure 10 says [-1, 1/2])"
    ),
    "fokker-planck-wide": lambda: _fokker_planck(
        "fokker-planck-wide", start=Uniform(-1.0, 0.5), notes="U[-1, 1/2] (figure 10; the text says [-1, -1/2])"
    ),
    "inverse-gamma": _inverse_gamma,
    "generalised-gamma": _generalised_gamma,
    "relu": _relu,
    "tanh-noise": _tanh_noise,
}
