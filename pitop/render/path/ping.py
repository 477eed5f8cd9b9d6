"""Echoes in ping's lines, and the fields of a pinged machine."""

from __future__ import annotations

from pitop.model.path.echoes import Echo, Tally
from pitop.model.path.snapshot import PingTarget
from pitop.render.field import Field, Tone
from pitop.render.text import visible
from pitop.render.units import Unit, Value

__all__ = ["PING_FIELDS", "closing_lines", "echo_line", "echo_record", "opening_line", "tally_record"]


def opening_line(name: str, address: str, size: int) -> str:
    """`PING example.org (192.0.2.1) 56(84) bytes of data.`"""
    if ":" in address:
        return f"PING {visible(name)}({address}) {size} data bytes"
    return f"PING {visible(name)} ({address}) {size}({size + 28}) bytes of data."


def echo_line(echo: Echo, name: str | None, source: str) -> str:
    """One outcome; `name` is what the answering address is called, None to show it alone."""
    sender = echo.address or source
    shown = f"{visible(name)} ({sender})" if name is not None and name != sender else sender
    match echo.outcome:
        case "timeout":
            return f"no answer yet for icmp_seq={echo.sequence}"
        case "error" if echo.address is None:
            return f"ping: {visible(echo.words or '')}"
        case "error":
            return f"From {shown} icmp_seq={echo.sequence} {visible(echo.words or '')}"
    hops = f" ttl={echo.ttl}" if echo.ttl is not None else ""
    line = f"{echo.size} bytes from {shown}: icmp_seq={echo.sequence}{hops} time={_milliseconds(echo.time_ms)} ms"
    notes = " (DUP!)" if echo.outcome == "duplicate" else ""
    notes += " (late)" if echo.outcome == "late" else ""
    notes += " (out of order)" if echo.reordered else ""
    return line + notes + (f"\n{echo.damage}" if echo.damage is not None else "")


def _milliseconds(value: float | None) -> str:
    """As ping: three decimals below 1 ms, then fewer."""
    if value is None:
        return "?"
    micro = round(value * 1000)
    if micro >= 99_950:
        return f"{(micro + 500) // 1000}"
    if micro >= 9_995:
        return f"{(micro + 50) // 100 / 10:.1f}"
    if micro >= 1_000:
        return f"{(micro + 5) // 10 / 100:.2f}"
    return f"{micro / 1000:.3f}"


def closing_lines(name: str, tally: Tally, seconds: float) -> list[str]:
    """ping's statistics: the heading, the counts, and the times where any came back."""
    parts = [f"{tally.transmitted} packets transmitted, {tally.received} received"]
    if tally.duplicates:
        parts.append(f"+{tally.duplicates} duplicates")
    if tally.damaged:
        parts.append(f"+{tally.damaged} corrupted")
    if tally.errors:
        parts.append(f"+{tally.errors} errors")
    if tally.reordered:
        parts.append(f"+{tally.reordered} out of order")
    if tally.transmitted:
        loss = 100.0 * (tally.transmitted - tally.received) / tally.transmitted
        parts.append(f"{loss:.6g}% packet loss, time {round(seconds * 1000)}ms")
    lines = ["", f"--- {visible(name)} ping statistics ---", ", ".join(parts)]
    if tally.times:
        times = (tally.min_ms, tally.avg_ms, tally.max_ms, tally.mdev_ms)
        lines.append(f"rtt min/avg/max/mdev = {'/'.join(f'{time or 0:.3f}' for time in times)} ms")
    return lines


def echo_record(echo: Echo, target: str) -> dict[str, Value]:
    """An outcome as a JSON row; `time_ms` is null for what did not come back."""
    return {
        "target": target,
        "sequence": echo.sequence,
        "outcome": echo.outcome,
        "address": echo.address,
        "ttl": echo.ttl,
        "size_bytes": echo.size,
        "time_ms": None if echo.time_ms is None else round(echo.time_ms, 3),
        "sent_time": round(echo.sent_time, 6),
        "out_of_order": echo.reordered,
        "damage": echo.damage,
        "error": echo.words,
    }


def tally_record(tally: Tally) -> dict[str, Value]:
    """The counts and times for a JSON summary."""
    loss = None if not tally.transmitted else 100.0 * (tally.transmitted - tally.received) / tally.transmitted
    times = {"min_ms": tally.min_ms, "avg_ms": tally.avg_ms, "max_ms": tally.max_ms, "mdev_ms": tally.mdev_ms}
    return {
        "transmitted": tally.transmitted,
        "received": tally.received,
        "loss_percent": loss,
        **{key: None if value is None else round(value, 3) for key, value in times.items()},
        "duplicates": tally.duplicates,
        "errors": tally.errors,
        "out_of_order": tally.reordered,
        "damaged": tally.damaged,
        "late": tally.late,
    }


