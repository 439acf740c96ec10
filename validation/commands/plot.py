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
    """Draw the clouds of a particle run, or the densities of a PDE solution over its exact or steady law.

    A solution in the plane is drawn with its marginals, its walls and, if wanted, a cloud over it.
    """
    from particles.base.files import check_output_file

    check_output_file(arguments.out, ".png", replace=arguments.replace)
    path = Path(arguments.record)
    if path.suffix == ".nc":
        from kinetic import PlaneSolution
        from kinetic.record import load as load_solution
        from particles.trajectory import load as load_cloud
        from validation.distance.comparison import known_laws

        solution = load_solution(path)
        title = f"{solution.provenance.get('case', path.name)}: {solution.grid.told}"
        if isinstance(solution, PlaneSolution):
            from validation.plane_figures import draw_plane

            cloud = None if arguments.cloud is None else load_cloud(arguments.cloud)
            if cloud is not None:
                title = f"{title}; {cloud.count:,} particles"
            draw_plane(solution, Path(arguments.out), title=title, cloud=cloud, replace=arguments.replace)
            print(f"drawn in {arguments.out}")
            return 0
        if arguments.cloud is not None:
            raise InputError(f"--cloud is drawn over a record of the plane: {path} is one of the line")
        measures = [(t, solution.at(t)) for t in solution.times]
        laws = known_laws(solution)
    else:
        from particles.trajectory import load as load_cloud

        if arguments.cloud is not None:
            raise InputError(f"--cloud is drawn over a record of the plane: {path} is a particle run")
        cloud = load_cloud(path)
        measures = [(t, cloud.at(t)) for t in cloud.times]
        title = f"{cloud.info.get('case', path.name)}: {cloud.count:,} particles"
        laws = []
    from validation.figures import draw_measures

    draw_measures(measures, Path(arguments.out), title=title, laws=laws, replace=arguments.replace)
    print(f"drawn in {arguments.out}")
    return 0
