"""The whole program on terminals of every kind and size: colours that they have, a selection that is seen, no crash."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from pyte.screens import Char

from tests.tui.terminal import Terminal
from tests.tui.terminal.panes import PANES

PITOP = [sys.executable, "-m", "pitop"]
SGR = re.compile(rb"\x1b\[([0-9;]*)m")
COLOURED = re.compile(rb"(?:^|;)(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;|$)")
OWN_GLYPHS = "·•●■◆×…⇥↑↓←→▲▼▸▾▌▐█▀▄│┃║─━═╭╮╰╯┌┐└┘├┤"


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """pitop on a terminal with the environment that the test is given."""
    environment, size = request.param
    terminal = Terminal(PITOP, *size, environment=environment)
    yield terminal
    terminal.close()


def codes(output: bytes) -> list[bytes]:
    return [found[1] for found in SGR.finditer(output)]


def row_with(terminal: Terminal, words: str) -> list[Char]:
    for y, text in enumerate(terminal.screen.display):
        if words in text:
            return [terminal.screen.buffer[y][x] for x in range(terminal.screen.columns)]
    raise AssertionError(f"{words!r} is not shown:\n{terminal.text}")


def visit_all(terminal: Terminal) -> str:
    """What all panes showed."""
    seen = []
    for digit, words in PANES.items():
        terminal.type(digit)
        seen.append(terminal.until(words))
    return "".join(seen)


@pytest.mark.parametrize("shown", [({"TERM": "linux"}, (80, 25))], indirect=True, ids=["console"])
def test_the_linux_console_is_sent_its_eight_colours_and_no_glyphs_that_it_lacks(shown: Terminal) -> None:
    shown.until(lambda text: " 1 root" in text)
    selected = row_with(shown, "    1 root")
    assert {cell.bg for cell in selected} == {"blue"}
    assert {cell.fg for cell in selected} == {"white"}
    seen = visit_all(shown)
    for code in codes(shown.output):
        for number in filter(None, code.split(b";")):
            assert int(number) in {0, 1, 2, 4, 7, 22, 24, 27, *range(30, 38), 39, *range(40, 48), 49}, code
    for row in shown.screen.buffer.values():
        for cell in row.values():
            if cell.bg in ("black", "default") and cell.data.strip():
                assert cell.fg not in ("black", "blue"), "not to be read on black"
    assert not set(seen) & set(OWN_GLYPHS)
    shown.type("q")
    assert shown.ended() == 0
    assert shown.restored()


@pytest.mark.parametrize(
    "shown",
    [({"TERM": "vt100"}, (80, 24)), ({"TERM": "xterm-256color", "NO_COLOR": "1"}, (80, 24))],
    indirect=True,
    ids=["vt100", "NO_COLOR"],
)
def test_without_colours_the_selection_is_seen_by_its_reverse(shown: Terminal) -> None:
    shown.until(lambda text: " 1 root" in text)
    assert all(cell.reverse for cell in row_with(shown, "    1 root"))
    visit_all(shown)
    assert [code for code in codes(shown.output) if COLOURED.search(code)] == []
    shown.type("q")
    assert shown.ended() == 0
    assert shown.restored()


@pytest.mark.parametrize(
    ("shown", "wanted", "unwanted"),
    [
        (({"TERM": "xterm-256color"}, (80, 24)), b"8;5;", b"8;2;"),
        (({"TERM": "foot"}, (80, 24)), b"8;5;", b"8;2;"),
        (({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, (80, 24)), b"8;2;", b"8;5;"),
        (({"TERM": "screen", "COLORTERM": "truecolor"}, (80, 24)), b"46", b"8;2;"),
    ],
    indirect=["shown"],
    ids=["256", "foot", "truecolor", "screen"],
)
def test_no_more_colours_are_sent_than_there_are(shown: Terminal, wanted: bytes, unwanted: bytes) -> None:
    shown.until(lambda text: " 1 root" in text)
    known = codes(shown.output)
    assert [code for code in known if wanted in code]
    assert [code for code in known if unwanted in code] == []
    plain = row_with(shown, "COMMAND")
    selected = row_with(shown, "    1 root")
    assert selected[0].bg not in ("default", "black", plain[0].bg)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_is_told_what_works(term: str) -> None:
    terminal = Terminal(PITOP, environment={"TERM": term})
    try:
        assert terminal.ended() == 1
        for command in (b"processes", b"sockets", b"packets", b"dns", b"diagnose"):
            assert command in terminal.output
        assert (b"dumb" in terminal.output) == bool(term)
        assert b"\x1b" not in terminal.output
        assert terminal.output.count(b"\n") == 1
    finally:
        terminal.close()


@pytest.mark.parametrize("shown", [({}, (200, 60))], indirect=True, ids=["sizes"])
def test_every_pane_at_every_size_and_a_storm_of_resizes(shown: Terminal) -> None:
    shown.until("COMMAND")
    for columns, lines in ((200, 60), (40, 12), (20, 6)):
        shown.resize(columns, lines)
        visit_all(shown)
    shown.type("1")
    for number in range(20):
        shown.resize(30 + 7 * number, 8 + 2 * number)
        shown.pump(0.01)
    shown.resize(100, 30)
    shown.until(lambda text: "COMMAND" in text and "q Quit" in text.splitlines()[-1] and "mem" in text.splitlines()[2])
    shown.type("q")
    assert shown.ended() == 0
    assert shown.restored()
