r"""Tables that commands print for a paper, a page or a spreadsheet: ``--format markdown``, ``latex`` or ``csv``.

A cell is a value, and here alone becomes a text: a number six digits, in CSV all that it has (``repr``, which reads
back as the same number). With one of these formats stdout holds the tables alone, so that ``> table.tex`` is one; what
a command says besides goes to stderr (`diverted`). Nothing here imports numpy, numba or MPI.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

FORMATS = ("text", "markdown", "latex", "csv")
Cell = str | bool | int | float | None
"""None where there is nothing to tell."""

_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "+-": r"$\pm$",
} | {mark: "\\" + mark for mark in "#$%&_{}"}  # fmt: skip
_LATEX_MARK = re.compile("|".join(map(re.escape, sorted(_LATEX, key=len, reverse=True))))
_MARKDOWN_MARK = re.compile(r"([\\`*_\[\]<>|#~&$])")
_stdout: list[TextIO] = []  # that of the process, while what is said goes to stderr


@dataclass(frozen=True)
class Table:
    """A table of values.

    Parameters
    ----------
    title : str
        What it shows, in one line.
    heads : tuple of str
        Heads of the columns.
    rows : tuple of tuples
        Texts, truth values, numbers, or None for nothing; as many in every row as there are heads.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.heads) for row in self.rows), f"table {self.title!r} is ragged"

    def of_numbers(self, column: int) -> bool:
        """True if a column holds numbers, which are set to the right, and no text."""
        cells = [row[column] for row in self.rows if row[column] is not None]
        return bool(cells) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option to a command that prints tables."""
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="of tables; but for text, stdout holds them alone"
    )


@contextlib.contextmanager
def diverted(form: str) -> Iterator[None]:
    """With another format than text, all that is printed goes to stderr, but for what `stdout` is given."""
    if form == "text":
        yield
        return
    _stdout.append(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _stdout.pop()


def stdout() -> TextIO:
    """Where tables and JSON objects go."""
    return _stdout[-1] if _stdout else sys.stdout


def of_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of rows with the same keys; of a list of several they are columns such as ``mean[1]``, of a
    table ``walls.x low``.
    """
    flat = [dict(_flat(row)) for row in rows]
    heads = tuple(dict.fromkeys(key for row in flat for key in row))
    return Table(title, heads, tuple(tuple(row.get(head) for head in heads) for row in flat))


def of_values(title: str, values: Mapping[str, Any]) -> Table:
    """Return the table of values by name, one below the other; lists and tables in them as `of_rows`."""
    return Table(title, ("what", "value"), tuple(_flat(values)))


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Cell]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and len(value) == 1:
        yield from _flat(value[0], name)
    elif isinstance(value, list | tuple):
        for k, part in enumerate(value, 1):
            yield from _flat(part, f"{name}[{k}]")
    else:
        yield name, value


def print_tables(arguments: argparse.Namespace, *tables: Table) -> None:
    """Print tables in the format asked for; text is a command's own, and nothing is done here."""
    if arguments.format != "text" and tables:
        print(rendered(tables, arguments.format), file=stdout(), flush=True)


def rendered(tables: Sequence[Table], form: str) -> str:
    """Return tables as a text, with an empty line between two of them; `form` is "markdown", "latex" or "csv"."""
    return "\n\n".join(_FORMS[form](table) for table in tables)


def plain_number(value: float) -> str:
    """A number as a text of at most six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _told(cell: Cell) -> str:
    """A cell without marks of any format; nothing for what is no number."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return plain_number(cell) if isinstance(cell, int | float) else " ".join(cell.split())


def _markdown(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def text(cell: Cell) -> str:
        return _MARKDOWN_MARK.sub(r"\\\1", _told(cell))

    columns = range(len(table.heads))
    body = [line([text(cell) for cell in row]) for row in table.rows]
    rule = line(["---:" if table.of_numbers(k) else "---" for k in columns])
    return "\n".join([f"**{text(table.title)}**", "", line([text(head) for head in table.heads]), rule, *body])


def _latex(table: Table) -> str:
    kinds = "".join("r" if table.of_numbers(k) else "l" for k in range(len(table.heads)))
    lines = [[_latex_text(head) for head in table.heads], *([_latex_cell(cell) for cell in row] for row in table.rows)]
    head, *body = [f"    {' & '.join(line)} \\\\" for line in lines]
    return "\n".join([
        r"\begin{table}  % needs \usepackage{booktabs}", r"  \centering", f"  \\caption{{{_latex_text(table.title)}}}",
        f"  \\begin{{tabular}}{{{kinds}}}", r"    \toprule", head, r"    \midrule", *body, r"    \bottomrule",
        r"  \end{tabular}", r"\end{table}",
    ])  # fmt: skip


def _latex_text(text: str) -> str:
    told = _LATEX_MARK.sub(lambda found: _LATEX[found[0]], " ".join(text.split()))
    return f"{{[}}{told[1:]}" if told.startswith("[") else told  # else an argument of the \\\\ before it


def _latex_cell(cell: Cell) -> str:
    """A number in mathematics, with its power of ten written out; a text with its marks escaped."""
    told = _told(cell)
    if not told or isinstance(cell, str | bool):
        return _latex_text(told)
    mantissa, mark, power = told.replace("inf", r"\infty").partition("e")
    return f"${mantissa} \\times 10^{{{int(power)}}}$" if mark else f"${mantissa}$"


def _csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([table.heads, *([_exact(cell) for cell in row] for row in table.rows)])
    return out.getvalue().rstrip("\n")


def _exact(cell: Cell) -> str:
    return repr(float(cell)) if isinstance(cell, float) and not math.isnan(cell) else _told(cell)


_FORMS: dict[str, Callable[[Table], str]] = {"markdown": _markdown, "latex": _latex, "csv": _csv}
