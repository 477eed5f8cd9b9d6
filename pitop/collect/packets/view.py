"""Which stored packets a screen shows: all of them, or those that a display filter lets pass."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left

from pitop.collect.packets.store import PacketStore
from pitop.model.filter import Filter, compile_filter
from pitop.model.packets.packet import Packet, PacketRow
from pitop.render.packets import MAIN, OPERANDS

__all__ = ["View"]


class View:
    """A display filter's rows, found in slices of time from the oldest packet on. Raises FilterError."""

    def __init__(self, store: PacketStore, text: str) -> None:
        self.text = text
        self._store = store
        self.filter: Filter[PacketRow] | None = compile_filter(text, OPERANDS, MAIN) if text.strip() else None
        self._found = array("Q")
        self._gone = 0
        self._next = store.first

    @property
    def behind(self) -> int:
        """Packets that have not been looked at."""
        return 0 if self.filter is None else self._store.next - max(self._next, self._store.first)

    @property
    def examined(self) -> int:
        """Packets that have."""
        return self._store.next - 1 - self.behind

    def go_on(self, seconds: float, limit: int) -> bool:
        """Look at packets up to number `limit` for about `seconds`; whether there is more to do."""
        if self.filter is None:
            return False
        store = self._store
        until = time.monotonic() + seconds
        self._next = max(self._next, store.first)
        while self._next < min(limit, store.next):
            row = store.row(self._next)
            if row is not None and self.filter(row):
                self._found.append(self._next)
            self._next += 1
            if not self._next & 0x0F and time.monotonic() > until:
                break
        return self._next < min(limit, store.next)

    def __len__(self) -> int:
        self._forget()
        if self.filter is None:
            return self._store.next - self._store.first
        return len(self._found)

    def _forget(self) -> None:
        """Leave out what the store has forgotten."""
        gone = bisect_left(self._found, self._store.first)
        if gone:
            del self._found[:gone]
            self._gone += gone

    def numbers(self, first: int | None, count: int) -> tuple[int, list[int]]:
        """Where the window begins and the packets in it; the newest ones when `first` is None."""
        size = len(self)
        start = max(0, size - count) if first is None else max(0, min(first, size - 1))
        stop = min(size, start + count)
        if self.filter is None:
            oldest = self._store.first
            return start, list(range(oldest + start, oldest + stop))
        return start, list(self._found[start:stop])

    def packets(self, numbers: list[int]) -> tuple[Packet, ...]:
        """Finished packets; those that went meanwhile are left out."""
        rows = (self._store.row(number) for number in numbers)
        return tuple(Packet.of(row, 4096) for row in rows if row is not None)
