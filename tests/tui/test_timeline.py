"""The timeline pane: lines as they come, narrowed by the scope, each leading to its row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import MACHINE, PROCESSES, TIMELINE
from pitop.model.scope import of_process
from pitop.model.snapshot import Failure, Missing
from pitop.model.time import Ending
from pitop.model.timeline import Happening, Kind, TimelineSnapshot
from pitop.tui.app import PitopApp
from pitop.tui.panes.timeline import TimelinePane
from pitop.tui.settings import Settings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.notice import Notice
from tests.tui.still import NOW, StillSource, machine, processes

WGET = (700, 1700)
ROWS = (
    Happening(
        number=7, kind=Kind.EXIT, time=NOW + 4.2, pid=700, name="wget", keys=frozenset({WGET}), ending=Ending(4),
        lived_seconds=3.2, cpu_seconds=0.02, max_rss_bytes=5 << 20, row=WGET,
    ),
    Happening(
        number=6, kind=Kind.CLOSED, time=NOW + 4.1, pid=700, name="wget", keys=frozenset({WGET}), transport="tcp",
        here=("10.0.0.1", 40000), there=("10.0.0.2", 80), received_bytes=1 << 20, sent_bytes=1200, retransmits=3,
        lived_seconds=1.1, row=(0, 9),
    ),
    Happening(
        number=5, kind=Kind.OPENED, time=NOW + 3.0, pid=700, name="wget", keys=frozenset({WGET}), transport="tcp",
        here=("10.0.0.1", 40000), there=("10.0.0.2", 80),
    ),
    Happening(
        number=4, kind=Kind.ASKED, time=NOW + 2.9, pid=700, name="wget", keys=frozenset({WGET}),
        here=("10.0.0.1", 0), there=("10.0.0.9", 53), asked_name="www.example\x1b[31m", asked_type="A",
        status="NOERROR", answer="A 10.0.0.2", ms=3.2,
    ),
    Happening(
        number=3, kind=Kind.FAULTS, time=NOW + 2.5, pid=600, name="postgres", keys=frozenset({(600, 1600)}),
        minor_faults_per_second=41_000.0, major_faults_per_second=0.0, row=(600, 1600),
    ),
    Happening(
        number=2, kind=Kind.EXEC, time=NOW + 1.1, pid=700, name="wget", keys=frozenset({WGET}), ppid=411,
        command="wget http://www.example/[/etc]",
    ),
    Happening(
        number=1, kind=Kind.FORK, time=NOW + 1.0, pid=700, name="wget", keys=frozenset({WGET}), ppid=411,
        parent=(411, 1411), above=frozenset({(411, 1411)}), command="-bash",
    ),
)  # fmt: skip


def timeline(**changes: Any) -> TimelineSnapshot:
    return replace(TimelineSnapshot(time=NOW + 10, host="board", since=NOW, rows=ROWS), **changes)


@asynccontextmanager
async def shown(
    size: tuple[int, int] = (120, 40), scope: Any = None
) -> AsyncIterator[tuple[Pilot[None], TimelinePane, StillSource]]:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (TIMELINE, timeline()))
    app = PitopApp(source, Settings(glyphs="block"), pane="timeline", scope=scope)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert isinstance(app.pane, TimelinePane)
        yield pilot, app.pane, source


def told(pane: TimelinePane) -> list[int]:
    return [row.number for row in pane.table.rows]


async def test_the_newest_stands_first_and_hostile_words_are_only_text() -> None:
    async with shown() as (_, pane, _source):
        assert told(pane) == [7, 6, 5, 4, 3, 2, 1]
        words = [pane._known["words"].text(row) for row in pane.table.rows]
        assert words[0] == "exited with status 4 · lived 3.2 s · 20 ms CPU · peak 5.0M"
        assert words[1] == "tcp to 10.0.0.2:80 · 1.0M received · 1.2K sent · 3 sent again · open 1.1 s"
        assert "\x1b" not in words[3]
        assert words[3].endswith("of 10.0.0.9: A 10.0.0.2 · 3.2 ms")
        assert words[5] == "wget http://www.example/[/etc]"


async def test_the_scope_narrows_it_and_esc_lets_go() -> None:
    async with shown(scope=of_process((600, 1600), "postgres")) as (pilot, pane, _source):
        assert told(pane) == [3]
        await pilot.press("escape")
        assert len(told(pane)) == 7
        pane.table.select(1)
        await pilot.press("s")
        assert told(pane) == [7, 6, 5, 4, 2, 1]


async def test_it_is_recorded_from_the_first_scope_on_whatever_pane_is_seen() -> None:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (TIMELINE, timeline()))
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        assert "timeline" not in source.listening()
        await pilot.press("s")
        assert "timeline" in source.listening()
        await pilot.press("escape", "2")
        assert "timeline" in source.listening()


async def test_sorts_of_lines_can_be_chosen() -> None:
    async with shown() as (pilot, pane, _source):
        await pilot.press("c")
        assert told(pane) == [6, 5, 4]
        await pilot.press("p")
        assert told(pane) == [7, 2, 1]
        await pilot.press("p")
        assert len(told(pane)) == 7


@pytest.mark.parametrize(("number", "stem"), [(3, "processes"), (5, "sockets"), (4, "dns")])
async def test_a_line_leads_to_the_pane_of_what_it_is_about(number: int, stem: str) -> None:
    async with shown() as (pilot, pane, _source):
        pane.table.select(number)
        await pilot.press("enter")
        await pilot.pause()
        app = pilot.app
        assert isinstance(app, PitopApp)
        assert app.pane.stem == stem
        if stem == "processes":
            assert isinstance(app.pane, TablePane)
            assert app.pane.table.selected.key == (600, 1600)


async def test_what_cannot_be_heard_is_said_and_a_failure_too() -> None:
    async with shown() as (pilot, pane, source):
        source.put(TIMELINE, timeline(missing=(Missing("names that were asked", "no permission", "Run it as root."),)))
        await pilot.pause()
        notice = pane.query_one("#failure", Notice)
        assert "no permission" in str(notice._text)
        source.put(TIMELINE, Failure("timeline", NOW, "broken", "", ""))
        await pilot.pause()
        assert "broken" in str(notice._text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (TIMELINE, timeline()))
    assert snap_compare(PitopApp(source, Settings(glyphs="block"), pane="timeline"), terminal_size=size)
