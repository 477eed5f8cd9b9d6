"""The path pane: what is asked for, and how echoes, hops and steps look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import DIAGNOSE, MACHINE, PING, TRACE, Topic
from pitop.model.path.diagnosis import Step
from pitop.model.path.echoes import Loss, Tally, window
from pitop.model.path.hops import Hop, HopChange, HopTally, judged
from pitop.model.path.snapshot import (
    DiagnoseRequest,
    DiagnoseSnapshot,
    PingRequest,
    PingSnapshot,
    PingTarget,
    TraceRequest,
    TraceSnapshot,
)
from pitop.model.snapshot import Failure
from pitop.tui.app import PitopApp
from pitop.tui.panes.path import PathPane
from pitop.tui.settings import Settings
from tests.tui.still import NOW, StillSource, machine

TIMES = tuple(12.0 + (number * 7 % 11) / 4 for number in range(60))


def _target(name: str, recent: tuple[float | None, ...], **changes: Any) -> PingTarget:
    came = [time for time in recent if time is not None]
    made = PingTarget(
        name=name,
        address="198.51.100.7",
        trouble="",
        tally=Tally(
            transmitted=len(recent),
            received=len(came),
            lost=len(recent) - len(came),
            times=len(came),
            sum_ms=sum(came),
            squares=sum(time * time for time in came),
            min_ms=min(came, default=None),
            max_ms=max(came, default=None),
            last_ms=came[-1] if came else None,
        ),
        window=window(recent),
        recent=recent,
        losses=(),
        reply_address=None,
        ttl=57,
    )
    return replace(made, **changes)


def pings(**changes: Any) -> PingSnapshot:
    lossy = (*TIMES[:40], None, None, *TIMES[:10])
    made = PingSnapshot(
        time=NOW,
        host="board",
        rows=(
            _target("example.org", TIMES),
            _target("far.example", lossy, losses=(Loss(NOW - 12, 42, "no reply"), Loss(NOW - 13, 41, "no reply"))),
            _target("bad\x1b[2J.example", (), address=None, trouble="no such name"),
        ),
        request=PingRequest(targets=("example.org", "far.example", "bad\x1b[2J.example")),
    )
    return replace(made, **changes)


def trace(flows: int = 1, **changes: Any) -> TraceSnapshot:
    addresses = ["192.0.2.1", "203.0.113.9", None, "198.51.100.1", "198.51.100.7"]
    counts = [(50, 50), (50, 9), (50, 0), (50, 38), (50, 39)]
    rows = []
    for flow in range(flows):
        tallies = [
            HopTally(
                sent=sent,
                received=received,
                last_ms=9.5 if received else None,
                best_ms=8.0 if received else None,
                worst_ms=14.0 if received else None,
                sum_ms=10.0 * received,
                squares=101.0 * received,
                address=f"203.0.113.{10 + flow % 2}" if place == 1 and flow else address,
                changes=(HopChange(NOW - 30, "203.0.113.8", "203.0.113.9"),) if place == 1 and not flow else (),
            )
            for place, (address, (sent, received)) in enumerate(zip(addresses, counts, strict=True))
        ]
        rows += [
            Hop(
                hop=place,
                address=tally.address,
                name="router.example" if place == 1 else None,
                others=(),
                tally=tally,
                recent=(9.0, None, 10.0),
                verdict=verdict,
                mtu=1400 if place == 4 else None,
                flow=flow,
            )
            for place, (tally, verdict) in enumerate(zip(tallies, judged(tallies), strict=True), 1)
        ]
    made = TraceSnapshot(
        time=NOW,
        host="board",
        rows=tuple(rows),
        request=TraceRequest(target="far.example", flows=flows),
        address="198.51.100.7",
        method="icmp",
        rounds=50,
        reached=True,
        trouble="",
        mtu=1400,
    )
    return replace(made, **changes)


def diagnosis(**changes: Any) -> DiagnoseSnapshot:
    made = DiagnoseSnapshot(
        time=NOW,
        host="board",
        rows=(
            Step(name="link", outcome="ok", tried="looked at eth0", came="eth0 is UP, 1000 Mbit/s"),
            Step(name="lease", outcome="skipped", tried="read the lease files", came="no lease"),
            Step(
                name="gateway",
                outcome="failed",
                tried="sent an echo to 192.0.2.1",
                came="nobody answers for 192.0.2.1 on eth0",
                fault="gateway-dead",
                cause="The gateway was there before, and has fallen silent.",
                advice="Look at the router.",
            ),
        ),
        request=DiagnoseRequest(host="far.example", port=443),
        running=False,
    )
    return replace(made, **changes)


class Driven:
    """An app under the pilot, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> PathPane:
        pane = self.app.pane
        assert isinstance(pane, PathPane)
        return pane

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def line_of(self, text: str) -> str:
        return next(line for line in self.text().splitlines() if text in line)

    def asked(self, topic: Topic[Any]) -> Struct:
        return next(request for name, request in reversed(self.source.asked) if name == topic.name)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def put(self, topic: Topic[Any], snapshot: Any) -> None:
        self.source.put(topic, snapshot)
        await self.pilot.pause()


@asynccontextmanager
async def driven(size: tuple[int, int] = (120, 40)) -> AsyncIterator[Driven]:
    source = StillSource((MACHINE, machine()))
    app = PitopApp(source, Settings(glyphs="block"), pane="path")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(app, pilot, source)


