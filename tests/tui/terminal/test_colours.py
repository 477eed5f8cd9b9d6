"""How many colours a terminal has, and how they are sent to it."""

from __future__ import annotations

import pytest

from pitop.tui.terminal.colours import MANY, colours, system
from pitop.tui.terminal.pens import eight


@pytest.mark.parametrize(
    ("term", "more", "number"),
    [
        ("xterm-256color", {}, 256),
        ("xterm-256color", {"COLORTERM": "truecolor"}, MANY),
        ("screen-256color", {}, 256),
        ("screen.xterm-256color", {"COLORTERM": "truecolor"}, 256),
        ("screen-256color", {"COLORTERM": "truecolor", "TMUX": "/tmp/tmux-0/default,1,0"}, MANY),
        ("tmux-256color", {}, 256),
        ("foot", {}, 256),
        ("xterm-kitty", {}, 256),
        ("xterm-direct", {}, MANY),
        ("linux", {}, 16),
        ("linux", {"COLORTERM": "truecolor"}, 16),
        ("never-heard-of", {}, 16),
    ],
)
def test_colours_by_name(term: str, more: dict[str, str], number: int) -> None:
    assert colours({"TERM": term, **more}) == number


def test_what_the_colours_are_called() -> None:
    assert [system(number) for number in (0, 16, 256, MANY)] == ["standard", "standard", "256", "truecolor"]


@pytest.mark.parametrize(
    ("sent", "console"),
    [("97;44", "1;37;44"), ("37;100", "37;40"), ("1;93", "1;1;33"), ("39;49", "39;49"), ("4;31", "4;31"), ("", "")],
)
def test_bright_colours_are_bold_on_the_console(sent: str, console: str) -> None:
    assert eight(sent) == console
