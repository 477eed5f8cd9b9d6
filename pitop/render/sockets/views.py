"""The fields of groups of sockets, of counts by state, and of open ports."""

from __future__ import annotations

from pitop.model.sockets import Group, Opening, Reach, State
from pitop.render.field import Field, Tone
from pitop.render.sockets.words import state_words
from pitop.render.units import Unit

__all__ = ["GROUP_FIELDS", "OPENING_FIELDS", "STATE_FIELDS"]


def _busy(value: float | None) -> Tone:
    return Tone.FAINT if not value or value < 1 else Tone.PLAIN if value < 1 << 20 else Tone.STRONG


def _nonzero(value: float | None, loud: Tone = Tone.PLAIN) -> Tone:
    return loud if value else Tone.FAINT


G = Field[Group]

GROUP_FIELDS: tuple[Field[Group], ...] = (
    G("count", "SOCKETS", 7, Unit.COUNT, lambda row: row.count, "How many sockets.", falling=True),
    G(
        "established",
        "CONNS",
        6,
        Unit.COUNT,
        lambda row: row.established,
        "How many of them are connected.",
        falling=True,
        tone=lambda row: _nonzero(row.established),
    ),
    G(
        "listening",
        "LISTEN",
        6,
        Unit.COUNT,
        lambda row: row.listening,
        "How many of them wait for others.",
        falling=True,
        tone=lambda row: _nonzero(row.listening, Tone.ACCENT),
    ),
    G(
        "received_bytes_per_second",
        "DOWN/s",
        6,
        Unit.BYTES_PER_SECOND,
        lambda row: row.received_bytes_per_second,
        "Bytes a second that arrive, of TCP, all together.",
        ("down",),
        falling=True,
        tone=lambda row: _busy(row.received_bytes_per_second),
    ),
    G(
        "sent_bytes_per_second",
        "UP/s",
        6,
        Unit.BYTES_PER_SECOND,
        lambda row: row.sent_bytes_per_second,
        "Bytes a second that leave, of TCP, all together.",
        ("up",),
        falling=True,
        tone=lambda row: _busy(row.sent_bytes_per_second),
    ),
    G(
        "bytes_received",
        "RECEIVED",
        8,
        Unit.BYTES,
        lambda row: row.bytes_received,
        "Bytes that arrived through the connections there are now.",
        ("received",),
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    G(
        "bytes_sent",
        "SENT",
        6,
        Unit.BYTES,
        lambda row: row.bytes_sent,
        "Bytes that left through the connections there are now.",
        ("sent",),
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    G(
        "receive_queue",
        "RECV-Q",
        6,
        Unit.BYTES,
        lambda row: row.receive_queue,
        "Bytes that arrived and were not read yet.",
        falling=True,
        tone=lambda row: _nonzero(row.receive_queue),
    ),
    G(
        "send_queue",
        "SEND-Q",
        6,
        Unit.BYTES,
        lambda row: row.send_queue,
        "Bytes that were not acknowledged yet.",
        falling=True,
        tone=lambda row: _nonzero(row.send_queue),
    ),
    G(
        "retransmits",
        "RETR",
        5,
        Unit.COUNT,
        lambda row: row.retransmits,
        "Segments sent again.",
        falling=True,
        tone=lambda row: _nonzero(row.retransmits, Tone.WARN),
    ),
    G(
        "group",
        "WHO",
        0,
        Unit.TEXT,
        lambda row: row.label,
        "What these sockets have in common.",
        tone=lambda row: Tone.ACCENT,
    ),
)

S = Field[State]

STATE_FIELDS: tuple[Field[State], ...] = (
    S("count", "SOCKETS", 7, Unit.COUNT, lambda row: row.count, "How many sockets.", falling=True),
    S("protocol", "PROTO", 8, Unit.TEXT, lambda row: row.protocol, "Protocol.", tone=lambda row: Tone.FAINT),
    S("state", "STATE", 11, Unit.TEXT, lambda row: row.state, "State.", tone=lambda row: Tone.ACCENT),
    S(
        "words",
        "WHAT IT MEANS",
        0,
        Unit.TEXT,
        lambda row: state_words(row.state) if row.protocol not in ("raw", "raw6", "packet") else "hears packets",
        "What the state means.",
        tone=lambda row: Tone.FAINT,
    ),
)

_REACHES = {Reach.EVERYONE: Tone.WARN, Reach.NETWORK: Tone.PLAIN, Reach.MACHINE: Tone.GOOD}


def _backlog(row: Opening) -> str:
    if row.backlog is None:
        return ""
    return f"{row.backlog}/{row.backlog_limit if row.backlog_limit is not None else '?'}"


def _backlog_tone(row: Opening) -> Tone:
    if not row.backlog:
        return Tone.FAINT
    return Tone.BAD if row.backlog_limit is not None and row.backlog >= row.backlog_limit else Tone.WARN


def _programs(row: Opening) -> str:
    names = dict.fromkeys(f"{owner.name}/{owner.pid}" for each in row.sockets for owner in each.owners)
    if names:
        return ", ".join(names)
    return "not permitted to see" if any(each.holder == "hidden" for each in row.sockets) else "kernel"


def _service(row: Opening) -> str | None:
    return next((each.service for each in row.sockets if each.service), None)


N = Field[Opening]

OPENING_FIELDS: tuple[Field[Opening], ...] = (
    N("protocol", "PROTO", 7, Unit.TEXT, lambda row: row.transport, "Protocol.", tone=lambda row: Tone.FAINT),
    N("local_port", "PORT", 5, Unit.NUMBER, lambda row: row.port, "The open port.", ("port",)),
    N(
        "service",
        "SERVICE",
        12,
        Unit.TEXT,
        _service,
        "What the port is for, by /etc/services; a program may use any port for anything.",
        tone=lambda row: Tone.FAINT,
    ),
    N(
        "reach",
        "REACHABLE BY",
        17,
        Unit.TEXT,
        lambda row: row.reach.value,
        "From where it can be reached by its address: this machine only, this network, everyone. "
        "A firewall may narrow that.",
        tone=lambda row: _REACHES[row.reach],
    ),
    N(
        "connections",
        "CONNS",
        6,
        Unit.COUNT,
        lambda row: row.connections,
        "Connections through this port now.",
        falling=True,
        tone=lambda row: _nonzero(row.connections),
    ),
    N(
        "backlog",
        "BACKLOG",
        9,
        Unit.COUNT,
        lambda row: row.backlog,
        "Connections that wait to be accepted, and how many may. Full means that the program cannot keep up.",
        falling=True,
        show=_backlog,
        tone=_backlog_tone,
    ),
    N(
        "drops",
        "DROPS",
        6,
        Unit.COUNT,
        lambda row: row.drops,
        "Connections or datagrams that were thrown away for want of room.",
        falling=True,
        tone=lambda row: _nonzero(row.drops, Tone.BAD),
    ),
    N(
        "addresses",
        "ADDRESSES",
        18,
        Unit.TEXT,
        lambda row: ", ".join(row.addresses),
        "The addresses that it is bound to; 0.0.0.0 and :: are all.",
    ),
    N(
        "process",
        "PROGRAMS",
        0,
        Unit.TEXT,
        _programs,
        "Who has it open.",
        tone=lambda row: Tone.ACCENT,
    ),
)
