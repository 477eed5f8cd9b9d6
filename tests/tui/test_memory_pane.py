"""The memory pane: the machine, the table, groups, and an address space."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import MACHINE, MAPPINGS, MEMORY, PROCESSES, Topic
from pitop.model.memory.activity import Activity, Counters
from pitop.model.memory.faults import COST, Delays
from pitop.model.memory.holdings import Holding, Rollup
from pitop.model.memory.kills import OomKill
from pitop.model.memory.mappings import Kind, Mapping
from pitop.model.memory.pressure import Pressure, Stall
from pitop.model.memory.snapshot import Looking, MemorySnapshot
from pitop.model.memory.space import AddressSpace, Space, address_space
from pitop.model.memory.swap import SwapDevice, Zram
from pitop.model.memory.totals import Totals
from pitop.model.memory.zones import Node, Zone
from pitop.model.processes import Stat
from pitop.model.snapshot import Failure, Missing
from pitop.tui.app import PitopApp
from pitop.tui.panes.memory.pane import MemoryPane
from pitop.tui.settings import Settings
from tests.tui.still import NOW, StillSource, a_process, machine, processes

MB = 1 << 20
KEY = (600, 1600)


def holding(pid: int, pss: int, uss: int, age: float = 0.0, swap: int = 0) -> Holding:
    return Holding((pid, 1000 + pid), NOW - age, Rollup(uss + MB, pss, MB, 0, 0, uss, swap, 0), swap, 600, 0)


def memory(**changes: Any) -> MemorySnapshot:
    """A small board with zram, two nodes and a victim."""
    stall = Stall(1.0, 0.5, 0.25, 12.0)
    made = MemorySnapshot(
        time=NOW,
        host="board",
        uptime_seconds=7200.0,
        memory=Totals(
            4096 * MB, 1024 * MB, 3000 * MB, 100 * MB, 1024 * MB, 50 * MB, 80 * MB, 1024 * MB, 900 * MB,
            anonymous_bytes=1500 * MB, unreclaimable_bytes=60 * MB, kernel_stack_bytes=10 * MB,
            page_tables_bytes=20 * MB, dirty_bytes=3 * MB,
        ),
        counters=Counters(oom_kills=2),
        activity=Activity(
            minor_faults_per_second=3021.0, major_faults_per_second=7.0, read_bytes_per_second=2.0 * MB,
            written_bytes_per_second=0.0, swap_in_bytes_per_second=0.0, swap_out_bytes_per_second=3.0 * MB,
            pressure_some_percent=12.5, pressure_full_percent=3.0, stalls_per_second=4.0,
        ),
        pressure=Pressure(stall, stall),
        swap=(SwapDevice("/dev/zram0", "partition", 1024 * MB, 124 * MB, 100),),
        zram=(Zram("zram0", "lz4", 1024 * MB, 120 * MB, 30 * MB, 40 * MB),),
        zswap=None,
        swappiness=180,
        nodes=(Node(0, 2048 * MB, 100 * MB, None, None, None), Node(1, 2048 * MB, 924 * MB, None, None, None)),
        zones=(Zone(0, "Normal", 10 * MB, 8 * MB, 12 * MB, 16 * MB, 2000 * MB),),
        kills=(OomKill(NOW - 60, 4242, "hungry\x1b[0m", 900 * MB, 700 * MB, group=False),),
        holdings=(holding(600, 250 * MB, 200 * MB), holding(500, 6 * MB, 5 * MB, 12.0, 3 * MB)),
    )  # fmt: skip
    return replace(made, **changes)


def mapping(start: int, size: int, path: str, kind: Kind, resident: int) -> Mapping:
    return Mapping(
        start=start, end=start + size, permissions="rw-p", offset=0, device="00:00", inode=0, path=path, kind=kind,
        rss_bytes=resident, pss_bytes=resident, shared_clean_bytes=0, shared_dirty_bytes=0, private_clean_bytes=0,
        private_dirty_bytes=resident, swap_bytes=0,
    )  # fmt: skip


def space(heap: int = 4 * MB, first: AddressSpace | None = None, **changes: Any) -> AddressSpace:
    """A program, a heap, a file with an odd name, a stack."""
    mappings = (
        mapping(0x400000, MB, "/usr/bin/postgres", Kind.TEXT, MB),
        mapping(0x900000, heap, "[heap]", Kind.HEAP, heap // 2),
        mapping(0x7F0000000000, 2 * MB, "/tmp/a\nb\x1b]0; (deleted)", Kind.FILE, MB),
        mapping(0x7FFC00000000, 132 * 1024, "[stack]", Kind.STACK, 20 * 1024),
    )
    stat = Stat(
        600, "postgres", "S", 1, 600, 600, 0, -1, 0, 1234, 3, 0, 0, 20, 0, 1, 1600, 7 * MB, 4 * MB, 0, 0
    )  # fmt: skip
    made = address_space(stat, mappings, first, time=NOW, host="board", cost_seconds=0.001)
    return replace(made, **changes)


class Driven:
    """An app under the pilot, at the memory pane, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> MemoryPane:
        pane = self.app.pane
        assert isinstance(pane, MemoryPane)
        return pane

    @property
    def pids(self) -> list[int]:
        return [row.pid for row in self.pane.table.rows]

    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())

    def line_of(self, text: str) -> str:
        return next(line for line in self.lines() if text in line)

    def asked(self, topic: Topic[Any]) -> list[Any]:
        return [request for name, request in self.source.asked if name == topic.name]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def put(self, topic: Topic[Any], snapshot: Any) -> None:
        self.source.put(topic, snapshot)
        await self.pilot.pause()


