"""The same bytes on any code target and under any choice of numpy's, the C library's and the BLAS's variants.

Every target but the host compiles from nothing into a cache of its own, and the width of its vectors is read off the
assembly. The whole product of targets and jobs is the long test; each target and each environment meets some jobs in
the short one.
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPT = '''
import hashlib, json, re, sys
from pathlib import Path
import numpy as np
import particles
from particles.base import parallel
from particles.schemes.collisions import Collisions
from particles.schemes.milstein import Milstein
from particles.ensemble import Bins, Ensemble
from particles.model import *
from particles.noise import NOISES
from particles.schemes.euler import Euler
from particles.schemes.flow import ExactFlow

COUNT, EPS, STEPS = 1 << 14, 1.0 / 64.0, 64
ensemble = Ensemble(COUNT, parallel.serial())
W = np.array([[-1.0, 0.7], [0.3, -0.5]])
PLANE = Product([Normal(1.0, 1.0), Uniform(-1.0, 2.0)])
MIXED = Product([Normal(1.0, 1.0), Mixture([Normal(0.0, 0.3), Uniform(-1.0, 2.0)], [0.4, 0.6])])

def digest(*arrays):
    total = hashlib.sha256()
    for array in arrays:
        assert np.isfinite(array).all()
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()

def start(model, kind="random"):
    laws = model.start.components if isinstance(model.start, Product) else (model.start,)
    assert all(law.reproducible for law in laws)
    return ensemble.start(model, kind, 3, 0)

def go(model, scheme, until):
    state = particles.carry(model, scheme, start(model), until, seed=3)
    return digest(state, ensemble.moments(state), ensemble.histogram(state, Bins(-5.0, 5.0, 100)))

def law(name):
    return NOISES[name]

def line(**options):
    return Model(**{"drift": TANH, "weight": -1.0, "bias": 1.0, "initial": Normal(1.0, 0.25), "nu2": 0.5} | options)

def flows():
    found = []
    drifts = [(d, b) for d in (IDENTITY, RELU, SIGMOID, TANH) for b in (1.0, -0.3)]
    drifts += [(lognormal_family(0.5), 0.0), (power_law(0.3, 1.7), 0.0), (cubic(0.5), 0.0)]
    for drift, bias in drifts:
        assert drift.reproducible, drift.name
        for weight in (-1.3, 0.7):
            model = line(drift=drift, weight=weight, bias=bias, nu2=0.0, initial=Uniform(0.25, 2.0))
            found.append(go(model, ExactFlow(), 1.0))
    full = Model(drift=IDENTITY, weight=W, bias=np.array([1.0, -0.5]), initial=PLANE)
    return digest(np.frombuffer("".join([*found, go(full, ExactFlow(), 1.0)]).encode(), dtype=np.uint8))

def starts():
    laws = [Normal(1.0, 2.0), Uniform(-1.0, 2.0), Mixture([Normal(0.0, 1.0), Uniform(0.0, 3.0)], [0.3, 0.7]),
            cases["iris"].model.initial, kernel_estimate([0.1, 0.5, 0.9, 4.0]), Empirical([1.0, 2.0, 5.0])]
    clouds = [start(line(initial=law), "random") for law in laws]
    clouds += [start(line(initial=law), kind) for law in laws[:2] for kind in ("stratified", "quantile")]
    clouds.append(start(line(walls=(0.5, 2.0), wall="reflecting")))
    clouds.append(start(line(drift=IDENTITY, weight=W, bias=np.ones(2), initial=PLANE)))
    return digest(*clouds, *map(ensemble.moments, clouds))

def equation(**options):
    import kinetic
    from kinetic.plane.domain import rectangle
    model = line(**{"weight": W, "bias": np.array([1.0, -0.5]), "initial": MIXED} | options)
    ends = rectangle(line(weight=W, bias=np.ones(2), initial=MIXED, nu2=0.0), 1.0)
    plane = kinetic.Plane(kinetic.Grid(-2.0, 3.0, cells=20), kinetic.Grid(*ends[1], cells=24))
    solution = kinetic.solve(model, plane, until=0.2, comm=parallel.serial())
    assert solution.provenance["promise"].endswith("any CPU")
    return digest(solution.averages, solution.atoms, np.array(ends))

def convolution():
    from particles.networks.convolution import ConvolutionNetwork
    from particles.networks.convolution_learner import ConvolutionLearner
    from particles.networks.images import Images
    from particles.networks.optimisers import Schedule
    from particles.networks.trainer import Training, train
    counted = np.arange(48 * 8 * 12, dtype=np.int64)
    images = Images((counted * counted % 251).astype(np.uint8).reshape(48, 8, 12), np.arange(48) % 10)
    learner = ConvolutionLearner(ConvolutionNetwork(rows=8, columns=12, layers=3), images)
    training = Training(epochs=1, batch=16, schedule=Schedule(0.02))
    theta = train(learner, training, comm=parallel.serial()).theta
    assert np.count_nonzero(theta) > 2000
    return digest(theta, *learner.evaluate(theta, np.arange(48)))

def learning():
    from particles.training import LM, SGD, Adam, CrossEntropy, EnKI, Moment, Stop, fit, gradient
    model, scheme, asked = line(nu2=0.0), Euler(layers=20), {"count": 5000, "until": 1.0, "comm": parallel.serial()}
    thetas = []
    for method in (LM(), SGD(0.05, batch=1000), Adam(0.1), EnKI(4)):
        found = fit(model, scheme, Moment(2.0), method, ridge=1e-2, stop=Stop(iterations=5), **asked)
        assert found.info["promise"].endswith("any CPU")
        thetas.append(found.chosen.theta)
    slopes = []
    for loss, scheme in ((Moment(2.0), ExactFlow()), (CrossEntropy(np.arange(5000) % 2), scheme)):
        slope = gradient(model, scheme, loss, **asked)
        slopes += [slope.weights, slope.biases, slope.mean, slope.std, np.array([slope.loss, slope.horizon])]
    return digest(*thetas, *slopes)

def network(kind):
    from dataclasses import replace
    from particles.networks.cases import NETWORKS, Choice
    from particles.networks.trainer import train
    case = NETWORKS["circles"]
    learner = case.learners(Choice(kind)).learner
    found = train(learner, replace(case.training, epochs=2), comm=parallel.serial())
    assert found.info["promise"].endswith("any CPU")
    return digest(found.theta, np.array([row.loss for row in found.curve]))

JOBS = {
    "network": lambda: network("strang"),
    "network, two steps": lambda: network("multistep"),
    "poisson": lambda: go(line(), Collisions(EPS, noise=law("gaussian"), dt=8.0 * EPS), 1.0),
    "two-point, K = x": lambda: go(line(diffusion=LINEAR), Collisions(EPS, "synchronous", law("two-point")), 1.0),
    "mean": lambda: go(line(drift=IDENTITY, bias=MEAN_COUPLED), Collisions(EPS), 1.0),
    "plane": lambda: go(line(drift=IDENTITY, weight=W, bias=MEAN_COUPLED, initial=PLANE),
                        Collisions(EPS, "synchronous", law("gaussian53")), 1.0),
    "plane, poisson": lambda: go(line(weight=W, bias=np.ones(2), initial=PLANE, diffusion=LINEAR),
                                 Collisions(EPS, noise=law("uniform"), dt=8.0 * EPS), 1.0),
    "nanbu, walls": lambda: go(line(drift=RELU, walls=(0.5, 2.0), wall="reflecting", diffusion=LINEAR),
                               Collisions(EPS, "nanbu", law("exponential"), dt=0.5 * EPS), 1.0),
    "gaussian24": lambda: go(line(diffusion=LINEAR), Collisions(EPS, "poisson", law("gaussian24"), dt=8.0 * EPS), 1.0),
    "milstein": lambda: go(line(drift=lognormal_family(0.5), diffusion=LINEAR, initial=Uniform(0.5, 1.5)),
                           Milstein(EPS), 1.0),
    "euler": lambda: go(line(nu2=0.0), Euler(dt=EPS), 1.0),
    "euler, sigmoid": lambda: go(line(drift=SIGMOID, nu2=0.0, weight=lambda t: -1.0 - t), Euler(dt=EPS), 1.0),
    "euler, plane": lambda: go(line(weight=W, bias=np.ones(2), initial=PLANE, nu2=0.0), Euler(dt=EPS), 1.0),
    "flows": flows,
    "starts": starts,
    "equation": lambda: equation(nu2=0.0),
    "equation, noise": lambda: equation(nu2=0.5),
    "equation, mean": lambda: equation(nu2=0.0, bias=MEAN_COUPLED),
    "convolution": convolution,
    "learning": learning,
}

def widths():
    """Packed operations by register in the sweep of `poisson`."""
    from particles.kernels import counted
    from particles.kernels.walls import free
    sweep = counted.counted_collisions(TANH.value, CONSTANT.value, free, NOISES["gaussian"].variates)
    if sum(sweep.stats.cache_hits.values()):
        return {}  # of another process, whose text is not kept
    text = "".join(sweep.inspect_asm().values())
    packed = re.findall(r"^[ \\t]*v?(?:mul|add|sub|fn?m(?:add|sub)[0-9]+)pd[^\\n]*", text, re.M)
    fma = len(re.findall(r"vfn?m(?:add|sub)[0-9]+[ps]d", text))
    return {name: sum(name in line for line in packed) for name in ("xmm", "ymm", "zmm")} | {"fma": fma}

names = json.loads(sys.argv[1])
answer = {name: JOBS[name]() for name in names}
answer["widths"] = widths() if "poisson" in names else {}
answer["library"] = [np.exp(np.linspace(-3.0, 3.0, 9999)).tobytes().hex()[-4000:],
                     np.tanh(np.linspace(-3.0, 3.0, 9999)).tobytes().hex()[-4000:]]
print(json.dumps(answer))
'''

JOBS = [line.split('"')[1] for line in SCRIPT.split("JOBS = {")[1].split("\n}")[0].splitlines() if line[:5] == '    "']
FLAGS = set(Path("/proc/cpuinfo").read_text().split()) if Path("/proc/cpuinfo").exists() else set()
BASE = "+sse,+sse2,+cx8,+fxsr,+mmx,+cmov"
V3 = BASE + ",+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
V4 = V3 + ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl,-prefer-256-bit"
# target: CPU's name, features, widest registers, what the machine must have
TARGETS: dict[str, tuple[str | None, str | None, str | None, str]] = {
    "host": (None, None, None, "sse2"),
    "haswell": ("haswell", V3, "ymm", "avx2"),
    "generic": ("x86-64", BASE, "xmm", "sse2"),
    "512-bit": ("skylake-avx512", V4, "zmm", "avx512f"),
}
PAIRS = [
    ("haswell", ["poisson", "gaussian24", "starts", "convolution", "learning"]),
    ("generic", ["poisson", "gaussian24", "two-point, K = x", "convolution"]),
    ("512-bit", ["poisson", "gaussian24"]),
]
HOST_JOBS = [
    "poisson",
    "gaussian24",
    "two-point, K = x",
    "starts",
    "mean",
    "euler",
    "equation",
    "convolution",
    "learning",
    "network",
]


def switched_off() -> str:
    """All of numpy's variants that this machine would choose."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


