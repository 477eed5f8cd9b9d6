"""What a collector is: it takes one sample after another and makes snapshots of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from pitop.model.snapshot import Snapshot

__all__ = ["Collector", "Unavailable"]

S_co = TypeVar("S_co", bound=Snapshot, covariant=True)


class Unavailable(Exception):
    """A topic cannot be read here, for a reason a person can act on: `advice` says what to do."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Collector(Protocol[S_co]):
    """Lives on one thread: made, used and closed there; blocking reads are fine, endless ones are not.

    `every` is its own cadence in seconds, or None to follow the source's interval.
    """

    every: float | None

    def collect(self) -> S_co:
        """Take a sample and make a snapshot. Raises Unavailable, or anything: shown, and tried again."""
        ...

    def ask(self, request: Struct) -> None:
        """Take in what the panes want to see (rows on screen, columns, a name to look up)."""
        ...

    def descriptors(self) -> Sequence[int]:
        """File descriptors whose readability is a reason to collect at once (event sockets, pipes)."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
