"""Measurements from files: one column of a table of text, or a row of numbers in a ``.npy`` file.

Nothing is guessed that a file leaves open. A separator is found where one alone gives every row as many fields as the
heading; a decimal comma is read where it is stated, or where the fields are not separated by commas and some number
could have no thousands there. Everything else is refused with its line in the file, counted as an editor does.

The table is read by the standard library's ``csv``, not by pandas: that takes surplus fields for an index or cuts
them, takes words such as NA for numbers that are missing, and knows no lines.
"""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from particles.base.arrays import Floats, as_floats
from particles.base.checks import DECIMAL
from particles.base.errors import InputError
from particles.base.readers import read_bytes, read_npy, reading
from particles.base.terminal import say
from particles.model.laws.empirical import Empirical

SEPARATORS = (",", ";", "\t", "|", " ")
"""A blank stands for any number of blanks."""
MISSING = ("refuse", "drop")
_NO_THOUSANDS = re.compile(r"[+-]?(0?,\d+|\d*,(\d{1,2}|\d{4,}))([eE][+-]?\d+)?", re.ASCII)
_STATED = re.compile(r'"?sep=([,;\t| ])"?', re.IGNORECASE)
_ABSENT = {"", "na", "n/a", "nan", "null", "none", "."}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
LARGEST = 2**30  # bytes of a table of text
Row = tuple[int, list[str]]  # number of the line in the file, fields


@dataclass(frozen=True)
class Dialect:
    """How a table of text is written.

    Parameters
    ----------
    separator : {",", ";", "\\t", "|", " "}, optional
        What stands between two fields; by default it is found.
    decimal : {".", ","}, optional
        The decimal mark; by default a point, and a comma where it can be nothing else.
    missing : {"refuse", "drop"}, default "refuse"
        What to do with a row whose entry is empty or a word for nothing (NA, NaN, null): refuse the file, or leave the
        row out and say which.

    Raises
    ------
    InputError
        If a value is not one of these, or both marks are the same.

    Examples
    --------
    >>> from pathlib import Path
    >>> from particles.model import Dialect, read_measurements
    >>> _ = Path("lengths.txt").write_text("name; length\\na; 1,4\\nb; 6,0\\n")
    >>> read_measurements("lengths.txt", "length", Dialect(separator=";", decimal=","))
    array([1.4, 6. ])
    >>> Dialect(separator=":")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: separator = ':' must be one of ',', ';', '\\t', '|', ' '
    """

    separator: str | None = None
    decimal: str | None = None
    missing: str = "refuse"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("separator", self.separator, (None, *SEPARATORS)),
            ("decimal", self.decimal, (None, ".", ",")),
            ("missing", self.missing, MISSING),
        ):
            if value not in allowed:
                told = ", ".join(repr(one) for one in allowed if one is not None)
                raise InputError(f"{name} = {value!r} must be one of {told}")
        if self.separator == self.decimal == ",":
            raise InputError("separator = ',' and decimal = ',' cannot both hold")


def read_measurements(path: str | Path, column: str | None = None, dialect: Dialect | None = None) -> Floats:
    """Read measurements from a column of a table of text or from a one-dimensional .npy file, in its order; shape (n,).

    Lines that start with ``#`` are comments; the first other line names the columns, or states the separator as
    spreadsheets do (``sep=;``). UTF-8, with or without a byte
    order mark. Rows that are left out on request are told on stderr.

    Parameters
    ----------
    path : path
    column : str, optional
        Name of the column; needed where there are several.
    dialect : Dialect, optional

    Raises
    ------
    InputError
        If the file cannot be read or is no regular file, the column is missing or there twice, a row has more or fewer
        fields than the heading, or an entry is empty, no number or not finite: with its line.

    See Also
    --------
    Dialect : How the table is written.
    kernel_estimate : A law with a density of them.

    Examples
    --------
    >>> from pathlib import Path
    >>> from particles.model import read_measurements
    >>> _ = Path("lengths.csv").write_text("length,width\\n1.4,0.2\\n4.7,1.4\\n")
    >>> read_measurements("lengths.csv", "length")
    array([1.4, 4.7])
    >>> read_measurements("none.csv")
    Traceback (most recent call last):
        ...
    particles.base.errors.InputError: none.csv cannot be read: No such file or directory
    """
    return _read(path, column, None, dialect or Dialect())[0]


