"""A connection as a ladder: two hosts as two lines, each segment an arrow between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pitop.model.packets.conversation import Arrow, Ladder
from pitop.render.field import Tone
from pitop.render.text import cells, fit

__all__ = ["Line", "ladder_lines"]

Line = list[tuple[str, Tone]]
_TIME = 11  # cells of the time since the segment before
_LEAST = 30  # cells between the two hosts


class _Strokes(NamedTuple):
    """What arrows are drawn with."""

    rail: str
    shaft: str
    left: str
    right: str


_DRAWN = _Strokes("│", "─", "◀", "▶")
_ASCII = _Strokes("|", "-", "<", ">")


def ladder_lines(ladder: Ladder, width: int, *, plain: bool = False) -> list[Line]:
    """The hosts' names, then a line for each segment: time since the one before, arrow, numbers, trouble.

    `plain` draws with ASCII alone.
    """
    strokes = _ASCII if plain else _DRAWN
    room = max(_LEAST, min(width - _TIME - 3, 96))
    trouble_room = max(0, width - _TIME - room - 4)
    names = _names(ladder, room)
    lines: list[Line] = [[(" " * _TIME + " ", Tone.FAINT), (names, Tone.STRONG)]]
    lines += [_segment(arrow, room, trouble_room, strokes) for arrow in ladder.arrows]
    if ladder.cut:
        lines.append([(f"{'':{_TIME}} … and more", Tone.FAINT)])
    if ladder.arrows:
        whole = ladder.arrows[-1].time - ladder.arrows[0].time
        there = sum(arrow.size for arrow in ladder.arrows if arrow.forward)
        back = sum(arrow.size for arrow in ladder.arrows if not arrow.forward)
        noun = "packets" if ladder.arrows[0].sequence is None else "segments"
        words = f"{len(ladder.arrows)} {noun} in {_span(whole)}, {there} bytes there, {back} bytes back"
        lines.append([(f"{'':{_TIME}} {words}", Tone.FAINT)])
    return lines


def _names(ladder: Ladder, room: int) -> str:
    half = room // 2
    left = fit(ladder.left, min(half, cells(ladder.left)))
    right = fit(ladder.right, min(room - half, cells(ladder.right)))
    return left + " " * max(1, room + 2 - cells(left) - cells(right)) + right


def _segment(arrow: Arrow, room: int, trouble_room: int, strokes: _Strokes) -> Line:
    label = _label(arrow, room - 6)
    shaft = max(2, room - cells(label) - 3)
    before = shaft // 2
    if arrow.forward:
        drawn = strokes.shaft * before + f" {label} " + strokes.shaft * (shaft - before) + strokes.right
    else:
        drawn = strokes.left + strokes.shaft * before + f" {label} " + strokes.shaft * (shaft - before)
    tone = _tone(arrow)
    line: Line = [
        (f"{_span(arrow.since):>{_TIME}} ", Tone.FAINT),
        (strokes.rail, Tone.FAINT),
        (drawn, tone),
        (strokes.rail, Tone.FAINT),
    ]
    if arrow.trouble and trouble_room > 4:
        line.append((" " + fit(", ".join(arrow.trouble), trouble_room - 1).rstrip(), Tone.BAD))
    return line


def _label(arrow: Arrow, room: int) -> str:
    """As much of flags (in tcpdump's brackets), numbers and length as fits."""
    sequence = "" if arrow.sequence is None else f" seq {arrow.sequence}"
    ack = "" if arrow.ack is None else f" ack {arrow.ack}"
    size = f" len {arrow.size}" if arrow.size else ""
    flags = arrow.flags if arrow.sequence is None else f"[{arrow.flags}]"
    choices: Sequence[str] = (
        f"{flags}{sequence}{ack}{size}",
        f"{flags}{ack}{size}",
        f"{flags}{size}",
        flags,
    )
    return next((text for text in choices if len(text) <= room), flags[:room])


def _tone(arrow: Arrow) -> Tone:
    if arrow.trouble:
        return Tone.BAD
    if "S" in arrow.flags or "F" in arrow.flags:
        return Tone.GOOD
    return Tone.ACCENT if arrow.size else Tone.FAINT


def _span(seconds: float) -> str:
    """A short time as `0.123 ms`, `12.3 ms`, `1.234 s`."""
    if seconds < 0:
        return f"-{_span(-seconds)}"
    if seconds < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.3f} ms" if milliseconds < 10 else f"{milliseconds:.1f} ms"
    return f"{seconds:.3f} s" if seconds < 100 else f"{seconds:.0f} s"
