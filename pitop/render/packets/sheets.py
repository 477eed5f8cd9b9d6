"""Sheets of text about packets: layers and dump of one, what a conversation carried, conversations, statistics."""

from __future__ import annotations

from collections.abc import Sequence

from pitop.model.packets.conversation import Conversation, Stream
from pitop.model.packets.detail import Layer
from pitop.model.packets.statistics import Count, Overview
from pitop.render.field import Tone
from pitop.render.glyphs import Glyphs, bar, sparkline
from pitop.render.packets.fields import stamp_text
from pitop.render.packets.ladder import Line
from pitop.render.text import fit, visible
from pitop.render.units import amount, bytes_text

__all__ = [
    "conversation_lines", "detail_lines", "dump_lines", "field_places", "statistics_lines", "stream_lines",
]  # fmt: skip

_ROW = 16
_NAME = 16  # cells that the names of a packet's fields take at most, before the values
_EITHER_DIRECTION = 104  # cells from which on conversations have room for both directions apart


def field_places(layers: Sequence[Layer]) -> list[tuple[int, int]]:
    """For each line of `detail_lines` the bytes that it is about: where they begin and how many."""
    places = []
    for layer in layers:
        places.append((layer.at, layer.size))
        places += [(field.at, field.size) for field in layer.fields]
    return places


def detail_lines(layers: Sequence[Layer]) -> list[Line]:
    """A line for each layer, and under it one for each field."""
    room = max((min(_NAME, len(field.name)) for layer in layers for field in layer.fields), default=0)
    lines: list[Line] = []
    for layer in layers:
        lines.append([(f"{layer.name}", Tone.STRONG), (f"   {layer.size} bytes from {layer.at}", Tone.FAINT)])
        lines += [
            [(f"  {field.name:<{room}}  ", Tone.FAINT), (visible(field.value), Tone.PLAIN)] for field in layer.fields
        ]
    return lines


def dump_lines(data: bytes, mark: tuple[int, int] = (0, 0)) -> list[Line]:
    """Bytes in hex and as text, 16 a line, those of `mark` (place, count) set off."""
    lines: list[Line] = []
    first, last = mark[0], mark[0] + mark[1]
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        line: Line = [(f"{start:04x}  ", Tone.FAINT)]
        for side in (True, False):
            for place, code in enumerate(row):
                tone = Tone.WARN if first <= start + place < last else Tone.PLAIN
                letter = chr(code) if 0x20 <= code < 0x7F else "."
                text = f"{code:02x}{'  ' if place == 7 else ' '}" if side else letter
                if line[-1][1] is tone:
                    line[-1] = (line[-1][0] + text, tone)
                else:
                    line.append((text, tone))
            if side:
                missing = _ROW - len(row)
                line.append((" " * (missing * 3 + (missing > 8) + 1), Tone.FAINT))
        lines.append(line)
    return lines


def stream_lines(stream: Stream, *, in_hex: bool = False) -> list[Line]:
    """What the two sides said, each in its own tone; bytes that are no text as dots, or all of it in hex."""
    lines: list[Line] = [[(f"{stream.a}", Tone.ACCENT), ("  and  ", Tone.FAINT), (f"{stream.b}", Tone.GOOD)]]
    for piece in stream.pieces:
        tone = Tone.ACCENT if piece.forward else Tone.GOOD
        if piece.missing:
            lines.append([(f"[{piece.missing} bytes were not captured]", Tone.BAD)])
        if in_hex:
            mark = "→ " if piece.forward else "← "
            lines += [[(mark, tone), *[(text, tone if t is Tone.PLAIN else t) for text, t in line]]
                      for line in dump_lines(piece.data)]  # fmt: skip
        else:
            text = piece.data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
            lines += [[(visible(part), tone)] for part in text.split("\n")]
    if stream.cut:
        lines.append([("[the rest is not shown: more than 1 MB]", Tone.WARN)])
    return lines


