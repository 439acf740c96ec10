"""A network's cloud and the equation of its layers: the flow's is off by chance, the network's by its layers too."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ive

from particles.base import command
from particles.base.errors import InputError
from particles.base.parallel import serial
from particles.networks.cases import NETWORKS, Choice
from particles.networks.dense import DenseLearner
from particles.networks.network import Network, Stage
from particles.networks.readout import Sigmoid, Softmax
from particles.networks.restarts import Restarts
from validation.__main__ import build_parser
from validation.studies.network import _two_circles, network_mean_field

LAYERS = 4


def network() -> tuple[DenseLearner, np.ndarray]:
    """Layers that turn, stretch and shear, each another way, with gamma = 0.05, dt = 1/2."""
    stage = Stage(width=2, layers=LAYERS, horizon=2.0, gamma=0.05)
    learner = DenseLearner(Network(inputs=2, stages=(stage,), readout=Softmax()), np.zeros((2, 1)), [0])
    weights = np.array(
        [[[0.2, -1.0], [1.0, 0.0]], [[0.5, 0.3], [0.3, -0.5]], [[0.0, 0.8], [0.0, 0.0]], [[-0.4, 0.9], [-0.9, 0.1]]]
    )
    biases = np.array([[0.2, 0.0], [0.0, -0.3], [0.4, 0.1], [-0.2, 0.2]])
    return learner, stage.dt * np.concatenate([weights.ravel(), biases.ravel()])


@pytest.mark.long
def test_the_flow_is_off_by_chance_and_the_network_by_its_layers() -> None:
    learner, theta = network()
    rows = network_mean_field(learner, theta, at=(0, 2, LAYERS), count=4000, cells=48, comm=serial())
    assert [row.layer for row in rows] == [0, 2, LAYERS]
    for row in rows:  # 4000 draws: single values of SW1 lie within 0.5 to 2 times their mean
        assert 0.5 * row.chance < row.flow < 2.0 * row.chance
        assert row.chance < 0.03
    assert rows[0].between == 0.0
    assert rows[-1].network > 3.0 * rows[-1].chance  # dt = 1/2 is coarse
    assert rows[-1].network == pytest.approx(rows[-1].between, abs=2.0 * rows[-1].chance)


def test_the_density_of_the_circles_is_that_of_the_law() -> None:
    """Half of each Rice law over 2 pi r: exp(-(r - R)^2/(2 s^2)) I_0(r R/s^2) scaled."""
    x = np.linspace(-3.0, 3.0, 41)
    found = _two_circles(x, x[:, None])
    r = np.hypot(x, x[:, None])
    right = sum(
        0.5 * np.exp(-0.5 * ((r - R) / 0.2) ** 2) * ive(0, r * R / 0.04) / (2.0 * np.pi * 0.04) for R in (1.0, 2.0)
    )
    assert found == pytest.approx(right, rel=1e-9, abs=1e-12)


def test_what_has_no_mean_field_in_the_plane_is_refused() -> None:
    learner, theta = network()
    with pytest.raises(InputError, match=r"at = \(2, 1\) must be increasing layers from 0 to 4"):
        network_mean_field(learner, theta, at=(2, 1))
    space = Network(inputs=2, stages=(Stage(width=3, layers=2),), readout=Sigmoid(2))
    other = DenseLearner(space, np.zeros((2, 1)), [0])
    with pytest.raises(InputError, match="one stage from R"):
        network_mean_field(other, space.start(), at=(0,))


def test_the_command_tells_distances_and_a_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A network of the case that was hardly trained: its layers are weak, and no other than the flow."""
    case = dataclasses.replace(NETWORKS["circles-plane"], starts=1, polish=0)
    case = dataclasses.replace(case, training=dataclasses.replace(case.training, epochs=1))
    Restarts(case, Choice(), case.learners(Choice()), serial()).perform().save(tmp_path / "net")
    words = ["network", str(tmp_path / "net"), "--count", "300", "--cells", "16", "--json"]
    assert command.run("validation", build_parser, words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "verdict: holds" in lines[-2]
    told = json.loads(lines[-1])
    assert [row["layer"] for row in told["rows"]] == [0, 25, 50, 75, 100]
    assert command.run("validation", build_parser, [*words, "--at", "10", "5"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["layer"] for row in told["rows"]] == [5, 10]
    assert command.run("validation", build_parser, [*words, "--at", "101"]) == 2
    assert "must be increasing layers from 0 to 100" in capsys.readouterr().err
    assert command.run("validation", build_parser, ["network", str(tmp_path)]) == 2
    assert "holds no trained network" in capsys.readouterr().err
