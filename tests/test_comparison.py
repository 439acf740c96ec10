"""One cloud against one solution."""

import dataclasses

import pytest

import kinetic
import particles
from particles.base.errors import InputError
from particles.model import Case, Normal, cases, exact_law
from validation import compare, w1_to_law
from validation.comparison import known_laws
from validation.floor import expected_w1


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
    assert 0.2 < found.w1 / found.floor < 4.0


def test_a_run_without_a_name_takes_its_floor_from_the_solution() -> None:
    case = cases["regression"]
    cloud, solution = pair(case, named=False)
    found = compare(cloud, solution)
    law = exact_law(case.model, 1.0)
    assert law is not None
    assert found.pde_error is None
    assert found.floor == pytest.approx(law.w1_constant() / 20_000**0.5, rel=1e-3)


def test_floors_are_for_independent_draws_alone() -> None:
    assert compare(*pair(cases["moments-conserved"])).floor is None
    assert compare(*pair(cases["regression"], start="quantile")).floor is None


def test_an_earlier_time_can_be_asked_for_and_a_missing_one_is_refused() -> None:
    cloud, solution = pair(cases["vehicles"])
    assert compare(cloud, solution, time=0.0).time == 0.0
    with pytest.raises(InputError, match=r"time = 0\.5 is not stored"):
        compare(cloud, solution, time=0.5)


def test_different_models_are_not_compared() -> None:
    case = cases["regression"]
    cloud, _ = pair(case)
    other = dataclasses.replace(case.model, initial=Normal(1.0, 1.1))
    with pytest.raises(InputError, match="different models"):
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
    solution = kinetic.solve(model, kinetic.Grid(*cases[case].domain, cells=50), until=0.1, scheme="chang-cooper")  # type: ignore[misc]
    solution = dataclasses.replace(solution, provenance={"case": case, **solution.provenance})
    assert [name for name, _ in known_laws(solution)] == names
