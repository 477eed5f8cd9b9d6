"""Queries as they cross the wire: questions and answers matched, retries counted, from captured packets.

What a packet says is read from its line in tcpdump's form: `57448+ A? www.example. (33)` is a question,
`57448 NXDomain 0/1/0 (87)` and `57448 1/0/0 A 192.0.2.1 (49)` are answers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from pitop.model.packets.packet import PacketRow

__all__ = ["LiveQuery", "LiveSummary", "live_queries", "summarise"]

_PORT = 53
_PATIENCE = 5.0  # seconds after which a question counts as unanswered (the C library's own timeout)
_ECHO = 0.001  # seconds within which the same packet is seen again on another interface
_SAID = re.compile(r"(?:^|: |length \d+ )(?P<id>\d{1,5})(?P<rest>[-+%$*|& ].*)$", re.S)
_ANSWER = re.compile(
    r"[-+%$*|&]* ?(?P<code>[A-Z][A-Za-z]+|Resp\d+)?[-+%$*|&]* (?P<counts>\d+/\d+/\d+) ?(?P<data>.*?) ?(?:\(\d+\))?$",
    re.S,
)
_CODES = {
    "NXDomain": "NXDOMAIN",
    "ServFail": "SERVFAIL",
    "Refused": "REFUSED",
    "FormErr": "FORMERR",
    "NotImp": "NOTIMP",
}


class LiveQuery(Struct, frozen=True):
    """A question that was seen, with what became of it.

    `status` is None while nothing came; `unanswered` when nothing came in time. `tries` counts how often it was sent.
    `pid`, `process` and `start_ticks` (the process's start time, which makes the pid an identity) are who asked, None
    where that is not known: between two programs of one machine the capture cannot tell which of them holds the socket.
    """

    key: tuple[str, int, str, int, float]
    time: float
    name: str
    type: str
    client: str
    server: str
    status: str | None
    unanswered: bool
    data: str
    ms: float | None
    tries: int
    pid: int | None
    process: str | None
    start_ticks: int | None = None


class LiveSummary(Struct, frozen=True):
    """The whole in figures: how many, how many without an answer or with a failure, and the names asked for most."""

    queries: int
    unanswered: int
    failed: int
    median_ms: float | None
    top: tuple[tuple[str, int], ...]


class _Open:
    """A question that may still be answered."""

    def __init__(self, packet: PacketRow, number: int) -> None:
        self.packet = packet
        self.number = number
        self.first = self.last = packet.time
        self.tries = 1
        self.status: str | None = None
        self.data = ""
        self.ms: float | None = None


def live_queries(packets: Iterable[PacketRow], now: float) -> tuple[LiveQuery, ...]:
    """The questions in `packets`, which come in the order of their capture; the newest first. `now` in unix time."""
    # Without the client's port: some ask again from another one, under the same number.
    waiting: dict[tuple[str, str, int, str, str], _Open] = {}
    found: list[_Open] = []
    for packet in packets:
        said = _SAID.search(packet.info)
        if said is None or packet.dns_name is None or packet.source is None or packet.destination is None:
            continue
        number, asked = int(said["id"]), (packet.dns_name, packet.dns_type or "?")
        if packet.destination_port == _PORT and "? " in said["rest"]:
            key = (packet.source, packet.destination, number, *asked)
            open_query = waiting.get(key)
            if open_query is None or open_query.status is not None:
                open_query = waiting[key] = _Open(packet, number)
                found.append(open_query)
            elif packet.time - open_query.last > _ECHO:
                open_query.tries += 1
                open_query.last = packet.time
        elif packet.source_port == _PORT:
            key = (packet.destination, packet.source, number, *asked)
            answered = waiting.get(key)
            if answered is not None and answered.status is None:
                _take(answered, packet, said["rest"])
    return tuple(_query(each, now) for each in reversed(found))


def _take(query: _Open, packet: PacketRow, rest: str) -> None:
    said = _ANSWER.match(rest)
    code = said["code"] if said is not None else None
    query.status = _CODES.get(code, code.upper()) if code is not None else "NOERROR"
    query.data = said["data"].strip() if said is not None else ""
    query.ms = (packet.time - query.last) * 1000


def _query(query: _Open, now: float) -> LiveQuery:
    packet = query.packet
    source, destination = packet.source or "", packet.destination or ""
    local = source == destination or source.startswith("127.") or source == "::1"
    return LiveQuery(
        (source, packet.source_port or 0, destination, query.number, query.first),
        query.first,
        packet.dns_name or "",
        packet.dns_type or "?",
        source,
        destination,
        query.status,
        query.status is None and now - query.last > _PATIENCE,
        query.data,
        query.ms,
        query.tries,
        None if local else packet.pid,
        None if local else packet.process,
    )


def summarise(queries: Sequence[LiveQuery]) -> LiveSummary:
    """The figures of all queries."""
    times = sorted(query.ms for query in queries if query.ms is not None)
    return LiveSummary(
        len(queries),
        sum(query.unanswered for query in queries),
        sum(query.status not in (None, "NOERROR", "NXDOMAIN") for query in queries),
        times[len(times) // 2] if times else None,
        tuple(Counter(query.name for query in queries).most_common(3)),
    )
