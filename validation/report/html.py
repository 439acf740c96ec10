"""HTML by functions: text is escaped unless it is `Html`, which only these functions and `svg` make."""

from __future__ import annotations

import html
from collections.abc import Sequence

_VOID = frozenset({"br", "input", "link", "meta"})
FINE = "fine"
"""Class of what the filter of a page hides: parts in which every verdict holds."""


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text as markup that shows it; markup as it is."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def tag(name: str, /, *children: str, **attributes: str) -> Html:
    """Element with escaped children and attributes; `class_` stands for class, an underscore for a hyphen."""
    words = [name, *(f'{key.rstrip("_").replace("_", "-")}="{html.escape(v)}"' for key, v in attributes.items())]
    opened = f"<{' '.join(words)}>"
    return Html(opened if name in _VOID else f"{opened}{''.join(map(escape, children))}</{name}>")


def join(parts: Sequence[str]) -> Html:
    """Parts one after the other, a line each."""
    return Html("\n".join(map(escape, parts)))


def paragraph(text: str, **attributes: str) -> Html:
    """A paragraph."""
    return tag("p", text, **attributes)


def fine(held: bool) -> dict[str, str]:
    """Attributes of a part in which every verdict holds, or does not."""
    return {"class_": FINE} if held else {}


def table(
    caption: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    class_: str = "numbers",
    held: Sequence[bool] = (),
) -> Html:
    """A table whose first column heads its rows, in a box that scrolls sideways where the page is narrow.

    `held` says of each row, where it is given, whether every verdict in it holds.
    """
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in headings)))
    lines = (
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", text) for text in row[1:]), **fine(good))
        for row, good in zip(rows, held or [False] * len(rows), strict=True)
    )
    whole = tag("table", tag("caption", caption), head, tag("tbody", join(list(lines))), class_=class_)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def definitions(pairs: Sequence[tuple[str, str]]) -> Html:
    """A list of names and what they are."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs))


def figure(svg: Html, caption: str, **attributes: str) -> Html:
    """A figure with its caption."""
    return tag("figure", svg, tag("figcaption", caption), **attributes)
