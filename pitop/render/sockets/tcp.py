"""The fields of a TCP connection: what tcp_info tells, in words."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.sockets import Socket, Tcp
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, Value

__all__ = ["TCP_FIELDS", "limits"]


def _tcp(read: Callable[[Tcp], Value]) -> Callable[[Socket], Value]:
    def value(row: Socket) -> Value:
        tcp = row.endpoint.tcp
        return None if tcp is None else read(tcp)

    return value


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


def _faint(row: Socket) -> Tone:
    return Tone.FAINT


def _resent(row: Socket) -> Tone:
    return Tone.WARN if row.endpoint.tcp is not None and row.endpoint.tcp.retransmits else Tone.FAINT


F = Field[Socket]

TCP_FIELDS: tuple[Field[Socket], ...] = (
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
        tone=_resent,
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
)
