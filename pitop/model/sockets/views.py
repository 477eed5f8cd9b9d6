"""Ways to look at many sockets: by process, by peer, by state, and what is open to whom."""

from __future__ import annotations

import enum
import ipaddress
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from pitop.model.rates import known_sum, plus
from pitop.model.sockets.endpoint import Endpoint, Family
from pitop.model.sockets.rows import Socket, SocketsSnapshot, State

__all__ = [
    "Group",
    "Opening",
    "Reach",
    "by_local_port",
    "by_process",
    "by_remote_address",
    "by_state",
    "openings",
    "other_end",
    "reach",
    "summary",
]


class Group(Struct, frozen=True, gc=False):
    """Sockets that have something in common, with their sums. A sum is None when no part of it is known."""

    key: Any
    label: str
    count: int
    established: int
    listening: int
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None
    bytes_received: int | None
    bytes_sent: int | None
    receive_queue: int
    send_queue: int
    retransmits: int
    sockets: tuple[Socket, ...]


def _group(key: Any, label: str, rows: Sequence[Socket]) -> Group:
    """One pass, since there may be as many groups as sockets."""
    established = listening = waiting = sending = retransmits = 0
    down = up = received = sent = None
    for row in rows:
        end = row.endpoint
        established += end.state in ("ESTABLISHED", "CONNECTED")
        if end.listening:
            listening += 1
        if end.state not in ("LISTEN", "LISTENING"):
            waiting += end.receive_queue or 0
            sending += end.send_queue or 0
        tcp = end.tcp
        if tcp is not None:
            down = plus(down, row.received_bytes_per_second)
            up = plus(up, row.sent_bytes_per_second)
            received = plus(received, tcp.bytes_received)
            sent = plus(sent, tcp.bytes_sent)
            retransmits += tcp.retransmits
    return Group(
        key,
        label,
        len(rows),
        established,
        listening,
        down,
        up,
        received,
        sent,
        waiting,
        sending,
        retransmits,
        tuple(rows),
    )


def _grouped(rows: Iterable[Socket], key: Callable[[Socket], Iterable[tuple[Hashable, str]]]) -> tuple[Group, ...]:
    found: dict[Hashable, tuple[str, list[Socket]]] = {}
    for row in rows:
        for value, label in key(row):
            found.setdefault(value, (label, []))[1].append(row)
    return tuple(_group(value, label, members) for value, (label, members) in found.items())


_NOBODY = {
    "none": "no program any more",
    "kernel": "kernel",
    "hidden": "not permitted to see",
    "sought": "still looked for",
    "unseen": "closed before it was seen",
    "process": "unknown",
}


def _processes(row: Socket) -> list[tuple[Hashable, str]]:
    if row.owners:
        return [((owner.pid, owner.start_ticks), f"{owner.pid}/{owner.name}") for owner in row.owners]
    return [(row.holder, _NOBODY[row.holder])]


def by_process(rows: Iterable[Socket]) -> tuple[Group, ...]:
    """One group a process; a socket that several share counts with each of them."""
    return _grouped(rows, _processes)


def by_remote_address(rows: Iterable[Socket]) -> tuple[Group, ...]:
    """One group an address that somebody is connected to."""

    def key(row: Socket) -> list[tuple[Hashable, str]]:
        end = row.endpoint
        return [(end.remote_address, str(end.remote_address))] if end.remote_port is not None else []

    return _grouped(rows, key)


def by_local_port(rows: Iterable[Socket]) -> tuple[Group, ...]:
    """One group a local port of TCP or UDP: a listener and the connections that came in through it."""

    def key(row: Socket) -> list[tuple[Hashable, str]]:
        end = row.endpoint
        if not end.local_port or end.transport not in ("tcp", "udp", "udplite"):
            return []
        return [((end.transport, end.local_port), f"{end.transport}/{end.local_port}")]

    return _grouped(rows, key)


def by_state(rows: Iterable[Socket]) -> tuple[State, ...]:
    """Counts by protocol and state, the most first within a protocol."""
    counts = Counter((row.endpoint.protocol, row.endpoint.state) for row in rows)
    order = {name: at for at, name in enumerate(("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6"))}
    ranked = sorted(counts.items(), key=lambda item: (order.get(item[0][0], 99), item[0][0], -item[1], item[0][1]))
    return tuple(State(protocol, state, count) for (protocol, state), count in ranked)


