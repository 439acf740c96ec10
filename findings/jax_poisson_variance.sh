#!/usr/bin/env bash
# JAX: the variance of jax.random.poisson is not its mean, from means of a few millions on, with 64-bit numbers enabled too.
#
# JAX 0.10.2, NumPy 2.4.6, CPython 3.11, Linux x86-64.
# Guess: counts that a 32-bit integer holds have the law; beyond 2^24 they may be even.
# Seen: the mean is right, the variance over it 0.91 at 3e6, 0.85 at 1.6e7, 1.46 at 2e7 and 1.65 at 1e9; from 2^24 on all counts are even,
# then multiples of 4 and more. A rejected candidate is told from a good one by the logarithm of its probability, a difference of
# numbers of the size of the mean times its logarithm, which single precision knows to whole units here; jax_enable_x64 changes nothing
# where the mean is a Python number. NumPy has the same from 1e15 on, in double precision (numpy#31986). Nothing warns.
# Prints variance over mean of 4 10^5 draws, standard error 0.0022; exits 0 if JAX's is off by 0.05 and more, NumPy's by less than 0.01.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >run.py <<'PY'
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
COUNT, as_seen = 400_000, True
for mean in (3e6, 1.6e7, 2e7, 1e9):
    theirs = np.asarray(jax.random.poisson(jax.random.key(1), mean, (COUNT,))).astype(np.float64)
    exact = np.random.default_rng(1).poisson(mean, COUNT).astype(np.float64)
    ratios = theirs.var() / mean, exact.var() / mean
    odd = float((theirs % 2).mean())
    print(f"mean {mean:.1e}: variance over mean {ratios[0]:.3f} by JAX, {ratios[1]:.3f} by NumPy; odd by JAX {odd:.2f}")
    as_seen &= abs(ratios[0] - 1) > 0.05 and abs(ratios[1] - 1) < 0.01
raise SystemExit(not as_seen)
PY
JAX_PLATFORMS=cpu venv/bin/python run.py
