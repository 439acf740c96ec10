"""Documents agree with each other: one version, and links that lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT

PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)


def dead_links(page: Path) -> list[str]:
    """Relative links of a page in Markdown that lead to no file."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return [target for target in targets if "://" not in target and not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_to_files(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](https://arxiv.org) [nowhere](no/such.md#part)", encoding="utf-8")
    assert dead_links(page) == ["no/such.md"]


def missing_tests(text: str) -> list[str]:
    """Names of test files in a text, `test_some.py`, that no file of the tests has."""
    known = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    return [name for name in re.findall(r"\btest_\w+\.py", text) if name not in known]


@pytest.mark.parametrize("name", ["README.md", "docs/trust.md"])
def test_a_promise_names_tests_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "test_same_bytes.py" in text or "test_locks.py" in text
    assert missing_tests(text) == []


def test_a_missing_test_is_noticed() -> None:
    assert missing_tests("`test_documents.py`, `test_no_such.py`") == ["test_no_such.py"]


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "figures").iterdir()), ids=lambda picture: picture.name)
def test_a_picture_is_shown_and_stands_with_the_command_that_made_it(picture: Path) -> None:
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    assert any(re.search(rf"!\[[^\]]+\]\([^)]*{re.escape(picture.name)}\)", text) for text in texts.values())
    assert any(
        re.search(rf"^ *(python -m|make) .*{re.escape(picture.stem)}", text, re.MULTILINE) for text in texts.values()
    )


def test_one_version_is_cited_changed_and_built() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
