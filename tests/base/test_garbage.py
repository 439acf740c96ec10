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


@pytest.mark.parametrize(
    ("words", "wanted"),  # on while it is loaded, on and frozen while it works, garbage found, frozen at its end
    [(["-m", "particles"], [False, True, True, True, True]), (["script.py"], [True, True, False, True, False])],
)
def test_a_command_looks_for_garbage_from_its_work_on(
    fresh: Callable[..., subprocess.CompletedProcess[str]], words: list[str], wanted: list[bool]
) -> None:
    done = fresh("-c", STATES.replace("WORDS", repr(words)))
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