ENVIRONMENTS: dict[str, dict[str, str]] = {
    "numpy": {"NPY_DISABLE_CPU_FEATURES": switched_off()},
    "glibc": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"},
    "prescott": {"OPENBLAS_CORETYPE": "Prescott"},
    "haswell's BLAS": {"OPENBLAS_CORETYPE": "Haswell"},
}
ENVIRONMENTS["all"] = ENVIRONMENTS["numpy"] | ENVIRONMENTS["glibc"] | ENVIRONMENTS["prescott"]

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the targets are x86-64's")


@pytest.fixture(scope="module")
def answers(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict]:
    """Digests of jobs on a target in an environment; a question is asked once."""
    folder = tmp_path_factory.mktemp("targets")
    known: dict[tuple[str, str, tuple[str, ...]], dict] = {}

    def ask(target: str, names: list[str], environment: str = "") -> dict:
        key = (target, environment, tuple(names))
        if key not in known:
            name, features, _, needed = TARGETS[target]
            if needed not in FLAGS:
                pytest.skip(f"this processor has no {needed}")
            env = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
            if name:
                env["NUMBA_CACHE_DIR"] = str(folder / f"{target}-{len(known)}")
            env |= ENVIRONMENTS.get(environment, {})
            done = fresh("-c", SCRIPT, json.dumps(names), env=env, timeout=1200)
            assert (done.returncode, done.stderr) == (0, "")
            known[key] = json.loads(done.stdout)
        return known[key]

    return ask


