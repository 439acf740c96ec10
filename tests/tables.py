"""Tables of cases, and the command lines of a job on ranks, shared by tests."""

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
RANKS = (1, 3, 4, 2)  # of the jobs, in their order: the first compiles, what stops in one may go on in a later one
RUN_ALL = """
from particles.base.parallel import world
for code, words in given[str(world().size)]:
    assert run("particles", words) == code, words
"""
