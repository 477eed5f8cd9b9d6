"""Run and time a command from the screen."""

from __future__ import annotations

import os

from msgspec.structs import replace

from pitop.model.time import TimeCommand, TimeOutcome
from pitop.tui.widgets.help import Help
from tests.tui.still import a_process, processes
from tests.tui.test_processes import driven


async def test_it_runs_is_followed_and_reported() -> None:
    async with driven() as seen:
        await seen.press("R", *"make", "enter")
        assert seen.source.done == [TimeCommand("make")]
        us = os.getpid()
        rows = (
            *processes().rows,
            a_process(us, 411, "pitop"),
            a_process(us + 1, us, "python3 -m pitop time -o /tmp/x -- /bin/sh -c make"),
            a_process(us + 2, us + 1, "make"),
        )
        await seen.put(replace(processes(), rows=rows))
        assert seen.selected == us + 2
        assert seen.pane.table.following
        report = (("User time (seconds)", "1.50"), ("Exit status", "0"))
        seen.pane.acted(seen.source.done[0], TimeOutcome(True, "make: done", report=report, output=("\x1b[31mred",)))
        await seen.pilot.pause()
        assert isinstance(seen.app.screen, Help)
        assert "1.50" in seen.line_of("User time (seconds)")
        assert seen.line_of("\\e[31mred")
