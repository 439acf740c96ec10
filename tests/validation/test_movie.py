"""Movies: a frame each stored time, all on the same scale, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kinetic
import particles
import validation.__main__
import validation.movie
from particles.base import command
from particles.base.errors import InputError
from particles.model import cases
from validation.distance.pair import pair_of
from validation.movie import draw_movie, film_of

TIMES = (0.0, 0.5, 1.0)


@pytest.fixture(scope="module")
def records() -> tuple[Any, Any]:
    case = cases["vehicles"]
    cloud = particles.simulate(case.model, particles.ExactFlow(), count=400, until=1.0, times=TIMES)
    cloud.info["case"] = case.name
    return cloud, kinetic.solve(case.model, kinetic.Grid(2.0, 8.0, cells=40), until=1.0, times=TIMES)


def test_frames_share_their_scale_and_tell_the_progress(
    records: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits are those of all times: the highest bar and every wall's stem lie within, in each frame."""
    seen: list[tuple[Any, ...]] = []

    def instead(frames: Any, path: Path, *, size: tuple[float, float], fps: float, replace: bool) -> None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size)
        for _ in frames(figure):
            above, below = (axes for axes in figure.axes if axes.get_ylabel() in ("density", "difference"))
            heights = [patch.get_data().values for patch in above.patches]
            seen.append((above.get_xlim(), above.get_ylim(), below.get_ylim(), max(map(np.max, heights))))
            assert len([axes for axes in figure.axes if axes.get_ylabel() == "mass at a point"]) == 1
            assert figure.get_suptitle().startswith("a title\nW1 over its floor: ")
        plt.close(figure)

    monkeypatch.setattr(validation.movie, "save_movie", instead)
    shares: list[float] = []
    film = film_of(*records[::-1], law=True)
    assert film.one is records[0]
    assert len(film.sides(1)) == 3
    draw_movie(film, tmp_path / "x.gif", title="a title", fps=4.0, progress=shares.append)
    assert shares == [1 / 3, 2 / 3, 1.0]
    assert len({row[:3] for row in seen}) == 1
    assert seen[0][1][1] > max(row[3] for row in seen)
    told = pair_of(*records).distance((1.0, 1.0)).ratio
    assert film.told(2) == f"W1 over its floor: {told:.2f} at t = 1"


def test_the_command_writes_a_gif_with_a_frame_each_time(
    records: tuple[Any, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records[0].save(tmp_path / "cloud")
    out = tmp_path / "x.gif"
    words = ("movie", str(tmp_path / "cloud"), "--out", str(out))
    assert command.run("validation", validation.__main__.build_parser, (*words, "--fps", "4")) == 0
    assert capsys.readouterr().out == f"3 frames in {out}\n"
    with Image.open(out) as movie:
        assert (movie.n_frames, movie.info["duration"]) == (3, 250)
    assert command.run("validation", validation.__main__.build_parser, words) == 2
    assert "add --replace" in capsys.readouterr().err


def test_the_plane_has_its_frames(tmp_path: Path) -> None:
    case = cases["regression-2d"]
    cloud = particles.simulate(case.model, particles.ExactFlow(), count=300, until=1.0, times=(0.0, 1.0))
    draw_movie(film_of(cloud), tmp_path / "x.gif", title="plane", fps=1.0, progress=lambda share: None)
    with Image.open(tmp_path / "x.gif") as movie:
        assert movie.n_frames == 2


def test_what_makes_no_movie_is_refused(
    records: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = particles.simulate(cases["vehicles"].model, particles.ExactFlow(), count=10, until=1.0, times=(1.0,))
    with pytest.raises(InputError, match="holds one time, t = 1: a movie needs two at least"):
        film_of(alone)
    with pytest.raises(InputError, match="they share one time"):
        film_of(alone, records[1])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"x\.mp4' needs ffmpeg, which is not installed: allowed is \.gif"):
        draw_movie(film_of(records[0]), tmp_path / "x.mp4", title="", fps=1.0, progress=lambda share: None)
    assert not list(tmp_path.iterdir())
