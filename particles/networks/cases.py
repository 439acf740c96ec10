"""The networks that are trained by name: architecture, samples, and how to train them.

===============  ==========================================================================================
case             Ruseckas' network
===============  ==========================================================================================
`circles`        5.1, the second: R^2 to R^3, 20 layers, gamma~ = .1, the third unit's sigmoid; 240 numbers
`circles-plane`  5.1, the first: R^2, 100 layers, gamma~ learnt, softmax; 601 numbers
`mnist`          5.2: images of 28 x 28 in 10 channels, 20 layers, gamma~ learnt, largest numbers; 18 201 numbers
===============  ==========================================================================================

The paper names no rate, epochs or batch (errata R12): those here are the project's own. Its zero start is a saddle, and
which way Adam's first steps leave it decides where training ends: a rate that grows over the first epochs, as of
circles, takes a dozen of a dozen starts to the end where a constant one loses half of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from particles.base.arrays import Floats
from particles.base.checks import require_at_least, require_count, require_one_of
from particles.base.errors import InputError
from particles.base.lanes import LANES
from particles.networks.convolution import ConvolutionNetwork
from particles.networks.convolution_learner import ConvolutionLearner
from particles.networks.data import circles, flipped
from particles.networks.dense import DenseLearner
from particles.networks.evaluate import Evaluation
from particles.networks.images import read_images
from particles.networks.layers import KINDS, Kind
from particles.networks.learner import Indices, Learner
from particles.networks.network import Network, Stage
from particles.networks.optimisers import Schedule
from particles.networks.picture import wrong_images
from particles.networks.readout import Sigmoid, Softmax
from particles.networks.trainer import Training, require_blocks
from particles.philox import check_key

TRAINED_ON, FRESH = 400, 20_000
"""Samples of the circles."""
SCATTER = 0.03
"""Standard deviation of the weights that restarts in the plane begin with: one of six or so reaches the goal."""
CIRCLE_SMOOTHNESS, IMAGE_SMOOTHNESS = 1.0, 0.1
"""lambda of (82), and of (113), the paper's: after five epochs .935 of the images held out are right, with .02 .915."""
SPACE_LAYERS, PLANE_LAYERS, IMAGE_LAYERS = 20, 100, 20
HELD_SHARE = 12
"""Of images that are given one in so many is held out, the last ones: 5000 of MNIST's 60 000."""


@dataclass(frozen=True)
class Choice:
    """What of a case's samples and layers may be chosen.

    Parameters
    ----------
    kind : str, default "euler"
        Of the layers, a key of `particles.networks.layers.KINDS`.
    sample : int in [0, 2**32), default 0
        Seed of samples that are made.
    flip : float in [0, 1], default 0
        Share of the labels of training that are made wrong.
    data : str, optional
        Folder of samples that are given.
    smoothness : float >= 0, optional
        lambda of (82) and (113); by default the case's.
    layers : int >= 1, optional
        How many; by default the case's.

    Raises
    ------
    InputError
        If one of them is out of range.
    """

    kind: str = "euler"
    sample: int = 0
    flip: float = 0.0
    data: str | None = None
    smoothness: float | None = None
    layers: int | None = None

    def __post_init__(self) -> None:
        require_one_of("layer", self.kind, KINDS)
        if self.smoothness is not None:
            require_at_least("smoothness", self.smoothness)
        if self.layers is not None:
            require_count("layers", self.layers, most=10**4)
        check_key(self.sample, 0)
        if not 0.0 <= self.flip <= 1.0:
            raise InputError(f"flip = {self.flip!r} must lie in [0, 1]")

    @property
    def layer(self) -> Kind:
        """The kind of the layers."""
        return KINDS[self.kind]

    def given(self, **usual: float | int) -> dict[str, Any]:
        """These numbers of the case, smoothness and layers, or what was chosen instead."""
        return {name: value if (own := getattr(self, name)) is None else own for name, value in usual.items()}


class Learners(NamedTuple):
    """What is trained, samples that are only looked at, and which labels of training were made wrong."""

    learner: Learner
    held: Learner | None
    wrong: Indices


@dataclass(frozen=True, kw_only=True)
class NetworkCase:
    """A network that is trained by its name.

    Parameters
    ----------
    name, about : str
    make : callable (Choice) -> Learners
    training : Training
        As it is trained where nothing else is said.
    block : int >= 1, default 8
        Samples of the learner's blocks.
    starts : int >= 1, default 1
        Most times that it is trained, each in another order of the samples, until `goal` is reached.
    begin : callable (Learner, seed) -> theta, optional
        Where starts after the first begin; by default where the first does.
    goal : float in [0, 1], default 0
        Accuracy on the samples of training from which on it has succeeded.
    polish : int >= 0, default 0
        Iterations of L-BFGS after the trainer.
    polish_block : int >= 1, default 8
        Samples that it takes at a time; ranks share them by so many.
    look : bool, default False
        Whether the samples held out are looked at after every epoch, or at the end alone.
    given : bool, default False
        Whether its samples are read from a folder.
    layer : str, default "euler"
        Kind of its layers where none is chosen.
    test : callable (Choice) -> Learner, optional
        Samples that training never sees, for `evaluate`.
    picture : callable (Learner, Evaluation) -> bytes, optional
        The PNG file of what was wrong.
    """

    name: str
    about: str
    make: Callable[[Choice], Learners]
    training: Training
    block: int = 8
    starts: int = 1
    goal: float = 0.0
    begin: Callable[[Any, int], Floats] | None = None
    polish: int = 0
    polish_block: int = 8
    look: bool = False
    given: bool = False
    layer: str = "euler"
    test: Callable[[Choice], Learner] | None = None
    picture: Callable[[Any, Evaluation], bytes] | None = None

    def __post_init__(self) -> None:
        require_blocks(self.training.batch, self.block)

    def learners(self, choice: Choice) -> Learners:
        """The learner and its samples; InputError where the case has no use for a choice, or lacks one."""
        if self.given != (choice.data is not None):
            raise InputError(
                f"case {self.name!r} {'needs' if self.given else 'makes its samples, and takes no'} --data"
            )
        if self.given and (choice.sample or choice.flip):
            raise InputError(f"case {self.name!r} reads its samples: --sample and --flip are for those that are made")
        return self.make(choice)


