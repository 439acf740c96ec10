"""A training that was stopped or killed goes on to the same bytes, asks nothing twice, and takes no other's place."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from particles import Euler, ExactFlow
from particles.__main__ import build_parser
from particles.base import command
from particles.base.errors import InputError
from particles.base.watch import Checkpoints, Stopped
from particles.checkpoint import complete
from particles.model import TANH, Model, Normal
from particles.training import LBFGS, LM, SGD, Adam, Descent, EnKI, Fit, Method, Moment, Stop, fit, objective
from particles.training.of_particles import Sweep
from particles.training.record import Record

MODEL = Model(drift=TANH, weight=-1.0, bias=1.0, initial=Normal(1.0, 1.0))
METHODS: list[Method] = [LM(), LBFGS(), Adam(0.1), SGD(0.05, batch=40), Descent(1.0), EnKI(4)]


def learnt(method: Method | None = None, folder: Path | None = None, **asked: Any) -> Fit:
    model = asked.pop("model", MODEL)
    given = {"count": 100, "until": 2.0, "start": "quantile", "ridge": 1e-2, "stop": Stop(iterations=6)}
    options = {name: asked.pop(name) for name in ("stop_at", "resume", "every", "leave") if name in asked}
    kept = None if folder is None else Checkpoints(folder, **options)
    target, scheme = asked.pop("target", 2.0), asked.pop("scheme", ExactFlow())
    return fit(model, scheme, Moment(target), method, checkpoints=kept, **(given | asked))


def told(found: Fit) -> dict[str, Any]:
    return {name: value for name, value in found.to_dict().items() if name not in ("seconds", "provenance")}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was worked out, once an evaluation: questions answered by a record are not among it."""
    found: list[str] = []
    before = Sweep.gradient
    monkeypatch.setattr(Sweep, "gradient", lambda self: (found.append("gradient"), before(self))[1])
    for name in ("residuals_and_tangents", "readouts"):
        plain = getattr(objective, name)
        monkeypatch.setattr(objective, name, lambda *given, f=plain, n=name: (found.append(n), f(*given))[1])
    return found


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_a_training_goes_on_to_the_same_bytes_and_asks_nothing_twice(
    tmp_path: Path, asked: list[str], method: Method
) -> None:
    straight = learnt(method)
    all_asked = len(asked)
    asked.clear()
    for stop in (1, 3, 4):
        with pytest.raises(Stopped, match=f"stopped after step {stop}; the checkpoint is in"):
            learnt(method, tmp_path / "c", stop_at=stop, resume=stop > 1)
    found = learnt(method, tmp_path / "c", resume=True)
    assert told(found) == told(straight)
    assert len(asked) == all_asked
    assert found.info["seconds"] > 0.0


def test_signals_write_a_checkpoint_and_end_a_training(tmp_path: Path) -> None:
    def send(number: int, at: int) -> Callable[[Any], None]:
        return lambda point: os.kill(os.getpid(), number) if point.iteration == at else None

    straight = learnt()
    assert told(learnt(folder=tmp_path / "c", tell=send(signal.SIGUSR1, 1))) == told(straight)
    assert len(complete(tmp_path / "c")) == 1  # who stores what was learnt removes it
    (tmp_path / "c").rename(tmp_path / "d")
    with pytest.raises(Stopped):
        learnt(folder=tmp_path / "c", tell=send(signal.SIGTERM, 2))
    assert told(learnt(folder=tmp_path / "c", resume=True)) == told(straight)
    assert told(learnt(folder=tmp_path / "d", resume=True)) == told(straight)