def _loss_tone(percent: float | None) -> Tone:
    if percent is None:
        return Tone.FAINT
    return Tone.GOOD if percent == 0 else Tone.WARN if percent < 5 else Tone.BAD


PING_FIELDS: tuple[Field[PingTarget], ...] = (
    Field(
        "name",
        "TARGET",
        16,
        Unit.TEXT,
        lambda row: row.name,
        "The machine that is pinged, as it was typed.",
        ("target",),
        tone=lambda row: Tone.BAD if row.trouble or row.silent else Tone.ACCENT,
    ),
    Field(
        "address",
        "ADDRESS",
        15,
        Unit.ADDRESS,
        lambda row: row.address,
        "The address that the echoes go to.",
        ("ip",),
    ),
    Field(
        "loss_percent",
        "LOSS%",
        5,
        Unit.PERCENT,
        lambda row: row.tally.loss_percent,
        "Echoes that never came back, of all that were sent and waited for.",
        ("loss",),
        falling=True,
        tone=lambda row: _loss_tone(row.tally.loss_percent),
    ),
    Field(
        "last_ms",
        "LAST",
        6,
        Unit.MILLISECONDS,
        lambda row: row.tally.last_ms,
        "How long the last reply took, there and back, by the kernel's clock.",
        ("last", "time"),
        falling=True,
    ),
    Field(
        "p50_ms",
        "P50",
        6,
        Unit.MILLISECONDS,
        lambda row: row.window.p50_ms,
        "Half of the last 300 replies were faster.",
        ("p50",),
        falling=True,
    ),
    Field(
        "p95_ms",
        "P95",
        6,
        Unit.MILLISECONDS,
        lambda row: row.window.p95_ms,
        "19 of 20 of the last 300 replies were faster.",
        ("p95",),
        falling=True,
    ),
    Field(
        "p99_ms",
        "P99",
        6,
        Unit.MILLISECONDS,
        lambda row: row.window.p99_ms,
        "99 of 100 of the last 300 replies were faster: what a person feels as a hitch.",
        ("p99",),
        falling=True,
    ),
    Field(
        "jitter_ms",
        "JITTER",
        6,
        Unit.MILLISECONDS,
        lambda row: row.window.jitter_ms,
        "The mean difference between one reply and the next. Calls and games suffer from it more than from delay.",
        ("jitter",),
        falling=True,
    ),
    Field(
        "transmitted",
        "SENT",
        5,
        Unit.COUNT,
        lambda row: row.tally.transmitted,
        "Echoes sent.",
        ("sent",),
        falling=True,
    ),
    Field(
        "received",
        "RECV",
        5,
        Unit.COUNT,
        lambda row: row.tally.received,
        "Echoes that came back.",
        falling=True,
    ),
    Field(
        "min_ms",
        "MIN",
        6,
        Unit.MILLISECONDS,
        lambda row: row.tally.min_ms,
        "The fastest reply: the distance, without any waiting in queues.",
        ("min",),
        falling=True,
    ),
    Field("avg_ms", "AVG", 6, Unit.MILLISECONDS, lambda row: row.tally.avg_ms, "The mean.", ("avg",), falling=True),
    Field("max_ms", "MAX", 6, Unit.MILLISECONDS, lambda row: row.tally.max_ms, "The slowest.", ("max",), falling=True),
    Field(
        "mdev_ms",
        "MDEV",
        6,
        Unit.MILLISECONDS,
        lambda row: row.tally.mdev_ms,
        "The standard deviation, which ping calls mdev.",
        ("mdev",),
        falling=True,
    ),
    Field(
        "duplicates",
        "DUP",
        4,
        Unit.COUNT,
        lambda row: row.tally.duplicates,
        "Replies that came twice: a loop, or two machines with one address.",
        falling=True,
        tone=lambda row: Tone.WARN if row.tally.duplicates else Tone.FAINT,
    ),
    Field(
        "reordered",
        "ORDER",
        5,
        Unit.COUNT,
        lambda row: row.tally.reordered,
        "Replies that overtook one another: several ways of different length.",
        falling=True,
        tone=lambda row: Tone.WARN if row.tally.reordered else Tone.FAINT,
    ),
    Field(
        "damaged",
        "WRONG",
        5,
        Unit.COUNT,
        lambda row: row.tally.damaged,
        "Replies whose payload came back changed: broken hardware on the way.",
        falling=True,
        tone=lambda row: Tone.BAD if row.tally.damaged else Tone.FAINT,
    ),
    Field(
        "trouble",
        "TROUBLE",
        0,
        Unit.TEXT,
        lambda row: row.trouble or (row.losses[0].why if row.silent and row.losses else ""),
        "Why there are no replies, as far as anybody said.",
        tone=lambda row: Tone.BAD,
    ),
)
