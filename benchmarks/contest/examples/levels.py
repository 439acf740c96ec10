"""A contestant in plain Python, without any package: problem "tanh" by levels, which a flow on the line keeps.

Each point carries its level p = F(x): F(t, X_t(x)) = F(0, x). Points move by Runge and Kutta's method of order 4.

    python -m benchmarks.contest export --problem tanh DIR
    python levels.py DIR/tanh.toml 400 50 > out.csv         (points, steps)
    python -m benchmarks.contest score tanh out.csv
"""

import math
import sys
import tomllib
from statistics import NormalDist


def main(path, points, steps):
    """Print a table of the distribution function."""
    with open(path, "rb") as file:
        problem = tomllib.load(file)
    start = NormalDist(problem["start"]["mean"], problem["start"]["deviation"])
    w, b, dt = problem["weight"], problem["bias"], problem["until"] / steps

    def speed(x):
        return math.tanh(w * x + b)

    print("x,cdf")
    for i in range(points + 1):
        x = start.mean + start.stdev * 8.0 * (2.0 * i / points - 1.0)
        level = {0: 0.0, points: 1.0}.get(i, start.cdf(x))
        for _ in range(steps):
            a = speed(x)
            c = speed(x + 0.5 * dt * a)
            d = speed(x + 0.5 * dt * c)
            x += dt / 6.0 * (a + 2.0 * c + 2.0 * d + speed(x + dt * d))
        print(f"{x!r},{level!r}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
