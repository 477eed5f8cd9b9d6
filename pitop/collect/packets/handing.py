"""What the helper hands over packet by packet: finished ones to print, the bytes of a file to write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pitop.collect.packets.capture import FileInput
from pitop.collect.packets.messages import Config, Print, Printed, Saved
from pitop.collect.packets.store import Chunk
from pitop.collect.packets.view import View
from pitop.kernel.packets.blocks import RingBlock
from pitop.kernel.packets.writer import RecordBuilder
from pitop.model.packets.frame import Frame
from pitop.model.packets.owners import owner_comment
from pitop.model.packets.packet import Packet

if TYPE_CHECKING:
    from pitop.collect.packets.helper import Helper

__all__ = ["SLICE", "WAITING_MOST", "Printing", "SavingToFile"]

SLICE = 0.008  # seconds of indexing, filtering or writing between two looks at the ring
WAITING_MOST = 8 << 20  # bytes that may wait for the screen's process before nothing more is written to it
_BATCH = 256


class Printing:
    """Hands over every packet, once its flow's process is known or has been looked for."""

    def __init__(self, helper: Helper, asked: Print) -> None:
        self._helper = helper
        self._view = View(helper.store, asked.filter)
        self._next = helper.store.first
        self._left = asked.count
        self._filter = self._view.filter

    @property
    def behind(self) -> bool:
        """Whether there is more to hand over."""
        return self._left != 0 and self._next < self._helper.store.next

    def go_on(self) -> bool:
        """Send the packets that the index has been through; whether there are more."""
        helper = self._helper
        if helper.channel.waiting > WAITING_MOST:
            return False
        known = helper.index.next
        self._next = max(self._next, helper.store.first)
        packets: list[Packet] = []
        while self._next < known and len(packets) < _BATCH and self._left != 0:
            if helper.unsettled(self._next):
                break
            row = helper.store.row(self._next)
            self._next += 1
            if row is None or (self._filter is not None and not self._filter(row)):
                continue
            packets.append(Packet.of(row))
            if self._left is not None:
                self._left -= 1
        if packets:
            helper.channel.send(Printed(tuple(packets)))
        source = helper.source
        if self._left == 0 or (isinstance(source, FileInput) and source.ended and self._next >= helper.store.next):
            helper.end()
        return self._next < known


class SavingToFile:
    """Turns packets into the bytes of a file, at full rate; what was gone before it came to it is counted."""

    def __init__(self, helper: Helper, config: Config) -> None:
        assert config.saving is not None
        self._helper = helper
        self._policy = config.saving
        self._snap = config.snap_length
        self._builder: RecordBuilder | None = None
        # Without names beside the packets and without new files nothing has to be looked at one by one.
        self._plain = not self._policy.pcapng and self._policy.size_bytes is None and self._policy.seconds is None
        self._next = helper.store.first
        self._size = 0
        self._since = time.monotonic()
        self.saved = 0
        self.lost = 0

    @property
    def needs_index(self) -> bool:
        """Whether processes are written beside the packets."""
        return self._policy.pcapng

    @property
    def behind(self) -> bool:
        """Whether there is more to hand over."""
        return self._next < self._helper.store.next

    def go_on(self) -> bool:
        """Build records of what has come in; whether there are more."""
        helper = self._helper
        store = helper.store
        until = time.monotonic() + 2 * SLICE
        while self._next < store.next and helper.channel.waiting < WAITING_MOST and time.monotonic() < until:
            if self._next < store.first:
                self.lost += store.first - self._next
                self._next = store.first
            chunk = store.chunk_of(self._next)
            if chunk is None:
                break
            start = self._next - chunk.first
            stop = chunk.frames.packets
            if self._policy.pcapng:
                stop = min(stop, len(chunk.flows))  # the process is written beside the packet: the index goes first
                stop = next((at for at in range(start, stop) if helper.unsettled(chunk.first + at)), stop)
            stop = min(stop, start + 2048)
            if self._policy.count is not None:
                stop = min(stop, start + self._policy.count - self.saved)
            if stop <= start:
                break
            if self._builder is not None and self._plain and isinstance(chunk.frames, RingBlock):
                records, count, other = chunk.frames.pcap_records(start, stop, self._builder.link, self._snap)
                self.lost += other
                self._send([records] if records else [], count, new_file=False)
            else:
                self._records([self._noted(chunk, place) for place in range(start, stop)])
            self._next += stop - start
            if self.saved == self._policy.count:
                helper.end()
                return False
        return self._next < store.next and helper.channel.waiting < WAITING_MOST

    def _noted(self, chunk: Chunk, place: int) -> Frame:
        frame = chunk.frames.frame(place)
        if self._policy.pcapng:
            flow = chunk.flows[place]
            if flow is not None and flow.owner is not None:
                return frame._replace(comment=owner_comment(flow.owner))
        return frame

    def _records(self, frames: list[Frame]) -> None:
        parts: list[bytes] = []
        count = 0
        for frame in frames:
            if self._builder is None:
                self._builder = RecordBuilder(pcapng=self._policy.pcapng, link=frame.link, snap_length=self._snap)
                parts.append(self._builder.header())
                self._send(parts, 0, new_file=True)
                parts = []
            try:
                record = self._builder.record(frame)
            except OSError:
                self.lost += 1
                continue
            due = self._policy.size_bytes is not None and self._size + len(record) > self._policy.size_bytes
            due = due or (self._policy.seconds is not None and time.monotonic() - self._since > self._policy.seconds)
            if due and self._size > 200:
                self._send(parts, count, new_file=False)
                count = 0
                self._size = 0
                self._since = time.monotonic()
                self._send([self._builder.header()], 0, new_file=True)
                parts = []
                record = self._builder.record(frame)
            parts.append(record)
            self._size += len(record)
            count += 1
        self._send(parts, count, new_file=False)

    def _send(self, parts: list[bytes], packets: int, *, new_file: bool) -> None:
        if parts:
            self._helper.channel.send(Saved(b"".join(parts), packets, new_file))
            self.saved += packets
