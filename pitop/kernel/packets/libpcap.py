"""Capture filters in pcap-filter(7)'s language, compiled by the system's libpcap through ctypes."""

from __future__ import annotations

import ctypes
import re
from functools import lru_cache

__all__ = ["BadFilter", "CompiledFilter", "LibpcapMissing", "compile_capture_filter"]

_NETMASK_UNKNOWN = 0xFFFFFFFF
_DLT = {101: 12}  # raw IP has another number inside libpcap than in files (pcap-linktype(7))


class LibpcapMissing(OSError):
    """libpcap is not on this machine; the message says what to install."""


class BadFilter(ValueError):
    """libpcap refuses the expression: its words, and where in the expression it stumbled as far as can be told."""

    def __init__(self, message: str, expression: str, position: int, length: int) -> None:
        super().__init__(message)
        self.message = message
        self.expression = expression
        self.position = position
        self.length = max(1, length)

    def caret(self) -> str:
        """Carets to stand under the expression."""
        return " " * self.position + "^" * self.length


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


@lru_cache(1)
def _library() -> ctypes.CDLL:
    for name in ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so"):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        library.pcap_open_dead.argtypes = (ctypes.c_int, ctypes.c_int)
        library.pcap_open_dead.restype = pointer
        library.pcap_compile.argtypes = (pointer, ctypes.POINTER(_Program), text, ctypes.c_int, ctypes.c_uint)
        library.pcap_geterr.argtypes = (pointer,)
        library.pcap_geterr.restype = text
        library.pcap_freecode.argtypes = (ctypes.POINTER(_Program),)
        library.pcap_close.argtypes = (pointer,)
        library.bpf_filter.argtypes = (ctypes.POINTER(_Instruction), text, ctypes.c_uint, ctypes.c_uint)
        library.bpf_filter.restype = ctypes.c_uint
        return library
    raise LibpcapMissing("capture filters need libpcap, which is not here: install the package libpcap0.8 (or libpcap)")


class CompiledFilter:
    """A program for the kernel's packet filter: 8 bytes an instruction, as SO_ATTACH_FILTER takes them."""

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.count = len(code) // 8
        self._instructions = (_Instruction * self.count).from_buffer_copy(code)
        self._library = _library()

    def matches(self, data: bytes, length: int) -> bool:
        """Whether a captured packet passes; `length` is what it was on the wire."""
        return bool(self._library.bpf_filter(self._instructions, data, length, len(data)))


def compile_capture_filter(expression: str, link: int, snap_length: int = 262144) -> CompiledFilter:
    """Compile for packets of link type `link`. Raises BadFilter and LibpcapMissing.

    Host and port names in it are looked up as libpcap does.
    """
    library = _library()
    handle = library.pcap_open_dead(_DLT.get(link, link), snap_length)
    if not handle:
        raise BadFilter("libpcap could not be opened", expression, 0, 1)
    program = _Program()
    try:
        if library.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, _NETMASK_UNKNOWN):
            message = library.pcap_geterr(handle).decode("utf-8", "backslashreplace")
            raise BadFilter(message, expression, *_place(expression, message))
        try:
            return CompiledFilter(ctypes.string_at(program.instructions, program.length * 8))
        finally:
            library.pcap_freecode(ctypes.byref(program))
    finally:
        library.pcap_close(handle)


def _place(expression: str, message: str) -> tuple[int, int]:
    """Where the fault is: libpcap names the word it did not know, or gives up where the rest cannot be parsed."""
    for word in re.findall(r"'([^']+)'", message):
        at = expression.find(word)
        if at >= 0:
            return at, len(word)
    if "syntax error" in message:
        return _unparsable(expression)
    return 0, len(expression) or 1


def _unparsable(expression: str) -> tuple[int, int]:
    """The first word with which the expression can no longer become a correct one, found by trying its beginnings."""
    library = _library()
    words = list(re.finditer(r"\S+", expression))
    handle = library.pcap_open_dead(1, 65535)
    try:
        for word in words:
            beginning = expression[: word.end()]
            endings = ("", " 1", " host 1.2.3.4", " and ip", " ip", " 1.2.3.4", " = 1", ")")
            if not any(_compiles(library, handle, beginning + ending) for ending in endings):
                return word.start(), len(word[0])
    finally:
        library.pcap_close(handle)
    return len(expression), 1


def _compiles(library: ctypes.CDLL, handle: int, expression: str) -> bool:
    program = _Program()
    if library.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, _NETMASK_UNKNOWN):
        return False
    library.pcap_freecode(ctypes.byref(program))
    return True
