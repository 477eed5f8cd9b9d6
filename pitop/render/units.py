"""Values as short text, by unit. Unknown is `-`, never 0."""

from __future__ import annotations

import enum
import time as clock

__all__ = ["UNKNOWN", "Unit", "Value", "amount", "bytes_text", "duration", "percent", "say"]

UNKNOWN = "-"

Value = str | int | float | bool | None


class Unit(enum.Enum):
    """What a field's value counts, and so how it looks, sorts and parses in a filter."""

    TEXT = "text"
    ADDRESS = "address"
    NUMBER = "number"  # an identity such as a pid or a port: no thousands, no rounding
    COUNT = "count"
    BYTES = "bytes"
    PERCENT = "percent"
    SECONDS = "seconds"
    MILLISECONDS = "ms"
    MOMENT = "moment"  # unix seconds, shown as a time of day or a date
    PER_SECOND = "per second"
    BYTES_PER_SECOND = "bytes per second"
    FLAG = "flag"


def bytes_text(value: float) -> str:
    """`value` bytes in at most 5 characters, in powers of 1,024: `0`, `812B`, `9.8M`, `153M`, `2.0G`."""
    if value < 1000:
        return f"{value:.0f}B" if value else "0"
    for suffix in "KMGTPE":
        value /= 1024
        if value < 9.95:
            return f"{value:.1f}{suffix}"
        if value < 999.5:
            return f"{value:.0f}{suffix}"
    return f"{value:.0f}E"


def amount(value: float) -> str:
    """A count in at most 5 characters, powers of 1,000: `0`, `0.3`, `7`, `9999`, `12.3k`, `456k`, `1.2M`."""
    if 0 < value < 0.95:
        return f"{max(value, 0.1):.1f}"
    if value < 9_999.5:
        return f"{value:.0f}"
    for suffix in "kMGTPE":
        value /= 1000
        if value < 99.95:
            return f"{value:.1f}{suffix}"
        if value < 999.5:
            return f"{value:.0f}{suffix}"
    return f"{value:.0f}E"


def percent(value: float) -> str:
    """One decimal below 100, none from there: `0.0`, `12.3`, `100`, `1594`."""
    return f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def duration(seconds: float) -> str:
    """As top's TIME+ in at most 9 characters: `0:00.52`, `12:09.40`, `3h12m09`, `41d03h`."""
    hundredths = round(seconds * 100)
    if hundredths < 360_000:
        return f"{hundredths // 6000}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
    whole = int(seconds)
    if whole < 86400:
        return f"{whole // 3600}h{whole // 60 % 60:02d}m{whole % 60:02d}"
    return f"{whole // 86400}d{whole // 3600 % 24:02d}h"


def _moment(value: float) -> str:
    local = clock.localtime(value)
    if clock.time() - value < 86400:
        return clock.strftime("%H:%M:%S", local)
    return clock.strftime("%b %d", local) if clock.time() - value < 300 * 86400 else clock.strftime("%Y", local)


def say(value: Value, unit: Unit) -> str:
    """`value` as the short text of its unit; `-` when it is unknown. Text comes back as it is."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    match unit:
        case Unit.PERCENT:
            return percent(value)
        case Unit.BYTES | Unit.BYTES_PER_SECOND:
            return bytes_text(value)
        case Unit.COUNT | Unit.PER_SECOND:
            return amount(value)
        case Unit.SECONDS:
            return duration(value)
        case Unit.MILLISECONDS:
            return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"
        case Unit.MOMENT:
            return _moment(value)
        case Unit.FLAG:
            return "yes" if value else "no"
        case _:
            return str(value)
