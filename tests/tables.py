"""Tables of cases and a script for jobs, shared by tests."""

PLAIN = """
[model]
drift = "tanh"
weight = -1.0
bias = 1
[model.initial]
law = "normal"
m = 1.0
v = 1
[run]
until = 2
"""
RUN_ALL = """
import json, sys
from particles.__main__ import build_parser
from particles.base import command
for argv in json.loads(sys.argv[1]):
    assert command.run("particles", build_parser, argv) == 0, argv
"""
