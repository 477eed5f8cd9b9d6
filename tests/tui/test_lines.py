"""What widgets that draw themselves keep from one frame to the next is what they would draw now."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from rich.segment import Segment
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from pitop.collect.topics import MACHINE, PROCESSES
from pitop.render.field import Tone
from pitop.tui.app import PitopApp
from pitop.tui.panes.processes import ProcessesPane
from pitop.tui.settings import Settings
from pitop.tui.widgets.ground import Ground
from pitop.tui.widgets.notice import Notice
from pitop.tui.widgets.table import Table
from tests.tui.kept import stale
from tests.tui.still import StillSource, a_process, machine, processes

KEYS = (
    "up", "down", "pagedown", "pageup", "home", "end", "left", "right", "backslash", "slash", "escape", "enter",
    "a", "w", "equals_sign", "space", "t", "f6", "less_than_sign", "greater_than_sign", "tab", "z", "i", "ctrl+p",
)  # fmt: skip


@asynccontextmanager
async def shown(theme: str = "pitop-night") -> AsyncIterator[tuple[Pilot[int], StillSource]]:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()))
    app = PitopApp(source, Settings(glyphs="block", theme=theme))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        yield pilot, source


def noted(table: Table[Any], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lines that are drawn from now on."""
    drawn: list[int] = []
    line = table.line

    def drawing(y: int) -> list[Segment]:
        drawn.append(y)
        return line(y)

    monkeypatch.setattr(table, "line", drawing)
    return drawn


def crowd(dice: random.Random) -> list[object]:
    return [
        a_process(pid, 1, f"worker {pid} 日本{'x' * dice.randrange(60)}", cpu_percent=dice.random() * 100)
        for pid in dice.sample(range(100, 180), dice.randrange(1, 60))
    ]


async def test_nothing_stale_is_kept_whatever_a_person_does() -> None:
    dice = random.Random(2)
    async with shown() as (pilot, source):
        for _ in range(100):
            what = dice.random()
            if what < 0.15:
                source.put(PROCESSES, replace(processes(), rows=tuple(crowd(dice))))
            elif what < 0.25:
                await pilot.resize_terminal(dice.randrange(60, 140), dice.randrange(15, 45))
            elif what < 0.3:
                pilot.app.theme = dice.choice(["pitop-night", "pitop-paper", "nord", "ansi-dark"])
            else:
                await pilot.press(dice.choice(KEYS))
            await pilot.pause()
            assert stale(pilot.app.screen) == []


async def test_a_prompt_has_no_row_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown() as (pilot, source):
        source.put(PROCESSES, replace(processes(), rows=tuple(crowd(random.Random(3)))))
        await pilot.pause()
        table = pilot.app.query_one(ProcessesPane).table
        drawn = noted(table, monkeypatch)
        height = table.size.height
        await pilot.press("backslash")
        await pilot.pause()
        assert table.size.height == height - 2
        assert set(drawn) <= {0}
        await pilot.press("escape")
        await pilot.pause()
        assert table.size.height == height
        assert set(drawn) <= {0, height - 2, height - 1}


async def test_rows_that_only_move_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown() as (pilot, source):
        rows = tuple(a_process(pid, 1, f"worker {pid}", cpu_percent=float(pid)) for pid in range(100, 140))
        source.put(PROCESSES, replace(processes(), rows=rows))
        await pilot.press("P", "home")
        await pilot.pause()
        table = pilot.app.query_one(ProcessesPane).table
        drawn = noted(table, monkeypatch)
        above = tuple(a_process(pid, 1, f"worker {pid}", cpu_percent=float(pid)) for pid in (200, 201))
        source.put(PROCESSES, replace(processes(), rows=(*rows, *above)))
        await pilot.pause()
        assert [table.key(row)[0] for row in table.on_screen[:3]] == [201, 200, 139]  # type: ignore[index]
        assert set(drawn) <= {1, 2, 3}, "what is new, and what was selected"
        assert stale(pilot.app.screen) == []


@pytest.mark.parametrize("theme", ["pitop-night", "pitop-paper", "ansi-dark", "ansi-console"])
@pytest.mark.parametrize("colour", [True, False])
async def test_the_ground_is_textuals_own(theme: str, colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    async with shown(theme) as (pilot, _):
        grounds = [each for each in (pilot.app.screen, *pilot.app.screen.walk_children()) if isinstance(each, Ground)]
        assert len(grounds) >= 3
        for ground in grounds:
            crop = Region(3, 1, 20, 4)
            assert [list(strip) for strip in ground.render_lines(crop)] == [
                list(strip) for strip in Widget.render_lines(ground, crop)
            ]


async def test_other_glyphs_are_drawn_beneath_what_lies_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown() as (pilot, _):
        pilot.app.query_one("#summary", Notice).say([("long " * 60, Tone.PLAIN)])
        await pilot.pause()
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(pilot.app, PitopApp)
        monkeypatch.setattr(pilot.app.pane, "redrawn", lambda: None)  # which could hide what is forgotten here
        pilot.app.set_glyphs("ascii")
        await pilot.pause()
        assert [line for screen in pilot.app.screen_stack for line in stale(screen)] == []


async def test_what_changes_unseen_is_drawn_anew_when_it_is_seen() -> None:
    async with shown() as (pilot, _):
        pane = pilot.app.query_one(ProcessesPane)
        pane.display = False
        await pilot.pause()
        pane.table.show(list(reversed(pane.table.rows)))
        assert pane.table._drawn == {}


async def test_the_words_for_no_rows_stand_where_a_single_row_was() -> None:
    async with shown() as (pilot, _):
        table = pilot.app.query_one(ProcessesPane).table
        table.show(table.rows[:1])
        await pilot.pause()
        table.empty_words = "Nothing is here"
        await pilot.pause()
        table.show([])
        await pilot.pause()
        assert "Nothing is here" in table._drawn[2].text