@asynccontextmanager
async def driven(size: tuple[int, int] = (120, 40), glyphs: str = "block") -> AsyncIterator[Driven]:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (MEMORY, memory()))
    app = PitopApp(source, Settings(glyphs=glyphs), "memory")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(app, pilot, source)


async def test_the_machine_is_there_with_both_ways_of_counting() -> None:
    async with driven() as seen:
        text = seen.text()
        assert "used 1.9G as htop, 1.1G as free counts" in text
        assert "↑ 2.9G available" in text
        assert "page cache 974M" in text
        assert "compressed 40M" in text
        assert "swap 124M of 1.0G · zram0 (lz4): 120M of 1.0G stored in 40M, 3.0 to 1 · swappiness 180" in text
        assert r"hungry\e[0m (pid 4242) killed with 700 MB in memory: the machine ran out" in text
        assert "zone Normal of node 0: 10M free, kswapd reclaims" in text
        assert "node 0 1.9G of 2.0G   node 1 1.1G of 2.0G" in text


async def test_the_formulas_on_a_key() -> None:
    async with driven() as seen:
        assert "used as htop counts it" not in seen.text()
        await seen.press("v")
        assert "used as free counts it: 1.1G = total 4.0G - available 2.9G" in seen.text()
        await seen.press("v")
        assert "used as htop counts it" not in seen.text()


async def test_the_parts_and_the_graphs_are_explained_on_a_key() -> None:
    async with driven() as seen:
        await seen.press("e")
        text = seen.text()
        assert "page cache 974M" in text
        assert "File contents kept for the next reader." in text
        assert "used as htop counts it" in text
        assert "Normal, node 0  10M of 2.0G free; kswapd wakes below 12M and works up to 16M" in text
        await seen.press("escape")
        assert "next reader" not in seen.text()


async def test_charts_and_their_scales() -> None:
    async with driven() as seen:
        await seen.put(MEMORY, memory(time=NOW + 1))
        line = seen.line_of("minor faults/s")
        assert "3021" in line
        assert "PSI % full 3.0 some 12.5" in line
        assert "5000" in seen.text()  # the scale's upper end
        await seen.press("g")
        assert "swap/s in 0 out 3.0M" in seen.line_of("swap/s")
        assert "stalls/s 4" in seen.text()
        await seen.press("g")
        assert "minor faults/s" in seen.text()


