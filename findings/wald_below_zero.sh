#!/usr/bin/env bash
# JAX and numba: draws of the inverse Gaussian law, times of first passage of a Brownian motion, are negative where its drift is small.
#
# JAX 0.10.2 (float32), numba 0.68.1 (llvmlite 0.50.0), NumPy 2.4.6, CPython 3.11, Linux x86-64.
# Guess: what NumPy mended in 2025 (numpy#29609, seen with a mean of 10^8) is mended in those who took the method from it.
# Seen: not in numba, neither by a Generator nor by np.random, where a fifth of the draws of mean 10^8 and shape 1 is 0 and a few are
# negative, and with a mean of 10^10 nearly nine in ten are 0. jax.random.wald, in single precision by default, begins 10^4 times
# earlier: with a mean of 10^3 some of 10^5 are negative, with 10^4 a sixth is, and the median is 3.6 where NumPy's and the exact one are
# 2.2. All take the difference of two roots that agree in nearly all digits. Nothing warns; logarithms of such times are NaN.
# Prints of 10^5 draws the shares below 0 and at 0, and the median; exits 0 if NumPy's draws alone are positive in each of the cases.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6 jax==0.10.2 jaxlib==0.10.2
cat >run.py <<'PY'
import jax
import numba
import numpy as np

COUNT = 100_000


@numba.njit
def by_numba(generator, mean):
    return generator.wald(mean, 1.0, COUNT)


def by_numpy(generator, mean):
    return generator.wald(mean, 1.0, COUNT)


def by_jax(_, mean):
    return np.asarray(jax.random.wald(jax.random.key(1), mean, (COUNT,)))


as_seen = True
for mean, draw in ((1e3, by_jax), (1e4, by_jax), (1e8, by_numba), (1e10, by_numba)):
    for one in (draw, by_numpy):
        x = one(np.random.Generator(np.random.PCG64(1)), mean)
        print(f"mean {mean:.0e}, {one.__name__}: {(x < 0).mean():.5f} below 0, {(x == 0).mean():.5f} at 0, median {np.median(x):.3f}")
        as_seen &= bool((x > 0).all()) == (one is by_numpy)
raise SystemExit(not as_seen)
PY
JAX_PLATFORMS=cpu venv/bin/python run.py
