"""What this machine talks to, as fields: program, name, address, port, bytes down and up."""

from __future__ import annotations

from pitop.model.traffic import TrafficRow
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["GROUP_COLUMNS", "TRAFFIC_COLUMNS", "TRAFFIC_FIELDS"]

_ARROWS = {"out": "to", "in": "from"}


def _rate_tone(value: float | None) -> Tone:
    return Tone.STRONG if value else Tone.FAINT


def _name(row: TrafficRow) -> str | None:
    return row.name or row.address


def _name_tone(row: TrafficRow) -> Tone:
    """A name that a program asked for stands out; one that only the address's owner gave it does not."""
    if row.name is None:
        return Tone.PLAIN
    return Tone.ACCENT if row.name_source == "dns" else Tone.PLAIN if row.name_source == "hosts" else Tone.FAINT


def _way(row: TrafficRow) -> str | None:
    return None if row.direction is None else _ARROWS[row.direction]


def _port(row: TrafficRow) -> str | None:
    if row.port is None:
        return None
    word = row.protocol if row.protocol not in (None, "TCP", "UDP") else row.service or row.transport
    return f"{row.port} {(word or '').lower()}".rstrip()


def _state(row: TrafficRow) -> Tone:
    return Tone.PLAIN if row.open else Tone.FAINT


TRAFFIC_FIELDS: tuple[Field[TrafficRow], ...] = (
    Field(
        "program",
        "PROGRAM",
        16,
        Unit.TEXT,
        lambda row: row.program,
        "Whose socket it is. - is not known: it closed before anybody could look, or it is the kernel's own.",
        names=("process",),
        tone=lambda row: Tone.ACCENT if row.open else Tone.FAINT,
    ),
    Field("pid", "PID", 7, Unit.NUMBER, lambda row: row.pid, "The process.", tone=lambda row: Tone.FAINT),
    Field(
        "direction",
        "WAY",
        4,
        Unit.TEXT,
        _way,
        "Who began: to, this machine's program did; from, somebody else called the program.",
        names=("way",),
        tone=lambda row: Tone.FAINT,
    ),
    Field(
        "name",
        "NAME",
        28,
        Unit.TEXT,
        _name,
        "What the other side is called: the name that was asked for, as a DNS answer on the wire told (bright), else "
        "the hosts file's, else that of a reverse look-up (faint), else its address.",
        names=("host",),
        tone=_name_tone,
    ),
    Field(
        "address",
        "ADDRESS",
        15,
        Unit.ADDRESS,
        lambda row: row.address,
        "The other side's address.",
        names=("remote", "remote_address"),
        tone=_state,
    ),
    Field(
        "service",
        "PORT",
        10,
        Unit.TEXT,
        _port,
        "The port of the service, whichever side it is on, and what is spoken there as far as that was seen.",
        tone=_state,
    ),
    Field(
        "received_bytes_per_second",
        "DOWN/s",
        7,
        Unit.BYTES_PER_SECOND,
        lambda row: row.received_bytes_per_second,
        "Bytes a second that came in.",
        names=("down",),
        falling=True,
        tone=lambda row: _rate_tone(row.received_bytes_per_second),
    ),
    Field(
        "sent_bytes_per_second",
        "UP/s",
        7,
        Unit.BYTES_PER_SECOND,
        lambda row: row.sent_bytes_per_second,
        "Bytes a second that went out.",
        names=("up",),
        falling=True,
        tone=lambda row: _rate_tone(row.sent_bytes_per_second),
    ),
    Field(
        "received_bytes",
        "RECEIVED",
        8,
        Unit.BYTES,
        lambda row: row.received_bytes,
        "All that came in: of TCP what the kernel counted since the connection began, of UDP the packets since looking "
        "began.",
        names=("received",),
        falling=True,
        tone=_state,
    ),
    Field(
        "sent_bytes",
        "SENT",
        7,
        Unit.BYTES,
        lambda row: row.sent_bytes,
        "All that went out.",
        names=("sent",),
        falling=True,
        tone=_state,
    ),
    Field(
        "connections",
        "CONNS",
        5,
        Unit.COUNT,
        lambda row: row.connections,
        "How many connections, those that have ended counted.",
        names=("conns",),
        falling=True,
        tone=_state,
    ),
    Field("open", "OPEN", 5, Unit.COUNT, lambda row: row.open, "How many are open now.", falling=True, tone=_state),
    Field("user", "USER", 9, Unit.TEXT, lambda row: row.user, "Whose it is."),
    Field("port", "PORT#", 6, Unit.NUMBER, lambda row: row.port, "The port of the service as a number."),
    Field("transport", "PROTO", 5, Unit.TEXT, lambda row: row.transport, "tcp or udp.", names=("proto", "protocol")),
    Field(
        "name_source",
        "FROM",
        7,
        Unit.TEXT,
        lambda row: row.name_source,
        "Where the name is from: dns, hosts, reverse.",
    ),
    Field(
        "inside",
        "INSIDE",
        6,
        Unit.FLAG,
        lambda row: row.inside,
        "Whether both ends are on this machine.",
        names=("local",),
    ),
    Field(
        "first_seen", "FIRST", 8, Unit.MOMENT, lambda row: row.first_seen, "When it began, if that was seen.",
        falling=True,
    ),
    Field("last_seen", "LAST", 8, Unit.MOMENT, lambda row: row.last_seen, "When it was last seen.", falling=True),
)  # fmt: skip
"""What can be shown of a row."""

TRAFFIC_COLUMNS = tuple(each.key for each in TRAFFIC_FIELDS[:11])

GROUP_COLUMNS = {
    "program": ("program", "connections", "open", "received_bytes_per_second", "sent_bytes_per_second",
                "received_bytes", "sent_bytes", "name", "service"),
    "name": ("name", "address", "connections", "open", "received_bytes_per_second", "sent_bytes_per_second",
             "received_bytes", "sent_bytes", "program"),
    "address": ("address", "name", "connections", "open", "received_bytes_per_second", "sent_bytes_per_second",
                "received_bytes", "sent_bytes", "program"),
    "port": ("service", "transport", "connections", "open", "received_bytes_per_second", "sent_bytes_per_second",
             "received_bytes", "sent_bytes", "program"),
}  # fmt: skip
"""The columns of the sums by program, name, address, port."""
