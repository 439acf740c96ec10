"""`python -m validation movie RECORD [RECORD]`: a record, or two of one model, over all stored times."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from particles.base import command

_FPS = 5.0


def add_parser(commands: Any) -> None:
    """Add the sub-command to the parsers of `python -m validation`."""
    movie = commands.add_parser("movie", help="a record over time, or two", description=execute.__doc__)
    movie.add_argument("record", metavar="DIR|FILE.nc")
    movie.add_argument("other", metavar="DIR|FILE.nc", nargs="?", help="another record of the same model, in any order")
    movie.add_argument("--out", required=True, metavar="FILE", help="a new file: .gif, or with ffmpeg .mp4")
    movie.add_argument("--law", action="store_true", help="show the exact law too, or with one record compare with it")
    movie.add_argument(
        "--fps", type=command.positive_float, default=_FPS, metavar="F", help=f"frames a second (default: {_FPS:g})"
    )
    command.add_replace(movie)
    movie.set_defaults(execute=execute, by_one=True)


def execute(arguments: argparse.Namespace) -> int:
    """Draw particles and density over the times that are stored, a frame each, all on the same scale.

    Two records are drawn over each other, in either order, as `plot` does: a cloud filled and a density as a line, with
    what is left between them and W1 over its floor; in the plane contours over cells with both marginals.
    """
    from particles.base.files import check_output_file
    from particles.base.progress import progress_bar
    from validation.distance.records import load_record, told_of
    from validation.movie import FORMS, draw_movie, film_of, require_writer

    check_output_file(arguments.out, FORMS, replace=arguments.replace)
    out = Path(arguments.out)
    require_writer(out)
    records = [load_record(path) for path in (arguments.record, arguments.other) if path is not None]
    film = film_of(*records, law=arguments.law)
    sides = [film.one] if film.pair is None or film.pair.other is None else [film.one, film.pair.other]
    told = [*map(told_of, sides), *["the exact law"] * (film.pair is not None)][:2]
    name = records[0].info.get("case") if hasattr(records[0], "info") else records[0].provenance.get("case")
    title = f"{name or Path(arguments.record).name}: {' against '.join(told)}"
    with progress_bar("movie") as progress:
        draw_movie(film, out, title=title, fps=arguments.fps, progress=progress, replace=arguments.replace)
    print(f"{len(film.times)} frames in {arguments.out}")
    return 0