def require_width(answer: dict, target: str) -> None:
    """The widest packed arithmetic is that of the target; without fma none is left."""
    widths, widest = answer["widths"], TARGETS[target][2]
    if widest is None:
        return
    wider = {"xmm": ("ymm", "zmm"), "ymm": ("zmm",), "zmm": ()}[widest]
    assert widths[widest] >= (20 if widest == "xmm" else 40), widths
    assert all(widths[name] == 0 for name in wider), widths
    assert (widths["fma"] == 0) == (target == "generic"), widths


@pytest.mark.parametrize(("target", "names"), PAIRS, ids=[target for target, _ in PAIRS])
def test_targets_give_the_same_bytes(answers: Callable[..., dict], target: str, names: list[str]) -> None:
    host, other = answers("host", HOST_JOBS), answers(target, names)
    require_width(other, target)
    assert {name: other[name] for name in names} == {name: host[name] for name in names}


@pytest.mark.parametrize("environment", ["numpy", "glibc", "all"])
def test_libraries_do_not_matter(answers: Callable[..., dict], environment: str) -> None:
    host, other = answers("host", HOST_JOBS), answers("host", HOST_JOBS, environment)
    assert {name: other[name] for name in HOST_JOBS} == {name: host[name] for name in HOST_JOBS}


