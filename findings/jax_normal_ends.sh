#!/usr/bin/env bash
# jax.random.normal in its default type: one tail is shorter than the other, and beyond five deviations it has five values.
#
# jax 0.10.2 (jaxlib 0.10.2, numpy 2.4.6, CPython 3.11, Linux x86-64, CPU).
# Guess: float32 has 24 digits, so normals end near 5.4 on both sides, and their sum is symmetric.
# Seen: 23 bits of a word make a number of [-1, 1), of which the inverse error function is taken. So there are 2^23 normals: the lowest
# is -5.41998, the highest 5.22011, and beyond 5 lie three of them below and two above. A cloud of 2^28 has none beyond 5.4200, where
# N(0, 1) has 16, and none above 5.2202, where it has 24. In float64 (jax_enable_x64) it is fine.
# Matters for rare events, largest values of a cloud, and tests of tails: more draws do not help.
# Prints ends, the values beyond 5 and how often each came in 2^28 draws; exits 0 if they are these five.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat >run.py <<'PY'
import jax
import numpy as np

ends = {}
for number in range(16):
    drawn = np.asarray(jax.random.normal(jax.random.fold_in(jax.random.key(0), number), (2**24,)))
    assert drawn.dtype == np.float32
    for value, times in zip(*np.unique(drawn[np.abs(drawn) > 5.0], return_counts=True), strict=True):
        ends[float(value)] = ends.get(float(value), 0) + int(times)
for value in sorted(ends):
    print(f"{value:+.6f} came {ends[value]} times; 32 expected of a value in 2^23")
found = [round(value, 5) for value in sorted(ends)]
raise SystemExit(found != [-5.41998, -5.12469, -5.0128, 5.06092, 5.22011])
PY
venv/bin/python run.py
