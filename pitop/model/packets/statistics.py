"""Statistics of a capture, gathered packet by packet in bounded memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict

from msgspec import Struct

from pitop.model.packets.domain import TYPES
from pitop.model.packets.frame import Frame
from pitop.model.packets.quic import quic_server_name
from pitop.model.packets.spoken import client_request, dns_question, server_name
from pitop.model.packets.summary import Summary

__all__ = ["Count", "Moment", "NameQuery", "Overview", "Statistics"]

_MOST_ENDS = 20_000
_MOST_QUERIES = 5_000
_MOST_NAMES = 5_000
_MOST_MOMENTS = 3_600
_SIZES = (79, 159, 319, 639, 1279, 2559)
_SIZE_NAMES = ("up to 79", "80–159", "160–319", "320–639", "640–1279", "1280–2559", "2560 and more")
_SPOKEN = frozenset(("DNS", "MDNS", "TLS", "QUIC", "HTTP"))  # what is looked into for names and requests


class Count(Struct, frozen=True):
    """A name, and the packets and bytes that go with it."""

    name: str
    packets: int
    octets: int


class Moment(Struct, frozen=True):
    """One second of the capture: when it began, its packets and bytes."""

    second: int
    packets: int
    octets: int


class NameQuery(Struct, frozen=True):
    """A DNS question, who asked whom, and its answer where one came: how many records, which rcode, after how long."""

    time: float
    client: str | None
    server: str | None
    name: str
    type: str
    answers: int | None = None
    rcode: int | None = None
    seconds: float | None = None


class Overview(Struct, frozen=True):
    """What there is to say of a capture as a whole; lists hold the largest or the newest."""

    packets: int
    octets: int
    protocols: tuple[Count, ...]
    endpoints: tuple[Count, ...]
    lengths: tuple[Count, ...]
    moments: tuple[Moment, ...]
    queries: tuple[NameQuery, ...]
    server_names: tuple[Count, ...]
    requests: tuple[Count, ...]
    troubles: tuple[Count, ...]


class Statistics:
    """Counts packets; `overview` says what came of it."""

    def __init__(self) -> None:
        self.packets = 0
        self.octets = 0
        self._protocols: dict[tuple[str, int, int, bool], list[int]] = {}
        self._ends: dict[bytes, list[int]] = {}
        self._lengths = [[0, 0] for _ in _SIZE_NAMES]
        self._moments: OrderedDict[int, list[int]] = OrderedDict()
        self._queries: OrderedDict[tuple[object, ...], NameQuery] = OrderedDict()
        self._names: dict[str, list[int]] = {}
        self._requests: dict[str, list[int]] = {}
        self._troubles: dict[str, list[int]] = {}

    def count(self, summary: Summary, frame: Frame, time: float, trouble: tuple[str, ...]) -> None:
        """Take in a packet."""
        length = frame.length
        self.packets += 1
        self.octets += length
        source, destination, protocol = summary.source, summary.destination, summary.protocol
        _add(self._protocols, (protocol, summary.transport, len(source), summary.network < 0), length)
        ends = self._ends
        for end in (source, destination):
            values = ends.get(end)
            if values is not None:
                values[0] += 1
                values[1] += length
            elif end and len(ends) < _MOST_ENDS:
                ends[end] = [1, length]
        values = self._lengths[bisect_left(_SIZES, length)]
        values[0] += 1
        values[1] += length
        if _add(self._moments, frame.seconds, length) and len(self._moments) > _MOST_MOMENTS:
            self._moments.popitem(last=False)
        for word in trouble:
            _add(self._troubles, word, length)
        if protocol in _SPOKEN and summary.payload and summary.size:
            self._payload(summary, frame, time)

    def weigh(self, summary: Summary, frame: Frame, time: float, trouble: tuple[str, ...]) -> None:
        """Take in of a packet only that it was there, and its size."""
        self.packets += 1
        self.octets += frame.length

    def _payload(self, summary: Summary, frame: Frame, time: float) -> None:
        protocol = summary.protocol
        if protocol in ("DNS", "MDNS"):
            self._dns(summary, frame.data[summary.payload + (2 if summary.transport == 6 else 0) :], time)
        elif protocol == "TLS" or (protocol == "QUIC" and self._first_of(summary, frame)):
            content = frame.data[summary.payload :]
            name = server_name(content) if protocol == "TLS" else quic_server_name(content)
            if name is not None and (name in self._names or len(self._names) < _MOST_NAMES):
                _add(self._names, name, frame.length)
        elif protocol == "HTTP":
            request = client_request(frame.data[summary.payload :])
            if request is not None and (request in self._requests or len(self._requests) < _MOST_NAMES):
                _add(self._requests, request, frame.length)

    def _first_of(self, summary: Summary, frame: Frame) -> bool:
        """Whether this may be a QUIC client's first packet: long header, full size."""
        return summary.destination_port == 443 and summary.size >= 1200 and frame.data[summary.payload] & 0xC0 == 0xC0

    def _dns(self, summary: Summary, message: bytes, time: float) -> None:
        question = dns_question(message)
        if question is None:
            return
        kind = TYPES.get(question.kind, f"TYPE{question.kind}")
        if question.response:
            ends = (summary.destination, summary.destination_port, summary.source)
            asked = self._queries.get((*ends, question.identity, question.name, kind))
            if asked is not None and asked.seconds is None:
                self._queries[*ends, question.identity, question.name, kind] = NameQuery(
                    asked.time, asked.client, asked.server, asked.name, asked.type, question.answers, question.rcode,
                    time - asked.time,
                )  # fmt: skip
            return
        key = (summary.source, summary.source_port, summary.destination, question.identity, question.name, kind)
        if key not in self._queries:
            client, server = summary.address(summary.source), summary.address(summary.destination)
            self._queries[key] = NameQuery(time, client, server, question.name, kind)
            if len(self._queries) > _MOST_QUERIES:
                self._queries.popitem(last=False)

    def overview(self, most: int = 200) -> Overview:
        """The largest and the newest of everything."""
        protocols = [(_layers(*key), values) for key, values in self._protocols.items()]
        tree = tuple(Count(" · ".join(layers), *values) for layers, values in _with_parents(protocols))
        ends = sorted(self._ends.items(), key=lambda item: -item[1][1])[:most]
        text = Summary("").address
        return Overview(
            self.packets,
            self.octets,
            tree,
            tuple(Count(text(end) or "", *values) for end, values in ends),
            tuple(Count(name, *values) for name, values in zip(_SIZE_NAMES, self._lengths, strict=True)),
            tuple(Moment(second, *values) for second, values in self._moments.items()),
            tuple(list(self._queries.values())[-most:]),
            _largest(self._names, most),
            _largest(self._requests, most),
            _largest(self._troubles, most),
        )


