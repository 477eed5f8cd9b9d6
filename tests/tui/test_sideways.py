"""Lines that are scrolled sideways."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style

from pitop.render.text import cells
from pitop.tui.widgets.sideways import sideways

RED = Style(color="red")


@pytest.mark.parametrize("side", range(12))
def test_no_mark_comes_without_its_character(side: int) -> None:
    line = [Segment("e\u0301te\u0301 ", RED), Segment("\u0308\u0323"), Segment("a\u0308\u0323漢e\u0301nd", RED)]
    shown = sideways(line, side, 40)
    assert not shown or cells(shown[0].text[0])
    assert sum(segment.cell_length for segment in shown) == max(0, 10 - side)
    assert "".join(segment.text for segment in shown).endswith("nd"[-max(0, 10 - side) :] if side < 10 else "")


def test_only_so_many_cells_are_shown_in_their_colours() -> None:
    assert sideways([Segment("plain "), Segment("red", RED)], 2, 6) == [Segment("ain "), Segment("re", RED)]
    assert sideways([Segment("plain")], 0, 3) == [Segment("plain")]
