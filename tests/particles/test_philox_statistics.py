"""Philox as this project addresses it: the method's oracle, chi-square, serial and cross-stream tests, no shared word.

Each p-value must lie above 1e-6 (and below 1 - 1e-6 where a fit may be too good); some 200 of them: a true generator
fails this file for 1 key in 3000.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from particles.kernels import counted, noisy
from particles.kernels.noisy import WIDTH, as_words, fill_variates
from particles.philox import CLOCK, NOISE, START, philox4x32, stream

RATE = 1e-6
CONSTANTS = {  # width of a word: multipliers, Weyl increments (Salmon et al., 2011)
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}


def philox_on_integers(counter: list[int], key: list[int], width: int) -> list[int]:
    """Ten rounds of Philox4xWIDTH on Python integers."""
    (m0, m1), weyl = CONSTANTS[width]
    x0, x1, x2, x3 = counter
    k = list(key)
    for _ in range(10):
        (high0, low0), (high1, low1) = divmod(m0 * x0, 1 << width), divmod(m1 * x2, 1 << width)
        x0, x1, x2, x3 = high1 ^ x1 ^ k[0], low1, high0 ^ x3 ^ k[1], low0
        k = [(part + step) % (1 << width) for part, step in zip(k, weyl, strict=True)]
    return [x0, x1, x2, x3]


def _rows(width: int, count: int) -> Iterator[tuple[list[int], list[int]]]:
    rng = np.random.default_rng(width)
    for _ in range(count):
        row = [int.from_bytes(rng.bytes(width // 8), "little") for _ in range(6)]
        yield row[:4], row[4:]


def test_the_64_bit_sibling_is_numpys_generator_bit_for_bit() -> None:
    """numpy advances its counter before it draws; its words come in order."""
    edges = [([2**64 - 1] * 4, [2**64 - 1] * 2), ([0] * 4, [0] * 2), ([2**64 - 2, 2**64 - 1, 7, 0], [1, 2])]
    for counter, key in itertools.chain(_rows(64, 200), edges):
        number = (sum(word << 64 * i for i, word in enumerate(counter)) + 1) % 2**256
        advanced = [number >> 64 * i & (2**64 - 1) for i in range(4)]
        theirs = np.random.Philox(
            counter=np.array(counter, dtype=np.uint64), key=np.array(key, dtype=np.uint64)
        ).random_raw(4)
        assert philox_on_integers(advanced, key, 64) == theirs.tolist()


def test_the_32_bit_generator_is_the_same_method() -> None:
    for counter, key in _rows(32, 200):
        assert [int(w) for w in philox4x32(*(np.uint64(v) for v in counter + key))] == philox_on_integers(
            counter, key, 32
        )


def draw(blocks: int, *, first: int = 0, seed: int = 0, replicate: int = 0, purpose: int = NOISE, component: int = 0):
    """Words of WIDTH particles in `blocks` blocks of steps by the compiled sweep's own routine, (blocks, 4, WIDTH)."""
    fill, out = fill_variates(as_words), np.empty((blocks, 4, WIDTH), dtype=np.uint64)
    for block in range(blocks):
        fill(first, block, component, (seed, stream(purpose, replicate)), out[block], WIDTH)
    return out


def centred(words: np.ndarray) -> np.ndarray:
    """Uniform numbers of mean 0 and variance 1 from words."""
    return (words.astype(np.float64) + 0.5) * 2.0**-32 * math.sqrt(12.0) - math.sqrt(3.0)


STREAMS = {
    "start": {"purpose": START},
    "noise": {"purpose": NOISE},
    "clock": {"purpose": CLOCK},
    "far": {"seed": 2**32 - 1, "replicate": 2**30 - 1, "first": 2**40, "component": 1},
}


def test_compiled_words_are_those_of_the_address() -> None:
    for options in STREAMS.values():
        words = draw(2, **options)
        seed, replicate = options.get("seed", 0), options.get("replicate", 0)
        key = [seed, 4 * replicate + options.get("purpose", NOISE)]
        for block, i in ((0, 0), (1, 0), (1, 1023)):
            particle = options.get("first", 0) + i
            counter = [particle % 2**32, particle >> 32, block, options.get("component", 0)]
            assert words[block, :, i].tolist() == philox_on_integers(counter, key, 32)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("shift", [0, 10, 20])
