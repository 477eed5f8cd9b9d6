"""Packets kept in bounded memory: the oldest go first, and how many went is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from pitop.model.packets.flows import Flow
from pitop.model.packets.frame import Frame
from pitop.model.packets.owners import owner_of_comment
from pitop.model.packets.row import Base, Row

__all__ = ["Chunk", "Frames", "PacketStore"]


class Frames(Protocol):
    """Some packets in a row that can be cut out one by one."""

    @property
    def packets(self) -> int: ...
    @property
    def size(self) -> int: ...
    def frame(self, place: int) -> Frame: ...
    def between(self, first: int, last: int) -> Iterator[Frame]: ...


class Chunk:
    """Packets from `first` on, and what the index has found out about them so far."""

    __slots__ = ("bases", "first", "flows", "frames", "troubles")

    def __init__(self, first: int, frames: Frames) -> None:
        self.first = first
        self.frames = frames
        self.bases: list[Base | None] = []
        self.flows: list[Flow | None] = []
        self.troubles: dict[int, tuple[str, ...]] = {}


class PacketStore:
    """Chunks in order; packets are numbered from 1 over the whole capture."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.chunks: deque[Chunk] = deque()
        self.bytes = 0
        self.next = 1
        self.evicted = 0
        self.began: float | None = None

    @property
    def first(self) -> int:
        """The number of the oldest packet that is still there."""
        return self.chunks[0].first if self.chunks else self.next

    def add(self, frames: Frames) -> Chunk | None:
        """Take in packets; gives what they became, and forgets the oldest beyond the limit."""
        if not frames.packets:
            return None
        chunk = Chunk(self.next, frames)
        if self.began is None:
            self.began = frames.frame(0).time
        self.chunks.append(chunk)
        self.next += frames.packets
        self.bytes += frames.size
        while self.bytes > self.limit_bytes and len(self.chunks) > 1:
            gone = self.chunks.popleft()
            self.bytes -= gone.frames.size
            self.evicted += gone.frames.packets
        return chunk

    def chunk_of(self, number: int) -> Chunk | None:
        """The chunk that holds a packet; None when it is gone or not there yet."""
        if not self.first <= number < self.next:
            return None
        low, high = 0, len(self.chunks) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.chunks[middle].first <= number:
                low = middle
            else:
                high = middle - 1
        return self.chunks[low]

    def frame(self, number: int) -> Frame | None:
        """A packet by its number."""
        chunk = self.chunk_of(number)
        return None if chunk is None else chunk.frames.frame(number - chunk.first)

    def row(self, number: int) -> Row | None:
        """A packet with everything the index knows of it."""
        chunk = self.chunk_of(number)
        if chunk is None:
            return None
        place = number - chunk.first
        frame = chunk.frames.frame(place)
        row = Row(number, frame)
        if place < len(chunk.flows):
            row.base = chunk.bases[place]
            flow = chunk.flows[place]
            if flow is not None:
                row.owner, row.peer = flow.owner, flow.peer
            if row.owner is None:
                row.owner = owner_of_comment(frame.comment)
            row.trouble = chunk.troubles.get(place, ())
        if self.began is not None:
            row.since_start = frame.time - self.began
        before = self.frame(number - 1) if place == 0 else chunk.frames.frame(place - 1)
        row.since_previous = None if before is None else frame.time - before.time
        return row
