#!/usr/bin/env bash
# torch.randn: with the same seed, one more number changes up to sixteen of those before it; torch.rand keeps all.
#
# torch 2.14.1 (numpy 2.4.6, CPython 3.11, Linux x86-64, CPU).
# Guess: a generator's first n numbers are the same however many are drawn, as NumPy's and torch.rand's are.
# Seen: from 16 numbers on, normals are made of uniform ones eight and eight apart in blocks of 16, and where n is no multiple of 16 the last
# 16 are drawn anew. Of 17 numbers one is what it was among 16, of 1000 all but the last 16. Below 16 none is: they go another way. So is
# it in float64 and with normal_. A cloud's noise hangs on its size: draw a multiple of 16, and cut.
# Prints how many of the first n of 4096 numbers come back when n are drawn, normal and uniform; exits 0 if they are these.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
cat >run.py <<'PY'
import torch


def kept(draw, n):
    few, many = (draw(count, generator=torch.Generator().manual_seed(0)) for count in (n, 4096))
    return int((few == many[:n]).sum())


sizes = (15, 16, 17, 32, 33, 1000, 1008)
normal, uniform = ([kept(draw, n) for n in sizes] for draw in (torch.randn, torch.rand))
for n, one, other in zip(sizes, normal, uniform, strict=True):
    print(f"of {n:4}: torch.randn {one:4}, torch.rand {other:4}")
raise SystemExit(normal != [0, 16, 1, 32, 17, 984, 1008] or uniform != list(sizes))
PY
venv/bin/python run.py
