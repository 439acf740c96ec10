"""Philox4x32-10 against Random123's known answers and an independent version on Python integers."""

from __future__ import annotations

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.philox import philox4x32, start_uniforms, stream, uniform53

MASK = 0xFFFFFFFF


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """Ten rounds on Python integers, written from the paper's figure, with no shift or mask of numpy."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def words(counter: list[int], key: list[int]) -> list[int]:
    return [int(word) for word in philox4x32(*(np.uint64(v) for v in counter + key))]


KNOWN = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([MASK] * 4, [MASK] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_gives_random123s_known_answers(counter: list[int], key: list[int], answer: list[int]) -> None:
    assert words(counter, key) == answer
    assert plain_philox(counter, key) == answer


def test_philox_equals_a_version_on_python_integers() -> None:
    draws = np.random.default_rng(3).integers(0, 2**32, (200, 6)).tolist()
    for row in draws:
        assert words(row[:4], row[4:]) == plain_philox(row[:4], row[4:])


@pytest.mark.parametrize("first", [0, 5, 4096, 2**32 - 3, 2**40])
@pytest.mark.parametrize(("seed", "replicate", "component"), [(0, 0, 0), (2**32 - 1, 7, 1), (12345, 2**30 - 1, 3)])
def test_start_uniforms_stand_at_their_address(first: int, seed: int, replicate: int, component: int) -> None:
    drawn = start_uniforms(first, 6, component=component, seed=seed, replicate=replicate)
    for i, u in enumerate(drawn.tolist()):
        particle = first + i
        w = plain_philox([particle % 2**32, particle >> 32, 0, component], [seed, 4 * replicate])
        cells = [((w[0] >> 32 - lead) + w[1] / 2.0**32) / 2.0**lead for lead in (26, 27)]
        assert min(abs(u - cell) for cell in cells) < 2.0**-51  # leading bits of word 0, then those of word 1


def test_draws_do_not_depend_on_how_they_are_cut() -> None:
    whole = start_uniforms(0, 1000, seed=9)
    parts = [start_uniforms(a, b - a, seed=9) for a, b in [(0, 1), (1, 333), (333, 1000)]]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_streams_differ_by_seed_replicate_and_component() -> None:
    streams = [
        start_uniforms(0, 100, seed=s, replicate=r, component=c)
        for s, r, c in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    ]
    assert len({row.tobytes() for row in streams}) == 4
    assert np.unique(np.concatenate(streams)).size == 400


@pytest.mark.parametrize("word0", [0, MASK, 2**31, 2**31 - 1])
@pytest.mark.parametrize("word1", [0, MASK, 2**31])
def test_uniform_numbers_are_never_zero_and_never_one(word0: int, word1: int) -> None:
    assert 0.0 < float(uniform53(np.uint64(word0), np.uint64(word1))) < 1.0


def test_uniform_numbers_are_symmetric_about_one_half() -> None:
    """The centres of equal cells: u and 1 - u belong to complementary words."""
    for word0, word1 in [[0, 0], *np.random.default_rng(4).integers(0, 2**32, (200, 2)).tolist()]:
        u = float(uniform53(np.uint64(word0), np.uint64(word1)))
        mirrored = float(uniform53(np.uint64(MASK ^ word0), np.uint64(MASK ^ word1)))
        assert u + mirrored == 1.0


def test_start_uniforms_are_uniform() -> None:
    """Kolmogorov's distance of 10^5 draws; a true generator fails once in 10^5 seeds."""
    u = np.sort(start_uniforms(0, 100_000, seed=2))
    i = np.arange(u.size)
    distance = max((u - i / u.size).max(), ((i + 1) / u.size - u).max())
    assert np.sqrt(u.size) * distance < 2.47  # 2 exp(-2 x^2) = 1e-5


@pytest.mark.parametrize("arguments", [{"seed": -1}, {"seed": 2**32}, {"replicate": -1}, {"replicate": 2**30}])
def test_addresses_out_of_range_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(InputError):
        start_uniforms(0, 1, **arguments)


def test_replicates_never_share_a_stream_with_another_purpose() -> None:
    assert [stream(p, r) for r in (0, 1) for p in range(4)] == list(range(8))
