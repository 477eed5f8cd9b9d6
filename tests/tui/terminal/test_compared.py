"""The emulated terminal that frames are compared on is pyte's."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.terminal.compared import Screen, Stream

WIDTH, HEIGHT = 20, 5
SGR = ["", "0", "1", "1;31", "0;4;9", "38;5;208", "38;2;1;2;3;48;2;4;5;6", "22;39", "7", "27;49"]
PIECE = st.one_of(
    st.text("ab 漢\u0301é─", min_size=1, max_size=WIDTH + 2),
    st.sampled_from(SGR).map(lambda sgr: f"\x1b[{sgr}m"),
    st.builds("\x1b[{};{}H".format, st.integers(1, HEIGHT), st.integers(1, WIDTH)),
    st.sampled_from(
        ["\x1b[m\x1b[K", "\r", "\n", "\x1b[4h", "\x1b[4l", "\x1b[?7l", "\x1b[?7h", "\x1b]8;id=1;http://a\x1b\\"]
    ),
)


@given(st.lists(st.lists(PIECE, max_size=12).map("".join), max_size=4))
def test_its_short_cuts_lead_where_pyte_goes(frames: list[str]) -> None:
    screens = Screen(WIDTH, HEIGHT), pyte.Screen(WIDTH, HEIGHT)
    streams = Stream(screens[0]), pyte.Stream(screens[1])
    for frame in frames:
        for stream in streams:
            stream.feed(frame)
        ours, theirs = ([[each.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)] for each in screens)
        assert ours == theirs
        assert (screens[0].cursor.x, screens[0].cursor.y) == (screens[1].cursor.x, screens[1].cursor.y)
        assert screens[0].cursor.attrs == screens[1].cursor.attrs
        assert screens[0].dirty == screens[1].dirty
