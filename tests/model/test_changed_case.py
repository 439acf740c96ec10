"""A case changed by ``--set`` is the case of a file with these values: the same model, sentences, copy and bytes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import kinetic.__main__ as kinetic_main
import particles.__main__ as particles_main
from particles.base import command
from particles.base.errors import InputError
from particles.model import Case, Normal, cases, load_case
from particles.model.cases.changed import settings_of
from particles.model.cases.copy import case_files, case_of, load_copy
from particles.model.cases.write import toml_value
from particles.trajectory import load
from tests import parsers
from tests.tables import PLAIN


def told(case: Case) -> dict[str, Any]:
    """All of a case but its name and what papers say of it."""
    points = None if case.samples is None else case.samples.points.tolist()
    return {
        "model": case.model.describe(), "until": case.until, "times": case.times, "domain": case.domain,
        "cells": case.cells, "count": case.count, "layers": case.layers, "points": points, "target": case.target,
    }  # fmt: skip


@pytest.mark.parametrize("name", cases)
def test_a_value_that_a_case_has_already_changes_nothing(name: str) -> None:
    """Every case by name goes through the text of a file, to the last bit; another value is seen."""
    case = cases[name]
    same = load_case(name, {"run.count": case.count})
    assert told(same) == told(case)
    assert (same.name, same.notes) == (f"{name}, run.count={case.count}", case.notes)
    assert told(load_case(name, {"run.count": 7})) == told(case) | {"count": 7}


# word of the command line, text of the file and what stands in its place
CHANGES = [
    ("model.weight=-2.5", "weight = -1.0", "weight = -2.5"),
    ("model.drift=relu", '"tanh"', '"relu"'),
    ('model.drift="relu"', '"tanh"', '"relu"'),
    ("model.drift={name = 'cubic', gamma = 0.5}", '"tanh"', '{name = "cubic", gamma = 0.5}'),
    ("model.weight={edges = [0.0, 1.0], values = [-1.0, 2.0]}", "= -1.0",
     "= {edges = [0.0, 1.0], values = [-1.0, 2.0]}"),
    ("model.initial.v=0.25", "v = 1", "v = 0.25"),
    ("model.initial={law='uniform', low=0, high=1}", 'law = "normal"\nm = 1.0\nv = 1',
     'law = "uniform"\nlow=0\nhigh=1'),
    ("grid.domain=[-3, 4.5]", "until = 2", "until = 2\n[grid]\ndomain = [-3, 4.5]"),
    # and mistakes
    ("model.weigth=1", "bias = 1", "bias = 1\nweigth=1"),
    ("model.initial.v=-1", "v = 1", "v = -1"),
    ("model.drift=tahn", '"tanh"', '"tahn"'),
    ("run.count=1.5", "until = 2", "until = 2\ncount = 1.5"),
    ("gird.cells=3", "until = 2", "until = 2\n[gird]\ncells = 3"),
    ("run.times=[0.0, 3.0]", "until = 2", "until = 2\ntimes = [0.0, 3.0]"),
    ("model.initial.m=2026-01-01", "m = 1.0", "m = 2026-01-01"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "old", "new"), CHANGES, ids=[word[:40] for word, _, _ in CHANGES])
def test_a_change_is_what_a_file_with_it_is(tmp_path: Path, word: str, old: str, new: str) -> None:
    base, written = tmp_path / "base.toml", tmp_path / "written.toml"
    base.write_text(PLAIN)
    written.write_text(PLAIN.replace(old, new, 1))

    def outcome(path: Path, settings: dict[str, Any] | None, label: str) -> Any:
        try:
            return told(load_case(str(path), settings))
        except InputError as error:
            return str(error).removeprefix(f"{label}: ")

    found = outcome(base, settings_of([word]), f"{base}, changed")
    assert found == outcome(written, None, str(written))
    assert found != told(load_case(str(base)))
    assert str(tmp_path) not in str(found), "a sentence begins with the name of the file"


def test_items_of_lists_are_counted_from_one(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    two = 'law = "mixture"\nweights = [0.5, 0.5]\ncomponents = [{law="dirac", point=0.0}, {law="normal", m=0.0, v=1.0}]'
    path.write_text(PLAIN.replace('law = "normal"\nm = 1.0\nv = 1', two))
    case = load_case(str(path), {"model.initial.components[2].m": 3.0})
    assert case.model.initial.components[1] == Normal(3.0, 1.0)  # type: ignore[union-attr]
    assert case.name == "own, model.initial.components[2].m=3.0"


REFUSED = [
    ("model.weight", "--set 'model.weight': allowed is KEY=VALUE, such as model.weight=-2"),
    ("=3", "--set '=3': allowed is KEY=VALUE, such as model.weight=-2"),
    ("model..weight=3", "--set 'model..weight=3': allowed is KEY=VALUE, such as model.weight=-2"),
    ("model.weight=", "--set model.weight=: '' is no value of TOML, such as -2, [0.0, 1.0] or a word"),
    ("model.weight=1,5", "--set model.weight=1,5: '1,5' is no value of TOML, such as -2, [0.0, 1.0] or a word"),
    ("model.weight=1\nx = 2", "--set model.weight=1\nx = 2: '1\\nx = 2' is no value of TOML, such as -2, [0.0, 1.0]"
     " or a word"),
    ("model.weight.edges=[0.0]", "model.weight.edges: model.weight = -1.0 is no table: set model.weight as a whole"),
    ("model.weight[1]=3", "model.weight[1]: model.weight = -1.0 is no list"),
    ("run.times[4]=3", "run.times[4]: run.times has 3 items: allowed are 1 to 3"),
    ("run.times[0]=3", "run.times[0]: run.times has 3 items: allowed are 1 to 3"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "sentence"), REFUSED, ids=[word for word, _ in REFUSED])
def test_what_leads_nowhere_is_refused_in_one_sentence(
    word: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run("kinetic", kinetic_main.build_parser, ("steady", "regression", "--set", word)) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"kinetic: {' '.join(sentence.split())}\n")


def test_a_key_is_given_once() -> None:
    with pytest.raises(InputError, match=r"--set model.weight is given twice: allowed is once"):
        settings_of(["model.weight=1", "model.weight=1"])


@pytest.mark.parametrize("value", ['é 😀 \x7f " \\', 1e-300, -2, True, [[1.0], [2.5]], {"law": "dirac", "point": 0.1}])
def test_a_value_is_written_as_toml_reads_it(value: Any) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_a_name_that_would_be_too_long_tells_that_there_are_changes() -> None:
    case = load_case("moments-decay", {"run.times": [0.001 * k for k in range(100)]})
    assert case.name == "moments-decay, changed"
    assert load_case("moments-decay", {"name": "mine", "model.weight": -3.0}).name == "mine"


def unpacked(place: str, files: dict[str, bytes], folder: Path) -> Case:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return load_copy(folder, place)


def test_the_copy_of_a_changed_case_is_that_case(tmp_path: Path) -> None:
    """Of a name with measurements, and of a file whose measurements lie elsewhere and are changed for others."""
    settings = {"model.weight": -0.5}
    assert told(unpacked(*case_files("iris", settings), tmp_path / "1")) == told(load_case("iris", settings))
    (tmp_path / "data").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "data" / name).write_text(f"x\n{ord(name[0])}.0\n1.5\n")
    own = tmp_path / "cases" / "own.toml"
    own.parent.mkdir()
    own.write_text(PLAIN.replace('law = "normal"\nm = 1.0\nv = 1', 'law = "empirical"\nfile = "../data/a.csv"'))
    settings = {"model.initial.file": "../data/b.csv"}
    place, files = case_files(str(own), settings)
    copied = unpacked(place, files, tmp_path / "2")
    assert told(copied) == told(load_case(str(own), settings))
    assert copied.samples is not None
    assert copied.samples.points.tolist() == [98.0, 1.5]
    assert not any(name.endswith("a.csv") for name in files)


def test_a_control_keeps_the_targets_of_a_changed_case() -> None:
    case = load_case("two-clusters", {"run.layers": 10})
    assert case.target is cases["two-clusters"].target is not None


def run(*words: str) -> int:
    return command.run("particles", particles_main.build_parser, ("run", *words, "--count", "300", "--layers", "8"))


def test_a_changed_run_is_the_run_of_the_file_stopped_or_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes; the record says what was changed and holds it as a file; resume and --resume agree, another is refused."""
    written = tmp_path / "regression.toml"
    written.write_text(case_files("regression", {"model.weight": -2.0})[1]["case/regression.toml"].decode())
    change = ("regression", "--set", "model.weight=-2.0", "--out", str(tmp_path / "changed"))
    assert run(str(written), "--out", str(tmp_path / "written")) == 0
    assert run(*change, "--stop-at", "3") == 75
    assert run(*change, "--resume") == 0
    assert run(*change, "--resume") == 0
    assert "this run is finished" in capsys.readouterr().out
    stopped = ("regression", "--set", "model.weight=-2.0", "--out", str(tmp_path / "stopped"), "--stop-at", "5")
    assert run(*stopped) == 75
    assert command.run("particles", particles_main.build_parser, ("resume", str(tmp_path / "stopped"))) == 0
    changed, plain, carried = (load(tmp_path / name) for name in ("changed", "written", "stopped"))
    assert changed.digests() == plain.digests() == carried.digests()
    assert changed.info["case"] == carried.info["case"] == "regression, model.weight=-2.0"
    for record in (changed, carried):
        case = case_of(record.info)
        assert case is not None
        assert told(case) == told(load_case("regression", {"model.weight": -2.0}))
    assert run(*change[:2], "model.weight=-3.0", *change[3:], "--resume") == 2
    assert "differs in model" in capsys.readouterr().err


