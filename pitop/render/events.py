"""Forks, execs and exits as fields and as one line each."""

from __future__ import annotations

from pitop.model.events import EventKind, EventsSnapshot, Origin, ProcessEvent
from pitop.render.ending import ending_words
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, amount, bytes_text, say

__all__ = ["EVENT_FIELDS", "event_words", "feed_words", "lived_words"]

_TONES = {EventKind.FORK: Tone.GOOD, EventKind.EXEC: Tone.ACCENT, EventKind.EXIT: Tone.FAINT}


def lived_words(seconds: float | None) -> str:
    """`12 ms`, `3.4 s`, `2:15.00`; empty for what is not known."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.0095 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else say(seconds, Unit.SECONDS)


def event_words(event: ProcessEvent) -> str:
    """What there is to say besides kind, pid and parent: the command, or how it ended and what it had used."""
    command = event.command or event.name or "?"
    if event.kind is not EventKind.EXIT:
        return command
    words = []
    if event.ending is not None:
        words.append(ending_words(event.ending))
    if event.lived_seconds is not None:
        words.append(f"lived {lived_words(event.lived_seconds)}")
    if event.final is not None:
        final = event.final
        words.append(f"{lived_words(final.cpu_seconds)} CPU, {amount(final.minor_faults + final.major_faults)} faults")
        if final.max_rss_bytes:
            words.append(f"peak {bytes_text(final.max_rss_bytes)}")
    return " · ".join([*words, command])


def _tone(event: ProcessEvent) -> Tone:
    ending = event.ending
    if ending is not None and (ending.signal is not None or ending.exit_status):
        return Tone.WARN
    return Tone.PLAIN if event.kind is not EventKind.EXIT else Tone.FAINT


EVENT_FIELDS: tuple[Field[ProcessEvent], ...] = (
    Field("time", "TIME", 8, Unit.MOMENT, lambda e: e.time, "When it happened.", tone=lambda e: Tone.FAINT),
    Field("event", "EVENT", 5, Unit.TEXT, lambda e: e.kind.value, "What happened.", tone=lambda e: _TONES[e.kind]),
    Field("pid", "PID", 7, Unit.NUMBER, lambda e: e.pid, "The process; for a fork the child."),
    Field("ppid", "PPID", 7, Unit.NUMBER, lambda e: e.ppid, "Its parent.", tone=lambda e: Tone.FAINT),
    Field(
        "words", "COMMAND", 0, Unit.TEXT, event_words, "Its command, or how it ended and what it had used.", tone=_tone
    ),
)


def feed_words(snapshot: EventsSnapshot) -> list[tuple[str, Tone]]:
    """The panel's title: rates, counts, losses, and where the events come from."""
    found: list[tuple[str, Tone]] = []
    if snapshot.origin is Origin.SCAN:
        advice = snapshot.missing[0].advice if snapshot.missing else ""
        found.append((f" From {snapshot.origin.value}. {advice} ", Tone.WARN))
    for rate, words in ((snapshot.forks_per_second, "forks/s"), (snapshot.exits_per_second, "exits/s")):
        if rate is not None:
            found += [(f" {amount(rate)}", Tone.STRONG), (f" {words} ", Tone.FAINT)]
    if snapshot.lost:
        found.append((f"  {snapshot.lost} events lost ", Tone.BAD))
    found.append((f"  {snapshot.forks} forks  {snapshot.execs} execs  {snapshot.exits} exits ", Tone.PLAIN))
    if snapshot.origin is Origin.KERNEL:
        found.append((f"  from {snapshot.origin.value}", Tone.FAINT))
    return found
