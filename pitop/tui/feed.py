"""Snapshots from a collector's thread to a widget on the event loop: the newest wins."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar

from msgspec import Struct
from textual.message import Message
from textual.message_pump import MessagePump

from pitop.collect.source import Source, Subscription
from pitop.collect.topics import Topic
from pitop.model.snapshot import Failure, Snapshot

__all__ = ["Arrived", "Feed"]

S = TypeVar("S", bound=Snapshot)


class Arrived(Message, bubble=False):
    """A feed has something new; whoever handles it takes it from the feed."""

    def __init__(self, feed: Feed[Any]) -> None:
        self.feed = feed
        super().__init__()


class Feed(Generic[S]):
    """One widget's view of a topic. However many snapshots arrive before the widget gets round to them, it sees
    one message and takes the newest."""

    def __init__(self, owner: MessagePump, topic: Topic[S]) -> None:
        self._owner = owner
        self.topic = topic
        self._lock = threading.Lock()
        self._newest: S | Failure | None = None
        self._announced = False
        self._hold: Subscription | None = None
        self.taken = False  # whether a snapshot of it has been taken

    def open(self, source: Source) -> None:
        """Begin to listen; the topic is collected from now on."""
        if self._hold is None:
            self._hold = source.subscribe(self.topic, self._deliver)

    def close(self) -> None:
        """Stop listening."""
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.close()

    def ask(self, request: Struct) -> None:
        """Tell the collector what is wanted."""
        if self._hold is not None:
            self._hold.ask(request)

    def take(self) -> S | Failure | None:
        """The newest, once."""
        with self._lock:
            newest, self._newest = self._newest, None
            self._announced = False
            self.taken |= isinstance(newest, Snapshot)
            return newest

    def _deliver(self, result: S | Failure) -> None:
        with self._lock:
            self._newest = result
            if self._announced:
                return
            self._announced = True
        self._owner.post_message(Arrived(self))
