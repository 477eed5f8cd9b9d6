"""A process's network card as a part of the inspector."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pitop.model.snapshot import Missing
from pitop.model.traffic import TrafficRow
from pitop.model.traffic.card import Card
from pitop.render.events import lived_words
from pitop.render.field import Tone
from pitop.render.inspection.parts import Entry, Part
from pitop.render.sockets import address_port
from pitop.render.text import visible
from pitop.render.units import UNKNOWN, Unit, Value, amount, say

__all__ = ["network_part"]

_ROWS = 20
_QUERIES = 30


def network_part(card: Card | None, missing: Sequence[Missing] = ()) -> Part:
    """Counts first, then with whom, then what was asked; None before the first table."""
    if card is None:
        return Part("Network", [Entry("", "looking …", Tone.FAINT)])
    entries = [
        Entry("now", f"↓ {_rate(card.received_bytes_per_second)}   ↑ {_rate(card.sent_bytes_per_second)}"),
        Entry("in all", f"↓ {_bytes(card.received_bytes)}   ↑ {_bytes(card.sent_bytes)}"),
        Entry("packets of what is open", f"↓ {_count(card.packets_in)}   ↑ {_count(card.packets_out)}"),
        Entry("connections", f"{amount(card.connections)}, {amount(card.open)} open now"),
        Entry("sent again", _resent(card), Tone.WARN if card.resent else Tone.PLAIN),
        Entry("slowest peer", _slowest(card)),
        Entry("listens on", ", ".join(f"{transport} {port}" for transport, port in card.listening) or "nothing"),
    ]
    if card.rows:
        entries.append(Entry("", ""))
        entries.append(Entry("talks with", "most bytes first", Tone.FAINT))
        entries += [_row(row) for row in card.rows[:_ROWS]]
        if len(card.rows) > _ROWS:
            entries.append(Entry("", f"and {len(card.rows) - _ROWS} more, in the traffic pane", Tone.FAINT))
    if card.queries:
        entries.append(Entry("", ""))
        entries.append(Entry("asked for", "newest first", Tone.FAINT))
        for query in card.queries[:_QUERIES]:
            answer = query.status if query.status != "NOERROR" else query.data or "nothing of that type"
            took = f", {lived_words(query.ms / 1000)}" if query.ms is not None else ""
            tone = Tone.PLAIN if query.status in ("NOERROR", "NXDOMAIN") else Tone.WARN
            text = f"{query.name} {query.type}: {answer or ('no answer' if query.unanswered else 'asked')}{took}"
            entries.append(Entry(time.strftime("%H:%M:%S", time.localtime(query.time)), visible(text), tone))
    entries += [Entry("", visible(f"{each.what}: {each.why}. {each.advice}"), Tone.WARN) for each in missing]
    return Part("Network", entries)


def _row(row: TrafficRow) -> Entry:
    way = "to" if row.direction == "out" else "from"
    who = row.name or row.address or UNKNOWN
    text = f"↓ {_bytes(row.received_bytes)}  ↑ {_bytes(row.sent_bytes)}  {amount(row.connections)}×"
    label = f"{way} {who}:{row.port} {row.transport}"
    return Entry(visible(label), text, Tone.PLAIN if row.open else Tone.FAINT)


def _resent(card: Card) -> str:
    if card.resent is None:
        return UNKNOWN
    words = f"{amount(card.resent)} segments of what is open"
    if card.resent and card.packets_out:
        words += f", {100 * card.resent / card.packets_out:.1f} % of what went out: lost or late on the way"
    return words


def _slowest(card: Card) -> str:
    if card.slowest is None:
        return UNKNOWN
    return f"{address_port(card.slowest.address, card.slowest.port)}, {card.slowest.rtt_ms:.1f} ms there and back"


def _rate(value: float | None) -> str:
    return f"{say(value, Unit.BYTES_PER_SECOND)}/s" if value is not None else UNKNOWN


def _bytes(value: Value) -> str:
    return say(value, Unit.BYTES)


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else amount(value)
