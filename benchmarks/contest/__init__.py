"""An open contest: problems with certified references, anyone's solvers, errors against seconds.

A problem (`problem`) is plain data, with NumPy and SciPy alone, so that a contestant needs nothing else of ours.
A contestant (`contestant`) turns it into a result (`result`): samples, a distribution function, cell averages or a
density. What the answer is (`references`), how far off a result is (`score`), and how long it took (`run`) are known
to the process that judges, never to the one that solves.
"""
