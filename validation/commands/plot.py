"""`python -m validation plot RECORD`: draw a particle run or a solution."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from particles.base import command
from particles.base.errors import InputError


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    plot = commands.add_parser("plot", help="draw a record", description=execute.__doc__)
    plot.add_argument("record", metavar="DIR|FILE.nc")
    plot.add_argument("--out", required=True, metavar="FILE.png")
    plot.add_argument("--cloud", metavar="DIR", help="particle run to draw over a record of the plane")
    command.add_replace(plot)
    plot.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Draw the clouds of a particle run, the densities of a solution over its exact or steady law, or a training.

    A solution in the plane is drawn with its marginals, its walls and, if wanted, a cloud over it; a training by its
    objective, and by the laws before and after over the target; a network of two inputs by its samples and layers.
    """
    from particles.base.files import check_output_file

    check_output_file(arguments.out, ".png", replace=arguments.replace)
    path = Path(arguments.record)
    if path.suffix == ".nc":
        _draw_solution(path, arguments)
    elif arguments.cloud is not None:
        raise InputError(f"--cloud is drawn over a record of the plane: {path} is none")
    elif (path / "fit.json").is_file():
        from validation.fit_figures import draw_fit

        draw_fit(path, Path(arguments.out), replace=arguments.replace)
    elif (path / "network.json").is_file():
        from validation.network_figures import draw_network

        draw_network(path, Path(arguments.out), replace=arguments.replace)
    else:
        _draw_run(path, arguments)
    print(f"drawn in {arguments.out}")
    return 0


def _draw_run(path: Path, arguments: argparse.Namespace) -> None:
    from particles.trajectory import load as load_cloud
    from validation.figures import draw_measures

    cloud = load_cloud(path)
    measures = [(t, cloud.at(t)) for t in cloud.times]
    title = f"{cloud.info.get('case', path.name)}: {cloud.count:,} particles"
    draw_measures(measures, Path(arguments.out), title=title, replace=arguments.replace)


def _draw_solution(path: Path, arguments: argparse.Namespace) -> None:
    from kinetic import PlaneSolution
    from kinetic.record import load as load_solution
    from particles.trajectory import load as load_cloud
    from validation.distance.comparison import known_laws
    from validation.figures import draw_measures

    solution, out = load_solution(path), Path(arguments.out)
    title = f"{solution.provenance.get('case', path.name)}: {solution.grid.told}"
    if isinstance(solution, PlaneSolution):
        from validation.plane_figures import draw_plane

        cloud = None if arguments.cloud is None else load_cloud(arguments.cloud)
        title = title if cloud is None else f"{title}; {cloud.count:,} particles"
        draw_plane(solution, out, title=title, cloud=cloud, replace=arguments.replace)
        return
    if arguments.cloud is not None:
        raise InputError(f"--cloud is drawn over a record of the plane: {path} is one of the line")
    measures = [(t, solution.at(t)) for t in solution.times]
    draw_measures(measures, out, title=title, laws=known_laws(solution), replace=arguments.replace)
