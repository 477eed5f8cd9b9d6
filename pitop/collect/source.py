"""Where snapshots come from, as panes and commands see it.

Nothing above this module can tell whether a snapshot came from this machine now, from a recording, or from another
machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from pitop.collect.topics import Topic
from pitop.model.actions import Action, Outcome
from pitop.model.snapshot import Failure, Snapshot

__all__ = ["Source", "Subscription"]

S = TypeVar("S", bound=Snapshot)


class Subscription(Protocol):
    """One listener's hold on a topic; the topic is collected only while someone holds it."""

    def ask(self, request: Struct) -> None:
        """Tell the topic's collector what is wanted (a frozen request); it answers with a snapshot soon."""
        ...

    def close(self) -> None:
        """Let go. Nothing is delivered after this returns."""
        ...


class Source(Protocol):
    """Answers topics with snapshots."""

    name: str

    @property
    def interval(self) -> float:
        """Seconds between samples of topics that have no cadence of their own."""
        ...

    def set_interval(self, seconds: float) -> None:
        """Change the cadence from now on."""
        ...

    def subscribe(self, topic: Topic[S], deliver: Callable[[S | Failure], None]) -> Subscription:
        """Have `deliver` called, on a collector's thread, with every new snapshot or failure of `topic`."""
        ...

    def perform(self, action: Action, deliver: Callable[[Outcome], None]) -> None:
        """Do something to the machine, on a thread of its own; `deliver` is called there with what came of it."""
        ...

    def close(self) -> None:
        """End every collector; returns within 0.3 s."""
        ...
