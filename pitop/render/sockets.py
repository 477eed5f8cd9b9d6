"""The fields of a socket, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitop.model.sockets import Endpoint, Reach, Socket, Tcp, reach
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, Value, say

__all__ = ["COLUMNS", "FIELDS", "FLAGS", "STATES", "address_port", "holder_words", "limits", "state_words"]

STATES = {
    "LISTEN": "waits for others to connect",
    "LISTENING": "waits for others to connect",
    "ESTABLISHED": "connected: both sides may send",
    "CONNECTED": "connected: both sides may send",
    "CONNECTING": "somebody has connected, and nobody has accepted it yet",
    "SYN_SENT": "has asked to connect and waits for an answer; staying here means that nobody answers",
    "SYN_RECV": "half open: somebody asked to connect and has yet to confirm; very many at once may be a SYN flood",
    "FIN_WAIT1": "has said that it sends no more, and waits for that to be acknowledged",
    "FIN_WAIT2": "has closed its side and waits for the other to close theirs",
    "CLOSE_WAIT": "the other side has closed; the program here has yet to. Staying here is the program's mistake",
    "CLOSING": "both sides closed at the same moment",
    "LAST_ACK": "closed by both; waits for the last acknowledgement",
    "TIME_WAIT": "closed, kept for a minute so that late packets harm nobody; costs next to nothing, no program has it",
    "CLOSE": "closed, or never connected",
    "": "takes datagrams from anybody",
}


def state_words(state: str) -> str:
    """What a state means, in words."""
    return STATES.get(state, "a state that this program does not know")


_HOLDERS = {
    "process": "",
    "none": "no program has it: the kernel finishes it by itself, or nobody has accepted it yet",
    "kernel": "the kernel itself has it: no process does",
    "hidden": "not permitted to see: some processes may not be looked into",
    "unseen": "it was closed before anybody looked",
}
_HOLDER_SHORT = {"none": "", "kernel": "kernel", "hidden": "not permitted", "unseen": "", "process": ""}


def holder_words(row: Socket) -> str:
    """Why a socket has no process, in words; empty when it has one."""
    return _HOLDERS[row.holder]


def address_port(address: str | None, port: int | None, name: str | None = None) -> str:
    """`10.0.0.1:22`, `[::1]:22`, `0.0.0.0:*`; the name in place of the address where there is one."""
    host = name or (f"[{address}]" if address and ":" in address else address or "")
    return f"{host}:{port if port is not None else '*'}"


def _local(row: Socket) -> str:
    end = row.endpoint
    if end.transport == "packet":
        return f"{end.local_address}:{end.local_port:#06x}" if end.local_port else f"{end.local_address}:all"
    return end.local_address or "" if end.unix is not None else address_port(end.local_address, end.local_port)


def _remote(row: Socket) -> str:
    end = row.endpoint
    if end.unix is not None:
        peer = _peer(row)
        return " ".join(part for part in (row.remote_name or "", f"← {peer}" if peer else "") if part)
    if end.remote_address is None:
        return ""
    return address_port(end.remote_address, end.remote_port, row.remote_name)


def _peer(row: Socket) -> str | None:
    return ", ".join(f"{owner.name}/{owner.pid}" for owner in row.peers) or None


def _process(row: Socket) -> str:
    if row.owners:
        more = f" +{len(row.owners) - 1}" if len(row.owners) > 1 else ""
        return f"{row.owners[0].name}{more}"
    if row.former:
        return f"({row.former[0].name})"
    return _HOLDER_SHORT[row.holder]


def _tcp(read: Callable[[Tcp], Value]) -> Callable[[Socket], Value]:
    def value(row: Socket) -> Value:
        tcp = row.endpoint.tcp
        return None if tcp is None else read(tcp)

    return value


def _end(read: Callable[[Endpoint], Value]) -> Callable[[Socket], Value]:
    return lambda row: read(row.endpoint)


def limits(tcp: Tcp) -> str | None:
    """What has held the sender back for at least a tenth of the time that it was busy; application: it had no more."""
    if tcp.application_limited is None:
        return None
    found = []
    if tcp.busy_ms:
        if (tcp.receive_window_limited_ms or 0) >= 0.1 * tcp.busy_ms:
            found.append("receive window")
        if (tcp.send_buffer_limited_ms or 0) >= 0.1 * tcp.busy_ms:
            found.append("send buffer")
    if tcp.application_limited:
        found.append("application")
    return ", ".join(found)


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


F = Field[Socket]

FIELDS: tuple[Field[Socket], ...] = (
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
        show=_local,
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
        show=_remote,
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
        "rtt_ms",
        "RTT",
        6,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.rtt_ms),
        "Round trip in milliseconds, smoothed, as TCP measures it from what it sends.",
        ("rtt",),
        falling=True,
        tone=_faint,
    ),
    F(
        "retransmits",
        "RETR",
        5,
        Unit.COUNT,
        _tcp(lambda tcp: tcp.retransmits),
        "Segments sent again since the connection began: lost on the way, or thought to be.",
        ("retrans",),
        falling=True,
        tone=_some(_tcp(lambda tcp: tcp.retransmits), Tone.WARN),
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
        0,
        Unit.TEXT,
        lambda row: row.owners[0].name if row.owners else None,
        "The program that has it open, +n where n more do. In parentheses: who had it before it was closed.",
        ("program", "name"),
        show=_process,
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
    F(
        "bytes_received",
        "RECEIVED",
        8,
        Unit.BYTES,
        _tcp(lambda tcp: tcp.bytes_received),
        "Bytes that arrived in order since the connection began; the other side's closing counts one.",
        ("received",),
        falling=True,
    ),
    F(
        "bytes_sent",
        "SENT",
        6,
        Unit.BYTES,
        _tcp(lambda tcp: tcp.bytes_sent),
        "Bytes sent since the connection began, repeats counted.",
        ("sent",),
        falling=True,
    ),
    F(
        "bytes_acked",
        "ACKED",
        6,
        Unit.BYTES,
        _tcp(lambda tcp: tcp.bytes_acked),
        "Bytes that the other side has acknowledged; connecting itself counts one.",
        ("acked",),
        falling=True,
    ),
    F(
        "bytes_retransmitted",
        "RESENT",
        6,
        Unit.BYTES,
        _tcp(lambda tcp: tcp.bytes_retransmitted),
        "Bytes sent again.",
        ("resent",),
        falling=True,
    ),
    F(
        "rtt_variation_ms",
        "RTTVAR",
        6,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.rtt_variation_ms),
        "How much the round trip varies: large against the round trip itself means jitter.",
        ("rttvar",),
        falling=True,
    ),
    F(
        "minimum_rtt_ms",
        "MINRTT",
        6,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.minimum_rtt_ms),
        "The shortest round trip lately: the way itself, without queues. A much larger RTT is time spent in queues.",
        ("minrtt",),
        falling=True,
    ),
    F(
        "rto_ms",
        "RTO",
        6,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.rto_ms),
        "How long TCP waits for an acknowledgement before it sends again; doubled at each try.",
        ("rto",),
        falling=True,
    ),
    F(
        "congestion_window",
        "CWND",
        5,
        Unit.COUNT,
        _tcp(lambda tcp: tcp.congestion_window),
        "Segments that may be under way at once: what the sender thinks the network bears.",
        ("cwnd",),
        falling=True,
    ),
    F(
        "slow_start_threshold",
        "SSTHR",
        5,
        Unit.COUNT,
        _tcp(lambda tcp: tcp.slow_start_threshold),
        "Below this the window doubles each round trip, above it grows slowly. Unknown: nothing was lost yet.",
        ("ssthresh",),
        falling=True,
    ),
    F(
        "congestion_control",
        "CC",
        6,
        Unit.TEXT,
        _tcp(lambda tcp: tcp.congestion_control),
        "The algorithm that sets the window: cubic reacts to loss, bbr to measured rate and delay.",
        ("cc",),
    ),
    F(
        "congestion_state",
        "CSTATE",
        8,
        Unit.TEXT,
        _tcp(lambda tcp: tcp.congestion_state),
        "Open: all is well. Disorder: first doubts. CWR: told to slow down. Recovery: resending. Loss: it timed out.",
    ),
    F(
        "limited",
        "LIMITED BY",
        14,
        Unit.TEXT,
        _tcp(limits),
        "What holds the sender back: the receive window (the other program reads slowly), the send buffer, or the "
        "application, which has no more to send. Empty: the network.",
    ),
    F(
        "delivery_bytes_per_second",
        "DELIVERY",
        8,
        Unit.BYTES_PER_SECOND,
        _tcp(lambda tcp: tcp.delivery_bytes_per_second),
        "How fast data arrived at the other side when TCP last measured.",
        ("delivery",),
        falling=True,
    ),
    F(
        "pacing_bytes_per_second",
        "PACING",
        6,
        Unit.BYTES_PER_SECOND,
        _tcp(lambda tcp: tcp.pacing_bytes_per_second),
        "How fast TCP lets data out at most.",
        ("pacing",),
        falling=True,
    ),
    F(
        "unsent_bytes",
        "UNSENT",
        6,
        Unit.BYTES,
        _tcp(lambda tcp: tcp.unsent_bytes),
        "Bytes that the program has written and that were not sent even once.",
        ("unsent",),
        falling=True,
    ),
    F(
        "unacked_segments",
        "UNACK",
        5,
        Unit.COUNT,
        _tcp(lambda tcp: tcp.unacked),
        "Segments sent and not acknowledged yet.",
        ("unacked",),
        falling=True,
    ),
    F(
        "lost_segments",
        "LOST",
        5,
        Unit.COUNT,
        _tcp(lambda tcp: tcp.lost),
        "Segments that are thought to be lost now.",
        ("lost",),
        falling=True,
    ),
    F(
        "mss_bytes",
        "MSS",
        5,
        Unit.NUMBER,
        _tcp(lambda tcp: tcp.mss_bytes),
        "The most bytes in a segment.",
        ("mss",),
        falling=True,
    ),
    F(
        "path_mtu_bytes",
        "PMTU",
        5,
        Unit.NUMBER,
        _tcp(lambda tcp: tcp.path_mtu_bytes),
        "The largest packet that the way is thought to carry.",
        ("pmtu",),
        falling=True,
    ),
    F(
        "busy_ms",
        "BUSY",
        7,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.busy_ms),
        "How long it has had data under way.",
        ("busy",),
        falling=True,
    ),
    F(
        "receive_window_limited_ms",
        "RWNDLIM",
        7,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.receive_window_limited_ms),
        "How long the other side's receive window held it back.",
        ("rwnd_limited",),
        falling=True,
    ),
    F(
        "send_buffer_limited_ms",
        "SNDBLIM",
        7,
        Unit.MILLISECONDS,
        _tcp(lambda tcp: tcp.send_buffer_limited_ms),
        "How long its own send buffer held it back.",
        ("sndbuf_limited",),
        falling=True,
    ),
    F(
        "last_sent_time",
        "LASTSENT",
        8,
        Unit.MOMENT,
        _tcp(lambda tcp: tcp.last_sent_time),
        "When it last sent data.",
        falling=True,
    ),
    F(
        "last_received_time",
        "LASTRECV",
        8,
        Unit.MOMENT,
        _tcp(lambda tcp: tcp.last_received_time),
        "When it last received data.",
        falling=True,
    ),
    F(
        "options",
        "OPTIONS",
        16,
        Unit.TEXT,
        _tcp(lambda tcp: tcp.options),
        "TCP options in use: ts timestamps, sack, ecn, fastopen, wscale (send, receive).",
    ),
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
        _peer,
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
        "Who has it: process, none (the kernel finishes it), kernel, hidden (not permitted to see), unseen.",
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


def _queue(end: Endpoint, value: int | None) -> str:
    """Bytes in short; of a listener a plain count."""
    return say(value, Unit.NUMBER if end.state == "LISTEN" else Unit.BYTES)


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
