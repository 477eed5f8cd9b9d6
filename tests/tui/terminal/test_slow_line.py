"""pitop itself at the end of a slow line: keys are answered, nothing piles up. The figures are bench/slow_line.py's."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.tui.terminal.emulator import Emulator


@pytest.fixture
def line() -> Iterator[Emulator]:
    """pitop where 2,400 bytes a second come through, 200 ms there and back."""
    command = [sys.executable, "-m", "pitop", "--interval", "0.5"]
    emulator = Emulator(command, rate=2400, delay=0.1)
    yield emulator
    emulator.close()


def memory(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(row.split()[1]) << 10 for row in rollup if row.startswith("Pss:"))


def bars(line: Emulator) -> list[int]:
    """The rows whose first cell has another ground than the rest of the screen, as the selection has."""
    ground, head = line.screen.buffer[0][0].bg, line.screen.buffer[23][0].bg
    return [y for y in range(5, 23) if line.screen.buffer[y][0].bg not in (ground, head)]


def test_keys_are_answered_and_nothing_piles_up_in_two_panes(line: Emulator) -> None:
    line.until_text("COMMAND", 60)
    for digit, words in (("1", "COMMAND"), ("6", "INTERFACE")):
        line.press(digit)
        line.until_text(words)
        line.until(lambda: bool(bars(line)))
        waits = []
        known = memory(line.pid)
        for key in ("\x1b[B", "\x1b[A") * 3:
            pause = time.monotonic() + 0.4
            line.until(lambda pause=pause: time.monotonic() > pause)  # type: ignore[misc]
            before = bars(line)
            pressed = line.press(key)
            waits.append(line.until(lambda before=before: bars(line) not in (before, [])) - pressed)  # type: ignore[misc]
        assert sorted(waits)[3] < 2, waits
        assert memory(line.pid) - known < 8 << 20
    line.press("q")
    assert line.end() == 0
