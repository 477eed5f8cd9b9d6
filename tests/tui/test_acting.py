"""Acting on processes from the screen: what is asked, what is sent, to whom."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from pitop.collect.topics import PROCESSES
from pitop.model.actions import Outcome
from pitop.model.processes import ProcessesSnapshot, Reread
from pitop.model.signals import SendSignal
from pitop.model.target import Target
from pitop.model.tuning import IoClass, SetAffinity, SetIoPriority, SetLimit, SetOomScoreAdj, SetScheduler, ShiftNice
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from pitop.tui.widgets.choice import Choice
from pitop.tui.widgets.confirm import Confirm
from tests.tui.still import a_process, a_source, processes
from tests.tui.test_processes import Driven

BURN = Target((500, 1500), "python3")


@asynccontextmanager
async def selected(pid: int, snapshot: ProcessesSnapshot | None = None) -> AsyncIterator[Driven]:
    """The process pane with that process selected."""
    source = a_source()
    if snapshot is not None:
        source.newest[PROCESSES.name] = snapshot
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        seen = Driven(app, pilot, source)
        seen.pane.table.select((pid, 1000 + pid))
        yield seen


async def test_one_process_gets_term_by_enter_twice() -> None:
    async with selected(500) as seen:
        await seen.press("k")
        assert isinstance(seen.app.screen, Choice)
        assert seen.source.done == []
        await seen.press("enter")
        assert seen.source.done == [SendSignal((BURN,), 15)]


async def test_escape_sends_nothing() -> None:
    async with selected(500) as seen:
        await seen.press("f9", "escape")
        assert seen.source.done == []
        assert not isinstance(seen.app.screen, Choice)


async def test_kill_asks_once_more_and_enter_is_no_answer() -> None:
    async with selected(500) as seen:
        await seen.press("k", *"kill", "enter")
        assert isinstance(seen.app.screen, Confirm)
        assert seen.line_of("Send KILL to python3 (500)?")
        assert seen.line_of("cannot be caught")
        await seen.press("enter")
        assert seen.source.done == []
        await seen.press("y")
        assert seen.source.done == [SendSignal((BURN,), 9)]


async def test_search_by_number() -> None:
    async with selected(500) as seen:
        await seen.press("k", "1", "8", "enter")
        assert seen.source.done == [SendSignal((BURN,), 18)]


async def test_tagged_ones_are_named_before_they_are_hit() -> None:
    async with selected(500) as seen:
        await seen.press("space", "space", "k", "enter")
        assert isinstance(seen.app.screen, Confirm)
        assert seen.line_of("2 processes will be hit")
        assert seen.line_of("501 [sh]")
        await seen.press("n")
        assert seen.source.done == []
        await seen.press("k", "enter", "y")
        (action,) = seen.source.done
        assert isinstance(action, SendSignal)
        assert [each.pid for each in action.targets] == [500, 501]


async def test_a_folded_branch_is_offered_whole() -> None:
    async with selected(600) as seen:
        await seen.press("minus", "k")
        assert seen.line_of("postgres and 2 below it")
        await seen.press("down", "enter", "enter", "y")
        (action,) = seen.source.done
        assert isinstance(action, SendSignal)
        assert [each.pid for each in action.targets] == [600, 601, 602]


async def test_our_own_session_is_guarded() -> None:
    us = a_process(os.getpid(), 411, "pitop")
    snapshot = replace(processes(), rows=(*processes().rows, us))
    async with selected(300, snapshot) as seen:
        await seen.press("k", "enter")
        assert seen.line_of("pitop runs under sshd (300)")


async def test_pid_1_is_guarded() -> None:
    async with selected(1) as seen:
        await seen.press("k", "enter")
        assert seen.line_of("pid 1 runs the machine")


async def test_what_has_ended_gets_nothing() -> None:
    async with selected(650) as seen:
        await seen.press("k")
        assert not isinstance(seen.app.screen, Choice)
        assert seen.source.done == []


async def test_the_target_is_the_one_selected_when_the_key_was_pressed() -> None:
    async with selected(500) as seen:
        await seen.press("L")
        rows = tuple(row for row in processes().rows if row.pid != 500)
        await seen.put(replace(processes(), rows=rows))
        await seen.press(*"nofile", "enter", *"10:20", "enter")
        assert seen.source.done == [SetLimit(BURN, "nofile", 10, 20)]


async def test_nice_by_keys() -> None:
    async with selected(500) as seen:
        await seen.press("f8", "f7", "f7")
        assert seen.source.done == [ShiftNice(BURN, 1), ShiftNice(BURN, -1), ShiftNice(BURN, -1)]


async def test_io_priority_scheduler_cpus_oom() -> None:
    async with selected(500) as seen:
        await seen.press("i", *"idle", "enter")
        await seen.press("Y", *"batch", "enter")
        await seen.press("Y", *"fifo", "enter", "1", "0", "enter")
        await seen.press("a", *"0-1,3", "enter")
        await seen.press("O", *"-500", "enter")
        assert seen.source.done == [
            SetIoPriority(BURN, IoClass.IDLE, 0),
            SetScheduler(BURN, "batch"),
            SetScheduler(BURN, "fifo", 10),
            SetAffinity(BURN, (0, 1, 3)),
            SetOomScoreAdj(BURN, -500),
        ]


async def test_wrong_values_are_not_taken() -> None:
    async with selected(500) as seen:
        await seen.press("a", *"x", "enter")
        assert seen.line_of("is no CPU")
        await seen.press("escape", "O", *"2000", "enter")
        assert seen.line_of("from -1000 to 1000")
        await seen.press("escape")
        assert seen.source.done == []


async def test_a_changed_sleeper_is_read_again() -> None:
    async with selected(500) as seen:
        seen.pane.acted(ShiftNice(BURN, 1), Outcome(True, "done"))
        assert ("processes", Reread((500,))) in seen.source.asked
