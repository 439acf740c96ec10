"""Mistakes of a TOML file are told in the words of the file, one sentence each, with what is allowed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from particles.base.errors import InputError
from particles.model import cases, load_case
from particles.model.cases.mistakes import mistakes
from particles.model.cases.schema import CaseTable, json_schema
from tests.tables import PLAIN

NORMAL = 'law = "normal"\nm = 1.0\nv = 1'
NUMBER = "a finite number"
BIAS = "a finite number, a vector, a table with edges and values, or 'mean-coupled'; units length/time"

# old text, new text, all that is told
TOLD = [
    ("weight", "weigth", "model.weigth is not known: did you mean weight?"),
    ("bias = 1", 'bias = "b"', f"model.bias = 'b': allowed is {BIAS}"),
    ("bias = 1", 'bias = [1.0, "x"]', f"model.bias[2] = 'x': allowed is {BIAS}"),
    ("bias = 1\n", "", f"model.bias is missing: allowed is {BIAS}"),
    ("v = 1", "v = -1", "model.initial.v = -1: allowed is a positive finite number"),
    ("v = 1", "v = true", "model.initial.v = True: allowed is a positive finite number"),
    ("m = 1.0", "m = inf", f"model.initial.m = inf: allowed is {NUMBER}"),
    ("v = 1", "variance = 1", "model.initial.v is missing: allowed is a positive finite number; "
     "model.initial.variance is not known: allowed are law, m, v"),
    ("tanh", "tahn", "model.drift = 'tahn': allowed is 'identity', 'relu', 'sigmoid', 'tanh', or a table with name ="
     " 'cubic' (gamma), 'power-law' (gamma, mu) or 'lognormal-family' (delta, lam, scale), did you mean tanh?"),
    ('"tanh"', '{name = "cubic", gama = 1.0}', "model.drift.gama is not known: did you mean gamma?"),
    ('"tanh"', '{name = "cubik", gamma = 1.0}', "model.drift.name = 'cubik': allowed are 'cubic', 'power-law',"
     " 'lognormal-family', did you mean cubic?"),
    ('"normal"', '"norml"', "model.initial.law = 'norml': allowed are 'dirac', 'normal', 'uniform',"
     " 'truncated-normal', 'empirical', 'histogram', 'kernel', 'mixture', 'product', 'multivariate-normal',"
     " did you mean normal?"),
    ("weight = -1.0", "weight = {edges = [0.0], valuse = [1.0]}",
     "model.weight.valuse is not known: did you mean values?"),
    ("until = 2", 'until = "2"\ncuont = 5', "run.until = '2': allowed is a positive finite number; "
     "run.cuont is not known: did you mean count?"),
    ("until = 2", "until = 2\ncount = 1.5", "run.count = 1.5: allowed is a positive integer, such as 100000"),
    ("until = 2", "until = 2\ntimes = 3", "run.times = 3: allowed is a list of finite numbers in [0, until]"),
    ("until = 2", "until = 2\n[grid]\ndomain = [1]", "grid.domain = [1]: allowed is two increasing finite numbers,"
     " and with two features a list of two such pairs"),
    ("until = 2", "until = 2\n[gird]\ndomain = [1, 2]", "gird is not known: did you mean grid?"),
    ("[run]\nuntil = 2", "", "run is missing: allowed is a table [run]"),
    (NORMAL, 'law = "kernel"\nfile = 3', "model.initial.file = 3: allowed is the name of a CSV or .npy file,"
     " seen from the TOML file"),
    (NORMAL, 'law = "kernel"\nfile = "a.csv"\ndecimal = "comma"',
     "model.initial.decimal = 'comma': allowed is the decimal mark: '.' or ',' (default: found)"),
    (NORMAL, 'law = "mixture"\ncomponents = [{law = "normal", m = 0.0, vv = 1.0}]\nweights = [1.0]',
     "model.initial.components[1].vv is not known: did you mean v?"),
    ("[model]", 'name = "\\u001b[31m"\n[model]', r"name = '\x1b[31m': allowed is a name of 1 to 200 printable letters"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), TOLD, ids=[new[:40] for _, new, _ in TOLD])
def test_mistakes_are_told_in_the_words_of_the_file(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "own.toml"
    assert PLAIN.count(old) >= 1
    path.write_text(PLAIN.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_case(str(path))
    assert str(caught.value) == f"{path}: {told}"


def table_of(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def spoilt(value: Any, wrong: Any) -> list[Any]:
    """Copies of a nested table in which one value each is another one, is missing, or has a stranger beside it."""
    found: list[Any] = [wrong]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [{**value, key: other} for other in spoilt(inner, wrong)]
            found.append({k: v for k, v in value.items() if k != key})
        found.append({**value, "stranger": 1.0})
    if isinstance(value, list):
        for place, inner in enumerate(value):
            found += [[*value[:place], other, *value[place + 1 :]] for other in spoilt(inner, wrong)]
        found.append([])
    return found


EVERYTHING = """
name = "mine"
[model]
drift = {name = "lognormal-family", delta = 0.5, lam = 1.0, scale = 2.0}
weight = {edges = [0.0, 1.0], values = [-1.0, [[2.0]]]}
bias = [1.0, 2.0]
scaled = true
walls = [0, 7]
nu2 = 1.0
[model.initial]
law = "product"
components = [{law = "kernel", file = "a", column = "b", decimal = ","}, {law = "uniform", low = 0, high = 1},
  {law = "mixture", weights = [1.0], components = [{law = "dirac", point = 0.0}]}]
[run]
until = 2.0
times = [0.0, 1.0]
[grid]
domain = [-7, 9.0]
cells = 99
"""


@pytest.mark.parametrize("wrong", [None, "text", True, -1.5, [], {}, float("nan"), [[["deep"]]]], ids=repr)
def test_no_mistake_is_told_in_the_validators_words(wrong: Any) -> None:
    """Every value of a large file is spoilt in turn: each sentence names a key of the file, and none of pydantic."""
    seen = 0
    for table in spoilt(table_of(EVERYTHING), wrong):
        if not isinstance(table, dict):
            continue
        try:
            CaseTable.model_validate(table)
        except ValidationError as error:
            told = mistakes(table, error.errors())
            seen += 1
            for sentence in told.split("; "):
                assert "union" not in told
                assert "Table" not in told
                assert "Input should" not in told
                assert "something else" not in sentence
    assert seen > 60


@pytest.mark.parametrize(("name", "meant"), [("regresion", "regression"), ("tanh_noise", "tanh-noise")])
def test_a_near_miss_of_a_case_is_told(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean {meant}"):
        cases[name]


def test_json_schema_describes_every_field() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    for table in [schema, *schema["$defs"].values()]:
        assert table["additionalProperties"] is False
        for name, field in table["properties"].items():
            tag = "const" in field or (name in ("law", "name") and "enum" in field)
            assert tag or field.get("description"), (table.get("title"), name)