def summary(snapshot: SocketsSnapshot) -> Mapping[str, int | float | None]:
    """The counts of `ss -s`: sockets in all, TCP by what it is doing, each protocol; and what listeners lost."""
    transports: Counter[str] = Counter()
    tcp: Counter[str] = Counter()
    for each in snapshot.states:
        transport = each.protocol.rstrip("6")
        transports[transport] += each.count
        if transport == "tcp":
            tcp[each.state] += each.count
    counters = snapshot.counters
    return {
        "total": counters.total if counters.total is not None else len(snapshot.rows),
        "tcp": transports["tcp"],
        "tcp_established": tcp["ESTABLISHED"],
        "tcp_listen": tcp["LISTEN"],
        "tcp_time_wait": tcp["TIME_WAIT"],
        "tcp_close_wait": tcp["CLOSE_WAIT"],
        "tcp_syn_sent": tcp["SYN_SENT"],
        "tcp_syn_recv": tcp["SYN_RECV"],
        "tcp_orphaned": counters.orphaned,
        "udp": transports["udp"] + transports["udplite"],
        "raw": transports["raw"],
        "unix": transports["unix"],
        "packet": transports["packet"],
        "listen_overflows": counters.listen_overflows,
        "listen_drops": counters.listen_drops,
        "listen_drops_per_second": counters.listen_drops_per_second,
        "received_bytes_per_second": snapshot.received_bytes_per_second,
        "sent_bytes_per_second": snapshot.sent_bytes_per_second,
    }


def other_end(rows: Iterable[Socket], row: Socket) -> Socket | None:
    """The socket of this machine that is connected to `row`'s, if the other side is here."""
    end = row.endpoint
    if end.remote_port is None or end.unix is not None:
        return None
    wanted = (end.remote_port, end.local_port, end.remote_address, end.local_address, end.transport)
    for each in rows:
        other = each.endpoint
        if other.local_port == wanted[0] and row.namespace == each.namespace:
            ends = (other.local_port, other.remote_port, other.local_address, other.remote_address, other.transport)
            if ends == wanted and other.key != end.key:
                return each
    return None


class Reach(enum.Enum):
    """From where a listener can be reached, as far as its address tells; firewalls are not asked."""

    MACHINE = "this machine only"
    NETWORK = "this network"
    EVERYONE = "everyone"


@lru_cache(4096)
def _reach(address: str) -> Reach | None:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if known.is_unspecified:
        return Reach.EVERYONE
    if known.is_loopback:
        return Reach.MACHINE
    if known.is_link_local or known.is_private or known.is_multicast:
        return Reach.NETWORK
    return Reach.EVERYONE


def reach(endpoint: Endpoint) -> Reach | None:
    """Who can reach a listener by the address that it is bound to; None for what does not listen.

    Private and link-local addresses (RFC 1918, RFC 4193, RFC 4291) are this network's.
    """
    if not endpoint.listening:
        return None
    if endpoint.family is Family.UNIX or endpoint.interface == "lo":
        return Reach.MACHINE
    return _reach(endpoint.local_address or "")


class Opening(Struct, frozen=True, gc=False):
    """One port that is open here: by whom, to whom, and how many have come in."""

    transport: str
    port: int
    reach: Reach
    addresses: tuple[str, ...]
    connections: int
    backlog: int | None
    backlog_limit: int | None
    drops: int | None
    sockets: tuple[Socket, ...]

    @property
    def key(self) -> tuple[str, int, Reach]:
        """What it is known by."""
        return (self.transport, self.port, self.reach)


def openings(rows: Sequence[Socket]) -> tuple[Opening, ...]:
    """What is open here: TCP listeners and unconnected UDP sockets by port and reach, those open to most first."""
    found: dict[tuple[str, int, Reach], list[Socket]] = {}
    arrived: Counter[tuple[str, int | None]] = Counter()
    for row in rows:
        end = row.endpoint
        if end.transport not in ("tcp", "udp", "udplite"):
            continue
        bound = reach(end)
        if bound is not None and end.local_port:
            found.setdefault((end.transport, end.local_port, bound), []).append(row)
        elif end.state != "TIME_WAIT" and end.remote_port is not None:
            arrived[end.transport, end.local_port] += 1
    order = {Reach.EVERYONE: 0, Reach.NETWORK: 1, Reach.MACHINE: 2}
    ranked = sorted(found.items(), key=lambda item: (order[item[0][2]], item[0][1], item[0][0]))
    return tuple(
        Opening(
            transport=transport,
            port=port,
            reach=bound,
            addresses=tuple(dict.fromkeys(row.endpoint.local_address or "" for row in members)),
            connections=arrived[transport, port],
            backlog=known_sum(row.endpoint.receive_queue for row in members) if transport == "tcp" else None,
            backlog_limit=known_sum(row.endpoint.send_queue for row in members) if transport == "tcp" else None,
            drops=known_sum(row.endpoint.drops for row in members),
            sockets=tuple(members),
        )
        for (transport, port, bound), members in ranked
    )
