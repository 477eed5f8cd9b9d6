"""One socket in a few lines that explain it."""

from __future__ import annotations

from collections.abc import Sequence

from pitop.model.sockets import Reach, Socket, SocketsSnapshot, Tcp, other_end, reach
from pitop.render.field import Tone
from pitop.render.sockets.tcp import limits
from pitop.render.sockets.words import address_port, holder_words, local_text, remote_text, state_words
from pitop.render.units import Unit, say

__all__ = ["Phrases", "detail"]

Phrases = Sequence[tuple[str, Tone]]


def detail(row: Socket, snapshot: SocketsSnapshot | None = None) -> list[Phrases]:
    """What is known of a socket: what it is, whose, how its connection does, what passed, what holds it back."""
    lines = [_what(row), _whose(row, snapshot)]
    tcp = row.endpoint.tcp
    if tcp is not None:
        lines += [_way(tcp), _passed(row, tcp), _held(tcp), _waits(row, tcp)]
    else:
        lines.append(_room(row))
    return [[(" ", Tone.FAINT), *line] for line in lines if line]


def _fact(name: str, value: str, tone: Tone = Tone.PLAIN) -> list[tuple[str, Tone]]:
    return [(f"{name} ", Tone.FAINT), (value, tone), ("   ", Tone.FAINT)]


def _what(row: Socket) -> list[tuple[str, Tone]]:
    end = row.endpoint
    state = "closed" if row.closed_time is not None else end.state
    if end.transport in ("raw", "packet"):
        words = "hears packets as they are"
    else:
        words = state_words("CLOSE" if row.closed_time is not None else end.state)
    kind = f" {end.unix.kind.lower()}" if end.unix is not None else ""
    line = [(f"{end.protocol}{kind} ", Tone.FAINT), (f"{state} ".lstrip(), Tone.ACCENT), (words, Tone.FAINT)]
    found = reach(end)
    if found is not None and end.unix is None:
        tone = Tone.WARN if found is Reach.EVERYONE else Tone.PLAIN
        line += [("   reachable by ", Tone.FAINT), (found.value, tone)]
    if row.service:
        line += [("   ", Tone.FAINT), *_fact("service", row.service)]
    return line


def _whose(row: Socket, snapshot: SocketsSnapshot | None) -> list[tuple[str, Tone]]:
    end = row.endpoint
    line: list[tuple[str, Tone]] = []
    if snapshot is not None and row.key in snapshot.own_session:
        line.append(("your own SSH session   ", Tone.WARN))
    owners = ", ".join(f"{owner.name}/{owner.pid}" for owner in row.owners)
    if owners:
        line += _fact("held by", owners, Tone.ACCENT)
    elif row.former:
        line += _fact("was held by", ", ".join(f"{owner.name}/{owner.pid}" for owner in row.former))
    if not owners and row.closed_time is None:
        line.append((f"{holder_words(row)}   ", Tone.FAINT))
    there = other_end(snapshot.rows, row) if snapshot is not None else None
    if there is not None and there.owners:
        line += _fact("the other end", ", ".join(f"{owner.name}/{owner.pid}" for owner in there.owners), Tone.ACCENT)
    if row.user is not None:
        line += _fact("user", row.user)
    if end.inode:
        line += _fact("inode", str(end.inode))
    if row.namespace:
        line += _fact("namespace", row.namespace)
    if end.interface:
        line += _fact("only on", end.interface)
    if row.first_seen is not None:
        line += _fact("since", say(row.first_seen, Unit.MOMENT))
    if row.age_seconds is not None:
        line += _fact("lived", say(row.age_seconds, Unit.SECONDS))
    return line


