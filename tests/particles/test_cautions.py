"""Claims about `particles.cautions`: a step longer than what it must resolve is said, and only then."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles import Collisions, Euler, ExactFlow, Milstein, load, simulate
from particles.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError
from particles.cautions import cautions
from particles.model import IDENTITY, LINEAR, TANH, Model, Normal, Uniform, cases, cubic, piecewise

PULSE = piecewise([0.0, 0.525, 0.575], [0.0, -10.0, 0.0])


def model(**options: Any) -> Model:
    return Model(**{"drift": IDENTITY, "weight": 0.0, "bias": 0.0, "initial": Normal(0.0, 1.0)} | options)


def said(given: Model, scheme: Any, until: float = 1.0) -> tuple[str, ...]:
    return cautions(given, scheme, scheme.levels(given, until, ()))


def test_a_pulse_shorter_than_a_step_is_said_and_the_exact_flow_takes_it_whole() -> None:
    given = model(weight=PULSE)
    assert said(given, Euler(dt=0.1))[0] == "a piece of weight, 0.05 long, is shorter than a step (0.1)"
    assert said(given, Collisions(0.1, "synchronous"))[0].startswith("a piece of weight, 0.05 long")
    assert said(model(bias=PULSE), Milstein(0.1))[0].startswith("a piece of bias, 0.05 long")
    assert said(given, ExactFlow()) == said(given, Euler(dt=0.025)) == ()
    assert said(given, Euler(dt=0.1), until=0.5) == ()  # the pulse lies behind the end
    start, end = (
        simulate(given, ExactFlow(), count=1000, until=1.0, times=(0.0, 1.0)).moments[k, 1, 0] for k in (0, 1)
    )
    assert math.sqrt(end / start) == pytest.approx(0.606531, abs=1e-6)


@pytest.mark.parametrize("begin", [0.525, 0.5, 0.499])
def test_a_pulse_in_a_function_of_time_is_found_wherever_it_lies(begin: float) -> None:
    given = model(weight=lambda t: -8.0 if begin <= t < begin + 0.05 else 0.0)
    (sentence,) = said(given, Euler(dt=0.1))
    assert "weight" in sentence
    assert "step" in sentence
    assert said(given, Euler(dt=0.01)) == ()


@pytest.mark.parametrize(
    "weight", [lambda t: -1.0 - t, lambda t: math.sin(2.0 * math.pi * t), lambda t: -float(t > 0.5)]
)
def test_a_function_that_the_steps_follow_is_no_matter(weight: Any) -> None:
    assert said(model(weight=weight), Euler(dt=0.05)) == ()


def test_a_step_longer_than_the_drifts_own_time_is_said() -> None:
    assert "their product is 2.5" in said(model(drift=TANH, weight=-5.0), Euler(dt=0.5))[0]
    assert said(model(drift=TANH, weight=-5.0), Euler(dt=0.1)) == ()
    assert "where the particles start" in said(model(drift=cubic(1.0)), Euler(dt=0.5))[0]
    assert said(model(drift=cubic(1.0)), Euler(dt=0.01)) == ()
    assert said(model(drift=TANH, weight=-5.0), ExactFlow()) == ()


def test_a_kick_longer_than_the_way_between_walls_is_said_and_an_absurd_one_refused() -> None:
    given = model(initial=Uniform(0.0, 1.0), nu2=1.0, walls=(0.0, 1.0), wall="reflecting")
    assert said(given, Milstein(0.01)) == ()
    assert said(given, Milstein(4.0), 4.0) == (
        "a kick of noise, 2 long, is longer than the distance of the walls (1): it is reflected several times",
    )
    with pytest.raises(InputError, match=r"kick of noise of 1e\+20 between walls 1 apart"):
        said(given, Milstein(1e40), 1e40)
    steep = model(initial=Uniform(1.0, 2.0), nu2=1.0, walls=(1.0, 2.0), wall="reflecting", diffusion=LINEAR)
    assert "2 long" in said(steep, Collisions(1.0, "synchronous"))[0]  # and nothing of 0, which no particle reaches


def test_cautions_do_not_depend_on_units() -> None:
    for s in (2.0**-30, 2.0**30):
        pulse = piecewise([0.0, 0.525 * s, 0.575 * s], np.array([0.0, -30.0, 0.0]) / s)
        given = model(weight=pulse, initial=Uniform(0.0, s), nu2=4.0 * s, walls=(0.0, s), wall="reflecting")
        assert len(said(given, Milstein(s / 2.0), s)) == 3


@pytest.mark.parametrize("name", [name for name in cases if cases[name].model.nu2 == 0.0])
def test_the_cases_own_runs_are_silent(name: str) -> None:
    case = cases[name]
    assert cautions(case.model, Euler(layers=1000), Euler(layers=1000).levels(case.model, case.until, ())) == ()


def test_a_caution_is_on_stderr_and_in_the_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {"drift": '"identity"', "weight": "{edges = [0.0, 0.525, 0.575], values = [0.0, -10.0, 0.0]}", "bias": "0.0"}
    text = "[model]\n" + "".join(f"{key} = {value}\n" for key, value in case.items())
    (tmp_path / "pulse.toml").write_text(text + 'initial = {law = "normal", m = 0.0, v = 1.0}\n[run]\nuntil = 1.0\n')
    out = str(tmp_path / "out")
    argv = ["run", str(tmp_path / "pulse.toml"), "--count", "100", "--dt", "0.1", "--out", out]
    assert command.run("particles", build_parser, argv) == 0
    sentence = "a piece of weight, 0.05 long, is shorter than a step (0.1)"
    assert f"particles: {sentence}\n" in capsys.readouterr().err
    assert load(out).info["cautions"][0] == sentence
    assert command.run("particles", build_parser, ["info", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["info"]["cautions"][0] == sentence