def _circles(make: Callable[..., Network], layers: int, choice: Choice) -> Learners:
    network = make(choice.layer, **choice.given(smoothness=CIRCLE_SMOOTHNESS, layers=layers))
    points, labels = circles(TRAINED_ON, seed=choice.sample)
    wrong = np.empty(0, dtype=np.int64)
    if choice.flip:
        labels, wrong = flipped(labels, choice.flip, seed=choice.sample)
    name = f"circles, seed {choice.sample}"
    learner = DenseLearner(network, points, labels, name=f"{name}, {wrong.size} labels wrong")
    fresh = DenseLearner(network, *circles(FRESH, seed=choice.sample, replicate=1), name=f"{name}, replicate 1")
    return Learners(learner, fresh, wrong)


def _images(choice: Choice) -> Learners:
    images = read_images(str(choice.data), "train")
    network, kept = image_network(choice), images.count - images.count // HELD_SHARE
    parts = [(0, kept), (kept, images.count)]
    named = [images.part(first, last, f"train, images {first} to {last - 1}") for first, last in parts if last > first]
    learner, *held = (ConvolutionLearner(network, part) for part in named)
    return Learners(learner, held[0] if held else None, np.empty(0, dtype=np.int64))


def _test_images(choice: Choice) -> Learner:
    return ConvolutionLearner(image_network(choice), read_images(str(choice.data), "test"))


def image_network(choice: Choice) -> ConvolutionNetwork:
    """20 layers on images of 28 x 28 in 10 channels, if nothing else is chosen: 18 201 numbers."""
    return ConvolutionNetwork(kind=choice.kind, **choice.given(smoothness=IMAGE_SMOOTHNESS, layers=IMAGE_LAYERS))


def space_network(kind: Kind, smoothness: float = CIRCLE_SMOOTHNESS, layers: int = SPACE_LAYERS) -> Network:
    """R^2 to R^3, 20 layers, gamma~ = 0.1, P(inner) = sigmoid(x_3): 240 numbers."""
    stage = Stage(width=3, layers=layers, kind=kind, gamma=0.1)
    return Network(inputs=2, stages=(stage,), readout=Sigmoid(2), smoothness=smoothness)


def plane_network(kind: Kind, smoothness: float = CIRCLE_SMOOTHNESS, layers: int = PLANE_LAYERS) -> Network:
    """R^2, 100 layers, gamma~ learnt, softmax of both units: 601 numbers."""
    stage = Stage(width=2, layers=layers, kind=kind, gamma=0.005, learn_gamma=True, gamma_factor=0.2)
    return Network(inputs=2, stages=(stage,), readout=Softmax(), smoothness=smoothness)


_SPACE = NetworkCase(
    name="circles", about="two circles in the plane, apart in R^3",
    make=lambda choice: _circles(space_network, SPACE_LAYERS, choice), starts=3, goal=0.99,
    training=Training(epochs=300, batch=40, schedule=Schedule(5e-3, warmup=300, decay="linear")),
)  # fmt: skip
_PLANE = NetworkCase(
    name="circles-plane", about="two circles in the plane, apart without leaving it",
    make=lambda choice: _circles(plane_network, PLANE_LAYERS, choice), starts=24, goal=0.99, polish=2000,
    polish_block=100, begin=lambda learner, seed: learner.network.scattered(SCATTER, seed),
    training=Training(epochs=200, batch=40, schedule=Schedule(2e-3, warmup=300, decay="linear")),
)  # fmt: skip
_IMAGES = NetworkCase(
    name="mnist", about="handwritten digits by a convolutional ODE", make=_images, test=_test_images, block=LANES,
    look=True, given=True, layer="split", picture=lambda learner, looked: wrong_images(learner.images, looked),
    training=Training(epochs=40, batch=64, schedule=Schedule(2e-3, warmup=60, decay="linear")),
)  # fmt: skip
NETWORKS = {case.name: case for case in (_SPACE, _PLANE, _IMAGES)}


def case_of(info: dict[str, Any], place: str) -> tuple[NetworkCase, Choice]:
    """Case and choice of a record that lies at `place`; InputError where there is no such case."""
    if info["case"] not in NETWORKS:
        raise InputError(f"{place} is of case {info['case']!r}: allowed are {', '.join(NETWORKS)}")
    return NETWORKS[info["case"]], choice_of(info["choice"])


def choice_of(stored: Any) -> Choice:
    """The choice of a record; InputError where it is none."""
    names = {field.name for field in dataclasses.fields(Choice)}
    if not isinstance(stored, dict) or set(stored) - names:
        raise InputError("its choice is not that of a case")
    return Choice(**stored)
