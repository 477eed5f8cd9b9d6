"""The programs that are compared: how each is started, and how its screen is read."""

from __future__ import annotations

import getpass
import re
import shutil
import sys
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.terminal import Screen

__all__ = ["PROGRAMS", "Contestant", "installed", "text"]


def _bar(screen: Screen) -> Hashable:
    """The selected row, by its colour."""
    return screen.bars()


def text(pattern: str) -> Callable[[Screen], Hashable]:
    """What `pattern` finds first on the screen."""
    compiled = re.compile(pattern)

    def find(screen: Screen) -> Hashable:
        return next((found[0] for found in map(compiled.search, screen.rows()) if found), None)

    return find


def _place(pattern: str, head: str) -> Callable[[Screen], Hashable]:
    """How many rows below the one that `head` matches `pattern` is found."""
    compiled, above = re.compile(pattern), re.compile(head)

    def find(screen: Screen) -> Hashable:
        rows = screen.rows()
        first = next((number for number, row in enumerate(rows) if above.search(row)), 0)
        return next((number - first for number, row in enumerate(rows) if compiled.search(row)), None)

    return find


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that shows processes once a second.

    `content` matches a row of the screen when processes are there. `keys` are pressed in turn, `answer` reads from
    the screen what they change and nothing else does. `before` are pressed once, after the start.
    """

    name: str
    command: tuple[str, ...]
    content: str
    answer: Callable[[Screen], Hashable] = _bar
    keys: tuple[str, ...] = ("down", "up")
    before: tuple[str, ...] = ()
    quit: str = "q"
    files: Mapping[str, str] = field(default_factory=dict)

    def shows_content(self) -> Callable[[Screen], bool]:
        """Whether processes are on the screen."""
        content = re.compile(self.content)
        return lambda screen: any(content.search(row) for row in screen.rows())


_USER = re.escape(getpass.getuser())
_ROW = rf"\d+ +{_USER} "  # pid, user

PROGRAMS: tuple[Contestant, ...] = (
    Contestant("pitop", (str(Path(sys.executable).parent / "pitop"), "--interval", "1"), rf"\d.* {_USER} "),
    Contestant("htop", ("htop", "-d", "10"), _ROW),
    Contestant(
        "btop", ("btop",), rf"\d+ .* {_USER} ", files={".config/btop/btop.conf": "update_ms=1000\nforce_tty=False\n"}
    ),
    # top has no selection: C shows the coordinates of what is on the screen, and the cursor keys scroll.
    Contestant(
        "top",
        ("top", "-d", "1"),
        _ROW,
        text(r"y = \d+/"),
        before=("C",),
    ),
    Contestant("glances", ("glances", "-t", "1"), rf"\d {_USER} +\d+:\d", _place(r">\d", "CPU% +MEM%")),
    # atop has no selection either: m and g switch between the figures of memory and the general ones.
    Contestant("atop", ("atop", "1"), r"^ *\d+ +\d+\.\d+s", text("VSTEXT|USRCPU"), keys=("m", "g")),
)


def installed(contestant: Contestant) -> bool:
    """Whether the program is there."""
    return shutil.which(contestant.command[0]) is not None
