"""Checkpoints on disk: rows of numbers that ranks share, and a description; a folder that is there whole or not at all.

A checkpoint is a folder ``step-000000123`` beside the result, in one that ends in ``.checkpoints``:

=============  =======================================  ========================================================
file           holds                                    its sum
=============  =======================================  ========================================================
x.npy          rows of `count` numbers                  sums.npy
sums.npy       sha256 of every row of every block of    meta.json
               x.npy, each begun with the sum of the
               description
case/...       the case's TOML file and measurements    meta.json
meta.json      step, arguments, and what else a         its own line ``sha256``
               program keeps
=============  =======================================  ========================================================

The sums belong to blocks, not to ranks, so that any number of ranks writes, reads and checks its own share.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from particles.base.arrays import Floats
from particles.base.digests import SIZE as DIGEST
from particles.base.digests import block_digests, file_digest, plain_digest, signed, unsigned
from particles.base.errors import InputError
from particles.base.files import draft_of, replace_folder, resolved, sync, write_json
from particles.base.parallel import Ranks
from particles.base.readers import read_json, reading
from particles.base.storage import Part, data_offset, read_rows, reserve, write_rows
from particles.base.terminal import say
from particles.base.watch import Checkpoints

META, FIELD, SUMS = "meta.json", "x.npy", "sums.npy"
_NAMES = {META, FIELD, SUMS, "case"}
KEEP = 2

T = TypeVar("T")


class Portion(Protocol):
    """What of every row lies on this rank: blocks of `block` numbers, the last of a row shorter."""

    @property
    def ranks(self) -> Ranks:
        """Those that share the rows."""

    @property
    def count(self) -> int:
        """Numbers in a row."""

    @property
    def local(self) -> range:
        """Those of this rank."""

    @property
    def block(self) -> int:
        """Numbers of a block."""

    @property
    def blocks(self) -> int:
        """Blocks of a row."""

    def first_block(self, rank: int) -> int:
        """First block of a rank."""


class DamagedError(InputError):
    """A checkpoint is torn, or a sum of it does not fit."""


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


def differing(held: Mapping[str, Any], run: Mapping[str, Any]) -> list[str]:
    """What tells a run from the one that is held, by the names of its description."""
    return [key for key, value in json.loads(json.dumps(run)).items() if key not in held or held[key] != value]


def write(
    checkpoints: Checkpoints, portion: Portion, meta: dict[str, Any], rows: Sequence[Floats], axes: tuple[int, ...]
) -> None:
    """Write a checkpoint of the step ``meta["step"]`` and remove all but the newest two. Collective.

    `rows` are this rank's numbers of every row, of which there are as many as the product of `axes`. StorageError on
    all ranks, if the disk refuses; the older checkpoints are untouched.
    """
    ranks = portion.ranks
    place = Path(checkpoints.folder) / f"step-{meta['step']:09d}"
    draft = ranks.on_first(lambda: draft_of(place))
    try:
        places = ranks.on_first(lambda: _reserve(draft, axes, portion), place)
        key = ranks.on_first(lambda: key_of(meta))
        ranks.together(lambda: _write_share(draft, portion, places, rows, key), place)
        ranks.on_first(lambda: _finish(draft, place, meta, checkpoints.files), place)
    finally:
        if ranks.rank == 0:
            shutil.rmtree(draft, ignore_errors=True)


def _reserve(draft: Path, axes: tuple[int, ...], portion: Portion) -> tuple[int, int]:
    if not draft.parent.is_dir():
        draft.parent.mkdir()
        sync(draft.parent.parent)
    for stale in draft.parent.glob(".step-*.draft"):  # of a job that was killed: this one holds the folder
        shutil.rmtree(stale, ignore_errors=True)
    draft.mkdir()
    sums = (*axes, portion.blocks, DIGEST)
    return reserve(draft / FIELD, (*axes, portion.count)), reserve(draft / SUMS, sums, "|u1")


def _parts(portion: Portion, offsets: tuple[int, int]) -> tuple[Part, Part]:
    block = portion.first_block(portion.ranks.rank)
    numbers = Part(offsets[0], portion.local.start, portion.count)
    return numbers, Part(offsets[1], block, portion.blocks, DIGEST)


def _write_share(draft: Path, portion: Portion, offsets: tuple[int, int], rows: Sequence[Floats], key: bytes) -> None:
    numbers, sums = _parts(portion, offsets)
    write_rows(draft / FIELD, numbers, rows)
    write_rows(draft / SUMS, sums, [_digests(row, portion.block, key) for row in rows])


def key_of(meta: Mapping[str, Any]) -> bytes:
    """What the sums of the rows begin with: the sum of the description, so that neither fits another of its kind."""
    if "format" not in meta:
        return b""  # of a version whose sums were those of the rows alone
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


Check = Callable[[dict[str, Any]], None]
"""Refuses, by an InputError, a description that its program has not written."""


def newest(folder: Path, check: Check) -> tuple[Path, dict[str, Any]]:
    """Newest checkpoint with a whole description and small files, and that description, or InputError; without MPI."""
    for path in complete(folder):
        try:
            return path, description(path, check, check_files=True)
        except DamagedError:
            continue  # told by `first_whole`, once
    result = folder.with_suffix("")
    if result.suffix != folder.suffix and result.exists():
        raise InputError(f"{result} is finished: there is no checkpoint that it could go on from")
    raise InputError(f"{folder} holds no whole checkpoint")


def format_of(folder: Path) -> str | None:
    """What kind of checkpoint the newest is whose description can be read; None without any."""
    for path in complete(folder):
        with suppress(InputError, OSError):
            return str(unsigned(read_json(path / META)).get("format"))
    return None


def first_whole(program: str, checkpoints: Checkpoints, ranks: Ranks, load: Callable[[Path], T]) -> T:
    """What `load` returns of the newest checkpoint that is whole. Collective.

    A damaged one is told in a sentence on stderr and passed over. InputError on all ranks without any.
    """
    folder, damaged = Path(checkpoints.folder), list[Path]()
    for path in ranks.on_first(lambda: complete(folder)):
        try:
            found = ranks.together(lambda path=path: load(path))  # type: ignore[misc]
        except DamagedError as error:
            damaged.append(path)
            if ranks.rank == 0:
                say(program, f"{error}: taking the one before it")
            continue
        if ranks.rank == 0:  # or they would count among those that are kept
            for broken in damaged:
                discard(broken)
        return found
    raise InputError(f"{folder} holds no whole checkpoint", on_all_ranks=True)


def description(path: Path, check: Check, check_files: bool) -> dict[str, Any]:
    """What a checkpoint says of itself; DamagedError where it, or with `check_files` a file, does not have its sum."""
    try:
        meta = unsigned(read_json(path / META))
        check(meta)
        if path.name != f"step-{meta['step']:09d}":
            raise InputError(f"its description is that of step {meta['step']}")
        for name, digest in meta["files"].items() if check_files else ():
            size = (path / name).stat().st_size
            if size != meta.get("sizes", {}).get(name, size) or file_digest(path / name) != digest:
                raise InputError(f"{name} does not have its sum")
    except (InputError, OSError) as error:
        raise DamagedError(f"{path} is damaged: {getattr(error, 'strerror', None) or error}") from error
    return meta


def rows_of(path: Path, portion: Portion, axes: tuple[int, ...], key: bytes) -> list[Floats]:
    """This rank's numbers of every row of a checkpoint; DamagedError where they do not have their sums."""
    rows = [np.empty(len(portion.local)) for _ in range(int(np.prod(axes)))]
    blocks = -(-len(portion.local) // portion.block)
    sums = [np.empty((blocks, DIGEST), dtype=np.uint8) for _ in rows]
    try:
        with reading(path):
            offsets = (
                data_offset(path / FIELD, (*axes, portion.count)),
                data_offset(path / SUMS, (*axes, portion.blocks, DIGEST), "|u1"),
            )
            numbers_part, sums_part = _parts(portion, offsets)
            read_rows(path / FIELD, numbers_part, rows)
            read_rows(path / SUMS, sums_part, sums)
    except InputError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
    for row, expected in zip(rows, sums, strict=True):
        if not np.array_equal(_digests(row, portion.block, key), expected):
            raise DamagedError(f"{path} is damaged: {FIELD} does not have its sums")
    return rows
