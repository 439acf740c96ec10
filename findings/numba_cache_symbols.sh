#!/usr/bin/env bash
# numba's disk cache: a kernel that is right alone computes another kernel's values once that one was loaded before it.
#
# numba 0.68.1 (llvmlite 0.50.0, numpy 2.4.6, CPython 3.11, Linux x86-64).
# Guess: a cache hit gives the function that was saved, in whatever order one loads them.
# Seen: two processes, one after the other, each cache one specialisation of the same closure. Functions that they call, but that are
# not inlined, get weak symbols numbered by a counter of the process, so both objects define one symbol differently. A third process
# that loads both runs the helper of whichever it loaded first: no warning, cache hits counted, wrong numbers. No race is needed.
# Related: numba issue 10486. Cure used here: symbols are numbered from a random start at each compilation.
# Prints the sums of both kernels, alone and in both orders; exits 0 if the second kernel of a process is wrong in both orders.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
cat >kernels.py <<'PY'
from numba import njit
from numba.extending import register_jitable


@register_jitable
def twice(x):
    return 2.0 * x


@register_jitable
def square(x):
    return x * x


def specialise(f):
    @register_jitable
    def helper(x, out):
        total = 0.0
        for i in range(x.size):
            out[i] = f(x[i])
            total += out[i] * x[i]
        for i in range(x.size):
            out[i] = f(out[i] + total) / (1.0 + f(total))

    @njit(cache=True)
    def kernel(x, out):
        helper(x, out)
        helper(out, x)
        helper(x, out)
        helper(out, x)
        helper(x, out)
        helper(out, x)

    return kernel
PY
cat >run.py <<'PY'
import sys

import numpy as np

import kernels

told = []
for name in sys.argv[1:]:
    kernel = kernels.specialise(getattr(kernels, name))
    x = np.linspace(1.0, 2.0, 5)
    kernel(x, np.zeros(5))
    told.append(f"{name} {x.sum():.12g} ({sum(kernel.stats.cache_hits.values())} hit)")
print("; ".join(told))
PY
export NUMBA_CACHE_DIR="$folder/cache"
run() { venv/bin/python run.py "$@"; }
run twice >/dev/null
run square >/dev/null
one=$(run twice) other=$(run square) first=$(run twice square) second=$(run square twice)
printf '%s\n' "alone:    $one; $other" "together: $first" "together: $second"
[ "$one" != "${other/square/twice}" ] || { echo "the kernels do not differ"; exit 1; }
[ "$first" = "$one; ${one/twice/square}" ] && [ "$second" = "$other; ${other/square/twice}" ]
