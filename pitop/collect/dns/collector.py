"""The DNS topic: requests begin queries on an event loop of their own, and snapshots grow as answers come."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pitop.kernel.dns.files import resolv_conf
from pitop.model.dns.snapshot import Begin, DnsSnapshot, Part, Stop

if TYPE_CHECKING:
    from pitop.collect.dns.desk import Desk

__all__ = ["DnsCollector"]

_END = 0.25  # seconds that the loop gets to cancel what is under way


class DnsCollector:
    """Answers `Begin` and `Stop`. dnspython is imported, on the loop's thread, when the first request comes."""

    every: float | None = None

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._news = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()  # guards _news against use after close
        self._closed = False
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._desk: Desk | None = None
        self._tasks: dict[Part, asyncio.Task[Any]] = {}
        self._known: dict[str, Any] = {}

    def collect(self) -> DnsSnapshot:
        """What is known now."""
        with self._lock:
            if not self._closed:
                try:
                    os.eventfd_read(self._news)
                except BlockingIOError:
                    pass
        return DnsSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            servers=tuple(f"{address}#53" for address in resolv_conf(self._root).servers),
            **self._known,
        )

    def ask(self, request: Struct) -> None:
        """Take a request; what it leads to comes with later snapshots."""
        if not isinstance(request, Begin | Stop):
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="dns-queries", daemon=True)
            self._thread.start()
            self._ready.wait()
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._take, request)

    def descriptors(self) -> Sequence[int]:
        """Readable when an answer has come."""
        return (self._news,)

    def close(self) -> None:
        """Cancel every query; their sockets are closed when this returns, or soon after."""
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_END)
        with self._lock:
            self._closed = True
            os.close(self._news)

    # On the loop's thread.

    def _serve(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        self._ready.set()
        try:
            loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks))
            loop.close()

    def _take(self, request: Begin | Stop) -> None:
        if self._desk is None:
            from pitop.collect.dns.desk import Desk

            self._desk = Desk(self._publish, self._root)
        before = self._tasks.pop(request.part, None)
        if before is not None:
            before.cancel()
        if isinstance(request, Begin):
            work: Coroutine[Any, Any, None] = self._desk.begin(request)
            self._tasks[request.part] = asyncio.get_running_loop().create_task(work)

    def _publish(self, known: dict[str, Any]) -> None:
        """Called by the desk on the loop's thread with everything it knows; the dictionary is not changed after."""
        self._known = known
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._news, 1)
