"""The scope on the screen: set from a row, shown in the header, narrowing every pane, cleared by Escape."""

from __future__ import annotations

from typing import Any

from pitop.collect.topics import PROCESSES
from pitop.model.scope import of_host, of_user
from pitop.tui.app import PitopApp
from pitop.tui.pane import TablePane
from pitop.tui.settings import Settings
from tests.tui.still import NOW, a_process, a_source, processes


def lines(app: PitopApp) -> list[str]:
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def pids(app: PitopApp) -> list[int]:
    pane: Any = app.pane
    assert isinstance(pane, TablePane)
    return [row.pid for row in pane.table.rows]


async def test_a_process_alone_and_cleared_again() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.query_one("Table").select((410, 1410))  # type: ignore[attr-defined]
        await pilot.press("s")
        await pilot.pause()
        assert pids(app) == [410]
        assert "sshd: (410)" in lines(app)[3]
        await pilot.press("escape")
        await pilot.pause()
        assert len(pids(app)) == 13


async def test_a_subtree_grows_with_its_children_and_keeps_its_orphans() -> None:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        app.pane.query_one("Table").select((410, 1410))  # type: ignore[attr-defined]
        await pilot.press("S")
        await pilot.pause()
        assert pids(app) == [410, 411, 500, 501]
        rows = (*processes().rows, a_process(502, 500, "child"))
        source.put(PROCESSES, processes(rows=rows, time=NOW + 1))
        await pilot.pause()
        await pilot.pause()
        assert pids(app) == [410, 411, 500, 502, 501]
        left = (a_process(1, 0, "init"), a_process(502, 1, "child"))
        source.put(PROCESSES, processes(rows=left, ended=(), time=NOW + 2))
        await pilot.pause()
        await pilot.pause()
        assert pids(app) == [502]


async def test_a_scope_that_means_nothing_here_says_so_and_shows_all() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"), scope=of_host("192.0.2.1"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert len(pids(app)) == 13
        assert "the scope means nothing here" in "\n".join(lines(app))


async def test_the_filter_works_within_a_scope_given_at_the_start() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block"), scope=of_user("postgres"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert pids(app) == [600, 601, 602, 650]
        await pilot.press("t", "backslash", *"state=D", "enter")
        assert pids(app) == [601]
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert len(pids(app)) == 15
