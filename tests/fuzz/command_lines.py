"""Random command lines: words of every command in any order, and lines that are right but for a word or two."""

from __future__ import annotations

import random

from tests.fuzz.targets import PARSERS

VALUES = (
    "regression",
    "relu",
    "own.toml",
    "fokker-planck",
    "nowhere",
    "",
    ".",
    "..",
    "/",
    "/dev/null",
    "/dev/zero",
    "~",
    "o",
    "a.nc",
    "b.png",
    "no/where",
    "n" * 300,
    "a\nb",
    "a\x1b[31mb",
    "a\udcffb",
    "0",
    "-0",
    "1",
    "2",
    "8",
    "-1",
    "1e1",
    "-1e1",
    "1e-320",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "1_0",
    "9" * 400,
    "1,5",
    "1e308",
    "-1e308",
    "5e-324",
    "4294967296",
    "gaussian",
    "gaussian24",
    "poisson",
    "quantile",
    "30s",
    "1e9h",
    "١",
)


RIGHT = tuple(
    tuple(text.split())
    for text in (
        "particles run regression --count 8 --layers 4 --out new",
        "particles run own.toml --count 8 --exact --times 0 1 --histogram -1 2 4 --start quantile --out new --json",
        "particles run fokker-planck --count 8 --eps 0.5 --clock nanbu --noise uniform --until 0.5 --out new",
        "particles run regression --count 8 --layers 4 --stop-at 2 --out new",
        "particles run regression --count 8 --layers 4 --replace --out o",
        "particles run regression --count 8 --dt 0.5 --resume --max-wall 30s --out new",
        "particles resume o",
        "particles plan regression --count 1e6 --layers 100",
        "particles info o --json",
        "kinetic run regression --cells 20 --until 0.1 --domain -6 8 --out new.nc --json",
        "kinetic run fokker-planck --cells 20 --scheme imex --until 0.1 --residual 1e-3 --out new.nc",
        "kinetic steady fokker-planck",
        "kinetic moments moments-conserved --order 3 --times 0 2 --out new.csv --json",
        "kinetic fit data.csv",
        "validation cases",
        "validation compare o a.nc --json",
        "validation plot o --out new.png",
        "validation plot o a.nc --times 0 --law --out new.svg",
        "validation movie o --fps 2 --out new.gif",
        "validation compare o a.nc --time all --plot new.pdf",
        "validation study layers regression --levels 20 40 80 --count 50 --out new",
        "validation plan regression --tolerance 0.01 --json",
        "validation budget regression",
    )
)


def line(draw: random.Random) -> tuple[str, ...]:
    """A line that is right but for a word or two, or one of words at random."""
    if draw.random() < 0.3:
        return _any_words(draw)
    words = list(draw.choice(RIGHT))
    for _ in range(draw.choice((0, 1, 1, 2, 3))):
        place = draw.randrange(1, len(words) + 1)
        change = draw.randrange(5)
        if change <= 1 and place < len(words):
            words[place] = draw.choice(VALUES)
        elif change == 2 and place < len(words):
            del words[place]
        elif change == 3:
            words.insert(place, draw.choice(VALUES))
        else:
            words[place:place] = [draw.choice(OPTIONS[words[0]]), draw.choice(VALUES)]
    return tuple(words)


def _any_words(draw: random.Random) -> tuple[str, ...]:
    package = draw.choice(list(PARSERS))
    words = [package, draw.choice(COMMANDS[package])]
    if words[-1] == "study":
        words.append(draw.choice(("mean-field", "layers", "grid", "grazing", "nothing")))
    words += [draw.choice(VALUES) for _ in range(draw.choice((0, 1, 1, 1, 2)))]
    for _ in range(draw.choice((0, 1, 2, 3, 5))):
        words.append(draw.choice(OPTIONS[package]))
        words += [draw.choice(VALUES) for _ in range(draw.choice((0, 1, 1, 1, 2, 3)))]
    return (*words, "--out", draw.choice(("o", "new", "a.nc", "b.png", "b.csv", "c.nc")))


def _words() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Commands and options of every package, read from its parsers."""
    commands: dict[str, list[str]] = {}
    options: dict[str, set[str]] = {}
    for package, build in PARSERS.items():
        found: set[str] = set()
        (subs,) = (action for action in build()._actions if action.choices)
        commands[package] = list(subs.choices)  # type: ignore[arg-type]
        left = list(subs.choices.values())  # type: ignore[union-attr]
        while left:
            for action in left.pop()._actions:
                found.update(action.option_strings)
                if isinstance(action.choices, dict):
                    left.extend(action.choices.values())
        options[package] = found
    return commands, {package: sorted(found) for package, found in options.items()}


COMMANDS, OPTIONS = _words()
