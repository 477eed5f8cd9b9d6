"""The network pane: sections, marks, graphs, and the way that is asked for."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.network import RouteTo
from pitop.collect.topics import MACHINE, NETWORK
from pitop.model.network.choice import Flow, Way, choose
from pitop.model.network.rows import (
    Address,
    Change,
    Counters,
    Interface,
    Lease,
    Nameserver,
    Neighbour,
    NextHop,
    Resolver,
    Route,
    Rule,
)
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.snapshot import Failure
from pitop.tui.app import PANES, PitopApp
from pitop.tui.panes.network import NetworkPane
from pitop.tui.settings import Settings
from tests.tui.still import NOW, StillSource, machine

COUNTERS = Counters(9000, 4000, 9 << 20, 3 << 20, 0, 0, 12, 0, 7, 0, 0, 0, 0, 0, 0)


def an_interface(index: int, name: str, **changes: Any) -> Interface:
    made = Interface(
        index=index,
        name=name,
        state="UP",
        flags=("BROADCAST", "MULTICAST", "UP", "LOWER_UP"),
        flag_bits=0x1043,
        link_type="ether",
        link_kind="",
        mac=f"b8:27:eb:00:00:{index:02x}",
        vendor="Raspberry Pi Foundation",
        mtu=1500,
        queue_length=1000,
        carrier=True,
        master=None,
        parent=None,
        speed_mbit=1000,
        duplex="full",
        signal_dbm=None,
        counters=COUNTERS,
        rx_bytes_per_second=120_000.0,
        tx_bytes_per_second=9_000.0,
        rx_packets_per_second=90.0,
        tx_packets_per_second=40.0,
    )
    return replace(made, **changes)


def _route(destination: str, gateway: str | None, interface: str, **changes: Any) -> Route:
    made = Route(
        family=socket.AF_INET,
        table="main",
        table_id=254,
        kind="unicast",
        destination=destination,
        source_prefix=None,
        tos=0,
        metric=100,
        scope="global",
        protocol="dhcp",
        source="192.0.2.7",
        preference=None,
        hops=(NextHop(gateway, interface),),
    )
    return replace(made, **changes)


def _address(interface: str, index: int, address: str, length: int) -> Address:
    return Address(
        interface=interface,
        index=index,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        address=address,
        prefix_length=length,
        peer=None,
        broadcast=None,
        scope="link" if address.startswith("fe80") else "global",
        label=interface,
        flags=("dynamic",),
        valid_seconds=3000,
        preferred_seconds=3000,
    )


def network(**changes: Any) -> NetworkSnapshot:
    """A board on a cable and on Wi-Fi, the cable out."""
    made = NetworkSnapshot(
        time=NOW,
        host="board",
        interfaces=(
            an_interface(1, "lo", link_type="loopback", state="UNKNOWN", mac="00:00:00:00:00:00", speed_mbit=None),
            an_interface(2, "eth0", state="DOWN", carrier=False, rx_bytes_per_second=0.0, tx_bytes_per_second=0.0),
            an_interface(3, "wlan0", signal_dbm=-61.0, speed_mbit=None),
        ),
        addresses=(
            _address("wlan0", 3, "192.0.2.7", 24),
            _address("wlan0", 3, "fe80::ba27:ebff:fe00:3", 64),
            _address("eth0", 2, "fe80::ba27:ebff:fe00:2", 64),
        ),
        routes=(
            _route("default", "192.0.2.1", "wlan0"),
            _route("192.0.2.0/24", None, "wlan0", metric=0, protocol="kernel"),
            _route("192.0.2.7", None, "wlan0", table="local", table_id=255, kind="local", protocol="kernel"),
        ),
        rules=(
            Rule(family=socket.AF_INET, priority=0, action="lookup", table="local", table_id=255),
            Rule(family=socket.AF_INET, priority=32766, action="lookup", table="main", table_id=254),
        ),
        neighbours=(
            Neighbour(
                family=socket.AF_INET,
                address="192.0.2.1",
                mac="00:11:22:33:44:55",
                vendor="A\x1b[2JB Routers",
                interface="wlan0",
                state="REACHABLE",
                router=True,
                proxy=False,
                confirmed_seconds=2.0,
                used_seconds=2.0,
                updated_seconds=2.0,
            ),
        ),
        leases=(
            Lease(
                interface="wlan0",
                client="dhcpcd",
                address="192.0.2.7",
                server="192.0.2.1",
                lease_seconds=3600,
                renew_time=NOW + 754,
                rebind_time=NOW + 2000,
                expiry_time=NOW - 5,
            ),
        ),
        resolver=Resolver(servers=(Nameserver(address="192.0.2.1", origin="/etc/resolv.conf"),)),
        changes=(
            Change(time=NOW - 2, kind="interface", key="interface eth0", sign="~", words="eth0 lost its carrier"),
            Change(time=NOW - 90, kind="neighbour", key="neighbour wlan0 192.0.2.9", sign="-", words="192.0.2.9 went"),
        ),
    )
    return replace(made, **changes)


class Driven:
    """An app under the pilot, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> NetworkPane:
        pane = self.app.pane
        assert isinstance(pane, NetworkPane)
        return pane

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def line_of(self, text: str) -> str:
        return next(line for line in self.text().splitlines() if text in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def put(self, snapshot: Any) -> None:
        self.source.put(NETWORK, snapshot)
        await self.pilot.pause()


@asynccontextmanager
async def driven(size: tuple[int, int] = (120, 40), snapshot: Any = None) -> AsyncIterator[Driven]:
    source = StillSource((MACHINE, machine()), (NETWORK, snapshot or network()))
    app = PitopApp(source, Settings(glyphs="block"), pane="network")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(app, pilot, source)


async def test_interfaces_are_there_at_once_and_changes_are_marked() -> None:
    async with driven() as seen:
        assert "Interfaces 3" in seen.text()
        assert seen.line_of("eth0  ").startswith("~eth0         DOWN")
        assert "192.0.2.7/24" in seen.line_of("wlan0 ")
        assert "fe80" not in seen.line_of("wlan0  ")  # link-local ones only where there is nothing better
        assert "eth0 without carrier" in seen.text()
        assert "eth0 lost its carrier" in seen.text()
        assert "192.0.2.9 went" in seen.text()
        await seen.put(network(time=NOW + 10, changes=network().changes))
        assert seen.line_of("eth0  ").startswith(" eth0")


async def test_tab_goes_through_the_sections() -> None:
    async with driven() as seen:
        titles = []
        for _ in range(6):
            await seen.press("tab")
            titles.append(seen.pane.front.title)
        assert titles == ["Addresses", "Routes", "Neighbours", "Leases", "Name servers", "Interfaces"]
        await seen.press("shift+tab")
        assert seen.pane.front.title == "Name servers"
        assert "192.0.2.1" in seen.line_of("/etc/resolv.conf")


async def test_every_section_shows_its_rows() -> None:
    async with driven() as seen:
        await seen.press("tab")
        assert "192.0.2.7/24" in seen.line_of("global")
        await seen.press("tab")
        assert "192.0.2.1" in seen.line_of("default")
        await seen.press("tab")
        assert "A\\e[2JB Routers" in seen.line_of("REACHABLE")
        assert "\x1b" not in seen.text()
        await seen.press("tab")
        lease = seen.line_of("dhcpcd")
        assert "12:34" in lease
        assert "over" in lease


async def test_leases_run_down() -> None:
    async with driven() as seen:
        await seen.press("tab", "tab", "tab", "tab")
        await seen.put(network(time=NOW + 54))
        assert "11:40" in seen.line_of("dhcpcd")


async def test_the_filter_works_in_each_section() -> None:
    async with driven() as seen:
        await seen.press("tab", "tab", "backslash", *"table=main", "enter")
        assert len(seen.pane.front.table.rows) == 2
        await seen.press("tab", "tab", "tab", "tab", "backslash", *"rx>1K and state=UP", "enter")
        assert [row.name for row in seen.pane.front.table.rows] == ["wlan0"]


async def test_the_way_is_shown_as_it_is_typed() -> None:
    async with driven() as seen:
        await seen.press("w", *"198.51.100.4")
        assert (NETWORK.name, RouteTo("198.51.100.4")) in seen.source.asked
        assert not any(request == RouteTo("198.51") for _, request in seen.source.asked)
        whole = network()
        way = Way(
            destination="198.51.100.4",
            kind="unicast",
            interface="wlan0",
            gateway="192.0.2.1",
            source="192.0.2.7",
            table="main",
            mtu=None,
            gateway_mac="00:11:22:33:44:55",
            gateway_vendor=None,
            neighbour_state="REACHABLE",
            refusal=None,
            choice=choose(Flow(destination="198.51.100.4"), whole.rules, whole.routes),
        )
        await seen.put(network(way=way))
        await seen.press("enter")
        assert " 198.51.100.4 via 192.0.2.1 dev wlan0 src 192.0.2.7 " in seen.text()
        assert "gateway 192.0.2.1 is at 00:11:22:33:44:55, REACHABLE" in seen.text()
        assert "-> default via 192.0.2.1 dev wlan0 metric 100" in seen.text()
        await seen.press("W")
        assert "gateway 192.0.2.1 is at" not in seen.text()
        assert seen.source.asked[-1] == (NETWORK.name, RouteTo(""))


async def test_escape_takes_the_way_back() -> None:
    async with driven() as seen:
        await seen.press("w", *"10.0.0.1", "escape")
        assert seen.source.asked[-1] == (NETWORK.name, RouteTo(""))


async def test_a_failure_is_said_and_the_rows_stay() -> None:
    async with driven() as seen:
        await seen.put(Failure(NETWORK.name, NOW, "OSError: no", "Try again.", "rtnetlink.py:1"))
        assert "OSError: no" in seen.text()
        assert "wlan0" in seen.text()


async def test_it_stands_in_forty_columns() -> None:
    async with driven(size=(40, 12)) as seen:
        assert "wlan0" in seen.text()
        assert "eth0" in seen.text()


async def test_help_speaks_of_the_section() -> None:
    async with driven(size=(120, 60)) as seen:
        await seen.press("tab", "tab", "f1")
        assert "The router that takes the packet further" in seen.text() or "Where the route leads" in seen.text()


def test_the_pane_is_in_its_place() -> None:
    stems = [each.stem for each in PANES]
    assert stems.index("network") + 1 == stems.index("path")


async def test_the_scope_narrows_every_section_and_a_row_can_become_it() -> None:
    async with driven() as seen:
        await seen.press("tab", "tab", "tab", "s")
        assert [row.address for row in seen.pane.front.table.rows] == ["192.0.2.1"]
        await seen.press("shift+tab")
        assert [row.destination for row in seen.pane.front.table.rows] == ["default"]
        await seen.press("shift+tab")
        assert seen.pane.front.table.rows == []
        await seen.press("escape")
        assert len(seen.pane.front.table.rows) == 3


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    source = StillSource((MACHINE, machine()), (NETWORK, network()))
    assert snap_compare(PitopApp(source, Settings(glyphs="block"), pane="network"), terminal_size=size)


async def test_what_is_asked_while_something_is_typed_goes_back_to_what_was_before_both() -> None:
    async with driven() as seen:
        await seen.press("w", *"10.0.0.1")
        await seen.pane.run_action("way")
        await seen.pilot.pause()
        await seen.press("escape")
        assert seen.source.asked[-1] == (NETWORK.name, RouteTo(""))
        await seen.press("backslash", *"eth")
        await seen.pane.front.run_action("filter")
        await seen.pilot.pause()
        await seen.press("escape")
        assert seen.pane.front.filter.text == ""
        assert len(seen.pane.query("Prompt")) == 1