def read_labelled(
    path: str | Path, column: str | None, labels: str, dialect: Dialect | None = None
) -> tuple[Floats, list[int] | list[str]]:
    """Read measurements and the labels in another column of the same table, in its order.

    Labels are integers where all of them are, else texts. What is left out on request is left out with its label.

    Parameters
    ----------
    path, column, dialect
        As of `read_measurements`.
    labels : str
        Name of the column of labels.

    Raises
    ------
    InputError
        As `read_measurements`; if the file is no table, or a label is empty.
    """
    return _read(path, column, labels, dialect or Dialect())


def _read(
    path: str | Path, column: str | None, labels: str | None, dialect: Dialect
) -> tuple[Floats, list[int] | list[str]]:
    """Measurements of a file, and the labels beside them where their column is named."""
    path = Path(os.path.expanduser(path))
    values: Floats | list[float]
    found: list[int] | list[str] = []
    dropped: list[int] = []
    if path.suffix == ".npy" and labels is not None:
        raise InputError(f"labels = {labels!r}: {path} is a row of numbers, allowed is a table with such a column")
    if path.suffix == ".npy":
        values = _read_row(path)
    else:
        lines = _lines(_text(path))
        with reading(path):
            values, dropped = _read_column(lines, column, dialect)
            found = [] if labels is None else _read_labels(lines, labels, set(dropped), dialect)
    with reading(path):
        Empirical(values)  # refuses what is no data
    if dropped:
        say("measurements", f"{path}: {_lines_told(dropped)} without a number left out")
    return np.array(values, dtype=np.float64), found


def _read_labels(
    lines: list[tuple[int, str]], column: str, dropped: set[int], dialect: Dialect
) -> list[int] | list[str]:
    names, place, entries = _column(lines, column, dialect)[:3]
    found = []
    for number, text in entries:
        if not text and number not in dropped:
            raise ValueError(f"line {number}, column {names[place]!r} is empty, where a label must stand")
        if number not in dropped:
            found.append(text)
    return [int(text) for text in found] if all(map(_INTEGER.fullmatch, found)) else found


