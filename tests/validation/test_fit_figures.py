"""Claims about the figure of a training: its curve and laws are those of the record, and a damaged one is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from particles.__main__ import build_parser as particles_parser
from particles.base import command
from particles.model import cases
from validation import fit_figures
from validation.__main__ import build_parser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fit") / "fit"
    words = ("regression", "--exact", "--start", "quantile", "--count", "200", "--ridge", "1e-2", "--iterations", "9")
    assert command.run("particles", particles_parser, ("train", *words, "--target", "2", "--out", str(out))) == 0
    return out


def plot(*words: str) -> int:
    return command.run("validation", build_parser, ("plot", *words))


def test_a_training_is_drawn_by_what_its_record_holds(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    monkeypatch.setattr(fit_figures, "save_figure", lambda figure, path, *, replace: kept.append(figure))
    assert plot(str(folder), "--out", str(tmp_path / "fit.png")) == 0
    curve, laws = kept[0].axes
    rows = json.loads((folder / "fit.json").read_text())["curve"]
    assert np.array_equal(curve.lines[0].get_ydata(), [row["value"] for row in rows])
    assert np.array_equal(curve.lines[0].get_xdata(), [row["evaluations"] for row in rows])
    before, after, target = laws.lines
    assert [line.get_label() for line in laws.lines] == ["before", "after", "target"]
    assert set(target.get_xdata()) == {2.0}
    peaks = [float(line.get_xdata()[np.argmax(line.get_ydata())]) for line in (before, after)]
    assert peaks[0] == pytest.approx(1.0, abs=0.01)  # -b/w of the case
    assert peaks[1] > 1.1


def test_it_is_written_as_a_picture(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fit.png"
    assert plot(str(folder), "--out", str(out)) == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert plot(str(folder), "--out", str(out)) == 2  # it is there already
    assert "replace" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"curve": []}, "no whole record"),
        ({"curve": [{"value": 1.0}]}, "no whole record"),
        ({"names": ["weight[0]", "bias"]}, "no pair"),
        ({"names": ["weight"]}, "no whole record"),
        ({"until": "soon"}, "no whole record"),
    ],
)
def test_a_damaged_record_is_refused(
    folder: Path, tmp_path: Path, change: dict[str, object], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "fit.json").write_text(json.dumps(json.loads((folder / "fit.json").read_text()) | change))
    assert plot(str(copy), "--out", str(tmp_path / "fit.png")) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "fit.png").exists()


@pytest.mark.parametrize("name", ["regression-2d", "vehicles", "tanh-noise"])
def test_laws_of_every_kind_of_model_can_be_drawn(name: str) -> None:
    case = cases[name]
    found = fit_figures._measure(case.model, 0.5)
    assert found.dim == case.model.dim
    assert found.mass == pytest.approx(1.0, abs=1e-5)
