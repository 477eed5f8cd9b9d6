"""Rows, views and the own session: pure functions over made-up sockets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pitop.model.sockets import (
    Counters,
    Endpoint,
    Family,
    Owner,
    Reach,
    Socket,
    SocketsSnapshot,
    Tcp,
    by_local_port,
    by_process,
    by_remote_address,
    by_state,
    openings,
    other_end,
    own_session,
    reach,
    settled,
    socket_row,
    summary,
)

NEXT = iter(range(1, 1 << 30))


def tcp(received: int | None = 0, sent: int | None = 0, **other: Any) -> Tcp:
    values: dict[str, Any] = dict.fromkeys(Tcp.__struct_fields__)
    values.update(
        rto_ms=200.0, congestion_window=10, congestion_state="Open", retransmits=0, unacked=0, lost=0, reordering=3,
        mss_bytes=1448, receive_mss_bytes=1448, path_mtu_bytes=1500, options="",
        bytes_received=received, bytes_sent=sent,
    )  # fmt: skip
    return Tcp(**{**values, **other})


def endpoint(
    state: str = "ESTABLISHED", local: str = "10.0.0.1:22", remote: str = "10.0.0.2:50000", **other: Any
) -> Endpoint:
    def parts(text: str) -> tuple[str, int | None]:
        host, _, port = text.rpartition(":")
        return host, None if port == "*" else int(port)

    cookie = next(NEXT)
    values: dict[str, Any] = {
        "key": (0, cookie),
        "protocol": "tcp",
        "family": Family.IPV4,
        "state": state,
        "receive_queue": 0,
        "send_queue": 0,
        "uid": 0,
        "inode": cookie,
        "cookie": cookie,
    }
    values["local_address"], values["local_port"] = parts(local)
    values["remote_address"], values["remote_port"] = parts(remote)
    return Endpoint(**{**values, **other})


def listener(local: str, **other: Any) -> Endpoint:
    return endpoint("LISTEN", local, "0.0.0.0:*", **other)


def row(end: Endpoint, *owners: tuple[int, str], **other: Any) -> Socket:
    found = tuple(Owner(pid, pid * 10, name) for pid, name in owners)
    return Socket(end, holder="process" if owners else "hidden", owners=found, **other)


def grown(end: Endpoint, last: Socket | None, seconds: float) -> Socket:
    return socket_row(end, last, seconds, user=None, holder="none", owners=(), first_seen=None)


def test_rates_need_two_readings_and_forward_counters() -> None:
    end = endpoint(tcp=tcp(1000, 50))
    first = grown(end, None, 0.0)
    assert (first.received_bytes_per_second, first.sent_bytes_per_second, first.history) == (None, None, ())
    assert not settled(first)
    more = msgspec.structs.replace(end, tcp=tcp(3000, 50))
    second = grown(more, first, 2.0)
    assert (second.received_bytes_per_second, second.sent_bytes_per_second, second.history) == (1000.0, 0.0, (1000.0,))
    assert not settled(second)
    back = grown(end, second, 1.0)
    assert back.received_bytes_per_second is None


def test_a_row_settles_when_its_history_has_run_out() -> None:
    end = endpoint(tcp=tcp(1000, 50))
    last = grown(msgspec.structs.replace(end, tcp=tcp(1010, 50)), grown(end, None, 0.0), 1.0)
    turns = 0
    while not settled(last) and turns < 100:
        last = grown(last.endpoint, last, 1.0)
        turns += 1
    assert 20 < turns < 30
    assert last.history == ()


def test_sums_by_process_count_a_shared_socket_with_each() -> None:
    rows = [
        row(endpoint(tcp=tcp(10, 1)), (5, "nginx"), received_bytes_per_second=7.0),
        row(endpoint(tcp=tcp(20, 2)), (5, "nginx"), (6, "nginx"), received_bytes_per_second=3.0),
        row(endpoint("TIME_WAIT", inode=0)),
    ]
    groups = {group.label: group for group in by_process(rows)}
    assert groups["5/nginx"].count == 2
    assert groups["5/nginx"].received_bytes_per_second == 10.0
    assert groups["6/nginx"].bytes_received == 20
    assert groups["5/nginx"].sent_bytes_per_second is None
    assert groups["not permitted to see"].count == 1


def test_sums_by_peer_and_port() -> None:
    rows = [
        row(listener("0.0.0.0:22")),
        row(endpoint(tcp=tcp(10, 1))),
        row(endpoint(remote="10.0.0.3:40000", tcp=tcp(5, 1))),
    ]
    assert [(group.label, group.count) for group in by_remote_address(rows)] == [("10.0.0.2", 1), ("10.0.0.3", 1)]
    (port,) = by_local_port(rows)
    assert (port.label, port.count, port.listening, port.established, port.bytes_received) == ("tcp/22", 3, 1, 2, 15)


def test_counts_by_state_and_as_ss_s() -> None:
    rows = (
        row(endpoint()),
        row(endpoint()),
        row(endpoint("TIME_WAIT")),
        row(endpoint("", protocol="udp6")),
        row(endpoint("CONNECTED", protocol="unix")),
    )
    counts = [(each.protocol, each.state, each.count) for each in by_state(rows)]
    assert counts[:2] == [("tcp", "ESTABLISHED", 2), ("tcp", "TIME_WAIT", 1)]
    counters = Counters(total=9, orphaned=1)
    snapshot = SocketsSnapshot(time=0.0, host="h", rows=rows, states=by_state(rows), counters=counters)
    said = summary(snapshot)
    assert (said["total"], said["tcp"], said["tcp_time_wait"], said["udp"], said["unix"]) == (9, 3, 1, 1, 1)
    assert said["listen_drops"] is None


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("127.0.0.1:80", Reach.MACHINE),
        ("127.9.9.9:80", Reach.MACHINE),
        ("::1:80", Reach.MACHINE),
        ("0.0.0.0:80", Reach.EVERYONE),
        (":::80", Reach.EVERYONE),
        ("192.168.1.5:80", Reach.NETWORK),
        ("fe80::1:80", Reach.NETWORK),
        ("fd00::1:80", Reach.NETWORK),
        ("8.8.4.4:80", Reach.EVERYONE),
        ("2606:4700::1:80", Reach.EVERYONE),
    ],
)
def test_who_can_reach_a_listener(local: str, expected: Reach) -> None:
    assert reach(listener(local)) is expected
    assert reach(endpoint(local=local)) is None


def test_bound_to_loopback_by_interface() -> None:
    assert reach(listener("0.0.0.0:80", interface="lo")) is Reach.MACHINE


def test_what_is_open_here() -> None:
    rows = [
        row(listener("127.0.0.1:5432", receive_queue=2, send_queue=128), (9, "postgres")),
        row(listener("0.0.0.0:22"), (1, "sshd")),
        row(endpoint(remote="10.0.0.9:1000")),
        row(endpoint("TIME_WAIT", remote="10.0.0.9:1001")),
        row(endpoint("", "0.0.0.0:68", "0.0.0.0:*", protocol="udp"), (2, "dhcpcd")),
        row(endpoint("ESTABLISHED", "0.0.0.0:69", "1.1.1.1:53", protocol="udp"), (2, "dig")),
    ]
    found = openings(rows)
    assert [(each.transport, each.port, each.reach) for each in found] == [
        ("tcp", 22, Reach.EVERYONE),
        ("udp", 68, Reach.EVERYONE),
        ("tcp", 5432, Reach.MACHINE),
    ]
    assert [each.connections for each in found] == [1, 0, 0]
    assert (found[2].backlog, found[2].backlog_limit) == (2, 128)


def test_the_other_end_where_it_is_on_this_machine() -> None:
    one = row(endpoint(local="127.0.0.1:5432", remote="127.0.0.1:40000"), (9, "postgres"))
    two = row(endpoint(local="127.0.0.1:40000", remote="127.0.0.1:5432", protocol="tcp6"), (5, "app"))
    rows = [one, row(endpoint(local="127.0.0.1:40000", remote="10.0.0.9:5432")), row(listener("127.0.0.1:5432")), two]
    assert other_end(rows, one) is two
    assert other_end(rows, two) is one
    assert other_end(rows, rows[1]) is None
    assert other_end(rows, rows[2]) is None


def test_own_session_by_environment() -> None:
    mine = row(endpoint(local="10.0.0.1:22", remote="10.0.0.2:50000"))
    inside = row(endpoint(local="10.0.0.1:22", remote="10.0.0.2:50000", protocol="tcp6", family=Family.IPV6))
    rows = [mine, inside, row(endpoint(remote="10.0.0.2:50001")), row(listener("0.0.0.0:22"))]
    rows.append(row(endpoint(local="10.0.0.7:22", remote="10.0.0.2:50000")))
    assert own_session(rows, "10.0.0.2 50000 10.0.0.1 22", ()) == {mine.key, inside.key}
    assert own_session(rows, "::ffff:10.0.0.2 50000 ::ffff:10.0.0.1 22", ()) == {mine.key, inside.key}


def test_own_session_by_parents_where_sudo_took_the_environment() -> None:
    mine = row(endpoint(), (50, "sshd-session"), (40, "sshd-session"))
    other = row(endpoint(remote="10.0.0.3:4444"), (60, "sshd"))
    shell = row(endpoint(local="10.0.0.1:5555", remote="10.0.0.3:80"), (45, "bash"))
    listening = row(listener("0.0.0.0:22"), (40, "sshd"))
    assert own_session([mine, other, shell, listening], None, (48, 45, 40)) == {mine.key}
    assert own_session([mine], "nonsense", (48, 45, 40)) == {mine.key}
    assert own_session([mine], None, ()) == frozenset()
