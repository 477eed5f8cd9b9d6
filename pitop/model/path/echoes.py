"""Ping statistics: what came back of what was sent, as ping(8) counts it and as it is seen over the last echoes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from msgspec import Struct, structs

__all__ = ["Echo", "Loss", "Outcome", "Tally", "Window", "counted", "window"]

Outcome = str  # reply, duplicate, late, timeout, error


class Echo(Struct, frozen=True, kw_only=True):
    """What became of one echo request.

    `outcome` is `reply`; `duplicate`, a further reply; `late`, a reply after the loss had been told; `timeout`; or
    `error`, an ICMP error or a refusal of the kernel, in `words`, from `address` (None: this machine).
    `sequence` counts from 1 and does not wrap. `damage` says where a payload came back changed.
    """

    target: int
    sequence: int
    sent_time: float
    outcome: Outcome
    address: str | None = None
    ttl: int | None = None
    size: int | None = None
    time_ms: float | None = None
    reordered: bool = False
    damage: str | None = None
    words: str | None = None


class Loss(Struct, frozen=True):
    """One echo that did not come back: when it was sent, and what is known of why."""

    time: float
    sequence: int
    why: str


class Tally(Struct, frozen=True, kw_only=True):
    """Everything since the start, in constant room. Times in ms; None before the first reply."""

    transmitted: int = 0
    received: int = 0
    duplicates: int = 0
    errors: int = 0
    late: int = 0
    reordered: int = 0
    damaged: int = 0
    times: int = 0
    sum_ms: float = 0.0
    squares: float = 0.0
    min_ms: float | None = None
    max_ms: float | None = None
    last_ms: float | None = None
    lost: int = 0  # no longer waited for; a reply that is late takes it back

    @property
    def pending(self) -> int:
        """Sent and still waited for."""
        return self.transmitted - self.received - self.lost

    @property
    def loss_percent(self) -> float | None:
        """Lost of those that are decided; None before any is."""
        decided = self.received + self.lost
        return 100.0 * self.lost / decided if decided else None

    @property
    def avg_ms(self) -> float | None:
        """The mean of all reply times, duplicates among them, as ping does."""
        return self.sum_ms / self.times if self.times else None

    @property
    def mdev_ms(self) -> float | None:
        """The standard deviation of all reply times, which ping calls mdev."""
        if not self.times:
            return None
        mean = self.sum_ms / self.times
        return math.sqrt(max(0.0, self.squares / self.times - mean * mean))


def counted(tally: Tally, echo: Echo) -> Tally:
    """`tally` with one more outcome. What is sent is counted by whoever sends (`transmitted`)."""
    match echo.outcome:
        case "timeout":
            return structs.replace(tally, lost=tally.lost + 1)
        case "error":
            return structs.replace(tally, errors=tally.errors + 1, lost=tally.lost + 1)
    time = echo.time_ms or 0.0
    return structs.replace(
        tally,
        received=tally.received + (echo.outcome != "duplicate"),
        duplicates=tally.duplicates + (echo.outcome == "duplicate"),
        lost=tally.lost - (echo.outcome == "late"),
        late=tally.late + (echo.outcome == "late"),
        reordered=tally.reordered + echo.reordered,
        damaged=tally.damaged + (echo.damage is not None),
        times=tally.times + 1,
        sum_ms=tally.sum_ms + time,
        squares=tally.squares + time * time,
        min_ms=time if tally.min_ms is None else min(tally.min_ms, time),
        max_ms=time if tally.max_ms is None else max(tally.max_ms, time),
        last_ms=time,
    )


class Window(Struct, frozen=True):
    """The last echoes: percentiles and jitter in ms, None where too few came back; loss in percent."""

    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None


def window(recent: Sequence[float | None]) -> Window:
    """Of the times of the last echoes in the order of sending, None for a lost one.

    Percentiles by the nearest rank; jitter is the mean difference between one reply and the next.
    """
    came = [time for time in recent if time is not None]
    if not came:
        return Window(None, None, None, None, 100.0 if recent else None)
    ranked = sorted(came)
    steps = [abs(b - a) for a, b in itertools.pairwise(came)]
    return Window(
        _rank(ranked, 50),
        _rank(ranked, 95),
        _rank(ranked, 99),
        sum(steps) / len(steps) if steps else None,
        100.0 * (len(recent) - len(came)) / len(recent),
    )


def _rank(ranked: Sequence[float], percent: int) -> float:
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]
