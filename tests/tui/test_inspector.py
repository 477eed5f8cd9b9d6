"""The inspector on the screen."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from pitop.collect.inspection import InspectionCollector
from pitop.collect.topics import INSPECTION, TALKS
from pitop.kernel.identity import key_of
from pitop.model.inspection import Inspect, InspectionSnapshot, Rates, Variable
from pitop.model.signals import SendSignal
from pitop.model.snapshot import Missing
from pitop.model.time import Ending
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from pitop.tui.widgets.inspector import Inspector
from tests.tui.still import NOW, a_source
from tests.tui.test_processes import Driven
from tests.tui.test_traffic import a_row, talks

KEY = (602, 1602)


def a_sample() -> InspectionSnapshot:
    """What is known of this very process, under another's name."""
    collector = InspectionCollector()
    collector.ask(Inspect(key_of(os.getpid())))
    snapshot = collector.collect()
    collector.close()
    return replace(
        snapshot,
        key=KEY,
        name="postgres",
        state="S",
        command=("postgres:", "\x1b]0;x\x07 [/etc]"),
        environment=(Variable("PLAIN", "[bold]shown"), Variable("DB_PASSWORD", "********", True)),
    )


@asynccontextmanager
async def inspected(*keys: str, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Driven]:
    source = a_source()
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        seen = Driven(app, pilot, source)
        seen.pane.table.select(KEY)
        await seen.press(*(keys or ("enter",)))
        source.put(INSPECTION, a_sample())
        await pilot.pause()
        yield seen


def inspector(seen: Driven) -> Inspector:
    return seen.app.query_one(Inspector)


async def test_enter_opens_the_overview_of_the_selected_process() -> None:
    async with inspected() as seen:
        assert ("inspection", Inspect(KEY)) in seen.source.asked
        assert "postgres (602)" in seen.line_of("postgres (602)")
        assert seen.line_of("Maximum resident set size (kbytes)")
        assert seen.line_of("most")


async def test_escape_closes_it_and_nothing_is_collected_for_it() -> None:
    async with inspected() as seen:
        await seen.press("escape")
        assert not seen.app.query(Inspector)
        assert "inspection" not in seen.source.listening()
        assert seen.app.focused is seen.pane.table


async def test_parts_by_keys_and_by_click() -> None:
    async with inspected("e") as seen:
        assert "[bold]shown" in seen.line_of("PLAIN")
        assert "********" in seen.line_of("DB_PASSWORD")
        await seen.press("l")
        assert seen.line_of("TARGET")
        await seen.press("right")
        assert seen.line_of("WAITING IN")
        await seen.press("left", "left")
        assert "\\e]0;x" in seen.line_of("Command")
        assert not any("\x1b" in line for line in seen.lines())
        line = seen.line_of("Environment")
        await seen.pilot.click(Inspector, offset=(line.index("Settings"), 1))
        await seen.pilot.pause()
        assert seen.line_of("OOM adjustment")


async def test_secrets_are_shown_when_asked_for() -> None:
    async with inspected("e") as seen:
        await seen.press("v")
        assert ("inspection", Inspect(KEY, True)) in seen.source.asked
        await seen.press("v")
        assert seen.source.asked[-1] == ("inspection", Inspect(KEY, False))


async def test_scrolling_stops_at_the_ends() -> None:
    async with inspected(size=(80, 24)) as seen:
        first = seen.lines()
        await seen.press("up")
        assert seen.lines() == first
        await seen.press("end")
        assert seen.line_of("Children's major page faults")
        await seen.press("home")
        assert seen.lines() == first


async def test_charts_grow_with_the_samples() -> None:
    async with inspected() as seen:
        for cpu in (10.0, 50.0, 100.0):
            seen.source.put(INSPECTION, replace(a_sample(), rates=Rates(cpu_percent=cpu)))
            await seen.pilot.pause()
        assert "▁▄█" in seen.line_of("CPU  ")
        assert "most 100%" in seen.line_of("CPU  ")


async def test_the_end_is_told_and_the_last_values_stay() -> None:
    async with inspected() as seen:
        seen.source.put(INSPECTION, replace(a_sample(), ended_time=NOW, ending=Ending(0, 9)))
        await seen.pilot.pause()
        assert "has ended: killed by signal 9 (KILL)" in seen.line_of("postgres (602)")
        assert seen.line_of("Maximum resident set size (kbytes)")


async def test_what_is_missing_is_said_in_its_place() -> None:
    missing = (Missing("open files", "not permitted", "Needs root or the same user (CAP_SYS_PTRACE)."),)
    async with inspected("l") as seen:
        seen.source.put(INSPECTION, replace(a_sample(), files=None, missing=missing))
        await seen.pilot.pause()
        assert "Needs root" in seen.line_of("open files: not permitted")


async def test_signals_go_to_the_inspected_process() -> None:
    async with inspected() as seen:
        seen.pane.table.tag(seen.pane.table.rows)
        await seen.press("k", "enter")
        (action,) = seen.source.done
        assert isinstance(action, SendSignal)
        assert [each.key for each in action.targets] == [KEY]


async def test_beside_the_table_where_there_is_room() -> None:
    async with inspected(size=(200, 50)) as seen:
        assert 90 < inspector(seen).size.width < 120
        assert seen.pane.table.size.width > 70
        await seen.pilot.resize_terminal(100, 40)
        await seen.pilot.pause()
        assert inspector(seen).size.width == 100


async def test_paused_it_holds_still() -> None:
    async with inspected() as seen:
        await seen.press("z")
        seen.source.put(INSPECTION, replace(a_sample(), name="another"))
        await seen.pilot.pause()
        assert not any("another (602)" in line for line in seen.lines())
        await seen.press("z")
        await seen.pilot.pause()
        assert any("another (602)" in line for line in seen.lines())


async def test_only_keys_that_do_something_are_offered_over_the_table() -> None:
    async with inspected() as seen:
        footer = seen.lines()[-1]
        assert "Signal" in footer
        assert "Filter" not in footer
        await seen.press("backslash", "t")
        assert seen.pane.tree_shown
        await seen.press("a", *"0-1", "enter")
        assert seen.source.done
        assert seen.app.focused is seen.app.query_one(Inspector)
    async with inspected(size=(200, 50)) as seen:
        assert "Filter" in seen.lines()[-1]


async def test_a_value_is_typed_where_it_is_seen() -> None:
    async with inspected() as seen:
        await seen.press("a", *"x")
        assert seen.line_of("is no CPU")


async def test_the_network_card_is_listened_to_only_once_it_is_looked_at() -> None:
    async with inspected() as seen:
        assert not {"talks", "traffic", "sockets"} & seen.source.listening()
        await seen.press("c")
        assert {"talks", "traffic", "sockets"} <= seen.source.listening()
        assert seen.line_of("looking …")
        seen.source.put(TALKS, talks(rows=(a_row("postgres", "192.0.2.7", 443, pid=KEY[0], start_ticks=KEY[1]),)))
        await seen.pilot.pause()
        assert "1.0M" in seen.line_of("192.0.2.7:443")
        await seen.press("escape")
        assert not {"talks", "traffic", "sockets"} & seen.source.listening()
