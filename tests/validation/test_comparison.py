"""One cloud against one solution."""

import dataclasses

import numpy as np
import pytest

import kinetic
import particles
import validation.distance.comparison
from particles.base.errors import InputError
from particles.model import Case, Normal, Pareto, cases, exact_law
from validation import compare, w1_to_law
from validation.distance.comparison import known_laws
from validation.distance.floor import expected_w1
from validation.distance.null import detectable, p_value


def pair(case: Case, *, cells: int = 400, named: bool = True, start: str = "random"):  # type: ignore[no-untyped-def]
    cloud = particles.simulate(
        case.model, particles.ExactFlow(), count=20_000, until=1.0, times=(0.0, 1.0), start=start
    )
    solution = kinetic.solve(case.model, kinetic.Grid(*case.domain, cells=cells), until=1.0, times=(0.0,))  # type: ignore[misc]
    if named:
        cloud.info["case"] = case.name
    return cloud, solution


def test_both_routes_agree_and_the_yardsticks_are_those_of_the_exact_law() -> None:
    case = cases["regression"]
    cloud, solution = pair(case)
    law = exact_law(case.model, 1.0)
    assert law is not None
    found = compare(cloud, solution)
    assert found.time == 1.0
    assert abs(found.w1 - found.w1_pot) < 16.0 / 200_000
    assert found.floor == expected_w1(law, 20_000)
    assert found.pde_error == w1_to_law(solution.at(1.0), law)
    assert found.w1 is not None
    assert found.ratio == found.w1 / found.floor
    assert 0.2 < found.ratio < 4.0
    assert found.p_value == p_value(found.w1, law, 20_000)
    assert found.detectable == detectable(law, 20_000)
    told = f"p = {found.p_value:.2g} by W1, p = {found.kolmogorov_p:.2g} by the Kolmogorov distance"
    assert (found.holds, found.verdict) == (True, f"indistinguishable from sampling at M = 20000: {told}")


def test_a_run_without_a_name_takes_its_floor_from_the_solution() -> None:
    case = cases["regression"]
    cloud, solution = pair(case, named=False)
    found = compare(cloud, solution)
    law = exact_law(case.model, 1.0)
    assert law is not None
    assert found.pde_error is None
    assert found.floor == pytest.approx(expected_w1(law, 20_000), rel=1e-3)
    assert found.p_value == pytest.approx(p_value(found.w1, law, 20_000), abs=0.01)  # type: ignore[arg-type]


def test_p_values_are_for_independent_draws_alone() -> None:
    coupled = compare(*pair(cases["moments-conserved"]))
    assert (coupled.floor, coupled.p_value, coupled.detectable, coupled.kolmogorov_p) == (None,) * 4
    assert (coupled.holds, coupled.verdict[:10]) == (None, "no p-value")
    assert coupled.verdict.startswith("no p-value: the bias follows the cloud's own mean")
    stratified = compare(*pair(cases["regression"], start="stratified"))
    assert (stratified.p_value, stratified.kolmogorov_p) == (None, None)
    assert stratified.verdict == "no p-value: particles of the start 'stratified' are no independent draws"
    assert stratified.floor == expected_w1(exact_law(cases["regression"].model, 1.0), 20_000, "stratified")  # type: ignore[arg-type]


def test_a_quantile_start_is_off_its_exact_value_by_the_error_of_the_equation() -> None:
    """The control: the same points pushed by 1e-3 are not."""
    case = cases["vehicles"]
    cloud, solution = pair(case, start="quantile")
    found = compare(cloud, solution)
    assert found.w1 is not None
    assert found.floor is not None
    assert found.pde_error is not None
    assert found.floor == expected_w1(exact_law(case.model, 1.0), 20_000, "quantile")  # type: ignore[arg-type]
    assert abs(found.w1 - found.floor) <= found.pde_error * (1.0 + 1e-9)
    assert found.holds is True
    assert "no more than the equation's own error" in found.verdict
    pushed = dataclasses.replace(cloud, states=tuple(state + 1e-3 for state in cloud.states))
    off = compare(pushed, solution)
    assert off.holds is False
    assert "the particles do not follow the law" in off.verdict


def test_noise_blurs_a_start_so_that_no_floor_is_known() -> None:
    case = cases["fokker-planck"]
    scheme = particles.Collisions(eps=0.05, clock="synchronous", noise=particles.GAUSSIAN)
    solution = kinetic.solve(case.model, kinetic.Grid(-8.0, 8.0, cells=100), kinetic.Imex(), until=0.5)
    for start, known in (("random", True), ("quantile", False), ("stratified", False)):
        cloud = particles.simulate(case.model, scheme, count=1000, until=0.5, start=start)
        cloud.info["case"] = case.name
        found = compare(cloud, solution)
        assert (found.floor is not None) == known
        assert (found.p_value is not None) == known


