"""Capture files: pcap, pcapng, plain or compressed with gzip or zstd (draft-ietf-opsawg-pcap and -pcapng)."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from pitop.kernel.packets.zstandard import ZstdReader
from pitop.model.packets.frame import Frame

__all__ = ["CaptureFile", "CaptureFileError", "open_raw"]

_MICRO, _NANO, _MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
_SECTION = 0x0A0D0D0A
_ORDER_MARK = 0x1A2B3C4D
_MOST = 262144  # bytes of one packet (libpcap's MAXIMUM_SNAPLEN)
_MOST_DBUS = 128 << 20
_MOST_BLOCK = 16 << 20
_MOST_INTERFACES = 65536


class CaptureFileError(Exception):
    """A file that is no capture, or is one no further: what was read before stands."""


def open_raw(path: str) -> BinaryIO:
    """The file, not looked into; `-` is standard input. Raises OSError."""
    return cast(BinaryIO, sys.stdin.buffer) if path == "-" else open(path, "rb", buffering=1 << 18)


class CaptureFile:
    """Reads a capture's packets in their order; a context manager.

    `path` may be `-` for standard input; `raw` is the file where it is open already. Raises OSError when it cannot be
    opened and CaptureFileError when it is not a capture, here or while reading. `link` is the first packet's link type,
    known at once for pcap.
    """

    def __init__(self, path: str, raw: BinaryIO | None = None) -> None:
        self.path = path
        raw = self._raw = open_raw(path) if raw is None else raw
        try:
            self._file = _plain(raw)
            self.format, self.link, self.snap_length = self._begin()
        except (OSError, EOFError, zlib.error) as error:
            raw.close()
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise CaptureFileError(f"{path}: {error}") from None
        except BaseException:
            raw.close()
            raise

    def __enter__(self) -> CaptureFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self.path != "-":
            self._raw.close()

    def __iter__(self) -> Iterator[Frame]:
        frames = self._pcap() if self.format == "pcap" else self._pcapng()
        try:
            yield from frames
        except (EOFError, zlib.error, struct.error) as error:
            raise CaptureFileError(f"{self.path}: {error}") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise CaptureFileError(f"{self.path}: {error}") from None

    def _begin(self) -> tuple[str, int, int]:
        head = self._file.read(4)
        if len(head) < 4:
            raise CaptureFileError(
                f"{self.path}: {'the file is empty' if not head else 'too short'}; a pcap or pcapng file is expected"
            )
        if int.from_bytes(head, "little") == _SECTION:
            return "pcapng", -1, 0
        for order in "<>":
            if struct.unpack(order + "I", head)[0] in (_MICRO, _NANO, _MODIFIED):
                return self._pcap_header(order, struct.unpack(order + "I", head)[0])
        raise CaptureFileError(f"{self.path}: not a pcap or pcapng file")

    def _pcap_header(self, order: str, magic: int) -> tuple[str, int, int]:
        rest = self._file.read(20)
        if len(rest) < 20:
            raise CaptureFileError(f"{self.path}: the file header is cut")
        major, minor, _, _, snap, link = struct.unpack(order + "HHiIII", rest)
        if major < 2:
            raise CaptureFileError(f"{self.path}: pcap version {major}.{minor} is too old")
        self._order = order
        self._scale = 1 if magic == _NANO else 1000
        self._extra = 8 if magic == _MODIFIED else 0
        # Before version 2.3 the two lengths of a packet stood the other way round, in 2.3 in either order.
        self._swapped = "always" if (major, minor) < (2, 3) or major == 543 else "maybe" if minor == 3 else ""
        link &= 0x03FFFFFF
        return "pcap", link, snap if 0 < snap <= 0x7FFFFFFF else _MOST

    def _pcap(self) -> Iterator[Frame]:
        read = self._file.read
        header = struct.Struct(self._order + "IIII")
        size = 16 + self._extra
        link, snap, scale, swapped = self.link, self.snap_length, self._scale, self._swapped
        most = _MOST_DBUS if link == 231 else _MOST
        while True:
            head = read(size)
            if len(head) < size:
                if head:
                    raise CaptureFileError(f"{self.path}: cut in the middle of a packet's header")
                return
            seconds, fraction, captured, length = header.unpack_from(head)
            if swapped == "always" or (swapped and captured > length):
                captured, length = length, captured
            if captured > most:
                raise CaptureFileError(f"{self.path}: a packet of {captured} bytes cannot be; the file is damaged")
            data = read(captured)
            if len(data) < captured:
                raise CaptureFileError(f"{self.path}: cut in the middle of a packet")
            if captured > snap:
                data = data[:snap]
            yield Frame(seconds, fraction * scale, link, length, data)

    def _pcapng(self) -> Iterator[Frame]:
        section = _Section(self.path, self._file)
        yield from section.frames()


class _Interface:
    """An interface description block: how to read the packets that name it."""

    __slots__ = ("divisor", "link", "multiplier", "name", "offset", "snap")

    def __init__(self, body: bytes, order: str) -> None:
        self.link, _, snap = struct.unpack_from(order + "HHI", body)
        self.snap = snap or _MOST
        self.name: str | None = None
        self.multiplier, self.divisor, self.offset = 1000, 1, 0
        for code, value in _options(body, 8, order):
            if code == 2:
                self.name = value.decode("utf-8", "backslashreplace").rstrip("\0")
            elif code == 9 and value:
                self._resolution(value[0])
            elif code == 14 and len(value) >= 8:
                self.offset = struct.unpack_from(order + "q", value)[0]

    def _resolution(self, value: int) -> None:
        if value & 0x80:
            self.multiplier, self.divisor = 1_000_000_000, 1 << (value & 0x7F)
        elif value <= 9:
            self.multiplier, self.divisor = 10 ** (9 - value), 1
        else:
            self.multiplier, self.divisor = 1, 10 ** (min(value, 40) - 9)

    def moment(self, stamp: int) -> tuple[int, int]:
        """Seconds and nanoseconds of a time stamp."""
        seconds, nanoseconds = divmod(stamp * self.multiplier // self.divisor, 1_000_000_000)
        return seconds + self.offset, nanoseconds


class _Section:
    """The blocks of a pcapng file; each section header starts the interfaces anew."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path = path
        self.file = file
        self.order = "<"
        self.interfaces: list[_Interface] = []

    def frames(self) -> Iterator[Frame]:
        kind_bytes: bytes = struct.pack("<I", _SECTION)  # its first four bytes have been read
        while kind_bytes:
            if len(kind_bytes) < 4:
                raise CaptureFileError(f"{self.path}: cut in the middle of a block")
            if kind_bytes == b"\x0a\x0d\x0d\x0a":
                self._section()
            else:
                kind = struct.unpack(self.order + "I", kind_bytes)[0]
                frame = self._block(kind)
                if frame is not None:
                    yield frame
            kind_bytes = self.file.read(4)

    def _take(self, size: int) -> bytes:
        content = self.file.read(size)
        if len(content) < size:
            raise CaptureFileError(f"{self.path}: cut in the middle of a block")
        return content

    def _body(self, size: int) -> bytes:
        if size < 12 or size % 4 or size > _MOST_BLOCK:
            raise CaptureFileError(f"{self.path}: a block of {size} bytes cannot be; the file is damaged")
        body = self._take(size - 8)
        return body[:-4]

    def _section(self) -> None:
        length, mark = self._take(4), self._take(4)
        for order in "<>":
            if struct.unpack(order + "I", mark)[0] == _ORDER_MARK:
                self.order = order
                break
        else:
            raise CaptureFileError(f"{self.path}: a section without a byte order")
        size = struct.unpack(self.order + "I", length)[0]
        if size < 28:
            raise CaptureFileError(f"{self.path}: a section header of {size} bytes cannot be")
        self._body(size - 4)
        self.interfaces = []

    def _block(self, kind: int) -> Frame | None:
        body = self._body(struct.unpack(self.order + "I", self._take(4))[0])
        try:
            if kind == 1:
                if len(self.interfaces) >= _MOST_INTERFACES:
                    raise CaptureFileError(f"{self.path}: more than {_MOST_INTERFACES} interfaces")
                self.interfaces.append(_Interface(body, self.order))
            elif kind == 6:
                return self._enhanced(body)
            elif kind == 3:
                return self._simple(body)
            elif kind == 2:
                return self._old(body)
        except struct.error:
            raise CaptureFileError(f"{self.path}: a block that is too short for what it is") from None
        return None

    def _interface(self, number: int) -> _Interface:
        if number >= len(self.interfaces):
            raise CaptureFileError(f"{self.path}: a packet of interface {number}, which the file does not describe")
        return self.interfaces[number]

    def _enhanced(self, body: bytes) -> Frame:
        number, high, low, captured, length = struct.unpack_from(self.order + "IIIII", body)
        data = self._data(body, 20, captured)
        comment = outgoing = None
        for code, value in _options(body, 20 + captured + -captured % 4, self.order):
            if code == 1:
                comment = value.decode("utf-8", "backslashreplace")
            elif code == 2 and len(value) >= 4:
                outgoing = {1: False, 2: True}.get(struct.unpack_from(self.order + "I", value)[0] & 0x03)
        return self._frame(number, high << 32 | low, length, data, outgoing, comment)

    def _old(self, body: bytes) -> Frame:
        number, _, high, low, captured, length = struct.unpack_from(self.order + "HHIIII", body)
        return self._frame(number, high << 32 | low, length, self._data(body, 20, captured))

    def _simple(self, body: bytes) -> Frame:
        length = struct.unpack_from(self.order + "I", body)[0]
        snap = self._interface(0).snap
        return self._frame(0, None, length, self._data(body, 4, min(length, snap, len(body) - 4)))

    def _data(self, body: bytes, at: int, size: int) -> bytes:
        if size > len(body) - at:
            raise CaptureFileError(f"{self.path}: a packet that is longer than its block")
        return body[at : at + size]

    def _frame(
        self,
        number: int,
        stamp: int | None,
        length: int,
        data: bytes,
        outgoing: bool | None = None,
        comment: str | None = None,
    ) -> Frame:
        interface = self._interface(number)
        if len(data) > interface.snap:
            data = data[: interface.snap]
        seconds, nanoseconds = (0, 0) if stamp is None else interface.moment(stamp)
        return Frame(seconds, nanoseconds, interface.link, length, data, interface.name, outgoing, comment)


def _options(body: bytes, at: int, order: str) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        if code == 0:
            return
        yield code, body[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4


def _plain(raw: BinaryIO) -> BinaryIO:
    """The stream without its compression, told by its first bytes."""
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, raw))
    head = buffered.peek(4)[:4]
    if head[:2] == b"\x1f\x8b":
        return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=buffered), 1 << 18))
    if head == b"\x28\xb5\x2f\xfd":
        return cast(BinaryIO, io.BufferedReader(ZstdReader(cast(BinaryIO, buffered)), 1 << 18))
    return cast(BinaryIO, buffered)
