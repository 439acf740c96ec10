"""``python -m benchmarks``: the headline numbers in one run, each beside its target, or a prototype's time ("once").

Timings are not tests: the exit code is 0.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

# modules, not their classes: asv would find a class a second time here
from benchmarks import bench_accuracy, bench_kinetic, bench_particles, bench_peers, bench_ranks, bench_startup


def main() -> None:
    """Measure and print."""
    table = Table(title="one thread, shortest times, both sides of a ratio in turns")
    for column in ("what", "measured", "target"):
        table.add_column(column, justify="left" if column == "what" else "right")

    for kind, title, targets in (
        (bench_peers.TanhLayer, "tanh layer, 2^20 particles: ns a step", {"NumPy": 2, "numba loop": 25}),
        (bench_peers.GaussianLayer, "the step with a Gaussian: ns", {"NumPy": 3, "numba loop": 13}),
    ):
        for who, target in targets.items():
            layer = kind()
            layer.setup(who)
            ns = layer.measure("ours", who)
            if who == "NumPy":
                table.add_row(title, f"{ns['ours']:.2f}", "")
            table.add_row(f"  {who} / ours", _ratio(ns[who], ns["ours"]), f">= {target}")
    law = bench_particles.NoiseLaw()
    law.setup("two-point")
    row = "the step with a two-point noise / without"
    table.add_row(row, f"{law.track_over_none('two-point'):.2f}", "<= 1.4")
    numbers = bench_particles.RandomNumbers()
    numbers.setup()
    table.add_row("Philox: ns a 32-bit word", f"{numbers.track_word():.2f}", "(once 0.63)")
    table.add_row("Philox and Box-Muller: ns a normal", f"{numbers.track_normal():.2f}", "(once 2.3)")
    clock = bench_particles.Clock()
    clock.setup("poisson")
    row = "Poisson clock, eps = 0.01: cost a collision / synchronous"
    table.add_row(row, f"{clock.track_over_synchronous('poisson'):.2f}", "<= 1.4")

    for scheme in ("CWZ", "CW"):
        stage = bench_kinetic.CellStage()
        stage.setup(scheme)
        ns = stage.measure("ours", "numpy")
        table.add_row(f"CWENO3 ({scheme}), 3200 cells: ns a cell, stage", f"{ns['ours']:.2f}", "<= 2.5")
        table.add_row("  NumPy / ours", _ratio(ns["numpy"], ns["ours"]), ">= 12")
    for form in bench_kinetic.FORMS:
        diffusion = bench_kinetic.DiffusionStage()
        diffusion.setup(form)
        ns = diffusion.measure("ours", "without")
        row = f"Fokker-Planck ({form}), 3200 cells: a stage / one of advection"
        table.add_row(row, _ratio(ns["ours"], ns["without"]), "<= 1.6")
    for scheme in bench_accuracy.SCHEMES[:4]:  # py-pde compiles for minutes
        target = bench_accuracy.TimeToError()
        target.setup(scheme)
        row = f"Fokker-Planck to an L1 error of 1e-5: {scheme}, {target.cells} cells"
        table.add_row(row, f"{1e3 * target.measure(scheme):.2f} ms", "")

    pair = bench_ranks.Ranks()
    pair.setup(2)
    one, two = pair.measure((1, pair.count), (2, pair.count))
    table.add_row("tanh sweep, 10^7 particles: one rank / two", _ratio(one, two), ">= 1.9")

    plane = bench_ranks.PlaneRanks()
    plane.setup(2)
    table.add_row("equation in the plane, 1024 x 1024: one rank / two", _ratio(*plane.measure(2)), ">= 1.8")

    for method in ("lm", "lbfgs"):
        learning = bench_ranks.TrainingOnRanks()
        learning.setup(method)
        row = f"learning by {method}, 4 10^5 particles, 100 layers: one rank / two"
        table.add_row(row, _ratio(*learning.measure(method)), ">= 1.9")

    run = bench_startup.FirstRun()
    run.setup()
    table.add_row("particles run, 1000 particles, warm", f"{run.track_warm():.2f} s", "< 2 s")
    table.add_row("particles run, 1000 particles, cold", f"{run.track_cold():.2f} s", "< 15 s")
    run.teardown()
    Console().print(table)


def _ratio(other: float, ours: float) -> str:
    return f"{other / ours:.2f}"


if __name__ == "__main__":
    main()
