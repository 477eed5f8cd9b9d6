"""The recent past of figures, one short series a row."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable

__all__ = ["History"]


class History:
    """The newest `length` values of every row that has been at work lately; a row at rest keeps nothing.

    All series share one time axis: `tick` moves it on by one sample.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._series: dict[Hashable, deque[float]] = {}
        self._now = 0
        self._last: dict[Hashable, int] = {}

    def tick(self, values: Iterable[tuple[Hashable, float]]) -> None:
        """Take in one sample: the rows that are not at rest, and their values."""
        self._now += 1
        for key, value in values:
            series = self._series.get(key)
            if series is None:
                series = self._series[key] = deque(maxlen=self.length)
            self._pad(key, series, self._now - 1)
            series.append(value)
            self._last[key] = self._now
        if self._now % self.length == 0:
            for key in [key for key, last in self._last.items() if self._now - last >= self.length]:
                del self._series[key], self._last[key]

    def _pad(self, key: Hashable, series: deque[float], until: int) -> None:
        """Zeros for the samples in which the row was at rest."""
        series.extend([0.0] * min(self.length, until - self._last.get(key, until)))

    def of(self, key: Hashable) -> tuple[float, ...]:
        """The series of a row up to now, oldest first; empty for one at rest all along."""
        series = self._series.get(key)
        if series is None:
            return ()
        rest = self._now - self._last[key]
        if rest >= self.length:
            return ()
        return (*series, *[0.0] * rest)[-self.length :]
