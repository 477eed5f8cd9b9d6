"""The socket pane: every key, every view, and how it looks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pitop.collect.topics import PROCESSES, SOCKETS
from pitop.model.signals import SendSignal
from pitop.model.snapshot import Failure, Missing
from pitop.model.sockets import (
    AskSockets,
    CloseSocket,
    Counters,
    Endpoint,
    Family,
    Owner,
    Socket,
    SocketsSnapshot,
    Tcp,
    Unix,
    by_state,
)
from pitop.tui import app
from pitop.tui.app import PANES, PitopApp
from pitop.tui.panes.processes import ProcessesPane
from pitop.tui.panes.sockets import SocketsPane
from pitop.tui.settings import PaneSettings, Settings
from tests.tui.still import NOW, StillSource, a_source

SSHD, NGINX, NGINX_TOO = Owner(300, 1300, "sshd"), Owner(500, 1500, "nginx"), Owner(501, 1501, "nginx")
CURL = Owner(602, 1602, "curl")


def a_tcp(**changes: Any) -> Tcp:
    """A connection at rest."""
    made = Tcp(
        rtt_ms=12.4, rtt_variation_ms=3.1, minimum_rtt_ms=9.8, rto_ms=216.0, congestion_window=10,
        slow_start_threshold=None, congestion_control="cubic", congestion_state="Open", retransmits=0, unacked=0,
        lost=0, reordering=3, mss_bytes=1448, receive_mss_bytes=1448, path_mtu_bytes=1500, bytes_sent=9000,
        bytes_acked=9001, bytes_received=120_000, bytes_retransmitted=0, segments_sent=40, segments_received=90,
        unsent_bytes=0, pacing_bytes_per_second=2e6, delivery_bytes_per_second=1e6, busy_ms=80.0,
        receive_window_limited_ms=0.0, send_buffer_limited_ms=0.0, application_limited=True, last_sent_time=None,
        last_received_time=None, options="ts sack wscale:7,7",
    )  # fmt: skip
    return replace(made, **changes)


def a_socket(
    cookie: int,
    state: str,
    local: tuple[str | None, int | None],
    remote: tuple[str | None, int | None] = ("0.0.0.0", None),
    *owners: Owner,
    protocol: str = "tcp",
    tcp: Tcp | None = None,
    unix: Unix | None = None,
    queues: tuple[int, int] = (0, 0),
    **changes: Any,
) -> Socket:
    end = Endpoint(
        key=(0, cookie),
        protocol=protocol,
        family=Family.UNIX if unix is not None else Family.IPV4,
        state=state,
        receive_queue=queues[0],
        send_queue=queues[1],
        local_address=local[0],
        local_port=local[1],
        remote_address=remote[0],
        remote_port=remote[1],
        uid=0,
        inode=cookie if owners else 0,
        cookie=cookie,
        tcp=tcp,
        unix=unix,
    )
    made = Socket(end, user="root", holder="process" if owners else "none", owners=owners)
    if tcp is not None:
        made = replace(made, received_bytes_per_second=0.0, sent_bytes_per_second=0.0)
    return replace(made, **changes)


def sockets(**changes: Any) -> SocketsSnapshot:
    """A small server with everything in it that looks different."""
    rows = (
        a_socket(1, "LISTEN", ("0.0.0.0", 22), ("0.0.0.0", None), SSHD, queues=(0, 128), service="ssh"),
        a_socket(2, "ESTABLISHED", ("192.168.1.5", 22), ("192.168.1.9", 50514), SSHD, tcp=a_tcp(), service="ssh",
                 sent_bytes_per_second=2100.0, received_bytes_per_second=180.0, history=(900.0, 0.0, 2280.0)),
        a_socket(3, "LISTEN", ("0.0.0.0", 443), ("0.0.0.0", None), NGINX, NGINX_TOO, queues=(5, 5), service="https"),
        a_socket(4, "ESTABLISHED", ("192.168.1.5", 443), ("203.0.113.77", 41022), NGINX_TOO, service="https",
                 tcp=a_tcp(rtt_ms=181.2, retransmits=14, congestion_state="Recovery"), queues=(0, 86_000),
                 sent_bytes_per_second=1.4e6, received_bytes_per_second=12_000.0,
                 history=(2e5, 5e5, 9e5, 1.4e6, 1.2e6, 1.4e6)),
        a_socket(5, "CLOSE_WAIT", ("192.168.1.5", 443), ("198.51.100.4", 33000), NGINX_TOO, tcp=a_tcp(), queues=(1, 0)),
        a_socket(6, "TIME_WAIT", ("192.168.1.5", 40110), ("93.184.216.34", 80), former=(CURL,), service="http"),
        a_socket(7, "SYN_SENT", ("192.168.1.5", 40112), ("10.9.9.9", 5432), CURL, tcp=a_tcp(rtt_ms=None),
                 first_seen=NOW - 1, service="postgresql"),
        a_socket(8, "", ("0.0.0.0", 5353), ("0.0.0.0", None), Owner(700, 1700, "avahi\x1b[31m"), protocol="udp"),
        a_socket(9, "LISTEN", ("127.0.0.1", 631), ("0.0.0.0", None), protocol="tcp", holder="hidden", queues=(0, 5)),
        a_socket(10, "CONNECTED", ("/run/dbus/system_bus_socket", None), (None, None), Owner(650, 1650, "dbus-daemon"),
                 protocol="unix", unix=Unix("STREAM", 11), peers=(SSHD,)),
    )  # fmt: skip
    closed = (
        a_socket(20, "CLOSE", ("192.168.1.5", 443), ("203.0.113.80", 41000), NGINX, tcp=a_tcp(), first_seen=NOW - 9,
                 closed_time=NOW - 2),
    )  # fmt: skip
    made = SocketsSnapshot(
        time=NOW,
        host="board",
        rows=rows,
        states=by_state(rows),
        closed=closed,
        counters=Counters(listen_drops_per_second=0.0),
        own_session=frozenset({(0, 2)}),
        can_close=True,
        events=True,
        received_bytes_per_second=12_180.0,
        sent_bytes_per_second=1_402_100.0,
    )
    return replace(made, **changes)


class Driven:
    """An app under the pilot, and what one sees of it."""

    def __init__(self, app: PitopApp, pilot: Pilot[None], source: StillSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    @property
    def pane(self) -> SocketsPane:
        pane = self.app.pane
        assert isinstance(pane, SocketsPane)
        return pane

    @property
    def cookies(self) -> list[int]:
        return [row.key[1] for row in self.pane.table.rows]

    def lines(self) -> list[str]:
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    def line_of(self, text: str) -> str:
        return next(line for line in self.lines() if text in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def put(self, snapshot: Any) -> None:
        self.source.put(SOCKETS, snapshot)
        await self.pilot.pause()

    async def select(self, cookie: int) -> None:
        assert self.pane.table.select((0, cookie))
        await self.pilot.pause()

    @property
    def closing(self) -> list[int]:
        return [action.endpoint.cookie or 0 for action in self.source.done if isinstance(action, CloseSocket)]


def source() -> StillSource:
    made = a_source()
    made.put(SOCKETS, sockets())
    return made


@asynccontextmanager
async def driven(size: tuple[int, int] = (120, 40), settings: Settings | None = None) -> AsyncIterator[Driven]:
    made = source()
    screen = PitopApp(made, settings or Settings(glyphs="block"), "sockets")
    async with screen.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driven(screen, pilot, made)


async def test_the_busiest_come_first_unix_is_hidden_and_closed_ones_stay() -> None:
    async with driven() as seen:
        assert seen.cookies[:2] == [4, 2]
        assert set(seen.cookies) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 20}
        assert "8 tcp (2 established, 3 listening, 1 time-wait, 1 close-wait)" in seen.line_of("time-wait,")
        assert "1 unix (u)" in seen.line_of("time-wait,")
        line = seen.line_of("203.0.113.77:41022")
        assert "1.3M" in line
        assert "181" in line
        assert "nginx" in line


async def test_marks_new_closed_own_and_former() -> None:
    async with driven() as seen:
        assert seen.line_of("10.9.9.9:5432").startswith("+")
        assert seen.line_of("203.0.113.80").startswith("x")
        assert seen.line_of("192.168.1.9:50514").startswith("@")
        assert "(curl)" in seen.line_of("93.184.216.34:80")
        assert "not permitted" in seen.line_of("127.0.0.1:631")
        assert "nginx +1" in seen.line_of("0.0.0.0:443")
        assert r"avahi\e[31m" in seen.line_of("0.0.0.0:5353")


async def test_unix_and_closed_come_and_go() -> None:
    async with driven() as seen:
        await seen.press("u")
        assert 10 in seen.cookies
        assert "sshd/300" in seen.line_of("dbus")
        await seen.press("u", "d")
        assert not {10, 20} & set(seen.cookies)


async def test_a_closed_socket_is_not_told_twice_while_its_time_wait_is_there() -> None:
    async with driven() as seen:
        snapshot = sockets()
        (waiting,) = (row for row in snapshot.rows if row.endpoint.state == "TIME_WAIT")
        again = replace(waiting, closed_time=NOW - 1)
        await seen.put(replace(snapshot, closed=(again, *snapshot.closed)))
        assert seen.cookies.count(6) == 1


async def test_details_explain_the_selected_socket_and_follow_it() -> None:
    async with driven() as seen:
        await seen.press("enter")
        assert "192.168.1.5:443 ↔ 203.0.113.77:41022" in seen.line_of("↔")
        assert "Recovery" in seen.line_of("round trip")
        assert "±3.100" in seen.line_of("round trip")
        assert "14 segments" in seen.line_of("sent again")
        assert "held back by application" in seen.line_of("held back")
        await seen.press("down")
        assert "your own SSH session" in seen.line_of("held by")
        await seen.select(5)
        assert "the program has yet to" in seen.line_of("CLOSE_WAIT the other")
        await seen.press("escape")
        assert not any("round trip" in line for line in seen.lines())


async def test_views_are_chosen_by_name_and_keep_their_order() -> None:
    async with driven() as seen:
        await seen.press("v", "p", "r", "o", "c", "e", "s", "s", "enter")
        assert seen.pane.view == "process"
        line = seen.line_of("501/nginx")
        assert line.split()[0] == "3"
        assert "1.3M" in line
        await seen.press("t")
        assert seen.pane.view == "list"
        assert seen.cookies[0] == 4


async def test_what_is_open_here() -> None:
    async with driven() as seen:
        await seen.press("o")
        assert "everyone" in seen.line_of("ssh")
        assert "5/5" in seen.line_of("https")
        assert "nginx/500, nginx/501" in seen.line_of("https")
        assert "this machine only" in seen.line_of(" 631 ")
        assert [row.port for row in seen.pane.table.rows] == [22, 443, 631, 5353]


async def test_states_are_explained() -> None:
    async with driven() as seen:
        await seen.press("v", "s", "t", "a", "t", "e", "enter")
        assert "its mistake" in seen.line_of("CLOSE_WAIT")
        assert "unix" in seen.line_of("CONNECTED")


async def test_enter_goes_into_a_group_and_escape_back() -> None:
    async with driven() as seen:
        await seen.press("t")
        assert seen.pane.table.select((501, 1501))
        await seen.press("enter")
        assert seen.pane.view == "list"
        assert set(seen.cookies) == {3, 4, 5}
        assert "of 501/nginx" in seen.line_of("tcp (")
        await seen.press("escape")
        assert seen.pane.view == "process"
        await seen.press("escape")
        assert seen.pane.view == "list"
        assert len(seen.cookies) == 10


async def test_a_group_that_did_not_change_is_the_same_row() -> None:
    async with driven() as seen:
        await seen.press("t")
        before = list(seen.pane.table.rows)
        await seen.put(replace(sockets(), time=NOW + 1))
        assert all(one is other for one, other in zip(before, seen.pane.table.rows, strict=True))


async def test_closing_asks_first() -> None:
    async with driven() as seen:
        await seen.select(4)
        await seen.press("X", "enter", "escape")
        assert seen.closing == []
        await seen.press("X")
        assert "nginx/501" in seen.line_of("192.168.1.5:443 to 203.0.113.77:41022")
        await seen.press("y")
        assert seen.closing == [4]


async def test_closing_ones_own_session_asks_twice() -> None:
    async with driven() as seen:
        await seen.select(2)
        await seen.press("X", "y")
        assert seen.closing == []
        assert "SSH session" in seen.line_of("you look through")
        await seen.press("escape")
        assert seen.closing == []
        await seen.press("X", "y", "y")
        assert seen.closing == [2]


async def test_tagged_sockets_are_closed_together() -> None:
    async with driven() as seen:
        await seen.select(4)
        await seen.press("space")
        await seen.select(5)
        await seen.press("space", "X")
        assert any("Close 2 sockets?" in line for line in seen.lines())
        await seen.press("y")
        assert sorted(seen.closing) == [4, 5]


async def test_signalling_the_owner_goes_through_the_menu() -> None:
    async with driven() as seen:
        await seen.select(3)
        await seen.press("k")
        assert any("2 processes" in line for line in seen.lines())
        await seen.press("enter", "y")
        (sent,) = (action for action in seen.source.done if isinstance(action, SendSignal))
        assert {target.pid for target in sent.targets} == {500, 501}
        assert sent.number == 15


async def test_to_the_process_that_has_it() -> None:
    async with driven() as seen:
        await seen.select(2)
        await seen.press("p")
        await seen.pilot.pause()
        pane = seen.app.pane
        assert isinstance(pane, ProcessesPane)
        assert pane.table.selected is not None
        assert pane.table.selected.pid == 300


async def test_what_every_pane_would_follow() -> None:
    async with driven() as seen:
        await seen.select(4)
        await seen.press("s")
        assert "203.0.113.77:41022" in seen.line_of("still 1 s")
        assert seen.cookies == [4]
        await seen.press("escape")
        assert len(seen.cookies) == 10
        await seen.press("t")
        assert seen.pane.table.select((501, 1501))
        await seen.press("s")
        assert "nginx (501)" in seen.line_of("still 1 s")
        await seen.press("t")
        assert set(seen.cookies) == {3, 4, 5}
        await seen.put(replace(sockets(), rows=sockets().rows[:4]))
        assert set(seen.cookies) == {3, 4}
        await seen.press("escape", "o")
        await seen.press("s")
        assert "port 22" in seen.line_of("still 1 s")


async def test_what_is_asked_of_the_collector() -> None:
    async with driven() as seen:
        await seen.press("N")
        await seen.press("e")
        asked = [request for name, request in seen.source.asked if name == SOCKETS.name]
        assert asked == [AskSockets(names=True), AskSockets(namespaces=True, names=True)]
        await seen.press("1")
        assert seen.source.listening() == {"machine", PROCESSES.name}
        await seen.press(str([place.stem for place in PANES].index("sockets") + 1))
        assert seen.source.asked[-1] == (SOCKETS.name, AskSockets(namespaces=True, names=True))


async def test_filter_and_search() -> None:
    async with driven() as seen:
        await seen.press("backslash", *"retrans>3", "enter")
        assert seen.cookies == [4]
        await seen.press("escape", "slash", *"sshd", "enter")
        row = seen.pane.table.selected
        assert row is not None
        assert row.owners == (SSHD,)
        await seen.press("t", "slash", *"dbus", "enter")


async def test_failures_and_what_is_missing_are_said() -> None:
    async with driven() as seen:
        await seen.put(replace(sockets(), missing=(Missing("owners of some sockets", "why", "advice"),)))
        assert "why. Advice" in seen.line_of("owners of some sockets")
        await seen.put(Failure("sockets", NOW, "it broke", "mend it", "here.py:1"))
        assert "it broke" in seen.line_of("sockets:")
        assert seen.cookies


async def test_settings_of_the_pane() -> None:
    settings = Settings(glyphs="block", panes={"sockets": PaneSettings(columns=("state", "process"), filter="LISTEN")})
    async with driven(settings=settings) as seen:
        assert [field.key for field in seen.pane.table.fields] == ["state", "process"]


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_it_fits(size: tuple[int, int]) -> None:
    async with driven(size) as seen:
        for keys in (("enter",), ("escape", "t"), ("o",), ("escape",)):
            await seen.press(*keys)
            assert all(len(line) <= size[0] for line in seen.lines())
            assert len(seen.pane.table.rows) > 0


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other tabs, so that pictures do not change with them."""
    monkeypatch.setattr(app, "PANES", tuple(each for each in PANES if each.stem == "sockets"))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_looks(snap_compare: Any, size: tuple[int, int]) -> None:
    made = PitopApp(source(), Settings(glyphs="block"), "sockets")
    assert snap_compare(made, terminal_size=size, press=["enter"])


@pytest.mark.usefixtures("alone")
def test_looks_of_what_is_open(snap_compare: Any) -> None:
    assert snap_compare(PitopApp(source(), Settings(glyphs="block"), "sockets"), terminal_size=(120, 40), press=["o"])
