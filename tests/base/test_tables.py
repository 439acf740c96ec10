"""Tables for a paper, a page and a spreadsheet: each is read back here by a parser that knows the format alone."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kinetic.__main__ as kinetic_main
from particles.base import command
from particles.base.tables import Cell, Table, of_rows, of_values, rendered
from tests import parsers

TEXTS = st.text(st.characters(codec="ascii", min_codepoint=32), max_size=12).map(lambda text: " ".join(text.split()))
CELLS = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.builds(
        Table, TEXTS, st.tuples(*[TEXTS] * width), st.lists(st.tuples(*[CELLS] * width), max_size=4).map(tuple)
    )
)


def told(cell: Cell) -> str:
    """What a reader should see."""
    if isinstance(cell, bool) or cell is None:
        return {True: "yes", False: "no", None: ""}[cell]
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def of_markdown(text: str) -> tuple[str, list[list[str]], list[bool]]:
    """Title, lines of cells, and which columns are set to the right, of a table in Markdown."""

    def unescaped(part: str) -> str:
        assert not re.search(r"(?<!\\)(\\\\)*[*_`<>$~&\[\]|#]", part), f"a bare mark in {part!r}"
        return re.sub(r"\\(.)", r"\1", part)

    title, empty, *lines = text.split("\n")
    assert empty == ""
    assert title[:2] == title[-2:] == "**"
    found = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    cells = [[cell.removeprefix(" ").removesuffix(" ") for cell in row] for row in found]
    rule = cells.pop(1)
    assert set(rule) <= {"---", "---:"}
    return unescaped(title[2:-2]), [[unescaped(cell) for cell in row] for row in cells], [":" in one for one in rule]


LATEX = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"$\pm$": "+-", "{[}": "[",
} | {"\\" + mark: mark for mark in "#$%&_{}"}  # fmt: skip
TOKEN = re.compile("|".join([*map(re.escape, LATEX), r"\$[^$]*\$", "."]))


def of_latex(text: str) -> tuple[str, list[list[str]], str]:
    """Title, lines of cells and kinds of columns of a table in LaTeX; fails at any mark that is not escaped."""

    def unescaped(part: str) -> str:
        found = []
        for token in TOKEN.findall(part):
            assert token in LATEX or token.startswith("$") or token not in "\\#$%&_{}~^<>|", f"a bare mark in {part!r}"
            found.append(LATEX[token] if token in LATEX else plain(token))
        return "".join(found)

    def plain(token: str) -> str:
        if not token.startswith("$"):
            return token
        power = re.fullmatch(r"\$(-?[\d.]+) \\times 10\^\{(-?\d+)\}\$", token)
        if power:
            return f"{float(f'{power[1]}e{power[2]}'):.6g}"
        assert re.fullmatch(r"\$-?([\d.]+|\\infty)\$", token), token
        return token.strip("$").replace(r"\infty", "inf")

    lines = [line.strip() for line in text.split("\n")]
    assert lines[0].startswith(r"\begin{table}")
    assert lines[-1] == r"\end{table}"
    begin = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[3])
    title = re.fullmatch(r"\\caption\{(.*)\}", lines[2])
    assert begin
    assert title
    assert lines[1] == r"\centering"
    assert [lines[4], lines[6], lines[-3], lines[-2]] == [r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"]
    rows = [line.removesuffix("\\\\") for line in (lines[5], *lines[7:-3])]
    assert not any(row.startswith("[") for row in rows)
    split = [[cell.strip() for cell in re.split(r"(?<!\\)&", row)] for row in rows]
    return unescaped(title[1]), [[unescaped(cell) for cell in row] for row in split], begin[1]


@settings(max_examples=50)
@given(TABLES)
def test_markdown_reads_back(table: Table) -> None:
    title, (heads, *rows), right = of_markdown(rendered([table], "markdown"))
    assert (title, tuple(heads)) == (table.title, table.heads)
    assert rows == [[told(cell) for cell in row] for row in table.rows]
    assert right == [table.of_numbers(k) for k in range(len(table.heads))]


@settings(max_examples=50)
@given(TABLES)
def test_latex_reads_back(table: Table) -> None:
    title, (heads, *rows), kinds = of_latex(rendered([table], "latex"))
    assert (title, tuple(heads)) == (table.title, table.heads)
    assert rows == [[told(cell) for cell in row] for row in table.rows]
    assert kinds == "".join("lr"[table.of_numbers(k)] for k in range(len(table.heads)))


@settings(max_examples=50)
@given(TABLES)
def test_csv_holds_every_digit(table: Table) -> None:
    heads, *rows = csv.reader(io.StringIO(rendered([table], "csv"), newline=""))
    assert tuple(heads) == table.heads
    for found, row in zip(rows, table.rows, strict=True):
        for text, cell in zip(found, row, strict=True):
            assert float(text) == cell if isinstance(cell, float) else text == told(cell)


@pytest.mark.parametrize("bare", ["50 % of", "m_1", "a & b", "x^2", r"\alpha", "{", "~"])
def test_the_parser_of_latex_sees_a_mark_that_is_not_escaped(bare: str) -> None:
    text = rendered([Table("of MARK", ("a",), ((1.0,),))], "latex")
    assert of_latex(text)[0] == "of MARK"
    with pytest.raises(AssertionError):
        of_latex(text.replace("MARK", bare))


def test_numbers_look_as_in_a_paper() -> None:
    table = Table("t", ("x",), ((1.23456789e-5,), (-12.0,), (1e300,), (float("-inf"),), (7,), (float("nan"),)))
    lines = rendered([table], "latex").split("\n")[7:13]
    cells = [line.strip().removesuffix("\\\\").strip() for line in lines]
    assert cells == [r"$1.23457 \times 10^{-5}$", "$-12$", r"$1 \times 10^{300}$", r"$-\infty$", "$7$", ""]


def test_rows_and_values_are_laid_flat() -> None:
    rows = [{"t": 0.0, "mean": [1.0, 2.0], "wall": {"low": [0.5]}}, {"t": 1.0, "mean": [3.0, 4.0]}]
    table = of_rows("m", rows)
    assert table.heads == ("t", "mean[1]", "mean[2]", "wall.low")
    assert table.rows == ((0.0, 1.0, 2.0, 0.5), (1.0, 3.0, 4.0, None))
    assert of_values("v", rows[0]).rows == (("t", 0.0), ("mean[1]", 1.0), ("mean[2]", 2.0), ("wall.low", 0.5))


WITHOUT_TABLES = {
    "validation plot": "draws",
    "validation movie": "draws",
    "simresnet schema": "prints JSON",
    "simresnet completion": "prints a shell script",
}
"""Commands that print no table."""


def test_every_command_that_prints_a_table_has_the_option() -> None:
    """Those that print none are named above: a new command has the option, or says why not."""
    found = parsers.commands()
    assert parsers.unlike(WITHOUT_TABLES, "--format", found) == []
    assert {"particles run", "particles resume", "particles train mnist", "validation study grid"} <= set(found)


def test_a_command_that_forgets_the_option_is_noticed() -> None:
    found = parsers.commands() | {"kinetic new": command.Parser()}
    assert parsers.unlike(WITHOUT_TABLES, "--format", found) == ["kinetic new"]


def test_stdout_holds_the_tables_alone_and_the_text_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("moments", "moments-decay", "--json")

    def moments(*options: str) -> tuple[str, str]:
        assert command.run("kinetic", kinetic_main.build_parser, (*words, *options)) == 0
        out, err = capsys.readouterr()
        return out, err

    text, nothing = moments()
    *lines, answer = text.splitlines(keepends=True)
    assert nothing == ""
    assert moments("--format", "text") == (text, "")
    for form, parse in (("latex", of_latex), ("markdown", of_markdown)):
        out, err = moments("--format", form)
        assert err == "".join(lines), "what is said is the same"
        assert out.endswith(answer), "JSON is last on stdout"
        parts = out.removesuffix(answer).split("\n\n")
        joined = (
            parts if form == "latex" else [f"{a}\n\n{b}".strip() for a, b in zip(parts[::2], parts[1::2], strict=True)]
        )
        heads = [parse(part.strip())[1][0] for part in joined]
        assert heads == [["t", "m1", "m2", "V"], ["notion", "holds", "reason"], ["of the", "level", "t"]]
    out, _ = moments("--format", "csv")
    rows = list(csv.reader(io.StringIO(out.partition("\n\n")[0])))
    assert len(rows) == 10
    assert float(rows[-1][1]) == pytest.approx(0.1353352832366127, rel=1e-14)  # e^-2


def test_a_format_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("kinetic", kinetic_main.build_parser, ("moments", "regression", "--format", "html")) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "--format: invalid choice: 'html' (choose from" in err


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_latex_compiles(tmp_path: Path) -> None:
    marks = "[ \\ ~ ^ < > | +- # $ % & _ { } \" ' `"
    tables = rendered([Table(marks, (marks, "x"), ((marks, 1e-5), ("[a]", None)))], "latex")
    text = f"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{tables}\n\\end{{document}}\n"
    (tmp_path / "t.tex").write_text(text)
    subprocess.run(["pdflatex", "-halt-on-error", "t.tex"], cwd=tmp_path, check=True, timeout=60, capture_output=True)
