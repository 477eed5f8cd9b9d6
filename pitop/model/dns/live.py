"""Queries as they cross the wire: questions and answers matched, retries counted, from captured packets.

What a packet says is read from its line in tcpdump's form: `57448+ A? www.example. (33)` is a question,
`57448 NXDomain 0/1/0 (87)` and `57448 1/0/0 A 192.0.2.1 (49)` are answers.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from pitop.model.packets.packet import PacketRow
from pitop.model.sockets import Owner

__all__ = ["Asked", "LiveQuery", "LiveSummary", "QueryBook", "summarise"]

_PORT = 53
_PATIENCE = 5.0  # seconds after which a question counts as unanswered (the C library's own timeout)
_ECHO = 0.001  # seconds within which the same packet is seen again on another interface
_SAID = re.compile(r"(?:^|: |length \d+ )(?P<id>\d{1,5})(?P<rest>[-+%$*|& ].*)$", re.S)
_ANSWER = re.compile(
    r"[-+%$*|&]* ?(?P<code>[A-Z][A-Za-z]+|Resp\d+)?[-+%$*|&]* (?P<counts>\d+/\d+/\d+) ?(?P<data>.*?) ?(?:\(\d+\))?$",
    re.S,
)
_Question = tuple[str, str, int, str, str]  # client, server, number, name, type
_Key = tuple[int, _Question]  # with the client's port
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
    `pid`, `process` and `start_ticks` (the process's start time, which makes the pid an identity) are who asked, never
    who was asked; None where that is not known, or where another machine asked.
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


class Asked(NamedTuple):
    """What an answer is the answer to: the name as it was asked for, and who asked."""

    name: str
    asker: Owner | None


class LiveSummary(Struct, frozen=True):
    """The whole in figures: how many, how many without an answer or with a failure, and the names asked for most."""

    queries: int
    unanswered: int
    failed: int
    median_ms: float | None
    top: tuple[tuple[str, int], ...]


class _Open:
    """A question, as it stands; `made` is what was last told of it, None when that has changed."""

    __slots__ = ("asker", "data", "first", "keys", "last", "made", "ms", "number", "packet", "status", "tries")

    def __init__(self, packet: PacketRow, number: int, asker: Owner | None) -> None:
        self.packet = packet
        self.number = number
        self.asker = asker
        self.first = self.last = packet.time
        self.tries = 1
        self.status: str | None = None
        self.data = ""
        self.ms: float | None = None
        self.keys: list[_Key] = []
        self.made: LiveQuery | None = None

    def told(self, now: float) -> LiveQuery:
        """What is known of it; the same object while nothing has changed."""
        unanswered = self.status is None and now - self.last > _PATIENCE
        if self.made is None or self.made.unanswered != unanswered:
            self.made = self._query(unanswered)
        return self.made

    def _query(self, unanswered: bool) -> LiveQuery:
        packet, asker = self.packet, self.asker
        source, destination = packet.source or "", packet.destination or ""
        return LiveQuery(
            (source, packet.source_port or 0, destination, self.number, self.first),
            self.first,
            packet.dns_name or "",
            packet.dns_type or "?",
            source,
            destination,
            self.status,
            unanswered,
            self.data,
            self.ms,
            self.tries,
            None if asker is None else asker.pid,
            None if asker is None else asker.name,
            None if asker is None else asker.start_ticks,
        )


class QueryBook:
    """Matches answers to questions as packets come in; keeps the newest `most` questions."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._waiting: dict[_Key, _Open] = {}
        self._newest: dict[_Question, _Open] = {}  # without the port: some ask again from another one, by one number
        self._found: deque[_Open] = deque()

    def take(self, packet: PacketRow, asker: Owner | None = None) -> Asked | None:
        """Take in a packet; `asker` is who sent it if it is a question. Gives what was asked if it is its answer."""
        said = _SAID.search(packet.info)
        if said is None or packet.dns_name is None or packet.source is None or packet.destination is None:
            return None
        number, asked = int(said["id"]), (packet.dns_name, packet.dns_type or "?")
        if packet.destination_port == _PORT and "? " in said["rest"]:
            question = (packet.source, packet.destination, number, *asked)
            self._question(packet, (packet.source_port or 0, question), asker)
        elif packet.source_port == _PORT:
            question = (packet.destination, packet.source, number, *asked)
            answered = self._waiting.get((packet.destination_port or 0, question))
            if answered is not None and answered.status is None:
                _take(answered, packet, said["rest"])
                return Asked(packet.dns_name, answered.asker)
        return None

    def _question(self, packet: PacketRow, key: _Key, asker: Owner | None) -> None:
        known = self._waiting.get(key) or self._newest.get(key[1])
        other = known is not None and asker is not None and known.asker is not None and known.asker != asker
        if known is None or known.status is not None or other:
            known = _Open(packet, key[1][2], asker)
            self._found.append(known)
            self._newest[key[1]] = known
        else:
            if packet.time - known.last > _ECHO:
                known.tries += 1
                known.last = packet.time
            known.asker = known.asker or asker
            known.made = None
        self._waiting[key] = known
        known.keys.append(key)
        while len(self._found) > self._most:
            self._forget(self._found.popleft())

    def _forget(self, gone: _Open) -> None:
        for key in gone.keys:
            if self._waiting.get(key) is gone:
                del self._waiting[key]
            if self._newest.get(key[1]) is gone:
                del self._newest[key[1]]

    def queries(self, now: float) -> tuple[LiveQuery, ...]:
        """The questions, the newest first. `now` is unix time."""
        return tuple(each.told(now) for each in reversed(self._found))


def _take(query: _Open, packet: PacketRow, rest: str) -> None:
    said = _ANSWER.match(rest)
    code = said["code"] if said is not None else None
    query.status = _CODES.get(code, code.upper()) if code is not None else "NOERROR"
    query.data = said["data"].strip() if said is not None else ""
    query.ms = (packet.time - query.last) * 1000
    query.made = None


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
