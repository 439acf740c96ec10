"""Claims about cross entropy: closed numbers, softmax, complex steps through layers, no digit lost far out; labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from particles import Euler
from particles.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError
from particles.model import TANH, Model, Normal, Product, Samples, load_case
from particles.training import CrossEntropy, Supervised, fit, gradient, gradient_by_quadrature
from tests.tables import PLAIN


def run(words: list[str]) -> int:
    """The exit code of the command line in this process."""
    return command.run("particles", build_parser, words)


POINTS = np.random.default_rng(5).normal(0.0, 1.0, (3, 200))
CLASSES = np.random.default_rng(6).integers(0, 2, 200)


def test_two_normal_classes_have_their_cross_entropy_and_its_gradient() -> None:
    """N(-1, .25) is class 0 and N(1, .25) class 1, as often; tanh, (w, b) = (.5, .2), T = 1: mpmath elsewhere."""
    pair = [
        gradient_by_quadrature(Model(drift=TANH, weight=0.5, bias=0.2, initial=Normal(m, 0.25)), CrossEntropy(k), 1.0)
        for k, m in ((0, -1.0), (1, 1.0))
    ]
    found = [np.mean([one.loss for one in pair])]
    found += [np.mean([getattr(one, name).item() for one in pair]) for name in ("weights", "biases")]
    expected = [0.2428293001024012, -0.1490919931501135, 0.06392836409735435]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def loss_of(model: Model, weights: Any, bias: Any, layers: int, classes: Any) -> Any:
    """By NumPy, of numbers that may be complex."""
    x = np.tile(POINTS[: model.dim], (model.neurons, 1)).astype(complex)
    for _ in range(layers):
        x = x + np.tanh(weights @ x + bias[:, None]) / layers
    ends = x.reshape(model.neurons, model.dim, -1).mean(axis=0)
    logits = np.stack([np.zeros_like(ends[0]), ends[0]]) if model.dim == 1 else ends
    return (np.log(np.exp(logits).sum(axis=0)) - logits[classes, np.arange(classes.size)]).mean()


@pytest.mark.parametrize(("dim", "neurons"), [(1, 1), (1, 3), (2, 1), (3, 1), (2, 2)])
def test_its_gradient_is_exact_for_layers(dim: int, neurons: int) -> None:
    size, h = dim * neurons, 1e-30
    weight, bias = np.random.default_rng(1).normal(size=(size, size)), np.random.default_rng(2).normal(size=dim)
    start = Normal(0.0, 1.0) if dim == 1 else Product([Normal(0.0, 1.0)] * dim)
    model = Model(drift=TANH, weight=weight, bias=bias, initial=start, neurons=neurons, scaled=False)
    classes = CLASSES if dim < 3 else np.arange(200) % 3
    points = Samples(POINTS[0] if dim == 1 else POINTS[:dim])
    found = gradient(model, Euler(layers=4), CrossEntropy(classes), until=1.0, start=points)
    rows = np.tile(bias, neurons)
    assert found.loss == pytest.approx(loss_of(model, weight, rows, 4, classes).real, rel=1e-14)
    for at in np.ndindex(weight.shape):
        moved = weight.astype(complex)
        moved[at] += 1j * h
        expected = loss_of(model, moved, rows, 4, classes).imag / h
        assert found.weights.sum(axis=0)[at] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_nothing_is_lost_far_out() -> None:
    x = np.array([[-800.0, -30.0, 30.0, 800.0]])
    values, slopes = CrossEntropy([0, 0, 1, 1]).terms(x, x, 0)
    tiny = np.exp([-800.0, -30.0, -30.0, -800.0])
    np.testing.assert_allclose(values, np.log1p(tiny), rtol=1e-14)
    np.testing.assert_allclose(slopes[0], tiny * [1.0, 1.0, -1.0, -1.0], rtol=1e-2, atol=1e-16)
    wrong, _ = CrossEntropy([1, 1, 0, 0]).terms(x, x, 0)
    np.testing.assert_allclose(wrong, [800.0, 30.0, 30.0, 800.0], rtol=1e-13)
    rows = np.array([[1e3, -2.0], [0.0, 5.0], [-1e3, 4.0]])
    values, slopes = CrossEntropy([2, 1]).terms(rows, rows, 0)
    np.testing.assert_allclose(values, -log_softmax(rows, axis=0)[[2, 1], [0, 1]], rtol=1e-14)
    np.testing.assert_allclose(slopes.sum(axis=0), 0.0, atol=1e-15)


def test_classes_are_numbered_in_the_order_of_their_labels() -> None:
    points = [0.0, 1.0, 2.0]
    assert CrossEntropy.of(Samples(points, ["b", "a", "b"])).labels.tolist() == [1, 0, 1]
    assert CrossEntropy.of(Samples(points, [7, -2, 7])).labels.tolist() == [1, 0, 1]
    assert Supervised.of(Samples(points, ["0.5", "-1", "2e1"])).labels.tolist() == [0.5, -1.0, 20.0]


def test_classes_are_learnt() -> None:
    """Points of either sign are told apart: the loss falls, and a ridge keeps the weight."""
    points = np.linspace(-2.0, 2.0, 100)
    model = Model(drift=TANH, weight=0.1, bias=0.3, initial=Normal(0.0, 1.0))
    loss = CrossEntropy((points > 0.0).astype(int))
    found = fit(model, Euler(layers=10), loss, until=2.0, start=Samples(points), ridge=1e-3)
    assert found.curve[-1].slope < 1e-9
    assert found.curve[-1].value < 0.5 * found.curve[0].value


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CrossEntropy([0.5]), "must be integers of at least 0"),
        (lambda: CrossEntropy([-1, 1]), "must be integers of at least 0"),
        (lambda: CrossEntropy([0, 2]).given(1, 0, 0), "labels up to 2 with 1 feature: allowed are 0 to 1"),
        (lambda: CrossEntropy([0, 1]).given(2, 0, 3), "a number for every particle"),
        (lambda: CrossEntropy.of(Samples([1.0, 2.0])), "the points given have no labels"),
        (lambda: CrossEntropy.of(Samples([1.0, 2.0], ["a", "a"])), "all are 'a'"),
        (lambda: Supervised.of(Samples([1.0, 2.0], ["a", "3"])), "labels must be numbers"),
    ],
)
def test_what_are_no_classes_is_one_sentence(make: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert words in str(caught.value)


def labelled(folder: Path, column: str) -> str:
    (folder / "measured.csv").write_text("x,kind,y\n-1.0,a,0.5\n1.5,b,1\nNA,b,9\n0.25,b,2.5\n-0.75,a,-1\n")
    start = PLAIN.index("[model.initial]")
    table = f'[model.initial]\nlaw = "empirical"\nfile = "measured.csv"\ncolumn = "x"\nlabels = "{column}"\n'
    rest = PLAIN[PLAIN.index("[run]") :]
    (folder / "own.toml").write_text(PLAIN[:start] + table + 'missing = "drop"\n' + rest)
    return str(folder / "own.toml")


def test_labels_stand_beside_measurements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = load_case(labelled(tmp_path, "kind")).samples
    assert samples is not None
    assert (samples.points.tolist(), samples.labels.tolist()) == ([-1.0, 1.5, 0.25, -0.75], ["a", "b", "b", "a"])
    assert samples.what == "kind"
    assert "left out" in capsys.readouterr().err


def test_a_command_goes_by_labels_and_keeps_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, out = labelled(tmp_path, "kind"), tmp_path / "fit"
    words = ["--loss", "cross-entropy", "--exact", "--json"]
    assert run(["train", case, *words, "--ridge", "0.01", "--out", str(out)]) == 0
    learnt = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert run(["sensitivity", str(out / "case.toml"), *words]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    theta = np.array(list(learnt["values"].values()))
    assert told["value"] + 0.005 * theta @ theta == pytest.approx(learnt["objective"], rel=1e-12)
    assert told["derivatives"]["weight"] == pytest.approx(-0.01 * theta[0], rel=1e-6)
    assert run(["sensitivity", labelled(tmp_path, "y"), "--loss", "supervised", "--exact", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["value"] > 0.1
