"""The traffic pane: who talks with whom, as it is and summed, narrowed, and never more than is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import MACHINE, PROCESSES, TALKS
from pitop.model.scope import of_host
from pitop.model.snapshot import Missing
from pitop.model.traffic import TrafficRow
from pitop.model.traffic.talks import TalksSnapshot
from pitop.tui.app import PitopApp
from pitop.tui.panes.traffic import TrafficPane
from pitop.tui.settings import Settings
from pitop.tui.widgets.notice import Notice
from tests.tui.still import NOW, StillSource, machine, processes


def a_row(program: str | None, address: str, port: int, **changes: Any) -> TrafficRow:
    made = TrafficRow(
        key=(program, address, port),
        program=program,
        pid=None if program is None else 600 + len(program),
        start_ticks=None if program is None else 1600 + len(program),
        user="pi",
        direction="out",
        address=address,
        transport="tcp",
        port=port,
        protocol="TLS" if port == 443 else None,
        inside=address.startswith("127."),
        received_bytes=1 << 20,
        sent_bytes=4 << 10,
        received_bytes_per_second=2048.0,
        sent_bytes_per_second=100.0,
        connections=2,
        open=1,
        first_seen=NOW - 60,
        last_seen=NOW,
    )
    return replace(made, **changes)


ROWS = (
    a_row("firefox", "192.0.2.7", 443, name="www.example.org", name_source="dns"),
    a_row("firefox", "192.0.2.8", 443, transport="udp", protocol="QUIC", received_bytes_per_second=90_000.0),
    a_row("backup\x1b[31m", "198.51.100.9", 22, name="vault.example", name_source="reverse", open=0),
    a_row("postgres", "127.0.0.1", 5432, direction="in", received_bytes_per_second=0.0),
    a_row(None, "203.0.113.5", 123, transport="udp", received_bytes=None, sent_bytes=None,
          received_bytes_per_second=None, sent_bytes_per_second=None, open=0, first_seen=NOW - 1),
)  # fmt: skip


def talks(**changes: Any) -> TalksSnapshot:
    made = TalksSnapshot(
        time=NOW,
        host="board",
        since=NOW - 100,
        rows=ROWS,
        capturing=True,
        unknown_percent=6.5,
        received_bytes_per_second=94_096.0,
        sent_bytes_per_second=400.0,
    )
    return replace(made, **changes)


@asynccontextmanager
async def shown(scope: Any = None) -> AsyncIterator[tuple[Pilot[None], TrafficPane, StillSource]]:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (TALKS, talks()))
    app = PitopApp(source, Settings(glyphs="block"), pane="traffic", scope=scope)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert isinstance(app.pane, TrafficPane)
        yield pilot, app.pane, source


def told(pane: TrafficPane) -> list[tuple[str | None, int | None]]:
    return [(row.program, row.port) for row in pane.table.rows]


def line(pane: TrafficPane, place: int) -> dict[str, str]:
    row = pane.table.rows[place]
    return {field.key: field.text(row) for field in pane.fields}


async def test_the_busiest_stands_first_and_what_is_not_known_is_not_nothing() -> None:
    async with shown() as (_, pane, _source):
        assert told(pane)[0] == ("firefox", 443)
        assert (line(pane, 0)["port"], line(pane, 0)["protocol"]) == ("443", "udp")
        assert line(pane, 0)["name"] == "192.0.2.8"
        unknown = line(pane, 4)
        assert unknown["process"] == "unknown"
        assert [unknown[key] for key in ("pid", "bytes_received", "sent_bytes_per_second")] == ["-"] * 3
        assert "6.5 % of owners unknown" in str(pane.query_one("#summary", Notice)._text)
        assert all("\x1b" not in text for place in range(5) for text in line(pane, place).values())


async def test_sums_open_into_their_rows_and_esc_goes_back() -> None:
    async with shown() as (pilot, pane, _source):
        await pilot.press("t")
        sums = {row.program: row for row in pane.table.rows}
        assert sums["firefox"].received_bytes == 2 << 20
        assert sums["firefox"].rows == 2
        pane.table.select(sums["firefox"].key)
        await pilot.press("enter")
        assert told(pane) == [("firefox", 443), ("firefox", 443)]
        await pilot.press("escape")
        assert len(pane.table.rows) == 4
        await pilot.press("escape")
        assert len(pane.table.rows) == 5


async def test_what_stays_inside_and_what_has_ended_can_be_hidden() -> None:
    async with shown() as (pilot, pane, _source):
        await pilot.press("i")
        assert ("postgres", 5432) not in told(pane)
        await pilot.press("d")
        assert told(pane) == [("firefox", 443), ("firefox", 443)]
        await pilot.press("i", "d")
        assert len(told(pane)) == 5


@pytest.mark.parametrize(
    ("view", "program", "label"),
    [("", "firefox", "firefox (607)"), ("name", "firefox", "www.example.org"), ("port", "postgres", "port 5432")],
)
async def test_a_row_can_be_followed(view: str, program: str, label: str) -> None:
    async with shown() as (pilot, pane, _source):
        if view:
            pane.action_show(view)
        row = next(row for row in pane.table.rows if row.program == program and (view != "name" or row.name))
        pane.table.select(row.key)
        await pilot.press("s")
        await pilot.pause()
        assert pane.scope is not None
        assert pane.scope.label == label


async def test_the_scope_narrows_it() -> None:
    async with shown(scope=of_host("192.0.2.7")) as (_, pane, _source):
        assert told(pane) == [("firefox", 443)]


async def test_the_same_row_stays_the_same_object_in_a_sum() -> None:
    async with shown() as (pilot, pane, source):
        await pilot.press("t")
        before = {row.key: row for row in pane.table.rows}
        source.put(TALKS, talks(time=NOW + 1, missing=(Missing("UDP's bytes", "no permission", "Run it as root."),)))
        await pilot.pause()
        assert all(before[row.key] is row for row in pane.table.rows)
        assert "no permission" in str(pane.query_one("#failure", Notice)._text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    source = StillSource((MACHINE, machine()), (PROCESSES, processes()), (TALKS, talks()))
    assert snap_compare(PitopApp(source, Settings(glyphs="block"), pane="traffic"), terminal_size=size)
