"""The two functions of Box and Muller in float32, each from a 32-bit word: branch-free, sixteen words at a time.

    u = (word + 1/2) 2^-32,    radius(word) = sqrt(-2 ln u),    turned(word): cos(2 pi u) and sin(2 pi u).

Every step is an exact operation or one rounding to float32 (+ - x, fma, sqrt), in a fixed order: the same bits on every
CPU target. Errors over all 2^32 words, in units in the last place of float32; the tests hold them:

============  =====  ==========================================================================================
function      ulp    method
============  =====  ==========================================================================================
radius        2      u < 2/3: u = m 2^e, m in [2/3, 4/3), ln u = e ln 2 + ln m; beyond, ln u = ln(1 - v) with
                     v = 1 - u from the complement of the word: a small radius keeps all its digits
turned        3      the nearest quarter of a turn by the word's first three bits, then a polynomial of the rest
============  =====  ==========================================================================================

Next to a quarter of a turn the angle has few bits and is not rounded: a small cosine keeps all its digits too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from particles.base.jit import formula
from particles.base.words import choose, double, float_of_bits, fma32, root32, signed, single, unsigned

_ALL, _FIRST = np.uint32(0xFFFFFFFF), np.uint32(0x80000000)  # bits
_TWO_THIRDS, _BITS_OF_TWO_THIRDS = np.uint32(0xAAAAAAAA), np.int32(0x3F2AAAAB)  # of 2^32; of the float32 number
_EXPONENT = np.int32(-(2**23))  # the bits above the fraction
_CELL, _HALF_CELL = np.float32(2.0**-32), np.float32(2.0**-33)
_0, _1, _HALF, _INTEGER_0 = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.int32(0)
_1_BIT, _2_BITS = np.uint32(1), np.uint32(2)
_TWO_LN2 = np.float32(2.0 * 0.6931471805599453 * 2.0**-23)  # for an exponent in its place, 23 bits up
# -2 ln(1 + f) = -2 f + f^2 (1 + f (S0 + S1 f + ...)), abs(f) <= 1/3; minimax of the relative error, 3.9e-8
_S0, _S1, _S2, _S3 = map(np.float32, (-0.666663599934, 0.500085094229, -0.400261724514, 0.329438306863))
_S4, _S5, _S6 = map(np.float32, (-0.279161145487, 0.302491093333, -0.284540614834))
_TURN, _HALF_TURN = np.float32(6.283185307179586 * 2.0**-34), np.float32(6.283185307179586 * 2.0**-33)
# sin x = x + x z (A0 + A1 z + A2 z^2), cos x = 1 - z/2 + z^2 (B0 + B1 z + B2 z^2), z = x^2, abs(x) <= pi/4; 3.6e-9
_A0, _A1, _A2 = map(np.float32, (-0.166666549437, 0.00833217814491, -0.000195172988878))
_B0, _B1, _B2 = map(np.float32, (0.0416666468668, -0.00138873675298, 2.44384529413e-05))


@formula
def radius(word: Any) -> Any:
    """sqrt(-2 ln u): from 1.53e-5 for the largest word to 6.7637 for 0, float32.

    Parameters
    ----------
    word : uint32
    """
    beyond = word > _TWO_THIRDS
    y = fma32(single(choose(beyond, word ^ _ALL, word)), _CELL, _HALF_CELL)  # u or v
    bits = signed(unsigned(y))
    exponent = (bits - _BITS_OF_TWO_THIRDS) & _EXPONENT
    f = choose(beyond, -y, float_of_bits(bits - exponent) - _1)
    e = choose(beyond, _0, single(exponent))
    s = fma32(f, fma32(f, fma32(f, _S6, _S5), _S4), _S3)
    s = fma32(f, fma32(f, fma32(f, s, _S2), _S1), _S0)
    square = fma32(f * f, fma32(f, s, _1), -(f + f))
    return root32(fma32(-e, _TWO_LN2, square))


@formula
def turned(word: Any) -> tuple[Any, Any, Any]:
    """(c, s, back): cos(2 pi u) and sin(2 pi u) are c and s, float32, of the other sign where the word `back` is 2^31.

    With the first three bits a b c of the word, the nearest quarter of a turn is 2 a + b + c mod 4. It is odd for
    b != c, and 2 or 3 for a != (b and c). What remains is the word without a and b, in two's complement.

    Parameters
    ----------
    word : uint32
    """
    from_b, from_c = word << _1_BIT, word << _2_BITS
    x = fma32(single(signed(from_c)), _TURN, _HALF_TURN)
    z = x * x
    near = fma32(x * z, fma32(z, fma32(z, _A2, _A1), _A0), x)
    far = fma32(z, fma32(z, fma32(z, fma32(z, _B2, _B1), _B0), -_HALF), _1)
    crossed = signed(from_b ^ from_c) < _INTEGER_0
    back = (word ^ (from_b & from_c)) & _FIRST
    return choose(crossed, -near, far), choose(crossed, far, near), back


@formula
def box_muller(first: Any, second: Any) -> tuple[Any, Any]:
    """radius(first) times cosine and sine of the second word: float64 numbers, exact products of two float32 ones."""
    cosine, sine, back = turned(second)
    r = double(float_of_bits(unsigned(radius(first)) ^ back))
    return r * double(cosine), r * double(sine)
