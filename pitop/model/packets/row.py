"""A packet as a row: everything known of it, worked out when it is first asked for."""

from __future__ import annotations

from typing import NamedTuple

from pitop.model.packets.dissection import Relative, SequenceBook
from pitop.model.packets.domain import TYPES
from pitop.model.packets.frame import Frame
from pitop.model.packets.line import packet_line
from pitop.model.packets.quic import quic_server_name
from pitop.model.packets.spoken import client_request, dns_question, server_name
from pitop.model.packets.summary import Summary, summarise

__all__ = ["Base", "Owner", "Row", "flags_text"]

_FLAGS = ((0x01, "F"), (0x02, "S"), (0x04, "R"), (0x08, "P"), (0x10, "."), (0x20, "U"), (0x40, "E"), (0x80, "W"))


class Owner(NamedTuple):
    """The process that a packet's socket belonged to; with its start time in ticks, where known, an identity."""

    pid: int
    name: str
    start_ticks: int | None = None


class Base(NamedTuple):
    """What a connection's numbers are relative to, fixed when its packet came in; `first` ones are shown absolute."""

    mine: int
    theirs: int
    edge: int
    first: bool

    def relative(
        self, source: bytes, destination: bytes, ports: tuple[int, int], flags: int, sequence: int, ack: int
    ) -> tuple[int, int, int]:
        """See `dissection.Relative`."""
        if self.first or not flags & 0x10:
            return sequence, ack, self.edge
        return (sequence - self.mine) & 0xFFFFFFFF, (ack - self.theirs) & 0xFFFFFFFF, self.edge

    @classmethod
    def of(cls, book: SequenceBook, summary: Summary) -> Base | None:
        """Enter a TCP segment into `book`; None for a packet whose line needs no base."""
        if summary.transport != 6 or not summary.flags & 0x10:
            return None
        ports = summary.source_port, summary.destination_port
        sequence, ack, edge = book.relative(
            summary.source, summary.destination, ports, summary.flags, summary.sequence, summary.ack
        )
        mine, theirs = (summary.sequence - sequence) & 0xFFFFFFFF, (summary.ack - ack) & 0xFFFFFFFF
        return cls(mine, theirs, edge, mine == 0 and theirs == 0)


def flags_text(flags: int) -> str | None:
    """TCP flags in tcpdump's letters; None without any."""
    if flags < 0:
        return None
    return "".join(letter for bit, letter in _FLAGS if flags & bit) or "none"


class Row:
    """One packet: its number in the capture, the frame, and what is known of its flow.

    `owner` is None while nobody is known to own it; `peer` is the other end's, where that is this machine's. `trouble`
    are the words of the TCP analysis. The properties are None where the packet has no such thing.
    """

    __slots__ = (
        "_info", "_summary", "base", "frame", "number", "owner", "peer", "since_previous", "since_start", "trouble",
    )  # fmt: skip

    def __init__(
        self, number: int, frame: Frame, base: Relative | None = None, owner: Owner | None = None,
        trouble: tuple[str, ...] = (), since_start: float | None = None, since_previous: float | None = None,
    ) -> None:  # fmt: skip
        self.number = number
        self.frame = frame
        self.base = base
        self.owner = owner
        self.peer: Owner | None = None
        self.trouble = trouble
        self.since_start = since_start
        self.since_previous = since_previous
        self._summary: Summary | None = None
        self._info: str | None = None

    @property
    def summary(self) -> Summary:
        """Addresses, ports, protocol."""
        if self._summary is None:
            self._summary = summarise(self.frame.data, self.frame.link, self.frame.length)
        return self._summary

    @property
    def seconds(self) -> int:
        """Whole seconds since 1970."""
        return self.frame.seconds

    @property
    def nanoseconds(self) -> int:
        """What comes on top of them."""
        return self.frame.nanoseconds

    @property
    def time(self) -> float:
        """Unix seconds."""
        return self.frame.time

    @property
    def interface(self) -> str | None:
        """The interface's name."""
        return self.frame.interface

    @property
    def length(self) -> int:
        """Bytes on the wire."""
        return self.frame.length

    @property
    def pid(self) -> int | None:
        """The owner's process number."""
        return None if self.owner is None else self.owner.pid

    @property
    def process(self) -> str | None:
        """The owner's name."""
        return None if self.owner is None else self.owner.name

    @property
    def start_ticks(self) -> int | None:
        """When the owner started."""
        return None if self.owner is None else self.owner.start_ticks

    @property
    def peer_pid(self) -> int | None:
        """The process number at the other end."""
        return None if self.peer is None else self.peer.pid

    @property
    def peer_process(self) -> str | None:
        """The name of the process at the other end."""
        return None if self.peer is None else self.peer.name

    @property
    def peer_start_ticks(self) -> int | None:
        """When it started."""
        return None if self.peer is None else self.peer.start_ticks

    @property
    def tcp_window(self) -> int | None:
        """TCP's window field."""
        return self.summary.window if self.summary.transport == 6 else None

    @property
    def payload_bytes(self) -> int | None:
        """How much the transport carried."""
        return self.summary.size if self.summary.payload else None

    @property
    def ttl(self) -> int | None:
        """Time to live, or hop limit."""
        return _known(self.summary.ttl)

    @property
    def line(self) -> str:
        """What tcpdump prints after the time, with its continuation lines."""
        if self._info is None:
            self._info = packet_line(self.frame.data, self.frame.link, self.frame.length, self.base)
        return self._info

    @property
    def info(self) -> str:
        """The first line of it."""
        return self.line.partition("\n")[0]

    @property
    def protocol(self) -> str:
        """The innermost protocol that is recognised, in Wireshark's spelling."""
        return self.summary.protocol

    @property
    def source(self) -> str | None:
        """The sender's address."""
        return self.summary.address(self.summary.source)

    @property
    def destination(self) -> str | None:
        """The receiver's address."""
        return self.summary.address(self.summary.destination)

    @property
    def source_port(self) -> int | None:
        """The sender's port."""
        return _known(self.summary.source_port)

    @property
    def destination_port(self) -> int | None:
        """The receiver's port."""
        return _known(self.summary.destination_port)

    @property
    def tcp_flags(self) -> str | None:
        """TCP flags in tcpdump's letters."""
        return flags_text(self.summary.flags) if self.summary.transport == 6 else None

    @property
    def payload(self) -> bytes:
        """The transport's payload, as much as was captured."""
        place = self.summary.payload
        return self.frame.data[place : place + self.summary.size] if place else b""

    def _question(self) -> tuple[str, str] | None:
        if self.summary.protocol not in ("DNS", "MDNS", "LLMNR"):
            return None
        question = dns_question(self.payload[2:] if self.summary.transport == 6 else self.payload)
        return None if question is None else (question.name, TYPES.get(question.kind, f"TYPE{question.kind}"))

    @property
    def dns_name(self) -> str | None:
        """The name that a DNS message is about."""
        question = self._question()
        return None if question is None else question[0]

    @property
    def dns_type(self) -> str | None:
        """The record type that it is about."""
        question = self._question()
        return None if question is None else question[1]

    @property
    def http_request(self) -> str | None:
        """The HTTP request that begins in this packet."""
        return client_request(self.payload) if self.summary.protocol == "HTTP" else None

    @property
    def tls_server_name(self) -> str | None:
        """The server that a TLS hello in this packet names, over TCP or QUIC."""
        if self.summary.protocol == "QUIC":
            return quic_server_name(self.payload)
        return server_name(self.payload) if self.summary.protocol == "TLS" else None


def _known(number: int) -> int | None:
    return None if number < 0 else number
