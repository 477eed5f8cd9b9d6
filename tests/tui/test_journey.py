"""From a row to what it leads to in every other pane, and back and forth with everything as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from pitop.collect.network import RouteTo
from pitop.collect.topics import DNS, MEMORY, NETWORK, PACKETS, PING, PROCESSES, SOCKETS, TRACE, TRAFFIC
from pitop.model.dns.live import LiveQuery
from pitop.model.dns.snapshot import Begin, Lookup, Part
from pitop.model.memory.space import Space
from pitop.model.packets.snapshot import AskRows, Capture
from pitop.model.path.snapshot import PingRequest, TraceRequest
from pitop.model.scope import Flow, Scope, of_flow, of_host, of_port, of_process, of_user
from pitop.model.traffic import TrafficSnapshot
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from pitop.tui.widgets.choice import Choice
from pitop.tui.widgets.table import Table
from tests.tui.still import NOW, StillSource, a_process, a_source, processes
from tests.tui.test_dns_pane import QUESTION, answered, record
from tests.tui.test_dns_pane import snapshot as dns_snapshot
from tests.tui.test_memory_pane import memory
from tests.tui.test_network import network
from tests.tui.test_packets_pane import packet
from tests.tui.test_packets_pane import snapshot as packets_snapshot
from tests.tui.test_path import pings, trace
from tests.tui.test_sockets import NGINX_TOO, sockets

FLOW = Flow.between("tcp", ("192.168.1.5", 443), ("203.0.113.77", 41022))
ASKED = Flow.between("udp", ("10.0.0.2", 4000), ("10.0.0.53", 53))
PG = of_process((600, 1600), "postgres")


def wire() -> TrafficSnapshot:
    """One question, asked by process 700, and its answer."""
    query = LiveQuery(
        key=("10.0.0.2", 4000, "10.0.0.53", 7, NOW), time=NOW, name="www.example.", type="A", client="10.0.0.2",
        server="10.0.0.53", status="NOERROR", unanswered=False, data="A 192.0.2.1", ms=1.0, tries=1, pid=700,
        process="curl",
    )  # fmt: skip
    return TrafficSnapshot(time=NOW, host="board", running=True, queries=(query,))


def everything() -> StillSource:
    """The board, with something in every pane."""
    source = a_source()
    known = dns_snapshot(
        time=NOW,
        begun=((Part.LOOKUP, "www.example."),),
        lookups=(Lookup(QUESTION, answered(record("192.0.2.1"), record("real.example.", "CNAME"))),),
    )
    rows = tuple(packet(n, pid=700, process="curl", tcp_flags=".") for n in range(1, 51))
    for topic, snapshot in (
        (SOCKETS, sockets()),
        (PACKETS, packets_snapshot(0, 50, 50, rows=rows)),
        (NETWORK, network()),
        (PING, pings()),
        (TRACE, trace()),
        (MEMORY, memory()),
        (DNS, known),
        (TRAFFIC, wire()),
    ):
        source.put(topic, snapshot)  # type: ignore[arg-type]
    return source


class Driven:
    """An app under the pilot, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    async def settle(self) -> None:
        for _ in range(3):
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def put(self, topic: Any, snapshot: Any) -> None:
        self.source.put(topic, snapshot)
        await self.settle()

    @property
    def table(self) -> Table[Any]:
        front: Any = self.app.pane.front
        found: Table[Any] = front.table
        return found

    @property
    def rows(self) -> list[Any]:
        return list(self.table.rows)

    @property
    def scope(self) -> Scope | None:
        return self.app.followed

    @property
    def at(self) -> str:
        return self.app.pane.stem

    async def select(self, key: Any) -> None:
        assert self.table.select(key)
        await self.settle()

    async def menu(self) -> list[str]:
        """What the menu offers, as `label words`."""
        await self.press("G")
        screen = self.app.screen
        assert isinstance(screen, Choice)
        return [f"{item.label} {item.words}" for item in screen.menu.shown]

    async def lead(self, words: str) -> None:
        """Open the menu and take the item that begins with `words`."""
        offered = await self.menu()
        place = next(place for place, each in enumerate(offered) if each.startswith(words))
        await self.press(*["down"] * place, "enter")

    def asked(self, kind: type) -> list[Any]:
        return [request for _, request in self.source.asked if isinstance(request, kind)]

    @property
    def told(self) -> list[str]:
        """What notices said."""
        return [each.message for each in self.app._notifications]

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@asynccontextmanager
async def driven(pane: str = "processes", scope: Scope | None = None, size: tuple[int, int] = (120, 40)) -> Any:
    source = everything()
    app = PitopApp(source, Settings(glyphs="block"), pane, scope)
    async with app.run_test(size=size) as pilot:
        seen = Driven(app, pilot, source)
        await seen.settle()
        yield seen


