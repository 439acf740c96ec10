"""What every drawing of the gallery has."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from validation.figures import draw_panels, save_figure
from validation.gallery import Exhibit, Figure


def assert_labelled(shown: Figure | Exhibit) -> None:
    """Fail unless it can be drawn, with a title, labels and data in every panel."""
    assert shown.draw is not None
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
