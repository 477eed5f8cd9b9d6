"""Rates as pure functions of two samples and the time between them."""

from __future__ import annotations

__all__ = ["delta", "percent", "rate"]


def delta(now: int | None, before: int | None) -> int | None:
    """What a counter grew by; None when either reading is unknown or the counter went backwards."""
    if now is None or before is None or now < before:
        return None
    return now - before


def rate(now: float | None, before: float | None, seconds: float) -> float | None:
    """Growth a second; None without two readings, for a counter that went backwards, or without time passed."""
    if now is None or before is None or now < before or seconds <= 0:
        return None
    return (now - before) / seconds


def percent(part: float | None, whole: float | None) -> float | None:
    """`part` of `whole` in percent; None when either is unknown or the whole is nothing."""
    if part is None or not whole:
        return None
    return 100.0 * part / whole