Opened = Callable[..., AsyncIterator[Driven]]


async def stand(seen: Driven, pane: str, key: Any, *keys: str) -> None:
    """Go to a pane and a row of it, by keys."""
    await seen.press(str(["processes", "memory", "sockets", "packets", "dns", "network", "path"].index(pane) + 1))
    await seen.press(*keys)
    await seen.select(key)


RECORD = (record("").section, "www.example.", "A", "192.0.2.1")
PEER = ("203.0.113.77", "203.0.113.77")


@pytest.mark.parametrize(
    ("row", "lead", "to", "view", "scope", "asks"),
    [
        # a process
        (("processes", (600, 1600)), "Sockets", "sockets", "list", PG, None),
        (("processes", (600, 1600)), "Packets", "packets", "", PG, None),
        (("processes", (600, 1600)), "Names", "dns", "Live", PG, None),
        (("processes", (600, 1600)), "Memory", "memory", "", None, Space(600, 1600)),
        # what it holds
        (("memory", (600, 1600)), "Process", "processes", "tree", None, None),
        (("memory", (600, 1600)), "Sockets", "sockets", "list", PG, None),
        # a connection
        (("sockets", (0, 4)), "Process", "processes", "tree", None, None),
        (("sockets", (0, 4)), "Packets of tcp", "packets", "", of_flow(FLOW), None),
        (("sockets", (0, 4)), "Packets of nginx", "packets", "", of_process((501, 1501), "nginx"), None),
        (("sockets", (0, 4)), "Way to", "network", "routes", None, RouteTo("203.0.113.77")),
        (("sockets", (0, 4)), "Ping", "path", "ping", None, PingRequest(targets=("203.0.113.77",))),
        (("sockets", (0, 4)), "Trace", "path", "trace", None, TraceRequest(target="203.0.113.77")),
        (("sockets", (0, 4)), "Name", "dns", "Lookup", None, Begin(Part.LOOKUP, "-x 203.0.113.77")),
        (("sockets", (0, 1)), "Packets of port", "packets", "", of_port(22), None),
        # a packet
        (("packets", 20), "Stream", "packets", "stream", None, None),
        (("packets", 20), "Ladder", "packets", "ladder", None, None),
        (("packets", 20), "Process", "processes", "tree", None, None),
        (("packets", 20), "Sockets", "sockets", "list", of_process((700, 1700), "curl"), None),
        (("packets", 20), "Socket of", "sockets", "list",
         of_flow(Flow.between("tcp", ("10.0.0.1", 4000), ("10.0.0.2", 80))), None),
        (("packets", 20), "Name what the DNS calls 10.0.0.2", "dns", "Lookup", None, Begin(Part.LOOKUP, "-x 10.0.0.2")),
        # an answer
        (("dns", RECORD, "l"), "Sockets", "sockets", "list", of_host("192.0.2.1"), None),
        (("dns", RECORD, "l"), "Ping", "path", "ping", None, PingRequest(targets=("192.0.2.1",))),
        (("dns", RECORD, "l"), "Trace", "path", "trace", None, TraceRequest(target="192.0.2.1")),
        (("dns", (*RECORD[:2], "CNAME", "real.example."), "l"), "Look up real", "dns", "Lookup", None,
         Begin(Part.LOOKUP, "real.example.")),
        # what somebody asks
        (("dns", ("10.0.0.2", 4000, "10.0.0.53", 7, NOW), "v"), "Process", "processes", "tree", None, None),
        (("dns", ("10.0.0.2", 4000, "10.0.0.53", 7, NOW), "v"), "Packets", "packets", "", of_flow(ASKED), None),
        (("dns", ("10.0.0.2", 4000, "10.0.0.53", 7, NOW), "v"), "Sockets to", "sockets", "list", of_host("192.0.2.1"),
         None),
        # the network
        (("network", "neighbour wlan0 192.0.2.1", "tab", "tab", "tab"), "Sockets", "sockets", "list",
         of_host("192.0.2.1"), None),
        (("network", "neighbour wlan0 192.0.2.1", "tab", "tab", "tab"), "Ping", "path", "ping", None,
         PingRequest(targets=("192.0.2.1",))),
        # machines on the way
        (("path", "example.org"), "Trace", "path", "trace", None, TraceRequest(target="198.51.100.7")),
        (("path", "example.org"), "Sockets", "sockets", "list", of_host("198.51.100.7"), None),
        (("path", (0, 2), "tab"), "Name", "dns", "Lookup", None, Begin(Part.LOOKUP, "-x 203.0.113.9")),
        (("path", (0, 2), "tab"), "Ping", "path", "ping", None, PingRequest(targets=("203.0.113.9",))),
    ],
)  # fmt: skip
async def test_every_go_to_and_back_and_forth(
    row: tuple[Any, ...], lead: str, to: str, view: str, scope: Scope | None, asks: Any
) -> None:
    pane, key, *keys = row
    async with driven() as seen:
        await stand(seen, pane, key, *keys)
        before = seen.app.here
        await seen.lead(lead)
        assert seen.at == to
        assert seen.app.pane.spot().view == view
        followed = seen.scope
        assert (followed and (followed.kind, followed.label)) == (scope and (scope.kind, scope.label))
        if scope is not None and scope.process is not None:
            assert followed.process == scope.process
        if asks is not None:
            assert asks in seen.asked(type(asks))
        assert seen.app.pane.scope == followed
        there = seen.app.here
        await seen.press("left_square_bracket")
        assert seen.app.here == before
        assert seen.app.pane.scope == before.scope
        await seen.press("right_square_bracket")
        assert (seen.at, seen.app.pane.spot().view) == (to, view)
        assert seen.app.here.spot.filter == there.spot.filter
        assert seen.scope == there.scope