def _add(table: dict, key: object, length: int) -> bool:  # type: ignore[type-arg]
    """Count a packet under a key; whether the key is new."""
    values = table.get(key)
    if values is None:
        table[key] = [1, length]
        return True
    values[0] += 1
    values[1] += length
    return False


def _largest(table: dict[str, list[int]], most: int) -> tuple[Count, ...]:
    return tuple(Count(name, *values) for name, values in sorted(table.items(), key=lambda item: -item[1][0])[:most])


def _layers(protocol: str, transport: int, size: int, bare: bool) -> tuple[str, ...]:
    """The protocols from the outside in; `size` is an address's, `bare` says that there is no IP header."""
    if bare or size not in (4, 16) or protocol in ("ARP", "RARP"):
        return (protocol,)
    network = "IPv4" if size == 4 else "IPv6"
    if protocol == network:
        return (network,)
    carrier = {6: "TCP", 17: "UDP"}.get(transport)
    if carrier is None or carrier == protocol:
        return (network, protocol)
    return (network, carrier, protocol)


def _with_parents(found: list[tuple[tuple[str, ...], list[int]]]) -> list[tuple[tuple[str, ...], list[int]]]:
    """Every layer with the sums of what it carries, parents before children."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for layers, (packets, octets) in found:
        for depth in range(1, len(layers) + 1):
            values = sums.setdefault(layers[:depth], [0, 0])
            values[0] += packets
            values[1] += octets
    return sorted(sums.items())
