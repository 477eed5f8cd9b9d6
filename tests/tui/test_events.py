"""The fork feed on the screen, and those that ended in the tree."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pitop.model.events import Ended, EventKind, EventsSnapshot, Final, Origin, ProcessEvent
from pitop.model.snapshot import Failure, Missing
from pitop.model.time import Ending
from pitop.tui.panes.ended import EndedRows
from tests.tui.still import NOW, processes
from tests.tui.test_processes import Driven, driven

FINAL = Final("ls", 1000, 0.002, 0.004, 0.0123, 101, 1, 2_000_000, 0, 0, 0.0, 0.0)
SHORT = Ended((900, 5000), 411, "ls", "ls -la \x1b]0;x\x07", NOW - 1, Ending(2), 0.0123, FINAL)
KNOWN = Ended((650, 1650), 600, "postgres", "postgres: gone", NOW - 2, Ending(0, 9), 3.2, None)
EXIT = ProcessEvent(EventKind.EXIT, NOW, 900, 411, "ls", "ls -la", Ending(2), 0.0123, FINAL)


def a_feed(**changes: Any) -> EventsSnapshot:
    made = EventsSnapshot(
        time=NOW,
        host="board",
        origin=Origin.KERNEL,
        events=(
            ProcessEvent(EventKind.FORK, NOW, 900, 411, "bash", "-bash"),
            ProcessEvent(EventKind.EXEC, NOW, 900, 411, "ls", "ls -la"),
            EXIT,
        ),
        ended=(KNOWN, SHORT),
        forks=120,
        execs=80,
        exits=119,
        lost=0,
        forks_per_second=12.0,
        exits_per_second=11.0,
    )
    return replace(made, **changes)


async def heard(seen: Driven, feed: EventsSnapshot | Failure) -> None:
    """The pane has heard this, and a sample has come after it."""
    seen.pane.arrived(feed)
    await seen.put(processes())


async def test_short_lives_stand_in_the_tree_with_their_ends() -> None:
    async with driven() as seen:
        await heard(seen, a_feed())
        assert 900 in seen.pids
        line = seen.line_of("ls -la")
        assert "[exit 2, 12 ms] ls -la" in line
        assert "\\e]" in line
        assert "\x1b" not in line
        assert " pi " in line
        assert seen.line_of("[signal 9 KILL, 3.2 s] postgres")


async def test_rates_and_losses_are_in_the_summary() -> None:
    async with driven() as seen:
        await heard(seen, a_feed(lost=7))
        assert "12 forks/s" in seen.line_of("forks/s")
        assert "7 events lost" in seen.line_of("forks/s")


async def test_the_feed_under_the_table() -> None:
    async with driven() as seen:
        await heard(seen, a_feed())
        await seen.press("E")
        assert "120 forks  80 execs  119 exits" in seen.line_of("120 forks")
        assert "from the kernel's process events" in seen.line_of("120 forks")
        assert "exited with status 2 · lived 12 ms · 6.0 ms CPU, 102 faults · peak 1.9M · ls -la" in seen.line_of(
            "exit  "
        )
        await seen.press("E")
        assert not any("120 forks" in line for line in seen.lines())


async def test_a_scan_says_what_it_cannot_see() -> None:
    missing = (Missing("short lives", "not permitted", "Run pitop as root."),)
    async with driven() as seen:
        await seen.press("E")
        await heard(seen, a_feed(origin=Origin.SCAN, missing=missing))
        assert "Run pitop as root." in seen.line_of("looks at /proc")


async def test_a_failure_of_the_feed_leaves_the_table_alone() -> None:
    async with driven() as seen:
        await seen.press("E")
        await heard(seen, Failure("events", NOW, "no events", "advice here", "x.py:1"))
        assert seen.line_of("no events advice here")
        assert seen.pids


def test_rows_stay_the_same_objects() -> None:
    rows, feed = EndedRows(), a_feed()
    first, second = rows.rows(processes(), feed), rows.rows(processes(), feed)
    assert [row.pid for row in first] == [650, 900]
    assert all(a is b for a, b in zip(first, second, strict=True))
    assert first[1].cpu_seconds == FINAL.cpu_seconds
    assert first[1].rss_bytes == 2_000_000


def test_what_still_shows_is_not_shown_twice() -> None:
    alive = Ended((500, 1500), 411, "python3", None, NOW - 1, Ending(0), None, None)
    late = replace(SHORT, key=(901, 1), ended_time=NOW + 0.5)  # after the sample: it may be in it yet
    assert [row.pid for row in EndedRows().rows(processes(), a_feed(ended=(alive, late)))] == [650]
