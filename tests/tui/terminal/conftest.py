"""Programs on a terminal that is emulated here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal.emulator import Emulator

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture
def emulator() -> Iterator[Callable[..., Emulator]]:
    """`emulator("lines", rate=2400)` starts the small program."""
    started: list[Emulator] = []

    def start(*arguments: str, **line: object) -> Emulator:
        started.append(Emulator([sys.executable, str(PROGRAM), *arguments], **line))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()
