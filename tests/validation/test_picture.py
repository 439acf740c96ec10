"""The central picture, and what is drawn into axes of a user."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

import kinetic
import particles
import validation
from particles.base.errors import InputError
from particles.model import Dirac, Measure, Mixture, MultivariateNormal, Normal, Uniform, cases
from validation.axes import bars_for
from validation.distance.pair import Pair, pair_of
from validation.picture import draw_pair
from validation.plane_picture import draw_plane_pair, levels_of

matplotlib.use("Agg")


@pytest.fixture
def axes() -> Any:
    figure, found = plt.subplots()
    yield found
    plt.close(figure)


POINTS = np.asarray(Normal(0.0, 1.0).quantile((np.arange(4000) + 0.5) / 4000))
CLOUD = Measure.of_points(POINTS)


def density(low: float = 0.0) -> Measure:
    """Uniform on [0, 1] but for a mass at 0."""
    faces = np.linspace(0.0, 1.0, 11)
    level = np.full(10, 1.0 - low)
    return Measure(np.array([[0.0]]), np.array([low]), faces, np.stack([level, 0 * level, 0 * level]))


@pytest.mark.parametrize("held", [0.1, 0.006, 1e-5, 0.0])
def test_bars_end_at_the_walls_however_little_is_between_them(held: float) -> None:
    """Next to atoms a density may hold less than the share that is cut from a tail."""
    assert bars_for(density(1.0 - held), density(1.0 - held))[[0, -1]].tolist() == [0.0, 1.0]


def test_a_cloud_is_filled_a_density_a_line_a_law_broken(axes: Any) -> None:
    assert validation.plot(CLOUD, axes, label="cloud") is axes
    (bars,) = axes.patches
    heights, edges, _ = bars.get_data()
    assert bars.get_fill()
    assert_allclose((heights * np.diff(edges)).sum(), 1.0, atol=3e-4)  # all but 1e-4 at either end
    validation.plot(Normal(0.0, 1.0), axes, label="law")
    x, y = axes.lines[-1].get_data()
    assert_allclose(y, Normal(0.0, 1.0).pdf(x))
    assert axes.lines[-1].is_dashed()
    validation.plot(density(), axes, color="k")
    assert_allclose(axes.lines[-1].get_ydata(), 1.0)
    assert (axes.lines[-1].get_color(), axes.lines[-1].is_dashed()) == ("k", False)
    assert bars.get_facecolor()[:3] != matplotlib.colors.to_rgba(axes.lines[-2].get_color())[:3]
    assert axes.get_legend_handles_labels()[1] == ["cloud", "law"]
    given = validation.plot(CLOUD, axes, edges=[-1.0, 0.0, 1.0]).patches[-1].get_data().values
    assert_allclose(given, 1365 / 4000)  # 0.3413 of 4000 points


def test_current_axes_are_taken_where_none_are_given(axes: Any) -> None:
    plt.sca(axes)
    assert validation.plot(CLOUD) is validation.plot_residual(CLOUD, Normal(0.0, 1.0)) is axes


def test_points_that_hold_mass_stand_as_stems_on_an_axis_of_their_own(axes: Any) -> None:
    points = np.concatenate([np.zeros(300), np.linspace(0.01, 0.99, 500), np.ones(200)])
    validation.plot(Measure.of_points(points), axes)
    (right,) = (other for other in axes.figure.axes if other is not axes)
    assert right.get_ylabel() == "mass at a point"
    assert_allclose(right.lines[0].get_xydata(), [[0.0, 0.3], [1.0, 0.2]])
    assert [text.get_text() for text in right.texts] == ["0.300", "0.200"]
    validation.plot(density(0.25), axes)
    assert len(axes.figure.axes) == 2
    assert_allclose(right.lines[-1].get_xydata(), [[0.0, 0.25]])


def test_the_plane_is_drawn_by_contours_that_hold_their_share(axes: Any) -> None:
    """Of a normal law the contour around 90 % lies where exp(-r^2/2) = 1 - .9."""
    x = np.linspace(-5.0, 5.0, 401)
    field = np.exp(-0.5 * (x**2 + x[:, None] ** 2))
    assert_allclose(levels_of(field), [0.01, 0.1, 0.5], rtol=0.02)
    u = np.random.default_rng(0).random((2, 3000))
    cloud = Measure.of_points(MultivariateNormal(np.zeros(2), np.eye(2)).sample(u))
    assert validation.plot(cloud, axes, label="plane") is axes
    assert len(axes.collections) == 3


REFUSED: list[tuple[Any, str]] = [
    (lambda axes: validation.plot([1.0], axes), "measure = .* must be a Measure or a Law"),
    (lambda axes: validation.plot(Measure.of_points(np.zeros((3, 2))), axes), "dimension 3 of the measure"),
    (lambda axes: validation.plot(CLOUD, 3), "ax = 3 must be axes of matplotlib"),
    (lambda axes: validation.plot_residual(Normal(0.0, 1.0), None, axes), "other = None must be a Measure on"),
    (lambda axes: validation.plot_residual(Measure.of_points(np.zeros((2, 2))), CLOUD, axes), "must be a Measure on"),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_drawn_is_refused(draw: Any, told: str, axes: Any) -> None:
    with pytest.raises(InputError, match=told):
        draw(axes)


def test_a_residual_has_its_band_below_it(axes: Any) -> None:
    validation.plot_residual(CLOUD, Normal(0.0, 1.0), axes, edges=[-1.0, 0.0, 1.0])
    band, bars = axes.patches
    assert_allclose(bars.get_data().values, 1365 / 4000 - (Normal(0.0, 1.0).cdf(1.0) - 0.5), atol=1e-9)
    deviation = np.sqrt(0.3413 * 0.6587 / 4000)
    assert_allclose(band.get_data().values, 1.96 * deviation, rtol=0.02)
    assert_allclose(band.get_data().baseline, -1.96 * deviation, rtol=0.02)
    mixed = Mixture([Dirac(0.0), Uniform(0.0, 1.0)], [0.5, 0.5])
    validation.plot_residual(density(0.5), mixed, axes)
    assert_allclose(axes.patches[-1].get_data().values, 0.0, atol=1e-12)


# whole figures


def pair(name: str, cells: int, count: int, times: tuple[float, ...]) -> Pair:
    case = cases[name]
    asked: dict[str, Any] = {"until": times[-1], "times": times}
    cloud = particles.simulate(case.model, particles.ExactFlow(), count=count, **asked)
    cloud.info["case"] = name
    ends = [(-6.0, 8.0), (-7.0, 7.0)] if case.interval is None else [case.interval]
    grids = [kinetic.Grid(*side, cells=cells) for side in ends]
    grid: Any = grids[0] if len(grids) == 1 else kinetic.Plane(*grids)
    return pair_of(cloud, kinetic.solve(case.model, grid, **asked))


def texts(draw: Any, *asked: Any, **options: Any) -> list[str]:
    """All words of a figure."""
    stream = io.StringIO()
    draw(*asked, stream, **options)
    return re.findall(r">([^<>\n]+)</(?:text|tspan)>", stream.getvalue())


def test_the_picture_tells_w1_over_its_floor_at_each_time() -> None:
    both = pair("vehicles", 60, 500, (0.0, 1.0))
    words = texts(draw_pair, both, title="a title", law=True)
    ratios = [both.distance(at).ratio for at in both.times]
    assert f"W1 over its floor: {ratios[0]:.2f} at t = 0, {ratios[1]:.2f} at t = 1" in words
    assert {"a title", "density", "x", "mass at a point", "particles", "equation", "exact law"} <= set(words)
    assert words.count("difference") == 2
    assert words.count("t = 1") == 2  # of the legend and of its residual
    assert "exact law" not in texts(draw_pair, both, title="a title")


def test_the_picture_of_the_plane_tells_sliced_w1() -> None:
    both = pair("regression-2d", 24, 400, (0.5,))
    words = texts(draw_plane_pair, both, title="a title")
    assert f"sliced W1 over its floor: {both.distance(both.times[0]).ratio:.2f} at t = 0.5" in words
    assert {"marginal density", "particles", "equation, lines around 50, 90 and 99 % of it"} <= set(words)


def test_more_times_than_colours_are_refused(tmp_path: Path) -> None:
    both = pair("vehicles", 20, 10, tuple(0.1 * k for k in range(1, 8)))
    with pytest.raises(InputError, match="7 times in one picture: allowed are 6 at most"):
        draw_pair(both, tmp_path / "no.png", title="")
    assert [round(t, 9) for t, _ in both.fewer().times] == [0.1, 0.3, 0.5, 0.7]