def test_twelve_bits_at_a_time_are_uniform(name: str, shift: int) -> None:
    """Chi-square over 4096 cells of 2^20 words, for low, middle and high bits."""
    words = draw(256, **STREAMS[name])
    counts = np.bincount((words.ravel() >> np.uint64(shift) & np.uint64(4095)).astype(np.int64), minlength=4096)
    p = stats.chisquare(counts).pvalue
    assert RATE < p < 1.0 - RATE


@pytest.mark.parametrize("name", STREAMS)
def test_pairs_of_neighbouring_words_fill_the_square(name: str) -> None:
    """Chi-square over 64 x 64 cells: words of a counter, neighbouring particles, neighbouring blocks."""
    cells = (draw(256, **STREAMS[name]) >> np.uint64(26)).astype(np.int64)
    pairs = {
        "words": (cells[:, ::2], cells[:, 1::2]),
        "particles": (cells[:, :, ::2], cells[:, :, 1::2]),
        "blocks": (cells[::2], cells[1::2]),
    }
    for a, b in pairs.values():
        p = stats.chisquare(np.bincount((64 * a + b).ravel(), minlength=4096)).pvalue
        assert RATE < p < 1.0 - RATE


@pytest.mark.parametrize("name", STREAMS)
def test_serial_correlations_vanish(name: str) -> None:
    """Lags along particles, blocks of steps and the words of a counter."""
    u = centred(draw(256, **STREAMS[name]))
    for axis, lags in ((2, (1, 2, 3, 4, 16, 64, 512)), (0, (1, 2, 3, 4, 16, 128)), (1, (1, 2, 3))):
        rows = np.moveaxis(u, axis, 0)
        for lag in lags:
            product = rows[lag:] * rows[:-lag]
            assert abs(product.sum()) / math.sqrt(product.size) < 4.9


BASE: dict[str, int] = {}
OTHERS: dict[str, dict[str, int]] = {
    "seed": {"seed": 1},
    "seed, highest bit": {"seed": 2**31},
    "replicate": {"replicate": 1},
    "replicate, highest bit": {"replicate": 2**29},
    "start": {"purpose": START},
    "clock": {"purpose": CLOCK},
    "component": {"component": 1},
    "draw": {"component": 1 << 12},
    "particle, next tile": {"first": WIDTH},
    "particle, high word": {"first": 2**32},
}


@pytest.mark.parametrize("name", OTHERS)
def test_streams_at_the_same_address_are_independent(name: str) -> None:
    """Correlation of 2^20 words, and Hamming distance: 16 of 32 bits on average, each bit one half."""
    a, b = draw(256, **BASE), draw(256, **OTHERS[name])
    assert abs((centred(a) * centred(b)).sum()) / math.sqrt(a.size) < 4.9
    differ = np.unpackbits((a ^ b).astype(np.uint32).ravel().view(np.uint8).reshape(-1, 4), axis=1)
    scores = (2.0 * differ.sum(axis=0) - len(differ)) / math.sqrt(len(differ))
    assert np.abs(scores).max() < 5.6
    spread = differ.sum(axis=1)
    cells = np.bincount(spread, minlength=33)[6:27]
    expected = stats.binom.pmf(np.arange(6, 27), 32, 0.5)
    p = stats.chisquare(cells, expected / expected.sum() * cells.sum()).pvalue
    assert p > RATE


def test_a_shared_stream_is_seen() -> None:
    """Control: the same key at the same address is not independent; nor is a generator of three rounds."""
    a = centred(draw(16))
    assert abs((a * a).sum()) / math.sqrt(a.size) > 100.0


# no two uses share a word --------------------------------------------------------------------------------------------


class Recorder:
    """Stands in for the generator: remembers every address, and hands out words that are numbers of their own."""

    def __init__(self) -> None:
        self.addresses: list[tuple[int, ...]] = []
        self.uses: list[tuple[float, ...]] = []

    def words(self, *address: int) -> tuple[np.uint64, ...]:
        number = 4 * len(self.addresses)
        self.addresses.append(tuple(int(part) for part in address))
        return tuple(np.uint64(number + i) for i in range(4))


def plain(monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    """Let the sweeps run as plain Python over the recorder."""
    monkeypatch.setattr(noisy, "philox4x32", recorder.words)
    for module, name in ((noisy, "fill_variates"), (noisy, "fill_variates_of"), (counted, "fill_variates_of")):
        monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)


def drift(u: float, x: float, c: tuple[float, ...]) -> float:
    return 0.0


def one(x: float, c: tuple[float, ...]) -> float:
    return 1.0


def stay(old: float, new: float, low: float, high: float) -> float:
    return old