def test_a_cloud_of_another_law_differs() -> None:
    """20000 particles pushed by 5 % of their standard deviation: far beyond what can be seen."""
    cloud, solution = pair(cases["regression"])
    pushed = dataclasses.replace(cloud, states=tuple(state + 0.03 for state in cloud.states))
    found = compare(pushed, solution)
    assert found.holds is False
    assert found.verdict.startswith("differs from sampling, as seen by W1 and the Kolmogorov distance: p < 1e-4 by W1")
    assert found.kolmogorov_p is not None
    assert found.kolmogorov_p < 1e-4


def test_a_coarse_equation_is_not_held_against_the_cloud() -> None:
    cloud, solution = pair(cases["regression"], cells=40)
    found = compare(cloud, solution)
    assert found.p_value is not None
    assert found.p_value < 0.05
    assert found.holds is True
    assert found.verdict.endswith("; but by no more than the equation's own error explains")


def test_a_law_without_a_mean_is_compared_by_the_kolmogorov_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases["regression"]
    cloud, solution = pair(case)
    monkeypatch.setattr(validation.distance.comparison, "exact_law", lambda model, time: Pareto(1.0, 1.0))
    found = compare(cloud, solution)
    assert (found.w1, found.w1_pot, found.floor, found.p_value) == (None,) * 4
    assert found.verdict.startswith("indistinguishable from sampling")
    assert found.verdict.endswith("by the Kolmogorov distance")
    assert "Pareto (tail exponent 1) has no mean" in found.remarks[0]


def test_particles_beyond_the_grid_and_a_rest_without_a_mean_are_told() -> None:
    case = cases["relu"]
    scheme = particles.Collisions(eps=0.1, clock="synchronous", noise=particles.GAUSSIAN)
    cloud = particles.simulate(case.model, scheme, count=2000, until=1.0)
    cloud.info["case"] = "relu"
    solution = kinetic.solve(case.model, kinetic.Grid(0.0, 4.0, cells=100), kinetic.ChangCooper(), until=1.0)
    found = compare(cloud, solution)
    points = cloud.at(1.0).points[0]  # a collision may take a particle across 0 too
    beyond = np.maximum(points - 4.0, 0.0) + np.maximum(-points, 0.0)
    told = f"{(beyond > 0.0).mean():.2g} of the particles lie beyond the grid [0, 4] and add {beyond.mean():.1e} to W1"
    assert found.remarks[0] == told
    assert "no mean" in found.remarks[1]
    assert found.pde_error is not None


def test_an_earlier_time_can_be_asked_for_and_a_missing_one_is_refused() -> None:
    cloud, solution = pair(cases["vehicles"])
    assert compare(cloud, solution, time=0.0).time == 0.0
    with pytest.raises(
        InputError, match=r"time = 0\.5 is not stored in both: the cloud holds t = 0, 1, the solution t"
    ):
        compare(cloud, solution, time=0.5)
    with pytest.raises(InputError, match=r"no common time: the cloud holds t = 0\.3"):
        compare(dataclasses.replace(cloud, times=(0.3, 0.7)), solution)
    with pytest.raises(InputError, match="kept moments and histograms, not its clouds"):
        compare(dataclasses.replace(cloud, states=()), solution)


def test_different_models_are_not_compared() -> None:
    case = cases["regression"]
    cloud, _ = pair(case)
    other = dataclasses.replace(case.model, initial=Normal(1.0, 1.1))
    with pytest.raises(InputError, match=r"different models, in initial: .* Normal\(m=1.0, v=1.0\) of the cloud"):
        compare(cloud, kinetic.solve(other, kinetic.Grid(-7.0, 9.0, cells=100), until=1.0))


def test_a_solution_of_a_named_case_is_drawn_over_its_exact_laws() -> None:
    case = cases["regression"]
    _, solution = pair(case)
    assert known_laws(solution) == []
    named = dataclasses.replace(solution, provenance={"case": case.name, **solution.provenance})
    ((name, laws),) = known_laws(named)
    assert name == "exact"
    assert [w1_to_law(solution.at(1.0), law) < 1e-3 for law in laws] == [True]


@pytest.mark.parametrize(("case", "names"), [("fokker-planck", ["exact", "at rest"]), ("inverse-gamma", ["at rest"])])
def test_a_noisy_case_is_drawn_over_its_law_at_rest_too(case: str, names: list[str]) -> None:
    model = cases[case].model
    solution = kinetic.solve(model, kinetic.Grid(*cases[case].domain, cells=50), kinetic.ChangCooper(), until=0.1)  # type: ignore[misc]
    solution = dataclasses.replace(solution, provenance={"case": case, **solution.provenance})
    assert [name for name, _ in known_laws(solution)] == names
