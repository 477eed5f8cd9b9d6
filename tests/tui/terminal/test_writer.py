"""Bytes that bring an emulated terminal from one screen to another."""

from __future__ import annotations

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from wcwidth import wcwidth

from pitop.tui.terminal import cells
from pitop.tui.terminal.cells import STUB, UNKNOWN, spread
from pitop.tui.terminal.pens import PLAIN, Palette, Pen
from pitop.tui.terminal.writer import Writer, move

WIDTH, HEIGHT = 24, 6
SGR = ["", "1", "1;31", "3;4", "38;5;208", "38;2;1;2;3;48;2;200;100;50", "7", "42", "9;97;100", "1;3;4;7;9;33;44"]
SGR += [f"{attributes};38;2;1;2;3" for attributes in ("1", "2", "1;2")]  # bold and dim end together
TEXT = st.text(alphabet="ab 012 漢字─⣿é", min_size=1, max_size=WIDTH)
PUT = st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1), TEXT, st.sampled_from(SGR))


def blank(writer: Writer) -> None:
    for y in range(HEIGHT):
        writer.put(y, 0, " " * WIDTH, PLAIN * WIDTH)


def screen() -> tuple[pyte.Screen, pyte.Stream]:
    emulated = pyte.Screen(WIDTH, HEIGHT)
    emulated.reset_mode(7, private=True)
    return emulated, pyte.Stream(emulated)


def rows(emulated: pyte.Screen) -> list[list[object]]:
    return [[emulated.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


def like_everything_written(emulated: pyte.Screen, writer: Writer, palette: Palette) -> None:
    whole, all_of_it = screen()
    repainted = Writer(WIDTH, HEIGHT, palette)
    for y in range(HEIGHT):
        repainted.put(y, 0, writer._text[y], writer._pens[y])
    all_of_it.feed(repainted.paint())
    for y in range(HEIGHT):
        if UNKNOWN not in writer._text[y]:
            assert rows(emulated)[y] == rows(whole)[y]


@given(
    frames=st.lists(st.lists(PUT, max_size=8), max_size=6),
    coloured=st.booleans(),
    shifts=st.booleans(),
    budget=st.integers(1, 400),
)
def test_differences_lead_to_the_screen_that_writing_everything_gives(
    frames: list[list[tuple[int, int, str, str]]], coloured: bool, shifts: bool, budget: int
) -> None:
    palette = Palette()
    writer = Writer(WIDTH, HEIGHT, palette, coloured_erase=coloured, shifts=shifts)
    blank(writer)
    emulated, stream = screen()
    for frame in frames:
        for y, x, text, sgr in frame:
            line = spread(text)
            assert line is not None
            line = line[: WIDTH - x]
            if len(spread(text) or "") > WIDTH - x and (spread(text) or "")[WIDTH - x] == STUB:
                line = line[:-1] + " "
            writer.put(y, x, line, palette.pen(sgr) * len(line))
        while True:  # in slices, as on a slow line
            stream.feed(writer.paint(budget))
            if not writer.pending:
                break
        like_everything_written(emulated, writer, palette)


@given(
    steps=st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 5), st.booleans()), min_size=1, max_size=6),
    budget=st.integers(1, 400),
    whole=st.booleans(),
)
def test_a_list_that_moves_is_moved_by_the_terminal(
    steps: list[tuple[int, int, bool]], budget: int, whole: bool
) -> None:
    palette = Palette()
    pens = [palette.pen(sgr) for sgr in ("", "31", "42")]
    writer = Writer(WIDTH, HEIGHT, palette, shifts=True)
    emulated, stream = screen()
    at = 20
    for by, odd, verbatim in steps:
        at += by
        for y in range(HEIGHT):
            number = at + y if y != odd else 0
            writer.put(y, 0, f"{number} row {number * 7919 % 9973}".ljust(WIDTH), pens[number % 3] * WIDTH)
        if verbatim:
            writer.put_verbatim(odd, 3, 2, "e\u0301")
        while True:
            stream.feed(writer.paint(budget))
            if whole or not writer.pending:
                break
    while writer.pending:
        stream.feed(writer.paint(budget))
    like_everything_written(emulated, writer, palette)


@pytest.mark.parametrize(
    ("shifts", "by", "least", "most"), [(True, 2, 0, 100), (True, -2, 0, 100), (False, 2, 400, 600)]
)
def test_what_moves_costs_what_is_new(shifts: bool, by: int, least: int, most: int) -> None:
    writer = Writer(80, 24, Palette(), shifts=shifts)
    for at in (50, 50 - by):
        for y in range(1, 23):
            number = at + y
            writer.put(y, 0, f"{number} {number * 7919 % 9973} {number * 104729 % 99991:>50}".ljust(80), PLAIN * 80)
        painted = writer.paint()
    assert ("\x1b[2;23r\x1b[2H" in painted) is shifts
    assert least < len(painted) < most


@pytest.mark.parametrize("unknown", [0, 1])
def test_nothing_is_moved_over_what_is_not_known(unknown: int) -> None:
    writer = Writer(30, 12, Palette(), shifts=True)
    for frame in range(2):
        for y in range(12):
            number = 50 + y - frame
            writer.put(y, 0, f"{number} {number * 104729 % 99991:>20}".ljust(30), PLAIN * 30)
        if frame == unknown:
            writer.put_verbatim(6, 3, 0, "\u0301")
        painted = writer.paint()
    assert "r\x1b[" not in painted


