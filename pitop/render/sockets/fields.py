"""The fields of a socket, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitop.model.sockets import Endpoint, Reach, Socket, reach
from pitop.render.field import Field, Tone
from pitop.render.sockets.tcp import TCP_FIELDS
from pitop.render.sockets.words import local_text, peer_text, process_text, remote_text
from pitop.render.units import Unit, Value, say

__all__ = ["COLUMNS", "FIELDS", "FLAGS"]


def _end(read: Callable[[Endpoint], Value]) -> Callable[[Socket], Value]:
    return lambda row: read(row.endpoint)


def _state_tone(row: Socket) -> Tone:
    match row.endpoint.state:
        case "LISTEN" | "LISTENING":
            return Tone.ACCENT
        case "ESTABLISHED" | "CONNECTED":
            return Tone.GOOD
        case "CLOSE_WAIT" | "SYN_SENT" | "SYN_RECV":
            return Tone.WARN
        case "":
            return Tone.PLAIN
        case _:
            return Tone.FAINT


def _receive_tone(row: Socket) -> Tone:
    end = row.endpoint
    if not end.receive_queue:
        return Tone.FAINT
    if end.state == "LISTEN":
        full = end.send_queue is not None and end.receive_queue >= end.send_queue
        return Tone.BAD if full else Tone.WARN
    return Tone.PLAIN


def _some(read: Callable[[Socket], Value], loud: Tone = Tone.PLAIN) -> Callable[[Socket], Tone]:
    return lambda row: loud if read(row) else Tone.FAINT


def _rate_tone(read: Callable[[Socket], Value]) -> Callable[[Socket], Tone]:
    def tone(row: Socket) -> Tone:
        value: Any = read(row)
        return Tone.FAINT if not value or value < 1 else Tone.PLAIN if value < 1 << 20 else Tone.STRONG

    return tone


_REACH_TONES = {Reach.EVERYONE: Tone.WARN, Reach.NETWORK: Tone.PLAIN, Reach.MACHINE: Tone.GOOD}


def _reach_text(row: Socket) -> str | None:
    found = reach(row.endpoint)
    return None if found is None else found.value


def _reach_tone(row: Socket) -> Tone:
    found = reach(row.endpoint)
    return Tone.FAINT if found is None else _REACH_TONES[found]


def _faint(row: Socket) -> Tone:
    return Tone.FAINT


def _down(row: Socket) -> Value:
    return row.received_bytes_per_second


def _up(row: Socket) -> Value:
    return row.sent_bytes_per_second


def _process_tone(row: Socket) -> Tone:
    return Tone.ACCENT if row.owners else Tone.FAINT


def _queue(end: Endpoint, value: int | None) -> str:
    """Bytes in short; of a listener a plain count."""
    return say(value, Unit.NUMBER if end.state == "LISTEN" else Unit.BYTES)


F = Field[Socket]

_BASIC: tuple[Field[Socket], ...] = (
    F(
        "protocol",
        "PROTO",
        5,
        Unit.TEXT,
        _end(lambda end: end.protocol),
        "Protocol in netstat's words; a 6 at the end is an IPv6 socket, which may well talk IPv4.",
        ("proto",),
        tone=_faint,
    ),
    F(
        "state",
        "STATE",
        11,
        Unit.TEXT,
        _end(lambda end: end.state),
        "Where the connection is in its life. CLOSE_WAIT that stays is a program that forgets to close.",
        tone=_state_tone,
    ),
    F(
        "receive_queue",
        "RECV-Q",
        6,
        Unit.BYTES,
        _end(lambda end: end.receive_queue),
        "Bytes that arrived and that the program has yet to read. Of a listener: connections that wait to be accepted.",
        ("recvq", "recv"),
        falling=True,
        tone=_receive_tone,
        show=lambda row: _queue(row.endpoint, row.endpoint.receive_queue),
    ),
    F(
        "send_queue",
        "SEND-Q",
        6,
        Unit.BYTES,
        _end(lambda end: end.send_queue),
        "Bytes that the other side has yet to acknowledge. Of a listener: how many connections may wait at most.",
        ("sendq",),
        falling=True,
        tone=_some(_end(lambda end: end.send_queue if end.state != "LISTEN" else None)),
        show=lambda row: _queue(row.endpoint, row.endpoint.send_queue),
    ),
    F(
        "local_address",
        "LOCAL",
        21,
        Unit.ADDRESS,
        _end(lambda end: end.local_address),
        "This side's address and port, or a unix socket's path (@ begins an abstract name). 0.0.0.0 and :: are all.",
        ("local", "path"),
        show=local_text,
    ),
    F(
        "local_port",
        "LPORT",
        5,
        Unit.NUMBER,
        _end(lambda end: end.local_port),
        "This side's port; of raw sockets the IP protocol, of packet sockets the Ethernet type.",
        ("port", "lport"),
    ),
    F(
        "remote_address",
        "REMOTE",
        21,
        Unit.ADDRESS,
        _end(lambda end: end.remote_address),
        "The other side's address and port; of a unix socket the process that holds the other end.",
        ("remote", "peer_address"),
        show=remote_text,
    ),
    F(
        "remote_port",
        "RPORT",
        5,
        Unit.NUMBER,
        _end(lambda end: end.remote_port),
        "The other side's port; unknown where there is no other side.",
        ("rport",),
    ),
    F(
        "received_bytes_per_second",
        "DOWN/s",
        6,
        Unit.BYTES_PER_SECOND,
        _down,
        "Bytes a second that arrive, of TCP alone: the kernel keeps no such count of the others.",
        ("down",),
        falling=True,
        tone=_rate_tone(_down),
    ),
    F(
        "sent_bytes_per_second",
        "UP/s",
        6,
        Unit.BYTES_PER_SECOND,
        _up,
        "Bytes a second that leave, repeats counted, of TCP alone.",
        ("up",),
        falling=True,
        tone=_rate_tone(_up),
    ),
    F(
        "user",
        "USER",
        8,
        Unit.TEXT,
        lambda row: row.user,
        "Whose it is: the user who made the socket.",
        tone=lambda row: Tone.FAINT if row.endpoint.uid == 0 else Tone.PLAIN,
    ),
    F(
        "pid",
        "PID",
        7,
        Unit.NUMBER,
        lambda row: row.owners[0].pid if row.owners else None,
        "The process that has it open; where several do, the first.",
        tone=_faint,
    ),
    F(
        "process",
        "PROCESS",
        15,
        Unit.TEXT,
        lambda row: row.owners[0].name if row.owners else None,
        "The program that has it open, +n where n more do. In parentheses: who had it before it was closed.",
        ("program", "name"),
        show=process_text,
        tone=_process_tone,
    ),
    F(
        "service",
        "SERVICE",
        10,
        Unit.TEXT,
        lambda row: row.service,
        "What the port is for, by /etc/services; a program may use any port for anything.",
        tone=_faint,
    ),
    F(
        "reach",
        "REACH",
        17,
        Unit.TEXT,
        _reach_text,
        "From where a listener can be reached by its address: this machine only, this network, everyone. "
        "A firewall may narrow that.",
        tone=_reach_tone,
    ),
)

_REST: tuple[Field[Socket], ...] = (
    F(
        "timer",
        "TIMER",
        9,
        Unit.TEXT,
        _end(lambda end: end.timer),
        "The timer that runs: on (retransmission), keepalive, timewait, probe (of a closed window).",
    ),
    F(
        "timer_time",
        "FIRES",
        8,
        Unit.MOMENT,
        _end(lambda end: end.timer_time),
        "When that timer fires.",
    ),
    F(
        "retries",
        "TRIES",
        5,
        Unit.COUNT,
        _end(lambda end: end.retries),
        "Timeouts in a row without an answer.",
        falling=True,
    ),
    F(
        "drops",
        "DROPS",
        5,
        Unit.COUNT,
        _end(lambda end: end.drops),
        "What the kernel threw away: datagrams without room in the buffer; of a listener, connections without room.",
        falling=True,
        tone=_some(_end(lambda end: end.drops), Tone.BAD),
    ),
    F(
        "receive_buffer_bytes",
        "RCVBUF",
        6,
        Unit.BYTES,
        _end(lambda end: end.receive_buffer_bytes),
        "Room for what arrives.",
        ("rcvbuf",),
        falling=True,
    ),
    F(
        "send_buffer_bytes",
        "SNDBUF",
        6,
        Unit.BYTES,
        _end(lambda end: end.send_buffer_bytes),
        "Room for what leaves.",
        ("sndbuf",),
        falling=True,
    ),
    F("uid", "UID", 6, Unit.NUMBER, _end(lambda end: end.uid), "The number of the user who made the socket."),
    F(
        "inode",
        "INODE",
        8,
        Unit.NUMBER,
        _end(lambda end: end.inode or None),
        "The socket's number in /proc/PID/fd; none once no program has it.",
    ),
    F(
        "cookie",
        "COOKIE",
        8,
        Unit.NUMBER,
        _end(lambda end: end.cookie),
        "The kernel's number for this socket, given once: the socket's identity.",
    ),
    F(
        "family",
        "FAMILY",
        6,
        Unit.TEXT,
        _end(lambda end: end.family.value),
        "ipv4, ipv6, unix or packet.",
    ),
    F(
        "kind",
        "TYPE",
        9,
        Unit.TEXT,
        _end(lambda end: end.unix.kind if end.unix is not None else None),
        "Of unix sockets: STREAM (bytes), DGRAM (messages), SEQPACKET (messages in order over a connection).",
        ("type",),
    ),
    F(
        "peer_process",
        "PEER",
        16,
        Unit.TEXT,
        peer_text,
        "Of unix sockets: who has the other end.",
        ("peer",),
    ),
    F(
        "peer_inode",
        "PEERINO",
        8,
        Unit.NUMBER,
        _end(lambda end: end.unix.peer_inode or None if end.unix is not None else None),
        "Of unix sockets: the inode of the other end.",
    ),
    F(
        "remote_name",
        "REMOTE NAME",
        24,
        Unit.TEXT,
        lambda row: row.remote_name,
        "The other side's name, by reverse look-up (on its key); of a unix socket the path of the other end.",
        ("host",),
    ),
    F(
        "interface",
        "IFACE",
        8,
        Unit.TEXT,
        _end(lambda end: end.interface or None),
        "The one interface that it is bound to, if any.",
        ("iface", "dev"),
    ),
    F(
        "cgroup",
        "CGROUP",
        7,
        Unit.NUMBER,
        _end(lambda end: end.cgroup),
        "The inode of the cgroup that made it.",
    ),
    F(
        "namespace",
        "NETNS",
        10,
        Unit.TEXT,
        lambda row: row.namespace or None,
        "The network namespace that it lives in, where that is another one.",
        ("netns",),
    ),
    F(
        "holder",
        "HOLDER",
        8,
        Unit.TEXT,
        lambda row: row.holder,
        "Who has it: process, none (the kernel finishes it), kernel, hidden (not permitted to see), sought, unseen.",
    ),
    F(
        "first_seen",
        "SINCE",
        8,
        Unit.MOMENT,
        lambda row: row.first_seen,
        "When it was first seen; unknown for what was there when looking began.",
        falling=True,
    ),
    F(
        "closed_time",
        "CLOSED",
        8,
        Unit.MOMENT,
        lambda row: row.closed_time,
        "When it was closed.",
        falling=True,
    ),
    F(
        "age_seconds",
        "LIVED",
        9,
        Unit.SECONDS,
        lambda row: row.age_seconds,
        "How long a closed socket was seen to live.",
        ("lived",),
        falling=True,
    ),
)

FIELDS = (*_BASIC, *TCP_FIELDS, *_REST)

COLUMNS = (
    "protocol",
    "state",
    "receive_queue",
    "send_queue",
    "local_address",
    "remote_address",
    "received_bytes_per_second",
    "sent_bytes_per_second",
    "rtt_ms",
    "retransmits",
    "pid",
    "process",
)

FLAGS: tuple[Field[Socket], ...] = (
    F(
        "listening",
        "LISTENING",
        3,
        Unit.FLAG,
        _end(lambda end: end.listening),
        "Whether strangers may reach it: listeners, and UDP sockets that take datagrams from anybody.",
    ),
    F(
        "closed",
        "CLOSED",
        3,
        Unit.FLAG,
        lambda row: row.closed_time is not None,
        "Whether it was closed lately.",
    ),
)
"""What only the filter asks for."""
