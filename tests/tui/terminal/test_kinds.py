"""pitop on terminals of every kind: few colours and many, none at all, and inside tmux and screen."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyte.screens import Char

from pitop.tui.app import PANES
from tests.tui.terminal import MARKS, Terminal

PITOP = [sys.executable, "-m", "pitop"]
ROOT = Path(__file__).parents[3]
SGR = re.compile(rb"\x1b\[([0-9;]*)m")
Opened = Callable[..., Terminal]


@pytest.fixture
def opened() -> Iterator[Opened]:
    terminals: list[Terminal] = []

    def open_one(command: list[str], **environment: str) -> Terminal:
        terminals.append(Terminal(command, 100, 30, environment))
        return terminals[-1]

    yield open_one
    for terminal in terminals:
        terminal.close()


def colours(output: bytes) -> set[str]:
    """How colours were asked for: `16`, `256`, `true`."""
    found = set()
    for numbers in SGR.findall(output):
        codes = iter(numbers.decode().split(";"))
        for code in codes:
            if code in ("38", "48"):
                found.add("256" if next(codes) == "5" else "true")
                break
            if code and (30 <= int(code) <= 37 or 40 <= int(code) <= 47 or 90 <= int(code) <= 107):
                found.add("16")
    return found


def selected(terminal: Terminal) -> int:
    """How many cells of the row under the titles stand out from those of the next row, with eight backgrounds."""

    def ground(cell: Char) -> tuple[str, bool]:
        return cell.bg.removeprefix("bright"), cell.reverse

    title = next(y for y, row in enumerate(terminal.screen.display) if "COMMAND" in row)
    one, other = (terminal.screen.buffer[title + below] for below in (1, 2))
    return sum(ground(one[x]) != ground(other[x]) for x in range(terminal.screen.columns))


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, {"true"}),
        ({"TERM": "xterm-256color"}, {"256"}),
        ({"TERM": "screen-256color"}, {"256"}),
        ({"TERM": "linux"}, {"16"}),
        ({"TERM": "xterm"}, {"16"}),
        ({"TERM": "vt100"}, {"16"}),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, set()),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_colours_are_those_that_there_are(opened: Opened, environment: dict[str, str], asked: set[str]) -> None:
    terminal = opened(PITOP, **environment)
    terminal.until("COMMAND")
    terminal.until(lambda _: selected(terminal) > 90)
    assert colours(terminal.output) == asked
    if environment["TERM"] == "linux":  # its fonts have few letters besides those of ASCII
        assert not set("".join(terminal.screen.display)) & set("━╸─├└│▼▲…▾▸█⣿●")


def test_an_unknown_terminal_is_no_terminal(opened: Opened) -> None:
    terminal = opened(PITOP, TERM="")
    assert terminal.ended() == 1
    assert b"pitop processes" in terminal.output or b"processes, " in terminal.output


@pytest.fixture(params=["tmux", "screen"])
def multiplexed(
    request: pytest.FixtureRequest, tmp_path: Path, opened: Opened, peer: Callable[[str], str]
) -> Iterator[Terminal]:
    """A terminal with a multiplexer in it, and pitop in that."""
    program = peer(request.param)
    shown = f"{shlex.join(PITOP)} --config {tmp_path}/none.toml; echo left with $?; exec cat"
    (tmp_path / "none.toml").write_text("")
    rules = tmp_path / "rules"
    if request.param == "tmux":
        rules.write_text("set -g status off\nset -g escape-time 20\nset -g default-terminal tmux-256color\n")
        base = [program, "-S", str(tmp_path / "socket")]
        begin, end = [*base, "-f", str(rules), "new-session", "sh", "-c", shown], [*base, "kill-server"]
    else:
        rules.write_text("startup_message off\naltscreen on\nterm screen-256color\n")
        (tmp_path / "sockets").mkdir(mode=0o700)
        base = [program, "-S", "pitop-test"]
        begin, end = [*base, "-U", "-c", str(rules), "sh", "-c", shown], [*base, "-X", "quit"]
    environment = {"SCREENDIR": str(tmp_path / "sockets"), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    yield opened(begin, **environment)
    subprocess.run(end, env=environment, check=False, capture_output=True)


def test_inside_a_multiplexer(multiplexed: Terminal) -> None:
    multiplexed.until("COMMAND", 30)
    multiplexed.until(lambda _: selected(multiplexed) > 90)
    for number, pane in enumerate(PANES, 1):
        multiplexed.type(str(number))
        multiplexed.until(lambda text, mark=MARKS[pane.stem]: mark in text and "q Quit" in text)
    multiplexed.type("1")
    multiplexed.until("COMMAND")
    multiplexed.resize(80, 24)
    multiplexed.until(lambda text: "q Quit" in text.splitlines()[-1] and "COMMAND" in text)
    multiplexed.resize(100, 30)
    multiplexed.until(lambda text: "q Quit" in text.splitlines()[-1] and "COMMAND" in text)
    multiplexed.type("q")
    multiplexed.until("left with 0")
    # Nothing of what terminals answer was typed into the shell.
    assert multiplexed.text.split() == ["left", "with", "0"]
