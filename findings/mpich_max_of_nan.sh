#!/usr/bin/env bash
# MPICH's Allreduce with MAX or MIN and a NaN on one rank gives the ranks different numbers.
#
# mpich 5.0.2 and mpi4py 4.1.2 (wheels), numpy 2.4.6, 2 to 4 ranks, Linux x86-64.
# Guess: NaN everywhere, or the largest number everywhere; in any case one answer, since Allreduce promises the same result to all.
# Seen: for most places of the NaN some ranks get NaN and others a number, and a number may be another than the true extreme. A step size
# that every rank takes from such a maximum is no longer the same on all ranks. Share "is it finite" as an integer first.
# Prints how many of the cases (operation, ranks, place of the NaN) leave the ranks apart; exits 0 if most do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check mpich==5.0.2 mpi4py==4.1.2 numpy==2.4.6 2>/dev/null
cat >"$folder/reduce.py" <<'PY'
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
for operation in (MPI.MAX, MPI.MIN):
    for place in range(comm.size):
        mine = np.array([np.nan if comm.rank == place else 1.0 + comm.rank])
        found = np.empty(1)
        comm.Allreduce(mine, found, op=operation)
        answers = comm.gather(repr(float(found[0])))
        if comm.rank == 0:
            name = "MAX" if operation == MPI.MAX else "MIN"
            print("apart" if len(set(answers)) > 1 else "one", name, f"NaN on rank {place} of {comm.size}:", *answers)
PY
for ranks in 2 3 4; do
  "$folder/venv/bin/mpirun" -n "$ranks" "$folder/venv/bin/python" "$folder/reduce.py"
done >"$folder/told"
cat "$folder/told"
apart=$(grep -c '^apart' "$folder/told") all=$(grep -c . "$folder/told")
echo "$apart of $all cases leave the ranks with different numbers"
[ "$all" = 18 ] && [ "$apart" -ge 10 ]
