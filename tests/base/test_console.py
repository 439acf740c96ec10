"""The command `simresnet`, values on command lines, and folders that are called like a package."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from particles.base import command
from particles.base.errors import InputError, plain
from particles.model import Dialect, read_measurements
from validation import console

Fresh = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = Path(sys.executable).with_name("simresnet")


def test_command_and_modules_do_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    from validation.__main__ import build_parser

    assert console.main(["validation", "cases"]) == 0
    by_console = capsys.readouterr().out
    assert command.run("validation", build_parser, ["cases"]) == 0
    assert by_console == capsys.readouterr().out != ""


def test_the_command_is_installed(tmp_path: Path) -> None:
    done = subprocess.run([SCRIPT, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("simresnet ")


@pytest.mark.parametrize("argv", [[], ["nothing"], ["completion"], ["completion", "zx"], ["particles", "nothing"]])
def test_mistakes_are_one_sentence(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(argv) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"].keys() == {"name", "model", "run", "grid"}


@pytest.mark.parametrize("shell", console.SHELLS)
def test_completion_knows_the_commands_of_the_packages(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.main(["completion", shell]) == 0
    told = capsys.readouterr().out
    for word in ("particles", "resume", "kinetic", "steady", "validation", "mean-field", "--cells"):
        assert word in told


def test_completion_is_a_shell_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    console.main(["completion", "bash"])
    (tmp_path / "complete").write_text(capsys.readouterr().out)
    subprocess.run(["bash", "-n", tmp_path / "complete"], check=True)


@pytest.mark.parametrize("text", ["-1e1", "-1E+1", "-10.", "-1.0e1", "-.1e2"])
def test_negative_numbers_with_an_exponent_are_values(text: str) -> None:
    from kinetic.__main__ import build_parser

    given = build_parser().parse_args(["run", "regression", "--out", "a.nc", "--domain", text, "1e1"])
    assert given.domain == [-10.0, 10.0]


@pytest.mark.parametrize("text", ["-e1", "-1e", "--1", "-inf"])
def test_what_is_no_negative_number_is_refused(text: str) -> None:
    from kinetic.__main__ import build_parser

    with pytest.raises(InputError):
        build_parser().parse_args(["run", "regression", "--out", "a.nc", "--domain", text, "1e1"])


def test_home_is_spelt_out_in_values(monkeypatch: pytest.MonkeyPatch) -> None:
    from particles.__main__ import build_parser

    monkeypatch.setenv("HOME", "/home/of/nobody")
    given = build_parser().parse_args(["run", "~/case.toml", "--out=~/out"])
    assert (given.case, given.out) == ("/home/of/nobody/case.toml", "/home/of/nobody/out")


def test_an_empty_folder_called_like_a_package_does_not_hide_it(fresh: Fresh, tmp_path: Path) -> None:
    for name in ("particles", "kinetic", "validation"):
        (tmp_path / name).mkdir()
    done = fresh("-m", "validation", "cases", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("module", "hidden"), [("validation", "kinetic"), ("validation", "particles"), ("kinetic", "particles")]
)
@pytest.mark.parametrize("kind", ["package", "module"])
def test_a_package_of_the_same_name_is_told_in_one_sentence(
    fresh: Fresh, tmp_path: Path, module: str, hidden: str, kind: str
) -> None:
    other = tmp_path / (f"{hidden}/__init__.py" if kind == "package" else f"{hidden}.py")
    other.parent.mkdir(exist_ok=True)
    other.touch()
    done = fresh("-m", module, "--help", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{other} hides simresnet's package {hidden}" in done.stderr


@pytest.mark.parametrize("module", ["validation", "kinetic"])
def test_the_command_meets_no_package_of_the_working_folder(tmp_path: Path, module: str) -> None:
    for name in ("particles", "kinetic", "validation"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    script = subprocess.run([SCRIPT, module, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (script.returncode, script.stderr) == (0, "")


def test_text_of_a_file_neither_steers_nor_fills_the_terminal() -> None:
    assert plain("name = '\x1b[31mred\x07'") == r"name = '\x1b[31mred\x07'"
    told = plain(f"bias = {'x' * 1000!r}: the model's bias must be a number, the law's too")
    assert told == f"bias = '{'x' * 28}...{'x' * 28}': the model's bias must be a number, the law's too"
    assert plain(f"the law's {'long ' * 30}sentence, the user's") == f"the law's {'long ' * 30}sentence, the user's"
    assert str(InputError("\x1b")) == r"\x1b"


def test_a_remark_about_a_file_does_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "\x1b[31m"
    folder.mkdir()
    (folder / "a.csv").write_text("a\n1\nNA\n")
    read_measurements(folder / "a.csv", "a", Dialect(missing="drop"))
    told = capsys.readouterr().err
    assert told.startswith("measurements: ")
    assert told.strip().isprintable()
