"""The live source: this machine, now."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from pitop.collect.ahead import Ahead
from pitop.collect.performers import perform
from pitop.collect.topics import Topic
from pitop.collect.worker import Worker
from pitop.model.actions import Action, Outcome, Performed
from pitop.model.snapshot import Failure, Snapshot

__all__ = ["LiveSource"]

S = TypeVar("S", bound=Snapshot)

_END = 0.3  # seconds that collectors get to end


class _Channel(Struct):
    """One topic that somebody looks at: its worker, who listens, and the newest snapshot for those who come later."""

    worker: Worker[Any]
    listeners: list[_Hold] = []
    newest: Any = None
    needs: list[_Hold] = []  # what its topic is made of

    @property
    def pace(self) -> int:
        """Intervals between two samples: as many as the listener can do with that needs the most of them."""
        return min((hold.pace for hold in self.listeners), default=1)


class _Hold:
    """A subscription to the live source."""

    def __init__(self, source: LiveSource, topic: Topic[Any], deliver: Callable[[Any], None]) -> None:
        self._source = source
        self.topic = topic
        self.deliver = deliver
        self.pace = 1  # intervals between two samples that are enough for whoever listens

    def ask(self, request: Struct) -> None:
        self._source.ask(self.topic, request)

    def close(self) -> None:
        self._source.drop(self)


class LiveSource:
    """Collects each topic on its own thread, once, for all who subscribed to it, and only while someone has."""

    name = "live"

    def __init__(self, interval: float = 1.0) -> None:
        self._interval = interval
        self._lock = threading.RLock()
        self._channels: dict[str, _Channel] = {}
        # By topic, until somebody subscribes to it: first samples that were begun, and holds on what works already.
        self._begun: dict[str, Ahead] = {}
        self._early: dict[str, _Hold] = {}

    def begin(self, topic: Topic[Any]) -> None:
        """Have the first sample of a topic taken while this process gets ready to show it; before it has threads."""
        with contextlib.suppress(ImportError, OSError):  # then it is taken, or the failure told, to who subscribes
            self._begun[topic.name] = Ahead(topic)

    def open(self, topic: Topic[Any], *requests: Struct) -> None:
        """Collect a topic already, as asked for, until somebody subscribes to it: helpers take a while to start."""
        hold = self.subscribe(topic, lambda _: None)
        for request in requests:
            hold.ask(request)
        self._early[topic.name] = hold

    @property
    def interval(self) -> float:
        """Seconds between samples."""
        return self._interval

    def set_interval(self, seconds: float) -> None:
        """Change the cadence from now on."""
        self._interval = seconds
        with self._lock:
            for channel in self._channels.values():
                channel.worker.nudge()

    def subscribe(self, topic: Topic[S], deliver: Callable[[S | Failure], None]) -> _Hold:
        """Have `deliver` called with every snapshot or failure; at once with the newest where there is one."""
        hold = _Hold(self, topic, deliver)
        with self._lock:
            channel = self._channels.get(topic.name)
            if channel is None:
                worker = Worker(
                    topic,
                    lambda: self._pause(topic.name),
                    lambda result: self._deliver(topic.name, result),
                    self._begun.pop(topic.name, None),
                )
                channel = self._channels[topic.name] = _Channel(worker)
                channel.listeners.append(hold)
                for place, each in enumerate(topic.needs):
                    channel.needs.append(self.subscribe(each, worker.put if place else worker.lead))
                worker.start()
            else:
                if channel.pace > hold.pace:
                    channel.worker.nudge()  # nobody has been in a hurry until now
                channel.listeners.append(hold)
                if channel.newest is not None:
                    deliver(channel.newest)
                early = self._early.pop(topic.name, None)
                if early is not None:
                    self.drop(early)
        return hold

    def ask(self, topic: Topic[Any], request: Struct) -> None:
        """Pass a request to the topic's collector."""
        with self._lock:
            channel = self._channels.get(topic.name)
            if channel is not None:
                channel.worker.ask(request)

    def drop(self, hold: _Hold) -> None:
        """Remove a listener; the last one's leaving ends the collector."""
        with self._lock:
            channel = self._channels.get(hold.topic.name)
            if channel is None or hold not in channel.listeners:
                return
            channel.listeners.remove(hold)
            if not channel.listeners:
                del self._channels[hold.topic.name]
                channel.worker.end()
                for each in channel.needs:
                    self.drop(each)

    def perform(self, action: Action, deliver: Callable[[Outcome], None]) -> None:
        """Do something to this machine, on a thread of its own."""
        threading.Thread(target=self._perform, args=(action, deliver), name="perform", daemon=True).start()

    def _perform(self, action: Action, deliver: Callable[[Outcome], None]) -> None:
        outcome = perform(action)
        deliver(outcome)
        with self._lock:
            for channel in self._channels.values():
                if channel.worker.topic.told:
                    channel.worker.put(Performed(time.time(), action, outcome))

    def close(self) -> None:
        """End every collector; returns within 0.3 s even when one is stuck in a system call."""
        with self._lock:
            workers = [channel.worker for channel in self._channels.values()]
            self._channels.clear()
            for ahead in self._begun.values():
                ahead.close()
            self._begun.clear()
            self._early.clear()
        for worker in workers:
            worker.end()
        limit = time.monotonic() + _END
        for worker in workers:
            worker.join(max(0.0, limit - time.monotonic()))

    def _pause(self, name: str) -> float:
        """Seconds between two samples of a topic."""
        with self._lock:
            channel = self._channels.get(name)
            return self._interval * (1 if channel is None else channel.pace)

    def _deliver(self, name: str, result: Any) -> None:
        with self._lock:
            channel = self._channels.get(name)
            if channel is None:
                return
            channel.newest = result
            for need in channel.needs:
                need.pace = channel.worker.paces.get(need.topic.name, 1)
            for hold in tuple(channel.listeners):
                hold.deliver(result)
