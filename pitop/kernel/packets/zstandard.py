"""Zstandard streams through the system's libzstd (zstd.h), for Pythons that have no such module."""

from __future__ import annotations

import ctypes
import io
from functools import lru_cache
from typing import BinaryIO

__all__ = ["ZstandardMissing", "ZstdReader", "ZstdWriter"]


class ZstandardMissing(OSError):
    """libzstd is not on this machine."""


class _Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer have the same shape."""

    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("position", ctypes.c_size_t))


@lru_cache(1)
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libzstd.so.1")
    except OSError:
        raise ZstandardMissing("this file is compressed with zstd: install libzstd1 to read it") from None
    pointer, size, buffer = ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(_Buffer)
    library.ZSTD_createDStream.restype = pointer
    library.ZSTD_createCStream.restype = pointer
    library.ZSTD_freeDStream.argtypes = library.ZSTD_freeCStream.argtypes = (pointer,)
    library.ZSTD_decompressStream.argtypes = library.ZSTD_compressStream.argtypes = (pointer, buffer, buffer)
    library.ZSTD_decompressStream.restype = library.ZSTD_compressStream.restype = size
    library.ZSTD_flushStream.argtypes = library.ZSTD_endStream.argtypes = (pointer, buffer)
    library.ZSTD_flushStream.restype = library.ZSTD_endStream.restype = size
    library.ZSTD_isError.argtypes = (size,)
    library.ZSTD_getErrorName.argtypes = (size,)
    library.ZSTD_getErrorName.restype = ctypes.c_char_p
    return library


def _checked(library: ctypes.CDLL, result: int) -> int:
    if library.ZSTD_isError(result):
        raise OSError(f"zstd: {library.ZSTD_getErrorName(result).decode()}")
    return result


class ZstdReader(io.RawIOBase):
    """Reads the decompressed bytes of a stream; memory stays bounded whatever the stream expands to."""

    def __init__(self, source: BinaryIO) -> None:
        self._library = _library()
        self._stream = self._library.ZSTD_createDStream()
        self._source = source
        self._chunk = b""
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(target)
        place = (ctypes.c_char * len(view)).from_buffer(view)
        out = _Buffer(ctypes.addressof(place), len(view), 0)
        while out.position == 0:
            if self._at >= len(self._chunk):
                self._chunk, self._at = self._source.read(1 << 17), 0
                if not self._chunk:
                    return 0
            held = ctypes.create_string_buffer(self._chunk, len(self._chunk))
            into = _Buffer(ctypes.addressof(held), len(self._chunk), self._at)
            result = self._library.ZSTD_decompressStream(self._stream, ctypes.byref(out), ctypes.byref(into))
            _checked(self._library, result)
            self._at = into.position
        return int(out.position)

    def close(self) -> None:
        if not self.closed:
            self._library.ZSTD_freeDStream(self._stream)
            self._source.close()
        super().close()


class ZstdWriter(io.RawIOBase):
    """Writes a compressed stream; `close` ends it."""

    def __init__(self, target: BinaryIO) -> None:
        self._library = _library()
        self._stream = self._library.ZSTD_createCStream()
        self._target = target
        self._ended = False

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        held = ctypes.create_string_buffer(bytes(content), len(content))
        into = _Buffer(ctypes.addressof(held), len(content), 0)
        while into.position < into.size:
            self._step(lambda out: self._library.ZSTD_compressStream(self._stream, out, ctypes.byref(into)))
        return len(content)

    def flush(self) -> None:
        if not self._ended:
            while self._step(lambda out: self._library.ZSTD_flushStream(self._stream, out)):
                pass
            self._target.flush()

    def _step(self, call: object) -> int:
        assert callable(call)
        place = ctypes.create_string_buffer(1 << 17)
        out = _Buffer(ctypes.addressof(place), len(place), 0)
        left = _checked(self._library, call(ctypes.byref(out)))
        if out.position:
            self._target.write(place.raw[: out.position])
        return left

    def close(self) -> None:
        if self._ended:
            return
        try:
            while self._step(lambda out: self._library.ZSTD_endStream(self._stream, out)):
                pass
        finally:
            self._ended = True
            self._library.ZSTD_freeCStream(self._stream)
            self._target.close()
            super().close()