@pytest.mark.parametrize(("row", "pid"), [(("memory", (600, 1600)), 600), (("packets", 20), 700)])
async def test_the_process_that_is_gone_to_is_selected(row: tuple[str, Any], pid: int) -> None:
    async with driven() as seen:
        await stand(seen, *row)
        await seen.lead("Process")
        assert seen.table.selected.pid == pid


async def test_a_process_under_a_folded_branch_of_another_user_is_unfolded() -> None:
    async with driven() as seen:
        await seen.select((600, 1600))
        await seen.press("minus")
        seen.app.pane._user = "pi"
        await stand(seen, "memory", (601, 1601))
        await seen.lead("Process")
        assert seen.table.selected.pid == 601


async def test_who_has_the_packets_pid_now_is_not_gone_to() -> None:
    async with driven() as seen:
        later = a_process(700, 1, "sshd", key=(700, 9999), start_time=NOW + 50)
        await seen.put(PROCESSES, processes(rows=(later,), ended=(), time=NOW + 60))
        await stand(seen, "packets", 20)
        await seen.lead("Process")
        assert "curl (700) has ended." in seen.told
        await stand(seen, "packets", 20)
        await seen.lead("Sockets")
        assert seen.scope is None
        assert "curl (700) is not there any more" in seen.told


async def test_the_packets_of_a_process_are_asked_for_by_its_pids() -> None:
    async with driven() as seen:
        await seen.select((600, 1600))
        await seen.press("S")
        await seen.lead("Packets")
        assert seen.scope.label == "postgres (600) and below"
        (*_, asked) = seen.asked(AskRows)
        assert asked.filter.startswith("(pid in 600,601,602,650 or peer_pid in 600,601,602,650) ")
        born = (*processes().rows, a_process(603, 600, "postgres: new", start_time=NOW))
        await seen.put(PROCESSES, processes(rows=born, time=NOW + 1))
        assert "603" in seen.asked(AskRows)[-1].filter


