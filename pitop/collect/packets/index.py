"""Goes through stored packets in their order: flows, sequence numbers, troubles, statistics."""

from __future__ import annotations

import time
from collections.abc import Callable

from pitop.collect.packets.store import Chunk, PacketStore
from pitop.model.packets.analysis import window_scale
from pitop.model.packets.flows import Flow, Flows
from pitop.model.packets.frame import Frame
from pitop.model.packets.statistics import Statistics
from pitop.model.packets.summary import Summary, summarise

__all__ = ["Index"]

_SYN = 0x02
_DOMAIN = 53
_STRETCH = 64  # packets between two looks at the clock


class Index:
    """Follows a store, in slices of time, so that taking packets in and answering come first.

    `opened` is called with each new flow: it is then that its process can still be found. `cookie` tells which socket
    sent a packet that may begin something; 0 where that is not known. Without `counted` no statistics are gathered but
    the octets of all packets.
    """

    def __init__(
        self,
        store: PacketStore,
        opened: Callable[[Flow, Summary, Frame], None],
        cookie: Callable[[Summary, bytes], int] = lambda summary, data: 0,
        *,
        counted: bool = True,
    ) -> None:
        self.store = store
        self.next = 1
        self.skipped = 0
        self.flows = Flows()
        self.statistics = Statistics()
        self._opened = opened
        self._cookie = cookie
        self._counted = counted

    @property
    def lag(self) -> int:
        """Packets that it has not come to yet."""
        return self.store.next - self.next

    def go_on(self, seconds: float) -> bool:
        """Work for about `seconds`; whether there is more to do."""
        until = time.monotonic() + seconds
        store = self.store
        while self.next < store.next:
            if self.next < store.first:
                self.skipped += store.first - self.next
                self.next = store.first
            chunk = store.chunk_of(self.next)
            if chunk is None:
                break
            place = self.next - chunk.first
            while len(chunk.flows) < place:  # begun in the middle: what was before is not known
                chunk.flows.append(None)
                chunk.bases.append(None)
            last = min(place + _STRETCH, chunk.frames.packets)
            self._stretch(chunk, place, last)
            if time.monotonic() > until:
                return self.next < store.next
        return False

    def _stretch(self, chunk: Chunk, first: int, last: int) -> None:
        """Enter the packets of a chunk from `first` to before `last`."""
        enter, statistics = self.flows.enter, self.statistics
        count = statistics.count if self._counted else statistics.weigh
        note_flow, note_base = chunk.flows.append, chunk.bases.append
        for number, frame in enumerate(chunk.frames.between(first, last), first):
            summary = summarise(frame.data, frame.link, frame.length)
            scale = window_scale(frame.data, summary) if summary.flags > 0 and summary.flags & _SYN else None
            moment = frame.seconds + frame.nanoseconds / 1e9
            cookie = self._cookie(summary, frame.data) if summary.destination_port == _DOMAIN else 0
            flow, new, base, trouble = enter(summary, moment, frame.length, chunk.first + number, scale, cookie)
            note_flow(flow)
            note_base(base)
            if trouble:
                chunk.troubles[number] = trouble
            count(summary, frame, moment, trouble)
            self.next += 1
            if new and flow is not None:
                self._opened(flow, summary, frame)
