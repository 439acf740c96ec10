#!/usr/bin/env bash
# JAX: one in 2^23 draws of jax.random.rayleigh is infinite.
#
# JAX 0.10.2 (float32), CPython 3.11, Linux x86-64.
# Guess: a draw is finite, as of its neighbours exponential and weibull_min, which keep the uniform number from where the logarithm is not.
# Seen: sqrt(-2 log u) has u = 0 among its 2^23 values, and is infinite there: 6 times in 2^26 draws, so that with ten million particles
# the mean is infinite more often than not. The largest finite value is 5.65. logistic is kept from the infinite, but by a number so
# small that as many of its draws are -87.3, where the others end at -15.9 and 15.9.
# Prints, of 2^26 draws of each, how many are beyond 20, and the ends of the others; exits 0 if rayleigh's are infinite and logistic's
# near -87.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >run.py <<'PY'
import jax
import jax.numpy as jnp

BATCH = 2**22


@jax.jit
def rayleigh(key):
    return jax.random.rayleigh(key, 1.0, (BATCH,))


@jax.jit
def logistic(key):
    return jax.random.logistic(key, (BATCH,))


@jax.jit
def ends(x):
    far = jnp.abs(x) > 20.0
    rest = jnp.where(far, 0.0, x)
    return far.sum(), jnp.where(far, jnp.abs(x), 0.0).max(), rest.min(), rest.max()


found = {}
for draw in (rayleigh, logistic):
    all_ends = [[float(one) for one in ends(draw(key))] for key in jax.random.split(jax.random.key(3), 16)]
    counts, far, low, high = zip(*all_ends)
    found[draw.__name__] = sum(counts), max(far)
    print(f"{draw.__name__}: {sum(counts):.0f} of 2^26 at {max(far):.2f} in size, the others from {min(low):.2f} to {max(high):.2f}")
(infinite, size), (outliers, place) = found["rayleigh"], found["logistic"]
raise SystemExit(not (infinite > 0 and size == float("inf") and outliers > 0 and 87 < place < 88))
PY
JAX_PLATFORMS=cpu venv/bin/python run.py
