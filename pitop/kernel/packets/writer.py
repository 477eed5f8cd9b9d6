"""Writing captures: pcap and pcapng, compressed by the name's ending, one file or a ring of them, mode 0600."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import sys
import time
from dataclasses import dataclass
from typing import BinaryIO, cast

from pitop.kernel.packets.zstandard import ZstdWriter
from pitop.model.packets.frame import Frame

__all__ = ["CaptureWriter", "RecordBuilder", "Ring"]

_BUFFER = 1 << 18
_DIFFERENT = "a pcap file holds packets of one link type; write to a name that ends in .pcapng for several"


@dataclass(frozen=True, slots=True)
class Ring:
    """When to begin a new file, and how many to keep: bytes in one, seconds in one, files before the oldest goes."""

    size_bytes: int | None = None
    seconds: float | None = None
    files: int | None = None

    @property
    def rotates(self) -> bool:
        """Whether there is more than one file."""
        return self.size_bytes is not None or self.seconds is not None


class RecordBuilder:
    """Packets as the bytes of a capture file. Raises OSError for a second link type in pcap, which has room for one."""

    def __init__(self, *, pcapng: bool, link: int, snap_length: int = 262144) -> None:
        self.pcapng = pcapng
        self.link = link
        self.snap_length = snap_length
        self._interfaces: dict[tuple[str | None, int], int] = {}

    def header(self) -> bytes:
        """What a file begins with; what follows describes its interfaces anew."""
        self._interfaces.clear()
        if self.pcapng:
            return _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _option(4, b"pitop") + _END)
        return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.snap_length, self.link)

    def record(self, frame: Frame) -> bytes:
        """One packet, in pcapng with the description of its interface when that is new."""
        return self._enhanced(frame) if self.pcapng else self._classic(frame)

    def _classic(self, frame: Frame) -> bytes:
        if frame.link != self.link:
            raise OSError(_DIFFERENT)
        data = frame.data[: self.snap_length]
        micros = frame.nanoseconds // 1000
        return struct.pack("<IIII", frame.seconds & 0xFFFFFFFF, micros, len(data), frame.length) + data

    def _enhanced(self, frame: Frame) -> bytes:
        key = (frame.interface, frame.link)
        head = b""
        number = self._interfaces.get(key)
        if number is None:
            number = self._interfaces[key] = len(self._interfaces)
            options = _option(9, b"\x09") + _END
            if frame.interface is not None:
                options = _option(2, frame.interface.encode("utf-8", "surrogateescape")) + options
            head = _block(1, struct.pack("<HHI", frame.link, 0, self.snap_length) + options)
        data = frame.data[: self.snap_length]
        moment = max(0, frame.seconds * 1_000_000_000 + frame.nanoseconds)
        body = struct.pack("<IIIII", number, moment >> 32 & 0xFFFFFFFF, moment & 0xFFFFFFFF, len(data), frame.length)
        options = b""
        if frame.comment is not None:
            options += _option(1, frame.comment.encode("utf-8", "surrogateescape")[:65000])
        if frame.outgoing is not None:
            options += _option(2, struct.pack("<I", 2 if frame.outgoing else 1))
        return head + _block(6, body + data + bytes(-len(data) % 4) + (options + _END if options else b""))


class CaptureWriter:
    """Writes frames to `path`; a context manager. `-` is standard output.

    A name that ends in `.pcapng` (before `.gz` or `.zst`) makes that format, which keeps interfaces, nanoseconds and
    notes; all others pcap. What was written stays readable when the disk fills up: a packet that did not fit is taken
    back, and OSError raised. `head` begins a file whose records are built elsewhere.
    """

    def __init__(
        self, path: str, link: int, snap_length: int = 262144, ring: Ring | None = None, head: bytes | None = None
    ) -> None:
        self.path = path
        self.link = link
        self.snap_length = snap_length
        self.ring = Ring() if ring is None or path == "-" else ring
        self.files: list[str] = []
        self.packets = 0
        self._number = 0
        self.pcapng = ".pcapng" in os.path.basename(path).lower()
        self.builder = RecordBuilder(pcapng=self.pcapng, link=link, snap_length=snap_length)
        self._open(self.builder.header() if head is None else head)

    def __enter__(self) -> CaptureWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, frame: Frame) -> None:
        """Append a packet."""
        record = self.builder.record(frame)
        if self.ring.rotates and self._written > self._begun and self._due(len(record)):
            self.rotate(self.builder.header())
            record = self.builder.record(frame)
        self._put(record)
        self.packets += 1

    def append(self, records: bytes, packets: int) -> None:
        """Append whole records that were built elsewhere."""
        self._put(records)
        self.packets += packets

    def rotate(self, head: bytes) -> None:
        """Begin the next file of the ring with `head`."""
        self.close()
        self._open(head)

    def flush(self) -> None:
        """Hand everything written so far to the system."""
        self._guarded(b"")
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._file.closed:
            return
        try:
            self._guarded(b"")
        finally:
            if not self._piped:
                self._file.close()
            else:
                self._file.flush()

    def _due(self, size: int) -> bool:
        ring = self.ring
        too_big = ring.size_bytes is not None and self._written + size > ring.size_bytes
        return too_big or (ring.seconds is not None and time.monotonic() - self._since >= ring.seconds)

    def _open(self, head: bytes) -> None:
        name = self.path
        if self.ring.rotates:
            stem, dot, ending = _split(name)
            name = f"{stem}_{self._number:05d}{dot}{ending}"
        self._number += 1
        self._piped = name == "-"
        # Under a screen, standard output is something else than a file: it is touched only when asked for.
        self._file = cast(BinaryIO, sys.stdout.buffer) if self._piped else _create(name)
        self._pending = bytearray()
        self._written = 0
        self._since = time.monotonic()
        self.files.append(name)
        while self.ring.rotates and self.ring.files is not None and len(self.files) > self.ring.files:
            old = self.files.pop(0)
            try:
                os.unlink(old)
            except FileNotFoundError:
                pass
        self._put(head)
        self._begun = self._written

    def _put(self, record: bytes) -> None:
        self._pending += record
        self._written += len(record)
        if len(self._pending) >= _BUFFER:
            self._guarded(b"")

    def _guarded(self, record: bytes) -> None:
        """Write whole records only: what a full disk cut off is taken back where the file allows it."""
        self._pending += record
        if not self._pending:
            return
        place = self._file.tell() if self._plain and self._file.seekable() else -1
        content, self._pending = bytes(self._pending), bytearray()
        try:
            left = memoryview(content)
            while left:  # a disk that is nearly full takes a part, and refuses the rest
                left = left[self._file.write(left) :]
            self._file.flush()
        except OSError:
            if place >= 0:
                self._keep_whole(place, content)
            raise

    @property
    def _plain(self) -> bool:
        return not self._piped and not isinstance(self._file, gzip.GzipFile | ZstdWriter)

    def _keep_whole(self, place: int, content: bytes) -> None:
        """Cut the file back behind the last record that reached it."""
        try:
            size = os.fstat(self._file.fileno()).st_size
            end = place + _whole(content, size - place, self.pcapng, place == 0)
            os.ftruncate(self._file.fileno(), end)
            os.lseek(self._file.fileno(), end, os.SEEK_SET)
        except OSError:
            pass


_END = bytes(4)


class _GzipWriter(gzip.GzipFile):
    """A gzip stream that closes the file under it as well."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(filename="", mode="wb", compresslevel=4, fileobj=raw, mtime=0)
        self._raw = raw

    def close(self) -> None:
        super().close()
        self._raw.close()


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _whole(content: bytes, size: int, pcapng: bool, first: bool) -> int:
    """How many of the first `size` bytes are whole records."""
    at = 24 if first and not pcapng else 0
    if at > size:
        return 0
    while True:
        if at + 16 > len(content):
            return at
        length = struct.unpack_from("<I", content, at + (4 if pcapng else 8))[0]
        following = at + (length if pcapng else 16 + length)
        if following > size:
            return at
        at = following


def _split(name: str) -> tuple[str, str, str]:
    """`dir/cap`, `.`, `pcap.gz` of `dir/cap.pcap.gz`."""
    folder, base = os.path.split(name)
    stem, dot, ending = base.partition(".")
    return os.path.join(folder, stem), dot, ending


def _create(name: str) -> BinaryIO:
    """A new file that only its owner may read, compressed when its name says so."""
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, 0o600)
    raw = cast(BinaryIO, io.FileIO(descriptor, "wb"))
    if name.endswith(".gz"):
        return cast(BinaryIO, _GzipWriter(raw))
    if name.endswith(".zst"):
        return cast(BinaryIO, ZstdWriter(raw))
    return raw
