"""ICMP and ICMPv6 as bytes: echo requests, checksums, and what errors are called (RFC 792, RFC 4443)."""

from __future__ import annotations

import struct

__all__ = [
    "ECHO_REPLY",
    "ECHO_REQUEST",
    "checksum",
    "echo",
    "error_mark",
    "error_words",
    "even_payload",
    "first_difference",
]

ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}

_HEADER = struct.Struct(">BBHHH")

_UNREACHABLE4 = {
    0: ("Destination Net Unreachable", "!N"),
    1: ("Destination Host Unreachable", "!H"),
    2: ("Destination Protocol Unreachable", "!P"),
    3: ("Destination Port Unreachable", ""),
    4: ("Frag needed and DF set", "!F"),
    5: ("Source Route Failed", "!S"),
    6: ("Destination Net Unknown", "!U"),
    7: ("Destination Host Unknown", "!W"),
    8: ("Source Host Isolated", "!I"),
    9: ("Destination Net Prohibited", "!A"),
    10: ("Destination Host Prohibited", "!Z"),
    11: ("Destination Net Unreachable for Type of Service", "!Q"),
    12: ("Destination Host Unreachable for Type of Service", "!T"),
    13: ("Packet filtered", "!X"),
    14: ("Precedence Violation", "!V"),
    15: ("Precedence Cutoff", "!C"),
}
_UNREACHABLE6 = {
    0: ("No route", "!N"),
    1: ("Administratively prohibited", "!X"),
    2: ("Beyond scope of source address", "!S"),
    3: ("Address unreachable", "!H"),
    4: ("Port unreachable", ""),
    5: ("Source address failed ingress/egress policy", "!X"),
    6: ("Reject route to destination", "!X"),
}


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071) of `data`: a sum in ones' complement is a remainder by 65,535."""
    number = int.from_bytes(data) << (8 if len(data) % 2 else 0)
    rest = number % 0xFFFF
    return 0xFFFF if not number else 0xFFFF - (rest or 0xFFFF)


def echo(version: int, identifier: int, sequence: int, payload: bytes) -> bytes:
    """An echo request. For IPv6 the kernel fills in the checksum, which covers the addresses too.

    It does so for IPv4 on ping sockets as well, on raw ones it does not.
    """
    kind = ECHO_REQUEST[version]
    head = _HEADER.pack(kind, 0, 0, identifier, sequence)
    total = checksum(head + payload) if version == 4 else 0
    return _HEADER.pack(kind, 0, total, identifier, sequence) + payload


def even_payload(sequence: int, payload: bytes) -> bytes:
    """`payload` with its first two bytes such that every sequence number gives the same checksum.

    Routers that share out ICMP over several ways look at the checksum; kept the same, all probes go one way.
    """
    return ((0xFFFF - sequence) & 0xFFFF).to_bytes(2) + payload[2:]


def first_difference(sent: bytes, came: bytes) -> int | None:
    """Where two payloads differ first, None where they do not; a cut one differs at its end."""
    if sent == came:
        return None
    for place, (a, b) in enumerate(zip(sent, came, strict=False)):
        if a != b:
            return place
    return min(len(sent), len(came))


def error_words(version: int, kind: int, code: int, info: int = 0) -> str:
    """An ICMP error in ping's words; `info` is the MTU of the link that a packet did not fit."""
    if version == 4:
        match kind:
            case 3:
                words = _UNREACHABLE4.get(code, (f"Destination Unreachable, Bad Code: {code}", ""))[0]
                return f"{words} (mtu = {info})" if code == 4 else words
            case 5:
                return "Redirect"
            case 11:
                return "Time to live exceeded" if code == 0 else "Frag reassembly time exceeded"
            case 12:
                return "Parameter problem"
    else:
        match kind:
            case 1:
                words = _UNREACHABLE6.get(code, (f"Unknown code {code}", ""))[0]
                return f"Destination unreachable: {words}"
            case 2:
                return f"Packet too big: mtu={info}"
            case 3:
                return "Time exceeded: Hop limit" if code == 0 else "Time exceeded: Defragmentation failure"
            case 4:
                return "Parameter problem"
    return f"ICMP type {kind} code {code}"


def error_mark(version: int, kind: int, code: int, info: int = 0) -> str:
    """An unreachable in traceroute's marks: `!H`, `!N`, `!X`, `!F-1400`; "" for a closed port, the ordinary end."""
    if version == 6 and kind == 2:
        return f"!F-{info}"
    table = _UNREACHABLE4 if version == 4 else _UNREACHABLE6
    if (version, kind) not in ((4, 3), (6, 1)):
        return ""
    mark = table.get(code, ("", f"!<{code}>"))[1]
    return f"!F-{info}" if mark == "!F" else mark
