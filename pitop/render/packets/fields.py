"""The fields of a packet, and the time before its line."""

from __future__ import annotations

import time as clock
from functools import lru_cache

from pitop.model.filter import Kind, Operand
from pitop.model.packets.dissection import Relative
from pitop.model.packets.line import packet_line
from pitop.model.packets.packet import PacketRow
from pitop.model.packets.row import Row
from pitop.render.field import Field, Tone, operands
from pitop.render.text import visible
from pitop.render.units import Unit

__all__ = ["FIELDS", "MAIN", "OPERANDS", "finished_text", "packet_text", "stamp", "stamp_text"]


def stamp_text(seconds: int, nanoseconds: int) -> str:
    """The local time of day as tcpdump prints it: `14:03:07.123456`."""
    if seconds & 0x80000000:
        return "[Error converting time]"
    return f"{_of_day(seconds)}.{nanoseconds // 1000:06d}"


def stamp(row: PacketRow) -> str:
    """The time of a row's packet as tcpdump prints it."""
    return stamp_text(row.seconds, row.nanoseconds)


def packet_text(row: Row, sequences: Relative) -> str:
    """A packet as tcpdump prints it, with its time and its continuation lines, safe for a terminal.

    `sequences` sees every packet, so that connections inside tunnels count from their start as well.
    """
    frame = row.frame
    line = packet_line(frame.data, frame.link, frame.length, sequences)
    return _timed(frame.seconds, frame.nanoseconds, line)


def finished_text(packet: PacketRow) -> str:
    """A finished packet as tcpdump prints it, safe for a terminal."""
    return _timed(packet.seconds, packet.nanoseconds, packet.line)


def _timed(seconds: int, nanoseconds: int, line: str) -> str:
    if not line.isprintable():
        line = "\n".join(_safe(part) for part in line.split("\n"))
    if line.startswith("[Invalid header"):
        return line
    return f"{stamp_text(seconds, nanoseconds)} {line}"


def _safe(part: str) -> str:
    rest = part.lstrip("\t")
    return part[: len(part) - len(rest)] + visible(rest)


