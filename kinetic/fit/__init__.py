"""A target law that is a steady state fixes the model (arXiv 2001.04294, section 4.1, end): which model, and how well.

Every family of `kinetic.fit.families` is fitted by maximum likelihood (rounded measurements by the likelihood of their
cells; a law by the least divergence int h ln(h/g) dx), the families are compared by BIC = p ln n - 2 l, and each fit is
judged by the Kolmogorov distance D = sup abs(F_n - F). The p-value of D comes from a parametric bootstrap: samples of
the fitted law, rounded as the data are, each fitted again; a distance to fitted parameters is smaller than Kolmogorov's
law says. A family is rejected where p is at most 5 % over the number of families, and "none fits" is an answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from kinetic.fit.families import FAMILIES
from kinetic.fit.family import SteadyFamily
from kinetic.fit.likelihood import Maximum, maximise, standard_errors
from kinetic.fit.target import Target, of_data, of_law
from particles.base.checks import require_count
from particles.base.errors import InputError
from particles.base.progress import part_of
from particles.base.shown import Shown
from particles.model import Law, Model

if TYPE_CHECKING:
    from xarray import Dataset

LEVEL = 0.05
"""Most families rejected at random where all are right; the one that is right goes in 5 % over their number."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Fit(Shown):
    """One family fitted to a target.

    Parameters
    ----------
    family : str
    law : Law
        The fitted steady state.
    model : Model
        The model that it fixes, started from the law itself unless another start was given.
    parameters, errors : mapping of str to float
        Free parameters of the model and their standard errors (observed information, delta method); inf at a limit,
        empty for a law.
    log_likelihood : float
        l; for a law int h ln g dx.
    bic : float
        p ln n - 2 l; for a law twice the divergence int h ln(h/g) dx.
    distance : float
        Kolmogorov distance between target and fit.
    p_value : float, optional
        Share of bootstrap samples with a distance as large; None for a law, or without a bootstrap.
    limit : str
        The simpler law at which the family ends, where the fit ends there; else empty.
    """

    family: str
    law: Law
    model: Model
    parameters: Mapping[str, float]
    errors: Mapping[str, float]
    log_likelihood: float
    bic: float
    distance: float
    p_value: float | None
    limit: str


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Fits(Shown):
    """All families fitted to one target.

    Parameters
    ----------
    fits : tuple of Fit
        In the order of BIC, the best first.
    refused : mapping of str to str
        Families without a fit, and why.
    count : int
        Number of measurements; 0 for a law.
    step : float
        Rounding step of the measurements; 0: not rounded.
    bootstrap : int
        Bootstrap samples a family.
    """

    fits: tuple[Fit, ...]
    refused: Mapping[str, str]
    count: int
    step: float
    bootstrap: int

    def to_xarray(self) -> Dataset:
        """Return "bic", "distance", "p_value" and "log_likelihood" over (family,), and the "value" and standard "error"
        of each over (family, parameter), NaN where it has no such; the rest is ``attrs["record"]``, JSON.
        """
        import xarray

        columns = ("bic", "distance", "p_value", "log_likelihood")
        names = list(dict.fromkeys(name for one in self.fits for name in one.parameters))
        data: dict[str, Any] = {
            column: ("family", [math.nan if (cell := getattr(one, column)) is None else cell for one in self.fits])
            for column in columns
        }
        for name, told in (("value", "parameters"), ("error", "errors")):
            rows = [[getattr(one, told).get(parameter, math.nan) for parameter in names] for one in self.fits]
            data[name] = ("family", "parameter"), rows
        record = {name: getattr(self, name) for name in ("count", "step", "bootstrap", "level")}
        record |= {"chosen": None if self.chosen is None else self.chosen.family, "refused": dict(self.refused)}
        coords = {"family": [one.family for one in self.fits], "parameter": names}
        return xarray.Dataset(data, coords, {"record": json.dumps(record)})

    @property
    def best(self) -> Fit:
        """The fit with the least BIC, whether it is rejected or not."""
        return self.fits[0]

    @property
    def level(self) -> float:
        """Largest p-value of a family that is rejected: 5 % over the number of families that were asked for."""
        return LEVEL / (len(self.fits) + len(self.refused))

    @property
    def chosen(self) -> Fit | None:
        """The fit with the least BIC among those that are not rejected (without p-values none is), None if all are."""
        return next((fit for fit in self.fits if fit.p_value is None or fit.p_value > self.level), None)


