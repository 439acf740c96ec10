"""Checkpoints on disk: the state after a step, the snapshots taken so far, and what the run was asked to do.

Nothing else is needed to go on: every draw is addressed by (seed, replicate, purpose, particle, step). A checkpoint is
a folder ``step-000000123`` that is there whole or not at all:

=============  ============================================  ====================================================
file           holds                                         its sum
=============  ============================================  ====================================================
x.npy          clouds taken and the state, (n + 1, D, M)     sums.npy
sums.npy       sha256 of every row of every block of x.npy,  meta.json
               each begun with the sum of the description
case/...       the case's TOML file and its measurements     meta.json
meta.json      step, moments, variances, counts, arguments   its own line ``sha256``
=============  ============================================  ====================================================

The sums belong to blocks, not to ranks, so that any number of ranks writes, reads and checks its own share.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.digests import SIZE as DIGEST
from particles.base.digests import block_digests, file_digest, plain_digest, signed, unsigned
from particles.base.errors import InputError
from particles.base.files import draft_of, replace_folder, resolved, sync, write_json
from particles.base.jit import fingerprint
from particles.base.readers import read_json, reading
from particles.base.terminal import say
from particles.ensemble import Ensemble, Integers
from particles.storage import Part, data_offset, read_rows, reserve, write_rows
from particles.watch import Checkpoints

META, FIELD, SUMS = "meta.json", "x.npy", "sums.npy"
_NAMES = {META, FIELD, SUMS, "case"}
KEEP = 2
FORMAT = "simresnet-checkpoint-2"


class DamagedError(InputError):
    """A checkpoint is torn, or a sum of it does not fit."""


@dataclass(frozen=True)
class Kept:
    """What a run has kept so far, one item a snapshot; clouds, counts and `left` stay empty where it keeps none.

    `left` counts the particles at or below 0, of a K that vanishes there.
    """

    clouds: list[Floats] = field(default_factory=list)
    moments: list[Floats] = field(default_factory=list)
    variances: list[Floats] = field(default_factory=list)
    counts: list[Integers] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def folder_of(out: str | Path) -> Path:
    """Folder of the checkpoints of a run that is stored in `out`: beside it."""
    out = resolved(out)
    return out.with_name(out.name + ".checkpoints")


def complete(folder: Path) -> list[Path]:
    """Checkpoints in a folder that were written to their end, the newest first."""
    return sorted((path for path in folder.glob("step-*") if path.is_dir()), reverse=True)


def require_none(checkpoints: Checkpoints) -> None:
    """Refuse to start a run anew where an unfinished one left checkpoints."""
    if not checkpoints.resume and complete(Path(checkpoints.folder)):
        raise InputError(f"{checkpoints.folder} holds an unfinished run: resume it, or remove that folder")


def discard(folder: Path) -> None:
    """Remove a checkpoint, or all of a run that is stored."""
    shutil.rmtree(folder, ignore_errors=True)


def write(
    checkpoints: Checkpoints, ensemble: Ensemble, run: Mapping[str, Any], step: int, state: Floats, kept: Kept
) -> None:
    """Write a checkpoint and remove all but the newest two. Collective.

    StorageError on all ranks, if the disk refuses; the older checkpoints are untouched.
    """
    folder = Path(checkpoints.folder)
    place = folder / f"step-{step:09d}"
    draft = ensemble.ranks.on_first(lambda: draft_of(place))
    rows = [row for cloud in (*kept.clouds, state) for row in cloud]
    shape = (len(kept.clouds) + 1, len(state), ensemble.count)
    meta = {
        "format": FORMAT,
        "step": step,
        "clouds": len(kept.clouds),
        "moments": [moments.tolist() for moments in kept.moments],
        "variances": [variances.tolist() for variances in kept.variances],
        "counts": [counts.tolist() for counts in kept.counts],
        "left": kept.left,
        "run": dict(run),
        "arguments": checkpoints.arguments,
        "sources": fingerprint(),
    }
    try:
        places = ensemble.ranks.on_first(lambda: _reserve(draft, shape, ensemble), place)
        key = ensemble.ranks.on_first(lambda: _key(meta))
        ensemble.ranks.together(lambda: _write_share(draft, ensemble, places, rows, key), place)
        ensemble.ranks.on_first(lambda: _finish(draft, place, meta, checkpoints.files), place)
    finally:
        if ensemble.ranks.rank == 0:
            shutil.rmtree(draft, ignore_errors=True)


def _reserve(draft: Path, shape: tuple[int, ...], ensemble: Ensemble) -> tuple[int, int]:
    if not draft.parent.is_dir():
        draft.parent.mkdir()
        sync(draft.parent.parent)
    for stale in draft.parent.glob(".step-*.draft"):  # of a job that was killed: this one holds the folder
        shutil.rmtree(stale, ignore_errors=True)
    draft.mkdir()
    sums = (*shape[:2], ensemble.blocks, DIGEST)
    return reserve(draft / FIELD, shape), reserve(draft / SUMS, sums, "|u1")


def _parts(ensemble: Ensemble, offsets: tuple[int, int]) -> tuple[Part, Part]:
    block = ensemble.first_block(ensemble.ranks.rank)
    clouds = Part(offsets[0], ensemble.local.start, ensemble.count)
    return clouds, Part(offsets[1], block, ensemble.blocks, DIGEST)


def _write_share(draft: Path, ensemble: Ensemble, offsets: tuple[int, int], rows: list[Floats], key: bytes) -> None:
    clouds, sums = _parts(ensemble, offsets)
    write_rows(draft / FIELD, clouds, rows)
    write_rows(draft / SUMS, sums, [_digests(row, ensemble.block, key) for row in rows])


def _key(meta: Mapping[str, Any]) -> bytes:
    """What the sums of the clouds begin with: the sum of the description, so that neither fits another of its kind."""
    if "format" not in meta:
        return b""  # of a version whose sums were those of the clouds alone
    return bytes.fromhex(plain_digest({name: value for name, value in meta.items() if name not in ("files", "sizes")}))


def _digests(row: Floats, block: int, key: bytes) -> Any:
    """sha256 of every block of a row, shape (blocks, 32)."""
    return np.frombuffer(b"".join(block_digests(row, block, key)), dtype=np.uint8).reshape(-1, DIGEST)


def _finish(draft: Path, place: Path, meta: dict[str, Any], files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        (draft / name).write_bytes(content)
        sync(draft / name)
        sync((draft / name).parent)
    meta["files"] = {name: file_digest(draft / name) for name in (SUMS, *files)}
    meta["sizes"] = {name: (draft / name).stat().st_size for name in (SUMS, *files)}
    write_json(draft / META, signed(meta))
    replace_folder(draft, place, _NAMES)
    for older in complete(place.parent)[KEEP:]:
        shutil.rmtree(older, ignore_errors=True)


def newest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Newest checkpoint with a whole description and small files, and that description, or InputError; without MPI."""
    for path in complete(folder):
        try:
            return path, _description(path, check_files=True)
        except DamagedError:
            continue  # told by `load`, once
    raise InputError(f"{folder} holds no whole checkpoint")


