"""What a release is made of: container recipes that name what is packaged, a workflow, a citation, a changelog."""

from __future__ import annotations

import datetime
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from particles.base import provenance
from tests.paths import ROOT


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


PROJECT: dict[str, Any] = tomllib.loads(text("pyproject.toml"))
VERSION: str = PROJECT["project"]["version"]
NEEDED = {
    "pyproject.toml",
    PROJECT["project"]["readme"],
    *PROJECT["project"]["license-files"],
    *(name.partition(".")[0] for name in PROJECT["tool"]["setuptools"]["packages"]),
}
"""What pip reads when it builds the project."""


def instructions(dockerfile: str) -> list[tuple[str, list[str]]]:
    """Name and words of each instruction."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE)).splitlines()
    return [(line.split()[0], line.split()[1:]) for line in lines if line.strip()]


def parts(recipe: str) -> dict[str, list[str]]:
    """Lines of each section of an Apptainer recipe; its head under ''."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in recipe.splitlines():
        if line.startswith("%"):
            name = line[1:]
            found[name] = []
        elif line.strip() and not line.startswith("#"):
            found[name].append(line.strip())
    return found


def copied(recipe: str) -> set[str]:
    """What a Dockerfile or an Apptainer recipe copies into its image, each below /src under its own name."""
    if recipe.lstrip().startswith("#") and "\n%files" in recipe:
        pairs = [line.split() for line in parts(recipe)["files"]]
        assert all(to == "/src/" for _, to in pairs)
        return {name for name, _ in pairs}
    names: set[str] = set()
    for word, (*sources, to) in instructions(recipe):
        if word == "COPY":
            assert to in ("/src/", f"/src/{sources[0]}")
            names.update(sources)
    return names


@pytest.mark.parametrize("name", ["Dockerfile", "apptainer.def"])
def test_an_image_holds_what_is_packaged_and_nothing_else(name: str) -> None:
    recipe = text(name)
    assert copied(recipe) == NEEDED
    assert copied(recipe.replace("kinetic", "kinetics")) != NEEDED  # the control
    assert all((ROOT / part).exists() for part in copied(recipe))
    extra = re.search(r'"/src\[(\w+)\]"', recipe)
    assert extra is not None
    assert extra[1] in PROJECT["project"]["optional-dependencies"]
    python = re.search(r"python:(3\.\d+)-slim", recipe)
    assert python is not None
    assert f"Programming Language :: Python :: {python[1]}" in PROJECT["project"]["classifiers"]


def test_instructions_of_the_dockerfile_are_known() -> None:
    words = [word for word, _ in instructions(text("Dockerfile"))]
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "CMD"}
    assert set(parts(text("apptainer.def"))) == {"", "files", "post", "runscript"}


def test_the_workflow_runs_what_a_bare_machine_runs() -> None:
    flow = yaml.safe_load(text(".github/workflows/test.yml"))
    job = flow["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    for python in job["strategy"]["matrix"]["python"]:
        assert f"Programming Language :: Python :: {python}" in PROJECT["project"]["classifiers"]


def test_the_citation_has_what_its_format_asks_for() -> None:
    """Required fields and forms of the Citation File Format 1.2.0, its guide to the schema."""
    cited = yaml.safe_load(text("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert cited["cff-version"] == "1.2.0"
    assert cited["type"] == "software"
    assert cited["license"] == PROJECT["project"]["license"]
    assert all({"name"} == set(author) for author in cited["authors"])
    for work in cited["references"]:
        assert {"type", "title", "authors"} <= set(work)
        assert all({"family-names", "given-names"} == set(author) for author in work["authors"])


def released(changelog: str) -> list[tuple[str, str]]:
    """Versions of the changelog, the newest first, with the first line below each."""
    return re.findall(r"^## ([\d.]+)\n\n(.*)$", changelog, flags=re.MULTILINE)


def test_versions_of_the_changelog_are_dated_and_the_newest_is_built_and_cited() -> None:
    changelog = text("CHANGELOG.md")
    assert "\n## Unreleased\n" in changelog
    versions = released(changelog)
    days = [datetime.date.fromisoformat(line.rstrip(".")) for _, line in versions]
    assert days == sorted(days, reverse=True)
    assert versions[0][0] == VERSION
    assert yaml.safe_load(text("CITATION.cff"))["date-released"] == days[0]
    numbers = [tuple(map(int, version.split("."))) for version, _ in versions]
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_record_names_its_commit_whether_that_is_tagged_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e")
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("tag", "-a", "1.0.0", "-m", "1.0.0")
    git("commit", "-q", "--allow-empty", "-m", "two")
    assert git("describe", "--always").startswith("1.0.0-1-g")  # what git says by itself
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "particles" / "base" / "provenance.py"))
    assert provenance._commit.__wrapped__() == git("rev-parse", "--short=12", "HEAD")
