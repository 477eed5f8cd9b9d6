"""Names for numbers: services from /etc/services, hosts through the system's resolver."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable

__all__ = ["HostNames", "service_names"]


def service_names(path: str = "/etc/services") -> dict[tuple[int, str], str]:
    """(port, `tcp` or `udp`) → name, services(5); empty where there is no such file."""
    found: dict[tuple[int, str], str] = {}
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            for line in file:
                part = line.partition("#")[0].split()
                if len(part) < 2:
                    continue
                port, _, protocol = part[1].partition("/")
                if port.isdecimal():
                    found.setdefault((int(port), protocol), part[0])
    except OSError:
        pass
    return found


class HostNames:
    """Names of addresses, asked of the system's resolver (getnameinfo(3)) in the background.

    At most `threads` questions are under way and `waiting` wait; more are turned down and asked another time. Answers
    are kept for `keep` seconds, "there is none" too, and at most `most` of them. Nothing here ever waits for a name.
    """

    def __init__(self, threads: int = 4, waiting: int = 256, most: int = 4096, keep: float = 600.0) -> None:
        self._threads = threads
        self._most = most
        self._keep = keep
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()
        self._asked: set[str] = set()
        self._answered: set[str] = set()
        self._queue: queue.Queue[str | None] = queue.Queue(waiting)
        self._running: list[threading.Thread] = []
        self._closed = False

    def get(self, address: str) -> str | None:
        """The name if it is known now."""
        with self._lock:
            found = self._known.get(address)
            return found[1] if found is not None else None

    def ask(self, addresses: Iterable[str]) -> list[str]:
        """Have those that are not known, or were learnt long ago, looked up. Gives those that there was no room for."""
        now = time.monotonic()
        refused: list[str] = []
        with self._lock:
            if self._closed:
                return refused
            for address in addresses:
                found = self._known.get(address)
                if address in self._asked or (found is not None and now - found[0] < self._keep):
                    continue
                try:
                    self._queue.put_nowait(address)
                except queue.Full:
                    refused.append(address)
                    continue
                self._asked.add(address)
            while len(self._running) < min(self._threads, len(self._asked)):
                thread = threading.Thread(target=self._work, name="host-names", daemon=True)
                self._running.append(thread)
                thread.start()
        return refused

    def answered(self) -> set[str]:
        """The addresses that were answered since the last call."""
        with self._lock:
            answered, self._answered = self._answered, set()
            return answered

    def close(self) -> None:
        """Ask nothing more. Questions under way end by themselves, on daemon threads."""
        with self._lock:
            self._closed = True
            running = len(self._running)
        while not self._queue.empty():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        for _ in range(running):
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                break

    def _work(self) -> None:
        while (address := self._queue.get()) is not None:
            try:
                name, _ = socket.getnameinfo((address, 0), socket.NI_NAMEREQD | socket.NI_DGRAM)
            except (OSError, UnicodeError):
                name = ""
            with self._lock:
                self._known[address] = (time.monotonic(), name or None)
                self._known.move_to_end(address)
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
                self._asked.discard(address)
                self._answered.add(address)
                if self._closed:
                    return
