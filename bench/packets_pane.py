"""The packet pane on a terminal of its own: what it costs and answers under load, how soon it shows a file."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from bench.program import Program

__all__ = ["Followed", "Opened", "follow", "open_file"]

_STATES = (b"stopped here", b"following")  # what `f` has the status say, in turn


class Opened(NamedTuple):
    """Seconds from the start to the first packets (None: not in time), MB of all its processes then and later."""

    seconds: float | None
    at_first: float
    later: float


class Followed(NamedTuple):
    """CPU seconds of all its processes, seconds from each key to what it changes, the status at the end."""

    cpu: float
    answers: list[float]
    status: str
    sent: str


def follow(words: Sequence[str], sender: Sequence[str]) -> Followed:
    """Run the pane, then the sender; press `f` twice a second or so until that has ended."""
    with Program(words) as program:
        program.listen(6.0)
        before = program.cpu_seconds()
        sending = subprocess.Popen(sender, stdout=subprocess.PIPE, text=True)
        answers: list[float] = []
        turn = 0
        while sending.poll() is None:
            known = len(program.chunks)
            pressed = program.press("f")
            wanted = _STATES[turn % 2]

            def shown(known: int = known, wanted: bytes = wanted) -> bool:
                return wanted in b"".join(chunk.data for chunk in program.chunks[known:])

            if program.listen(2.0, shown):
                answers.append(program.chunks[-1].time - pressed)
            turn += 1
            program.listen(0.4)
        if turn % 2:
            program.press("f")
        used = program.cpu_seconds() - before
        program.listen(3.0)
        status = next((row.strip() for row in program.screen.rows() if "dropped" in row), "")
        assert sending.stdout is not None
        return Followed(used, answers, re.sub(r"\s{2,}", "  ", status), sending.stdout.read())


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
        at_first = program.pss_bytes() / 2**20
        program.listen(later)
        return Opened(shown, at_first, program.pss_bytes() / 2**20)
