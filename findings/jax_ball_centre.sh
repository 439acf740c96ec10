#!/usr/bin/env bash
# JAX: where an exponent is large, jax.random.ball and generalized_normal draw the exact centre, 42 times in 100 at p = 100.
#
# JAX 0.10.2 (float32), CPython 3.11, Linux x86-64.
# Guess: with p = 100 the ball is nearly the square, and the density of a coordinate nearly even between -1 and 1.
# Seen: both take the p-th root of a Gamma variable of shape 1/p, which in single precision is 0 where it is below 1e-38, while its root is
# of order one: at p = 10 that is 2 draws in 10^4, at 20 one in a hundred, at 50 one in six, at 100 two in five. Nothing warns.
# Prints the share of coordinates that are 0; exits 0 if at p = 100 it is above 0.4 for both, and at p = 2 none is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >run.py <<'PY'
import jax

key, shares = jax.random.key(1), {}
for p in (2.0, 10.0, 20.0, 50.0, 100.0):
    ball = jax.random.ball(key, 2, p, shape=(100_000,))
    shares[p] = float((jax.random.generalized_normal(key, p, (100_000,)) == 0).mean()), float((ball == 0).mean())
    print(f"p = {p:g}: generalized_normal {shares[p][0]:.5f}, ball in the plane {shares[p][1]:.5f}")
raise SystemExit(not (min(shares[100.0]) > 0.4 and max(shares[2.0]) == 0))
PY
JAX_PLATFORMS=cpu venv/bin/python run.py