async def test_direct_keys_go_where_they_went() -> None:
    async with driven("sockets") as seen:
        await seen.select((0, 4))
        await seen.press("p")
        assert (seen.at, seen.scope) == ("processes", None)
        await seen.press("left_square_bracket", "c")
        assert (seen.at, seen.scope) == ("packets", of_flow(FLOW))
        await seen.press("left_square_bracket", "r")
        assert (seen.at, seen.app.pane.front.stem) == ("path", "trace")
        await seen.press("left_square_bracket")
        await seen.select((0, 8))
        await seen.press("r")
        assert "Select a connection that has another side." in seen.told


async def test_a_row_that_leads_nowhere_says_so() -> None:
    async with driven("network") as seen:
        await seen.press("G")
        assert "This row leads nowhere else" in seen.told


async def test_groups_of_sockets_lead_on_too() -> None:
    async with driven("sockets") as seen:
        await seen.press("t")
        await seen.select(NGINX_TOO.key)
        assert (await seen.menu())[0] == "Process nginx (501)"
        await seen.press("escape")
        seen.app.pane._look("remote")
        await seen.settle()
        await seen.select("203.0.113.77")
        assert (await seen.menu())[0] == "Sockets to 203.0.113.77"


# --- back and forth


async def test_the_beginning_and_the_end_say_so_and_do_nothing() -> None:
    async with driven() as seen:
        here = seen.app.here
        await seen.press("left_square_bracket")
        assert "This is where you began" in seen.told
        await seen.press("right_square_bracket")
        assert "You have not gone back from anywhere further on" in seen.told
        assert seen.app.here == here


async def test_filter_view_selection_scope_and_scroll_come_back() -> None:
    many = tuple(a_process(n, 1, f"job {n}", user="pi") for n in range(1000, 1100))
    async with driven() as seen:
        await seen.put(PROCESSES, processes(rows=(a_process(1, 0, "init"), *many)))
        await seen.press("t", "backslash", *"job", "enter", "N", "I")
        await seen.select((1050, 2050))
        await seen.press("up", "up", "up")
        mark = seen.table.mark
        assert mark.top
        await seen.press("s", "3")
        await seen.press("left_square_bracket", "left_square_bracket")
        assert seen.at == "processes"
        assert seen.scope is None
        assert seen.table.mark == mark
        assert len(seen.rows) == 100
        await seen.press("right_square_bracket")
        assert [row.pid for row in seen.rows] == [1053]
        await seen.press("right_square_bracket")
        assert seen.at == "sockets"
        assert seen.scope.process == (1053, 2053)


async def test_where_the_row_has_gone_the_nearest_is_selected() -> None:
    async with driven("sockets") as seen:
        await seen.select((0, 3))
        place = seen.table.place
        await seen.press("1")
        left = tuple(row for row in sockets().rows if row.key[1] not in (3, 7, 6))
        await seen.put(SOCKETS, sockets(rows=left))
        await seen.press("left_square_bracket")
        assert seen.table.place == min(place, len(seen.rows) - 1)
        assert seen.table.selected is not None


async def test_giving_up_the_scope_can_be_taken_back() -> None:
    async with driven(scope=of_process((410, 1410), "sshd")) as seen:
        assert [row.pid for row in seen.rows] == [410]
        await seen.press("escape")
        assert seen.scope is None
        await seen.press("left_square_bracket")
        assert [row.pid for row in seen.rows] == [410]


async def test_a_group_of_sockets_is_come_back_to() -> None:
    async with driven("sockets") as seen:
        await seen.press("t")
        await seen.select(NGINX_TOO.key)
        await seen.press("enter")
        inside = [row.key for row in seen.rows]
        assert 0 < len(inside) < 10
        await seen.press("1", "left_square_bracket")
        assert [row.key for row in seen.rows] == inside
        await seen.press("escape")
        assert seen.app.pane.view == "process"


