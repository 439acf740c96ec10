"""The noisy sweeps: the same bytes however steps and particles are cut, Euler's bytes without noise, vector code."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from particles.base.shims import fma
from particles.kernels import counted, noisy
from particles.kernels.noisy import Constants, Ends, Keys, Place, Sizes
from particles.kernels.walls import free, reflecting
from particles.model import (
    CONSTANT,
    IDENTITY,
    LINEAR,
    MEAN_COUPLED,
    RELU,
    TANH,
    Diffusion,
    Model,
    Normal,
    Product,
    Uniform,
    piecewise,
)  # fmt: skip
from particles.noise import GAUSSIAN, NOISES, TWO_POINT, UNIFORM, Noise, _unit
from particles.philox import Key
from particles.schemes.collisions import Collisions, poisson_thresholds
from particles.schemes.euler import Euler
from particles.schemes.milstein import Milstein
from tests.assembly import CALL, PACKED_FMA, PACKED_PRODUCT, assembly, needs_vectors
from tests.noisy import carry, run, start

COUNT = 2_100  # two tiles and a part
EPS = 1.0 / 64.0
PLANE = Product([Normal(1.0, 1.0), Uniform(-1.0, 2.0)])
FULL = np.array([[-1.0, 0.7], [0.3, -0.5]])


def line(diffusion: Diffusion = CONSTANT, **options) -> Model:
    return Model(**{"drift": TANH, "weight": -1.0, "bias": 1.0, "initial": Normal(1.0, 0.25), "nu2": 0.5} | options,
                 diffusion=diffusion)  # fmt: skip


def plane(diffusion: Diffusion = CONSTANT, **options) -> Model:
    start = {"drift": IDENTITY, "weight": FULL, "bias": np.array([1.0, -0.5]), "initial": PLANE, "nu2": 0.5}
    return Model(**start | options, diffusion=diffusion)


MODELS = {
    "line, K = 1": line(),
    "line, K = x": line(LINEAR),
    "line, walls": line(LINEAR, walls=(0.5, 2.0), wall="reflecting"),
    "line, sticky": line(walls=(-1.0, 3.0)),
    "line, time": line(weight=lambda t: -1.0 - t, bias=piecewise([0.0, 0.1], [1.0, -1.0])),
    "line, mean": line(drift=IDENTITY, bias=MEAN_COUPLED),
    "plane, K = 1": plane(),
    "plane, K = x": plane(LINEAR),
    "plane, mean": plane(bias=MEAN_COUPLED),
    "neurons": line(neurons=2),
}


def schemes(name: str) -> dict[str, Collisions | Milstein]:
    noise = NOISES[name]
    return {
        "poisson": Collisions(EPS, "poisson", noise, dt=4.0 * EPS),
        "nanbu": Collisions(EPS, "nanbu", noise, dt=0.5 * EPS),
        "synchronous": Collisions(EPS, "synchronous", noise),
        "milstein": Milstein(EPS, noise),
    }


# every model with every clock, the laws taken in turn; the whole product is the long test
PAIRS = [
    (model, clock, law)
    for (model, clock), law in zip(
        itertools.product(MODELS, ("poisson", "nanbu", "synchronous", "milstein")),
        itertools.cycle(NOISES),
        strict=False,
    )
]
SHORT = [pair for i, pair in enumerate(PAIRS) if i % 3 == 0]
SPAN = 13.0 * 4.0 * EPS  # 13, 104, 52 and 52 steps: no multiple of a block


def compare(model: Model, scheme: Collisions | Milstein) -> None:
    whole = run(model, scheme, COUNT, SPAN, chunk=10**6, seed=5)
    assert np.isfinite(whole).all()
    assert whole.shape == (model.size, COUNT)
    first = start(model, COUNT, seed=5)
    assert not np.array_equal(whole, first)
    for chunk, cuts in [(1, ()), (3, (1, 1025)), (5, (1023, 1024, 2000)), (10**6, (7,))]:
        again = carry(model, scheme, first, SPAN, chunk=chunk, cuts=cuts, seed=5)
        assert again.tobytes() == whole.tobytes(), f"chunks of {chunk}, cut at {cuts}"


@pytest.mark.parametrize(("model", "clock", "law"), SHORT)
def test_cut_anywhere_the_bytes_are_the_same(model: str, clock: str, law: str) -> None:
    compare(MODELS[model], schemes(law)[clock])


@pytest.mark.long
@pytest.mark.parametrize("law", NOISES)
@pytest.mark.parametrize("clock", ["poisson", "nanbu", "synchronous", "milstein"])
@pytest.mark.parametrize("model", MODELS)
def test_cut_anywhere_for_every_model_clock_and_law(model: str, clock: str, law: str) -> None:
    compare(MODELS[model], schemes(law)[clock])


@pytest.mark.parametrize("law", ["two-point", "gaussian"])
def test_128_steps_of_a_counter_may_be_cut_anywhere(law: str) -> None:
    """Across two counters of the two-point law, and 75 of the Gaussian one."""
    model, scheme = line(LINEAR), Collisions(EPS, "synchronous", NOISES[law])
    whole = run(model, scheme, 1_100, 300.0 * EPS, chunk=1000)
    for chunk in (1, 7, 100, 127, 129):
        assert run(model, scheme, 1_100, 300.0 * EPS, chunk=chunk).tobytes() == whole.tobytes()


def test_seeds_and_replicates_differ_and_repeat() -> None:
    model, scheme = line(), Collisions(EPS, dt=4.0 * EPS)
    keys = [{"seed": 0}, {"seed": 1}, {"replicate": 1}, {"seed": 2**32 - 1, "replicate": 2**30 - 1}]
    first = start(model, COUNT)
    clouds = [carry(model, scheme, first, SPAN, **key).tobytes() for key in keys]
    assert len(set(clouds)) == 4
    assert clouds == [carry(model, scheme, first, SPAN, **key).tobytes() for key in keys]


# without noise -------------------------------------------------------------------------------------------------------

QUIET = {
    "K = 1": line(nu2=0.0),
    "K = x": line(LINEAR, nu2=0.0),
    "relu": line(LINEAR, drift=RELU, nu2=0.0),
    "sticky": line(nu2=0.0, walls=(0.5, 2.0), bias=3.0),
    "plane, K = 1": plane(nu2=0.0),
    "plane, K = x": plane(LINEAR, nu2=0.0),
    "mean": line(drift=IDENTITY, bias=MEAN_COUPLED, nu2=0.0),
    "time": line(weight=lambda t: -1.0 - t, nu2=0.0),
}


@pytest.mark.parametrize("law", ["gaussian", "two-point"])
@pytest.mark.parametrize("name", QUIET)
def test_synchronous_collisions_without_noise_are_eulers_bytes(name: str, law: str) -> None:
    model = QUIET[name]
    euler = run(model, Euler(dt=EPS), COUNT, 1.0)
    quiet = run(model, Collisions(EPS, "synchronous", NOISES[law]), COUNT, 1.0)
    assert quiet.tobytes() == euler.tobytes()


def test_nanbu_at_probability_one_without_noise_is_eulers_bytes() -> None:
    model = QUIET["K = x"]
    nanbu = run(model, Collisions(EPS, "nanbu", dt=EPS), COUNT, 1.0)
    assert nanbu.tobytes() == run(model, Euler(dt=EPS), COUNT, 1.0).tobytes()


def test_milstein_with_constant_noise_shape_is_eulers_and_maruyamas_bytes() -> None:
    model = line()
    a = run(model, Milstein(EPS), COUNT, 1.0)
    assert a.tobytes() == run(model, Collisions(EPS, "synchronous"), COUNT, 1.0).tobytes()


def test_milstein_without_noise_is_eulers_bytes() -> None:
    model = QUIET["K = x"]
    assert run(model, Milstein(EPS), COUNT, 1.0).tobytes() == run(model, Euler(dt=EPS), COUNT, 1.0).tobytes()


# formulas ------------------------------------------------------------------------------------------------------------


def test_pushes_are_their_equations() -> None:
    rng = np.random.default_rng(6)
    for moved, k, dk, eta, sd, half in rng.normal(size=(100, 6)).tolist():
        assert noisy.euler_maruyama(moved, k, dk, eta, sd, half) == fma(sd * k, eta, moved)
        expected = moved + sd * k * eta + half * k * dk * (eta * eta - 1.0)
        assert noisy.milstein(moved, k, dk, eta, sd, half) == pytest.approx(expected, rel=1e-12, abs=1e-13)


def _plain(monkeypatch: pytest.MonkeyPatch, names: Sequence[str] = ("fill_variates", "fill_variates_of")) -> None:
    for name in names:
        for module in (noisy, counted):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)


@pytest.mark.parametrize("clock", ["poisson", "synchronous"])
@pytest.mark.parametrize("law", [GAUSSIAN, UNIFORM, TWO_POINT], ids=lambda law: law.name)
@pytest.mark.parametrize("model", ["line, K = x", "plane, K = x"])
def test_compiled_sweeps_and_plain_python_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, clock: str, law, model: str
) -> None:
    """The shims' plain versions are exact rational arithmetic: independent of the compiler altogether."""
    scheme = Collisions(EPS, clock, law, dt=3.0 * EPS if clock == "poisson" else None)
    compiled = run(MODELS[model], scheme, 3, 6.0 * EPS)
    _plain(monkeypatch)
    _plain(monkeypatch, ("noisy_line", "two_point_line", "noisy_space", "counted_collisions"))
    assert run(MODELS[model], scheme, 3, 6.0 * EPS).tobytes() == compiled.tobytes()