COUNT, STEPS = 7, 11
WALLS, NOTHING, KEY = (-math.inf, math.inf), ((), ()), (5, stream(NOISE, 0))


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("per", [2, 4])
def test_a_synchronous_run_uses_every_word_once(monkeypatch: pytest.MonkeyPatch, dim: int, per: int) -> None:
    recorder = Recorder()
    plain(monkeypatch, recorder)

    def push(moved: float, k: float, dk: float, eta: float, sd: float, half: float) -> float:
        recorder.uses.append((eta,))
        return moved

    sizes, place = (0.1, 1.0, 0.0), (2**32 - 3, 0, per)
    if dim == 1:
        sweep = noisy.noisy_line.__wrapped__(drift, one, one, push, stay, as_words)
        sweep(np.zeros(COUNT), np.zeros(STEPS), np.zeros(STEPS), sizes, NOTHING, WALLS, KEY, place)
    else:
        sweep = noisy.noisy_space.__wrapped__(drift, one, one, push, stay, as_words)
        zeros = (np.zeros((dim, COUNT)), np.zeros((STEPS, dim, dim)), np.zeros((STEPS, dim)))
        sweep(*zeros, sizes, NOTHING, ([-math.inf] * dim, [math.inf] * dim), KEY, place)
    assert len(recorder.addresses) == len(set(recorder.addresses)) == COUNT * dim * -(-STEPS // per)
    assert len(recorder.uses) == len(set(recorder.uses)) == COUNT * STEPS * dim


def test_a_two_point_run_uses_every_bit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    plain(monkeypatch, recorder)

    def sign(word: float, bit: float) -> float:
        assert 0 <= int(bit) < 32
        recorder.uses.append((int(word), int(bit)))
        return 1.0

    monkeypatch.setattr(noisy, "sign_of_bit", sign)
    sweep = noisy.two_point_line.__wrapped__(drift, one, one, noisy.euler_maruyama, stay)
    sweep(np.zeros(3), np.zeros(300), np.zeros(300), (0.1, 1.0, 0.0), NOTHING, WALLS, KEY, (0, 0, 128))
    assert len(recorder.addresses) == len(set(recorder.addresses)) == 3 * 3
    assert len(recorder.uses) == len(set(recorder.uses)) == 3 * 300


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("per", [2, 4])
def test_counted_collisions_use_every_word_once(monkeypatch: pytest.MonkeyPatch, dim: int, per: int) -> None:
    """Poisson and Nanbu: one clock address a particle and step; noise addresses never met twice, nor a word of them."""
    recorder = Recorder()
    plain(monkeypatch, recorder)
    chosen = np.random.default_rng(dim).integers(0, 2**32, (4, COUNT * STEPS), dtype=np.uint64)
    clocks: list[tuple[int, ...]] = []

    def words(*address: int) -> tuple[np.uint64, ...]:
        if int(address[-1]) == stream(CLOCK, 0):
            clocks.append(tuple(int(part) for part in address))
            return tuple(chosen[:, len(clocks) - 1])
        return recorder.words(*address)

    def fma(a: float, b: float, c: float) -> float:
        if a == 7.25:
            recorder.uses.append((b,))
        return c

    monkeypatch.setattr(noisy, "philox4x32", words)
    monkeypatch.setattr(counted, "fma", fma)
    thresholds = (np.linspace(0.05, 0.95, 19) * 2.0**64).astype(np.uint64)  # 0 to 19 collisions, equally likely
    sweep = counted.counted_collisions.__wrapped__(drift, one, stay, as_words)
    zeros = (np.zeros((dim, COUNT)), np.zeros((STEPS, dim, dim)), np.zeros((STEPS, dim)))
    keys = (KEY, (5, stream(CLOCK, 0)))
    ends = ([-math.inf] * dim, [math.inf] * dim)
    sweep(*zeros, (0.1, 7.25, 0.0), NOTHING, ends, keys, (2**32 - 3, 0, per), thresholds)

    clock = (chosen[0] << np.uint64(32)) | chosen[1]
    collisions = int((clock[:, None] >= thresholds).sum())
    assert len(clocks) == len(set(clocks)) == COUNT * STEPS
    assert len(recorder.addresses) == len(set(recorder.addresses))
    assert not set(clocks) & set(recorder.addresses)
    assert len(recorder.uses) == len(set(recorder.uses)) == collisions * dim


def test_purposes_never_share_a_key() -> None:
    keys = {stream(purpose, replicate) for purpose in (START, NOISE, CLOCK) for replicate in (0, 1, 2, 2**30 - 1)}
    assert len(keys) == 12
    assert max(keys) < 2**32
