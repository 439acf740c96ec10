"""Whatever a file holds, a reader returns its content or raises one InputError that names it."""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles.base import readers
from particles.base.errors import InputError
from particles.model import load_case
from particles.model.measurements import read_measurements


def npy(shape: object, descr: str = "'<f8'", order: bool = False, data: bytes = b"") -> bytes:
    """An .npy file of format 1.0 whose header says what it likes."""
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


JSON = {
    "empty": b"",
    "half": b"{",
    "list": b"[1]",
    "number": b"3",
    "no-utf8": b"\xff",
    "deep": b'{"a":' * 100_000,
    "deep-lists": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "overflow": b'{"a": 1e999}',
    "long-integer": b'{"a": ' + b"9" * 5000 + b"}",
    "surrogate-half": b'{"a": "\xed\xa0\x80"}',
}
TOML = {
    "half": b"a = ",
    "no-utf8": b"\xff\xfe",
    "deep": b"a = " + b"[" * 100_000,
    "key-of-many-parts": b"a" + b".a" * 100_000 + b" = 1",
    "quoted-key-of-many-parts": b"'a'" + b' . "a"' * 100_000 + b" = 1",
    "header-of-many-parts": b"[a" + b".a" * 100_000 + b"]",
    "long-integer": b"a = " + b"9" * 5000,
    "date": b"a = 0000-00-00",
    "zero-byte": b"a = 1\0",
}
NPY = {
    "empty": b"",
    "magic-only": b"\x93NUMPY",
    "header-of-one-byte": b"\x93NUMPY\x01\x00\x01\x00{",
    "no-header": b"\x93NUMPY\x01\x00\x76\x00",
    "format-9": b"\x93NUMPY\x09\x00" + npy("(1,)", data=bytes(8))[8:],
    "huge-length": npy("(18446744073709551616,)"),
    "boolean-length": npy("(True,)", data=bytes(8)),
    "negative-length": npy("(-1,)", data=bytes(8)),
    "float-length": npy("(1.0,)", data=bytes(8)),
    "eight-terabytes": npy("(1099511627776,)", data=bytes(8)),
    "product-that-overflows": npy("(4294967296, 4294967296, 4294967296)"),
    "too-short": npy("(2,)", data=bytes(8)),
    "too-long": npy("(1,)", data=bytes(16)),
    "objects": npy("(1,)", descr="'|O'", data=b"cos\nsystem\n(S'true'\ntR."),
    "structured": npy("(1,)", descr="[('a', '<f8')]", data=bytes(8)),
    "text": npy("(1,)", descr="'<U2'", data=bytes(8)),
    "complex": npy("(1,)", descr="'<c16'", data=bytes(16)),
    "no-type": npy("(1,)", descr="'<q9'", data=bytes(8)),
    "list-of-types": npy("(1,)", descr="[" * 200 + "]" * 200, data=bytes(8)),
    "nan": npy("(1,)", data=b"\xff" * 8),
    "plane": npy("(1, 2)", data=bytes(16)),
    "no-shape": npy("1", data=bytes(8)),
    "a-zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
def test_json_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.json"):
        readers.read_json(tmp_path / "a.json")


@pytest.mark.parametrize("content", TOML.values(), ids=TOML)
def test_toml_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.toml"):
        load_case(str(tmp_path / "a.toml"))


@pytest.mark.parametrize("content", NPY.values(), ids=NPY)
def test_npy_that_is_none_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy"):
        read_measurements(tmp_path / "a.npy")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "endless", "zero-byte-in-its-name"])
@pytest.mark.parametrize("ending", ["json", "toml", "npy", "csv"])
@pytest.mark.timeout(10)  # a pipe would hang
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind in ("device", "endless"):
        path.symlink_to("/dev/null" if kind == "device" else "/dev/zero")
    elif kind == "zero-byte-in-its-name":
        path = tmp_path / f"a\0.{ending}"
    read: dict[str, Callable[[str], Any]] = {"json": readers.read_json, "toml": load_case}
    with pytest.raises(InputError, match="cannot be read"):
        read.get(ending, read_measurements)(str(path))


def test_large_text_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a.toml").open("wb") as stream:
        stream.truncate(2**40)  # a hole
    with pytest.raises(InputError, match="at most 16777216"):
        readers.read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i8", "|u1", "|b1"])
def test_right_array_is_read_and_mapped(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    array = np.array(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2, dtype=dtype)
    np.save(tmp_path / "a.npy", array)
    for found in (readers.read_npy(tmp_path / "a.npy"), readers.map_npy(tmp_path / "a.npy", shape, dtype)):
        assert (found.shape, found.dtype) == (shape, np.dtype(dtype))
        np.testing.assert_array_equal(found, array)
    with pytest.raises(InputError, match="allowed is"):
        readers.map_npy(tmp_path / "a.npy", (*shape, 1), dtype)


def test_right_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = [1, 2.5]  # " + b"." * 200 + b"\n")
    (tmp_path / "a.json").write_text('{"a": [1, 2.5, "ä"]}')
    assert readers.read_toml(tmp_path / "a.toml") == {"a": [1, 2.5]}
    assert readers.read_json(tmp_path / "a.json") == {"a": [1, 2.5, "ä"]}
    assert readers.read_text("/proc/self/comm")  # a file that says it is empty


def test_plain_parsers_fail_otherwise() -> None:
    """The control: what the readers catch is no ValueError of a parser alone."""
    with pytest.raises(RecursionError):
        tomllib.loads(TOML["deep"].decode())
    with pytest.raises((OverflowError, ValueError, TypeError, MemoryError)):
        np.lib.format.read_array(io.BytesIO(NPY["huge-length"]), allow_pickle=False)