async def test_rows_carry_what_was_read_and_how_old_it_is() -> None:
    async with driven() as seen:
        assert seen.pids[:2] == [600, 1]  # by RSS, the largest first, without the kernel's threads
        assert set(seen.pids).isdisjoint({2, 10, 11})
        words = seen.line_of("postgres  ").split()
        assert words[:7] == ["600", "postgres", "20M", "300M", "4.0M", "250M", "200M"]
        assert "now" in words
        assert "10s" in seen.line_of(" 500 ").split()  # in steps
        assert seen.line_of("sshd").count("-") >= 3  # not read yet
        total = seen.line_of(" total").split()
        assert "256M" in total  # PSS of both


async def test_what_is_on_the_screen_is_asked_for_in_its_order() -> None:
    async with driven() as seen:
        looking = seen.asked(MEMORY)[-1]
        assert isinstance(looking, Looking)
        assert [key[0] for key in looking.visible] == seen.pids
        count = len(seen.asked(MEMORY))
        await seen.put(MEMORY, memory(time=NOW + 1))
        assert len(seen.asked(MEMORY)) == count  # nothing new to say
    async with driven((80, 18)) as seen:
        visible = [key[0] for key in seen.asked(MEMORY)[-1].visible]
        assert visible == seen.pids[: len(visible)]
        assert len(visible) < len(seen.pids)
        await seen.press("P")
        assert seen.pids[0] == 600
        assert len(seen.asked(MEMORY)[-1].visible) == len(seen.pids)  # an order by PSS needs all of them
        await seen.press("M", "end")
        assert seen.asked(MEMORY)[-1].visible[-1][0] == seen.pids[-1]


async def test_after_a_failure_it_is_asked_again() -> None:
    async with driven() as seen:
        count = len(seen.asked(MEMORY))
        await seen.put(MEMORY, Failure("memory", NOW, "meminfo is gone", "Mount /proc.", "machine.py:1"))
        assert "meminfo is gone (machine.py:1). Mount /proc." in seen.text()
        await seen.put(MEMORY, memory(time=NOW + 1))
        assert "meminfo is gone" not in seen.text()
        assert len(seen.asked(MEMORY)) > count


async def test_groups_by_program_and_by_user() -> None:
    async with driven() as seen:
        await seen.press("b")
        rows = {row.name: row for row in seen.pane.table.rows}
        assert rows["postgres"].count == 1
        assert rows["postgres:"].count == 2
        assert "in 10 lines, one a program" in seen.text()
        await seen.press("b")
        users = {row.name: row.count for row in seen.pane.table.rows}
        assert users == {"root": 4, "pi": 4, "postgres": 3}
        assert len(seen.asked(MEMORY)[-1].visible) == 11
        await seen.press("enter")  # into the first group
        assert len({row.user for row in seen.pane.table.rows}) == 1
        assert seen.pane.filter.text == 'user="postgres"'


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (200, 60)])
@pytest.mark.parametrize("glyphs", ["block", "ascii", "braille"])
async def test_an_address_space_opens_and_closes(size: tuple[int, int], glyphs: str) -> None:
    async with driven(size, glyphs) as seen:
        await seen.press("enter")
        assert seen.asked(MAPPINGS) == [Space(600, 1600)]
        assert seen.asked(MEMORY)[-1] == Looking((), KEY)
        await seen.put(MAPPINGS, space(key=(0, 0)))  # what the collector has before it was asked
        assert "is being read" in seen.text()
        await seen.put(MAPPINGS, space())
        text = seen.text()
        assert "postgres (600) asked for 7.1 MB, holds 4.0 MB, none of it shared" in text
        assert "1,234 minor and 3 major faults since it started" in text
        assert "400000" in text
        assert "[heap]" in text
        assert text.count("nothing mapped") >= 2
        assert "\x1b" not in text
        assert "Group" not in seen.lines()[-1]  # the table's keys rest
        await seen.press("down", "down", "down", "down")
        assert "file: a file, read and written as if it were memory; its file has been removed" in seen.lines()[-2]
        await seen.press("escape")
        assert MAPPINGS.name not in seen.source.listening()
        assert "is being read" not in seen.text()
        assert seen.asked(MEMORY)[-1].selected is None
        assert seen.app.focused is seen.pane.table