async def test_machines_are_added_and_removed() -> None:
    async with driven() as seen:
        assert "Nothing is pinged yet" in seen.text()
        await seen.press("a", *"example.org, far.example  example.org", "enter")
        assert seen.asked(PING) == PingRequest(targets=("example.org", "far.example"))
        await seen.put(PING, pings())
        await seen.press("down", "down", "d")
        assert seen.asked(PING) == PingRequest(targets=("example.org",))
        await seen.press("a", *"x", "escape")
        assert seen.asked(PING) == PingRequest(targets=("example.org",))


async def test_losses_are_drawn_and_told_with_their_time() -> None:
    async with driven() as seen:
        await seen.press("a", *"far.example", "enter")
        await seen.put(PING, pings())
        assert "13.2" in seen.line_of("example.org")
        assert "\x1b" not in seen.text()
        assert "bad\\e[2J.example" in seen.text()
        await seen.press("down", "down")
        text = seen.text()
        assert "52 sent, 50 received, 2 lost" in text
        assert "lost no. 42: no reply" in text
        assert text.count("╳╳") >= 6  # the graph's full height, and the history


async def test_the_selected_machine_is_traced() -> None:
    async with driven() as seen:
        await seen.put(PING, pings())
        await seen.press("down", "down", "t")
        assert seen.asked(TRACE) == TraceRequest(target="far.example")
        await seen.put(TRACE, trace())
        assert "no loss: slow by policy" in seen.line_of("203.0.113.9")
        assert "no loss: never answers" in seen.line_of("no answer")
        assert "loss begins at or" in seen.line_of("198.51.100.1 ")
        assert "by icmp, 50 rounds, reached, path MTU 1400" in seen.text()
        await seen.press("down")
        assert "hop became 203.0.113.9, was 203.0.113.8" in seen.text()
        await seen.press("m")
        assert seen.asked(TRACE) == TraceRequest(target="far.example", method="udp")


async def test_ways_in_parallel_are_a_tree() -> None:
    async with driven() as seen:
        await seen.press("t", *"far.example", "enter")
        await seen.press("v")
        assert seen.asked(TRACE) == TraceRequest(target="far.example", flows=8)
        await seen.put(TRACE, trace(flows=3))
        assert "3 ways with 3 flows" in seen.text()
        assert "├─  2  203.0.113.9" in seen.text()
        assert "└─  2  203.0.113.10" in seen.text()


async def test_what_is_broken_is_named() -> None:
    async with driven() as seen:
        await seen.press("exclamation_mark", *"far.example 443", "enter")
        assert seen.asked(DIAGNOSE) == DiagnoseRequest(host="far.example", port=443, number=1)
        await seen.put(DIAGNOSE, diagnosis(rows=diagnosis().rows[:1], running=True))
        assert "looking on" in seen.text()
        await seen.put(DIAGNOSE, diagnosis())
        assert "likely cause  The gateway was there before" in seen.text()
        assert "next          Look at the router." in seen.text()
        await seen.press("exclamation_mark", "enter")
        assert seen.asked(DIAGNOSE).number == 2  # type: ignore[attr-defined]


async def test_a_wrong_port_stays_in_the_line() -> None:
    async with driven() as seen:
        await seen.press("exclamation_mark", *"far.example 99999", "enter")
        assert "then perhaps a port number" in seen.text()
        assert not any(name == DIAGNOSE.name for name, _ in seen.source.asked)


async def test_what_the_scope_follows_is_proposed() -> None:
    async with driven() as seen:
        await seen.put(PING, pings())
        await seen.press("down", "s")
        assert [row.name for row in seen.pane.front.table.rows] == ["example.org", "far.example"]
        await seen.press("tab", "t", "enter")
        assert seen.asked(TRACE) == TraceRequest(target="198.51.100.7")
        await seen.put(TRACE, trace())
        assert len(seen.pane.front.table.rows) == 5  # the way as a whole, since the machine is on it


async def test_a_failure_is_said_in_its_section() -> None:
    async with driven() as seen:
        await seen.put(PING, Failure(PING.name, NOW, "not permitted to send echo requests", "Allow ping sockets.", ""))
        assert "not permitted to send echo requests" in seen.text()
        assert "Allow ping sockets" in seen.text()


async def test_it_stands_in_forty_columns() -> None:
    async with driven(size=(40, 12)) as seen:
        await seen.put(PING, pings())
        assert "example.org" in seen.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    async def fill(pilot: Pilot[None]) -> None:
        await pilot.press("a", *"far.example", "enter")
        source.put(PING, pings())
        await pilot.pause()
        await pilot.press("down", "down")
        await pilot.pause()

    source = StillSource((MACHINE, machine()))
    app = PitopApp(source, Settings(glyphs="block"), pane="path")
    assert snap_compare(app, terminal_size=size, run_before=fill)


def test_a_trace_looks(snap_compare: Any) -> None:
    async def fill(pilot: Pilot[None]) -> None:
        await pilot.press("t", *"far.example", "enter")
        source.put(TRACE, trace(flows=2))
        await pilot.pause()

    source = StillSource((MACHINE, machine()))
    app = PitopApp(source, Settings(glyphs="block"), pane="path")
    assert snap_compare(app, terminal_size=(120, 40), run_before=fill)
