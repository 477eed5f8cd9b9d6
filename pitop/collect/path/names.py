"""Reverse names, looked up on the side: nobody waits for a name server that does not answer."""

from __future__ import annotations

import queue
import threading
import time

from pitop.kernel.path.names import name_of

__all__ = ["Names"]

_WORKERS = 4


class Names:
    """Names of addresses. Asking starts the look-up; the name is there when it has come."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}
        self._asked: set[str] = set()
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._workers = 0

    def get(self, address: str) -> str | None:
        """The name, None while it is not known."""
        if address not in self._asked:
            self._asked.add(address)
            self._waiting.put(address)
            if self._workers < _WORKERS:
                self._workers += 1
                threading.Thread(target=self._work, name="names", daemon=True).start()
        return self._known.get(address)

    def wait(self, address: str, seconds: float) -> str | None:
        """The name, waited for `seconds` at most."""
        limit = time.monotonic() + seconds
        self.get(address)
        while address not in self._known and time.monotonic() < limit:
            time.sleep(0.005)
        return self._known.get(address)

    def close(self) -> None:
        """Have the workers end when they come back."""
        for _ in range(self._workers):
            self._waiting.put(None)

    def _work(self) -> None:
        while (address := self._waiting.get()) is not None:
            self._known[address] = name_of(address)