def test_walls_are_asked_about_every_collision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A particle never seen outside [0.5, 2] although the free run leaves it."""
    scheme = Collisions(EPS, dt=4.0 * EPS)
    walled = run(line(walls=(0.5, 2.0), wall="reflecting"), scheme, COUNT, SPAN)
    assert walled.min() >= 0.5
    assert walled.max() <= 2.0
    outside = run(line(), scheme, COUNT, SPAN)
    assert outside.min() < 0.5
    assert outside.max() > 2.0


@pytest.mark.parametrize(
    ("new", "answer"), [(0.5, 1.5), (1.0, 1.0), (1.25, 1.25), (2.25, 1.75), (-9.0, 1.0), (99.0, 1.0), (2.0, 2.0)]
)
def test_reflecting_walls_mirror_and_never_let_out(new: float, answer: float) -> None:
    assert reflecting(1.5, new, 1.0, 2.0) == answer
    assert free(1.5, new, 1.0, 2.0) == new


def test_one_open_end_reflects_at_the_other() -> None:
    inf = float("inf")
    assert reflecting(2.0, -3.0, 1.0, inf) == 5.0
    assert reflecting(2.0, 1e300, 1.0, inf) == 1e300
    assert reflecting(2.0, 3.0, -inf, 1.0) == -1.0
    assert np.isnan(reflecting(2.0, float("nan"), 1.0, inf))


# assembly ------------------------------------------------------------------------------------------------------------


def machine_code(which: str, noise: Noise, shape: Diffusion) -> str:
    """Assembly of a sweep of three tanh layers."""
    w, b, sizes = np.ones(3), np.zeros(3), Sizes(0.1, 0.1)
    c, ends, key, place = Constants((), ()), Ends(0.0, 0.0), Key(0, 1), Place(0, 0, noise.steps)
    formulas = (TANH.value, shape.value, shape.derivative, noisy.euler_maruyama)
    if which == "line":
        sweep = noisy.noisy_line(*formulas, free, noise.variates)
        return assembly(sweep, np.zeros(64), w, b, sizes, c, ends, key, place)
    if which == "bits":
        sweep = noisy.two_point_line(*formulas, free)
        return assembly(sweep, np.zeros(64), w, b, sizes, c, ends, key, Place(0, 0, 128))
    if which == "space":
        sweep, ends = noisy.noisy_space(*formulas, free, noise.variates), Ends(np.zeros(2), np.zeros(2))
        return assembly(sweep, np.zeros((2, 64)), np.ones((3, 2, 2)), np.ones((3, 2)), sizes, c, ends, key, place)
    sweep = counted.counted_collisions(TANH.value, shape.value, free, noise.variates)
    keys, rows = Keys(key, Key(0, 2)), (np.ones((3, 1, 1)), np.ones((3, 1)))
    ends = Ends(np.zeros(1), np.zeros(1))
    return assembly(sweep, np.zeros((1, 64)), *rows, sizes, c, ends, keys, place, poisson_thresholds(4.0))


@needs_vectors
@pytest.mark.parametrize(
    ("which", "law", "shape", "least"),
    [
        ("line", "gaussian", CONSTANT, (40, 12)),
        ("line", "uniform", LINEAR, (10, 12)),
        ("bits", "two-point", LINEAR, (10, 12)),
        ("space", "gaussian", LINEAR, (40, 12)),
        ("counted", "gaussian", CONSTANT, (40, 12)),
    ],
)
def test_noisy_sweeps_are_vector_code(which: str, law: str, shape: Diffusion, least: tuple[int, int]) -> None:
    """Packed fma of the formulas and packed 32-bit products of the generator; no call into the C library."""
    code = machine_code(which, NOISES[law], shape)
    assert len(PACKED_FMA.findall(code)) >= least[0]
    assert len(PACKED_PRODUCT.findall(code)) >= least[1]
    assert not CALL.findall(code)


def _over_libm(w0: int, w1: int, w2: int, w3: int) -> tuple[float, float, float, float]:
    r, a = math.sqrt(-2.0 * math.log(_unit(w0))), 6.283185307179586 * _unit(w1)
    return r * math.cos(a), r * math.sin(a), 0.0, 0.0


@needs_vectors
def test_a_noise_law_over_the_c_library_is_not_vector_code() -> None:
    """Control: the same counts see Box-Muller over libm."""
    code = machine_code("line", Noise("slow", _over_libm, 2, 0.0, 3.0, math.inf), CONSTANT)
    assert CALL.findall(code)
    assert len(PACKED_FMA.findall(code)) < 40