async def test_growth_is_marked_since_the_view_opened() -> None:
    async with driven() as seen:
        await seen.press("enter")
        await seen.put(MAPPINGS, space())
        assert "Change" not in seen.line_of("Address")
        grown = space(6 * MB, space())
        await seen.put(MAPPINGS, grown)
        assert "▲2.0M" in seen.line_of("[heap]")
        assert "since you looked: +2.0M asked, +1.0M held" in seen.text()
        await seen.press("m")
        assert seen.asked(MAPPINGS)[-1] == Space(600, 1600, 1)
        await seen.put(MAPPINGS, replace(grown, changes=(), grown_bytes=0, grown_rss_bytes=None))
        assert "▲" not in seen.line_of("[heap]")
        await seen.put(MAPPINGS, space(2 * MB, grown, ended=True))
        assert "▼4.0M" in seen.line_of("[heap]")
        assert "it has ended; this is what was seen last" in seen.text()


async def test_what_a_major_fault_costs_is_said_or_why_not() -> None:
    async with driven() as seen:
        await seen.press("enter")
        await seen.put(MAPPINGS, space())
        absent = Missing(COST, "delay accounting is off", "sysctl kernel.task_delayacct=1")
        await seen.put(MEMORY, memory(time=NOW + 1, delays=Delays(3, None, None), missing=(absent,)))
        assert "the cost of a major fault: delay accounting is off (sysctl kernel.task_delayacct=1)" in seen.text()
        await seen.put(MEMORY, memory(time=NOW + 2, delays=Delays(3, 0.006, 0.0)))
        assert "costs at most 2.0 ms here: 3 major faults since it started" in seen.text()
        row = a_process(600, 1, "postgres", minor_faults_per_second=812.0, major_faults_per_second=14.0)
        rows = (*(each for each in processes().rows if each.pid != 600), row)
        await seen.put(PROCESSES, processes(rows=rows, time=NOW + 3))
        assert "major faults/s 14" in seen.text()
        assert "minor faults/s 812" in seen.text()


async def test_a_refused_address_space_says_so() -> None:
    async with driven() as seen:
        await seen.press("enter")
        await seen.put(MAPPINGS, Failure("mappings", NOW, "the mappings may not be read", "run pitop as root", ""))
        assert "postgres (600): the mappings may not be read. Run pitop as root" in seen.text()
        await seen.press("escape")
        assert "may not be read" not in seen.text()


@pytest.mark.parametrize("size", [(40, 12), (60, 16), (80, 24), (120, 40), (200, 60)])
async def test_the_table_is_there_on_every_screen(size: tuple[int, int]) -> None:
    async with driven(size) as seen:
        assert "RSS▼" in seen.text()
        assert len(seen.pane.table.on_screen) >= 3
        assert "300M" in seen.text()
        await seen.press("enter")
        await seen.put(MAPPINGS, space())
        assert "[heap]" in seen.text()


async def test_without_colours_the_parts_are_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven() as seen:
        bar = seen.lines()[4].strip()
        assert set("PSkoc.") <= set(bar)
        assert "P processes 1.5G" in seen.text()


async def test_leaving_the_pane_ends_its_collecting() -> None:
    async with driven() as seen:
        assert {"memory", "processes"} <= seen.source.listening()
        await seen.press("enter", "1")
        assert {"memory", "mappings"}.isdisjoint(seen.source.listening())
        await seen.press("2")
        assert {"memory", "processes", "mappings"} <= seen.source.listening()
        assert seen.asked(MAPPINGS) == [Space(600, 1600)] * 2  # a new collector knows nothing
        assert seen.asked(MEMORY)[-2:] == [Looking((), KEY)] * 2
        await seen.press("escape")
        before = seen.asked(MEMORY)[-1]
        assert {key[0] for key in before.visible} == set(seen.pids)
        count = len(seen.asked(MEMORY))
        await seen.press("1", "2")
        assert len(seen.asked(MEMORY)) > count
        assert seen.asked(MEMORY)[-1] == before
