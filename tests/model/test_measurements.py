"""Measurements from files: every dialect that is stated or unambiguous, and a sentence with its line for the rest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from particles.base.errors import InputError
from particles.model.measurements import Dialect, read_measurements

COMMA = Dialect(decimal=",")
DROP = Dialect(missing="drop")


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# content, column, dialect, right values; the first ones from public reports, sources in docs/trust.md
READ: dict[str, tuple[str | bytes, str | None, Dialect, list[float]]] = {
    "byte order mark": (b"\xef\xbb\xbflength,id\n1.4,1\n1.6,2\n", "length", Dialect(), [1.4, 1.6]),
    "byte order mark, quoted": (b'\xef\xbb\xbf"length","id"\n"1.4",1\n1.6,2\n', "length", Dialect(), [1.4, 1.6]),
    "byte order mark, comment": (b"\xef\xbb\xbf# of 2020\nlength\n1.4\n", "length", Dialect(), [1.4]),
    "stated comma, one column": ("length\n1,40\n1,60\n", "length", COMMA, [1.4, 1.6]),
    "stated comma, quoted": ('id;length\n1;"1,40"\n', "length", COMMA, [1.4]),
    "semicolon": ("id;length\n1;1.4\n2;1.6\n", "length", Dialect(), [1.4, 1.6]),
    "semicolon, decimal comma": ("id;length\n1;1,4\n2;1,6\n", "length", Dialect(), [1.4, 1.6]),
    "semicolon, decimal comma, exponent": ("id;x\n1;1,4e-3\n2;-,5\n", "x", Dialect(), [0.0014, -0.5]),
    "tab": ("id\tlength\n1\t1,45\n2\t2\n", "length", Dialect(), [1.45, 2.0]),
    "tab, thousands or decimals, stated": ("id\tx\n1\t1,234\n", "x", COMMA, [1.234]),
    "bar": ("id|length\n1|1.4\n", "length", Dialect(), [1.4]),
    "blanks": ("id   length\n 1  1.4\n22  1.6\n", "length", Dialect(), [1.4, 1.6]),
    "a name with a blank": ("petal length\n1.4\n", None, Dialect(), [1.4]),
    "a name with a semicolon": ('id,"a;b"\n1,2\n', "a;b", Dialect(), [2.0]),
    "Windows": ("a,b\r\n1,2\r\n3,4\r\n", "b", Dialect(), [2.0, 4.0]),
    "old Macintosh": ("a,b\r1,2\r3,4\r", "b", Dialect(), [2.0, 4.0]),
    "no last newline": ("a\n1\n2", None, Dialect(), [1.0, 2.0]),
    "empty lines at the end": ("a\n2\n1\n\n \n", None, Dialect(), [2.0, 1.0]),
    "empty lines between rows": ("a,b\n2,1\n\n1,2\n", "a", Dialect(), [2.0, 1.0]),
    "comments between rows": ("# one\na,b\n# two\n2,1\n", "a", Dialect(), [2.0]),
    "blanks after separators": ("a, b\n1, 2\n", "b", Dialect(), [2.0]),
    "dropped": ("a,b\n1,2\n,3\nNA,4\n5,\n", "a", DROP, [1.0, 5.0]),
    "separator stated by a spreadsheet": ("sep=;\na;b\n1;2\n", "b", Dialect(), [2.0]),
    "separator stated, tab": ("SEP=\t\na,c\tb\n1,5\t2\n", "a,c", Dialect(), [1.5]),
    "dropped, one column": ("a\n1\n\nnan\n5\n", None, DROP, [1.0, 5.0]),
}


@pytest.mark.parametrize("name", READ)
def test_stated_and_unambiguous_tables_are_read(tmp_path: Path, name: str) -> None:
    content, column, dialect, right = READ[name]
    np.testing.assert_array_equal(read_measurements(write(tmp_path, content), column, dialect), right)


REFUSED: dict[str, tuple[str | bytes, str | None, Dialect, str]] = {
    "decimal comma": (
        "length\n1,40\n1,60\n",
        "length",
        Dialect(),
        "line 2 has 2 fields, the first line 1: .* decimal = ','",
    ),
    "surplus": ("id,length\n1,1,40\n", "length", Dialect(), "line 2 has 3 fields, the first line 2"),
    "surplus at the end": ("a,b\n1,2\n1,2,\n", "a", Dialect(), "line 3 has 3 fields"),
    "fewer": ("# note\na,b\n1,2\n3\n", "a", Dialect(), "line 4 has 1 field, the first line 2$"),
    "a hole": ("a,b\n1.0,2.0\n,3.0\n", "a", Dialect(), "line 3, column 'a' is empty: missing = 'drop'"),
    "a quoted hole at the end": ('a\n1\n""\n', "a", Dialect(), "line 3, column 'a' is empty"),
    "a hole in one column": ("a\n1\n\n2\n", "a", Dialect(), "line 3, column 'a' is empty"),
    "a word for nothing": ("a\n1\nNA\n", "a", Dialect(), "line 3, column 'a' holds 'NA', no number"),
    "infinite, dropped": ("a\n1\ninf\n", "a", DROP, "line 3, column 'a' holds 'inf'"),
    "all dropped": ("a\nNA\n", "a", DROP, "at least one number"),
    "double heading": ("a,b\n1,2\na,b\n3,4\n", "a", Dialect(), "line 3 repeats the names of the columns of line 1"),
    "two columns of a name": ("a,a\n1,2\n", "a", Dialect(), "2 columns 'a'"),
    "near miss": ("lenght,id\n1,2\n", "length", Dialect(), "its columns are 'lenght', 'id', did you mean 'lenght'"),
    "two marks in the heading": ("a;b,c\n1,2;3\n", "a", Dialect(), "state which is the separator"),
    "wrong separator stated": ("id;length\n1;1.4\n", "length", Dialect(separator=","), "looks like ';'"),
    "thousands or decimals": ("id;x\n1;1,234\n", "x", Dialect(), "'1,234', which is no number: .* state decimal"),
    "near miss in capitals": ("LEN,id\n1,2\n", "len", Dialect(), "did you mean 'LEN'?"),
    "point and comma": ("id;x\n1;1.5\n2;2,5\n", "x", Dialect(), "line 3, column 'x' holds '2,5'"),
    "point where a comma is stated": ("id;x\n1;1.500\n", "x", COMMA, "decimal mark is a comma"),
    "two points": ("x\n1.2.3\n", "x", Dialect(), "line 2"),
    "underscore": ("x\n1_000\n", "x", Dialect(), "'1_000'"),
    "too large": ("x\n1e999\n", "x", Dialect(), "double precision"),
    "UTF-16": ("a\n1\n".encode("utf-16"), "a", Dialect(), "UTF-16"),
    "Latin": (b"a\n1\n# caf\xe9\n", "a", Dialect(), "line 3 is not written in UTF-8"),
    "zero byte": (b"a\n1\n\0\n", "a", Dialect(), "line 3 holds a zero byte"),
    "a number above": ("1.5\n2.5\n", None, Dialect(), "first line holds the number 1.5"),
    "no rows": ("a\n", None, Dialect(), "at least one number"),
    "nothing": ("", None, Dialect(), "first line must name the columns"),
    "no column named": ("a,b\n1,2\n", None, Dialect(), "none was named: its columns are 'a', 'b'"),
    "an open quote": ('a\n"1\n', "a", Dialect(), "data.csv"),
    "a long field": ('a\n"' + "1" * 200_000 + '"\n', "a", Dialect(), "field larger"),
    "control characters": ("a\n\x1b[31m\n", "a", Dialect(), r"\\x1b\[31m"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    content, column, dialect, told = REFUSED[name]
    with pytest.raises(InputError, match=told) as caught:
        read_measurements(write(tmp_path, content), column, dialect)
    assert "data.csv cannot be read: " in str(caught.value)
    assert str(caught.value).isprintable()


def test_rows_left_out_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read_measurements(write(tmp_path, "a,b\n1,2\n,3\n4,5\nNA,\n"), "a", DROP)
    assert "2 rows (line 3, 5) without a number left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [{"separator": "x"}, {"decimal": "'"}, {"missing": "skip"}, {"separator": ",", "decimal": ","}]
)
def test_impossible_dialects_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Dialect(**wrong)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A FIFO without a writer would wait for ever."""
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", tmp_path, "/dev/zero"):
        with pytest.raises(InputError, match=r"no regular file|a directory"):
            read_measurements(path, "a")


