"""Where the helper's packets come from: the kernel's ring, or a file."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator

from pitop.collect.packets.messages import Config
from pitop.collect.packets.store import PacketStore
from pitop.kernel.packets.assembler import (
    Session,
    combined,
    conversations,
    leave_out,
    once_on_loopback,
    per_link,
)
from pitop.kernel.packets.blocks import RingBlock
from pitop.kernel.packets.libpcap import compile_capture_filter
from pitop.kernel.packets.reader import CaptureFile, CaptureFileError
from pitop.kernel.packets.ring import HARDWARE_LINKS, Ring, RingCounts, interface_names, link_of_interface
from pitop.model.packets.frame import Frame

__all__ = ["FileInput", "RingInput", "program_for"]

_RAW = 101
_NAMES_EVERY = 1.0
_BATCH = 1_000


def program_for(config: Config) -> bytes:
    """The classic BPF program of a capture. Raises BadFilter, LibpcapMissing, OSError for no such interface."""
    parts = [once_on_loopback()]
    parts += [leave_out(Session(*session)) for session in config.sessions]
    if config.light:
        return combined(parts, conversations())
    if not config.expression.strip():
        return combined(parts, None)
    if config.interface is not None:
        link = link_of_interface(config.interface)
        return combined(parts, compile_capture_filter(config.expression, link, config.snap_length).code)
    links = {1, _RAW}
    programs = {link: compile_capture_filter(config.expression, link, config.snap_length).code for link in links}
    hardware = {kind: link for kind, link in HARDWARE_LINKS.items() if link in programs}
    return combined(parts, per_link(programs, hardware, _RAW))


class RingInput:
    """Takes blocks from the kernel into the store."""

    reading = False

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._names = interface_names()
        self._looked = time.monotonic()
        self.captured = 0
        self.octets = 0
        self.note = ""
        self.ended = False
        self._counts = RingCounts(0, 0, 0)

    def fileno(self) -> int:
        """What becomes readable when there is something."""
        return self.ring.fileno()

    def take(self, store: PacketStore, most: int = 128) -> bool:
        """Take in what is there, at most so many blocks; whether there was any."""
        if self.ended:
            return False
        now = time.monotonic()
        if now - self._looked > _NAMES_EVERY:
            self._names = interface_names()
            self._looked = now
        taken = 0
        while taken < most:
            block = self.ring.take()
            if block is None:
                break
            store.add(RingBlock(block.data, block.packets, block.first, self._names))
            self.captured += block.packets
            self.octets += len(block.data)
            taken += 1
        return taken > 0

    def look_after(self) -> None:
        """See what has become of the interface."""
        if not self.ended:
            self.note = self.ring.trouble() or ""

    def halt(self, store: PacketStore, patience: float) -> None:
        """Take in what comes within so many seconds (the kernel holds a block back until it is due), then no more."""
        last = time.monotonic() + patience
        while time.monotonic() < last:
            self.ring.wait(int(patience * 1000) + 1)
            self.take(store)
        self._counts = self.ring.counts()
        self.ended = True
        self.close()

    def count(self, status: dict[str, int]) -> None:
        """Add the kernel's counts."""
        counts = self._counts if self.ended else self.ring.counts()
        status.update(received=counts.received, dropped=counts.dropped, freezes=counts.freezes)

    def close(self) -> None:
        """Give the ring back."""
        self.ring.close()


class _Spooled:
    """A batch of a file's packets: where their bytes lie in the spool, and their times and lengths."""

    __slots__ = ("_at", "_frames", "_input", "_nanoseconds", "_seconds", "_sizes", "_wire", "packets")

    size = 32 * _BATCH

    def __init__(self, source: FileInput, frames: list[Frame]) -> None:
        self._input = source
        self.packets = len(frames)
        self._seconds = array("Q", (frame.seconds & 0xFFFFFFFFFFFFFFFF for frame in frames))
        self._nanoseconds = array("Q", (frame.nanoseconds for frame in frames))
        self._wire = array("I", (frame.length & 0xFFFFFFFF for frame in frames))
        self._sizes = array("I", (len(frame.data) for frame in frames))
        self._at = array("Q")
        self._frames = [(frame.link, frame.interface, frame.outgoing, frame.comment) for frame in frames]
        if len(set(self._frames)) == 1:
            del self._frames[1:]
        for frame in frames:
            self._at.append(source.spool(frame.data))

    def frame(self, place: int) -> Frame:
        return next(self.between(place, place + 1))

    def between(self, first: int, last: int) -> Iterator[Frame]:
        """Those from `first` to before `last`, read at once."""
        start = self._at[first]
        content = self._input.content(start, self._at[last - 1] + self._sizes[last - 1] - start)
        several = len(self._frames) > 1
        for place in range(first, last):
            link, interface, outgoing, comment = self._frames[place if several else 0]
            at = self._at[place] - start
            yield Frame(
                self._seconds[place], self._nanoseconds[place], link, self._wire[place],
                content[at : at + self._sizes[place]], interface, outgoing, comment,
            )  # fmt: skip


class FileInput:
    """Reads a file into the store, batch by batch; the packets' bytes lie in an unnamed temporary file meanwhile.

    Raises CaptureFileError and OSError when the file is none.
    """

    def __init__(self, path: str) -> None:
        import tempfile  # dear, and not for those who capture

        self._file = CaptureFile(path)
        self._frames: Iterator[Frame] = iter(self._file)
        self._spool = tempfile.TemporaryFile(buffering=1 << 18)  # noqa: SIM115 - it lives as long as this object
        self._written = 0
        self._flushed = 0
        self.captured = 0
        self.octets = 0
        self.note = ""
        self.ended = False

    @property
    def reading(self) -> bool:
        """Whether there is more to come."""
        return not self.ended

    def spool(self, data: bytes) -> int:
        """Keep bytes; gives where."""
        at = self._written
        self._spool.write(data)
        self._written += len(data)
        return at

    def content(self, at: int, size: int) -> bytes:
        """Bytes that were kept."""
        import os

        if at + size > self._flushed:
            self._spool.flush()
            self._flushed = self._written
        return os.pread(self._spool.fileno(), size, at)

    def take(self, store: PacketStore, most: int = 4) -> bool:
        """Read at most so many batches; whether there was anything."""
        for _ in range(most):
            if self.ended:
                return False
            frames: list[Frame] = []
            try:
                for frame in self._frames:
                    frames.append(frame)
                    if len(frames) == _BATCH:
                        break
                else:
                    self.ended = True
            except (CaptureFileError, OSError) as error:
                self.note = str(error)
                self.ended = True
            if frames:
                store.add(_Spooled(self, frames))
                self.captured += len(frames)
                self.octets += sum(frame.length for frame in frames)
        return True

    def look_after(self) -> None:
        """Nothing happens to a file."""

    def count(self, status: dict[str, int]) -> None:
        """A file has no losses."""
        status["received"] = self.captured

    def close(self) -> None:
        """Close both files."""
        self._file.close()
        self._spool.close()