def test_only_what_differs_is_written() -> None:
    writer = Writer(80, 24, Palette())
    writer.put(3, 0, "cpu  12.5 mem  40.0 init".ljust(80), PLAIN * 80)
    writer.paint()
    assert not writer.put(3, 0, "cpu  12.5 mem  40.0 init".ljust(80), PLAIN * 80)
    assert writer.paint() == ""
    writer.put(3, 5, "13.7", PLAIN * 4)
    writer.put(3, 15, "41.0", PLAIN * 4)
    assert writer.paint() == "\x1b[7G3.7\x1b[7C1"


def test_a_colour_is_said_once_for_all_its_cells() -> None:
    palette = Palette()
    writer = Writer(80, 24, palette)
    red = palette.pen("31")
    writer.put(0, 0, "ab", red * 2)
    writer.put(1, 0, "cd", red * 2)
    assert writer.paint() == "\x1b[H\x1b[31mab\x1b[2Hcd\x1b[m"


def test_the_end_of_a_row_is_erased_where_that_leaves_the_same() -> None:
    palette = Palette()
    on_blue, underlined = palette.pen("44"), palette.pen("4")
    for pen, coloured, erased in [(PLAIN, False, True), (on_blue, False, False), (on_blue, True, True)]:
        writer = Writer(80, 24, palette, coloured_erase=coloured)
        writer.put(0, 0, "ab".ljust(80), pen * 80)
        assert ("\x1b[K" in writer.paint()) is erased
    writer = Writer(80, 24, palette, coloured_erase=True)
    writer.put(0, 0, "ab".ljust(80), underlined * 80)
    assert "\x1b[K" not in writer.paint()


def test_characters_repeat_only_where_the_terminal_can() -> None:
    for repeat, expected in [(False, "-" * 30), (True, "-\x1b[29b")]:
        writer = Writer(80, 1, Palette(), repeat=repeat)
        writer.put(0, 0, "-" * 30, PLAIN * 30)
        assert writer.paint() == f"\x1b[H{expected}"


def test_a_slow_line_gets_the_newest_state_only_and_hurried_rows_first() -> None:
    writer = Writer(10, 4, Palette())
    for number in range(100):
        for y in range(4):
            writer.put(y, 0, f"{number:10d}", PLAIN * 10)
    writer.hurry({2})
    assert writer.paint(1) == "\x1b[3H" + f"{99:10d}"
    assert writer.pending
    rest = writer.paint()
    assert rest.count("99") == 3
    assert not writer.pending


def test_text_of_uncertain_width_is_written_as_it_comes_between_its_neighbours() -> None:
    writer = Writer(20, 1, Palette())
    writer.put(0, 0, "abc", PLAIN * 3, beside=True)
    writer.put_verbatim(0, 3, 2, "🙂")
    writer.put(0, 5, "def", PLAIN * 3, beside=True)
    assert writer.paint() == "\x1b[Habc\x1b[1;4H🙂\x1b[1;6Hdef"
    writer.put(0, 5, "def", PLAIN * 3)  # nothing is known after it
    assert writer.paint() == "\b\b\bdef"


@given(st.integers(-1, 30), st.integers(-1, 90), st.integers(0, 30), st.integers(0, 90))
def test_the_cursor_arrives_by_the_shortest_way(y: int, x: int, to_y: int, to_x: int) -> None:
    emulated = pyte.Screen(100, 40)
    stream = pyte.Stream(emulated)
    stream.feed(f"\x1b[{max(y, 0) + 1};{max(x, 0) + 1}H")
    way = move(y, x, to_y, to_x)
    stream.feed(way)
    assert (emulated.cursor.y, emulated.cursor.x) == (to_y, to_x)
    assert len(way) <= len(f"\x1b[{to_y + 1};{to_x + 1}H")


@given(st.sampled_from(SGR), st.sampled_from(SGR))
def test_a_change_of_pen_gives_that_pen(old: str, new: str) -> None:
    palette = Palette()
    emulated, stream = screen()
    stream.feed(palette.change(PLAIN, palette.pen(old)) + palette.change(palette.pen(old), palette.pen(new)) + "x")
    plain, directly = screen()
    directly.feed(f"\x1b[{new}mx")
    assert emulated.buffer[0][0] == plain.buffer[0][0]


def test_a_link_opens_and_closes() -> None:
    palette = Palette()
    link = palette.pen("4", "id=1;https://example.org")
    assert palette.change(PLAIN, link) == "\x1b]8;id=1;https://example.org\x1b\\\x1b[4m"
    assert palette.change(link, PLAIN) == "\x1b]8;;\x1b\\\x1b[m"


@pytest.mark.parametrize("sgr", ["x", "38;9;1", "38;5", "1;1000", "38;2;1;2"])
def test_a_pen_that_nobody_knows_is_refused(sgr: str) -> None:
    with pytest.raises(ValueError, match=r"SGR|invalid literal"):
        Pen.parse(sgr)


def test_known_widths_are_those_of_textual_and_of_terminals() -> None:
    for point in range(0x20, 0x2FFFF):
        character = chr(point)
        line = spread(character)
        if line is not None:
            assert len(line) == cell_len(character) == wcwidth(character), hex(point)


@pytest.mark.parametrize("text", ["\x1b[2J", "\n", "e\u0301", "\u200d", "👩‍👩‍👦", "\u202e", "⚠\ufe0f", "\x7f", "\x9b"])
def test_what_has_no_certain_cells_is_told(text: str) -> None:
    assert cells.spread(f"a{text}b") is None
