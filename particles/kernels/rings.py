"""Points about circles: an angle and two normal numbers of each, from uniform ones."""

from __future__ import annotations

from typing import Any

from particles import vmath
from particles.base.jit import Formula, kernel


@kernel
def about_circles() -> Formula:
    """Fill out, shape (2, m): radius[i] (cos, sin)(2 pi u[0, i]) plus std times the normal quantiles of u[1:, i]."""

    def loop(u: Any, radius: Any, std: float, out: Any) -> None:
        for i in range(u.shape[1]):
            sine, cosine = vmath.sincos_turns(u[0, i])
            out[0, i] = radius[i] * cosine + std * vmath.normal_quantile(u[1, i])
            out[1, i] = radius[i] * sine + std * vmath.normal_quantile(u[2, i])

    return loop