def test_a_training_that_was_killed_goes_on_from_what_it_had_written(tmp_path: Path, asked: list[str]) -> None:
    straight = learnt(Adam(0.1))
    asked.clear()

    def kill(point: Any) -> None:
        if point.iteration == 4:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        learnt(Adam(0.1), tmp_path / "c", every=1e-9, tell=kill)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    newest = complete(tmp_path / "c")[0]
    (newest / "x.npy").write_bytes((newest / "x.npy").read_bytes()[:-8])  # the newest is damaged: the one before holds
    assert told(learnt(Adam(0.1), tmp_path / "c", resume=True)) == told(straight)
    assert len(asked) == len(straight.curve) - 4


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"ridge": 1e-3}, "ridge"),
        ({"target": 2.5}, "to"),
        ({"method": LM(2e-3)}, "method"),
        ({"bounds": {"weight": (-5.0, 0.0)}}, "low, high"),
        ({"stop": Stop(iterations=7)}, "stop"),
        ({"scheme": Euler(layers=4)}, "scheme"),
        ({"count": 101, "seed": 1}, "count, seed"),
        ({"model": Model(drift=TANH, weight=-1.1, bias=1.0, initial=Normal(1.0, 1.0))}, "model"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused(tmp_path: Path, change: dict[str, Any], names: str) -> None:
    with pytest.raises(Stopped):
        learnt(folder=tmp_path / "c", stop_at=2)
    with pytest.raises(InputError, match=f"belongs to another training: it differs in {names}$"):
        learnt(folder=tmp_path / "c", resume=True, **change)
    with pytest.raises(InputError, match="holds an unfinished run: resume it"):
        learnt(folder=tmp_path / "c")


def test_a_record_of_other_questions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a library's next version takes another step: by one unit in the last place here."""
    before = Record.ask

    def ask(self: Record, question: Any, answer: Any) -> Any:
        found = before(self, question, answer)
        self.rows[-1] = np.concatenate([np.nextafter(question, np.inf), self.rows[-1][question.size :]])
        return found

    monkeypatch.setattr(Record, "ask", ask)
    learnt(folder=tmp_path / "c", every=1e-9)
    monkeypatch.undo()
    with pytest.raises(InputError, match="answers another question than number 1: the program, a library or the proc"):
        learnt(folder=tmp_path / "c", resume=True)


def run(*words: object) -> int:
    return command.run("particles", build_parser, list(map(str, words)))


def test_a_command_line_goes_on_and_knows_what_is_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fit"
    words = ["train", "regression", "--target", 2, "--exact", "--count", 100, "--ridge", 0.01, "--out", out]
    assert run(*words, "--stop-at", 3) == 75
    assert "stopped after step 3" in capsys.readouterr().err
    assert run("info", out) == 0
    assert "stopped after step 3" in (shown := capsys.readouterr().out)
    assert "100 particles" in shown
    assert run(*words) == 2
    assert run(*words, "--resume", "--ridge", 0.02) == 2
    assert "another training: it differs in ridge" in capsys.readouterr().err
    assert run("resume", out, "--json") == 0
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record == json.loads((out / "fit.json").read_text())
    assert not (tmp_path / "fit.checkpoints").exists()
    assert run(*words, "--resume", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == record
    assert run(*words, "--resume", "--target", 3) == 2
    assert "fit.json is of another training: it differs in to; give" in capsys.readouterr().err
    assert run("resume", out) == 2
    assert "is finished" in capsys.readouterr().err


def test_a_damaged_checkpoint_has_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fit"
    words = ["train", "regression", "--target", 2, "--exact", "--count", 100, "--out", out]
    assert run(*words, "--stop-at", 3) == 75
    (place,) = complete(tmp_path / "fit.checkpoints")
    whole = (place / "meta.json").read_text()
    for text in (
        whole.replace('"width"', '"height"'),
        whole[:-20],
        whole.replace("simresnet-fit-1", "simresnet-fit-9"),
    ):
        (place / "meta.json").write_text(text)
        capsys.readouterr()
        assert run("resume", out) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "holds no whole checkpoint" in line
    (place / "meta.json").write_text(whole)
    (place / "x.npy").write_bytes(bytes(len((place / "x.npy").read_bytes())))
    assert run("resume", out) == 2
    assert "x.npy" in capsys.readouterr().err
    assert not out.exists()
