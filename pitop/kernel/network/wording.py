"""Numbers as lease files write them."""

from __future__ import annotations

import re
import socket

__all__ = ["integer", "mask_length", "timespan"]

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_SPANS = {"": 1, "s": 1, "ms": 0.001, "us": 1e-6, "min": 60, "h": 3600, "d": 86400, "w": 604800, "month": 2629800}
_SPANS |= {"y": 31557600}


def timespan(text: str) -> float | None:
    """Seconds of systemd.time(7): `3600`, `1h 30min`, `1w 2d`; None for `infinity` and what is none."""
    parts = _SPAN.findall(text)
    if not parts or any(unit not in _SPANS for _, unit in parts) or _SPAN.sub("", text).strip():
        return None
    return sum(float(number) * _SPANS[unit] for number, unit in parts)


def integer(word: str | None) -> int | None:
    """The number, None for what is none."""
    try:
        return None if word is None else int(word)
    except ValueError:
        return None


def mask_length(word: str | None) -> int | None:
    """The prefix length of a dotted netmask."""
    try:
        return None if word is None else int.from_bytes(socket.inet_aton(word)).bit_count()
    except OSError:
        return None