def _way(tcp: Tcp) -> list[tuple[str, Tone]]:
    line: list[tuple[str, Tone]] = []
    if tcp.rtt_ms is not None:
        spread = f" ±{say(tcp.rtt_variation_ms, Unit.MILLISECONDS)}" if tcp.rtt_variation_ms is not None else ""
        least = f", least {say(tcp.minimum_rtt_ms, Unit.MILLISECONDS)}" if tcp.minimum_rtt_ms is not None else ""
        line += _fact("round trip", f"{say(tcp.rtt_ms, Unit.MILLISECONDS)}{spread} ms{least}")
    window = f"{tcp.congestion_window} segments"
    if tcp.congestion_control:
        window += f" ({tcp.congestion_control})"
    line += _fact("window", window)
    if tcp.congestion_state != "Open":
        line += _fact("state", tcp.congestion_state, Tone.WARN)
    line += _fact("segment", f"{tcp.mss_bytes} B")
    line += _fact("path MTU", f"{tcp.path_mtu_bytes} B")
    return line


def _passed(row: Socket, tcp: Tcp) -> list[tuple[str, Tone]]:
    end = row.endpoint
    line = _fact("received", say(tcp.bytes_received, Unit.BYTES))
    line += _fact("sent", say(tcp.bytes_sent, Unit.BYTES))
    line += _fact("acknowledged", say(tcp.bytes_acked, Unit.BYTES))
    line += _fact("sent again", f"{tcp.retransmits} segments", Tone.WARN if tcp.retransmits else Tone.FAINT)
    line += _fact("unread", say(end.receive_queue, Unit.BYTES))
    line += _fact("under way", say(end.send_queue, Unit.BYTES))
    if tcp.unsent_bytes:
        line += _fact("unsent", say(tcp.unsent_bytes, Unit.BYTES))
    return line


def _held(tcp: Tcp) -> list[tuple[str, Tone]]:
    line: list[tuple[str, Tone]] = []
    held = limits(tcp)
    if held is not None:
        line += _fact("held back by", held or "the network")
    if tcp.delivery_bytes_per_second is not None:
        line += _fact("delivered at", f"{say(tcp.delivery_bytes_per_second, Unit.BYTES_PER_SECOND)}/s")
    if tcp.pacing_bytes_per_second is not None:
        line += _fact("paced at", f"{say(tcp.pacing_bytes_per_second, Unit.BYTES_PER_SECOND)}/s")
    for name, moment in (("last sent", tcp.last_sent_time), ("last received", tcp.last_received_time)):
        if moment is not None:
            line += _fact(name, say(moment, Unit.MOMENT))
    return line


def _waits(row: Socket, tcp: Tcp) -> list[tuple[str, Tone]]:
    end = row.endpoint
    line = _fact("sends again after", f"{say(tcp.rto_ms, Unit.MILLISECONDS)} ms")
    if end.timer and end.timer_time is not None:
        line += _fact("timer", f"{end.timer}, fires {say(end.timer_time, Unit.MOMENT)}")
    if end.retries:
        line += _fact("unanswered", f"{end.retries} times", Tone.BAD)
    if tcp.options:
        line += _fact("options", tcp.options)
    return line


def _room(row: Socket) -> list[tuple[str, Tone]]:
    end = row.endpoint
    line: list[tuple[str, Tone]] = []
    if end.unix is not None:
        line += _fact("path", local_text(row) or "none")
        line += _fact("other end", remote_text(row) or "none")
        return line
    if end.state == "LISTEN":
        line += _fact("waiting to be accepted", f"{end.receive_queue} of {say(end.send_queue, Unit.NUMBER)}")
    if end.drops is not None:
        line += _fact("dropped", str(end.drops), Tone.BAD if end.drops else Tone.FAINT)
    if end.receive_buffer_bytes is not None:
        line += _fact("room to receive", say(end.receive_buffer_bytes, Unit.BYTES))
    if end.send_buffer_bytes is not None:
        line += _fact("room to send", say(end.send_buffer_bytes, Unit.BYTES))
    if end.only_ipv6 is False and end.local_address == "::":
        line.append(("takes IPv4 too   ", Tone.FAINT))
    if end.remote_port is not None:
        line += _fact("to", address_port(end.remote_address, end.remote_port, row.remote_name))
    return line
