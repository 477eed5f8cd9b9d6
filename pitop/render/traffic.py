"""The fields of what this machine is talking to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pitop.model.rates import known_sum
from pitop.model.traffic.snapshot import TrafficSnapshot
from pitop.model.traffic.table import TrafficRow
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["FIELDS", "FLAGS", "grouped_fields", "name_text", "summary", "unknown_text"]

F = Field[TrafficRow]

_SOURCES = {
    "dns": "an answer to a question that was seen",
    "hosts": "the hosts file",
    "reverse": "a reverse look-up",
}


def name_text(row: TrafficRow) -> str:
    """The name, or the address in its place; of several the number."""
    if row.name is not None:
        return row.name
    return row.address or ("several" if row.rows > 1 else "-")


def process_text(row: TrafficRow) -> str:
    """Who it is, or why that is not known."""
    if row.program is not None:
        return row.program
    if row.rows > 1 and row.key[0] not in ("program", "process"):
        return "several"
    return "looking" if row.sought else "unknown"


def _faint(row: TrafficRow) -> Tone:
    return Tone.FAINT


def _still(row: TrafficRow) -> Tone:
    """What is over is faint."""
    return Tone.PLAIN if row.open else Tone.FAINT


def _name_tone(row: TrafficRow) -> Tone:
    if row.name is None or not row.open:
        return Tone.FAINT
    return Tone.ACCENT if row.name_source == "dns" else Tone.PLAIN


def _process_tone(row: TrafficRow) -> Tone:
    if row.program is None:
        return Tone.FAINT
    return Tone.STRONG if row.open else Tone.FAINT


def _moving(read: Callable[[TrafficRow], float | None]) -> Callable[[TrafficRow], Tone]:
    return lambda row: Tone.GOOD if read(row) else Tone.FAINT


def _both(row: TrafficRow, one: str, other: str) -> float | None:
    return known_sum((getattr(row, one), getattr(row, other)))


FIELDS: tuple[F, ...] = (
    F(
        "process",
        "PROGRAM",
        15,
        Unit.TEXT,
        lambda row: row.program,
        "The program whose socket it is. Unknown: it had closed the socket before anybody could look, or may not be "
        "looked at.",
        ("program", "command"),
        show=process_text,
        tone=_process_tone,
    ),
    F(
        "pid",
        "PID",
        7,
        Unit.NUMBER,
        lambda row: row.pid,
        "The process; of several that share a socket the oldest in line, from which the others have it.",
        tone=_faint,
    ),
    F("user", "USER", 8, Unit.TEXT, lambda row: row.user, "Whose it is: the user who made the socket.", tone=_faint),
    F(
        "direction",
        "WAY",
        3,
        Unit.TEXT,
        lambda row: row.direction,
        "out: the program opened it. in: somebody else did, and the program answers.",
        ("way",),
        tone=_faint,
    ),
    F(
        "name",
        "NAME",
        32,
        Unit.TEXT,
        lambda row: row.name,
        "What the other side is called: the name that the program asked a name server for, as it was seen on the wire; "
        "else the hosts file's; else a reverse look-up's. The address where there is none.",
        ("host",),
        show=name_text,
        tone=_name_tone,
    ),
    F(
        "name_source",
        "FROM",
        7,
        Unit.TEXT,
        lambda row: row.name_source,
        "How the name is known. dns: it was asked for here, and this address was the answer. hosts: the hosts file "
        "says so. reverse: the owner of the address calls it that, whatever was asked for.",
        ("source",),
        tone=_faint,
    ),
    F(
        "address",
        "ADDRESS",
        23,
        Unit.ADDRESS,
        lambda row: row.address,
        "The other side's address.",
        ("ip", "remote"),
        tone=_still,
    ),
    F(
        "port",
        "PORT",
        5,
        Unit.NUMBER,
        lambda row: row.port,
        "The port of the service: the other side's where the program opened the connection, this machine's where it "
        "was opened to it.",
        tone=_still,
    ),
    F("protocol", "PROTO", 5, Unit.TEXT, lambda row: row.transport, "tcp or udp.", ("proto",), tone=_faint),
    F(
        "application",
        "CARRIES",
        8,
        Unit.TEXT,
        lambda row: row.service if row.protocol in (None, "TCP", "UDP") else (row.protocol or "").lower(),
        "What it carries, as far as its packets tell; else what the port is for, by /etc/services.",
        ("service", "app"),
        tone=_faint,
    ),
    F(
        "received_bytes_per_second",
        "DOWN/S",
        7,
        Unit.BYTES_PER_SECOND,
        lambda row: row.received_bytes_per_second,
        "Bytes a second that came in since the sample before. TCP's are those of its sockets, UDP's those of its "
        "packets with their headers.",
        ("down", "rx"),
        True,
        tone=_moving(lambda row: row.received_bytes_per_second),
    ),
    F(
        "sent_bytes_per_second",
        "UP/S",
        7,
        Unit.BYTES_PER_SECOND,
        lambda row: row.sent_bytes_per_second,
        "Bytes a second that went out since the sample before.",
        ("up", "tx"),
        True,
        tone=_moving(lambda row: row.sent_bytes_per_second),
    ),
    F(
        "bytes_per_second",
        "BOTH/S",
        7,
        Unit.BYTES_PER_SECOND,
        lambda row: _both(row, "received_bytes_per_second", "sent_bytes_per_second"),
        "Bytes a second in both directions.",
        ("rate",),
        True,
        tone=_moving(lambda row: _both(row, "received_bytes_per_second", "sent_bytes_per_second")),
    ),
    F(
        "bytes_received",
        "RECEIVED",
        8,
        Unit.BYTES,
        lambda row: row.received_bytes,
        "Bytes that came in: of TCP since each connection began, of UDP since looking began.",
        ("received",),
        True,
        tone=_still,
    ),
    F(
        "bytes_sent",
        "SENT",
        8,
        Unit.BYTES,
        lambda row: row.sent_bytes,
        "Bytes that went out: of TCP since each connection began, what was sent again included; of UDP since looking "
        "began.",
        ("sent",),
        True,
        tone=_still,
    ),
    F(
        "bytes",
        "BOTH",
        8,
        Unit.BYTES,
        lambda row: _both(row, "received_bytes", "sent_bytes"),
        "Bytes in both directions.",
        ("total",),
        True,
        tone=_still,
    ),
    F(
        "connections",
        "CONNS",
        5,
        Unit.COUNT,
        lambda row: row.connections,
        "How many connections and conversations there were since looking began, those open then included.",
        ("conns",),
        True,
        tone=_still,
    ),
    F("open", "OPEN", 5, Unit.COUNT, lambda row: row.open, "How many are open now.", falling=True, tone=_still),
    F(
        "first_seen",
        "FIRST",
        8,
        Unit.MOMENT,
        lambda row: row.first_seen,
        "When the first began; not known of what was there when looking began.",
        ("first",),
        True,
        tone=_faint,
    ),
    F(
        "last_seen",
        "LAST",
        8,
        Unit.MOMENT,
        lambda row: row.last_seen or None,
        "When it was last seen.",
        ("last",),
        True,
        tone=_faint,
    ),
)

FLAGS: tuple[F, ...] = (
    F(
        "inside",
        "INSIDE",
        6,
        Unit.FLAG,
        lambda row: row.inside,
        "Whether the other side is this machine, too.",
        ("local",),
    ),
    F("known", "KNOWN", 5, Unit.FLAG, lambda row: row.program is not None, "Whether the program is known."),
)


def grouped_fields(by: str) -> Sequence[F]:
    """The fields that mean something where rows are summed up by `by`, its own first."""
    first = {"program": "process", "process": "process", "name": "name", "address": "address", "port": "port"}[by]
    apart = {
        "program": ("pid", "user", "direction", "name", "name_source", "address", "port", "protocol", "application"),
        "process": ("direction", "name", "name_source", "address", "port", "protocol", "application"),
        "name": ("pid", "user", "direction", "address", "port", "protocol", "application"),
        "address": ("pid", "user", "direction", "port", "protocol", "application"),
        "port": ("pid", "user", "direction", "name", "name_source", "address"),
    }[by]
    kept = [field for field in FIELDS if field.key not in apart]
    return sorted(kept, key=lambda field: field.key != first)


def unknown_text(snapshot: TrafficSnapshot) -> str:
    """How much is not known, in words; nothing before there is anything to know."""
    share = snapshot.unknown_percent
    if share is None:
        return ""
    ends = snapshot.attributed + snapshot.unknown
    if not snapshot.unknown:
        return f"the process of every one of {ends} ends is known"
    return f"the process of {snapshot.unknown} of {ends} ends ({share:.1f} %) is not known"


def summary(snapshot: TrafficSnapshot, rows: Sequence[TrafficRow]) -> Mapping[str, Any]:
    """The counts of the whole, with the keys of the JSON."""
    return {
        "received_bytes_per_second": known_sum(row.received_bytes_per_second for row in rows),
        "sent_bytes_per_second": known_sum(row.sent_bytes_per_second for row in rows),
        "ends_attributed": snapshot.attributed,
        "ends_unknown": snapshot.unknown,
        "ends_sought": snapshot.sought,
        "unknown_percent": snapshot.unknown_percent,
        "capturing": snapshot.running,
        "problem": snapshot.problem or None,
        "dropped_by_kernel": snapshot.status.dropped,
        "own_sessions_left_out": snapshot.left_out,
        "missing": [{"what": each.what, "why": each.why} for each in snapshot.missing],
    }