def conversation_lines(rows: Sequence[Conversation], width: int) -> list[Line]:
    """Who talked with whom, the most bytes first. Where there is no room for either direction, both are summed."""
    wide = width >= _EITHER_DIRECTION
    ends = max(18, min(44, (width - (68 if wide else 36)) // 2))
    counts = f"{'A → B':>13} {'B → A':>13} {'RTT':>9}" if wide else f"{'Packets':>7} {'Bytes':>6}"
    lines: list[Line] = [[(f"{'Protocol':<9}{'A':<{ends}} {'B':<{ends}} {counts}  Process", Tone.FAINT)]]
    for row in rows:
        if wide:
            rtt = "–" if row.handshake_ms is None else f"{row.handshake_ms:.2f} ms"
            there = f"{amount(row.packets_ab)} {bytes_text(row.octets_ab)}"
            back = f"{amount(row.packets_ba)} {bytes_text(row.octets_ba)}"
            counts = f"{there:>13} {back:>13} {rtt:>9}"
        else:
            counts = f"{amount(row.packets_ab + row.packets_ba):>7} {bytes_text(row.octets_ab + row.octets_ba):>6}"
        lines.append(
            [
                (fit(row.protocol, 9), Tone.STRONG),
                (fit(f"{row.a}:{row.a_port}", ends) + " ", Tone.ACCENT),
                (fit(f"{row.b}:{row.b_port}", ends) + " ", Tone.GOOD),
                (f"{counts}  ", Tone.PLAIN),
                (visible(row.process or "–"), Tone.PLAIN if row.process else Tone.FAINT),
            ]
        )
    return lines


def statistics_lines(overview: Overview, width: int, glyphs: Glyphs) -> list[Line]:
    """The capture as a whole: a graph over time, protocols, lengths, names, requests, troubles, ends."""
    lines: list[Line] = [
        [
            (f"{overview.packets} packets", Tone.STRONG),
            (f", {bytes_text(overview.octets)} on the wire", Tone.PLAIN),
        ]
    ]
    room = max(20, min(width - 24, 120))
    lines += _graph(overview, room, glyphs)
    lines += _section("Protocols", overview.protocols, overview.packets, width, glyphs, indent=True)
    lines += _section("Lengths in bytes", overview.lengths, overview.packets, width, glyphs)
    lines += _section("TCP troubles", overview.troubles, overview.packets, width, glyphs)
    lines += _queries(overview, width)
    lines += _section("TLS server names", overview.server_names[:30], overview.packets, width, glyphs)
    lines += _section("HTTP requests", overview.requests[:30], overview.packets, width, glyphs)
    lines += _section("Addresses", overview.endpoints[:40], overview.packets, width, glyphs)
    return lines


def _graph(overview: Overview, room: int, glyphs: Glyphs) -> list[Line]:
    if not overview.moments:
        return []
    first, last = overview.moments[0].second, overview.moments[-1].second
    by_second = {moment.second: moment for moment in overview.moments}
    seconds = list(range(max(first, last - 2 * room + 1), last + 1))
    packets: list[float | None] = [float(by_second[s].packets) if s in by_second else 0.0 for s in seconds]
    octets: list[float | None] = [float(by_second[s].octets) if s in by_second else 0.0 for s in seconds]
    lines: list[Line] = [[]]
    for name, values, text in (("packets/s", packets, amount), ("bytes/s", octets, bytes_text)):
        top = max([value for value in values if value is not None], default=0.0)
        graph = sparkline(values, room, top or 1.0, glyphs)
        lines.append([(f"{name:<10}", Tone.FAINT), (graph, Tone.ACCENT), (f" max {text(top)}", Tone.FAINT)])
    return lines


def _section(
    title: str, counts: Sequence[Count], whole: int, width: int, glyphs: Glyphs, *, indent: bool = False
) -> list[Line]:
    if not counts:
        return []
    lines: list[Line] = [[], [(title, Tone.STRONG)]]
    names = max(24, min(48, width - 44))
    for count in counts:
        name = count.name
        if indent:
            depth = name.count(" · ")
            name = "  " * depth + name.rpartition(" · ")[2]
        share = count.packets / whole if whole else 0.0
        lines.append(
            [
                (f"  {fit(visible(name), names)}", Tone.PLAIN),
                (f"{amount(count.packets):>7} {bytes_text(count.octets):>7} {100 * share:5.1f} % ", Tone.PLAIN),
                (bar(share, 16, glyphs), Tone.ACCENT),
            ]
        )
    return lines


def _queries(overview: Overview, width: int) -> list[Line]:
    if not overview.queries:
        return []
    lines: list[Line] = [[], [("DNS questions, the newest last", Tone.STRONG)]]
    names = max(20, width - 62)
    for query in overview.queries[-40:]:
        if query.seconds is None:
            answer, tone = "no answer", Tone.WARN
        else:
            plural = "" if query.answers == 1 else "s"
            words = (
                f"{query.answers} answer{plural}"
                if not query.rcode
                else _RCODES.get(query.rcode, f"rcode {query.rcode}")
            )
            answer, tone = f"{words} in {query.seconds * 1000:.1f} ms", Tone.BAD if query.rcode else Tone.PLAIN
        when = stamp_text(int(query.time), int(query.time % 1 * 1e9))[:12]
        lines.append(
            [
                (f"  {when} ", Tone.FAINT),
                (f"{query.type:<6}", Tone.ACCENT),
                (fit(visible(query.name), names) + " ", Tone.PLAIN),
                (answer, tone),
            ]
        )
    return lines


_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
