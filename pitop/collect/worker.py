"""One collector on its own thread: cadence, wake-ups, clean end."""

from __future__ import annotations

import math
import os
import select
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from pitop.collect.ahead import Ahead
from pitop.collect.collector import Collector, Inheriting, Sparing, Unavailable
from pitop.collect.topics import Topic
from pitop.model.snapshot import Failure, Snapshot

__all__ = ["Worker", "failure"]

S = TypeVar("S", bound=Snapshot)

_RETRY = 2.0  # seconds between attempts while a topic fails, at least
_REQUESTS = 64  # waiting requests; the oldest are dropped, since panes repeat what they want
_SETTLE = 0.05  # seconds that a led collector waits for what comes beside its leader
_PATIENCE = 30.0  # seconds to wait for a first sample that was begun before
_LATE = 1.5  # intervals after which it turns although its leader says nothing


def failure(topic: str, error: BaseException) -> Failure:
    """What is shown of an exception: its message, what to do, and where in the code it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    if isinstance(error, Unavailable):
        return Failure(topic, time.time(), str(error), error.advice, where)
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    advice = "Not permitted: run pitop as root for this." if isinstance(error, PermissionError) else ""
    return Failure(topic, time.time(), message, advice, where)


class Worker(Generic[S]):
    """Runs a topic's collector until told to end.

    `interval` is asked before each wait. `deliver` is called on this thread. A collector that raises is closed,
    its failure delivered, and made anew at the next turn. One whose topic needs others turns after the first of them,
    its leader: what that tells is told at once, not up to an interval later. With `ahead` the first sample is the one
    that has been begun there.
    """

    def __init__(
        self,
        topic: Topic[S],
        interval: Callable[[], float],
        deliver: Callable[[S | Failure], None],
        ahead: Ahead | None = None,
    ) -> None:
        self.topic = topic
        self._ahead = ahead
        self._interval = interval
        self._deliver = deliver
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()  # guards _wake against use after close, _requests and _wanted
        self._wanted = math.inf  # the moment at which somebody wants a turn, whatever the interval says
        self._requests: list[Struct] = []
        self._asked: dict[type[Struct], Struct] = {}  # the newest of each kind, for a collector that is made anew
        self.paces: Mapping[str, int] = {}  # of the topics that this one needs, as its collector said last
        self._failing = False  # is the newest result a failure?
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"collect-{topic.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask(self, request: Struct) -> None:
        """Hand `request` to the collector and have it collect at once."""
        with self._lock:
            if self._ended.is_set():
                return
            self._requests.append(request)
            del self._requests[:-_REQUESTS]
            self._call(0.0)

    def put(self, message: Struct) -> None:
        """Hand `message` to the collector with its next turn: many may come before that, the newest of them count."""
        with self._lock:
            if not self._ended.is_set():
                self._requests.append(message)
                del self._requests[:-_REQUESTS]

    def lead(self, message: Struct) -> None:
        """Hand `message` to the collector and have it collect as soon as what usually comes beside it is there."""
        with self._lock:
            if not self._ended.is_set():
                self._requests.append(message)
                del self._requests[:-_REQUESTS]
                if not self._failing:
                    self._call(time.monotonic() + _SETTLE)

    def nudge(self) -> None:
        """Collect at once (the interval changed, or somebody has just begun to look)."""
        with self._lock:
            if not self._ended.is_set():
                self._call(0.0)

    def end(self) -> None:
        """Tell the thread to end; `join` waits for it."""
        with self._lock:
            if not self._ended.is_set():
                self._ended.set()
                self._call(0.0)

    def _call(self, moment: float) -> None:
        """Have a turn at `moment`, unless one is wanted before; with the lock."""
        if moment < self._wanted:
            self._wanted = moment
            os.eventfd_write(self._wake, 1)

    def join(self, seconds: float) -> bool:
        """Whether the thread has ended within `seconds`. From the thread itself: False at once."""
        if threading.current_thread() is self._thread:
            return False
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        collector: Collector[S] | None = None
        try:
            due = time.monotonic()
            while not self._ended.is_set():
                pause = self._interval()
                try:
                    requests = self._taken()
                    self._asked.update((type(request), request) for request in requests)
                    if collector is None:
                        collector = self._opened()
                        requests = list(self._asked.values())
                    for request in requests:
                        collector.ask(request)
                    result: S | Failure = collector.collect()
                    if self.topic.needs and isinstance(collector, Sparing):
                        self.paces = collector.paces()
                    pause = collector.every or pause
                    if self.topic.needs:
                        pause *= _LATE
                except Exception as error:  # whatever a collector raises is shown in its pane
                    result = failure(self.topic.name, error)
                    collector = self._closed(collector)
                    self.paces = {}
                    pause = max(pause, _RETRY)
                if self._ended.is_set():
                    break
                self._failing = isinstance(result, Failure)
                self._deliver(result)
                # On the grid, so that a slow sample does not shift every later one; never a backlog of turns.
                due = max(due + pause, time.monotonic() + 0.2 * pause)
                if self._wait(due, collector):
                    due = time.monotonic()
        finally:
            self._closed(collector)
            if self._ahead is not None:
                self._ahead.close()
            with self._lock:
                self._ended.set()
                os.close(self._wake)

    def _opened(self) -> Collector[S]:
        collector = self.topic.open()
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self._await(ahead)
            kept = ahead.take()
            if kept is not None and isinstance(collector, Inheriting):
                collector.inherit(kept)
        return collector

    def _await(self, ahead: Ahead) -> None:
        """Wait for what was begun before, as long as that is worth while."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(ahead.fileno, select.POLLIN)
        until = time.monotonic() + _PATIENCE
        while not self._ended.is_set() and (left := until - time.monotonic()) > 0:
            happened = dict(poll.poll(left * 1000))
            if ahead.fileno in happened:
                return
            if self._wake in happened:
                os.eventfd_read(self._wake)  # a request, which is not forgotten, or the end

    def _taken(self) -> list[Struct]:
        with self._lock:
            taken, self._requests = self._requests, []
            self._wanted = math.inf
        return taken

    def _wait(self, due: float, collector: Collector[S] | None) -> bool:
        """Wait until `due` or until something happens; True when it happened before."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for descriptor in collector.descriptors() if collector is not None else ():
            poll.register(descriptor, select.POLLIN)
        while True:
            with self._lock:
                wanted = self._wanted
            remaining = min(due, wanted) - time.monotonic()
            if remaining <= 0:
                return wanted < due
            happened = poll.poll(remaining * 1000)
            if any(descriptor == self._wake for descriptor, _ in happened):
                os.eventfd_read(self._wake)
            elif happened:
                return True

    @staticmethod
    def _closed(collector: Collector[Any] | None) -> None:
        if collector is not None:
            try:
                collector.close()
            except Exception:  # the collector is being thrown away; its failure was told when it happened
                pass