def test_the_environments_change_numpys_own_functions(answers: Callable[..., dict]) -> None:
    """Control: np.exp or np.tanh gives other bytes, so a call of it on the path would show."""
    if "avx512f" not in FLAGS and "avx2" not in FLAGS:
        pytest.skip("numpy has nothing to switch off here")
    assert answers("host", HOST_JOBS, "all")["library"] != answers("host", HOST_JOBS)["library"]


def test_jobs_differ(answers: Callable[..., dict]) -> None:
    host = answers("host", HOST_JOBS)
    assert len({host[name] for name in HOST_JOBS}) == len(HOST_JOBS)


@pytest.mark.long
@pytest.mark.parametrize("target", ["haswell", "generic", "512-bit"])
def test_all_targets_give_the_same_bytes_for_all_jobs(answers: Callable[..., dict], target: str) -> None:
    host, other = answers("host", JOBS), answers(target, JOBS)
    require_width(other, target)
    assert {name: other[name] for name in JOBS} == {name: host[name] for name in JOBS}


@pytest.mark.long
@pytest.mark.parametrize("target", ["host", "haswell", "generic"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_all_environments_give_the_same_bytes_for_all_jobs(
    answers: Callable[..., dict], environment: str, target: str
) -> None:
    host, other = answers("host", JOBS), answers(target, JOBS, environment)
    assert {name: other[name] for name in JOBS} == {name: host[name] for name in JOBS}


def test_the_list_of_jobs_is_whole() -> None:
    assert len(JOBS) == 20
    assert set(HOST_JOBS) <= set(JOBS)
    assert np.all([name in JOBS for _, names in PAIRS for name in names])
