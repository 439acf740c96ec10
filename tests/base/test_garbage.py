"""A command looks for cyclic garbage while it works, not while it loads; a script of a user is left alone."""

from __future__ import annotations

import gc
import json
import subprocess
from collections.abc import Callable

import pytest

from particles.base import garbage

STATES = """
import atexit, gc, json, sys, weakref
atexit.register(lambda: print(json.dumps([*states, gc.get_freeze_count() > 1000])))
sys.orig_argv = [sys.executable, *WORDS]
sys.argv[0] = NAME
import particles
states = [gc.isenabled()]
from particles.__main__ import build_parser
from particles.base import command
assert command.run("particles", build_parser, ["info", "nowhere"]) == 2
states += [gc.isenabled(), gc.get_freeze_count() > 1000]
class Node: pass
node = Node()
node.itself, gone = node, weakref.ref(node)
del node
gc.collect()
states.append(gone() is None)
"""


HELD = [False, True, True, True, True]  # off while it is loaded, on and frozen while it works, found, frozen at its end
FREE = [True, True, False, True, False]


@pytest.mark.parametrize(
    ("words", "name", "wanted"),
    [
        (["-W", "error", "-m", "particles"], "-m", HELD),
        (["bin/simresnet", "particles"], "bin/simresnet", HELD),
        (["-m", "validation.gallery"], "-m", FREE),  # has a main of its own, which never calls `release`
        (["-m", "pytest", "-m", "particles"], "pytest/__main__.py", FREE),
        (["script.py"], "script.py", FREE),
    ],
)
def test_a_command_looks_for_garbage_from_its_work_on(
    fresh: Callable[..., subprocess.CompletedProcess[str]], words: list[str], name: str, wanted: list[bool]
) -> None:
    done = fresh("-c", STATES.replace("WORDS", repr(words)).replace("NAME", repr(name)))
    assert "nowhere" in done.stderr
    assert json.loads(done.stdout) == wanted


def test_loading_leaves_it_as_it_was() -> None:
    def load() -> None:
        with garbage.unwatched():
            assert not gc.isenabled()
            raise ImportError

    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            with pytest.raises(ImportError):
                load()
            assert gc.isenabled() is on
        finally:
            gc.enable()
