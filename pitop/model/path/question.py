"""As much DNS as it takes to see whether a server answers and what it says of a name (RFC 1035, 4.1)."""

from __future__ import annotations

import socket
import struct

from msgspec import Struct

__all__ = ["RCODES", "Said", "read_answer", "write_question"]

_HEADER = struct.Struct(">6H")
_TYPES = {"A": 1, "NS": 2, "SOA": 6, "AAAA": 28}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class Said(Struct, frozen=True):
    """A server's answer: its response code in words, and the addresses in it, in order."""

    rcode: str
    addresses: tuple[str, ...]


def _labels(name: str) -> bytes:
    out = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else ():
        raw = label.encode("ascii") if label.isascii() else label.encode("idna")
        if not 0 < len(raw) < 64:
            raise ValueError(f"{name} is not a name: its parts have 1 to 63 letters")
        out += bytes((len(raw),)) + raw
    if len(out) > 254:
        raise ValueError(f"{name} is not a name: it is longer than 253 letters")
    return out + b"\0"


def write_question(number: int, name: str, kind: str) -> bytes:
    """A query with recursion desired. Raises ValueError for what is not a name."""
    return _HEADER.pack(number, 0x0100, 1, 0, 0, 0) + _labels(name) + struct.pack(">HH", _TYPES[kind], 1)


def _past_name(data: bytes, at: int) -> int:
    while True:
        size = data[at]
        if size == 0:
            return at + 1
        if size >= 0xC0:
            return at + 2
        at += 1 + size


def read_answer(data: bytes, number: int) -> Said | None:
    """The answer to query `number`, None where it is not one, or not to be understood."""
    try:
        own, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
        if own != number or not flags & 0x8000:
            return None
        at = _HEADER.size
        for _ in range(questions):
            at = _past_name(data, at) + 4
        found = []
        for _ in range(answers):
            at = _past_name(data, at)
            kind, _, _, size = struct.unpack_from(">HHIH", data, at)
            body = data[at + 10 : at + 10 + size]
            at += 10 + size
            if kind == _TYPES["A"] and size == 4:
                found.append(socket.inet_ntop(socket.AF_INET, body))
            elif kind == _TYPES["AAAA"] and size == 16:
                found.append(socket.inet_ntop(socket.AF_INET6, body))
        return Said(RCODES.get(flags & 15, f"RCODE{flags & 15}"), tuple(found))
    except (struct.error, IndexError, ValueError, OSError):
        return None
