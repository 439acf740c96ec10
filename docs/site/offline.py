"""Look at built pages: every relative link leads to a file and a place in it, and nothing is loaded from another host.

    python docs/site/offline.py FOLDER

Ends with 1 and one line a fault. A link that a reader may click (`<a href="https://...">`) may leave; a script, a
style, a picture, a font or an `@import` may not.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src", "object": "data"}
TELLS = {"canonical", "next", "prev", "search", "author", "index"}  # relations of <link> that load nothing


class Page(HTMLParser):
    """The links of a page, what it loads, and the names that it can be entered by."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.names |= {found[key] for key in ("id", "name") if key in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif found.get("rel") in TELLS:
            self.links.append(found.get("href", ""))
        elif found.get(LOADS.get(tag, ""), ""):
            self.loads.append(found[LOADS[tag]])


def outside(target: str) -> bool:
    """Whether a target names a host or a scheme; inline data do not."""
    return bool(re.match(r"(?!data:)[a-z]+:|//", target, re.IGNORECASE))


def faults(folder: Path) -> list[str]:
    """One line for each dead link, and for each thing that a page or a style loads from elsewhere."""
    pages = {file.resolve(): Page(file) for file in sorted(folder.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        told = file.relative_to(folder.resolve())
        found += [f"{told}: loads {target}" for target in page.loads if outside(target)]
        for target in page.links + page.loads:
            if outside(target) or target.startswith("data:"):
                continue
            parts = urlsplit(target)
            goal = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if not goal.is_file():
                found.append(f"{told}: {target} leads to no file")
            elif parts.fragment.startswith("/"):  # a script of that page takes it from there
                continue
            elif parts.fragment and goal in pages and unquote(parts.fragment) not in pages[goal].names:
                found.append(f"{told}: {target} leads to no place in its page")
    for style in sorted(folder.rglob("*.css")):
        text = style.read_text(encoding="utf-8")
        loads = re.findall(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""", text)
        found += [f"{style.relative_to(folder)}: loads {target}" for target in loads if outside(target)]
    return found


if __name__ == "__main__":
    told = faults(Path(sys.argv[1]))
    print(*told, sep="\n", end="\n" if told else "")
    sys.exit(1 if told else 0)
