"""The shell of the command lines: exit codes, one sentence, readers of numbers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from particles.base import command
from particles.base.errors import InputError, NotFiniteError, StorageError


def parser_that(outcome: object) -> command.Parser:
    def execute(arguments: argparse.Namespace) -> int:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome  # type: ignore[return-value]

    parser = command.Parser(prog="prog")
    parser.add_argument("--number", type=command.positive_integer)
    parser.set_defaults(execute=execute)
    return parser


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (0, 0),
        (1, 1),
        (InputError("two\nlines"), 2),
        (NotFiniteError("particle 3"), 3),
        (StorageError("disk"), 5),
        (KeyboardInterrupt(), 130),
    ],
    ids=repr,
)
def test_exit_codes(outcome: object, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("prog", lambda: parser_that(outcome), []) == code
    told = capsys.readouterr()
    assert told.out == ""
    if isinstance(outcome, Exception):
        assert told.err == f"prog: {' '.join(str(outcome).split())}\n"


def test_a_fault_of_the_program_is_one_line_and_no_verdict(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 says that a verdict does not hold: a fault must not look like one."""
    monkeypatch.delenv("SIMRESNET_DEBUG", raising=False)
    assert command.run("prog", lambda: parser_that(ZeroDivisionError("bug\n\x1b")), []) == 70
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"prog: a fault of the program, at {Path(__file__).parent.name}/test_command.py:" in told
    assert r"ZeroDivisionError: bug \x1b; please report" in told
    monkeypatch.setenv("SIMRESNET_DEBUG", "1")
    assert command.run("prog", lambda: parser_that(ZeroDivisionError("bug")), []) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--nothing"], ["--number", "-5"], ["--number"], ["surplus"]])
def test_argument_mistakes_are_one_sentence(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("prog", lambda: parser_that(0), argv) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_only_the_first_rank_speaks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for variable in ("PMI_RANK", "PMIX_RANK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    assert command.run("prog", lambda: parser_that(InputError("bad")), []) == 2
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("1e6", 10**6), ("2.0", 2)])
def test_positive_integers(text: str, number: int) -> None:
    assert command.positive_integer(text) == number


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "nan", "inf", "", "many", "1e300", "1_000", "\u0661", " 7"])
def test_what_is_no_positive_integer(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        command.positive_integer(text)


@pytest.mark.parametrize("text", ["-1", "1.0", str(2**32), "seed", "", "1_0", "\u0661", "\u00b2"])
def test_what_is_no_seed(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        command.seed(text)
    assert command.seed(str(2**32 - 1)) == 2**32 - 1


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "x", "1_0", "1e1_0", "\u0661", "0x1p3", "."])
def test_what_is_no_finite_number(text: str) -> None:
    for reader in (command.finite_float, command.positive_float):
        with pytest.raises(argparse.ArgumentTypeError):
            reader(text)
    with pytest.raises(argparse.ArgumentTypeError):
        command.positive_float("0")


def test_json_is_one_line_and_refuses_nan(capsys: pytest.CaptureFixture[str]) -> None:
    command.print_json({"a": [1, 2]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, 2]}
    with pytest.raises(NotFiniteError, match="JSON has none such"):
        command.print_json({"a": float("nan")})


@pytest.mark.parametrize(
    "words",
    [
        ["case", "--cells", "6", "8", "--out", "x"],
        ["--cells", "6", "8", "case", "--out", "x"],
        ["--out", "x", "--cells", "6", "8", "case"],
        ["--cells", "6", "8", "--out", "x", "case"],
    ],
)
def test_a_word_may_follow_the_numbers_of_an_option(words: list[str]) -> None:
    parser = command.Parser(prog="prog")
    sub = parser.add_subparsers().add_parser("run")
    sub.add_argument("case")
    sub.add_argument("--cells", type=command.positive_integer, nargs="+")
    sub.add_argument("--out")
    told = parser.parse_args(["run", *words])
    assert (told.case, told.cells, told.out) == ("case", [6, 8], "x")
    with pytest.raises(InputError, match="'seven'"):
        parser.parse_args(["run", "case", "--cells", "6", "seven"])
    with pytest.raises(InputError, match="required: case"):
        parser.parse_args(["run", "--cells", "6"])


@pytest.mark.parametrize("wrong", ["nan", "seven"])
def test_a_wrong_number_is_told_of_its_own_option(wrong: str) -> None:
    """Of two options in a row that take numbers, the first does not get the word behind the second."""
    parser = command.Parser(prog="prog")
    sub = parser.add_subparsers().add_parser("run")
    sub.add_argument("case")
    sub.add_argument("--cells", type=command.positive_integer, nargs="+")
    sub.add_argument("--domain", type=command.finite_float, nargs="+")
    with pytest.raises(InputError, match=f"--domain: '{wrong}' must be a finite number"):
        parser.parse_args(["run", "case", "--cells", "6", "--domain", "-4", "4", "-1e3", wrong])
    told = parser.parse_args(["run", "--cells", "6", "--domain", "-4", "4", "case"])
    assert (told.case, told.cells, told.domain) == ("case", [6], [-4.0, 4.0])
