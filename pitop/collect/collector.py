"""What a collector is: it takes one sample after another and makes snapshots of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from pitop.model.snapshot import Snapshot

__all__ = ["Collector", "Inheriting", "Sparing", "Unavailable"]

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


@runtime_checkable
class Sparing(Protocol):
    """A collector of a topic that is made of others, and does not need all of these as often as somebody who looks."""

    def paces(self) -> Mapping[str, int]:
        """By topic how many intervals may lie between two samples from now on; 1 for what is not there."""
        ...


@runtime_checkable
class Inheriting(Protocol):
    """A collector that can go on from a sample that one of its kind took in another process (see `ahead`)."""

    def kept(self) -> Any:
        """What is kept of the last sample, to be pickled; nothing of this process, which is gone when it is read."""
        ...

    def inherit(self, kept: Any) -> None:
        """Go on from that sample: the next snapshot is made of it."""
        ...
