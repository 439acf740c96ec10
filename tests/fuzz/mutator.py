"""Mutations of bytes and of folders, drawn by a seeded generator."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

TOKENS = (
    b"-1",
    b"0",
    b"1e999",
    b"-1e-320",
    b"nan",
    b"-inf",
    b"1e400",
    b"9" * 40,
    b"9" * 5000,
    b"18446744073709551616",
    b"0x1",
    b"true",
    b"null",
    b"None",
    b"''",
    b'""',
    b"[",
    b"]",
    b"{",
    b"}",
    b"[" * 2000,
    b'{"a":' * 2000,
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\n",
    b"\r\n",
    b"\t",
    b";",
    b",",
    b".",
    b"\x1b[31m",
    b"a.a." * 500,
    b"(True,)",
    b"(2**64,)",
    b"(1099511627776,)",
    b"|O8",
    b"<f4",
    b">f8",
    b"../../x",
    b"/dev/zero",
    b"1.5.6",
    b"1_0",
    b"1e5",
    b"#",
    b"=",
)
EDGES = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff")


def _flip(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    content[place] ^= 1 << draw.randrange(8)


def _set(content: bytearray, draw: random.Random) -> None:
    place, count = draw.randrange(len(content)), draw.choice((1, 1, 2, 4, 8))
    content[place : place + count] = draw.choice(EDGES) * len(content[place : place + count])


def _insert(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content) + 1)
    content[place:place] = draw.choice(TOKENS)


def _overwrite(content: bytearray, draw: random.Random) -> None:
    place, token = draw.randrange(len(content)), draw.choice(TOKENS)
    content[place : place + draw.choice((len(token), 1, 8))] = token


def _delete(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    del content[place : place + draw.choice((1, 2, 8, 100, len(content)))]


def _cut(content: bytearray, draw: random.Random) -> None:
    del content[draw.randrange(len(content)) :]


def _repeat(content: bytearray, draw: random.Random) -> None:
    place = draw.randrange(len(content))
    part = content[place : place + draw.choice((1, 8, 64, 1000))]
    content[place:place] = part * draw.choice((1, 2, 100))


def _swap(content: bytearray, draw: random.Random) -> None:
    one, two = sorted((draw.randrange(len(content)), draw.randrange(len(content))))
    content[one:one] = content[two : two + 8]
    del content[two + 8 : two + 16]


def _number(content: bytearray, draw: random.Random) -> None:
    """Another digit where there is one."""
    digits = [place for place, byte in enumerate(content[:20_000]) if 48 <= byte <= 57]
    if digits:
        content[draw.choice(digits)] = draw.choice(b"0123456789-.eE")


BYTES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _set,
    _insert,
    _overwrite,
    _delete,
    _cut,
    _repeat,
    _swap,
    _number,
    _number,
)


def mutate(content: bytes, draw: random.Random) -> bytes:
    """One to three mutations of bytes that change something."""
    found = bytearray(content)
    while bytes(found) == content:
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            if found:
                draw.choice(BYTES)(found, draw)
    return bytes(found)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _hole(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(2**41)


PLACES: tuple[Callable[[Path], None], ...] = (Path.unlink, _pipe, _folder, _endless, _loop, _hole)


def spoil(folder: Path, draw: random.Random) -> str:
    """Mutate one file of a folder, or put something else in its place; say which."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = draw.choice(files)
    if draw.random() < 0.03:
        change = draw.choice(PLACES)
        change(path)
        return f"{path.name}: {change.__name__}"
    if draw.random() < 0.02 and len(files) > 1:
        other = draw.choice([file for file in files if file != path])
        shutil.copy(other, path)
        return f"{path.name}: {other.name}"
    path.write_bytes(mutate(path.read_bytes(), draw))
    return path.name