def fit(
    target: ArrayLike | Law,
    *,
    families: Sequence[str] = tuple(FAMILIES),
    step: float | None = None,
    bootstrap: int = 199,
    seed: int = 0,
    initial: Law | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Fits:
    """Fit the steady states of the models to measurements or to a law.

    Parameters
    ----------
    target : array_like, shape (n,), or Law
        At least 8 measurements, 4 of them distinct; or a law with a density.
    families : sequence of str, default all
        Names of `kinetic.fit.families.FAMILIES`.
    step : float >= 0, optional
        Step to which the measurements are rounded to nearest; 0: not rounded; by default found in the data.
    bootstrap : int >= 0, default 199
        Bootstrap samples a family; 0: no p-values.
    seed : int >= 0, default 0
        Of the bootstrap.
    initial : Law, optional
        Start of the fitted models; by default the fitted law, so that the model stands still.
    progress : callable, optional
        Gets the finished share in [0, 1].

    Returns
    -------
    Fits

    Raises
    ------
    InputError
        If an argument is out of range, the data cannot be fitted at all, or the bootstrap is too small to reject.

    Examples
    --------
    >>> import kinetic
    >>> from particles.model import InverseGamma
    >>> found = kinetic.fit(InverseGamma(3.0, 2.0), families=["inverse-gamma", "normal"])
    >>> [(fit.family, round(fit.distance, 3)) for fit in found.fits]
    [('inverse-gamma', 0.0), ('normal', 0.213)]
    >>> print(f"{found.best.law.shape:.4f} {found.best.law.scale:.4f}")
    3.0000 2.0000
    >>> kinetic.fit([1.0, 2.0, 3.0])
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: data of 3 values, 3 distinct: a fit needs 8 and 4
    """
    if isinstance(target, Law):
        given, bootstrap = of_law(target), 0
    else:
        given = of_data(target, step)
    _check(families, bootstrap, seed)
    found: list[Fit] = []
    refused: dict[str, str] = {}
    for number, name in enumerate(families):
        family = FAMILIES[name]
        try:
            maximum = maximise(family, given)
        except InputError as error:
            refused[name] = str(error)
            continue
        random = np.random.default_rng([seed, list(FAMILIES).index(name)])
        p_value = None
        if bootstrap:
            done = part_of(progress, number, len(families))
            p_value = p_value_of_distance(family, given, maximum, bootstrap, random, done)
        found.append(_fitted(family, given, maximum, p_value, initial))
    if not found:
        raise InputError("no family can be fitted: " + "; ".join(f"{name} {why}" for name, why in refused.items()))
    # equal to rounding: the one with fewer parameters, whose limit the other is
    found.sort(key=lambda one: (round(one.bic, 7), len(one.parameters)))
    count = 0 if given.law is not None else int(given.count)
    return Fits(fits=tuple(found), refused=refused, count=count, step=given.step, bootstrap=bootstrap)


def p_value_of_distance(
    family: SteadyFamily,
    target: Target,
    maximum: Maximum,
    samples: int,
    random: np.random.Generator,
    progress: Callable[[float], None] = lambda share: None,
) -> float:
    """Return the share of samples of the fitted law, fitted again, that lie as far from their fit: (1 + k)/(1 + B)."""
    law = family.law(maximum.theta)
    observed, as_far = target.distance(law), 0
    for done in range(samples):
        progress(done / samples)
        drawn = target.redrawn(law.sample(np.clip(random.random(int(target.count)), 2.0**-60, 1.0 - 2.0**-53)))
        try:
            again = maximise(family, drawn, first=maximum.theta)
            as_far += drawn.distance(family.law(again.theta)) >= observed
        except InputError:  # a sample without a fit speaks for the family, not against it
            as_far += 1
    return (1 + as_far) / (1 + samples)


def _fitted(family: SteadyFamily, target: Target, maximum: Maximum, p_value: float | None, initial: Law | None) -> Fit:
    law = family.law(maximum.theta)
    names, values = family.parameters, family.physical(maximum.theta).tolist()
    errors: dict[str, float] = {}
    if target.law is None:
        errors = dict(zip(names, standard_errors(family, target, maximum).tolist(), strict=True))
        bic = len(names) * math.log(target.count) - 2.0 * maximum.log_likelihood
    else:
        negative_entropy = float((target.weights * np.log(target.law.pdf(target.values))).sum())
        bic = 2.0 * (negative_entropy - maximum.log_likelihood)
    return Fit(
        family=family.name,
        law=law,
        model=family.model(maximum.theta, law if initial is None else initial),
        parameters=dict(zip(names, values, strict=True)),
        errors=errors,
        log_likelihood=maximum.log_likelihood,
        bic=bic,
        distance=target.distance(law),
        p_value=p_value,
        limit=maximum.limit,
    )


def _check(families: Sequence[str], bootstrap: int, seed: int) -> None:
    unknown = [name for name in families if name not in FAMILIES]
    if unknown or not families:
        raise InputError(f"families = {list(families)!r}: allowed are {', '.join(FAMILIES)}")
    least = round(len(families) / LEVEL) - 1
    if not (isinstance(bootstrap, int) and (bootstrap == 0 or bootstrap >= least)):
        raise InputError(f"bootstrap = {bootstrap!r} must be 0 or an integer of at least {least}: fewer cannot reject")
    require_count("seed", seed, least=0)
