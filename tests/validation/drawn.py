"""What every drawing of the gallery has."""

from __future__ import annotations

import io
from unittest import mock
from xml.etree import ElementTree

from particles.base import parallel
from validation.figures import draw_panels, save_figure
from validation.gallery import Exhibit, Figure

ALONE = AssertionError("a drawing is made by one rank alone: it can neither run particles nor gather them")


def assert_labelled(shown: Figure | Exhibit) -> None:
    """Fail unless one rank can draw it alone, with a title, labels and data in every panel."""
    assert shown.draw is not None
    with (
        mock.patch.object(parallel, "of", side_effect=ALONE),
        mock.patch.object(parallel.Ranks, "concatenate", side_effect=ALONE),
    ):
        drawing = draw_panels(shown.panels, shown.draw)
    assert len(drawing.axes) == shown.panels
    for axes in drawing.axes:
        assert axes.get_title()
        if axes.axison:  # a table has none
            assert axes.get_xlabel()
            assert axes.get_ylabel()
            assert axes.has_data()
    picture = io.StringIO()
    save_figure(drawing, picture)
    assert ElementTree.fromstring(picture.getvalue()).tag.endswith("svg")
