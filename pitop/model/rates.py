"""Rates as pure functions of two samples and the time between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["delta", "known_sum", "percent", "plus", "rate"]

N = TypeVar("N", int, float)


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


def known_sum(values: Iterable[N | None]) -> N | None:
    """The sum of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def plus(one: N | None, other: N | None) -> N | None:
    """The sum of what is known of two: None only where neither is."""
    return one if other is None else other if one is None else one + other
