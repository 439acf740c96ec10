"""`python -m validation plot RECORD [RECORD]`: draw one record, or what two of one model are apart."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from particles.base import command
from particles.base.errors import InputError


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    plot = commands.add_parser("plot", help="draw a record, or two against each other", description=execute.__doc__)
    plot.add_argument("record", metavar="DIR|FILE.nc")
    plot.add_argument("other", metavar="DIR|FILE.nc", nargs="?", help="another record of the same model, in any order")
    plot.add_argument("--out", required=True, metavar="FILE", help="a new file: .svg, .pdf or .png")
    plot.add_argument("--times", type=command.finite_float, nargs="+", metavar="T", help="stored times (default: four)")
    plot.add_argument("--law", action="store_true", help="draw the exact law, or with one record compare with it")
    plot.add_argument("--cloud", metavar="DIR", help="particle run to draw over a record of the plane")
    command.add_replace(plot)
    plot.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Draw the clouds of a particle run, the densities of a solution over its exact or steady law, or a training.

    Two records are drawn over each other, a cloud filled and a density as a line, with what is left between them below
    and W1 over its floor in the title; in the plane as contours over cells, with both marginals. One solution in the
    plane is drawn with its marginals, its walls and, if wanted, a cloud over it; a training by its objective, and by
    the laws before and after over the target; a network of two inputs by its samples and layers.
    """
    from particles.base.files import check_output_file
    from validation.figures import FORMS

    check_output_file(arguments.out, FORMS, replace=arguments.replace)
    path = Path(arguments.record)
    if arguments.other is not None or arguments.law:
        _draw_pair(arguments)
    elif path.suffix == ".nc":
        _draw_solution(path, arguments)
    elif arguments.cloud is not None:
        raise InputError(f"--cloud is drawn over a record of the plane: {path} is none")
    elif (path / "fit.json").is_file():
        from validation.fit_figures import draw_fit

        _require_no_times(path, arguments)
        draw_fit(path, Path(arguments.out), replace=arguments.replace)
    elif (path / "network.json").is_file():
        from validation.network_figures import draw_network

        _require_no_times(path, arguments)
        draw_network(path, Path(arguments.out), replace=arguments.replace)
    else:
        _draw_run(path, arguments)
    print(f"drawn in {arguments.out}")
    return 0


def _require_no_times(path: Path, arguments: argparse.Namespace) -> None:
    if arguments.times:
        raise InputError(f"--times choose among those of a run or a solution: {path} is a training")


def _draw_pair(arguments: argparse.Namespace) -> None:
    from validation.distance.pair import pair_of
    from validation.distance.records import load_record, told_of
    from validation.picture import draw_pair
    from validation.plane_picture import draw_plane_pair

    if arguments.cloud is not None:
        raise InputError("--cloud is drawn over one record of the plane: here it would be another, give it without")
    records = [load_record(path) for path in (arguments.record, arguments.other) if path is not None]
    pair = pair_of(*records, times=arguments.times, law=arguments.law)
    pair = pair if arguments.times else pair.fewer()
    sides = [told_of(side) for side in (pair.one, pair.other) if side is not None]
    title = f"{pair.case_name(Path(arguments.record).name)}: {' against '.join([*sides, 'the exact law'][:2])}"
    draw = draw_pair if pair.dim == 1 else draw_plane_pair
    draw(pair, Path(arguments.out), title=title, law=arguments.law, replace=arguments.replace)


def _times(record: Any, arguments: argparse.Namespace) -> tuple[float, ...]:
    """Those that are asked for, of one record, or all."""
    from validation.distance.records import chosen_times

    return tuple(record.times) if arguments.times is None else chosen_times(record.times, arguments.times)


def _draw_run(path: Path, arguments: argparse.Namespace) -> None:
    from particles.trajectory import load as load_cloud
    from validation.figures import draw_measures

    cloud = load_cloud(path)
    measures = [(t, cloud.at(t)) for t in _times(cloud, arguments)]
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
    times = _times(solution, arguments)
    if isinstance(solution, PlaneSolution):
        from validation.plane_figures import draw_plane

        cloud = None if arguments.cloud is None else load_cloud(arguments.cloud)
        title = title if cloud is None else f"{title}; {cloud.count:,} particles"
        draw_plane(solution, out, title=title, cloud=cloud, times=times, replace=arguments.replace)
        return
    if arguments.cloud is not None:
        raise InputError(f"--cloud is drawn over a record of the plane: {path} is one of the line")
    measures = [(t, solution.at(t)) for t in times]
    draw_measures(measures, out, title=title, laws=known_laws(solution), replace=arguments.replace)