def test_home_is_spelt_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a\n1\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_measurements("~/data.csv").tolist() == [1.0]


def test_csv_and_npy_are_read_in_their_order(tmp_path: Path) -> None:
    csv = tmp_path / "data.csv"
    csv.write_text("# a comment\nname,length\na,2.5\nb,1.5\n")
    np.testing.assert_array_equal(read_measurements(csv, "length"), [2.5, 1.5])
    alone = tmp_path / "alone.csv"
    alone.write_text("length\n2\n1\n")
    np.testing.assert_array_equal(read_measurements(alone), [2.0, 1.0])
    np.save(tmp_path / "data.npy", np.array([3, 1, 2]))
    np.testing.assert_array_equal(read_measurements(tmp_path / "data.npy"), [3.0, 1.0, 2.0])


@pytest.mark.parametrize("kind", ["object", "matrix", "text", "nan", "empty-file", "garbage", "torn", "zip"])
def test_bad_npy_is_refused_with_the_files_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.npy"
    arrays = {
        "object": np.array([1.0, None], dtype=object),
        "matrix": np.eye(2),
        "text": np.array(["a"]),
        "nan": np.array([np.nan]),
    }
    if kind in arrays:
        np.save(path, arrays[kind])
    elif kind == "empty-file":
        path.write_bytes(b"")
    elif kind == "garbage":
        path.write_bytes(b"\x93NUMPY\x01\x00garbage")
    elif kind == "torn":
        np.save(path, np.arange(100.0))
        path.write_bytes(path.read_bytes()[:-8])
    else:
        with path.open("wb") as stream:
            np.savez(stream, a=np.arange(3.0))
    with pytest.raises(InputError, match=r"data\.npy"):
        read_measurements(path)


@pytest.mark.parametrize("name", ["missing.csv", "missing.npy", "."])
def test_missing_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read_measurements(tmp_path / name, "a")
