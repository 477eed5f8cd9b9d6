"""The table of who talks with whom: what is joined, counted, kept, and what stays unknown."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pitop.model.scope import of_host, of_name, of_port, of_process, of_user
from pitop.model.sockets import Endpoint, Family, Owner, Socket, SocketsSnapshot, Tcp
from pitop.model.traffic import (
    Named,
    Talk,
    TrafficRow,
    TrafficSnapshot,
    TrafficTable,
    about_traffic,
    grouped,
    traffic_rows,
)

CURL, NGINX, DIG = Owner(7, 70, "curl"), Owner(8, 80, "nginx"), Owner(9, 90, "dig")
HERE, THERE = "192.0.2.1", "198.51.100.7"
NO_TCP = dict.fromkeys(Tcp.__struct_fields__)


def tcp(received: int | None, sent: int | None) -> Tcp:
    return Tcp(**{**NO_TCP, "bytes_received": received, "bytes_sent": sent, "bytes_acked": None})  # type: ignore[arg-type]


def socket(
    cookie: int,
    received: int | None = 0,
    sent: int | None = 0,
    *,
    owners: tuple[Owner, ...] = (CURL,),
    local: tuple[str, int] = (HERE, 40000),
    remote: tuple[str, int | None] = (THERE, 443),
    state: str = "ESTABLISHED",
    protocol: str = "tcp",
    **more: Any,
) -> Socket:
    end = Endpoint(
        key=(0, cookie), protocol=protocol, family=Family.IPV4, state=state, receive_queue=0, send_queue=0,
        local_address=local[0], local_port=local[1], remote_address=remote[0], remote_port=remote[1], uid=1000,
        inode=cookie, cookie=cookie, tcp=tcp(received, sent) if protocol == "tcp" else None,
    )  # fmt: skip
    return Socket(end, user="pi", holder="process" if owners else "none", owners=owners, **more)


def sockets(*rows: Socket, time: float = 100.0, closed: tuple[Socket, ...] = ()) -> SocketsSnapshot:
    return SocketsSnapshot(time=time, host="h", rows=rows, states=(), closed=closed)


def talk(number: int = 1, **more: Any) -> Talk:
    values: dict[str, Any] = {
        "number": number, "transport": "tcp", "protocol": "TCP", "a": (HERE, 40000), "b": (THERE, 443),
        "a_here": True, "b_here": False, "began": 99.5, "last": 99.9,
    }  # fmt: skip
    return Talk(**{**values, **more})


def traffic(*talks: Talk, time: float = 100.0, names: tuple[Named, ...] = ()) -> TrafficSnapshot:
    return TrafficSnapshot(time=time, host="h", talks=talks, names=names, running=True)


def only(table: TrafficTable) -> TrafficRow:
    (row,) = table.rows
    return row


def test_a_connection_with_its_rates() -> None:
    first = traffic_rows(sockets(socket(1, 1000, 50)), None, None, 0)
    row = only(first)
    assert (row.program, row.pid, row.start_ticks, row.user) == ("curl", 7, 70, "pi")
    assert (row.address, row.port, row.transport, row.direction, row.open) == (THERE, 443, "tcp", "out", 1)
    assert (row.received_bytes, row.sent_bytes, row.received_bytes_per_second) == (1000, 50, None)
    second = traffic_rows(sockets(socket(1, 5000, 50), time=102.0), None, first, 2.0)
    assert (only(second).received_bytes_per_second, only(second).sent_bytes_per_second) == (2000, 0)


def test_a_row_that_has_not_changed_is_the_same_object() -> None:
    table = before = traffic_rows(sockets(socket(1, 10, 10)), None, None, 0)
    for _ in range(3):
        before, table = table, traffic_rows(sockets(socket(1, 10, 10)), None, table, 1.0)
        assert only(table).key == only(before).key
    assert only(table) is only(before)


def test_what_closed_keeps_its_last_counters_and_is_not_counted_twice() -> None:
    table = traffic_rows(sockets(socket(1, 100, 10)), None, None, 0)
    gone = socket(1, 900, 10, state="CLOSE", closed_time=100.5)
    waiting = socket(1, None, None, owners=(), state="TIME_WAIT")
    table = traffic_rows(sockets(waiting, time=101, closed=(gone,)), None, table, 1.0)
    row = only(table)
    assert (row.received_bytes, row.received_bytes_per_second, row.open, row.connections) == (900, 800, 0, 1)
    for time in (102.0, 130.0):
        table = traffic_rows(sockets(time=time), None, table, 1.0)
        row = only(table)
        assert (row.received_bytes, row.open, row.connections, row.received_bytes_per_second) == (900, 0, 1, 0)
    table = traffic_rows(sockets(socket(2, 7, 0, first_seen=130.5), time=131), None, table, 1.0)
    row = only(table)
    assert (row.received_bytes, row.open, row.connections, row.received_bytes_per_second) == (907, 1, 2, 7)


def test_a_socket_that_closed_before_anybody_looked_gets_its_process_from_the_flow() -> None:
    gone = socket(5, 300, 20, owners=(), state="CLOSE", closed_time=100.0, first_seen=None)
    for cookie in (5, None):  # by the socket's cookie, and by its ends
        flow = talk(a_owner=CURL, a_cookie=cookie, ended=True)
        row = only(traffic_rows(sockets(closed=(gone,)), traffic(flow), None, 0))
        assert (row.program, row.received_bytes, row.sent_bytes, row.connections) == ("curl", 300, 20, 1)
    stranger = talk(a_owner=DIG, a_cookie=6)
    table = traffic_rows(sockets(closed=(gone,)), traffic(stranger), None, 0)
    assert {(row.program, row.received_bytes) for row in table.rows} == {(None, 300), ("dig", None)}


def test_the_ends_alone_join_only_what_lived_at_one_time() -> None:
    gone = socket(5, 300, 20, owners=(), state="CLOSE", closed_time=50.0, first_seen=49.0)
    table = traffic_rows(sockets(closed=(gone,)), traffic(talk(a_owner=DIG)), None, 0)
    assert {(row.program, row.received_bytes) for row in table.rows} == {(None, 300), ("dig", None)}


def test_a_flow_stays_counted_once_while_its_socket_comes_and_goes() -> None:
    flow = talk(a_owner=CURL, ended=True)
    table = traffic_rows(sockets(), traffic(flow), None, 0)
    assert (only(table).connections, only(table).received_bytes) == (1, None)
    gone = socket(5, 300, 20, owners=(), state="CLOSE", closed_time=100.0)
    table = traffic_rows(sockets(closed=(gone,), time=101), traffic(flow, time=101), table, 1.0)
    assert (only(table).connections, only(table).received_bytes) == (1, 300)
    table = traffic_rows(sockets(time=130), traffic(flow, time=130), table, 29.0)
    assert (only(table).connections, only(table).received_bytes) == (1, 300)


def test_udp_counts_the_packets_that_were_seen() -> None:
    quic = {"transport": "udp", "protocol": "QUIC", "a_owner": CURL}
    own = socket(3, owners=(CURL,), protocol="udp")
    table = traffic_rows(sockets(own), None, None, 0)
    assert (only(table).received_bytes, only(table).connections) == (None, 1)
    table = traffic_rows(sockets(own, time=101), traffic(talk(octets_ab=100, octets_ba=9000, **quic)), table, 1.0)
    row = only(table)
    assert (row.received_bytes, row.sent_bytes, row.protocol, row.connections) == (9000, 100, "QUIC", 1)
    later = talk(octets_ab=300, octets_ba=19000, last=101.9, **quic)
    table = traffic_rows(sockets(own, time=102), traffic(later, time=102), table, 1.0)
    assert (only(table).received_bytes_per_second, only(table).sent_bytes_per_second) == (10000, 200)


def test_a_flow_that_was_left_out_in_between_does_not_count_again() -> None:
    dns = {"transport": "udp", "protocol": "DNS", "a_owner": DIG, "b": (THERE, 53)}
    flow = talk(octets_ab=100, octets_ba=500, began=90.0, **dns)
    table = traffic_rows(None, traffic(flow), None, 0)
    table = traffic_rows(None, traffic(time=101), table, 1.0)
    assert only(table).received_bytes == 500
    back = talk(octets_ab=110, octets_ba=560, began=90.0, **dns)
    table = traffic_rows(None, traffic(back, time=102), table, 1.0)
    later = talk(octets_ab=120, octets_ba=600, began=90.0, **dns)
    table = traffic_rows(None, traffic(later, time=103), table, 1.0)
    assert only(table).received_bytes == 540  # what came in between is not known, what was there is not counted twice


def test_both_ends_here_are_two_rows_each_with_its_side() -> None:
    ends = {"a": ("127.0.0.1", 40000), "b": ("127.0.0.1", 8080), "b_here": True}
    flow = talk(a_owner=CURL, b_owner=NGINX, b_cookie=2, **ends)
    client = socket(1, 900, 30, local=ends["a"], remote=ends["b"], owners=())
    server = socket(2, 30, 900, local=ends["b"], remote=ends["a"], owners=())
    table = traffic_rows(sockets(client, server), traffic(flow), None, 0)
    found = {row.program: row for row in table.rows}
    assert (found["curl"].direction, found["curl"].port, found["curl"].received_bytes) == ("out", 8080, 900)
    assert (found["nginx"].direction, found["nginx"].port, found["nginx"].received_bytes) == ("in", 8080, 30)
    assert all(row.inside for row in table.rows)


def test_what_is_refused_is_nobodys_and_what_is_unknown_is_said() -> None:
    refused = talk(a=(THERE, 5000), b=(HERE, 23), a_here=False, b_here=True, ended=True)
    assert traffic_rows(sockets(), traffic(refused), None, 0).rows == ()
    row = only(traffic_rows(sockets(), traffic(talk()), None, 0))
    assert (row.program, row.pid, row.received_bytes, row.sought) == (None, None, None, False)
    assert only(traffic_rows(sockets(), traffic(talk(sought=True)), None, 0)).sought


def test_a_shared_socket_counts_once_with_the_oldest_that_has_it() -> None:
    young = Owner(900, 9000, "worker")
    row = only(traffic_rows(sockets(socket(1, 10, 10, owners=(NGINX, young))), None, None, 0))
    assert (row.pid, row.connections, row.received_bytes) == (8, 1, 10)


def test_a_translated_connection_is_joined_by_its_other_side() -> None:
    seen = talk(a=("203.0.113.5", 61000), translated=((HERE, 40000), (THERE, 443)))
    row = only(traffic_rows(sockets(socket(1, 10, 20)), traffic(seen), None, 0))
    assert (row.program, row.received_bytes, row.connections) == ("curl", 10, 1)


def test_names_are_those_that_the_process_asked_for() -> None:
    names = (
        Named(THERE, "shop.example", "dns", 98.0, CURL),
        Named(THERE, "news.example", "dns", 99.0, DIG),
        Named(THERE, "edge.cdn.example", "reverse", 100.0),
    )
    other = socket(2, 0, 0, owners=(NGINX,), local=(HERE, 40001))
    table = traffic_rows(sockets(socket(1), other), traffic(names=names), None, 0)
    found = {row.program: (row.name, row.name_source) for row in table.rows}
    assert found == {"curl": ("shop.example", "dns"), "nginx": ("news.example", "dns")}
    by_name = {row.name: row for row in grouped(table.rows, "name")}
    assert set(by_name) == {"shop.example", "news.example"}


def test_one_address_by_two_names_is_two_rows_and_a_name_stays_with_its_connection() -> None:
    shop, news = Named(THERE, "shop.example", "dns", 10.0, CURL), Named(THERE, "news.example", "dns", 20.0, CURL)
    first, second = socket(1, 5, 5, first_seen=11.0), socket(2, 7, 7, local=(HERE, 40001), first_seen=21.0)
    table = traffic_rows(sockets(first, second), traffic(names=(shop, news)), None, 0)
    assert {row.name: row.received_bytes for row in table.rows} == {"shop.example": 5, "news.example": 7}
    again = Named(THERE, "shop.example", "dns", 30.0, CURL)  # asked once more: the older time is forgotten
    table = traffic_rows(sockets(first, second, time=101), traffic(names=(again, news)), table, 1.0)
    assert {row.name: row.received_bytes for row in table.rows} == {"shop.example": 5, "news.example": 7}
    table = traffic_rows(sockets(time=130), traffic(time=130), table, 29.0)
    assert {row.name: row.received_bytes for row in table.rows} == {"shop.example": 5, "news.example": 7}


def test_groups_sum_up_and_say_only_what_is_common() -> None:
    rows = traffic_rows(
        sockets(
            socket(1, 100, 1),
            socket(2, 50, 1, local=(HERE, 40001), remote=("198.51.100.8", 443)),
            socket(3, None, None, local=(HERE, 40002), remote=(THERE, 80), owners=(Owner(17, 170, "curl"),)),
        ),
        None, None, 0,
    ).rows  # fmt: skip
    (program,) = grouped(rows, "program")
    assert (program.program, program.pid, program.port, program.rows) == ("curl", None, None, 3)
    assert (program.received_bytes, program.connections, program.open) == (150, 3, 3)
    assert {row.pid for row in grouped(rows, "process")} == {7, 17}
    assert {(row.transport, row.port, row.connections) for row in grouped(rows, "port")} == {
        ("tcp", 443, 2),
        ("tcp", 80, 1),
    }
    assert {row.address: row.received_bytes for row in grouped(rows, "address")} == {THERE: 100, "198.51.100.8": 50}


def test_scopes() -> None:
    row = only(
        traffic_rows(sockets(socket(1)), traffic(names=(Named(THERE, "a.shop.example", "dns", 1.0, CURL),)), None, 0)
    )
    about = about_traffic(row)
    assert of_process((7, 70), "curl").holds(about)
    assert of_process((7, 71), "curl").holds(about) is False  # the pid is another process's by now
    assert of_user("pi").holds(about)
    assert of_host(THERE).holds(about)
    assert of_port(443).holds(about)
    assert of_name("shop.example").holds(about)
    assert of_name("example.org").holds(about) is False
    assert of_process((7, 70), "curl").holds(about_traffic(replace(row, start_ticks=None)))


def test_what_ended_long_ago_is_forgotten_the_open_stays(monkeypatch: Any) -> None:
    monkeypatch.setattr("pitop.model.traffic.table._MOST_ENDED", 2)
    table: TrafficTable | None = None
    for number in range(1, 6):
        flow = talk(number, a_owner=CURL, b=(f"198.51.100.{number}", 80), last=float(number), began=float(number))
        table = traffic_rows(sockets(time=number), traffic(flow, time=number), table, 1.0)
    assert table is not None
    assert {row.address for row in table.rows} >= {"198.51.100.5", "198.51.100.4"}
    assert len(table.ended) == 2