async def test_a_packet_is_come_back_to_when_its_rows_are_here() -> None:
    async with driven("packets") as seen:
        await seen.select(20)
        await seen.press("enter")
        await seen.press("1", "left_square_bracket")
        assert seen.table.selected.number == 20
        assert seen.app.query_one("#below").styles.display == "block"
        assert not seen.app.pane._following


async def test_a_packet_is_stood_on_again_when_the_rows_of_that_scope_come() -> None:
    async with driven("packets") as seen:
        await seen.select(20)
        all_rows = seen.source.newest["packets"]
        await seen.press("s", "f")
        narrow = seen.asked(AskRows)[-1]
        assert (narrow.first, bool(narrow.filter)) == (None, True)
        few = tuple(packet(n) for n in range(31, 41))
        await seen.put(PACKETS, packets_snapshot(0, 10, 10, rows=few, filter=narrow.filter))
        assert seen.table.selected.number == 40
        await seen.press("left_square_bracket")
        assert seen.asked(AskRows)[-1].first == 0
        await seen.put(PACKETS, replace(all_rows, time=NOW + 5))
        assert seen.table.selected.number == 20
        assert not seen.app.pane._following


async def test_a_capture_goes_on_when_one_goes_from_a_packet_elsewhere() -> None:
    async with driven("packets") as seen:
        await seen.select(20)
        captures = seen.asked(Capture)
        await seen.lead("Process")
        assert "packets" in seen.source.listening()
        await seen.put(PACKETS, packets_snapshot(0, 50, 900))
        await seen.press("left_square_bracket")
        assert seen.asked(Capture) == captures * 2  # the same one
        assert seen.table.selected.number == 20


async def test_another_line_of_the_dns_pane_is_asked_again() -> None:
    async with driven("dns") as seen:
        await seen.press("a", *"one.example", "enter", "a")
        seen.app.query_one(Input).value = "two.example"
        await seen.press("enter", "1", "left_square_bracket")
        assert seen.app.pane._text == "two.example"
        count = len(seen.asked(Begin))
        await seen.select(RECORD)
        await seen.lead("Name")
        await seen.press("left_square_bracket")
        assert [each.text for each in seen.asked(Begin)[count:]] == ["-x 192.0.2.1", "two.example"]
        assert seen.table.selected.data == "192.0.2.1"


async def test_the_places_are_bounded() -> None:
    async with driven() as seen:
        seen.app.history.__init__(2)  # type: ignore[misc]
        await seen.press("2", "3", "6", "left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert seen.at == "memory"
        assert "This is where you began" in seen.told


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_menu_fits(size: tuple[int, int]) -> None:
    async with driven("sockets", size=size) as seen:
        await seen.select((0, 4))
        offered = await seen.menu()
        assert len(offered) == 11
        assert all(len(line) <= size[0] for line in seen.text().splitlines())
        assert "Process" in seen.text()


async def test_an_address_space_leads_on_and_is_come_back_to() -> None:
    async with driven() as seen:
        await seen.select((600, 1600))
        await seen.lead("Memory")
        assert (await seen.menu())[1] == "Sockets what is open in postgres (600)"
        await seen.press("down", "enter")
        assert seen.at == "sockets"
        assert seen.scope.process == PG.process
        await seen.press("left_square_bracket")
        assert seen.asked(Space)[-1] == Space(600, 1600)
        assert seen.app.focused is not None
        assert seen.app.focused is not seen.table
        await seen.press("escape")
        assert seen.app.focused is seen.table
        assert seen.table.selected.pid == 600


async def test_a_user_that_was_followed_is_followed_again_with_who_is_there_now() -> None:
    async with driven(scope=of_user("postgres")) as seen:
        assert [row.pid for row in seen.rows] == [600, 601, 602, 650]
        await seen.press("escape", "left_square_bracket")
        assert [row.pid for row in seen.rows] == [600, 601, 602, 650]
        assert {pid for pid, _ in seen.scope.members} == {600, 601, 602}
