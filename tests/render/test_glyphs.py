"""Bars and sparklines at each level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitop.render.glyphs import LEVELS, bar, meter, reach, sparkline


@pytest.mark.parametrize("level", LEVELS)
@given(part=st.floats(0, 1), width=st.integers(0, 50))
def test_a_bar_stays_in_its_room(level: str, part: float, width: int) -> None:
    drawn = bar(part, width, LEVELS[level])
    assert len(drawn) <= width
    assert (len(drawn) > 0) == (part > 0 and width > 0)


def test_bars() -> None:
    assert bar(0.5, 4, LEVELS["block"]) == "██"
    assert bar(0.3125, 4, LEVELS["block"]) == "█▎"
    assert bar(0.5, 4, LEVELS["ascii"]) == "||"
    assert bar(1.5, 4, LEVELS["block"]) == "████"


def test_how_far_a_line_reaches() -> None:
    assert reach(0.25, 0.75, 8, LEVELS["block"]) == "━━────"
    assert reach(0.5, 0.5, 4, LEVELS["ascii"]) == "||"
    assert reach(0.9, 0.1, 4, LEVELS["block"]) == "━━━╸"
    assert reach(0.0, 2.0, 4, LEVELS["ascii"]) == "...."


def test_sparklines() -> None:
    assert sparkline([None, 0, 50, 100], 4, 100, LEVELS["block"]) == "  ▄█"
    assert sparkline([0, 0, 50, 100], 2, 100, LEVELS["braille"]) == " " + chr(0x2800 + 0x44 + 0xB8)
    assert sparkline([1, 2], 4, 0, LEVELS["ascii"]) == "    "
    assert len(sparkline([5] * 100, 10, 5, LEVELS["ascii"])) == 10


@given(part=st.floats(0, 1), width=st.integers(0, 50))
def test_a_meter_fills_its_room(part: float, width: int) -> None:
    for glyphs in LEVELS.values():
        filled, track = meter(part, width, glyphs)
        assert len(filled) + len(track) == width


def test_meters() -> None:
    assert meter(0.5, 4, LEVELS["block"]) == ("━━", "──")
    assert meter(0.3, 4, LEVELS["block"]) == ("━", "───")
    assert meter(0.01, 4, LEVELS["block"]) == ("╸", "───")