@lru_cache(1024)
def _of_day(seconds: int) -> str:
    try:
        return clock.strftime("%H:%M:%S", clock.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return "[Error converting time]"


_CHATTER = frozenset(("ARP", "STP", "LLDP", "ICMPv6", "IGMP", "LLC"))
_NAMES = frozenset(("DNS", "MDNS", "LLMNR", "DHCP", "DHCPv6"))


def _tone(row: PacketRow) -> Tone:
    """Trouble in red, the begin and end of connections in green, names in the accent; what carries nothing is faint."""
    if row.trouble:
        return Tone.WARN if all(word in _MILD for word in row.trouble) else Tone.BAD
    flags = row.tcp_flags
    if flags is not None:
        if "S" in flags or "F" in flags:
            return Tone.GOOD
        return Tone.FAINT if flags == "." and row.info.endswith("length 0") else Tone.PLAIN
    if row.protocol in _NAMES:
        return Tone.ACCENT
    if row.protocol in _CHATTER:
        return Tone.FAINT
    return Tone.STRONG if row.protocol == "ICMP" else Tone.PLAIN


_MILD = frozenset(("tcp keep-alive", "tcp keep-alive ack", "tcp window update", "tcp port numbers reused"))

FIELDS: tuple[Field[PacketRow], ...] = (
    Field(
        "number", "No.", 7, Unit.NUMBER, lambda row: row.number, "The packet's place in the capture, from 1.", ("no",)
    ),
    Field(
        "time",
        "Time",
        15,
        Unit.MOMENT,
        lambda row: row.time,
        "When the kernel saw the packet, in unix seconds.",
        show=stamp,
    ),
    Field(
        "interface",
        "Interface",
        9,
        Unit.TEXT,
        lambda row: row.interface,
        "The network interface that the packet went through.",
        ("iface",),
    ),
    Field("source", "Source", 21, Unit.ADDRESS, lambda row: row.source, "The address that sent it.", ("src",)),
    Field(
        "source_port",
        "SPort",
        5,
        Unit.NUMBER,
        lambda row: row.source_port,
        "The sender's TCP, UDP or SCTP port.",
        ("sport", "src.port"),
    ),
    Field(
        "destination",
        "Destination",
        21,
        Unit.ADDRESS,
        lambda row: row.destination,
        "The address that it was sent to.",
        ("dst",),
    ),
    Field(
        "destination_port",
        "DPort",
        5,
        Unit.NUMBER,
        lambda row: row.destination_port,
        "The receiver's TCP, UDP or SCTP port.",
        ("dport", "dst.port"),
    ),
    Field(
        "protocol",
        "Protocol",
        8,
        Unit.TEXT,
        lambda row: row.protocol,
        "The innermost protocol that could be told from ports and first bytes.",
        ("proto",),
        tone=_tone,
    ),
    Field(
        "length",
        "Length",
        6,
        Unit.NUMBER,
        lambda row: row.length,
        "Bytes on the wire, link header included; more than was captured when the capture cut packets.",
        ("len",),
        falling=True,
    ),
    Field(
        "process",
        "Process",
        15,
        Unit.TEXT,
        lambda row: row.process,
        "The program whose socket the packet belonged to, found when its flow began; unknown stays unknown.",
        ("program", "command"),
    ),
    Field(
        "pid",
        "PID",
        7,
        Unit.NUMBER,
        lambda row: row.pid,
        "The process whose socket the packet belonged to; of two on this machine the one that opened the flow.",
    ),
    Field(
        "peer_process",
        "Peer",
        15,
        Unit.TEXT,
        lambda row: row.peer_process,
        "The program at the other end, where that is on this machine, too.",
        ("peer",),
    ),
    Field(
        "peer_pid",
        "Peer PID",
        8,
        Unit.NUMBER,
        lambda row: row.peer_pid,
        "The process at the other end, where that is on this machine, too.",
        ("peer.pid",),
    ),
    Field(
        "info",
        "Info",
        0,
        Unit.TEXT,
        lambda row: row.info,
        "The packet as tcpdump prints it.",
        ("line", "text"),
        tone=_tone,
    ),
    Field(
        "tcp_flags",
        "Flags",
        6,
        Unit.TEXT,
        lambda row: row.tcp_flags,
        "TCP's flags in tcpdump's letters: S begins, F ends, R refuses or breaks, P pushes, . acknowledges.",
        ("tcp.flags", "flags"),
    ),
    Field(
        "tcp_trouble",
        "Trouble",
        20,
        Unit.TEXT,
        lambda row: ", ".join(row.trouble) or None,
        "What the TCP analysis found, in Wireshark's words: retransmission, dup ack, zero window, reset and more.",
        ("trouble", "tcp.analysis"),
        tone=_tone,
    ),
    Field(
        "tcp_window",
        "Window",
        6,
        Unit.NUMBER,
        lambda row: row.tcp_window,
        "TCP's receive window as it stands in the packet, before scaling.",
        ("tcp.window", "window"),
    ),
    Field(
        "payload_bytes",
        "Payload",
        7,
        Unit.BYTES,
        lambda row: row.payload_bytes,
        "Bytes that TCP, UDP or ICMP carried.",
        ("payload",),
        falling=True,
    ),
    Field(
        "ttl",
        "TTL",
        3,
        Unit.NUMBER,
        lambda row: row.ttl,
        "How many routers the packet may still pass: IPv4's time to live, IPv6's hop limit.",
        ("ip.ttl",),
    ),
    Field(
        "dns_name",
        "DNS name",
        24,
        Unit.TEXT,
        lambda row: row.dns_name,
        "The name that a DNS message is about.",
        ("dns.name",),
    ),
    Field(
        "dns_type",
        "DNS type",
        6,
        Unit.TEXT,
        lambda row: row.dns_type,
        "The record type that it is about.",
        ("dns.type",),
    ),
    Field(
        "http_request",
        "HTTP",
        30,
        Unit.TEXT,
        lambda row: row.http_request,
        "The HTTP request that begins in the packet.",
        ("http", "http.request"),
    ),
    Field(
        "tls_server_name",
        "TLS name",
        24,
        Unit.TEXT,
        lambda row: row.tls_server_name,
        "The server that a TLS ClientHello names, in clear.",
        ("tls.name", "sni"),
    ),
    Field(
        "since_start_seconds",
        "Since start",
        11,
        Unit.NUMBER,
        lambda row: row.since_start,
        "Seconds since the first packet of the capture.",
        ("elapsed",),
        show=lambda row: "–" if row.since_start is None else f"{row.since_start:.6f}",
    ),
    Field(
        "since_previous_seconds",
        "Delta",
        11,
        Unit.NUMBER,
        lambda row: row.since_previous,
        "Seconds since the packet before it.",
        ("delta",),
        show=lambda row: "–" if row.since_previous is None else f"{row.since_previous:.6f}",
    ),
)


def _either() -> dict[str, Operand[PacketRow]]:
    """Names that either side of a packet answers to."""
    to_port: Operand[PacketRow] = Operand("destination_port", Kind.NUMBER, lambda row: row.destination_port)
    port: Operand[PacketRow] = Operand("source_port", Kind.NUMBER, lambda row: row.source_port, (to_port,))
    to_host: Operand[PacketRow] = Operand("destination", Kind.ADDRESS, lambda row: row.destination)
    host: Operand[PacketRow] = Operand("source", Kind.ADDRESS, lambda row: row.source, (to_host,))
    return {"port": port, "host": host, "address": host, "ip": host}


OPERANDS: dict[str, Operand[PacketRow]] = operands(FIELDS) | _either()
MAIN: tuple[Operand[PacketRow], ...] = (OPERANDS["info"], OPERANDS["process"], OPERANDS["protocol"])
