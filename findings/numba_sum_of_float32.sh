#!/usr/bin/env bash
# numba: np.mean of 2^25 ones in float32 is 0.5, and their np.var is 0.25; NumPy says 1 and 0 of the same lines.
#
# numba 0.68.1 (llvmlite 0.50.0, numpy 2.4.6, CPython 3.11, Linux x86-64).
# Guess: a function that numba supports gives NumPy's value to a few digits; sums of float32 are added in float64 or in pairs.
# Seen: np.sum adds one float32 after the other, without compensation: it stops growing at 2^24, where 1 is half a last place. np.mean and
# np.var follow it. No warning. The mean of 10^7 normals near 1 differs in its sixth digit. float64, or a sum of
# `x.astype(np.float64)`, is right.
# Prints sum, mean and variance by both; exits 0 if numba's are 2^24, 0.5 and 0.25 and NumPy's are 2^25, 1 and 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
cat >run.py <<'PY'
import numba
import numpy as np


def moments(x):
    return np.sum(x), np.mean(x), np.var(x)


ones = np.ones(2**25, dtype=np.float32)
cloud = 1.0 + 0.1 * np.random.default_rng(0).standard_normal(10**7, dtype=np.float32)
theirs, ours = numba.njit(moments)(ones), moments(ones)
print("2^25 ones: numba", *map(float, theirs), " numpy", *map(float, ours))
print("10^7 normals of mean 1, the mean: numba", float(numba.njit(moments)(cloud)[1]), " numpy", float(np.mean(cloud)))
raise SystemExit(theirs != (2.0**24, 0.5, 0.25) or ours != (2.0**25, 1.0, 0.0))
PY
venv/bin/python run.py
