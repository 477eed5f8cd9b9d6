"""Threads and waiting times in the process table."""

from __future__ import annotations

from pitop.collect.topics import DELAYS, THREADS
from pitop.model.delays import Delay, DelaysSnapshot
from pitop.model.signals import SendSignal
from pitop.model.threads import Threads, ThreadsSnapshot
from pitop.tui.settings import PaneSettings, Settings
from tests.tui.still import NOW, a_process, processes
from tests.tui.test_processes import driven


async def test_threads_stand_under_their_process() -> None:
    async with driven() as seen:
        await seen.press("H")
        (request,) = (each for _, each in seen.source.asked if isinstance(each, Threads))
        assert [row.pid for row in request.processes] == [500]
        rows = (a_process(510, 500, "worker", user="pi"), a_process(511, 500, "writer", user="pi"))
        seen.source.put(THREADS, ThreadsSnapshot(time=NOW, host="board", rows=rows))
        await seen.put(processes())
        assert seen.pids.index(510) == seen.pids.index(500) + 1
        assert "├─ worker" in seen.line_of("worker")
        seen.pane.table.select((511, 1511))
        await seen.press("k", "enter")
        (action,) = seen.source.done
        assert isinstance(action, SendSignal)
        assert [each.pid for each in action.targets] == [500]  # a signal is the process's
        await seen.press("H")
        assert 510 not in seen.pids
        assert "threads" not in seen.source.listening()


async def test_waits_are_collected_while_a_column_shows_them() -> None:
    async with driven() as seen:
        await seen.put(processes())
        assert "delays" not in seen.source.listening()
    columns = Settings(
        glyphs="block", panes={"processes": PaneSettings(columns=("pid", "run_queue_percent", "command"))}
    )
    async with driven(settings=columns) as seen:
        await seen.put(processes())
        assert "delays" in seen.source.listening()
        rows = (Delay(500, 50.0, 37.5, None, 4.0),)
        seen.source.put(DELAYS, DelaysSnapshot(time=NOW, host="board", rows=rows))
        await seen.put(processes())
        assert " 37.5 " in seen.line_of("burn.py")