def differing(held: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """What tells a run from the one that is held, by the names of its description (`particles.run.Run.describe`)."""
    return [key for key, value in json.loads(json.dumps(run)).items() if key not in held or held[key] != value]


def load(checkpoints: Checkpoints, ensemble: Ensemble, run: Mapping[str, Any]) -> tuple[int, Floats, Kept]:
    """Return step, state and what was kept of the newest whole checkpoint. Collective.

    A damaged one is told in a sentence on stderr and passed over. Without any, or where it belongs to another run,
    InputError on all ranks.
    """
    folder, ranks = Path(checkpoints.folder), ensemble.ranks
    damaged: list[Path] = []
    for path in ranks.on_first(lambda: complete(folder)):
        try:
            found = ranks.together(lambda path=path: _load(path, ensemble, run))  # type: ignore[misc]
        except DamagedError as error:
            damaged.append(path)
            if ranks.rank == 0:
                say("particles", f"{error}: taking the one before it")
            continue
        if ranks.rank == 0:  # or they would count among those that are kept
            for broken in damaged:
                discard(broken)
        return found
    raise InputError(f"{folder} holds no whole checkpoint", on_all_ranks=True)


def _load(path: Path, ensemble: Ensemble, run: Mapping[str, Any]) -> tuple[int, Floats, Kept]:
    meta = _description(path, check_files=ensemble.ranks.rank == 0)
    if names := differing(meta["run"], run):
        raise InputError(f"{path} belongs to another run: it differs in {', '.join(names)}")
    clouds = _clouds(path, ensemble, (meta["clouds"] + 1, run["dim"] * run["neurons"]), _key(meta))
    moments = [np.array(moments, dtype=np.float64) for moments in meta["moments"]]
    unknown = [[np.nan] * len(moments[0]) for moments in meta["moments"]]  # of an older version, which kept none
    variances = [np.array(variances, dtype=np.float64) for variances in meta.get("variances", unknown)]
    counts = [np.array(counts, dtype=np.int64) for counts in meta["counts"]]
    return meta["step"], clouds[-1], Kept(clouds[:-1], moments, variances, counts, meta["left"])


def _description(path: Path, check_files: bool) -> dict[str, Any]:
    from particles.checkpoint_schema import check_description  # pydantic: when a checkpoint is read, not before

    try:
        meta = unsigned(read_json(path / META))
        check_description(meta)
        if path.name != f"step-{meta['step']:09d}":
            raise InputError(f"its description is that of step {meta['step']}")
        for name, digest in meta["files"].items() if check_files else ():
            size = (path / name).stat().st_size
            if size != meta.get("sizes", {}).get(name, size) or file_digest(path / name) != digest:
                raise InputError(f"{name} does not have its sum")
    except (InputError, OSError) as error:
        raise DamagedError(f"{path} is damaged: {getattr(error, 'strerror', None) or error}") from error
    return meta


def _clouds(path: Path, ensemble: Ensemble, shape: tuple[int, int], key: bytes) -> list[Floats]:
    clouds = [np.empty((shape[1], len(ensemble.local))) for _ in range(shape[0])]
    rows = [row for cloud in clouds for row in cloud]
    blocks = -(-len(ensemble.local) // ensemble.block)
    sums = [np.empty((blocks, DIGEST), dtype=np.uint8) for _ in rows]
    try:
        with reading(path):
            offsets = (
                data_offset(path / FIELD, (*shape, ensemble.count)),
                data_offset(path / SUMS, (*shape, ensemble.blocks, DIGEST), "|u1"),
            )
            clouds_part, sums_part = _parts(ensemble, offsets)
            read_rows(path / FIELD, clouds_part, rows)
            read_rows(path / SUMS, sums_part, sums)
    except InputError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
    for row, expected in zip(rows, sums, strict=True):
        if not np.array_equal(_digests(row, ensemble.block, key), expected):
            raise DamagedError(f"{path} is damaged: {FIELD} does not have its sums")
    return clouds
