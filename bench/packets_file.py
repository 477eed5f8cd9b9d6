"""How a program with a screen opens a capture file on a terminal of its own: time to the first packets, memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.program import Program

__all__ = ["Opened", "family", "memory", "open_file"]


class Opened(NamedTuple):
    """Seconds from the start to the first packets (None: not in time), MB of all its processes then and later."""

    seconds: float | None
    at_first: float
    later: float


def family(pid: int) -> list[int]:
    """A process and what it has started, as far as it is still there."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        try:
            for thread in Path(f"/proc/{each}/task").iterdir():
                waiting += [int(child) for child in (thread / "children").read_text().split()]
        except OSError:
            continue
    return found


def memory(pid: int) -> float:
    """MB that a process and what it has started hold, shared pages by their share (PSS)."""
    total = 0
    for each in family(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def open_file(words: Sequence[str], text: str, seconds: float = 60, later: float = 20) -> Opened:
    """Run a program until `text` is on its screen, then `later` seconds more."""
    with Program(words, environment={"PATH": os.environ["PATH"]}) as program:
        shown = None
        while shown is None and program.status is None:
            program.listen(0.05)
            if any(text in row for row in program.screen.rows()):
                shown = program.chunks[-1].time - program.started
            elif program.chunks and program.chunks[-1].time - program.started > seconds:
                break
        at_first = memory(program.pid)
        program.listen(later)
        return Opened(shown, at_first, memory(program.pid))