def test_a_horizon_set_alone_ends_the_stored_times_as_the_option_does() -> None:
    """`regression` stores 0, 1, 2; where both are set they must fit, and a later horizon leaves them."""
    assert load_case("regression", {"run.until": 1.5}).times == (0.0, 1.0, 1.5)
    assert load_case("regression", {"run.until": 1.0}).times == (0.0, 1.0)
    assert load_case("regression", {"run.until": 3}).times == (0.0, 1.0, 2.0)
    with pytest.raises(InputError, match=r"run.times = \[0.0, 2.0\] must lie in \[0, 1.0\]"):
        load_case("regression", {"run.until": 1.0, "run.times": [0.0, 2.0]})


WITHOUT_SET = {
    "particles resume": "goes on with the case that its checkpoint holds",
    "particles info": "reads a record",
    "particles evaluate": "reads a record, which holds what was set",
    "kinetic resume": "goes on with the case that its checkpoint holds",
    "kinetic info": "reads a record",
    "kinetic fit": "takes measurements, and finds the case",
    "validation cases": "lists the cases as they are",
    "validation compare": "reads records, of any two cases",
    "validation plot": "reads records",
    "validation movie": "reads records",
    "validation network": "reads a record, which holds what was set",
    "validation gallery": "runs exhibits, whose numbers are foretold for their own cases",
    "simresnet schema": "tells what a case may hold, of none",
    "simresnet completion": "tells words",
}
"""Commands that no case can be changed for, and why."""


def test_every_command_that_takes_a_case_can_change_it() -> None:
    """Those that cannot are named above with the reason: a new command has the option, or says why not."""
    found = parsers.commands()
    assert parsers.unlike(WITHOUT_SET, "--set", found) == []
    for words in WITHOUT_SET:
        assert not any("case" in (action.dest, str(action.metavar).lower()) for action in found[words]._actions), words
    assert {"particles train circles", "particles train mnist", "validation study grid", "validation all"} <= set(found)


def test_a_command_that_forgets_the_option_is_noticed() -> None:
    bare = command.Parser()
    bare.add_argument("case", metavar="CASE")
    assert parsers.unlike(WITHOUT_SET, "--set", parsers.commands() | {"validation new": bare}) == ["validation new"]
    assert parsers.unlike({**WITHOUT_SET, "validation gone": ""}, "--set", parsers.commands()) == ["validation gone"]
