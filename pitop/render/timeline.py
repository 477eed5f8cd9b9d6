"""The timeline as fields and as one line each."""

from __future__ import annotations

import time

from pitop.model.timeline import Happening, Kind
from pitop.render.ending import ending_words
from pitop.render.events import lived_words
from pitop.render.field import Field, Tone
from pitop.render.sockets import address_port
from pitop.render.units import Unit, amount, bytes_text

__all__ = ["TIMELINE_COLUMNS", "TIMELINE_FIELDS", "happening_words"]

_TONES = {
    Kind.FORK: Tone.GOOD,
    Kind.EXEC: Tone.ACCENT,
    Kind.EXIT: Tone.FAINT,
    Kind.OPENED: Tone.GOOD,
    Kind.CLOSED: Tone.FAINT,
    Kind.ASKED: Tone.ACCENT,
    Kind.FAULTS: Tone.WARN,
    Kind.SIGNAL: Tone.BAD,
}


def happening_words(row: Happening) -> str:
    """What there is to say besides when, what and who."""
    match row.kind:
        case Kind.FORK:
            return f"a copy of {row.ppid}: {row.command or row.name or '?'}"
        case Kind.EXEC:
            return row.command or row.name or "?"
        case Kind.EXIT:
            return _exit_words(row)
        case Kind.OPENED:
            return _ends_words(row)
        case Kind.CLOSED:
            return " · ".join([_ends_words(row), *_carried(row)])
        case Kind.ASKED:
            return _asked_words(row)
        case Kind.FAULTS:
            return _fault_words(row)
        case Kind.SIGNAL:
            return row.words or ""


def _exit_words(row: Happening) -> str:
    words = [ending_words(row.ending)]
    if row.lived_seconds is not None:
        words.append(f"lived {lived_words(row.lived_seconds)}")
    if row.cpu_seconds is not None:
        words.append(f"{lived_words(row.cpu_seconds)} CPU")
    if row.max_rss_bytes:
        words.append(f"peak {bytes_text(row.max_rss_bytes)}")
    return " · ".join(words)


def _ends_words(row: Happening) -> str:
    here = "" if row.here is None else address_port(*row.here)
    if row.there is None:
        return f"{row.transport} {here}, listens"
    way = "from" if row.incoming else "to"
    return f"{row.transport} {way} {address_port(*row.there)}"


def _carried(row: Happening) -> list[str]:
    words = []
    if row.received_bytes is not None:
        words.append(f"{bytes_text(row.received_bytes)} received")
    if row.sent_bytes is not None:
        words.append(f"{bytes_text(row.sent_bytes)} sent")
    if row.retransmits:
        words.append(f"{amount(row.retransmits)} sent again")
    if row.lived_seconds is not None:
        words.append(f"open {lived_words(row.lived_seconds)}")
    return words


def _asked_words(row: Happening) -> str:
    server = "?" if row.there is None else row.there[0]
    asked = f"{row.asked_name} {row.asked_type} of {server}"
    if row.status is None:
        return f"{asked}: no answer" + (f" to {row.tries} tries" if row.tries > 1 else "")
    answer = row.status if row.status != "NOERROR" else row.answer or "it has none"
    took = f" · {lived_words(row.ms / 1000)}" if row.ms is not None else ""
    return f"{asked}: {answer}{took}"


def _fault_words(row: Happening) -> str:
    words = []
    if row.minor_faults_per_second:
        words.append(f"{amount(row.minor_faults_per_second)}/s minor: memory touched for the first time")
    if row.major_faults_per_second:
        words.append(f"{amount(row.major_faults_per_second)}/s major: each waits for the disk")
    return " · ".join(words)


def _clock(moment: float) -> str:
    """`21:14:03.482`: to the millisecond, since much happens within a second."""
    return time.strftime("%H:%M:%S", time.localtime(moment)) + f".{int(moment % 1 * 1000):03}"


def _tone(row: Happening) -> Tone:
    ending = row.ending
    if row.kind is Kind.EXIT:
        return Tone.WARN if ending is not None and (ending.signal is not None or ending.exit_status) else Tone.FAINT
    if row.kind is Kind.ASKED and row.status not in ("NOERROR", "NXDOMAIN"):
        return Tone.WARN
    return Tone.FAINT if row.kind is Kind.CLOSED else Tone.PLAIN


TIMELINE_FIELDS: tuple[Field[Happening], ...] = (
    Field(
        "time",
        "TIME",
        12,
        Unit.MOMENT,
        lambda row: row.time,
        "When it happened, to the millisecond: of processes and packets by the kernel's clock, of sockets that no "
        "packet told of, when they were first seen.",
        falling=True,
        show=lambda row: _clock(row.time),
        tone=lambda row: Tone.FAINT,
    ),
    Field(
        "what",
        "WHAT",
        6,
        Unit.TEXT,
        lambda row: row.kind.value,
        "forked: a process was copied. runs: it became another program (exec). ended: it is no more. opened, closed: "
        "a socket. asked: a name of a DNS server. faults: a burst of page faults. signal: what was done from here.",
        tone=lambda row: _TONES[row.kind],
    ),
    Field(
        "process",
        "PROCESS",
        15,
        Unit.TEXT,
        lambda row: row.name,
        "To whom it happened; - where it is not known.",
        names=("program",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field("pid", "PID", 7, Unit.NUMBER, lambda row: row.pid, "The process's number.", tone=lambda row: Tone.FAINT),
    Field("words", "WHAT EXACTLY", 0, Unit.TEXT, happening_words, "The details.", tone=_tone),
    Field("ppid", "PPID", 7, Unit.NUMBER, lambda row: row.ppid, "Its parent, of forks, execs and exits."),
    Field("user", "USER", 9, Unit.TEXT, lambda row: row.user, "Whose it is."),
    Field(
        "remote_address",
        "REMOTE",
        21,
        Unit.ADDRESS,
        lambda row: None if row.there is None else row.there[0],
        "The other side of a socket, the server of a question.",
        names=("remote", "server"),
    ),
    Field(
        "remote_port",
        "RPORT",
        6,
        Unit.NUMBER,
        lambda row: None if row.there is None else row.there[1],
        "The port of the other side.",
        names=("port",),
    ),
    Field("name", "NAME", 24, Unit.TEXT, lambda row: row.asked_name, "The name that was asked.", names=("dns",)),
    Field(
        "received_bytes",
        "RECV",
        7,
        Unit.BYTES,
        lambda row: row.received_bytes,
        "What a closed connection had received.",
        falling=True,
    ),
    Field("sent_bytes", "SENT", 7, Unit.BYTES, lambda row: row.sent_bytes, "What a closed one had sent.", falling=True),
    Field(
        "lived_seconds",
        "LIVED",
        9,
        Unit.SECONDS,
        lambda row: row.lived_seconds,
        "How long a process lived or a socket was open.",
        names=("lived",),
        falling=True,
    ),
)
"""What can be shown of a line."""

TIMELINE_COLUMNS = tuple(each.key for each in TIMELINE_FIELDS[:5])