def _lines_told(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"{len(numbers)} row{'s' * (len(numbers) > 1)} (line {shown})"


def _read_row(path: Path) -> Floats:
    values = read_npy(path)
    with reading(path):
        if values.ndim != 1 or values.dtype.kind not in "fiu":
            raise InputError(f"it holds {values.dtype} of shape {values.shape}: allowed is one row of numbers")
        return as_floats(values, "data")


def _text(path: Path) -> str:
    """Text of a file; what is no UTF-8 is told with its line."""
    content = read_bytes(path, LARGEST)
    with reading(path):
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError("it is written in UTF-16: save it as UTF-8")
        for what, place in (("is not written in UTF-8: save it as UTF-8", _first_wrong(content)),
                            ("holds a zero byte: it is no text", content.find(b"\0"))):  # fmt: skip
            if place >= 0:
                line = content.count(b"\n", 0, place) + 1
                raise ValueError(f"line {line} {what}")
        return content.decode("utf-8-sig")


def _first_wrong(content: bytes) -> int:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return -1


def _lines(text: str) -> list[tuple[int, str]]:
    """Lines of a text with their numbers, without comments."""
    numbered = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [(number, line) for number, line in numbered if not line.startswith("#")]


def _read_column(lines: list[tuple[int, str]], column: str | None, dialect: Dialect) -> tuple[list[float], list[int]]:
    """Numbers of a column, and the lines that were left out."""
    names, place, entries, separator = _column(lines, column, dialect)
    decimal = dialect.decimal or _decimal([text for _, text in entries], separator)
    values, dropped = [], []
    for number, text in entries:
        if text.lower() in _ABSENT and dialect.missing == "drop":
            dropped.append(number)
        else:
            values.append(_number(text, f"line {number}, column {names[place]!r}", decimal))
    return values, dropped


def _column(
    lines: list[tuple[int, str]], column: str | None, dialect: Dialect
) -> tuple[list[str], int, list[tuple[int, str]], str]:
    """Names of the columns, the number of one, its entries with their lines, and what separates."""
    stated = _STATED.fullmatch(lines[0][1]) if lines else None  # by a spreadsheet: it is no heading
    lines = lines[1:] if stated else lines
    separator = dialect.separator or (stated[1] if stated else _separator(lines, dialect))
    rows = _rows(lines, separator)
    heading = next((row for row in rows if any(map(str.strip, row[1]))), None)
    if heading is None:
        raise ValueError("it is empty: the first line must name the columns")
    names = [name.strip() for name in heading[1]]
    place = _place(names, column)
    return names, place, list(_entries(rows, names, place, heading[0], separator)), separator


def _rows(lines: list[tuple[int, str]], separator: str) -> Iterator[Row]:
    """Fields of every line; a line without any is a row without fields."""
    if separator == " ":
        yield from ((number, line.split()) for number, line in lines)
        return
    reader = csv.reader((line + "\n" for _, line in lines), delimiter=separator, skipinitialspace=True, strict=True)
    before = 0
    for fields in reader:
        number, line = lines[before]
        yield number, fields if line.strip() else []
        before = reader.line_num


def _separator(lines: list[tuple[int, str]], dialect: Dialect) -> str:
    """The separator that alone fits the heading and every row; a comma for a single column."""
    heading = next((line for _, line in lines if line.strip()), "")
    there = [mark for mark in SEPARATORS[:-1] if mark in heading and mark != dialect.decimal]
    if len(there) > 1:
        fitting = [mark for mark in there if _fits(lines, mark)]
        if len(fitting) != 1:
            looks = " and ".join(map(repr, there))
            raise ValueError(f"its first line holds {looks}: state which is the separator")
        return fitting[0]
    if not there and len(heading.split()) > 1 and _fits(lines, " "):
        return " "
    return there[0] if there else ";" if dialect.decimal == "," else ","


def _fits(lines: list[tuple[int, str]], separator: str) -> bool:
    try:
        lengths = {len(fields) for _, fields in _rows(lines, separator) if fields}
    except csv.Error:
        return False
    return len(lengths) == 1 and lengths != {1}


def _place(names: list[str], column: str | None) -> int:
    """Number of the column; the heading's mistakes are told."""
    if column is None and len(names) == 1:
        column = names[0]
    if names and all(DECIMAL.fullmatch(name) for name in names):
        raise ValueError(f"its first line holds the number {names[0]}, where the names of the columns must stand")
    known = "its columns are " + ", ".join(map(repr, names[:20]))
    if column is None:
        raise ValueError(f"it has more than one column, and none was named: {known}")
    if column not in names:
        folded = {name.casefold(): name for name in names}
        close = difflib.get_close_matches(column.casefold(), folded, n=1)
        hint = f", did you mean {folded[close[0]]!r}?" if close else ""
        looks = [repr(mark) for mark in SEPARATORS if len(names) == 1 and mark in names[0]]
        spread = f"; the separator looks like {looks[0]}" if looks else ""
        raise ValueError(f"it has no column {column!r}: {known}{hint}{spread}")
    if names.count(column) > 1:
        raise ValueError(f"it has {names.count(column)} columns {column!r}: their names must differ")
    return names.index(column)


def _entries(
    rows: Iterator[Row], names: list[str], place: int, first: int, separator: str
) -> Iterator[tuple[int, str]]:
    """Text of a column's entries; an empty line counts where it may be an empty entry."""
    pending: list[int] = []
    for number, fields in rows:
        if not fields:
            pending.append(number)  # empty lines at the end are no entries
            continue
        if len(names) == 1:
            yield from ((empty, "") for empty in pending)
        pending = []
        if len(fields) != len(names):
            counts = f"line {number} has {len(fields)} field{'s' * (len(fields) != 1)}, the first line {len(names)}"
            hint = ": where the comma is the decimal mark, state decimal = ','" if separator == "," else ""
            raise ValueError(counts + (hint if len(fields) > len(names) else ""))
        if [field.strip() for field in fields] == names:
            raise ValueError(f"line {number} repeats the names of the columns of line {first}")
        yield number, fields[place].strip()


def _decimal(texts: list[str], separator: str) -> str:
    """The decimal mark of a column: a comma only where it can be nothing else."""
    commas = [text for text in texts if "," in text]
    if separator == "," or not commas or any("." in text for text in texts if text.lower() not in _ABSENT):
        return "."
    return "," if any(_NO_THOUSANDS.fullmatch(text) for text in commas) else "."


def _number(text: str, where: str, decimal: str) -> float:
    if text.lower() in _ABSENT:
        what = "is empty" if not text else f"holds {text!r}, no number"
        raise ValueError(f"{where} {what}: missing = 'drop' leaves such rows out")
    plain = text
    if decimal == ",":
        if "." in text:
            raise ValueError(f"{where} holds {text!r} where the decimal mark is a comma")
        plain = text.replace(",", ".")
    if not DECIMAL.fullmatch(plain):
        hint = ": where the comma is the decimal mark, state decimal = ','" if decimal == "." and "," in text else ""
        raise ValueError(f"{where} holds {text!r}, which is no number{hint}")
    value = float(plain)
    if not np.isfinite(value):
        raise ValueError(f"{where} holds {text!r}, which is beyond the numbers of double precision")
    return value
