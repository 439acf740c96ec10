"""Ruseckas' figures: their numbers hold, wrong ones are seen, every drawing has its labels; images that are given.

The network in the plane trains for seconds. Here it takes a few steps, after which what holds for any numbers must
still hold, and what is foretold of a training that succeeds must not; the whole training is a long test.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import validation.__main__
from particles.base import command
from particles.networks.cases import NETWORKS
from particles.networks.convolution import Numbers
from particles.networks.made_digits import made_digits
from tests.idx_files import write
from tests.particles.test_mnist_record import FOLDER
from tests.paths import ROOT
from validation import gallery
from validation.figures import draw_panels
from validation.gallery import Figure, ruseckas
from validation.gallery.ruseckas import circles, stored
from validation.gallery.ruseckas.figure_07_activations import activations, in_numpy

PAPER = [f"ruseckas/{number}" for number in ruseckas.figures()]
QUICK = ["ruseckas/4", "ruseckas/6", "ruseckas/7"]
Shown = Callable[[str], Figure]


def shown_of(name: str) -> Figure:
    figure = gallery.exhibits()[name]()
    assert isinstance(figure, Figure)
    return figure


@pytest.fixture(scope="module")
def shown() -> Iterator[Shown]:
    """A figure by name, run once; the network in the plane after two epochs and three polishing iterations."""
    case = NETWORKS["circles-plane"]
    short = dataclasses.replace(case, training=dataclasses.replace(case.training, epochs=2), polish=3)
    found: dict[str, Figure] = {}

    def run(name: str) -> Figure:
        if name not in found:
            found[name] = shown_of(name)
        return found[name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, case.name, short)
        circles.plane.cache_clear()
        yield run
    circles.plane.cache_clear()


def not_holding(figure: Figure) -> list[str]:
    return [n.what for n in figure.numbers if not n.holds] + [c.claim for c in figure.checks if not c.holds]


@pytest.mark.parametrize("name", QUICK)
def test_every_figure_has_the_numbers_that_theory_foretells(shown: Shown, name: str) -> None:
    assert not_holding(shown(name)) == []
    assert shown(name).name == name


@pytest.mark.parametrize("name", PAPER)
def test_what_is_measured_are_plain_values_that_tables_and_json_take(shown: Shown, name: str) -> None:
    numbers = [(type(number.predicted), type(number.measured)) for number in shown(name).numbers]
    assert {kind for pair in numbers for kind in pair} <= {int, float}
    assert {type(check.holds) for check in shown(name).checks} <= {bool}


@pytest.mark.long
@pytest.mark.parametrize("name", PAPER)
def test_every_figure_is_as_foretold_after_its_whole_training(name: str) -> None:
    assert not_holding(shown_of(name)) == []


def test_a_training_that_did_not_succeed_is_seen_and_the_laws_of_layers_hold_all_the_same(shown: Shown) -> None:
    ends = [f"{of} right (docs/networks.md)" for of in ("of the 400 points", "share of 20,000 fresh points")]
    assert not_holding(shown("ruseckas/2"))[:2] == ends
    assert set(not_holding(shown("ruseckas/3"))) == {"gamma~ (the paper)", "gamma~ (docs/networks.md)"}
    kept = [n.what for name in ("ruseckas/2", "ruseckas/3") for n in shown(name).numbers if n.holds]
    for start, many in (("largest difference of outputs", 2), ("energy", 1), ("smoothness", 1), ("mean r^2", 2)):
        assert sum(what.startswith(start) for what in kept) == many


@pytest.mark.parametrize("name", PAPER)
def test_every_figure_says_what_it_shows_and_where_the_paper_errs(shown: Shown, name: str) -> None:
    figure = shown(name)
    assert figure.source == f"arXiv 1909.03767, Fig. {name.partition('/')[2]}"
    assert figure.shows
    assert set(figure.cases) <= set(NETWORKS)
    rows = set(re.findall(r"^\| (R\d+) ", (ROOT / "docs" / "errata.md").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\b[RE]\d+\b", figure.doubts))
    assert named
    assert named <= rows


WRONG = [  # name, number, what a wrong theory would say
    ("ruseckas/2", "mean r^2 of the 200 points about the inner", 0.33),  # radii 1/2 and 1
    ("ruseckas/3", "numbers that are trained", 600.0),  # gamma~ held
    ("ruseckas/4", "loss at zero", np.log(10.0)),
    ("ruseckas/4", "at zero: derivative by w_31 of layer 19", -0.0522947),  # no cubic on the way
    ("ruseckas/4", "at zero: derivative by w_32 of layer 0", 0.0354692),  # the outer circle is the first class
    ("ruseckas/4", "smoothness", 0.1237818),  # lambda = 2
    ("ruseckas/5", "energy", 4.58849566),  # powers alone: that of the flow
    ("ruseckas/5", "share of 20,000", 0.9936),  # the best classifier's
    ("ruseckas/6", "gamma~", 4.8e-4),  # the paper's
    ("ruseckas/6", "(lambda/2)", 0.0841870),  # lambda = 0.1
    ("ruseckas/7", "class", 3.0),
]


@pytest.mark.parametrize(("name", "start", "value"), WRONG)
def test_a_wrong_prediction_is_seen(shown: Shown, name: str, start: str, value: float) -> None:
    (right,) = [number for number in shown(name).numbers if number.what.startswith(start)]
    assert right.holds
    assert not dataclasses.replace(right, predicted=value).holds


def test_kernels_that_are_turned_round_give_another_last_layer() -> None:
    """The image is its own when it is turned round too, and so are the largest numbers: the last layer is not."""
    record, network = stored.stored()
    k, b, gamma = network.numbers(record.theta)
    pixels = stored.drawn_zero().pixels[0]
    right, turned = (in_numpy(pixels, network.channels, Numbers(one, b, gamma)) for one in (k, k[..., ::-1, ::-1]))
    assert np.abs(right.max(axis=(1, 2)) - turned.max(axis=(1, 2))).max() < 1e-12
    assert np.abs(right - turned).max() > 1.0


@pytest.mark.parametrize("name", PAPER)
def test_every_drawing_has_labels(shown: Shown, name: str) -> None:
    figure = shown(name)
    drawing = draw_panels(figure.panels, figure.draw)
    bars = [axes for axes in drawing.axes if axes.get_label() == "<colorbar>"]
    assert len(drawing.axes) == figure.panels + len(bars)
    assert all(bar.get_title() or bar.get_ylabel() for bar in bars)
    for axes in drawing.axes[: figure.panels]:
        assert axes.get_title()
        assert axes.has_data()
        if axes.axison:  # tiles of pixels have none
            assert axes.get_xlabel()
            assert axes.get_ylabel()


# images that are given -----------------------------------------------------------------------------------------------


def test_images_of_another_kind_are_seen_to_be_none_of_mnist() -> None:
    figure = activations(made_digits(16))
    assert not_holding(figure) == ["class", "of the test images right (docs/mnist.md)", "share of them (the paper)"]
    assert "the first 0 of 16 test images" in figure.shows


@pytest.mark.long
def test_the_first_zero_of_mnist_is_taken_for_one() -> None:
    folder = os.environ.get(FOLDER)
    if folder is None or not Path(folder).is_dir():
        pytest.skip(f"{FOLDER} names no folder with MNIST's four files")
    assert not_holding(activations(stored.images_of(folder))) == []


def draw(*words: object) -> int:
    return command.run("validation", validation.__main__.build_parser, ["gallery", *map(str, words)])


def test_one_figure_is_drawn_by_its_number(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert draw("--only", "ruseckas/6", "--out", out) == 0
    names = {"index.html", "gallery.md", "ruseckas-06.svg", "ruseckas-06.png", "ruseckas-06.pdf"}
    assert {path.name for path in out.iterdir()} == names
    assert "R14: gamma~ has a rate of its own" in (out / "index.html").read_text(encoding="utf-8")


def no_zero(folder: Path) -> Path:
    images = made_digits(9)
    write(folder, "test", images.part(1, 9))
    return folder


BAD: list[tuple[str, Callable[[Path], Path], str]] = [
    ("ruseckas/7", lambda folder: folder, "is no folder: allowed is one with MNIST's four files"),
    ("ruseckas/7", no_zero, "holds no image of a 0 among 8 of the test"),
    ("ruseckas/6", lambda folder: ROOT, "holds neither t10k-images-idx3-ubyte nor"),
]


@pytest.mark.parametrize(("name", "make", "told"), BAD)
def test_bad_data_is_one_sentence(
    name: str, make: Callable[[Path], Path], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(name, "--data", make(tmp_path / "data"), "--out", tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_images_for_no_figure_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "data", "test", made_digits(10))
    assert draw("ruseckas/6", "herty", "--data", tmp_path / "data", "--out", tmp_path / "out") == 2
    assert "--data is for ruseckas/7, which is not asked for" in capsys.readouterr().err


def test_without_the_repository_figures_of_the_stored_network_are_left_out_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "PLACE", tmp_path / "docs" / "mnist")
    assert [name for name in gallery.exhibits() if name in PAPER] == PAPER[:4]
    assert draw("ruseckas/7", "herty", "--out", tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert "holds no network: ruseckas/7 is for a checkout of the repository" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(gallery, "catalogue", lambda *_: {})
    assert draw("--out", tmp_path / "out") == 0
    assert "left out, for they need a checkout of the repository: ruseckas/6, ruseckas/7" in capsys.readouterr().out
