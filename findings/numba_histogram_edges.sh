#!/usr/bin/env bash
# numba: np.histogram puts numbers into bins beyond the edges that it returns with them; NumPy does not.
#
# numba 0.68.1 (llvmlite 0.50.0, numpy 2.4.6, CPython 3.11, Linux x86-64).
# Guess: a count is of the numbers between the two edges that come back with it, as NumPy's documentation says.
# Seen: with a number of bins, numba takes floor(bins (x - low)/(high - low)) for the bin and compares with no edge. Both return the same
# edges to the last bit; 0.3, 0.6 and 0.7 lie below edges of their own size, 0.30000000000000004 and so on, and are counted above them.
# Of a cloud on a lattice, of rounded or measured data, whole columns land in the next cell. With an array of edges it is right.
# Prints both counts of 0, 0.1, ..., 1 in ten bins and those between the returned edges; exits 0 if NumPy alone agrees with the last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
cat >run.py <<'PY'
import numba
import numpy as np


def histogram(x):
    return np.histogram(x, 10)


x = np.arange(11) / 10
(theirs, edges), (counts, same) = numba.njit(histogram)(x), histogram(x)
assert np.array_equal(edges, same)
inside = [int(np.sum((low <= x) & (x < high))) for low, high in zip(edges[:-1], edges[1:])]
inside[-1] += int(np.sum(x == edges[-1]))
print("numba        ", *theirs, "\nnumpy        ", *counts, "\nbetween edges", *inside)
raise SystemExit(list(theirs) == inside or list(counts) != inside)
PY
venv/bin/python run.py
